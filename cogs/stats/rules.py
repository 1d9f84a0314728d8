"""Statistics, reckoned: where points came from and went, who has them, what loot went for and who won it. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final, Literal

from bot.kit.text import points, safe, when
from bot.refusals import Refused
from cogs.attendance.rules import Figure, day_begins
from cogs.loot.rules import median_of

DAYS: Final = 90
LONGEST_DAYS: Final = 3650
RICHEST: Final = 10
DEAREST: Final = 5

Flow = Literal["start points", "earned", "spent", "adjusted", "decayed", "brought in"]


class BadDays(Refused):
    code = "stats.days"


def check_days(days: int | None) -> int:
    """1 to 3,650; 90 when left out."""
    if days is None:
        return DAYS
    if not 1 <= days <= LONGEST_DAYS:
        raise BadDays(f"Days go from 1 to {LONGEST_DAYS:,}; leave them out for the last {DAYS}.")
    return days


def window_in_words(days: int) -> str:
    return "today" if days == 1 else f"the last {days:,} days"


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """With one decimal, rounded down; nothing of nothing is 0."""
    return (part * 1000 // whole) / 10 if whole else Decimal(0)


# --- points -----------------------------------------------------------------------------------------------------------


def flow_of(kind: str, source: str) -> Flow:
    """What a movement was, by the entry it goes back to: a reversal turns over what it reverses.

    Imports are a flow of their own: years of another system, some of it without a date. Transfers and claims add up
    to nothing.
    """
    if source == "import":
        return "brought in"
    known: dict[str, Flow] = {
        "attendance": "earned", "bonus": "earned", "loot": "spent", "decay": "decayed", "opening": "start points",
    }  # fmt: skip
    return known.get(kind, "adjusted")


def over_time(
    moved: Mapping[datetime, Decimal], now_there: Decimal, since: datetime, now: datetime
) -> list[tuple[datetime, Decimal]]:
    """What was in circulation when, from what is there now and what moved by each moment; oldest first."""
    there = now_there - sum(moved.values(), Decimal(0))
    moments = [(since, there)]
    for at, amount in sorted(moved.items()):
        there += amount
        moments.append((min(at, now), there))
    return [*moments, (now, now_there)]


@dataclass(frozen=True, slots=True)
class Wealth:
    """Who has a pool's points: those above zero, of which the richest few have a share."""

    people: int
    few: int
    percent: Decimal

    def in_words(self) -> str:
        if not self.people:
            return "Nobody has points."
        if self.people == 1:
            return "One person has points."
        who = "the richest has" if self.few == 1 else f"the richest {self.few} have"
        return f"**{self.people:,}** people have points; {who} **{self.percent:.1f} %** of them."


def wealth_of(balances: Iterable[Decimal]) -> Wealth:
    """The richest ten; where that would be everybody, the richest one."""
    have = sorted((balance for balance in balances if balance > 0), reverse=True)
    few = RICHEST if len(have) > RICHEST else 1
    return Wealth(len(have), few, percent_of(sum(have[:few], Decimal(0)), sum(have, Decimal(0))))


# --- loot -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Won:
    """An award that stands; a cost of 0 was rolled for or given."""

    item_name: str
    member_id: int
    cost: Decimal
    at: datetime


def by_week(sold: Sequence[Won], zone: tzinfo) -> list[tuple[datetime, Decimal]]:
    """The median price of each local week (from Monday) in which something was sold, oldest first."""

    def monday(won: Won) -> datetime:
        day = won.at.astimezone(zone).date()
        return day_begins(day - timedelta(days=day.weekday()), zone)

    weeks = groupby(sorted(sold, key=lambda won: won.at), monday)
    return [(week, median_of([won.cost for won in each])) for week, each in weeks]


def halves(sold: Sequence[Won], since: datetime, until: datetime) -> tuple[Decimal, Decimal] | None:
    """The median price in the older and in the newer half of a window; None where nothing was sold in one of them."""
    ordered = sorted(sold, key=lambda won: won.at)
    half = bisect_left(ordered, since + (until - since) / 2, key=lambda won: won.at)
    older, newer = ([won.cost for won in some] for some in (ordered[:half], ordered[half:]))
    return (median_of(older), median_of(newer)) if older and newer else None


def dearest(sold: Sequence[Won]) -> list[Won]:
    """The most expensive, newer first among equals."""
    return sorted(sold, key=lambda won: (won.cost, won.at), reverse=True)[:DEAREST]


@dataclass(frozen=True, slots=True)
class Winner:
    """What somebody won and paid, beside how often they were there."""

    name: str
    items: int
    spent: Decimal
    of_all: Decimal
    """Points spent by everybody."""
    attendance: Figure

    @property
    def share(self) -> Fraction:
        return Fraction(self.spent) / Fraction(self.of_all) if self.of_all else Fraction(0)

    def in_words(self) -> str:
        items = "1 item" if self.items == 1 else f"{self.items} items"
        spent = f" · **{points(self.spent)}** ({percent_of(self.spent, self.of_all):.1f} %)" if self.spent else ""
        return f"**{safe(self.name)}** · {items}{spent} · there {self.attendance.in_words()}"


def winners(won: Sequence[Won], names: Mapping[int, str], attendance: Mapping[int, Figure]) -> list[Winner]:
    """Everybody who won something or was there, by what they spent, then by items, then by attendance."""
    items: dict[int, int] = {}
    spent: dict[int, Decimal] = {}
    for each in won:
        items[each.member_id] = items.get(each.member_id, 0) + 1
        spent[each.member_id] = spent.get(each.member_id, Decimal(0)) + each.cost
    of_all = sum(spent.values(), Decimal(0))
    found = [
        Winner(names[who], items.get(who, 0), spent.get(who, Decimal(0)), of_all, figure)
        for who, figure in attendance.items()
        if who in items or figure.attended
    ]
    return sorted(found, key=lambda each: (-each.spent, -each.items, -each.attendance.share, each.name.casefold()))


def dear_in_words(won: Won, name: str) -> str:
    return f"**{points(won.cost)}** · {safe(won.item_name)} → {safe(name)} · {when(won.at, 'd')}"
