"""What attendance is: which raids count for whom, how figures compare and read, streaks and trends. Pure.

A raid counts once it ended, was not cancelled and has a tick that stands; it weighs one, or as much as it has ticks
that stand where the guild counts by ticks. It belongs to the day, in the guild's zone, that it started on.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Final

Window = int | None
"""So many days up to today; None is a lifetime."""
LIFETIME: Final = None
WINDOWS: Final[tuple[Window, ...]] = (7, 30, 60, 90, LIFETIME)
TREND_DAYS: Final = 30
VOTE_DAYS: Final = 30
VOTE_PERCENT: Final = 15
"""What voting takes in the last 30 days, as long as no guild says otherwise."""
FEWEST_RAIDS: Final = 4
"""With fewer counted raids in the last 30 days nobody reaches the vote by attendance."""
NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """So many of so many raids (or ticks)."""

    attended: int
    total: int

    @property
    def share(self) -> Fraction:
        """Exactly; nothing of nothing is 0."""
        return Fraction(self.attended, self.total) if self.total else Fraction(0)

    @property
    def percent(self) -> Decimal:
        """With one decimal, rounded down: to be shown, never compared."""
        return Decimal(self.attended * 1000 // self.total) / 10 if self.total else Decimal(0)

    def reaches(self, percent: int) -> bool:
        """100 · attended ≥ percent · total, where nothing of nothing is 0 %."""
        return 100 * self.attended >= percent * self.total if self.total else percent <= 0

    def in_words(self) -> str:
        """66.6 %, or a dash where there was no raid."""
        return f"{self.percent:.1f} %" if self.total else NOTHING


# --- days -------------------------------------------------------------------------------------------------------------


def day_begins(day: date, zone: tzinfo) -> datetime:
    """The first moment of a local day, also where the clocks change at midnight (UTC).

    Midnight that comes twice is the first of the two; one that is skipped is the moment of the change.
    """
    return datetime.combine(day, time(0), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from one to before another; an open `since` reaches back for ever."""

    since: datetime | None
    until: datetime


def span_of(window: Window, now: datetime, zone: tzinfo, *, days_ago: int = 0) -> Span:
    """The local days today − (N − 1) to today, or as many that ended `days_ago`."""
    today = now.astimezone(zone).date() - timedelta(days=days_ago)
    since = None if window is None else day_begins(today - timedelta(days=window - 1), zone)
    return Span(since, day_begins(today + timedelta(days=1), zone))


# --- the guild's raids ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountedRaid:
    """A raid that ended, was not cancelled and has `ticks` that stand, at least one."""

    raid_id: int
    started_at: datetime
    ticks: int


class Calendar:
    """The guild's counted raids in order, with running sums: a span of them is weighed by two look-ups."""

    def __init__(self, raids: Iterable[CountedRaid], count: str) -> None:
        self.by_ticks = count == "ticks"
        self.raids = sorted(raids, key=lambda raid: (raid.started_at, raid.raid_id))
        self.place = {raid.raid_id: place for place, raid in enumerate(self.raids)}
        self._starts = [raid.started_at for raid in self.raids]
        self._weights = [0, *accumulate(self.weight(place) for place in range(len(self.raids)))]

    def weight(self, place: int) -> int:
        return self.raids[place].ticks if self.by_ticks else 1

    def first_after(self, moment: datetime | None) -> int:
        """The place of the first raid that started then or later."""
        return 0 if moment is None else bisect_left(self._starts, moment)

    def places(self, span: Span, counts_from: datetime) -> range:
        """Those that started in a span and not before somebody counts."""
        since = max(self.first_after(span.since), self.first_after(counts_from))
        return range(since, max(since, self.first_after(span.until)))

    def weigh(self, places: range) -> int:
        return self._weights[places.stop] - self._weights[places.start]

    def held(self, span: Span) -> int:
        """How many counted raids started in a span."""
        return self.first_after(span.until) - self.first_after(span.since)


class _Sums:
    """Weights by place, so that those of a range are summed by two look-ups."""

    def __init__(self, weights: Mapping[int, int]) -> None:
        self._places = sorted(weights)
        self._sums = [0, *accumulate(weights[place] for place in self._places)]

    def among(self, places: range) -> int:
        return self._sums[bisect_left(self._places, places.stop)] - self._sums[bisect_left(self._places, places.start)]


# --- one person -------------------------------------------------------------------------------------------------------

Stretch = tuple[datetime, datetime | None]
"""From a moment to before another; an open end is still running."""


def counted_from(became_member_at: datetime | None, first_credit: datetime | None) -> datetime | None:
    """The earlier of becoming trial or member and the first credit (its raid's start); None: nothing counts yet."""
    known = [moment for moment in (became_member_at, first_credit) if moment is not None]
    return min(known) if known else None


def away(stays: Sequence[Stretch]) -> list[Stretch]:
    """Times between leaving and returning. Who did not return yet is away with an open end."""
    ordered = sorted(stays, key=lambda stay: stay[0])
    gaps: list[Stretch] = []
    left = ordered[0][1] if ordered else None
    for started, ended in ordered[1:]:
        if left is None:
            break
        if started > left:
            gaps.append((left, started))
        left = None if ended is None else max(left, ended)
    return gaps if left is None else [*gaps, (left, None)]


@dataclass(frozen=True, slots=True)
class Streak:
    """Counted raids attended in a row: up to the last one, and the most there ever were."""

    current: int
    best: int


class Attendance:
    """What counts for one person: where they were, what leaves both sides, and from when.

    `credited` is how many ticks of a raid credit them, each once whatever the characters. A credit outweighs an excuse
    and an absence from the server: such a raid stays in both sides.
    """

    def __init__(
        self,
        calendar: Calendar,
        *,
        counts_from: datetime | None,
        credited: Mapping[int, int],
        excused: Collection[int] = (),
        gaps: Sequence[Stretch] = (),
    ) -> None:
        self.calendar, self.counts_from, self.gaps = calendar, counts_from, tuple(gaps)
        place = calendar.place
        self.excused = frozenset(place[raid_id] for raid_id in excused if raid_id in place)
        self.there = {place[raid_id]: ticks for raid_id, ticks in credited.items() if ticks and raid_id in place}
        without = set(self.excused)
        for left, returned in gaps:
            end = len(calendar.raids) if returned is None else calendar.first_after(returned)
            without.update(range(calendar.first_after(left), end))
        self.without = without - self.there.keys()
        self._there = _Sums({place: ticks if calendar.by_ticks else 1 for place, ticks in self.there.items()})
        self._without = _Sums({place: calendar.weight(place) for place in self.without})

    def figure(self, span: Span) -> Figure:
        """Attended of all that count in a span."""
        if self.counts_from is None:
            return Figure(0, 0)
        places = self.calendar.places(span, self.counts_from)
        return Figure(self._there.among(places), self.calendar.weigh(places) - self._without.among(places))

    def streak(self, span: Span) -> Streak:
        """What leaves both sides neither adds nor breaks. Of raids always: a tick is no evening."""
        current = best = 0
        if self.counts_from is not None:
            for place in self.calendar.places(span, self.counts_from):
                if place in self.there:
                    current += 1
                    best = max(best, current)
                elif place not in self.without:
                    current = 0
        return Streak(current, best)

    def evidence(self) -> list[tuple[int, int, bool]]:
        """(raid, ticks credited, excused) of every counted raid where a row says something of them, oldest first."""
        raids = self.calendar.raids
        return [
            (raids[place].raid_id, self.there.get(place, 0), place in self.excused)
            for place in sorted(self.there.keys() | self.excused)
        ]


# --- many -------------------------------------------------------------------------------------------------------------


def places(figures: Sequence[Figure]) -> list[int]:
    """The place of each, the first being 1, when the best comes first; equal shares share one."""
    found: list[int] = []
    for number, figure in enumerate(figures, 1):
        same = number > 1 and figure.share == figures[number - 2].share
        found.append(found[-1] if same else number)
    return found


def trend(now: Figure, before: Figure) -> str | None:
    """How the last 30 days compare with the 30 before; None where one of them had no raid."""
    if not (now.total and before.total):
        return None
    return "as before" if now.share == before.share else "rising" if now.share > before.share else "falling"


def roots(absorbed: Mapping[int, int]) -> dict[int, int]:
    """Who somebody turned out to be in the end, for everybody who was absorbed; in a circle each is themselves."""
    found: dict[int, int] = {}
    for member_id in absorbed:
        seen, person = {member_id}, member_id
        while (by := absorbed.get(person)) is not None and by not in seen:
            seen.add(by)
            person = by
        found[member_id] = member_id if by is not None else person
    return found
