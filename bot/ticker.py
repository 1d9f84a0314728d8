"""Each process's ticker: APScheduler with its memory store, started by the entry points, never by `setup_hook`.

Due work, messages and boards are rows; the ticker only makes the process look at them. Tests move the clock and call
the same functions themselves.
"""

import logging
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot import due, heartbeat, outbox
from bot.app import Quartermaster

_log = logging.getLogger(__name__)


def start(bot: Quartermaster) -> AsyncIOScheduler:
    """Tick until `shutdown`: due work and messages each second, boards four times a second, a heartbeat each 5 s."""
    scheduler = AsyncIOScheduler(timezone="UTC")

    def every(seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
        async def turn() -> None:
            try:
                await work()
            except Exception:  # the database is away: the next turn tries again
                _log.exception("%s failed; the next turn tries again", name)

        trigger = IntervalTrigger(seconds=seconds)  # type: ignore[arg-type]
        scheduler.add_job(turn, trigger, id=name, max_instances=1, coalesce=True, misfire_grace_time=None)

    every(1, lambda: due.run_once(bot.stage), "due work")
    every(1, lambda: outbox.deliver_once(bot.stage, bot), "outbox")
    every(0.25, bot.boards.draw_due, "boards")
    every(heartbeat.EVERY_SECONDS, lambda: heartbeat.beat(bot.stage), "heartbeat")
    every(3600, lambda: bot.stage.db.sweep(bot.stage.clock.now()), "sweep")
    scheduler.start()
    return scheduler
