"""Starting: terms, second copies, and what a batch form holds."""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from bot.kit.text import points, strip_invisible
from bot.refusals import Refused
from bot.typed import MOST_POINTS, format_duration
from cogs.auctions.rules.bidding import has_at_most_decimals
from cogs.auctions.rules.terms import Kind

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=7)
SECOND_COPY_WITHIN = timedelta(minutes=10)
LONGEST_ITEM = 100
MOST_IN_A_BATCH = 25
MOST_COPIES = 50


class BadTerms(Refused):
    code: ClassVar[str] = "auctions.terms"


class BadBatch(Refused):
    code: ClassVar[str] = "auctions.batch"


class WhichRaid(Refused):
    code: ClassVar[str] = "auctions.which_raid"


def check_item(item: str) -> str:
    """An item's name on one line, 1 to 100 characters."""
    item = " ".join(item.split())
    if not strip_invisible(item).strip():
        raise BadTerms("An auction needs an item: type its name.")
    if len(item) > LONGEST_ITEM:
        raise BadTerms(f"An item's name has at most {LONGEST_ITEM} characters; this one has {len(item)}.")
    return item


def check_terms(minimum: Decimal, increment: Decimal, duration: timedelta) -> None:
    """A minimum and an increment above 0, and 10 seconds to 7 days of time."""
    if minimum <= 0:
        raise BadTerms("The minimum must be more than 0: leave it out for the guild's.")
    if increment <= 0:
        raise BadTerms("The increment must be more than 0: leave it out for the guild's.")
    check_duration(duration)


def check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MOST_COPIES:
        raise BadTerms(f"One auction is of 1 to {MOST_COPIES} copies, not {quantity}.")


def check_floor(floor: Decimal, pool_floor: Decimal) -> None:
    """An auction may ask that more is left than its pool does, never less."""
    if floor < pool_floor:
        raise BadTerms(
            f"A floor of {points(floor)} is lower than the pool's, which is {points(pool_floor)}: type that or more."
        )


def check_form(kind: Kind, quantity: int, asked: Set[str]) -> None:
    """Refuses what was asked for this auction and would do nothing in its form, so that nobody counts on it."""
    late = asked & {"snipe_window", "snipe_extension", "snipe_limit"}
    if kind.is_sealed and late:
        raise BadTerms("Late offers give no time in a sealed auction, as nobody sees them: leave the snipe rules out.")
    if not kind.is_sealed and "ties" in asked:
        raise BadTerms("Ties order sealed offers, and in an open auction the bids do it: leave ties out, or seal it.")
    if "copies_pay" in asked and not (kind.is_sealed and quantity > 1):
        raise BadTerms("Copies_pay is for several copies in a sealed form; here each pays their own: leave it out.")


def check_duration(duration: timedelta) -> None:
    if not SHORTEST <= duration <= LONGEST:
        raise BadTerms(
            f"An auction takes {format_duration(SHORTEST)} to {format_duration(LONGEST)}, not "
            f"{format_duration(duration)}: type a time in between, such as 3m."
        )


@dataclass(frozen=True, slots=True)
class RunningAuction:
    """Just enough of an open auction to notice a second copy."""

    auction_id: int
    item_key: str
    raid_id: int | None
    started_at: datetime
    ends_at: datetime


def decide_second_copy(
    item_key: str, raid_id: int | None, running: Iterable[RunningAuction], *, now: datetime
) -> RunningAuction | None:
    """A second open auction of one item in one raid within 10 minutes asks; this is the one that is up.

    Of several the latest to end, since that is the one worth showing.
    """
    copies = [
        up
        for up in running
        if (up.item_key, up.raid_id) == (item_key, raid_id)
        and now - up.started_at < SECOND_COPY_WITHIN
        and up.ends_at > now
    ]
    return max(copies, key=lambda up: (up.ends_at, up.auction_id), default=None)


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One auction to start; `minimum` None is the guild's."""

    item: str
    minimum: Decimal | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class BadBatchLine:
    number: int
    text: str
    problem: str


_COPIES = re.compile(r"\s+[x×]\s?([0-9]{1,4})$", re.IGNORECASE)
_MINIMUM = re.compile(r"\s*@\s*([0-9]{1,10}(?:[.,][0-9]{1,2})?)$")


def parse_batch(text: str, *, decimals: int = 0) -> tuple[BatchLine, ...] | BadBatchLine:
    """An item a line, `Item x2 @ 50`; x2 is one auction of two copies. The first bad line says what is wrong.

    Two different lines of one item are taken as meant: who writes it twice wants it twice.
    """
    lines: list[BatchLine] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip():
            continue
        parsed = _parse_batch_line(raw.strip(), decimals)
        if isinstance(parsed, str):
            return BadBatchLine(number, raw.strip(), parsed)
        lines.append(parsed)
        if len(lines) > MOST_IN_A_BATCH:
            return BadBatchLine(number, raw.strip(), f"one form starts at most {MOST_IN_A_BATCH} auctions")
    return tuple(lines) or BadBatchLine(1, "", "there is no item in it")


def _parse_batch_line(line: str, decimals: int) -> BatchLine | str:
    item, minimum, copies = line, None, 1
    if match := _MINIMUM.search(item):
        item, minimum = item[: match.start()], Decimal(match[1].replace(",", "."))
        if minimum <= 0:
            return "the minimum must be more than 0"
        if minimum > MOST_POINTS:
            return f"the minimum is at most {MOST_POINTS:,}"
        if not has_at_most_decimals(minimum, decimals):
            return "this pool counts in whole points" if decimals == 0 else f"at most {decimals} decimals"
    elif "@" in item:
        return "after @ comes the minimum, as in `@ 50`"
    if match := _COPIES.search(item):
        item, copies = item[: match.start()], int(match[1])
    item = " ".join(item.split())
    if not strip_invisible(item).strip():
        return "the item's name is missing"
    if len(item) > LONGEST_ITEM:
        return f"an item's name has at most {LONGEST_ITEM} characters"
    if not 1 <= copies <= MOST_COPIES:
        return f"the number after x must be 1 to {MOST_COPIES}"
    return BatchLine(item, minimum, copies)
