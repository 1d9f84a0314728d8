"""Bringing a database up to date: the bot's role, then Alembic to head, one process at a time."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from db.scope import BOT_ROLE

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 0x51_4D_00_01
"""The advisory lock under which one process migrates a database ("QM", 1)."""


class RoleMissing(Exception):
    """The bot's role is missing or not granted, and this login may not mend it."""

    def __init__(self, login: str) -> None:
        self.sql = f'CREATE ROLE {BOT_ROLE} NOLOGIN; GRANT {BOT_ROLE} TO "{login}";'
        super().__init__(
            f"This login may not create the role {BOT_ROLE}. Ask a database administrator to run: {self.sql}"
        )


class DatabaseNewer(Exception):
    """The database was migrated by a newer Quartermaster than this one."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database stands at revision {revision}, which this Quartermaster (up to {head()}) does not know: "
            "it was made by a newer one; update Quartermaster. Nothing was changed."
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision in the tree."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def is_known(revision: str) -> bool:
    """Whether the tree has this revision; a database at an unknown one was made by a newer Quartermaster."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


async def current(url: URL | str) -> str | None:
    """The revision a database stands at; None when it is empty."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    finally:
        await engine.dispose()


async def ensure_role(connection: AsyncConnection) -> None:
    """Create the bot's role and grant it to this login, or raise `RoleMissing` with the line to run."""
    login = (await connection.execute(text("SELECT current_user"))).scalar_one()
    present = text("SELECT count(*) FROM pg_roles WHERE rolname = :role")
    try:
        if not (await connection.execute(present, {"role": BOT_ROLE})).scalar_one():
            try:
                async with connection.begin_nested():
                    await connection.execute(text(f"CREATE ROLE {BOT_ROLE} NOLOGIN"))
            except DBAPIError as error:
                if not _is(error, asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                    raise  # made meanwhile for another database of this server is as good
        if not await may_become_bot(connection):
            async with connection.begin_nested():
                await connection.execute(text(f'GRANT {BOT_ROLE} TO "{login}"'))
    except DBAPIError as error:
        if _is(error, asyncpg.InsufficientPrivilegeError):
            raise RoleMissing(login) from error
        raise


async def may_become_bot(connection: AsyncConnection) -> bool:
    """Tried, not looked up: since PostgreSQL 16 who made a role is its member and still may not become it."""
    attempt = await connection.begin_nested()
    try:
        await connection.execute(text(f"SET LOCAL ROLE {BOT_ROLE}"))
    except DBAPIError as error:
        if _is(
            error, asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError
        ):  # the latter: no such role
            return False
        raise
    finally:
        await attempt.rollback()
    return True


async def migrate(url: URL | str) -> tuple[str | None, str]:
    """Upgrade to head as the owner. Returns (revision before, revision after).

    Role and revisions are one transaction under an advisory lock: a second process waits, then finds nothing to do.
    """
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await ensure_role(connection)
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    before = MigrationContext.configure(connection).get_current_revision()
    if before is not None and not is_known(before):
        raise DatabaseNewer(before)
    command.upgrade(_config(connection), "head")
    return before, head()


def _is(error: DBAPIError, *kinds: type[Exception]) -> bool:
    cause = error.orig.__cause__ if error.orig is not None else None
    return isinstance(cause, kinds)
