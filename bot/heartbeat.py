"""Is anybody alive: a row a process, written every 5 s, and the outages it reveals.

An outage is a stretch of more than 10 s in which no process of ours lived. It is noted once, by the process that
comes up after it, before that process talks to Discord.
"""

import logging
import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from bot.stage import Stage
from db.tables import Heartbeat, Outage

EVERY_SECONDS = 5
OUTAGE_OVER = timedelta(seconds=10)
_ONE_AT_A_TIME = 0x51_4D_00_02
_log = logging.getLogger(__name__)


def process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


async def beat(stage: Stage, process: str | None = None) -> None:
    """This process lives."""
    row = insert(Heartbeat).values(process=process or process_name(), beat_at=stage.clock.now())
    async with stage.db.outside() as session:
        await session.execute(
            row.on_conflict_do_update(index_elements=[Heartbeat.process], set_={"beat_at": row.excluded.beat_at})
        )


async def come_up(stage: Stage, process: str | None = None) -> tuple[datetime, datetime] | None:
    """First beat of this process; returns the outage it ended, if any, after telling the slices that care."""
    now = stage.clock.now()
    async with stage.db.outside() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ONE_AT_A_TIME})
        last = await session.scalar(select(func.max(Heartbeat.beat_at)))
        outage = (last, now) if last is not None and now - last > OUTAGE_OVER else None
        if outage is not None:
            session.add(Outage(started_at=outage[0], ended_at=outage[1]))
        row = insert(Heartbeat).values(process=process or process_name(), beat_at=now)
        await session.execute(row.on_conflict_do_update(index_elements=[Heartbeat.process], set_={"beat_at": now}))
    if outage is not None:
        for touched in stage.registry.outages:
            try:
                await touched(stage, *outage)
            except Exception:  # what is due is looked at again under its own lock
                _log.exception("the outage of %s was not made good in full", outage)
    return outage
