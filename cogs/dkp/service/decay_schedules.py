"""A pool's standing order to decay: set, stopped, run when it is due, moved with the guild's time zone."""

from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due
from bot.kit.text import safe, when
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.dkp.rules.decay import (
    HOUR,
    BadEvery,
    Every,
    NothingScheduled,
    in_new_zone,
    next_run,
    run_at,
    schedule_in_words,
)
from cogs.dkp.service import decays
from cogs.dkp.service.pools import get_pool
from db.tables import DecaySchedule, Guild, Pool

DECAY = "dkp.decay"
"""The kind of due work that runs a pool's schedule; its key is the pool."""


@use_case("dkp.decay")
async def schedule(session: Session, every: Every, asked: decays.Asked) -> str:
    """Let a pool decay from now on, first one period from today; a schedule it had is replaced. Says it in words."""
    if every not in get_args(Every):
        raise BadEvery("A schedule runs every week, two weeks or month.")
    pool, terms = await decays.read(session, asked)
    floor = None if asked.floor is None else parse_amount(asked.floor, decimals=pool.decimals)
    zone = ZoneInfo(session.guild.timezone)
    today = session.now.astimezone(zone).date()
    first_at = run_at(today, every, 1, zone)
    before = await _lock(session, pool.pool_id)
    values = {
        "percent": terms.percent,
        "floor": floor,
        "earned_only": terms.earned_only,
        "every": every,
        "first_at": datetime.combine(today, HOUR, zone).astimezone(UTC),
        "next_at": first_at,
        "set_at": session.now,
        "set_by_user_id": session.actor.user_id,
    }
    row = insert(DecaySchedule).values(guild_id=session.guild_id, pool_id=pool.pool_id, **values)
    await session.execute(
        row.on_conflict_do_update(index_elements=[DecaySchedule.guild_id, DecaySchedule.pool_id], set_=values)
    )
    await due.schedule(session, DECAY, pool.pool_id, first_at)
    rhythm = schedule_in_words(every, today)
    after = {"pool": pool.name, "terms": terms.in_words(), "every": rhythm, "next_at": first_at}
    audit.record(session, "dkp.decay.scheduled", target_id=pool.pool_id, after=after)
    instead = "This replaces the schedule it had. " if before is not None else ""
    return (
        f"**{safe(pool.name)}** decays {rhythm} ({safe(session.guild.timezone)}): {terms.in_words()}. {instead}"
        f"First on {when(first_at, 'F')} ({when(first_at)}); /dkp decay stop ends it."
    )


@use_case("dkp.decay")
async def stop(session: Session, pool: str | None = None) -> str:
    """End a pool's schedule; what decayed stays as it is."""
    found = await get_pool(session, pool)
    gone = await session.execute(
        delete(DecaySchedule)
        .where(DecaySchedule.guild_id == session.guild_id, DecaySchedule.pool_id == found.pool_id)
        .returning(DecaySchedule.pool_id)
    )
    if gone.scalar_one_or_none() is None:
        raise NothingScheduled(f"No decay is scheduled for {safe(found.name)}: /dkp decay schedule sets one.")
    await due.cancel(session, DECAY, found.pool_id)
    audit.record(session, "dkp.decay.stopped", target_id=found.pool_id, after={"pool": found.name})
    return f"**{safe(found.name)}** decays no more by itself. What it took stays; /dkp undo takes a run back."


async def run_due(session: Session, pool_id: int) -> None:
    """Run the schedule of a pool if its moment has come, once however often and by how many it is called.

    A moment that was missed runs late, once; what was missed after it does not, and the next is on the grid again.
    """
    standing = await _lock(session, pool_id)
    if standing is None or standing.next_at > session.now:
        return
    pool = await session.get_one(Pool, (session.guild_id, pool_id))
    zone = ZoneInfo(await _zone(session))
    due_at, anchor = standing.next_at, standing.first_at.astimezone(zone).date()
    standing.next_at = next_run(anchor, standing.every, zone, session.now)
    await due.schedule(session, DECAY, pool_id, standing.next_at)
    if pool.archived_at is not None:
        return
    terms = decays.terms_of(pool, standing.percent, standing.floor, earned_only=standing.earned_only)
    run = await decays.run_decay(session, pool, terms, scheduled_for=due_at)
    if run is None:
        return
    late = f" It was due {when(due_at, 'f')} and comes late." if session.now - due_at > due.LATE_AFTER else ""
    again = f"It decays {schedule_in_words(standing.every, anchor)}; next {when(standing.next_at, 'f')}."
    decays.announce(session, run, f"{run.in_words()}{late} {again} /dkp undo takes it back.")


async def follow_zone(session: Session, before: str) -> None:
    """The guild's time zone may have changed: every schedule keeps its mornings, in the new zone."""
    if before == session.guild.timezone:
        return
    query = (
        select(DecaySchedule)
        .where(DecaySchedule.guild_id == session.guild_id)
        .order_by(DecaySchedule.pool_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    zones = ZoneInfo(before), ZoneInfo(session.guild.timezone)
    for standing in (await session.execute(query)).scalars().all():
        standing.first_at = in_new_zone(standing.first_at, *zones)
        standing.next_at = in_new_zone(standing.next_at, *zones)
        await due.schedule(session, DECAY, standing.pool_id, standing.next_at)


async def _lock(session: Session, pool_id: int) -> DecaySchedule | None:
    query = (
        select(DecaySchedule)
        .where(DecaySchedule.guild_id == session.guild_id, DecaySchedule.pool_id == pool_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _zone(session: Session) -> str:
    """As it is under the lock: it may have changed since this transaction began."""
    query = select(Guild.timezone).where(Guild.guild_id == session.guild_id)
    return (await session.execute(query)).scalar_one()
