"""Races on real connections. Each is first shown to exist with the lock left out, then to be gone with it.

`unlocked` is the same bot on the same PostgreSQL, with `FOR UPDATE` cut out of every statement on its way to the
driver: what the race does without the lock. `house` says whether everything still adds up.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL, event

from bot.clock import Clock
from bot.registry import Registry
from bot.stage import Stage
from db.scope import Database

CONNECTIONS = 40


def stage_on(database: Database, clock: Clock) -> Stage:
    return Stage(database, clock, Registry())


@pytest.fixture
async def crowd(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    """One process with many connections."""
    database = Database(database_url, pool_size=CONNECTIONS)
    yield stage_on(database, clock)
    await database.close()


@pytest.fixture
async def other_process(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    """Another process on the same database: it shares no memory with `crowd`, only rows."""
    database = Database(database_url, pool_size=CONNECTIONS)
    yield stage_on(database, clock)
    await database.close()


@pytest.fixture
async def unlocked(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    """The bot with its row locks left out."""
    database = Database(database_url, pool_size=CONNECTIONS)

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute", retval=True)
    def cut_locks(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        for lock in (" FOR UPDATE SKIP LOCKED", " FOR UPDATE"):
            statement = statement.replace(lock, "")
        return statement, parameters

    yield stage_on(database, clock)
    await database.close()


class House:
    """What must always be true, read as the owner who sees behind the policies."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def wrongs(self) -> list[str]:
        """Accounts that do not add up, auctions with two leaders or winners; empty when the house is in order."""
        found = []
        for row in await self.connection.fetch(
            """
            SELECT a.guild_id, a.pool_id, a.member_id, a.balance, a.held,
                   coalesce((SELECT sum(amount) FROM ledger_entry e
                             WHERE (e.guild_id, e.pool_id, e.member_id) = (a.guild_id, a.pool_id, a.member_id)), 0) entries,
                   coalesce((SELECT sum(amount) FROM hold h
                             WHERE (h.guild_id, h.pool_id, h.member_id) = (a.guild_id, a.pool_id, a.member_id)), 0) holds
            FROM account a
            """
        ):
            if row["balance"] != row["entries"]:
                found.append(f"member {row['member_id']}: balance {row['balance']}, entries {row['entries']}")
            if row["held"] != row["holds"]:
                found.append(f"member {row['member_id']}: held {row['held']}, holds {row['holds']}")
            if row["held"] > row["balance"]:
                found.append(f"member {row['member_id']}: holds {row['held']} of {row['balance']}")
        for row in await self.connection.fetch(
            "SELECT auction_id, count(*) FROM award WHERE undone_at IS NULL AND auction_id IS NOT NULL"
            " GROUP BY 1 HAVING count(*) > 1"
        ):
            found.append(f"auction {row['auction_id']} was won {row['count']} times")
        for row in await self.connection.fetch(
            "SELECT auction_id FROM auction a WHERE status = 'open' AND"
            " (SELECT coalesce(sum(amount), 0) FROM hold h WHERE h.auction_id = a.auction_id) <>"
            " (SELECT coalesce(sum(amount), 0) FROM bid b WHERE b.auction_id = a.auction_id AND b.status = 'standing')"
        ):
            found.append(f"auction {row['auction_id']}: held is not what the standing bid costs")
        return found

    async def one(self, query: str, *args: object) -> Any:
        return await self.connection.fetchval(query, *args)


@pytest.fixture
async def house(owner: asyncpg.Connection) -> House:
    return House(owner)


async def all_at_once(works: Iterable[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Start everything at the same moment; returns results and exceptions in order."""
    gate = asyncio.Event()

    async def one(work: Callable[[], Awaitable[Any]]) -> Any:
        await gate.wait()
        return await work()

    tasks = [asyncio.create_task(one(work)) for work in works]
    await asyncio.sleep(0)
    gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)
