"""One embedded PostgreSQL a run, a database a worker, a migrated template behind them; and a clock that tests move."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import URL

from bot.registry import Registry
from bot.stage import Actor, Stage
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
}


class MovableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts the server before the workers; they find it by its folder."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = os.environ.get("QM_TEST_POSTGRES") or tempfile.mkdtemp(prefix="qm-tests-")
    server = EmbeddedPostgres(Path(folder), settings=FAST)
    asyncio.run(_prepare(server))
    config.stash[_SERVER] = server
    os.environ["QM_TEST_POSTGRES_RUNNING"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_SERVER, None)
    if server is not None:
        keep = "QM_TEST_POSTGRES" in os.environ
        asyncio.run(server.stop() if keep else server.erase())


_SERVER: pytest.StashKey[EmbeddedPostgres] = pytest.StashKey()


async def _prepare(server: EmbeddedPostgres) -> None:
    await server.start()
    connection = await connect(server.url("postgres"))
    await connection.execute("DROP DATABASE IF EXISTS template_guild WITH (FORCE)")
    await connection.close()
    await server.ensure_database("template_guild")
    await migrate(server.url("template_guild"))


async def connect(url: URL) -> asyncpg.Connection:
    """A bare connection as the owner, for looking behind the policies."""
    return await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


@pytest.fixture(scope="session")
def server() -> EmbeddedPostgres:
    """This run's server, attached to."""
    attached = EmbeddedPostgres(Path(os.environ["QM_TEST_POSTGRES_RUNNING"]), settings=FAST)
    asyncio.run(attached.start())
    return attached


@pytest.fixture(scope="session")
def worker_database(server: EmbeddedPostgres, worker_id: str) -> Iterator[str]:
    """This worker's database name; each test gets it empty again (see `database_url`)."""
    name = f"test_{worker_id}_{os.getpid()}"
    yield name

    async def drop() -> None:
        connection = await connect(server.url("postgres"))
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()

    asyncio.run(drop())


@pytest.fixture
async def database_url(server: EmbeddedPostgres, worker_database: str) -> URL:
    """A migrated, empty database of this test's own."""
    connection = await connect(server.url("postgres"))
    await connection.execute(f"DROP DATABASE IF EXISTS {worker_database} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {worker_database} TEMPLATE template_guild")
    await connection.close()
    return server.url(worker_database)


@pytest.fixture
async def database(database_url: URL) -> AsyncIterator[Database]:
    """The bot's engine on this test's database."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
async def owner(database_url: URL) -> AsyncIterator[asyncpg.Connection]:
    """A bare connection that sees behind the policies."""
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def stage(database: Database, clock: MovableClock) -> Stage:
    """A stage without Discord: what use cases run on. `stage.registry` is empty; register what a test needs."""
    return Stage(database, clock, Registry())


def person(user_id: int, name: str, *, guild_id: int = 1, **more: object) -> Actor:
    """Somebody who acts in guild 1 (an officer with manage_guild=True, as long as no role is mapped)."""
    return Actor(guild_id, user_id, name, **more)  # type: ignore[arg-type]
