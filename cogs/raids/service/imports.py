"""Dumps taken into a raid: what a file would do, shown first; then done once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from bot import audit, people
from bot.kit.text import clip, points, safe
from bot.stage import Session, use_case
from bot.typed import name_key, near_names
from cogs.raids.dumps import Dump
from cogs.raids.rules import (
    FAR_FROM_RAID,
    PRESENT,
    STANDBY,
    AlreadyImported,
    BadZone,
    ImportPlan,
    Seat,
    TickTooSoon,
    TickUndone,
    check_running,
    decide_import,
    is_late,
    nearest_tick,
    standby_share,
    too_soon,
)
from cogs.raids.service import credit as paying
from cogs.raids.service.lookups import get_raid, lock_raid
from cogs.raids.service.owners import owners_at
from cogs.raids.service.roster import Unknown, entitled, seat, seats
from cogs.raids.service.ticks import new_tick
from cogs.raids.service.unknown import queue_unknown
from db.tables import Member, Raid, RaidImport, RaidMember, Tick


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way of taking the file in does."""

    tick_id: int | None
    number: int | None
    taken_at: datetime | None
    people: int
    total: Decimal
    already: int


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """A file against a raid, nothing written; names are safe to show."""

    raid_id: int
    raid_name: str
    taken_at: datetime
    time_known: bool
    zone: str
    lines: int
    new_tick: Outcome
    into_ticks: tuple[Outcome, ...]
    """The ticks that stand, nearest in time first, at most three."""
    roster_only: int
    """People it would seat who have no seat."""
    chosen: int | None
    """The tick preselected (the nearest within 5 minutes); None: a new one."""
    already_in: str | None
    """Where this content went before; then nothing is left to do."""
    not_credited: tuple[str, ...]
    unknown: tuple[Unknown, ...]
    not_in_file: tuple[str, ...]
    """Checked in, but not in the file: not credited by it."""
    not_understood: tuple[str, ...]
    warning: str | None


async def preview_import(session: Session, raid_id: int, dump: Dump) -> ImportPreview:
    """What a dump would do to a raid, for each way of taking it in."""
    raid = await get_raid(session, raid_id)
    if raid.status == "cancelled":
        check_running(raid.status, raid.name)
    taken_at, zone = _moment(session, dump)
    read = await _read(session, raid, dump, taken_at)
    standing = sorted(
        await paying.standing_ticks(session, raid_id), key=lambda tick: (abs(tick.taken_at - taken_at), tick.number)
    )
    new = await _plan(session, raid, read, None, taken_at)
    into = [(tick, await _plan(session, raid, read, tick, taken_at)) for tick in standing[:3]]
    names = {member_id: safe(member.display_name) for member_id, member in read.members.items()}
    here = {s.member_id for s in read.seats if s.status == PRESENT} - set(read.named)
    return ImportPreview(
        raid_id=raid_id,
        raid_name=raid.name,
        taken_at=taken_at,
        time_known=dump.taken_at is not None,
        zone=zone,
        lines=len(dump.lines),
        new_tick=_outcome(None, taken_at, new),
        into_ticks=tuple(_outcome(tick, tick.taken_at, plan) for tick, plan in into),
        roster_only=len(new.joins),
        chosen=nearest_tick({tick.tick_id: tick.taken_at for tick in standing}, taken_at),
        already_in=await _taken_before(session, raid_id, dump),
        not_credited=tuple(names[member_id] for member_id in new.strangers),
        unknown=await _near_unknown(session, read.unknown),
        not_in_file=tuple(sorted(names[member_id] for member_id in here)),
        not_understood=tuple(f"line {line.number}: {safe(clip(line.text, 60))}" for line in dump.not_understood),
        warning=_warning(session, raid, taken_at, dump),
    )


@dataclass(frozen=True, slots=True)
class DumpImported:
    """A dump that was taken in; also the fact."""

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
    """What the pool's cap took."""


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
    """Take a dump in: as a new tick at its time, into `tick_id`, or as seats only. The same content twice is refused.

    Everything is reckoned anew under the raid's lock. A new tick within 120 s of another is refused
    (`TickTooSoon`) unless `again`.
    """
    raid = await lock_raid(session, raid_id)
    if raid.status == "cancelled" or roster_only:
        check_running(raid.status, raid.name)
    taken_at, _ = _moment(session, dump)
    read = await _read(session, raid, dump, taken_at)
    standing = {tick.tick_id: tick for tick in await paying.standing_ticks(session, raid_id)}
    if tick_id is not None and tick_id not in standing:
        raise TickUndone("That tick was undone meanwhile: import the file again to choose another.")
    if tick_id is None and not roster_only and not again:
        _check_not_too_soon(taken_at, standing.values())
    if (before := await _taken_before(session, raid_id, dump, roster_too=roster_only)) is not None:
        raise AlreadyImported(f"That was imported before, {before}; nothing changed.")
    plan = await _plan(session, raid, read, standing.get(tick_id or 0), taken_at, credits=not roster_only)
    tick = standing.get(tick_id or 0)
    if tick is None and not roster_only:
        tick = await new_tick(session, raid, raid.tick_points, taken_at, "dump")
    await seat(session, raid, plan.joins, PRESENT, at=taken_at)
    await _mark_seen(session, raid, read, taken_at)
    paid = paying.Paid({}, Decimal(0))
    if tick is not None:
        lines = {member_id: read.line[member_id] for member_id in read.named}
        paid = await paying.pay(session, raid, [(tick, credit) for credit in plan.credits], lines)
        waiting = set((tick.not_credited or {}).get("members", [])) | set(plan.strangers)
        tick.not_credited = {"members": sorted(waiting)} if waiting else None
    imported = DumpImported(
        session.guild_id,
        raid_id,
        raid.name,
        tick.tick_id if tick else None,
        tick.number if tick else None,
        taken_at,
        len(plan.credits),
        len(plan.joins),
        paid.total,
        tuple(safe(read.members[member_id].display_name) for member_id in plan.strangers),
        len(read.unknown),
        paid.cut,
    )
    row = await _remember(session, imported, file_name, dump)
    nobody = [line for line in dump.lines if line.name in read.unknown]
    await queue_unknown(session, raid_id, imported.tick_id, row.raid_import_id, nobody, taken_at)
    return imported


async def _remember(session: Session, imported: DumpImported, file_name: str, dump: Dump) -> RaidImport:
    summary = {"people": imported.people, "seated": imported.seated, "unknown": imported.unknown}
    row = RaidImport(
        guild_id=session.guild_id,
        raid_id=imported.raid_id,
        tick_id=imported.tick_id,
        file_name=clip(file_name, 200),
        sha256=_key(dump, roster_only=imported.tick_id is None),
        taken_at=imported.taken_at,
        imported_at=session.now,
        imported_by_user_id=session.actor.user_id or 0,
        summary=summary,
    )
    session.add(row)
    await session.flush()
    after = {"raid": imported.raid_name, "tick": imported.number, "points": imported.total, **summary}
    audit.record(session, "raids.imported", target_id=imported.raid_id, after=after)
    session.tell(imported)
    session.redraw("raid", imported.raid_id)
    return row


def _check_not_too_soon(taken_at: datetime, standing: Collection[Tick]) -> None:
    if near := too_soon(taken_at, [(tick.number, tick.taken_at) for tick in standing]):
        number, seconds = near
        raise TickTooSoon(
            f"Tick {number} was taken {seconds} seconds from that file's time.", number=number, seconds=seconds
        )


def _key(dump: Dump, *, roster_only: bool) -> str:
    """What was seated only may still become a tick."""
    return f"roster:{dump.content_hash}" if roster_only else dump.content_hash


async def _taken_before(session: Session, raid_id: int, dump: Dump, *, roster_too: bool = False) -> str | None:
    keys = [_key(dump, roster_only=False), *([_key(dump, roster_only=True)] if roster_too else [])]
    query = (
        select(Tick.number)
        .select_from(RaidImport)
        .outerjoin(Tick, (Tick.guild_id == RaidImport.guild_id) & (Tick.tick_id == RaidImport.tick_id))
        .where(
            RaidImport.guild_id == session.guild_id,
            RaidImport.raid_id == raid_id,
            RaidImport.sha256.in_(keys),
            RaidImport.undone_at.is_(None),
        )
        .order_by(Tick.number)
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    return "for the roster only" if row.number is None else f"into tick {row.number}"


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """A dump with its names led to members."""

    named: tuple[int, ...]
    line: dict[int, str]
    unknown: tuple[str, ...]
    seats: Sequence[Seat]
    arrived: dict[int, datetime]
    members: dict[int, Member]


def _moment(session: Session, dump: Dump) -> tuple[datetime, str]:
    """The file's moment in UTC and the zone it was read in: the uploader's, else the guild's. Never in the future."""
    zone = (session.me.timezone if session.me else None) or session.guild.timezone
    if dump.taken_at is None:
        return session.now, zone
    return min(dump.taken_at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), session.now), zone


def _warning(session: Session, raid: Raid, taken_at: datetime, dump: Dump) -> str | None:
    zone = ZoneInfo((session.me.timezone if session.me else None) or session.guild.timezone)
    if dump.taken_at and dump.taken_at.replace(tzinfo=zone).astimezone(UTC) > session.now + timedelta(minutes=5):
        return "The file's time lies in the future: is the clock it was written by in another zone?"
    if not raid.started_at - FAR_FROM_RAID <= taken_at <= (raid.ended_at or session.now) + FAR_FROM_RAID:
        return "The file is from another time than this raid: is it the right file?"
    return None


async def _read(session: Session, raid: Raid, dump: Dump, taken_at: datetime) -> _Read:
    owners = await owners_at(session, dump.names, taken_at)
    line: dict[int, str] = {}
    unknown: dict[str, None] = {}
    for row in dump.lines:
        member_id = owners.get(name_key(row.name))
        if member_id is None:
            unknown[row.name] = None
        else:
            line.setdefault(member_id, row.name)
    roster = await seats(session, raid.raid_id)
    arrived = select(RaidMember.member_id, RaidMember.arrived_at).where(
        RaidMember.guild_id == session.guild_id, RaidMember.raid_id == raid.raid_id
    )
    everybody = select(Member).where(
        Member.guild_id == session.guild_id, Member.member_id.in_({*line, *(s.member_id for s in roster)})
    )
    return _Read(
        tuple(line),
        line,
        tuple(unknown),
        roster,
        {member_id: at for member_id, at in await session.execute(arrived) if at is not None},
        {member.member_id: member for member in (await session.execute(everybody)).scalars()},
    )


async def _near_unknown(session: Session, names: Sequence[str]) -> tuple[Unknown, ...]:
    if not names:
        return ()
    known = list(dict.fromkeys(label for label, _ in await people.names(session)))
    return tuple(Unknown(safe(n), tuple(safe(near) for near in near_names(n, known, 2))) for n in names)


async def _plan(
    session: Session, raid: Raid, read: _Read, tick: Tick | None, taken_at: datetime, *, credits: bool = True
) -> ImportPlan:
    pool = await paying.get_pool(session, raid)
    value = tick.value if tick else raid.tick_points
    had = {m for _, m in await paying.credited(session, [tick.tick_id])} if tick else set()
    bench = [
        s.member_id
        for s in read.seats
        if tick is None and s.status == STANDBY and read.arrived.get(s.member_id, taken_at) <= taken_at
        if s.added or entitled(session, read.members[s.member_id])
    ]
    return decide_import(
        read.seats,
        read.named,
        entitled={member_id for member_id, member in read.members.items() if entitled(session, member)},
        credited=had,
        value=value,
        standby_value=standby_share(value, session.guild.standby_percent, pool.decimals),
        bench=bench,
        credits=credits,
    )


def _outcome(tick: Tick | None, taken_at: datetime, plan: ImportPlan) -> Outcome:
    total = paying.total_of(plan.credits)
    if tick is None:
        return Outcome(None, None, taken_at, len(plan.credits), total, len(plan.already))
    return Outcome(tick.tick_id, tick.number, taken_at, len(plan.credits), total, len(plan.already))


async def _mark_seen(session: Session, raid: Raid, read: _Read, taken_at: datetime) -> None:
    """A line of a dump is a sign of life, and may show that somebody was there before they pressed."""
    query = select(RaidMember).where(
        RaidMember.guild_id == session.guild_id,
        RaidMember.raid_id == raid.raid_id,
        RaidMember.member_id.in_(read.named),
        RaidMember.status == PRESENT,
    )
    for row in (await session.execute(query)).scalars():
        row.last_seen_at = max(row.last_seen_at or taken_at, taken_at)
        row.unseen_ticks = 0
        if row.arrived_at and taken_at < row.arrived_at:
            row.arrived_at = taken_at
            row.late = row.late and is_late(taken_at, raid.started_at, session.guild.on_time_seconds)


# --- the uploader's zone ----------------------------------------------------------------------------------------------


@use_case("raids.manage")
async def set_file_zone(session: Session, typed: str) -> str:
    """The zone of the files this person uploads, said once: `Europe/Berlin`, or kindly near it."""
    zones = available_timezones()
    wanted = name_key(typed).replace(" ", "_")
    found = next((zone for zone in zones if zone.casefold() == wanted), None)
    if found is None:
        near = near_names(typed, sorted(zones), 3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise BadZone(f"I know no time zone {safe(clip(typed, 40))}: type one like Europe/Berlin.{hint}")
    before = session.member.timezone
    session.member.timezone = found
    audit.record(
        session,
        "raids.file_zone",
        about=session.member.member_id,
        before={"zone": before},
        after={"zone": found},
    )
    return found


def describe(outcome: Outcome) -> str:
    """ "12 people, 120 points" """
    who = "1 person" if outcome.people == 1 else f"{outcome.people} people"
    had = f", {outcome.already} credited before" if outcome.already else ""
    return f"{who}, {points(outcome.total)} points{had}"
