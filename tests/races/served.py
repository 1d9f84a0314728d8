"""A server on a fake Discord, and the real processes that serve it one after another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Stage
from cogs.auctions.service import place_bid
from cogs.raids.service import evening, roster
from db.scope import Database
from tests.conftest import connect
from tests.fake_discord import FakeDiscord, FakeGuild, FakeMember
from tests.fake_discord.world import MANAGE_GUILD, ORDINARY
from tests.process import Quartermaster, address
from tests.races.scene import give

CALLBACK = r"/interactions/\d+/.+/callback"
ITEM = "Cloak of Flames"


class ServedNight:
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
