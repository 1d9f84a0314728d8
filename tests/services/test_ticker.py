"""The ticker of a real bot: it survives a database that is away for a while, and stops without halving a work."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import URL

from bot import due, heartbeat, ticker
from bot.app import Quartermaster
from bot.clock import SystemClock
from bot.due import Job
from bot.stage import Actor, Session, Stage
from db.embedded import EmbeddedPostgres
from db.scope import Database
from tests.conftest import connect


@pytest.fixture
async def bot(database: Database) -> AsyncIterator[Quartermaster]:
    made = Quartermaster(database, SystemClock(), shard_count=1)
    async with made:
        yield made


async def plan(bot: Quartermaster, key: str) -> None:
    async def schedule(session: Session) -> None:
        await due.schedule(session, "chime", key, session.now)

    await bot.stage.run(Actor.itself(1), schedule)


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - another thing in this loop does it
            await asyncio.sleep(0.05)


def chimes(bot: Quartermaster, work: Callable[[], Awaitable[None]] | None = None) -> list[str]:
    done: list[str] = []

    async def chime(_: Stage, job: Job) -> None:
        if work is not None:
            await work()
        done.append(job.key)

    bot.stage.registry.due["chime"] = chime
    return done


@asynccontextmanager
async def away(server: EmbeddedPostgres, url: URL) -> AsyncIterator[None]:
    """The database refuses everybody, and ends who is connected."""
    admin = await connect(server.url("postgres"))
    await admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.database)
    try:
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
        await admin.close()


async def test_a_database_that_is_away_for_a_while_is_worked_with_again_and_the_log_says_it_once(
    bot: Quartermaster, server: EmbeddedPostgres, database_url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    done = chimes(bot)
    caplog.set_level(logging.INFO, "bot.ticker")
    await plan(bot, "before")
    ticking = ticker.start(bot)
    try:
        await until(lambda: done == ["before"])
        async with away(server, database_url):
            await until(lambda: "due work failed" in caplog.text)
            await asyncio.sleep(2.5)
        await until(lambda: "due work works again" in caplog.text)
        await plan(bot, "after")
        await until(lambda: done == ["before", "after"])
    finally:
        await ticking.stop()
    assert caplog.text.count("due work failed") == 1


async def test_stopping_lets_a_turn_come_to_its_end_and_begins_no_other(
    bot: Quartermaster, owner: asyncpg.Connection
) -> None:
    began = asyncio.Event()

    async def slow() -> None:
        began.set()
        await asyncio.sleep(0.5)

    done = chimes(bot, slow)
    await plan(bot, "a")
    ticking = ticker.start(bot)
    await asyncio.wait_for(began.wait(), 10)
    await ticking.stop()
    assert done == ["a"]
    assert await owner.fetchval("SELECT done_at FROM due_job") is not None
    await plan(bot, "b")
    await asyncio.sleep(1.5)
    assert done == ["a"]


async def test_this_process_is_known_to_live_as_long_as_it_ticks(bot: Quartermaster, owner: asyncpg.Connection) -> None:
    ticking = ticker.start(bot)
    beats = 0
    async with asyncio.timeout(15):
        while not beats:
            beats = await owner.fetchval("SELECT count(*) FROM heartbeat")
            await asyncio.sleep(0.1)
    await ticking.stop()


async def test_a_process_that_was_asleep_makes_the_outage_good_before_anything_due_is_done(database: Database) -> None:
    class Jumping(SystemClock):
        ahead = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.ahead

    clock, happened = Jumping(), []
    async with Quartermaster(database, clock, shard_count=1) as bot:

        async def note(_: Stage, started_at: datetime, ended_at: datetime) -> None:
            happened.append("outage")
            assert ended_at - started_at > timedelta(seconds=60)

        async def chime() -> None:
            happened.append("due")

        chimes(bot, chime)
        bot.stage.registry.outages.append(note)
        await heartbeat.beat(bot.stage)
        ticking = ticker.start(bot)
        await plan(bot, "before")
        await until(lambda: happened == ["due"])
        clock.ahead = timedelta(seconds=90)  # the machine was suspended
        await plan(bot, "after")
        await until(lambda: len(happened) == 3)
        await ticking.stop()
    assert happened == ["due", "outage", "due"]
