"""`quartermaster doctor`: looks at everything a start depends on and at every guild's books; changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import discord
from discord.http import Route
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.app import Quartermaster, intents, slices
from bot.clock import SystemClock
from bot.database import is_there, open_database
from bot.settings import Settings
from bot.stage import Actor, Session
from bot.trouble import MEMBERS_INTENT_OFF, NO_TOKEN, CannotStart, talking_to_database, talking_to_discord
from db.catalog import TENANT_TABLES
from db.inspection import differences
from db.migrate import RoleMissing, current, head, is_known, may_become_bot
from db.scope import BOT_ROLE, Database

OLDEST_POSTGRES = 15
SHOWN = 5
"""Problems of one kind and guild that are printed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    trouble: str | None = None
    """What is wrong and what to do; None when all is well."""
    detail: str = ""
    stops_start: bool = False
    """`run` would refuse to start."""

    def __str__(self) -> str:
        return f"{'ok' if self.trouble is None else 'WRONG':6}{self.check}: {self.trouble or self.detail or 'in order'}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Findings as they are made. What cannot be reached ends its own branch, not the others."""
    yield Finding("settings")
    async for finding in _discord(settings):
        yield finding
    if not is_there(settings):
        yield Finding("database", f"none yet in {settings.data_dir}: `quartermaster migrate` or `run` makes it")
        return
    try:
        async with open_database(settings) as url:
            with talking_to_database(url):
                async for finding in _database(url):
                    yield finding
    except CannotStart as error:
        yield Finding("database", str(error), stops_start=True)


async def _discord(settings: Settings) -> AsyncIterator[Finding]:
    if settings.discord_token is None:
        yield Finding("token", NO_TOKEN, stops_start=True)
        return
    Route.BASE = settings.discord_api_url
    client = discord.Client(intents=intents())
    try:
        with talking_to_discord(settings.discord_api_url):
            async with asyncio.timeout(30), client:
                me = await client.http.static_login(settings.discord_token.get_secret_value())
                application = await client.http.request(Route("GET", "/applications/@me"))
                shards, gateway, _ = await client.http.get_bot_gateway()
    except CannotStart as error:
        yield Finding("token", str(error), stops_start=True)
        return
    yield Finding("token", detail=f"{me['username']} (application {application['id']})")
    flags = discord.ApplicationFlags._from_value(int(application.get("flags", 0)))
    if flags.gateway_guild_members or flags.gateway_guild_members_limited:
        yield Finding("intents", detail="members is switched on")
    else:
        yield Finding("intents", MEMBERS_INTENT_OFF, stops_start=True)
    yield Finding("gateway", detail=f"{gateway}, {shards} shard{'s' if shards != 1 else ''} advised")


async def _database(url: URL) -> AsyncIterator[Finding]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as owner:
            version, name = (
                await owner.execute(text("SELECT current_setting('server_version_num')::int, current_database()"))
            ).one()
            major = version // 10_000
            if major < OLDEST_POSTGRES:
                what = f"this is PostgreSQL {major}; Quartermaster needs {OLDEST_POSTGRES} or newer: upgrade it"
                yield Finding("database", what, stops_start=True)
                return
            yield Finding("database", detail=f"{name} on PostgreSQL {major}")
            revisions = _revisions(await current(url))
            yield revisions
            if revisions.trouble is not None:
                return
            role = await _role(url, owner)
            yield role
            if role.trouble is not None:
                return
            wrong = await differences(owner)
            mend = "a newer `quartermaster migrate` or the owner must put that right"
            yield Finding(
                "tenants", f"{_some(wrong)}; {mend}" if wrong else None, f"{len(TENANT_TABLES)} tables guarded"
            )
            guild_ids = list((await owner.execute(text("SELECT guild_id FROM guild ORDER BY guild_id"))).scalars())
    finally:
        await engine.dispose()
    async for finding in _guilds(url, guild_ids):
        yield finding


def _revisions(at: str | None) -> Finding:
    if at == head():
        return Finding("migrations", detail=f"at {at}")
    if at is not None and not is_known(at):
        what = f"the database stands at {at}, newer than this Quartermaster ({head()}): update Quartermaster"
        return Finding("migrations", what, stops_start=True)
    return Finding(
        "migrations", f"the database stands at {at or 'nothing'}, not at {head()}: run `quartermaster migrate`"
    )


async def _role(url: URL, owner: AsyncConnection) -> Finding:
    """Whether the bot's connections are bound: also on a second checkout, outside a guild, without a WHERE."""
    if not await may_become_bot(owner):
        login = (await owner.execute(text("SELECT current_user"))).scalar_one()
        return Finding("bot role", str(RoleMissing(login)), stops_start=True)
    database = Database(url, pool_size=1)
    try:
        for checkout in ("first", "second"):
            async with database.outside() as session:
                found = await session.execute(
                    text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
                )
                user, unbound = found.one()
                if user != BOT_ROLE or unbound:
                    what = f"the {checkout} use of a connection works as {user}, which row-level security does not bind"
                    return Finding(
                        "bot role", f"{what}: ALTER ROLE {BOT_ROLE} NOSUPERUSER NOBYPASSRLS;", stops_start=True
                    )
                for table in sorted(TENANT_TABLES):
                    if await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table} LIMIT 1)")):
                        return Finding("bot role", f"it reads rows of {table} outside every guild: run no bot on this")
    finally:
        await database.close()
    return Finding("bot role", detail=f"{BOT_ROLE} is bound")


async def _guilds(url: URL, guild_ids: list[int]) -> AsyncIterator[Finding]:
    """Every slice's own checks, in each guild's scope."""
    database = Database(url, pool_size=1)
    try:
        bot = Quartermaster(database, SystemClock())
        async with bot:
            for name in slices():
                await bot.load_extension(name)
            checks = bot.stage.registry.doctor
            for guild_id in guild_ids:

                async def look(session: Session) -> dict[str, list[str]]:
                    return {name: await check(session) for name, check in checks.items()}

                for check, wrong in (await bot.stage.run(Actor.itself(guild_id), look)).items():
                    if wrong:
                        what = f"server {guild_id}: {_some(wrong)}; keep a copy of the database and report it"
                        yield Finding(check, what)
        yield Finding("guilds", detail=f"{len(guild_ids)} looked at ({', '.join(sorted(checks)) or 'no checks'})")
    finally:
        await database.close()


def _some(wrong: list[str]) -> str:
    more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return "; ".join(wrong[:SHOWN]) + more
