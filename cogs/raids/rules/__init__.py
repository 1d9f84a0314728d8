"""What a raid decides: what a tick is worth and to whom, who was late, into which tick a dump goes.

Pure functions on frozen dataclasses; amounts are `Decimal`, moments are aware UTC. The numbers are RECKONING's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import ClassVar, Final

from bot.kit.text import points, safe
from bot.refusals import Refused
from bot.typed import format_duration

TOO_SOON: Final = timedelta(seconds=120)
NEAR_TICK: Final = timedelta(minutes=5)
REOPEN_WITHIN: Final = timedelta(hours=24)
UNSEEN_TICKS: Final = 3
"""Checked in and unseen for this many ticks: marked "?" on the board, never removed silently."""
SHORTEST_EVERY, LONGEST_EVERY = timedelta(minutes=15), timedelta(hours=2)
FAR_FROM_RAID: Final = timedelta(hours=6)
"""A dump taken this long before the start or after the end is probably another evening's."""
DEFAULT_TICK_POINTS: Final = Decimal(10)

PRESENT, STANDBY, LEFT, EXCUSED, ABSENT, REMOVED = "present", "standby", "left", "excused", "absent", "removed"
ADD_STATUSES: Final = ("present", "late", "left early", "standby", "excused", "absent")
"""What `/raid add` can say of people."""
_HERE: Final = frozenset({PRESENT, STANDBY})


class RaidOver(Refused):
    code: ClassVar[str] = "raids.over"


class RaidNotOver(Refused):
    code: ClassVar[str] = "raids.not_over"


class RaidWasCancelled(Refused):
    code: ClassVar[str] = "raids.was_cancelled"


class RaidImported(Refused):
    code: ClassVar[str] = "raids.imported"


class ReopenTooLate(Refused):
    code: ClassVar[str] = "raids.reopen_too_late"


class TickTooSoon(Refused):
    code: ClassVar[str] = "raids.tick_too_soon"


class NoTickYet(Refused):
    code: ClassVar[str] = "raids.no_tick_yet"


class TickUndone(Refused):
    code: ClassVar[str] = "raids.tick_undone"


class NobodyToCredit(Refused):
    code: ClassVar[str] = "raids.nobody_to_credit"


class BadTickValue(Refused):
    code: ClassVar[str] = "raids.bad_tick_value"


class BadName(Refused):
    code: ClassVar[str] = "raids.bad_name"


class BadZone(Refused):
    code: ClassVar[str] = "raids.bad_zone"


class BadInterval(Refused):
    code: ClassVar[str] = "raids.bad_interval"


class NotOnRoster(Refused):
    code: ClassVar[str] = "raids.not_on_roster"


class BadStatus(Refused):
    code: ClassVar[str] = "raids.bad_status"


class WasRemoved(Refused):
    code: ClassVar[str] = "raids.was_removed"


class AlreadyImported(Refused):
    code: ClassVar[str] = "raids.already_imported"


class ImportChanged(Refused):
    code: ClassVar[str] = "raids.import_changed"


class NothingToRecord(Refused):
    code: ClassVar[str] = "raids.nothing_to_record"


class WhichRaid(Refused):
    code: ClassVar[str] = "raids.which"


@dataclass(frozen=True, slots=True)
class Seat:
    """One person on the roster as a tick finds them."""

    member_id: int
    status: str
    added: bool = False
    """A leader put them here: credited whatever their role group."""
    last_seen_at: datetime | None = None
    unseen_ticks: int = 0
    seen_by: str = "button"
    """What put them here; a leader's word for it is `added`."""

    @property
    def evidence(self) -> str:
        """What shows that they are here when nothing new does."""
        return "officer" if self.added else self.seen_by


@dataclass(frozen=True, slots=True)
class Credit:
    member_id: int
    amount: Decimal
    standby: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class TickPlan:
    """What a tick does. `joins` were seen and take a seat; `strangers` were seen and are not credited."""

    credits: tuple[Credit, ...]
    joins: tuple[int, ...] = ()
    strangers: tuple[int, ...] = ()
    out_of_voice: tuple[int, ...] = ()
    """Checked in but not in the voice channel of a raid that requires it."""
    unseen: tuple[tuple[int, int], ...] = ()
    """(member_id, ticks in a row without being seen) for every present seat."""

    @property
    def total(self) -> Decimal:
        return sum((credit.amount for credit in self.credits), Decimal(0))


def tick_value(*candidates: Decimal | None) -> Decimal:
    """The tick's own, else the event's, else the pool's, else the guild's, else 10: the first that is given."""
    return next((value for value in candidates if value is not None), DEFAULT_TICK_POINTS)


def check_tick_value(value: Decimal) -> None:
    """A tick is worth nothing or more; points are taken with a penalty."""
    if value < 0:
        raise BadTickValue(f"A tick cannot take points away ({points(value)}): type 0 or more, or use /dkp adjust.")


def check_every(every: timedelta | None) -> None:
    """Automatic ticks come every 15 minutes to 2 hours."""
    if every is not None and not SHORTEST_EVERY <= every <= LONGEST_EVERY:
        raise BadInterval(
            f"Automatic ticks come every 15m to 2h, not every {format_duration(every)}: type an interval in between."
        )


def standby_share(value: Decimal, percent: int, decimals: int) -> Decimal:
    """What standby is paid for a tick (50 % by default), half-even to the pool's decimals."""
    return (value * percent / 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def is_late(arrived_at: datetime, started_at: datetime, on_time_seconds: int) -> bool:
    """On time is checked in or credited by start + 15 min, that moment included."""
    return arrived_at > started_at + timedelta(seconds=on_time_seconds)


def too_soon(moment: datetime, ticks: Iterable[tuple[int, datetime]]) -> tuple[int, int] | None:
    """A second tick of one raid within 120 s is not taken: (number, seconds between) of the nearest such tick.

    `ticks` are the numbers and moments of those that stand.
    """
    number, taken_at = min(ticks, key=lambda tick: abs(moment - tick[1]), default=(0, None))
    if taken_at is None or abs(moment - taken_at) >= TOO_SOON:
        return None
    return number, int(abs(moment - taken_at).total_seconds())


def check_not_too_soon(now: datetime, ticks: Iterable[tuple[int, datetime]]) -> None:
    if near := too_soon(now, ticks):
        number, seconds = near
        raise TickTooSoon(f"Tick {number} was taken {seconds} seconds ago.", number=number, seconds=seconds)


def check_ours(data_import_id: int | None, name: str) -> None:
    """A raid that came with an import was held elsewhere: it has no channel here, and is undone with the import."""
    if data_import_id is not None:
        raise RaidImported(
            f"{safe(name)} came with an import and stays as it came: undo the import with /dkp undo"
            f" (type import:{data_import_id}), or post a correction with /dkp adjust."
        )


def check_running(status: str, name: str) -> None:
    """Ticks, check-ins and the end are for a raid that runs."""
    if status == "cancelled":
        raise RaidWasCancelled(f"{safe(name)} was cancelled; /raid start begins a new raid.")
    if status != "running":
        raise RaidOver(f"{safe(name)} is over; a leader can open it again with /raid reopen within 24 hours.")


def decide_tick(
    seats: Sequence[Seat],
    *,
    voice: Collection[int] | None,
    voice_required: bool,
    entitled: Collection[int],
    value: Decimal,
    standby_value: Decimal,
    seen_since: datetime,
) -> TickPlan:
    """Who is credited when a leader, or the clock, takes a tick.

    `voice` are the members in the raid's voice channel, None where it has none. Voice adds people; where it is
    required, only who is checked in *and* there is credited, except the bench, which need not be there. `entitled`
    are members and running trials; who a leader put on the roster is credited too. Who left or was removed is not
    brought back by being heard. `seen_since` is the previous tick, or the start.
    """
    heard = frozenset(voice or ())
    seated = {seat.member_id: seat for seat in seats}
    credits: list[Credit] = []
    strangers: list[int] = []
    out_of_voice: list[int] = []
    unseen: list[tuple[int, int]] = []
    for seat in seats:
        if seat.status not in _HERE:
            continue
        if not (seat.added or seat.member_id in entitled):
            strangers.append(seat.member_id)
            continue
        if seat.status == STANDBY:
            credits.append(Credit(seat.member_id, standby_value, True, seat.evidence))
            continue
        in_voice = seat.member_id in heard
        seen = in_voice or (seat.last_seen_at is not None and seat.last_seen_at > seen_since)
        unseen.append((seat.member_id, 0 if seen else seat.unseen_ticks + 1))
        if voice is not None and voice_required and not in_voice:
            out_of_voice.append(seat.member_id)
            continue
        evidence = "voice" if in_voice and not seat.added else seat.evidence
        credits.append(Credit(seat.member_id, value, False, evidence))
    joins: list[int] = []
    for member_id in sorted(heard):
        seat = seated.get(member_id)
        if seat is not None and seat.status not in {EXCUSED, ABSENT}:
            continue
        if not voice_required and (member_id in entitled or (seat is not None and seat.added)):
            joins.append(member_id)
            credits.append(Credit(member_id, value, False, "voice"))
        else:
            strangers.append(member_id)
    return TickPlan(tuple(credits), tuple(joins), tuple(strangers), tuple(out_of_voice), tuple(unseen))


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a dump does to a raid: whom it seats, whom it credits, whom it names without crediting."""

    credits: tuple[Credit, ...]
    joins: tuple[int, ...]
    strangers: tuple[int, ...]
    already: tuple[int, ...]
    """Credited by that tick before: nobody is credited twice."""


def decide_import(
    seats: Sequence[Seat],
    named: Collection[int],
    *,
    entitled: Collection[int],
    credited: Collection[int],
    value: Decimal,
    standby_value: Decimal,
    bench: Collection[int],
    credits: bool,
) -> ImportPlan:
    """Who a dump credits: the people it names, in full; and, for a new tick, the `bench` with standby's share.

    Who was removed stays removed. `credits` False seats people only ("roster only").
    """
    seated = {seat.member_id: seat for seat in seats}
    paid: list[Credit] = []
    joins: list[int] = []
    strangers: list[int] = []
    already: list[int] = []
    for member_id in sorted(named):
        seat = seated.get(member_id)
        added = seat is not None and seat.added
        if (seat is not None and seat.status == REMOVED) or not (member_id in entitled or added):
            strangers.append(member_id)
            continue
        if seat is None or seat.status in {EXCUSED, ABSENT}:
            joins.append(member_id)
        if member_id in credited:
            already.append(member_id)
        elif credits:
            paid.append(Credit(member_id, value, False, "dump"))
    if credits:
        rest = sorted(set(bench) - set(named) - set(credited))
        paid += [Credit(member_id, standby_value, True, seated[member_id].evidence) for member_id in rest]
    return ImportPlan(tuple(paid), tuple(joins), tuple(strangers), tuple(already))


def nearest_tick(ticks: Mapping[int, datetime], taken_at: datetime) -> int | None:
    """The tick a dump belongs to: the nearest within 5 minutes (the earlier of two as near), else None: a new one."""
    near = [(abs(at - taken_at), at, tick_id) for tick_id, at in ticks.items() if abs(at - taken_at) <= NEAR_TICK]
    return min(near)[2] if near else None


def share_out(moments: Sequence[datetime], ticks: Mapping[int, datetime]) -> list[int]:
    """Into which tick each moment goes, given in order of time: one within 5 minutes, else a new one.

    New ones are -1, -2 and so on, and take what follows within 5 minutes of them.
    """
    known, chosen = dict(ticks), list[int]()
    for at in moments:
        tick_id = nearest_tick(known, at)
        if tick_id is None:
            tick_id = min([0, *known]) - 1
            known[tick_id] = at
        chosen.append(tick_id)
    return chosen


def next_automatic(due_at: datetime, every: timedelta, now: datetime) -> datetime:
    """The next automatic tick: in step with the first; those missed while we were down are not made up for."""
    steps = max(1, (now - due_at) // every + 1)
    return due_at + steps * every


def check_reopen(status: str, ended_at: datetime | None, now: datetime) -> None:
    """An ended raid can be reopened for 24 h; a cancelled one cannot."""
    if status == "cancelled":
        raise RaidWasCancelled("That raid was cancelled and its ticks are reversed: start a new one with /raid start.")
    if status == "running" or ended_at is None:
        raise RaidNotOver("That raid is still running: nothing to reopen.")
    if now - ended_at > REOPEN_WITHIN:
        raise ReopenTooLate(
            "That raid ended more than 24 hours ago: add people to its ticks with /raid add, or start a new one."
        )
