"""Moments taken in: ticks, credits with their evidence, seats, and the import's own row, in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot import audit
from bot.kit.text import clip, safe
from bot.stage import Session, use_case
from cogs.raids.dumps import Dump
from cogs.raids.rules import (
    PRESENT,
    AlreadyImported,
    ImportChanged,
    TickTooSoon,
    TickUndone,
    check_running,
    is_late,
    too_soon,
)
from cogs.raids.service import credit as paying
from cogs.raids.service.credit import Evidence
from cogs.raids.service.imports.evening import Evening, Moment, content_key, read_evening
from cogs.raids.service.imports.planning import Part, Planned, Way, evidence_of, plan, share_out_moments
from cogs.raids.service.imports.previews import ticks_of
from cogs.raids.service.lookups import lock_raid
from cogs.raids.service.roster import seat
from cogs.raids.service.ticks import new_tick
from cogs.raids.service.unknown.queue import queue_unknown
from db.tables import Raid, RaidImport, RaidMember, Tick


@dataclass(frozen=True, slots=True)
class DumpImported:
    """A moment that was taken in; also the fact."""

    guild_id: int
    raid_id: int
    raid_name: str
    tick_id: int | None
    number: int | None
    taken_at: datetime
    people: int
    seated: int
    total: Decimal
    not_credited: tuple[str, ...]
    unknown: int
    cut: Decimal = Decimal(0)


@use_case("raids.manage")
async def import_dump(
    session: Session,
    raid_id: int,
    file_name: str,
    dump: Dump,
    *,
    tick_id: int | None = None,
    roster_only: bool = False,
    again: bool = False,
) -> DumpImported:
    """Take a moment in: as a new tick at its time, into `tick_id`, or as seats only. The same content twice is refused.

    Everything is reckoned anew under the raid's lock. A new tick within 120 s of another is refused
    (`TickTooSoon`) unless `again`.
    """
    raid = await _lock(session, raid_id, roster_only=roster_only)
    evening, [moment] = await read_evening(session, raid, [dump])
    if tick_id is not None and tick_id not in evening.standing:
        raise TickUndone("That tick was undone meanwhile: import the file again to choose another.")
    if tick_id is None and not roster_only and not again:
        _check_not_too_soon(moment.taken_at, evening.standing.values())
    if (before := moment.already_in(roster_only=roster_only)) is not None:
        raise AlreadyImported(f"That was imported before, {before}; nothing changed.")
    way = Way((moment,), evening.standing.get(tick_id or 0), roster_only)
    [done] = await _take_in(session, evening, await plan(session, evening, [way]), file_name)
    return done


@dataclass(frozen=True, slots=True)
class MomentsImported:
    """Several moments of one file that were taken in, in order of time."""

    raid_id: int
    raid_name: str
    moments: tuple[DumpImported, ...]
    skipped: int
    """Those whose content went in before."""


@use_case("raids.manage")
async def import_moments(
    session: Session, raid_id: int, file_name: str, dumps: Sequence[Dump], ticks: Sequence[int | None]
) -> MomentsImported:
    """Take several moments in, each into the tick within 5 minutes of it, else as a new one.

    `ticks` is what the preview said (`MomentsPreview.ticks`); where the ticks changed since, it is refused.
    """
    raid = await _lock(session, raid_id)
    evening, moments = await read_evening(session, raid, dumps)
    todo = [moment for moment in moments if moment.already_in() is None]
    if not todo:
        raise AlreadyImported("All of that was imported before; nothing changed.")
    planned = await plan(session, evening, share_out_moments(evening, todo))
    if ticks_of(planned) != tuple(ticks):
        raise ImportChanged("The raid's ticks changed meanwhile: import the file again to see what it does now.")
    done = await _take_in(session, evening, planned, file_name)
    return MomentsImported(raid_id, raid.name, tuple(done), len(moments) - len(todo))


async def _lock(session: Session, raid_id: int, *, roster_only: bool = False) -> Raid:
    raid = await lock_raid(session, raid_id)
    if raid.status == "cancelled" or roster_only:
        check_running(raid.status, raid.name)
    return raid


def _check_not_too_soon(taken_at: datetime, standing: Collection[Tick]) -> None:
    if near := too_soon(taken_at, [(tick.number, tick.taken_at) for tick in standing]):
        number, seconds = near
        raise TickTooSoon(
            f"Tick {number} was taken {seconds} seconds from that file's time.", number=number, seconds=seconds
        )


async def _take_in(
    session: Session, evening: Evening, planned: Sequence[Planned], file_name: str
) -> list[DumpImported]:
    """Write what was planned. Rows and seats first, then all accounts in one lock and everybody paid."""
    raid = evening.raid
    taken: list[tuple[Part, Tick | None, RaidImport]] = []
    credits, evidence = [], {}
    for one in planned:
        tick = await _tick_for(session, raid, one.way)
        for part in one.parts:
            row = await _remember(session, raid, tick, part, file_name)
            await _seat(session, raid, part)
            taken.append((part, tick, row))
            if tick is None:
                continue
            credits += [(tick, credit) for credit in part.credits]
            for member_id, seen in part.moment.seen.items():
                shown = Evidence(seen.line.text or seen.line.name, seen.character, row.raid_import_id)
                evidence.setdefault((tick.tick_id, member_id), shown)
            waiting = set((tick.not_credited or {}).get("members", [])) | set(part.strangers)
            tick.not_credited = {"members": sorted(waiting)} if waiting else None
    paid = await paying.pay(session, raid, credits, evidence)
    return [_done(session, evening, part, tick, paid) for part, tick, _ in taken]


async def _tick_for(session: Session, raid: Raid, way: Way) -> Tick | None:
    if way.tick is not None or way.roster_only:
        return way.tick
    calls = [moment.dump.call for moment in way.moments if moment.dump.call]
    source = evidence_of(way.moments[0])
    return await new_tick(session, raid, raid.tick_points, way.taken_at, source, calls[0] if calls else None)


async def _remember(session: Session, raid: Raid, tick: Tick | None, part: Part, file_name: str) -> RaidImport:
    """The import's row; the names nobody knew wait in the queue with all that is known of them."""
    moment = part.moment
    row = RaidImport(
        guild_id=session.guild_id,
        raid_id=raid.raid_id,
        tick_id=tick.tick_id if tick else None,
        kind=moment.dump.kind,
        file_name=clip(file_name, 200),
        sha256=content_key(moment.dump, roster_only=tick is None),
        taken_at=moment.taken_at,
        imported_at=session.now,
        imported_by_user_id=session.actor.user_id or 0,
        summary={"people": len(part.credits), "seated": len(part.joins), "unknown": len(moment.unknown)},
    )
    session.add(row)
    await session.flush()
    await queue_unknown(session, raid.raid_id, row.tick_id, row.raid_import_id, moment.unknown, moment.taken_at)
    return row


async def _seat(session: Session, raid: Raid, part: Part) -> None:
    at = part.moment.taken_at
    await seat(session, raid, part.joins, PRESENT, at=at, seen_by=evidence_of(part.moment))
    await _mark_seen(session, raid, part.moment)


async def _mark_seen(session: Session, raid: Raid, moment: Moment) -> None:
    """A line of a dump is a sign of life, and may show that somebody was there before they pressed."""
    query = (
        select(RaidMember)
        .where(
            RaidMember.guild_id == session.guild_id,
            RaidMember.raid_id == raid.raid_id,
            RaidMember.member_id.in_(moment.seen),
            RaidMember.status == PRESENT,
        )
        .execution_options(populate_existing=True)
    )
    at = moment.taken_at
    for row in (await session.execute(query)).scalars():
        row.last_seen_at = max(row.last_seen_at or at, at)
        row.unseen_ticks = 0
        if row.arrived_at and at < row.arrived_at:
            row.arrived_at = at
            row.late = row.late and is_late(at, raid.started_at, session.guild.on_time_seconds)
    await session.flush()


def _done(session: Session, evening: Evening, part: Part, tick: Tick | None, paid: paying.Paid) -> DumpImported:
    raid, moment = evening.raid, part.moment
    posted = [paid.each.get((tick.tick_id, credit.member_id)) for credit in part.credits] if tick else []
    done = DumpImported(
        session.guild_id,
        raid.raid_id,
        raid.name,
        tick.tick_id if tick else None,
        tick.number if tick else None,
        moment.taken_at,
        len(part.credits),
        len(part.joins),
        sum((one.amount for one in posted if one), Decimal(0)),
        tuple(safe(evening.members[member_id].display_name) for member_id in part.strangers),
        len(moment.unknown),
        sum((one.cut for one in posted if one), Decimal(0)),
    )
    after = {
        "raid": raid.name,
        "tick": done.number,
        "points": done.total,
        "people": done.people,
        "seated": done.seated,
        "unknown": done.unknown,
    }
    audit.record(session, "raids.imported", target_id=raid.raid_id, after=after)
    session.tell(done)
    session.redraw("raid", raid.raid_id)
    return done
