"""Starting the demo, and ending it so that nothing is left running."""

import asyncio
import logging
import os
import socket
import sys
import webbrowser
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from tzlocal import get_localzone_name

from bot import log, ticker
from bot.app import Quartermaster
from bot.clock import SystemClock
from bot.settings import Settings
from bot.trouble import CannotStart
from cogs.demo.cast import CHANNELS, GUILD
from db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from db.migrate import migrate
from db.scope import Database
from db.tables import CommandSync

HOME = "demo"
"""The demo's own folder in `data_dir`. It never looks at DATABASE_URL: nothing of it reaches a guild's real data."""
POSTGRES = {"synchronous_commit": "off", "max_connections": "30"}
"""A power cut may cost the demo its last second."""
SETTLE_SECONDS = 10
"""How long SimCord waits for a press to be done with."""
ENDED = "\nThe demo has ended and nothing of it is running. Its guild is kept; --reset starts over."


async def play(settings: Settings, *, reset: bool, port: int | None, channel: str | None) -> int:
    """Run the demo until it is cancelled (Ctrl-C, SIGTERM) or ended on its page; returns the exit status.

    `reset` begins a new guild; else the last one goes on. `port` None takes a free one. `channel` is the one shown.
    Raises `CannotStart`.
    """
    shown = _channel(channel)
    _check_free(port)
    _log_only_troubles(settings)
    try:
        async with AsyncExitStack() as stack:
            await _run(stack, settings.data_dir / HOME, reset=reset, port=port, shown=shown)
    except EmbeddedPostgresError as error:
        raise CannotStart(str(error)) from error
    except asyncio.CancelledError:
        _say(ENDED)
        raise
    _say(ENDED)
    return 0


async def _run(stack: AsyncExitStack, home: Path, *, reset: bool, port: int | None, shown: str) -> None:
    # Here, because a production installation has no SimCord, and importing must not fail there.
    import simcord

    from cogs.demo import channel, history, page, tonight, world

    server = EmbeddedPostgres(home, settings=POSTGRES)
    stack.push_async_callback(server.stop)
    begun = home / "story"
    fresh = reset or not begun.exists() or begun.read_text() != history.STORY
    if fresh:
        begun.unlink(missing_ok=True)
        await server.erase()
    _say("Starting PostgreSQL ...")
    await server.start()
    if not server.is_owner:
        raise CannotStart(f"A demo is already running on {home}: use its page, or end it first.")
    await server.ensure_database("quartermaster")
    await migrate(server.url())
    db = Database(server.url())
    stack.push_async_callback(db.close)

    bot = Quartermaster(db, SystemClock(), shard_count=1)
    env = simcord.Env(bot, check_errors=False, settle_timeout=SETTLE_SECONDS)
    made = world.build(env)
    if fresh:
        _say("Playing two months of raids and auctions ...")
        await history.play(db, made)
        begun.write_text(history.STORY)
    await tonight.begin(db, made)
    async with db.outside() as session:
        await session.execute(delete(CommandSync))  # this start's Discord is new and knows no command yet

    boards = await channel.put_aside(bot, made)
    await env.start()
    stack.push_async_callback(env.shutdown)
    # Outside SimCord's bot scope: a press there waits for every timer of the scope, and the ticker always has one.
    stack.enter_context(env.time_context())
    await channel.fill(bot, made, boards)
    scheduler = ticker.start(bot)
    stack.push_async_callback(scheduler.stop)
    preview = env.preview(
        made.channels[shown],
        viewers=made.viewers(shown),
        layout="channel",
        timezone=_zone(),
        assets=made.faces,
        port=port,
    )
    await stack.enter_async_context(preview)
    _greet(preview.url, shown)
    async with asyncio.TaskGroup() as group:
        keeping_up = group.create_task(page.LivePage(env, preview).keep_up())
        await preview.wait_closed()
        keeping_up.cancel()


def _log_only_troubles(settings: Settings) -> None:
    """Between the lines of the terminal only what went wrong is of interest, unless LOG_LEVEL asks for more."""
    if settings.log_level != "INFO":
        log.set_up(settings.log_level, settings.log_format)
        return
    log.set_up("WARNING", settings.log_format)
    for advises in ("discord.client", "discord.state"):  # on voice libraries, and on SimCord's probing clients
        logging.getLogger(advises).setLevel(logging.ERROR)


def _channel(asked: str | None) -> str:
    names = [name for name, _ in CHANNELS]
    shown = names[0] if asked is None else asked.removeprefix("#")
    if shown not in names:
        raise CannotStart(f"The demo has no channel {asked}; choose one of {', '.join(names)}.")
    return shown


def _check_free(port: int | None) -> None:
    """Before two months are played for nothing."""
    with socket.socket() as trial:
        if sys.platform != "win32":  # as the page's server does: a port left a moment ago is free
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise CannotStart(f"Port {port} cannot be used ({error.strerror}): choose another with --port.") from error


def _zone() -> str:
    """The zone the page writes times in: this machine's."""
    try:
        return ZoneInfo(get_localzone_name()).key
    except (LookupError, OSError, TypeError, ValueError):
        return "UTC"


def _greet(url: str, shown: str) -> None:
    _say(f"""
{GUILD}, in #{shown}:

    {url}

Three things to try:
    1. Press Bid on the open auction, then look through somebody else ("Viewing as") and outbid yourself.
    2. Type / in the message box: /dkp standings, /raid tick, /auction start ...
    3. Touch nothing: the auction ends when its time is up, and the winner pays.

Ctrl-C ends the demo.""")
    screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stdout.isatty():  # else a text browser might take the terminal over
        with suppress(webbrowser.Error):
            webbrowser.open(url)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
