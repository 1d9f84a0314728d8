"""What a file would do to a raid, for the leader who chooses; nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot import people
from bot.kit.text import clip, points, safe
from bot.stage import Session
from bot.typed import Names, name_key
from cogs.raids.dumps import Dump, DumpLine, Reading, Window
from cogs.raids.rules import FAR_FROM_RAID, PRESENT, check_running, nearest_tick
from cogs.raids.service import credit as paying
from cogs.raids.service.imports.evening import Evening, Moment, read_evening, taken_before
from cogs.raids.service.imports.planning import Part, Planned, Way, plan, share_out_moments, sum_of, worth
from cogs.raids.service.imports.zones import in_utc, moment_of, zone_of
from cogs.raids.service.lookups import get_own_raid
from cogs.raids.service.roster import Unknown
from db.tables import Raid, Tick

MOST_OFFERED = 25
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)
"""The farthest zones there are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way of taking the file in does. `total` is what reaches the accounts; `cut` is what the cap takes."""

    tick_id: int | None
    number: int | None
    taken_at: datetime | None
    people: int
    total: Decimal
    already: int
    cut: Decimal = Decimal(0)


def describe(outcome: Outcome) -> str:
    """ "12 people, 120 points" """
    if not outcome.people:
        return f"nobody new, {outcome.already} credited before" if outcome.already else "nobody new"
    who = "1 person" if outcome.people == 1 else f"{outcome.people} people"
    had = f", {outcome.already} credited before" if outcome.already else ""
    cut = f" ({points(outcome.cut)} above the cap are cut)" if outcome.cut else ""
    return f"{who}, {points(outcome.total)} points{cut}{had}"


@dataclass(frozen=True, slots=True)
class About:
    """What is to be said of the people in a file, whichever way it is taken in; names are safe to show."""

    not_credited: tuple[str, ...]
    unknown: tuple[Unknown, ...]
    not_in_file: tuple[str, ...]
    """Checked in, but not in the file: not credited by it."""
    linkdead: tuple[str, ...]
    anonymous: tuple[str, ...]
    warning: str | None


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """One moment against a raid."""

    raid_id: int
    raid_name: str
    taken_at: datetime
    time_known: bool
    zone: str
    lines: int
    place: str | None
    call: str | None
    new_tick: Outcome
    into_ticks: tuple[Outcome, ...]
    """The ticks that stand, nearest in time first, at most three."""
    roster_only: int
    """People it would seat who have no seat."""
    chosen: int | None
    """The tick preselected (the nearest within 5 minutes); None: a new one."""
    already_in: str | None
    """Where this content went before; then nothing is left to do."""
    about: About

    @property
    def not_credited(self) -> tuple[str, ...]:
        return self.about.not_credited

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        return self.about.unknown

    @property
    def not_in_file(self) -> tuple[str, ...]:
        return self.about.not_in_file

    @property
    def warning(self) -> str | None:
        return self.about.warning


async def preview_import(session: Session, raid_id: int, dump: Dump) -> ImportPreview:
    """What one moment would do to a raid, for each way of taking it in."""
    raid = await _raid(session, raid_id)
    evening, [moment] = await read_evening(session, raid, [dump])
    taken_at = moment.taken_at
    standing = sorted(evening.standing.values(), key=lambda tick: (abs(tick.taken_at - taken_at), tick.number))

    async def outcome(tick: Tick | None, *, roster_only: bool = False) -> tuple[Outcome, Part]:
        planned = await plan(session, evening, [Way((moment,), tick, roster_only)])
        paid = sum_of(await worth(session, evening, planned), planned[0].parts)
        [part] = planned[0].parts
        tick_id, number, at = (tick.tick_id, tick.number, tick.taken_at) if tick else (None, None, taken_at)
        return Outcome(tick_id, number, at, len(part.credits), paid.total, len(part.already), paid.cut), part

    new, fresh = await outcome(None)
    return ImportPreview(
        raid_id=raid_id,
        raid_name=raid.name,
        taken_at=taken_at,
        time_known=dump.taken_at is not None,
        zone=zone_of(session),
        lines=len(dump.lines),
        place=dump.zone,
        call=dump.call,
        new_tick=new,
        into_ticks=tuple([(await outcome(tick))[0] for tick in standing[:3]]),
        roster_only=len(fresh.joins),
        chosen=nearest_tick({tick.tick_id: tick.taken_at for tick in standing}, taken_at),
        already_in=moment.already_in(),
        about=await _about(session, evening, [moment], [fresh]),
    )


async def _raid(session: Session, raid_id: int) -> Raid:
    raid = await get_own_raid(session, raid_id)
    if raid.status == "cancelled":
        check_running(raid.status, raid.name)
    return raid


async def _about(session: Session, evening: Evening, moments: Sequence[Moment], parts: Iterable[Part]) -> About:
    names = {member_id: safe(member.display_name) for member_id, member in evening.members.items()}
    seen = {member_id for moment in moments for member_id in moment.seen}
    here = {seat.member_id for seat in evening.seats if seat.status == PRESENT} - seen
    lines = [line for moment in moments for line in moment.dump.lines]
    unknown = {name_key(line.name): line for moment in reversed(moments) for line in moment.unknown}
    strangers = dict.fromkeys(names[member_id] for part in parts for member_id in part.strangers)
    return About(
        tuple(strangers),
        await _near_unknown(session, list(unknown.values())),
        tuple(sorted(names[member_id] for member_id in here)),
        tuple(dict.fromkeys(safe(line.name) for line in lines if line.linkdead)),
        tuple(dict.fromkeys(safe(line.name) for line in lines if line.anonymous)),
        _warning(session, evening.raid, moments),
    )


def _warning(session: Session, raid: Raid, moments: Sequence[Moment]) -> str | None:
    later = session.now + timedelta(minutes=5)
    if any(m.dump.taken_at and in_utc(session, m.dump.taken_at) > later for m in moments):
        return "The file's time lies in the future: is the clock it was written by in another zone?"
    if any(_distance(raid, m.taken_at, session.now) > FAR_FROM_RAID for m in moments):
        return "The file is from another time than this raid: is it the right file?"
    return None


def _distance(raid: Raid, at: datetime, now: datetime) -> timedelta:
    """How far a moment is from a raid; nothing while it was on."""
    return max(raid.started_at - at, at - (raid.ended_at or now), timedelta(0))


async def _near_unknown(session: Session, lines: Sequence[DumpLine]) -> tuple[Unknown, ...]:
    """Near names for the first of them; the others are sorted out one by one, and get them there."""
    if not lines:
        return ()
    known = Names(dict.fromkeys(label for label, _ in await people.names(session)))

    def near(place: int, name: str) -> list[str]:
        return known.near(name, 2) if place < people.MOST_NEAR else []

    return tuple(Unknown(safe(line.name), tuple(map(safe, near(place, line.name)))) for place, line in enumerate(lines))


# --- files with several moments ---------------------------------------------------------------------------------------


async def window_of(session: Session, raid_id: int) -> Window:
    """What of a log can be this raid's: 6 hours around it, in the local time of any zone there is."""
    raid = await _raid(session, raid_id)
    begins = raid.started_at - FAR_FROM_RAID - _WEST
    ends = (raid.ended_at or session.now) + FAR_FROM_RAID + _EAST
    return begins.replace(tzinfo=None), ends.replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Offered:
    """One moment of a file to choose; texts are as the file has them."""

    index: int
    """Its place in the reading."""
    taken_at: datetime
    people: int
    place: str | None
    call: str | None
    into: int | None
    """The number of the tick within 5 minutes; None: a new one."""
    already_in: str | None


@dataclass(frozen=True, slots=True)
class MomentsOffered:
    raid_name: str
    zone: str
    moments: tuple[Offered, ...]
    """At most 25, those nearest to the raid, in order of time."""
    more: int
    """Further ones of that evening."""
    elsewhere: int
    """Moments of other hours, left out."""
    far: bool
    """None of them is within 6 hours of the raid."""


async def offer_moments(session: Session, raid_id: int, reading: Reading) -> MomentsOffered:
    """The moments of a file that may be this raid's."""
    raid = await _raid(session, raid_id)
    before = await taken_before(session, raid_id, reading.moments)
    standing = {tick.tick_id: tick for tick in await paying.standing_ticks(session, raid_id)}
    ticks = {tick_id: tick.taken_at for tick_id, tick in standing.items()}
    moments = []
    for index, dump in enumerate(reading.moments):
        at = moment_of(session, dump.taken_at)
        tick_id = nearest_tick(ticks, at)
        number = None if tick_id is None else standing[tick_id].number
        already = before.get(dump.content_hash, {}).get(True)
        moments.append(Offered(index, at, len(dump.names), dump.zone, dump.call, number, already))
    near = [m for m in moments if _distance(raid, m.taken_at, session.now) <= FAR_FROM_RAID]
    shown = sorted(
        near or moments,
        key=lambda m: (_distance(raid, m.taken_at, session.now), m.call is None, -m.people, m.taken_at),
    )
    kept = sorted(shown[:MOST_OFFERED], key=lambda m: (m.taken_at, m.index))
    elsewhere = len(moments) - len(near) if near else 0
    return MomentsOffered(
        raid.name, zone_of(session), tuple(kept), len(shown) - len(kept), elsewhere, bool(moments) and not near
    )


@dataclass(frozen=True, slots=True)
class MomentLine:
    """What taking one of several moments in does; the number is that of a tick that stands, None for a new one."""

    taken_at: datetime
    call: str | None
    place: str | None
    outcome: Outcome
    with_earlier: bool
    """It goes into the new tick of the moment before it."""


@dataclass(frozen=True, slots=True)
class MomentsPreview:
    """Several moments against a raid, taken in by one press."""

    raid_id: int
    raid_name: str
    zone: str
    moments: tuple[MomentLine, ...]
    skipped: tuple[str, ...]
    """Those whose content went in before: where."""
    ticks: tuple[int | None, ...]
    """For each moment that is left the tick it goes into, None for new ones: what the commit must find again."""
    people: int
    """Persons, each counted once."""
    total: Decimal
    cut: Decimal
    about: About


async def preview_moments(session: Session, raid_id: int, dumps: Sequence[Dump]) -> MomentsPreview:
    """What several moments would do, each into the tick within 5 minutes of it, else as a new one."""
    raid = await _raid(session, raid_id)
    evening, moments = await read_evening(session, raid, dumps)
    todo = [moment for moment in moments if moment.already_in() is None]
    planned = await plan(session, evening, share_out_moments(evening, todo))
    worths = await worth(session, evening, planned)
    parts = [part for one in planned for part in one.parts]
    paid = sum_of(worths, parts)
    return MomentsPreview(
        raid_id,
        raid.name,
        zone_of(session),
        tuple(
            _line(one, part, sum_of(worths, [part]).total, sum_of(worths, [part]).cut)
            for one in planned
            for part in one.parts
        ),
        tuple(where for moment in moments if (where := moment.already_in()) is not None),
        ticks_of(planned),
        len({credit.member_id for part in parts for credit in part.credits}),
        paid.total,
        paid.cut,
        await _about(session, evening, todo, parts),
    )


def ticks_of(planned: Sequence[Planned]) -> tuple[int | None, ...]:
    return tuple(one.way.tick.tick_id if one.way.tick else None for one in planned for _ in one.parts)


def _line(one: Planned, part: Part, total: Decimal, cut: Decimal) -> MomentLine:
    tick, moment = one.way.tick, part.moment
    tick_id, number = (tick.tick_id, tick.number) if tick else (None, None)
    outcome = Outcome(tick_id, number, moment.taken_at, len(part.credits), total, len(part.already), cut)
    later = tick is None and moment is not one.way.moments[0]
    return MomentLine(moment.taken_at, moment.dump.call, moment.dump.zone, outcome, later)


def unread_in_words(reading: Reading) -> tuple[str, ...]:
    """The lines that were not understood, as far as they may be shown."""
    return tuple(
        f"line {line.number}" + (f": {safe(clip(line.text, 60))}" if line.text else "")
        for line in reading.not_understood
    )
