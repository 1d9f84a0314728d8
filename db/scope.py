"""Tenant scope: the one helper that opens a guild's transaction, and the few named works across guilds.

Row-level security compares every row with the transaction-local setting `app.guild_id`. It is sent in the
same message as BEGIN, because a round trip of its own would cost more than the policy does (711 against
589 microseconds a transaction, measured on PostgreSQL 15 and 18).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from db.rows import Writer
from db.tables import Base

BOT_ROLE = "quartermaster_bot"
"""The NOLOGIN role the bot works as: owns nothing, bypasses nothing."""


Shards = tuple[int, list[int]] | None
"""How many shards there are and which this process runs; None: all. A guild's is (guild_id >> 22) % count."""


class TenantConnection(asyncpg.Connection):
    """Sends `BEGIN` and `SET LOCAL app.guild_id` together, for the one transaction it was told of."""

    __slots__ = ("next_guild_id",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.next_guild_id: int | None = None

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        if self.next_guild_id is not None and query.startswith("BEGIN"):
            query = f"{query} SET LOCAL app.guild_id = '{self.next_guild_id:d}'"
            self.next_guild_id = None
        return await super().execute(query, *args, timeout=timeout)


class GuildSession(AsyncSession):
    """A session whose one transaction sees and writes the rows of `guild_id` and no others."""

    guild_id: int
    sync_session_class = Writer
    sync_session: Writer  # type: ignore[assignment]

    def write(self, table: type[Base], **values: Any) -> None:
        """A row of this guild that nobody reads back; it goes out with the others of its table at the next flush."""
        self.sync_session.later.setdefault(table, []).append({"guild_id": self.guild_id, **values})


S = TypeVar("S", bound=GuildSession)


class Database:
    """The bot's engine: every connection works as the bound role from its first byte."""

    def __init__(self, url: URL | str, *, pool_size: int = 10, role: str | None = BOT_ROLE) -> None:
        # Compiling a query of a few rows costs more than running it: a bid's bare statements went from 70 to 224 a
        # second without (tests/bench, PostgreSQL 18).
        settings = {"application_name": "quartermaster", "timezone": "UTC", "jit": "off"}
        if role is not None:
            # In the start-up packet: a SET ROLE through a cursor is undone by the pool's first rollback.
            settings["role"] = role
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=False,
            pool_use_lifo=True,
            hide_parameters=True,  # they would go into the log with an error: what people hold, offer and write
            connect_args={
                "connection_class": TenantConnection,
                "server_settings": settings,
                "timeout": 10,
                "command_timeout": 30,
                "prepared_statement_cache_size": 500,
            },
        )

    @asynccontextmanager
    async def guild(self, guild_id: int, kind: type[S] = GuildSession) -> AsyncIterator[S]:
        """One transaction in a guild's scope: committed when the block ends, rolled back when it raises."""
        async with self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, TenantConnection)
            driver.next_guild_id = int(guild_id)
            try:
                async with kind(bind=connection, expire_on_commit=False) as session, session.begin():
                    session.guild_id = int(guild_id)
                    yield session
            finally:
                driver.next_guild_id = None  # a scope that ran no statement must not leak to the next one

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[AsyncSession]:
        """One transaction outside every guild: sees no tenant row, writes only process tables."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def close(self) -> None:
        await self.engine.dispose()

    # -- The named works across guilds: each is one SECURITY DEFINER function that returns keys, no content.

    async def due_jobs_across(self, now: datetime, limit: int = 200, shards: Shards = None) -> list[tuple[int, int]]:
        """(guild_id, due_job_id) of open work that is due and not under lease, oldest first.

        With `shards` that of their guilds, and of others 15 s later: whoever serves those seems to be away.
        """
        return await self._keys("across_due_jobs", now, limit, shards)

    async def outbox_across(self, now: datetime, limit: int = 200, shards: Shards = None) -> list[tuple[int, int]]:
        """(guild_id, outbox_id) of messages to send or to look up, oldest first; with `shards` of their guilds only."""
        return await self._keys("across_outbox", now, limit, shards)

    async def auctions_ending_across(self, before: datetime) -> list[tuple[int, int]]:
        """(guild_id, auction_id) of open auctions that end before a moment: what an outage may have touched."""
        return await self._keys("across_auctions_ending", before, 100_000)

    async def sweep(self, now: datetime) -> None:
        """Forget, in every guild, what has served: first answers after a day, done work and sent messages after 30."""
        async with self.outside() as session:
            await session.execute(text("SELECT sweep(:moment)"), {"moment": now})

    async def guilds_across(self, now: datetime) -> list[int]:
        """Every guild we believe to be in: what a start compares with the servers Discord names."""
        return [guild_id for guild_id, _ in await self._keys("across_guilds", now, 1_000_000)]

    async def _keys(self, function: str, moment: datetime, limit: int, shards: Shards = None) -> list[tuple[int, int]]:
        count, mine = shards or (1, None)
        query = text(f"SELECT guild_id, row_id FROM {function}(:moment, :most, :shards, CAST(:mine AS integer[]))")
        given = {"moment": moment, "most": limit, "shards": count, "mine": mine}
        async with self.outside() as session:
            rows = await session.execute(query, given)
            return [(row.guild_id, row.row_id) for row in rows]
