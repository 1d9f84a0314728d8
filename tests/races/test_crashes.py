"""The process killed at the worst moments: after a restart everything happened once.

Real processes of `quartermaster run` on a real PostgreSQL and a fake Discord. Each guard is also taken away once
(the nonce, the look-up, the first answer), and then the double it prevents is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Stage
from cogs.auctions.service import place_bid
from cogs.raids.service import evening, roster
from db.scope import Database
from tests.conftest import connect
from tests.fake_discord import FakeDiscord, FakeGuild, FakeInteraction, FakeMember
from tests.fake_discord.world import MANAGE_GUILD, ORDINARY
from tests.process import Quartermaster, address
from tests.races.house import House
from tests.races.scene import give

CALLBACK = r"/interactions/\d+/.+/callback"
ITEM = "Cloak of Flames"


class Night:
    """A server with a leader and two raiders of 100 points, and the processes that serve it one after another."""

    def __init__(self, discord: FakeDiscord, url: URL, folder: Path, owner: asyncpg.Connection) -> None:
        self.discord, self.url, self.folder, self.owner = discord, url, folder, owner
        self.guild: FakeGuild = discord.add_guild("Crimson Circle")
        self.lead: FakeMember = self.guild.join("Lead", permissions=ORDINARY | MANAGE_GUILD)
        self.raiders = [self.guild.join("Anna"), self.guild.join("Bob")]
        self.posting = rf"/channels/{self.guild.general.id}/messages"

    def actor(self, who: FakeMember) -> Actor:
        return Actor(self.guild.id, who.id, who.user["global_name"], manage_guild=who is self.lead)

    @property
    def people(self) -> list[Actor]:
        return [self.actor(raider) for raider in self.raiders]

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        """For what happened before the crash: services called directly, by nobody's process."""
        database = Database(self.url)
        yield Stage(database, SystemClock(), Registry())
        await database.close()

    @asynccontextmanager
    async def process(self, *, died_just_now: bool = True) -> AsyncIterator[Quartermaster]:
        if died_just_now:  # a slow machine must not make an outage of a restart
            await self.owner.execute("UPDATE heartbeat SET beat_at = now()")
        given = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DATABASE_URL": address(self.url),
        }
        async with Quartermaster(self.folder, "run", **given) as process:
            await process.writes("ready as")
            yield process
        await self.gone()

    async def gone(self) -> None:
        """PostgreSQL has noticed that nobody is there any more."""
        await self.until(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'quartermaster'"
            " AND datname = current_database()"
        )

    async def until(self, query: str, *args: object, seconds: float = 30) -> None:
        """Wait until a query says true."""
        for _ in range(int(seconds * 20)):
            if await self.one(query, *args):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain for {query}")

    async def one(self, query: str, *args: object) -> Any:
        return await self.owner.fetchval(query, *args)

    async def arrived(self, trouble: Any) -> None:
        """A request of the bot waits in this trouble: nothing of it is done yet."""
        async with asyncio.timeout(20):
            while trouble.times:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.01)

    async def boards_posted(self, number: int) -> None:
        """So many cards are up; the first is the welcome."""
        await self.until("SELECT count(message_id) = $1 FROM board", number)

    async def settled_in_the_outbox(self) -> None:
        await self.until("SELECT bool_and(status = 'sent') FROM outbox")

    async def leases_lapse(self) -> None:
        """The half minute in which nobody touches what the dead process was at."""
        await self.owner.execute("UPDATE outbox SET next_at = now() WHERE status = 'sending'")
        await self.owner.execute("UPDATE due_job SET lease_until = now() WHERE done_at IS NULL")

    def said(self, words: str) -> int:
        """How often the channel reads this."""
        return sum(words in text for text in self.discord.said(self.guild.general))

    def cards(self) -> int:
        """Boards of the item in the channel."""
        return sum(f"## {ITEM}" in str(each["components"]) for each in self._messages())

    def _messages(self) -> list[dict[str, Any]]:
        return self.discord.messages.get(self.guild.general.id, [])

    @asynccontextmanager
    async def points_locked(self) -> AsyncIterator[None]:
        """Whoever changes points now waits in the middle of it; yields when somebody does."""
        holder = await connect(self.url)
        held = holder.transaction()
        await held.start()
        await holder.execute("SELECT * FROM account FOR UPDATE")
        try:
            yield
        finally:
            await held.rollback()
            await holder.close()

    async def somebody_waits(self) -> None:
        await self.until(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND application_name = 'quartermaster' AND datname = current_database()"
        )

    # -- what is going on when the process dies --------------------------------------------------------------------

    async def raid(self, *, every: timedelta | None = None) -> int:
        """A raid with both raiders checked in, begun while no process lived."""
        async with self.stage() as stage:
            await give(stage, self.people, 100)
            begun = await evening.start_raid(
                stage, self.actor(self.lead), event="Temple of Veeshan", channel_id=self.guild.general.id, every=every
            )
            for actor in self.people:
                await roster.check_in(stage, actor, begun.raid_id)
            return begun.raid_id

    async def auction(self, *, bid: int | None = 40) -> int:
        """An auction by command, so a process lives; Anna bids, and it has plenty of time."""
        await (await self.discord.slash(self.lead, "auction start", item=ITEM, duration="3h")).answered()
        auction_id = await self.one("SELECT max(auction_id) FROM auction")
        async with self.stage() as stage:
            await give(stage, self.people, 100)
            if bid is not None:
                await place_bid(stage, self.people[0], auction_id, Decimal(bid))
        return auction_id

    async def time_is_up(self, ago: timedelta = timedelta(seconds=2)) -> None:
        """The auction's time ran out a moment ago."""
        await self.owner.execute("UPDATE auction SET ends_at = now() - $1::interval", ago)
        await self.owner.execute("UPDATE due_job SET due_at = now() - $1::interval WHERE kind = 'auction.settle'", ago)

    async def points_of(self, who: FakeMember) -> Decimal:
        return await self.one(
            "SELECT balance FROM account JOIN member USING (guild_id, member_id) WHERE discord_user_id = $1", who.id
        )


@pytest.fixture
async def night(database_url: URL, tmp_path: Path, owner: asyncpg.Connection) -> AsyncIterator[Night]:
    async with FakeDiscord() as discord:
        made = Night(discord, database_url, tmp_path, owner)
        yield made
    assert await House(owner).wrongs() == []


# -- notices: between commit and send, and between send and the note of it ---------------------------------------------


async def test_killed_between_commit_and_send_the_notice_is_there_once(night: Night) -> None:
    async with night.process() as process:
        await night.auction()
        await night.boards_posted(2)
        held_up = night.discord.trouble("POST", night.posting, until=asyncio.Event())
        await night.time_is_up()
        await night.arrived(held_up)
        await process.kill()
    assert await night.one("SELECT status FROM outbox WHERE nonce LIKE 'award%'") == "sending"
    assert night.said("goes to") == 0
    await night.leases_lapse()
    async with night.process():
        await night.settled_in_the_outbox()
    assert night.said("goes to") == 1
    assert await night.points_of(night.raiders[0]) == 60


async def _nonce(night: Night) -> None:
    """Within its minutes the nonce is enough."""


async def _look_up(night: Night) -> None:
    """Later Discord has forgotten the nonce, and we look."""
    night.discord.nonce_honoured = 0
    await night.owner.execute("UPDATE outbox SET sending_at = sending_at - interval '10 minutes'")


async def _neither(night: Night) -> None:
    """The nonce forgotten too soon, and no look: what the two guards are for."""
    night.discord.nonce_honoured = 0


@pytest.mark.parametrize(
    ("guard", "times"),
    [(_nonce, 1), (_look_up, 1), (_neither, 2)],
    ids=["the nonce: once", "the look-up: once", "neither: twice"],
)
async def test_killed_between_send_and_mark_the_notice_is_there_once(
    night: Night, guard: Callable[[Night], Any], times: int
) -> None:
    async with night.process() as process:
        await night.auction()
        await night.boards_posted(2)
        lost = night.discord.trouble("POST", night.posting, lose_answer=True)
        await night.time_is_up()
        await asyncio.wait_for(lost.hit.wait(), 20)
        await process.kill()
    assert night.said("goes to") == 1
    assert await night.one("SELECT status FROM outbox WHERE nonce LIKE 'award%'") == "sending"
    await night.leases_lapse()
    await guard(night)
    async with night.process():
        await night.settled_in_the_outbox()
    assert night.said("goes to") == times


@pytest.mark.parametrize(("guarded", "cards"), [(True, 1), (False, 2)], ids=["guarded: one card", "not: two"])
async def test_killed_while_a_board_is_posted_there_is_one_card(night: Night, guarded: bool, cards: int) -> None:
    async with night.process() as process:
        await night.boards_posted(1)
        lost = night.discord.trouble("POST", night.posting, lose_answer=True)
        await (await night.discord.slash(night.lead, "auction start", item=ITEM, duration="3h")).answered()
        await asyncio.wait_for(lost.hit.wait(), 20)
        await process.kill()
    assert night.cards() == 1
    if not guarded:
        night.discord.nonce_honoured = 0
        night.discord.trouble("GET", night.posting, status=403, times=9)
    async with night.process():
        await night.boards_posted(2)
    assert night.cards() == cards


# -- points ------------------------------------------------------------------------------------------------------------


async def test_killed_in_the_middle_of_a_tick_nothing_is_credited_and_the_repeated_command_credits_once(
    night: Night,
) -> None:
    await night.raid()
    async with night.process() as process:
        async with night.points_locked():
            pressed = await night.discord.slash(night.lead, "raid tick")
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT count(*) FROM tick") == 0
    assert await night.points_of(night.raiders[0]) == 100
    async with night.process():
        await again(night, pressed)
        await again(night, pressed)
    assert await night.one("SELECT count(*) FROM tick") == 1
    assert [await night.points_of(raider) for raider in night.raiders] == [110, 110]


@pytest.mark.parametrize(
    ("remembered", "ticks"), [(True, 1), (False, 2)], ids=["the first answer: one tick", "forgotten: two"]
)
async def test_killed_between_a_ticks_commit_and_its_answer_a_repetition_shows_the_first_answer(
    night: Night, remembered: bool, ticks: int
) -> None:
    await night.raid()
    async with night.process() as process:
        held_up = night.discord.trouble("POST", CALLBACK, until=asyncio.Event(), times=1)
        pressed = await night.discord.slash(night.lead, "raid tick")
        await night.arrived(held_up)
        await process.kill()
    assert await night.one("SELECT count(*) FROM tick") == 1
    await night.owner.execute("UPDATE tick SET taken_at = taken_at - interval '10 minutes'")  # no longer "too soon"
    if not remembered:
        await night.owner.execute("DELETE FROM interaction_answer")
    async with night.process():
        assert "ick" in await again(night, pressed)
    assert await night.one("SELECT count(*) FROM tick") == ticks
    assert await night.points_of(night.raiders[0]) == 100 + 10 * ticks


async def test_killed_in_the_middle_of_an_automatic_tick_it_is_taken_once_and_the_next_one_planned(
    night: Night,
) -> None:
    await night.raid(every=timedelta(minutes=30))
    async with night.process() as process:
        async with night.points_locked():
            await night.owner.execute("UPDATE due_job SET due_at = now() WHERE kind = 'raid.tick'")
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT count(*) FROM tick") == 0
    await night.leases_lapse()
    async with night.process():
        await night.until("SELECT count(*) = 1 FROM tick")
        await night.until("SELECT due_at > now() FROM due_job WHERE kind = 'raid.tick'")
        await night.settled_in_the_outbox()
    assert await night.one("SELECT count(*) FROM tick") == 1
    assert [await night.points_of(raider) for raider in night.raiders] == [110, 110]


async def test_killed_in_the_middle_of_settling_there_is_one_winner_one_price_and_one_notice(night: Night) -> None:
    async with night.process() as process:
        await night.auction()
        async with night.points_locked():
            await night.time_is_up()
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT status FROM auction") == "open"
    assert await night.one("SELECT held FROM account WHERE held > 0") == 40
    await night.leases_lapse()
    async with night.process():
        await night.until("SELECT status = 'won' FROM auction")
        await night.settled_in_the_outbox()
    assert await night.one("SELECT count(*) FROM award") == 1
    assert await night.points_of(night.raiders[0]) == 60
    assert night.said("goes to") == 1


async def again(night: Night, pressed: FakeInteraction) -> str:
    """Discord delivers an interaction once more."""
    repeated = FakeInteraction(
        night.lead, night.guild, pressed.channel, 2, pressed.payload["data"], None, int(night.discord.bot["id"])
    )
    repeated.payload["id"] = pressed.payload["id"]
    night.discord.interactions[repeated.token] = repeated
    await night.discord.dispatch("INTERACTION_CREATE", repeated.payload, guild_id=night.guild.id)
    return await repeated.answered()


# -- down over an auction's end ----------------------------------------------------------------------------------------


async def dead_over_the_end(night: Night) -> None:
    """Nobody lived for five minutes, and two minutes ago the auction's time was up."""
    await night.owner.execute("UPDATE heartbeat SET beat_at = now() - interval '5 minutes'")
    await night.time_is_up(timedelta(minutes=2))


async def test_down_over_an_auctions_end_the_time_is_given_back_once_and_it_says_so(night: Night) -> None:
    async with night.process() as process:
        auction_id = await night.auction()
        await process.kill()
    await dead_over_the_end(night)
    async with night.process(died_just_now=False) as process:
        ready_at: datetime = await night.one("SELECT max(ended_at) FROM outage")
        assert await night.one("SELECT ends_at FROM auction") == ready_at + timedelta(seconds=60)
        await night.settled_in_the_outbox()
        assert night.said("I was away near the end") == 1
        async with night.stage() as stage:
            raised = await place_bid(stage, night.people[1], auction_id, Decimal(50))
        assert raised.outcome == "accepted"
        await process.kill()
    await dead_over_the_end(night)
    async with night.process(died_just_now=False):
        await night.until("SELECT status = 'won' FROM auction")
        await night.settled_in_the_outbox()
    assert night.said("I was away near the end") == 1, "once"
    assert await night.points_of(night.raiders[1]) == 50
    assert night.said("goes to") == 1


async def test_an_auction_that_ended_while_another_process_lived_gets_no_time_back(night: Night) -> None:
    async with night.process() as process:
        await night.auction()
        await process.kill()
    await dead_over_the_end(night)
    await night.owner.execute("INSERT INTO heartbeat (process, beat_at) VALUES ('another:1', now())")
    async with night.process(died_just_now=False):
        await night.until("SELECT status = 'won' FROM auction")
    assert await night.one("SELECT count(*) FROM outage") == 0
    assert night.said("I was away near the end") == 0
