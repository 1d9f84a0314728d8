"""One world for the state machines: a database, a loop and the bot's registry, in which guild after guild is played."""

import asyncio
import sys
from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import URL

from bot.app import Quartermaster, slices
from bot.registry import Registry
from bot.stage import Stage
from db.scope import Database
from tests.conftest import MovableClock, connect
from tests.services.test_points_machine.played import World


@pytest.fixture
def world(database_url: URL) -> Iterator[World]:
    with asyncio.Runner() as runner:
        clock = MovableClock()

        # A bot that closes takes its slices out of sys.modules: other tests of this worker go on with theirs.
        slices_before = {name: module for name, module in sys.modules.items() if name.startswith("cogs.")}

        async def build() -> tuple[Database, asyncpg.Connection, Registry]:
            database = Database(database_url)
            bot = Quartermaster(database, clock)  # without Discord: only for what the slices register
            async with bot:
                for name in slices():
                    await bot.load_extension(name)
                registry = bot.stage.registry
            return database, await connect(database_url), registry

        database, owner, registry = runner.run(build())
        sys.modules.update(slices_before)
        yield World(runner, Stage(database, clock, registry), clock, owner)
        runner.run(owner.close())
        runner.run(database.close())
