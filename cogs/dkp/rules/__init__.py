"""Points, decided: which column an entry moves, what is spendable, how shares add up. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

from bot.kit.text import points, strip_invisible
from bot.refusals import Refused

MOST: Final = Decimal("9999999.99")
"""NUMERIC(12,2) holds a thousand times more, so no sum of real entries overflows it."""
REASON_LENGTH: Final = (3, 500)
INACTIVE_AFTER: Final = timedelta(days=60)
"""Without a credit for so long a person is inactive: hidden from standings unless asked, keeps points and rights."""
_JOINERS: Final = "\u200c\u200d"  # emoji and several scripts are spelt with them

EntryKind = Literal[
    "attendance", "bonus", "loot", "adjustment", "penalty", "correction",
    "decay", "transfer", "opening", "import", "reversal",
]  # fmt: skip
AdjustKind = Literal["adjustment", "bonus", "penalty", "correction"]
"""What an officer may post by hand."""
Column = Literal["opening", "earned", "spent", "adjusted"]
COLUMN: Final[dict[str, Column]] = {
    "attendance": "earned",
    "bonus": "earned",
    "loot": "spent",
    "opening": "opening",
    **dict.fromkeys(("adjustment", "penalty", "correction", "decay", "transfer", "import"), "adjusted"),
}
"""balance = opening + earned - spent + adjusted; a reversal moves the column of what it reverses."""


class ZeroAmount(Refused):
    code = "dkp.zero"


class BadReason(Refused):
    code = "dkp.reason"


class BadKind(Refused):
    code = "dkp.kind"


class AtTheCap(Refused):
    code = "dkp.at_the_cap"


class AlreadyReversed(Refused):
    code = "dkp.already_reversed"


class LinkedMeanwhile(Refused):
    """Somebody was linked to their Discord account between our look and our lock."""

    code = "dkp.linked_meanwhile"


class UndoneElsewhere(Refused):
    """The entry is part of something larger; the sentence says what to undo instead."""

    code = "dkp.undone_elsewhere"


@dataclass(frozen=True, slots=True)
class Purse:
    """An account as rules see it."""

    balance: Decimal
    held: Decimal
    floor: Decimal

    @property
    def spendable(self) -> Decimal:
        """What bids, transfers and fees may still take."""
        return self.balance - self.held - self.floor


def signed(kind: EntryKind, amount: Decimal) -> Decimal:
    """`penalty` takes |amount|, `bonus` gives it, `correction` and `adjustment` keep the sign; 0 is refused."""
    if amount == 0:
        raise ZeroAmount("0 changes nothing; give an amount such as 5 or -5.")
    if kind == "penalty":
        return -abs(amount)
    return abs(amount) if kind == "bonus" else amount


_CREDITS: Final = frozenset({"attendance", "bonus", "opening", "adjustment", "correction"})
_NEVER_CUT: Final = frozenset({"import", "claim"})


def within_cap(kind: EntryKind, source: str, amount: Decimal, balance: Decimal, cap: Decimal | None) -> Decimal:
    """What of a movement a pool's hard cap lets through; a balance above the cap already is not taken from.

    Cut are credits; not losses, refunds and reversals, transfers (refused before instead), imports and claims.
    """
    if cap is None or amount <= 0 or kind not in _CREDITS or source in _NEVER_CUT:
        return amount
    return min(amount, max(cap - balance, Decimal(0)))


def check_reason(reason: str) -> str:
    """Reasons have 3 to 500 characters that can be seen; returned in one line, without what draws nothing."""
    reason = " ".join(strip_invisible(reason, keep=_JOINERS).split())
    seen = len(strip_invisible(reason))
    least, most = REASON_LENGTH
    if seen < least or len(reason) > most:
        raise BadReason(f"A reason has {least} to {most} characters; this one has {seen}.")
    return reason


def active_since(now: datetime, zone: tzinfo) -> datetime:
    """The last midnight in the guild's zone, 60 days back: who was credited (or joined) since is active."""
    today = now.astimezone(zone).date()
    return datetime.combine(today, time(0), zone) - INACTIVE_AFTER


def rounded(amount: Decimal, decimals: int = 2) -> Decimal:
    """Half-even to the pool's places."""
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def share(total: Decimal, weights: Sequence[Decimal], decimals: int = 2) -> list[Decimal]:
    """Split a total so that the shares add up exactly: largest remainder, the earlier first among equals.

    The total has at most `decimals` places; at least one weight is above zero, none is below.
    """
    step = Decimal(1).scaleb(-decimals)
    whole = sum(weights, Decimal(0))
    exact = [total * weight / whole for weight in weights]
    shares = [part.quantize(step, ROUND_DOWN) for part in exact]
    missing = int((total - sum(shares, Decimal(0))) / step)
    by_remainder = sorted(range(len(exact)), key=lambda i: (-abs(exact[i] - shares[i]), i))
    for i in by_remainder[: abs(missing)]:
        shares[i] += step if missing > 0 else -step
    return shares


def spendable_in_words(purse: Purse, held_on: Sequence[str] = ()) -> str:
    """ "430 (500 minus 70 held on Cloak of Flames)", the number a person needs and where it comes from."""
    if not purse.held and not purse.floor:
        return points(purse.spendable)
    parts = [points(purse.balance)]
    if purse.held:
        where = f" on {', '.join(held_on)}" if held_on else ""
        parts.append(f"minus {points(purse.held)} held{where}")
    if purse.floor:
        parts.append(f"with the floor at {points(purse.floor)}")
    return f"{points(purse.spendable)} ({' '.join(parts)})"
