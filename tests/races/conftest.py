"""Races on real connections. Each is first shown to exist with the lock left out, then to be gone with it.

`crowd` and `other_process` are the bot twice on one PostgreSQL: they share no memory, only rows. `unlocked` is the bot
with every row lock cut out of its statements on their way to the driver, and with a `Crossing` where each lock was, so
that what the lock prevents happens surely and not by luck. `house` says whether everything still adds up.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL, event
from sqlalchemy.util import await_only

from bot.clock import Clock
from bot.registry import Registry
from bot.stage import Stage
from db.scope import Database
from tests.races.house import House

CONNECTIONS = 40
_LOCK = re.compile(r"\sFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)( OF \w+)?( SKIP LOCKED)?")


@asynccontextmanager
async def process(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    """One process of the bot, with many connections."""
    database = Database(database_url, pool_size=CONNECTIONS)
    yield Stage(database, clock, Registry())
    await database.close()


@pytest.fixture
async def crowd(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    async with process(database_url, clock) as stage:
        yield stage


@pytest.fixture
async def other_process(database_url: URL, clock: Clock) -> AsyncIterator[Stage]:
    async with process(database_url, clock) as stage:
        yield stage


@dataclass
class Crossing:
    """Where those meet who read without a lock: nobody writes before `parties` have read, or a moment is over."""

    parties: int = 2
    seconds: float = 0.25
    _here: int = 0
    _gate: asyncio.Event | None = None

    async def wait(self) -> None:
        gate = self._gate = self._gate or asyncio.Event()
        self._here += 1
        if self._here >= self.parties:
            self._open()
        try:
            await asyncio.wait_for(gate.wait(), self.seconds)
        except TimeoutError:
            if self._gate is gate:
                self._open()

    def _open(self) -> None:
        assert self._gate is not None
        self._gate.set()
        self._here, self._gate = 0, None


@pytest.fixture
def crossing() -> Crossing:
    return Crossing()


@asynccontextmanager
async def process_without_locks(database_url: URL, clock: Clock, crossing: Crossing) -> AsyncIterator[Stage]:
    async with process(database_url, clock) as stage:
        engine = stage.db.engine.sync_engine

        @event.listens_for(engine, "before_cursor_execute", retval=True)
        def cut(_: Any, __: Any, statement: str, parameters: Any, context: Any, ___: bool) -> tuple[str, Any]:
            statement, context.locks_cut = _LOCK.subn("", statement)
            return statement, parameters

        @event.listens_for(engine, "after_cursor_execute")
        def meet(_: Any, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
            if context.locks_cut:
                await_only(crossing.wait())

        yield stage


@pytest.fixture
async def unlocked(database_url: URL, clock: Clock, crossing: Crossing) -> AsyncIterator[Stage]:
    async with process_without_locks(database_url, clock, crossing) as stage:
        yield stage


@pytest.fixture
async def other_unlocked(database_url: URL, clock: Clock, crossing: Crossing) -> AsyncIterator[Stage]:
    """For races between bids on one auction: within one process they wait in one queue."""
    async with process_without_locks(database_url, clock, crossing) as stage:
        yield stage


@pytest.fixture
async def house(owner: asyncpg.Connection) -> House:
    return House(owner)
