"""What keeps Quartermaster from starting, as sentences: what is wrong and what to do about it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import asyncpg
import discord
import yarl
from discord.app_commands import CommandSyncFailure
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from db.address import place
from db.embedded import EmbeddedPostgresError
from db.migrate import DatabaseNewer, RoleMissing

PORTAL = "https://discord.com/developers/applications"
NO_TOKEN = (
    "There is no token: put DISCORD_TOKEN=... into .env or the environment. You find it in the Developer Portal"
    f" ({PORTAL}): your application, Bot, Reset Token."
)
WRONG_TOKEN = (
    "Discord does not take this token (DISCORD_TOKEN): copy it anew from the Developer Portal"
    f" ({PORTAL}): your application, Bot, Reset Token."
)
MEMBERS_INTENT_OFF = (
    "The members intent is switched off: switch on Server Members Intent in the Developer Portal"
    f" ({PORTAL}): your application, Bot, Privileged Gateway Intents; then start again."
)
_CLOSED = {
    4004: WRONG_TOKEN,
    4010: "Discord refused the shard: SHARD_IDS and SHARD_COUNT do not fit together.",
    4011: "The bot is in too many servers for this number of shards: raise SHARD_COUNT or leave it out.",
    4013: "The address in DISCORD_API_URL leads to a gateway that does not know the intents this bot needs.",
}


class CannotStart(Exception):
    """One sentence for whoever starts it; the command line prints it and exits 2."""


@contextmanager
def talking_to_discord(api: str) -> Iterator[None]:
    """What goes wrong with Discord inside becomes `CannotStart`; defects of our own pass."""
    try:
        yield
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError) as error:
        sentence = _discord_sentence(error, api)
        if sentence is None:
            raise
        raise CannotStart(sentence) from error


def _discord_sentence(error: Exception, api: str) -> str | None:
    match error:
        case discord.LoginFailure():
            return WRONG_TOKEN
        case discord.PrivilegedIntentsRequired():
            return MEMBERS_INTENT_OFF
        case discord.ConnectionClosed():
            return _CLOSED.get(error.code, f"Discord ended the connection for good (code {error.code}).")
        case CommandSyncFailure():
            return None  # our command list is at fault
        case discord.HTTPException():
            asked = f"{error.response.method} {yarl.URL(error.response.url).path}"  # type: ignore[union-attr]
            return f"Discord at {api} answers {asked} with {error.status}: try again later, or check DISCORD_API_URL."
        case discord.GatewayNotFound() | aiohttp.ClientError() | TimeoutError():
            return f"Discord does not answer at {api}: check the network and DISCORD_API_URL."
    return None


@contextmanager
def talking_to_database(url: URL) -> Iterator[None]:
    """What goes wrong with the database inside becomes `CannotStart`; defects of our own pass."""
    try:
        yield
    except (DatabaseNewer, RoleMissing, EmbeddedPostgresError) as error:
        raise CannotStart(str(error)) from error
    except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        sentence = _database_sentence(_cause(error), place(url))
        if sentence is None:
            raise
        raise CannotStart(sentence) from error


def _cause(error: Exception) -> BaseException:
    """The driver's own error below what SQLAlchemy made of it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _database_sentence(error: BaseException, where: str) -> str | None:
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return f"The database {where} does not take this user or password: mend DATABASE_URL."
        case asyncpg.InvalidCatalogNameError():
            return f"There is no such database: create {where}, or mend DATABASE_URL."
        case asyncpg.InsufficientPrivilegeError():
            return f"This login may not change the database {where} ({error}): use its owner in DATABASE_URL."
        case asyncpg.TooManyConnectionsError():
            return f"The database {where} takes no more connections: raise its max_connections, or end what uses them."
        case asyncpg.CannotConnectNowError():
            return f"The database {where} is starting or stopping: try again in a moment."
        case asyncpg.TargetServerAttributeNotMatched():
            return f"None of the database's hosts {where} is the one DATABASE_URL asks for (target_session_attrs)."
        case asyncpg.InterfaceError():
            return f"DATABASE_URL cannot be used: {error}."
        case socket.gaierror():
            return f"The host of the database {where} is unknown: mend DATABASE_URL."
        case ssl.SSLError():
            return f"The database {where} and we do not agree on TLS ({error.reason}): mend sslmode in DATABASE_URL."
        case asyncpg.PostgresConnectionError() | OSError():
            reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
            return f"The database {where} does not answer ({reason}): start it, or mend DATABASE_URL."
    return None
