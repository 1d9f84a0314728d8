"""The owner as a plain role, neither superuser nor beyond policies; on a server of its own, as roles are a server's."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine

from db.embedded import EmbeddedPostgres
from db.embedded.binaries import find_binaries
from db.inspection import differences
from db.migrate import MIGRATIONS, RoleMissing, ensure_role, head, migrate
from db.scope import BOT_ROLE, Database
from tests.conftest import FAST, connect
from tests.process import address, quartermaster

LOGIN, PASSWORD = "plain_owner", "plain"


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="qm-owner-"))
    folder.chmod(0o755)
    made = EmbeddedPostgres(folder, settings=FAST)
    asyncio.run(made.start())
    yield made
    asyncio.run(made.erase())
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def admin(own_server: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """The server's administrator, after whom nothing of a test is left."""
    connection = await connect(own_server.url("postgres"))
    yield connection
    for name in await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'house%'"):
        await connection.execute(f"DROP DATABASE {name['datname']} WITH (FORCE)")
    for role in (LOGIN, BOT_ROLE):
        with contextlib.suppress(asyncpg.UndefinedObjectError):
            await connection.execute(f"DROP OWNED BY {role}")
        await connection.execute(f"DROP ROLE IF EXISTS {role}")
    await connection.close()


async def plain_owner(own_server: EmbeddedPostgres, admin: asyncpg.Connection, rights: str = "") -> URL:
    """A login that owns its database and nothing else, as a hoster gives it."""
    await admin.execute(f"CREATE ROLE {LOGIN} LOGIN PASSWORD '{PASSWORD}' {rights}")
    await admin.execute(f"CREATE DATABASE house OWNER {LOGIN}")
    return own_server.url("house", LOGIN).set(password=PASSWORD)


@pytest.fixture
async def house(own_server: EmbeddedPostgres, admin: asyncpg.Connection) -> URL:
    """A plain owner's database, after an administrator has run the line `migrate` prints."""
    url = await plain_owner(own_server, admin)
    await admin.execute(RoleMissing(LOGIN).sql)
    return url


async def add_guilds(url: URL) -> None:
    owner = await connect(url)
    for guild_id in (1, 2):
        await owner.execute("INSERT INTO guild (guild_id, name, joined_at) VALUES ($1, 'Guild', now())", guild_id)
        await owner.execute(
            "INSERT INTO member (guild_id, display_name, name_key, joined_at) VALUES ($1, 'Anna', 'anna', now())",
            guild_id,
        )
    await owner.close()


async def test_a_login_that_may_make_no_role_is_told_the_line_and_the_line_is_enough(
    own_server: EmbeddedPostgres, admin: asyncpg.Connection
) -> None:
    url = await plain_owner(own_server, admin)
    with pytest.raises(RoleMissing) as missing:
        await migrate(url)
    await admin.execute(missing.value.sql)
    assert await migrate(url) == (None, head())


async def test_a_login_that_may_make_roles_needs_nobody(
    own_server: EmbeddedPostgres, admin: asyncpg.Connection
) -> None:
    url = await plain_owner(own_server, admin, "CREATEROLE")
    assert await migrate(url) == (None, head())
    database = Database(url)
    async with database.guild(1) as session:
        connection = await session.connection()
        assert (await connection.exec_driver_sql("SELECT current_user")).scalar_one() == BOT_ROLE
    await database.close()


async def test_a_role_made_before_and_not_granted_is_told_too(
    own_server: EmbeddedPostgres, admin: asyncpg.Connection
) -> None:
    url = await plain_owner(own_server, admin)
    await admin.execute(f"CREATE ROLE {BOT_ROLE} NOLOGIN")
    with pytest.raises(RoleMissing):
        await migrate(url)


async def test_the_catalog_is_the_same_as_a_superusers(house: URL) -> None:
    await migrate(house)
    engine = create_async_engine(house)
    async with engine.connect() as connection:
        assert await differences(connection) == []
    await engine.dispose()


async def test_a_database_with_data_is_carried_from_the_first_revision_to_the_last(house: URL) -> None:
    def to_first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    engine = create_async_engine(house)
    async with engine.begin() as connection:
        await ensure_role(connection)
        await connection.run_sync(to_first)
    await engine.dispose()
    await add_guilds(house)
    owner = await connect(house)
    await owner.execute("UPDATE member SET role_group = 'officer' WHERE guild_id = 1")
    assert await migrate(house) == ("0001", head())
    rows = await owner.fetch(
        "SELECT became_member_at = joined_at AS since, openings_settled_at FROM member ORDER BY guild_id"
    )
    assert [row["since"] for row in rows] == [True, None], "who is a member became one when they joined"
    assert all(row["openings_settled_at"] for row in rows), "start points are for whoever comes from now on"
    await owner.close()
    database = Database(house)
    async with database.guild(2) as session:
        connection = await session.connection()
        seen = await connection.exec_driver_sql("SELECT guild_id FROM member")
        assert seen.scalars().all() == [2]
    await database.close()


async def test_a_backfill_by_the_plain_owner_reaches_every_guild(house: URL) -> None:
    await migrate(house)
    await add_guilds(house)
    owner = await connect(house)
    assert await owner.execute("UPDATE member SET name_key = 'changed'") == "UPDATE 2"
    await owner.close()


async def test_the_bot_of_a_plain_owner_is_bound_and_finds_its_work_across_guilds(house: URL) -> None:
    await migrate(house)
    await add_guilds(house)
    owner = await connect(house)
    await owner.execute(
        "INSERT INTO due_job (guild_id, kind, key, due_at)"
        " SELECT guild_id, 'k', '1', now() - interval '1 hour' FROM guild"
    )
    now = await owner.fetchval("SELECT now()")
    await owner.close()
    database = Database(house)
    assert sorted(guild_id for guild_id, _ in await database.due_jobs_across(now)) == [1, 2]
    async with database.outside() as session:
        connection = await session.connection()
        assert (await connection.exec_driver_sql("SELECT count(*) FROM member")).scalar_one() == 0
    await database.close()


async def test_doctor_is_content_with_a_plain_owner(house: URL, tmp_path: Path) -> None:
    await migrate(house)
    await add_guilds(house)
    status, report, said = await quartermaster(tmp_path, "doctor", DATABASE_URL=address(house))
    assert status == 2, said  # there is no token
    assert [line.split(":")[0] for line in report.splitlines() if line.startswith("WRONG")] == ["WRONG token"]
    assert "2 looked at" in report


async def test_pg_dump_by_the_plain_owner_holds_every_guild_and_can_be_restored(
    own_server: EmbeddedPostgres, admin: asyncpg.Connection, house: URL, tmp_path: Path
) -> None:
    await migrate(house)
    await add_guilds(house)
    programs = find_binaries()
    at = {"PGHOST": str(house.query["host"]), "PGPORT": str(house.query["port"]), "PGUSER": LOGIN}
    environment = {**os.environ, **at, "PGPASSWORD": PASSWORD}
    file = tmp_path / "house.sql"
    await asyncio.to_thread(
        subprocess.run, [programs.program("pg_dump"), "-f", file, "house"], env=environment, check=True
    )
    await admin.execute(f"CREATE DATABASE house_again OWNER {LOGIN}")
    restore = [programs.program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", file, "house_again"]
    await asyncio.to_thread(subprocess.run, restore, env=environment, check=True, stdout=subprocess.DEVNULL)
    again = own_server.url("house_again", LOGIN).set(password=PASSWORD)
    owner = await connect(again)
    assert await owner.fetchval("SELECT array_agg(guild_id ORDER BY guild_id) FROM member") == [1, 2]
    await owner.close()
    engine = create_async_engine(again)
    async with engine.connect() as connection:
        assert await differences(connection) == []
    await engine.dispose()
    assert await migrate(again) == (head(), head())
