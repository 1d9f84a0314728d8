"""`quartermaster run`: database up, migrated, connected to Discord; and down again in the reverse order."""

import asyncio
import contextlib
import logging
import time

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import ticker
from bot.app import Quartermaster
from bot.clock import SystemClock
from bot.database import open_database
from bot.settings import Settings
from bot.trouble import NO_TOKEN, CannotStart, talking_to_database, talking_to_discord
from db.migrate import migrate
from db.scope import Database

FLUSH_SECONDS = 5
"""How long the boards may take to show their newest state when we stop."""
SILENCE_SECONDS = 0.5
"""Ready after so long without a further server (later ones are served too); discord.py's 2 s is most of a start."""
_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Runs until cancelled; then ticker, boards, connection, database and embedded server end, in this order.

    Raises `CannotStart`. Where Discord is, only the settings say: REST goes to `discord_api_url`, and the gateway to
    wherever that API's `GET /gateway/bot` points, reconnections included.
    """
    if settings.discord_token is None:
        raise CannotStart(NO_TOKEN)
    Route.BASE = settings.discord_api_url
    began = time.perf_counter()
    async with open_database(settings) as url:
        with talking_to_database(url):
            before, after = await migrate(url)
            if before != after:
                _log.info("migrated the database from %s to %s", before or "nothing", after)
            db = Database(url)
            try:
                bot = Quartermaster(
                    db,
                    SystemClock(),
                    shard_count=settings.shard_count,
                    shard_ids=settings.shards,
                    guild_ready_timeout=SILENCE_SECONDS,
                )
                with talking_to_discord(settings.discord_api_url):
                    await _serve(bot, settings.discord_token.get_secret_value(), began)
            finally:
                await db.close()


async def _serve(bot: Quartermaster, token: str, began: float) -> None:
    async with bot:
        await bot.login(token)
        shards, gateway, _ = await bot.http.get_bot_gateway()
        # discord.py asks only when it has to count the shards itself, and reconnects to this constant.
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        bot.shard_count = bot.shard_count or shards
        connection = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        ticking: ticker.Ticker | None = None
        try:
            await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
            if not connection.done():
                ticking = ticker.start(bot)
                _say_ready(bot, began)
            await connection
        finally:
            if ticking is not None:
                await ticking.stop()
                await _flush(bot)
            for task in (ready, connection):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _flush(bot: Quartermaster) -> None:
    try:
        await asyncio.wait_for(bot.boards.draw_all(), FLUSH_SECONDS)
    except Exception:  # they are drawn again at the next start
        _log.warning("some boards were not drawn a last time", exc_info=True)


def _say_ready(bot: Quartermaster, began: float) -> None:
    _log.info(
        "ready as %s after %.1f s: %s servers, shards %s of %s, %s",
        bot.user,
        time.perf_counter() - began,
        len(bot.guilds),
        ",".join(map(str, sorted(bot.shards))),
        bot.shard_count,
        type(asyncio.get_running_loop()).__module__,
    )
