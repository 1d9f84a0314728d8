"""Awards, decided: how an item was given and for what, what was paid for it before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final, Literal

from bot.kit.text import points, strip_invisible
from bot.refusals import Refused

How = Literal["bid in game", "roll", "given"]
"""How an item is given without an auction here; only a bid costs something."""
COPY_WITHIN: Final = timedelta(minutes=10)
"""The same item of the same raid awarded again within this time is asked: two leaders often record one kill."""
LONGEST_ITEM: Final = 100
NOTE_LENGTH: Final = 300


class AwardUndone(Refused):
    code: ClassVar[str] = "loot.award_undone"


class BadItem(Refused):
    code: ClassVar[str] = "loot.bad_item"


class BadCost(Refused):
    code: ClassVar[str] = "loot.bad_cost"


class WhichRaid(Refused):
    code: ClassVar[str] = "loot.which_raid"


class Doubtful(Refused):
    """It may be meant, and is asked once: `label` is the answer that does it."""

    code: ClassVar[str] = "loot.doubtful"


def check_item(typed: str) -> str:
    """An item's name on one line, 1 to 100 characters."""
    item = " ".join(typed.split())
    if not strip_invisible(item).strip():
        raise BadItem("An award needs an item: type its name.")
    if len(item) > LONGEST_ITEM:
        raise BadItem(f"An item's name has at most {LONGEST_ITEM} characters; this one has {len(item)}.")
    return item


def decide_how(how: How | None, cost: Decimal | None) -> tuple[How, Decimal]:
    """How it was given, and for what: with a cost it was bid for, unless said; a roll or a gift costs nothing."""
    if cost is not None and cost < 0:
        raise BadCost("Nobody is paid for an item: type a cost of 0 or more.")
    if how is None:
        how = "bid in game" if cost else "given"
    if how == "bid in game":
        if cost is None:
            raise BadCost("What was bid? Give the cost, or say roll or given for an item that cost nothing.")
        return how, cost
    if cost:
        raise BadCost(f"What was {'rolled for' if how == 'roll' else 'given'} costs nothing: leave out cost, or how.")
    return how, Decimal(0)


@dataclass(frozen=True, slots=True)
class Prices:
    """What was paid for one item in one pool."""

    count: int
    median: Decimal
    least: Decimal
    most: Decimal
    last: Decimal
    last_at: datetime


def median_of(costs: Sequence[Decimal]) -> Decimal:
    """Of at least one; that of an even number is the exact middle of the two in the middle."""
    ordered = sorted(costs)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def summed_up(paid: Sequence[tuple[datetime, Decimal]]) -> Prices:
    """At least one price, oldest first."""
    costs = [cost for _, cost in paid]
    last_at, last = paid[-1]
    return Prices(len(costs), median_of(costs), min(costs), max(costs), last, last_at)


def in_a_line(found: Prices) -> str:
    """For a card: "Went for 40 to 75 lately, median 55 (6 sold), last 60"."""
    if found.count == 1:
        return f"Went for {points(found.last)} the one time it was sold"
    if found.least == found.most:
        return f"Went for {points(found.last)} each of the last {found.count} times"
    return (
        f"Went for {points(found.least)} to {points(found.most)} lately,"
        f" median {points(found.median)} ({found.count} sold), last {points(found.last)}"
    )
