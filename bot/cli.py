"""The command line: `quartermaster run | demo | migrate | doctor`.

Exit status: 0 done, 1 the doctor found something (or something broke on our side), 2 it cannot start.
"""

import argparse
import asyncio
import importlib
import importlib.util
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot import log
from bot.database import open_database
from bot.settings import Settings, SettingsWrong, load_settings
from bot.trouble import CannotStart, talking_to_database

DONE, FOUND_SOMETHING, CANNOT_START = 0, 1, 2
NO_SIMCORD = "The demo needs SimCord, which this installation leaves out: install it with `uv sync --group demo`."
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script `quartermaster`; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        log.set_up(settings.log_level, settings.log_format)
        return chosen.command(settings, chosen)
    except (SettingsWrong, CannotStart) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    except (KeyboardInterrupt, asyncio.CancelledError):
        return DONE
    except Exception:
        _log.exception("something broke on our side")
        return FOUND_SOMETHING


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("quartermaster", description="Runs a gaming guild from inside Discord.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Callable[[Settings, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=command)
        return made

    add("run", _run, "Connect to Discord and serve. Settings come from .env and the environment.")
    demo = add("demo", _demo, "Show a guild in your browser: the real bot, no token, no Discord, no database needed.")
    demo.add_argument("--reset", action="store_true", help="throw away the demo's guild and start over")
    demo.add_argument("--port", type=_port, help="the page's port (default: a free one)")
    demo.add_argument("--channel", help="the channel to show first")
    add("migrate", _migrate, "Bring the database up to date and say from where to where.")
    add("doctor", _doctor, "Check settings, token, intents, database and every guild's points; say what to do.")
    return parser


def _port(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and 0 < int(typed) < 65536):
        raise argparse.ArgumentTypeError("must be a number from 1 to 65535")
    return int(typed)


def _run(settings: Settings, _: argparse.Namespace) -> int:
    from bot.run import run

    loop_factory = None
    if sys.platform != "win32":
        import uvloop

        loop_factory = uvloop.new_event_loop
    _until_told_to_stop(run(settings), loop_factory)
    return DONE


def _demo(settings: Settings, chosen: argparse.Namespace) -> int:
    if importlib.util.find_spec("simcord") is None:
        raise CannotStart(NO_SIMCORD)
    play = importlib.import_module("cogs.demo.play").play
    return _until_told_to_stop(play(settings, reset=chosen.reset, port=chosen.port, channel=chosen.channel))


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from db.migrate import migrate

    async def work() -> tuple[str | None, str]:
        async with open_database(settings) as url:
            with talking_to_database(url):
                return await migrate(url)

    before, after = _until_told_to_stop(work())
    print(f"Already at {after}." if before == after else f"Migrated: {before or 'empty'} -> {after}")  # noqa: T201
    return DONE


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    from bot.doctor import Finding, examine

    async def work() -> list[Finding]:
        findings = []
        async for finding in examine(settings):
            print(finding, flush=True)  # noqa: T201
            findings.append(finding)
        return findings

    findings = _until_told_to_stop(work())
    if any(finding.stops_start for finding in findings):
        return CANNOT_START
    return FOUND_SOMETHING if any(finding.trouble for finding in findings) else DONE


def _until_told_to_stop(
    work: Coroutine[Any, Any, Any], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> Any:
    """Run it. The first SIGINT or SIGTERM cancels it, so that it can clean up; further ones do not hurry it."""

    async def guarded() -> Any:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        told = False

        def stop() -> None:
            nonlocal told
            if not told:
                told = True
                task.cancel()

        if sys.platform != "win32":  # there, asyncio itself does this for Ctrl-C
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
        return await work

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(guarded())


if __name__ == "__main__":
    sys.exit(main())
