"""The database of this process: the server of `DATABASE_URL`, or the embedded one in the data folder."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import URL

from bot.settings import Settings
from bot.trouble import CannotStart
from db.address import parse_address
from db.embedded import EmbeddedPostgres, EmbeddedPostgresError

NAME = "quartermaster"
"""The database's name in the embedded server."""
LOOK_EVERY_SECONDS = 5
_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[URL]:
    """Its address, as the owner. An embedded server runs as long as the block does, and is started anew when lost."""
    if settings.database_url is not None:
        yield parse_address(settings.database_url)
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        await server.start()
        await server.ensure_database(NAME)
    except (EmbeddedPostgresError, asyncpg.PostgresError, OSError) as error:
        await server.stop()
        raise CannotStart(str(error)) from error
    keeper = asyncio.create_task(_keep_running(server))
    try:
        yield server.url(NAME)
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await server.stop()


def is_there(settings: Settings) -> bool:
    """False when there is no `DATABASE_URL` and nothing was ever started in the data folder."""
    return settings.database_url is not None or (settings.data_dir / "postgres" / "data").exists()


async def _keep_running(server: EmbeddedPostgres) -> None:
    """Start the server again when it was killed, or when the process that owned it went."""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        try:
            await server.ensure_database(NAME)
        except Exception as lost:  # whatever it is: this loop must outlive it, or nobody starts the server again
            _log.warning("the embedded database does not answer (%r); starting it again", lost)
            try:
                await server.start()
            except EmbeddedPostgresError as error:
                _log.error("%s", error)
            except Exception:
                _log.exception("the embedded database could not be started; trying again")
