"""No guild reads or writes another's rows, in any table, whatever the SQL: the database itself refuses."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from db.catalog import FUNCTIONS, grants
from db.scope import BOT_ROLE, Database
from tests.shape.rows import TABLES, Row, digest, insert_of, new_row, seed

A, B = 101, 202


@pytest.fixture
async def seeded(owner: asyncpg.Connection) -> dict[int, dict[str, Row]]:
    """One row of each guild in every tenant table."""
    return {guild_id: await seed(owner, guild_id) for guild_id in (A, B)}


@pytest.fixture
async def one_connection(database_url: URL, seeded: object) -> AsyncIterator[Database]:
    """A pool of one, so that every scope is a checkout of the same connection."""
    made = Database(database_url, pool_size=1)
    yield made
    await made.close()


async def column(session: AsyncSession, statement: str) -> list[Any]:
    return list((await session.execute(text(statement))).scalars())


async def changes(session: AsyncSession, statement: str) -> int:
    """How many rows a statement changed; -1 when the database refused it."""
    try:
        async with session.begin_nested():
            done = await session.execute(text(statement))
            return done.rowcount  # type: ignore[attr-defined]
    except DBAPIError:
        return -1


async def refusal(session: AsyncSession, statement: str, *values: Any) -> str:
    """How the database refuses a statement in this scope; fails when it does not."""
    assert await column(session, "SELECT 1") == [1]  # the scope begins with its first statement
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with driver.transaction():
            await driver.execute(statement, *values)
    return str(refused.value)


def test_there_are_tables_to_look_at() -> None:
    assert len(TABLES) >= 25


async def test_a_guild_reads_its_own_rows_of_every_table_only_on_every_checkout(one_connection: Database) -> None:
    for guild_id, other in ((A, B), (B, A), (A, B)):
        async with one_connection.guild(guild_id) as session:
            assert await column(session, "SELECT current_user::text") == [BOT_ROLE]
            for table in TABLES:
                everything = f"SELECT guild_id FROM {table.name}"
                assert await column(session, everything) == [guild_id], table.name
                assert await column(session, f"{everything} WHERE guild_id = {other}") == [], table.name
                assert await column(session, f"{everything} WHERE guild_id = {other} OR true") == [guild_id], table.name


async def test_a_guild_changes_its_own_rows_of_every_table_only(
    one_connection: Database, owner: asyncpg.Connection
) -> None:
    before = await digest(owner, B)
    for _ in ("first checkout", "second checkout"):
        async with one_connection.guild(A) as session:
            for table in TABLES:
                name, may = table.name, grants(table.name)
                own, others = (1 if "UPDATE" in may else -1), (0 if "DELETE" in may else -1)
                assert await changes(session, f"UPDATE {name} SET guild_id = guild_id") == own, name
                assert await changes(session, f"UPDATE {name} SET guild_id = {B}") == -1, name
                assert await changes(session, f"DELETE FROM {name} WHERE guild_id = {B}") == others, name
                assert await changes(session, f"TRUNCATE {name} CASCADE") == -1, name
    async with one_connection.guild(A) as session:
        for table in reversed(TABLES):
            await changes(session, f"DELETE FROM {table.name}")  # its own row, unless something hangs on it
    assert await digest(owner, B) == before
    assert (await digest(owner, A))["hold"] == ""


async def test_a_guild_adds_no_row_to_any_table_of_another(
    one_connection: Database, seeded: dict[int, dict[str, Row]], owner: asyncpg.Connection
) -> None:
    before = await digest(owner, B)
    async with one_connection.guild(A) as session:
        for table in TABLES:
            new = insert_of(table, new_row(table, B, seeded[B]))
            assert "row-level security" in await refusal(session, *new), table.name
            statement, *values = insert_of(table, seeded[B][table.name], "ON CONFLICT DO NOTHING")
            statement = statement.replace(") VALUES", ") OVERRIDING SYSTEM VALUE VALUES")
            assert "row-level security" in await refusal(session, statement, *values), table.name
    assert await digest(owner, B) == before


async def test_outside_every_guild_no_table_can_be_read_or_written(
    one_connection: Database, seeded: dict[int, dict[str, Row]], owner: asyncpg.Connection
) -> None:
    before = await digest(owner, A), await digest(owner, B)
    async with one_connection.guild(A) as session:
        assert await column(session, "SELECT guild_id FROM guild") == [A]
    async with one_connection.outside() as session:
        for table in TABLES:
            assert await column(session, f"SELECT guild_id FROM {table.name}") == [], table.name
            assert await changes(session, f"UPDATE {table.name} SET guild_id = guild_id") in (0, -1), table.name
            assert await changes(session, f"DELETE FROM {table.name}") in (0, -1), table.name
            new = insert_of(table, new_row(table, A, seeded[A]))
            assert "row-level security" in await refusal(session, *new), table.name
    assert (await digest(owner, A), await digest(owner, B)) == before


@pytest.mark.parametrize("name", ["raid", "ledger_entry", "outbox"])
async def test_the_proof_would_fail_on_a_table_without_its_guard(
    one_connection: Database, owner: asyncpg.Connection, name: str
) -> None:
    await owner.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
    async with one_connection.guild(A) as session:
        assert sorted(await column(session, f"SELECT guild_id FROM {name}")) == [A, B]


# -- the scope itself --------------------------------------------------------------------------------------------------


async def test_a_scope_that_ran_no_statement_does_not_leak_into_the_next(one_connection: Database) -> None:
    async with one_connection.guild(A):
        pass
    async with one_connection.outside() as session:
        assert await column(session, "SELECT guild_id FROM member") == []
        assert await column(session, "SELECT coalesce(current_setting('app.guild_id', true), '')") == [""]


async def test_a_scope_that_failed_does_not_leak_into_the_next(one_connection: Database) -> None:
    with pytest.raises(DBAPIError):
        async with one_connection.guild(A) as session:
            await session.execute(text("SELECT 1 / 0"))
    async with one_connection.outside() as session:
        assert await column(session, "SELECT guild_id FROM member") == []
    with pytest.raises(ZeroDivisionError):
        async with one_connection.guild(A) as session:
            assert await column(session, "SELECT guild_id FROM member") == [1 // 0]
    async with one_connection.guild(B) as session:
        assert await column(session, "SELECT guild_id FROM member") == [B]


async def test_a_rolled_back_scope_leaves_the_role_bound(one_connection: Database) -> None:
    for _ in range(3):
        async with one_connection.guild(A) as session:
            assert await column(session, "SELECT current_user::text") == [BOT_ROLE]
            await session.rollback()
    async with one_connection.outside() as session:
        bound = "SELECT rolsuper OR rolbypassrls OR rolcanlogin FROM pg_roles WHERE rolname = current_user"
        assert await column(session, bound) == [False]
        assert await column(session, "SELECT tablename FROM pg_tables WHERE tableowner = current_user") == []


async def test_a_savepoint_keeps_the_scope(one_connection: Database) -> None:
    async with one_connection.guild(A) as session:
        assert await changes(session, "SELECT 1 / 0") == -1
        assert await column(session, "SELECT guild_id FROM member") == [A]


async def test_a_guild_is_erased_in_its_own_scope_only(one_connection: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE guild SET removed_at = now()")
    before = await digest(owner, B)
    async with one_connection.guild(A) as session:
        assert "own scope" in await refusal(session, f"SELECT erase_guild({B})")
        await session.execute(text(f"SELECT erase_guild({A})"))
    assert set((await digest(owner, A)).values()) == {""}
    assert await digest(owner, B) == before


async def test_a_guild_that_is_here_is_not_erased(one_connection: Database, owner: asyncpg.Connection) -> None:
    before = await digest(owner, A)
    async with one_connection.guild(A) as session:
        assert "not removed" in await refusal(session, f"SELECT erase_guild({A})")
    assert await digest(owner, A) == before


async def test_what_looks_across_guilds_returns_keys_and_no_content(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        "SELECT proname::text AS name, pg_get_function_result(oid) AS result FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    results = {row["name"]: row["result"] for row in rows}
    assert results.keys() == FUNCTIONS - {"refuse_change"}
    assert set(results.values()) <= {"TABLE(guild_id bigint, row_id bigint)", "void"}
