"""Up from empty, models against tables, the catalog against its declaration, one process at a time."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.ext.asyncio import create_async_engine

from db.catalog import APPEND_GRANT, APPEND_ONLY, PROCESS_TABLES, TENANT_TABLES
from db.inspection import differences
from db.migrate import LOCK, MIGRATIONS, DatabaseNewer, current, head, migrate
from db.scope import BOT_ROLE, Database
from db.tables import Base
from tests.conftest import connect
from tests.process import address, quartermaster

SPAN_GUILDS = {"ix_due_job_open", "ix_outbox_open", "ix_interaction_answer_at"}
"""Indexes that `guild_id` does not lead: the named works across guilds (what is due, what to send, what has served)."""


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


async def found_by(url: URL, look: Any) -> Any:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


async def drift(url: URL) -> list[str]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await differences(connection)
    finally:
        await engine.dispose()


# -- up ----------------------------------------------------------------------------------------------------------------


def test_there_is_one_head_and_revisions_are_numbered_in_order() -> None:
    assert scripts().get_heads() == [head()]
    revisions = [script.revision for script in scripts().walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    for script in scripts().walk_revisions():
        assert script.module.__file__ is not None
        assert script.path.rpartition("/")[2].startswith(f"{script.revision}_")


async def test_an_empty_database_comes_up_to_head_and_a_second_run_changes_nothing(empty_url: URL) -> None:
    assert await current(empty_url) is None
    assert await migrate(empty_url) == (None, head())
    assert await current(empty_url) == head()
    assert await migrate(empty_url) == (head(), head())


async def test_models_and_tables_are_the_same_after_coming_up_from_empty(empty_url: URL) -> None:
    await migrate(empty_url)

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    assert await found_by(empty_url, compare) == []


async def test_the_comparison_of_models_and_tables_would_see_a_forgotten_column(database_url: URL) -> None:
    owner = await connect(database_url)
    await owner.execute("ALTER TABLE raid DROP COLUMN note")
    await owner.close()

    def compare(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert [step[0] for step in await found_by(database_url, compare)] == ["add_column"]


async def test_two_processes_that_migrate_at_once_do_it_once(empty_url: URL, tmp_path: Path) -> None:
    both = [quartermaster(tmp_path, "migrate", DATABASE_URL=address(empty_url)) for _ in range(2)]
    outcomes = await asyncio.gather(*both)
    assert [status for status, _, _ in outcomes] == [0, 0], outcomes
    assert sorted(said for _, said, _ in outcomes) == [f"Already at {head()}.\n", f"Migrated: empty -> {head()}\n"]
    assert await drift(empty_url) == []


async def test_a_migration_waits_for_the_lock_another_process_holds(empty_url: URL) -> None:
    other = await connect(empty_url)
    await other.execute("SELECT pg_advisory_lock($1)", LOCK)
    waiting = asyncio.create_task(migrate(empty_url))
    await asyncio.wait({waiting}, timeout=1)
    assert not waiting.done()
    await other.close()
    assert await waiting == (None, head())


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: URL) -> None:
    owner = await connect(empty_url)
    await owner.execute("CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
    with pytest.raises(Exception, match="refuse_change"):
        await migrate(empty_url)
    assert await owner.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await owner.close()


async def test_a_database_of_a_newer_quartermaster_is_refused(database_url: URL, owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewer, match="9999"):
        await migrate(database_url)


# -- the catalog -------------------------------------------------------------------------------------------------------


async def test_the_database_holds_exactly_what_the_catalog_declares(empty_url: URL) -> None:
    await migrate(empty_url)
    assert await drift(empty_url) == []


OPEN_TO_ALL = "CREATE POLICY also ON raid USING (true)"
CHANGES = [
    ("ALTER TABLE raid DISABLE ROW LEVEL SECURITY", "off on raid"),
    ("ALTER TABLE raid FORCE ROW LEVEL SECURITY", "forced on raid"),
    ("DROP POLICY tenant ON raid", "policies of raid are none"),
    (OPEN_TO_ALL, "policies of raid"),
    ("ALTER POLICY tenant ON raid USING (true)", "policies of raid"),
    ("ALTER POLICY tenant ON raid WITH CHECK (true)", "policies of raid"),
    (f"ALTER POLICY tenant ON raid TO {BOT_ROLE}", "policies of raid"),
    (f"GRANT TRUNCATE ON raid TO {BOT_ROLE}", "may DELETE, INSERT, SELECT, TRUNCATE, UPDATE raid"),
    (f"GRANT UPDATE ON ledger_entry TO {BOT_ROLE}", "ledger_entry"),
    (f"GRANT UPDATE (reason) ON audit TO {BOT_ROLE}", "audit"),
    (f"REVOKE DELETE ON hold FROM {BOT_ROLE}", "hold"),
    ("GRANT SELECT ON raid TO PUBLIC", "everybody may SELECT raid"),
    (f"ALTER TABLE outage OWNER TO {BOT_ROLE}", "outage belongs to the bot's own role"),
    ("DROP TRIGGER append_only ON ledger_entry", "triggers of ledger_entry"),
    ("ALTER TABLE ledger_entry DISABLE TRIGGER append_only_truncate", "triggers of ledger_entry"),
    ("DROP FUNCTION sweep(timestamptz)", "function sweep is missing"),
    ("CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "peek is not ours"),
    ("GRANT EXECUTE ON FUNCTION sweep(timestamptz) TO PUBLIC", "sweep must be open to the bot's role and to nobody"),
    ("ALTER FUNCTION sweep(timestamptz) RESET search_path", "sweep works with the owner's rights"),
    ("CREATE TABLE stray (guild_id bigint)", "stray is not ours"),
    ("CREATE VIEW everything AS SELECT * FROM raid", "everything is not ours"),
]


@pytest.mark.parametrize(("change", "found"), CHANGES, ids=[change for change, _ in CHANGES])
async def test_a_change_behind_the_catalogs_back_is_found(
    database_url: URL, owner: asyncpg.Connection, change: str, found: str
) -> None:
    await owner.execute(change)
    wrong = await drift(database_url)
    assert any(found in sentence for sentence in wrong), wrong


# -- what holds for every table ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TENANT_TABLES))
def test_guild_id_leads_every_key_of_a_tenant_table(name: str) -> None:
    table: Table = Base.metadata.tables[name]
    assert next(iter(table.primary_key.columns)).name == "guild_id"
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint):
            assert constraint.columns.keys()[0] == "guild_id", constraint.name
        if isinstance(constraint, ForeignKeyConstraint):
            assert constraint.elements[0].target_fullname.endswith(".guild_id"), constraint.name
            assert constraint.ondelete in (None, "RESTRICT"), constraint.name
    for index in table.indexes:
        if index.name not in SPAN_GUILDS:
            assert next(iter(index.columns)).name == "guild_id", index.name
        else:
            assert not index.unique, index.name


def test_every_table_is_a_tenants_or_the_processes_own() -> None:
    assert TENANT_TABLES.isdisjoint(PROCESS_TABLES)
    assert set(Base.metadata.tables) == TENANT_TABLES | PROCESS_TABLES
    assert {"heartbeat", "outage", "command_sync"} == PROCESS_TABLES
    assert APPEND_ONLY <= APPEND_GRANT <= TENANT_TABLES


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_entry SET amount = 1", "DELETE FROM ledger_entry", "TRUNCATE ledger_entry CASCADE"]
)
async def test_the_ledger_refuses_to_be_changed_even_by_the_owner(owner: asyncpg.Connection, statement: str) -> None:
    await owner.execute("INSERT INTO guild (guild_id, name, joined_at) VALUES (1, 'x', now())")
    pool = await owner.fetchval(
        "INSERT INTO pool (guild_id, name, name_key, created_at) VALUES (1, 'p', 'p', now()) RETURNING pool_id"
    )
    member = await owner.fetchval(
        "INSERT INTO member (guild_id, display_name, name_key, joined_at)"
        " VALUES (1, 'a', 'a', now()) RETURNING member_id"
    )
    await owner.execute(
        "INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, created_at,"
        " idempotency_key) VALUES (1, $1, $2, 'bonus', 5, 5, 'officer', now(), 'k')",
        pool, member,
    )  # fmt: skip
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await owner.execute(statement)
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == 5


@pytest.mark.parametrize("table", sorted(APPEND_GRANT))
async def test_the_bot_may_only_read_and_add_to_the_books(database: Database, table: str) -> None:
    async with database.engine.connect() as connection:
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            may = await connection.exec_driver_sql(f"SELECT has_table_privilege('{table}', '{verb}')")
            assert may.scalar_one() is False
