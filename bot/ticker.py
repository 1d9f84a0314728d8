"""Each process's ticker: APScheduler with its memory store, started by the entry points, never by `setup_hook`.

Due work, messages and boards are rows; the ticker only makes the process look at them. Tests move the clock and call
the same functions themselves.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot import due, heartbeat, outbox
from bot.app import Quartermaster
from bot.turns import TURNS_AT_ONCE

_log = logging.getLogger(__name__)


PATIENCE_SECONDS = 10
"""How long a turn that runs may take to its end when we stop."""


class Ticker(AsyncIOScheduler):
    def __init__(self) -> None:
        super().__init__(timezone="UTC")
        self.turns: set[asyncio.Task[object]] = set()

    async def stop(self) -> None:
        """No further turn; those that run come to their end, so that nothing is sent and not noted as sent."""
        self.pause()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.sleep(0)  # a turn that was handed out a moment ago begins now, and counts
                while self.turns:
                    await asyncio.wait(self.turns)
        self.shutdown(wait=False)


def start(bot: Quartermaster) -> Ticker:
    """Tick until `stop`: due work and messages each second, boards four times a second, a heartbeat each 5 s."""
    scheduler = Ticker()

    def every(seconds: float, work: Callable[[], Awaitable[object]], name: str, most: int = 1) -> None:
        failing = False

        async def turn() -> None:
            nonlocal failing
            task = asyncio.current_task()
            assert task is not None
            scheduler.turns.add(task)
            task.add_done_callback(scheduler.turns.discard)
            try:
                await work()
            except Exception:  # the database is away: the next turn tries again
                if not failing:
                    _log.exception("%s failed; the next turns try again", name)
                failing = True
            else:
                if failing:
                    _log.info("%s works again", name)
                failing = False

        trigger = IntervalTrigger(seconds=seconds)  # type: ignore[arg-type]
        scheduler.add_job(turn, trigger, id=name, max_instances=most, coalesce=True, misfire_grace_time=None)

    lived_at = bot.stage.clock.now()

    async def live() -> None:
        """A beat. After a stretch without one (suspended, or the database was away) the outage is made good."""
        nonlocal lived_at
        silent = bot.stage.clock.now() - lived_at > heartbeat.OUTAGE_OVER
        await (heartbeat.come_up(bot.stage) if silent else heartbeat.beat(bot.stage))
        lived_at = bot.stage.clock.now()

    async def do_due() -> None:
        if bot.stage.clock.now() - lived_at > heartbeat.OUTAGE_OVER:
            await live()  # before auctions are settled whose bidders could not bid
        await due.run_once(bot.stage)

    # What waits for one guild, channel or board holds up no other.
    every(1, do_due, "due work", most=TURNS_AT_ONCE)
    every(1, lambda: outbox.deliver_once(bot.stage, bot), "outbox", most=TURNS_AT_ONCE)
    every(0.25, bot.boards.draw_due, "boards", most=TURNS_AT_ONCE)
    every(heartbeat.EVERY_SECONDS, live, "heartbeat")
    every(3600, lambda: bot.stage.db.sweep(bot.stage.clock.now()), "sweep")
    scheduler.start()
    return scheduler
