"""Due work: anything that must happen later is a row with a due time, done once by whichever process is alive.

A narrow function finds what is due across guilds; each row is then claimed by one guarded update under a lease, done
by its registered handler, and marked done. A process that dies in between leaves a lease that lapses, and the handler
is called again: handlers look at the rows they act on and do nothing when the thing is done. After downtime overdue
work is done once, in the order it was due.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.dialects.postgresql import insert

from bot import log
from bot.stage import Actor, Session, Stage
from bot.turns import each_guild
from db.tables import DueJob

LEASE = timedelta(seconds=60)
LATE_AFTER = timedelta(seconds=30)
"""Work done later than this says so."""
PATIENCE_SECONDS = 50
"""A handler that takes longer is broken off before its lease ends."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row of due work."""

    guild_id: int
    due_job_id: int
    kind: str
    key: str
    payload: dict[str, Any]
    due_at: datetime
    late: bool
    """Done more than 30 s after it was due: the process was down or busy."""
    attempt: int = 1


async def schedule(
    session: Session, kind: str, key: str | int, due_at: datetime, payload: dict[str, Any] | None = None
) -> None:
    """Do `kind` for `key` at `due_at`; scheduling it again moves it, also when it was done before."""
    values = {"payload": payload or {}, "due_at": due_at}
    again = {**values, "lease_until": None, "done_at": None, "attempts": 0, "last_error": None}
    row = insert(DueJob).values(guild_id=session.guild_id, kind=kind, key=str(key), **values)
    await session.execute(
        row.on_conflict_do_update(index_elements=[DueJob.guild_id, DueJob.kind, DueJob.key], set_=again)
    )


async def cancel(session: Session, kind: str, key: str | int) -> None:
    """It need not happen any more."""
    await session.execute(
        update(DueJob)
        .where(DueJob.guild_id == session.guild_id, DueJob.kind == kind, DueJob.key == str(key))
        .values(done_at=session.now)
    )


async def run_once(stage: Stage) -> int:
    """Do everything that is due now; returns how many rows this process did. One guild's trouble stops no other."""

    async def one_guild(guild_id: int, job_ids: list[int]) -> int:
        return sum([await _do(stage, guild_id, job_id) for job_id in job_ids])

    keys = await stage.db.due_jobs_across(stage.clock.now(), shards=stage.shards)
    return await each_guild(stage, "due", keys, one_guild)


async def _do(stage: Stage, guild_id: int, job_id: int) -> bool:
    itself = Actor.itself(guild_id)
    with log.request(guild_id, None, log.new_code()):
        try:
            job = await stage.run(itself, lambda session: _claim(session, job_id))
            if job is None:
                return False
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await stage.registry.due[job.kind](stage, job)
            except Exception as error:
                reason = repr(error)
                _log.exception("due work %s %s failed; it is tried again", job.kind, job.key)
                await stage.run(itself, lambda session: _put_back(session, job, reason))
                return False
            await _finish(stage, job)
            return True
        except Exception:
            _log.exception("due work %s could not be claimed or finished", job_id)
            return False


async def _claim(session: Session, job_id: int) -> Job | None:
    """One guarded update: whoever gets the row does it; the others see nothing to do."""
    row = (
        await session.execute(
            update(DueJob)
            .where(
                DueJob.guild_id == session.guild_id,
                DueJob.due_job_id == job_id,
                DueJob.done_at.is_(None),
                DueJob.due_at <= session.now,
                or_(DueJob.lease_until.is_(None), DueJob.lease_until <= session.now),
            )
            .values(lease_until=session.now + LEASE, attempts=DueJob.attempts + 1)
            .returning(DueJob.kind, DueJob.key, DueJob.payload, DueJob.due_at, DueJob.attempts)
        )
    ).one_or_none()
    if row is None:
        return None
    late = session.now - row.due_at > LATE_AFTER
    return Job(session.guild_id, job_id, row.kind, row.key, row.payload, row.due_at, late, row.attempts)


def _ours(job: Job) -> tuple[ColumnElement[bool], ...]:
    """The row as we claimed it: not moved (its tries begin anew then), and not taken over when our lease lapsed."""
    return (
        DueJob.guild_id == job.guild_id,
        DueJob.due_job_id == job.due_job_id,
        DueJob.due_at == job.due_at,
        DueJob.attempts == job.attempt,
    )


async def _finish(stage: Stage, job: Job) -> None:
    """Marked done only if it was not moved meanwhile: a handler that schedules its own next time keeps it.

    Not through the stage, whose door makes the guild's row when it is missing: the work may have erased the guild.
    """
    async with stage.db.guild(job.guild_id) as session:
        await session.execute(update(DueJob).where(*_ours(job)).values(done_at=stage.clock.now(), lease_until=None))


async def _put_back(session: Session, job: Job, error: str) -> None:
    """Tried again after 5 s, 10 s, 20 s, ... at most an hour apart."""
    wait = min(5 * 2 ** (job.attempt - 1), 3600)
    await session.execute(
        update(DueJob)
        .where(*_ours(job))
        .values(lease_until=session.now + timedelta(seconds=wait), last_error=error[:500])
    )
