"""Telling a guild's past: the slices' own use cases, called by the people of the cast, at a moment of our choosing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import select, update

from bot import due
from bot.app import Quartermaster, slices
from bot.people import Seen
from bot.stage import Actor, Session, Stage
from cogs.auctions import service as auctions
from cogs.demo.cast import GUILD, PEOPLE, Person
from cogs.demo.world import World
from cogs.raids.service import evening, roster, ticks
from db.scope import Database
from db.tables import Account, Board, Member, Outbox

WANT_IT = 0.35
"""The share of those present who want an item that drops."""
MOST_BIDS = 7


def _step(minimum: int) -> int:
    return 5 if minimum >= 20 else 1


class StoryClock:
    """Stands where the story is."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Story:
    """The stage with its own clock and without Discord, and short words for what people do on it."""

    stage: Stage
    clock: StoryClock
    world: World
    dice: Random

    @classmethod
    async def open(cls, db: Database, world: World, moment: datetime, dice: Random) -> "Story":
        """`dice` decides everything that a guild would leave to chance, the same way each time."""
        clock = StoryClock(moment)
        # Slices register their due work with a bot; this one never connects, and nobody hears what it would tell.
        prompter = Quartermaster(db, clock, shard_count=1)
        for name in slices():
            await prompter.load_extension(name)
        silent = replace(prompter.stage, tell=lambda fact: None, redraw=lambda guild_id, kind, subject_id: None)
        return cls(silent, clock, world, dice)

    # --- who ------------------------------------------------------------------------------------------------------

    def seen(self, person: Person) -> Seen:
        return Seen(self.world.members[person.user].id, person.shown, self.world.role_ids(person))

    def actor(self, user: str) -> Actor:
        person = next(person for person in PEOPLE if person.user == user)
        return Actor(
            guild_id=self.world.guild.id,
            user_id=self.world.members[user].id,
            name=person.shown,
            manage_guild=person is PEOPLE[0],
            role_ids=self.world.role_ids(person),
            received_at=self.clock.now(),
            guild_name=GUILD,
        )

    @property
    def itself(self) -> Actor:
        return Actor.itself(self.world.guild.id, GUILD)

    async def member_ids(self, users: Sequence[str]) -> tuple[int, ...]:
        wanted = [self.world.members[user].id for user in users]

        async def look(session: Session) -> tuple[int, ...]:
            query = select(Member.member_id).where(
                Member.guild_id == session.guild_id, Member.discord_user_id.in_(wanted)
            )
            return tuple((await session.execute(query)).scalars())

        return await self.stage.run(self.itself, look)

    async def balances(self) -> dict[str, Decimal]:
        """What everybody has in the default pool, by user name."""
        users = {self.world.members[person.user].id: person.user for person in PEOPLE}

        async def look(session: Session) -> dict[str, Decimal]:
            query = (
                select(Member.discord_user_id, Account.balance - Account.held)
                .join(Account, (Account.guild_id == Member.guild_id) & (Account.member_id == Member.member_id))
                .where(Member.guild_id == session.guild_id)
            )
            rows = await session.execute(query)
            return {users[user_id]: left for user_id, left in rows if user_id in users}

        return await self.stage.run(self.itself, look)

    # --- what they do ---------------------------------------------------------------------------------------------

    async def start_raid(self, leader: str, event: str, tick_points: int) -> int:
        begun = await evening.start_raid(
            self.stage,
            self.actor(leader),
            event=event,
            channel_id=self.world.channels["raid-night"].id,
            tick_points=tick_points,
            voice_channel_id=self.world.voice.id,
        )
        return begun.raid_id

    async def bring(self, leader: str, raid_id: int, users: Sequence[str], status: str = "present") -> None:
        if users:
            await roster.add_people(self.stage, self.actor(leader), raid_id, await self.member_ids(users), status)

    async def tick(self, leader: str, raid_id: int, note: str | None = None) -> None:
        await ticks.take_tick(self.stage, self.actor(leader), raid_id, note=note)

    async def auction(self, leader: str, item: str, minimum: int, duration: timedelta) -> int:
        """Put an item up for the raid that runs."""
        here = self.world.channels["raid-night"].id
        answer = await auctions.start(
            self.stage,
            self.actor(leader),
            item,
            channel_id=here,
            minimum=Decimal(minimum),
            increment=Decimal(_step(minimum)),
            duration=duration,
            second_copy=True,
        )
        return answer.started[0].auction_id

    async def bid(self, user: str, auction_id: int, amount: int) -> None:
        await auctions.place_bid(self.stage, self.actor(user), auction_id, Decimal(amount))

    async def bidding(self, auction_id: int, minimum: int, present: Sequence[str], *, seconds_apart: int) -> None:
        """People who want it raise each other, each up to a share of what they have, until one is left."""
        has = await self.balances()
        bold = {person.user: person.bold for person in PEOPLE}
        most = {user: int(float(has.get(user, 0)) * bold[user] * self.dice.uniform(0.5, 1)) for user in present}
        wanting = [user for user in present if most[user] >= minimum and self.dice.random() < WANT_IT]
        leads, price = "", 0
        for _ in range(self.dice.randint(2, MOST_BIDS)):
            least = price + _step(minimum) if price else minimum
            able = [user for user in wanting if user != leads and most[user] >= least]
            if not able:
                return
            leads = self.dice.choice(able)
            price = min(least + _step(minimum) * self.dice.choice((0, 0, 1, 2, 4)), most[leads])
            self.clock.pass_by(seconds=self.dice.randint(2, seconds_apart))
            await self.bid(leads, auction_id, price)

    async def catch_up(self) -> None:
        """What is due by now happens: auctions end, and whoever won pays."""
        await due.run_once(self.stage)

    async def close_the_book(self) -> None:
        """What was posted back then is long read: no message of the past is sent, no board of it posted again."""

        async def work(session: Session) -> None:
            here = Outbox.guild_id == session.guild_id
            await session.execute(update(Outbox).where(here, Outbox.status == "pending").values(status="sent"))
            await session.execute(update(Board).where(Board.guild_id == session.guild_id).values(live=False))

        await self.stage.run(self.itself, work)
