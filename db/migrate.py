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
    state = text(
        "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = :role) AS present,"
        " COALESCE((SELECT pg_has_role(current_user, r.oid, 'MEMBER') FROM pg_roles r WHERE rolname = :role), false)"
        " AS granted"
    )
    present, granted = (await connection.execute(state, {"role": BOT_ROLE})).one()
    try:
        if not present:
            try:
                async with connection.begin_nested():
                    await connection.execute(text(f"CREATE ROLE {BOT_ROLE} NOLOGIN"))
            except DBAPIError as error:
                if not _is(error, asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                    raise  # made meanwhile for another database of this server is as good
            granted = (await connection.execute(state, {"role": BOT_ROLE})).one().granted
        if not granted:
            async with connection.begin_nested():
                await connection.execute(text(f'GRANT {BOT_ROLE} TO "{login}"'))
    except DBAPIError as error:
        if _is(error, asyncpg.InsufficientPrivilegeError):
            raise RoleMissing(login) from error
        raise


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
    command.upgrade(_config(connection), "head")
    return before, head()


def _is(error: DBAPIError, *kinds: type[Exception]) -> bool:
    cause = error.orig.__cause__ if error.orig is not None else None
    return isinstance(cause, kinds)
