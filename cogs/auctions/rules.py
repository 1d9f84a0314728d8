"""What an auction decides: who leads, at what price, until when, and who won.

Pure functions on frozen dataclasses; amounts are `Decimal`, moments are aware UTC. The lines quoted in the
docstrings are the rules' own, with their numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import cycle
from typing import ClassVar

from bot.refusals import Refused
from bot.typed import MOST_POINTS
from cogs.dkp.rules import Purse

# Defaults: open, 3 m, minimum 1, increment 1, anti-snipe 20 s window, 20 s extension, limit 20.
DEFAULT_DURATION = timedelta(minutes=3)
DEFAULT_MINIMUM = Decimal(1)
DEFAULT_INCREMENT = Decimal(1)
DEFAULT_SNIPE_WINDOW = timedelta(seconds=20)
DEFAULT_SNIPE_EXTENSION = timedelta(seconds=20)
DEFAULT_SNIPE_LIMIT = 20

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=7)
SETTLE_AFTER = timedelta(seconds=1)  # settling starts at ends_at + 1 s
LAST_MINUTE = timedelta(seconds=60)  # what is left at least when a standing bid disappears or time is given back
TOLERATED_OUTAGE = timedelta(seconds=10)
SECOND_COPY_WITHIN = timedelta(minutes=10)
LONGEST_ITEM = 100
MOST_IN_A_BATCH = 25


class AuctionOver(Refused):
    code: ClassVar[str] = "auctions.over"


class BadTerms(Refused):
    code: ClassVar[str] = "auctions.terms"


class BadBatch(Refused):
    code: ClassVar[str] = "auctions.batch"


class NothingToVoid(Refused):
    code: ClassVar[str] = "auctions.nothing_to_void"


class OwnInterest(Refused):
    code: ClassVar[str] = "auctions.own_interest"


class WhichRaid(Refused):
    code: ClassVar[str] = "auctions.which_raid"


class Status(StrEnum):
    OPEN = "open"
    WON = "won"
    NO_BIDS = "no_bids"
    CANCELLED = "cancelled"


class Bidders(StrEnum):
    RAID = "raid"
    MEMBERS = "members"


class BidCode(StrEnum):
    """Why a bid was refused; kept on its row."""

    CLOSED = "closed"
    LATE = "late"
    NOT_IN_RAID = "not_in_raid"
    BAD_AMOUNT = "bad_amount"
    TOO_FINE = "too_fine"
    TOO_LOW = "too_low"
    CANNOT_AFFORD = "cannot_afford"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an auction was started with; `decimals` are its pool's."""

    minimum: Decimal = DEFAULT_MINIMUM
    increment: Decimal = DEFAULT_INCREMENT
    decimals: int = 0
    snipe_window: timedelta = DEFAULT_SNIPE_WINDOW
    snipe_extension: timedelta = DEFAULT_SNIPE_EXTENSION
    snipe_limit: int = DEFAULT_SNIPE_LIMIT


@dataclass(frozen=True, slots=True)
class Bid:
    """An accepted bid. `sequence` is the order of locks, which is the order among bids."""

    sequence: int
    member_id: int
    amount: Decimal
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Auction:
    """An auction as it stands under its lock."""

    terms: Terms
    ends_at: datetime
    status: Status = Status.OPEN
    standing: Bid | None = None
    extensions: int = 0
    time_given_back: bool = False

    @property
    def next_bid(self) -> Decimal:
        """The least amount that leads now."""
        return self.terms.minimum if self.standing is None else self.standing.amount + self.terms.increment


@dataclass(frozen=True, slots=True)
class Bidder:
    """Who bids. `own_hold` is what this auction already holds of theirs; `purse.held` includes it."""

    member_id: int
    purse: Purse
    own_hold: Decimal = Decimal(0)
    barred: BidCode | None = None


@dataclass(frozen=True, slots=True)
class BidAccepted:
    amount: Decimal
    changes_leader: bool
    ends_at: datetime
    extensions: int


@dataclass(frozen=True, slots=True)
class BidRefused:
    """Every number the sentence and the row need: `price` is None while nobody bid."""

    code: BidCode
    amount: Decimal
    price: Decimal | None
    next_bid: Decimal
    leads: bool
    balance: Decimal
    spendable: Decimal
    own_hold: Decimal


@dataclass(frozen=True, slots=True)
class BidQuestioned:
    """Not refused, not taken: "did you mean 500?"."""

    amount: Decimal
    next_bid: Decimal


def decide_who_may_bid(bidders: Bidders, *, in_raid: bool) -> BidCode | None:
    """Who may bid: `raid` (checked in, standby, or credited with a tick of it) or `members`; None is yes.

    The capability to bid is the use case's; a running trial has none.
    """
    return BidCode.NOT_IN_RAID if bidders is Bidders.RAID and not in_raid else None


def decide_bid(
    auction: Auction, bidder: Bidder, amount: Decimal, *, received_at: datetime, ask_if_high: bool = False
) -> BidAccepted | BidRefused | BidQuestioned:
    """Accept, refuse with the numbers, or ask once (`ask_if_high`: typed and not yet confirmed).

    A leader may raise the own bid; the raise alone must be spendable.
    """
    leads = auction.standing is not None and auction.standing.member_id == bidder.member_id
    code = _find_obstacle(auction, bidder, amount, received_at)
    if code is not None:
        return BidRefused(
            code=code,
            amount=amount,
            price=auction.standing.amount if auction.standing else None,
            next_bid=auction.next_bid,
            leads=leads,
            balance=bidder.purse.balance,
            spendable=bidder.purse.spendable,
            own_hold=bidder.own_hold,
        )
    if ask_if_high and is_surprisingly_high(amount, auction.next_bid):
        return BidQuestioned(amount, auction.next_bid)
    ends_at, extensions = decide_anti_snipe(auction, changes_leader=not leads, received_at=received_at)
    return BidAccepted(amount, changes_leader=not leads, ends_at=ends_at, extensions=extensions)


def _find_obstacle(auction: Auction, bidder: Bidder, amount: Decimal, received_at: datetime) -> BidCode | None:
    # A bid that gets the lock after settling is too late whatever its stamp.
    if auction.status is not Status.OPEN:
        return BidCode.CLOSED
    # In time: our process received the interaction before `ends_at`.
    if received_at >= auction.ends_at:
        return BidCode.LATE
    if bidder.barred is not None:
        return bidder.barred
    if not amount.is_finite() or not 0 < amount <= MOST_POINTS:
        return BidCode.BAD_AMOUNT
    if not has_at_most_decimals(amount, auction.terms.decimals):
        return BidCode.TOO_FINE
    if amount < auction.next_bid:
        return BidCode.TOO_LOW
    # Raising needs new − old ≤ spendable.
    if amount - bidder.own_hold > bidder.purse.spendable:
        return BidCode.CANNOT_AFFORD
    return None


def has_at_most_decimals(amount: Decimal, decimals: int) -> bool:
    """Every bid has at most the pool's places: `10.00` is a whole number, `10.05` is not."""
    return amount == round(amount, decimals)


def is_surprisingly_high(amount: Decimal, next_bid: Decimal) -> bool:
    """A typed bid of 20 or more that is over twice the next bid asks once."""
    return amount >= 20 and amount > 2 * next_bid


def decide_anti_snipe(auction: Auction, *, changes_leader: bool, received_at: datetime) -> tuple[datetime, int]:
    """The end and the count of extensions after an accepted bid.

    When it *changes the leader* and less than the window is left, `ends_at = max(ends_at, received_at +
    extension)`. Only a move counts against the limit. Raising one's own bid does not extend.
    """
    terms = auction.terms
    is_snipe = changes_leader and auction.ends_at - received_at < terms.snipe_window
    moved_to = received_at + terms.snipe_extension
    if not is_snipe or moved_to <= auction.ends_at or auction.extensions >= terms.snipe_limit:
        return auction.ends_at, auction.extensions
    return moved_to, auction.extensions + 1


@dataclass(frozen=True, slots=True)
class StandingAfter:
    """Who stands now, whose better bids were passed over (best first), and when it ends."""

    standing: Bid | None
    skipped: tuple[Bid, ...]
    ends_at: datetime


def decide_standing_after(
    auction: Auction, bids: Iterable[Bid], purses: Mapping[int, Purse], *, now: datetime
) -> StandingAfter:
    """A standing bid disappeared: resolve anew over all bids not voided, best first.

    The first whose owner can be held *now* stands again, others are skipped and told; none: back to the
    minimum. `purses` are as they are once the lost bid's hold is released; who is missing there cannot be
    held. With less than 60 s left the end becomes now + 60 s, which is not counted against the limit.
    """
    ends_at = now + LAST_MINUTE if auction.ends_at - now < LAST_MINUTE else auction.ends_at
    skipped: list[Bid] = []
    for bid in sorted((b for b in bids if not b.voided), key=lambda b: (-b.amount, b.sequence)):
        purse = purses.get(bid.member_id)
        if purse is not None and bid.amount <= purse.spendable:
            return StandingAfter(bid, tuple(skipped), ends_at)
        skipped.append(bid)
    return StandingAfter(None, tuple(skipped), ends_at)


@dataclass(frozen=True, slots=True)
class SettleLater:
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Settled or cancelled before: nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`winner` None: nobody bid, which is recorded."""

    winner: Bid | None
    status: Status


def decide_settlement(
    auction: Auction, *, now: datetime, closes_early: bool = False
) -> Settled | SettleLater | AlreadyDone:
    """Settling starts at `ends_at` + 1 s, under the lock, and does nothing if `ends_at` moved.

    An officer's `close` does not wait for the end.
    """
    if auction.status is not Status.OPEN:
        return AlreadyDone()
    due_at = auction.ends_at + SETTLE_AFTER
    if now < due_at and not closes_early:
        return SettleLater(due_at)
    return Settled(auction.standing, Status.NO_BIDS if auction.standing is None else Status.WON)


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which no process of ours lived."""

    began_at: datetime
    ready_at: datetime


def decide_time_back(auction: Auction, outages: Iterable[Outage]) -> datetime | None:
    """Down at the end: the new end, or None when there is nothing to give back.

    An auction whose last 60 s overlap more than 10 s in which no process of ours lived ends at ready + 60 s,
    once.
    """
    if auction.status is not Status.OPEN or auction.time_given_back:
        return None
    last_minute_at = auction.ends_at - LAST_MINUTE
    missed, ready_at = timedelta(0), None
    for outage in outages:
        overlap = min(auction.ends_at, outage.ready_at) - max(last_minute_at, outage.began_at)
        if overlap > timedelta(0):
            missed += overlap
            ready_at = outage.ready_at if ready_at is None else max(ready_at, outage.ready_at)
    return ready_at + LAST_MINUTE if ready_at is not None and missed > TOLERATED_OUTAGE else None


def decide_extension(auction: Auction, by: timedelta) -> datetime:
    """Officer `extend` adds and is not counted."""
    return auction.ends_at + by


def is_own_interest(*, has_open_bid: bool, another_has_right: bool) -> bool:
    """Who has an open bid in an auction may not close, extend, void or cancel it while another with the
    right exists. An outbid bid is open too: voiding the leader's would make it stand."""
    return has_open_bid and another_has_right


def bid_amounts(next_bid: Decimal, increment: Decimal) -> tuple[Decimal, ...]:
    """What the buttons bid: the next bid and a rounder second (45 and 50; 440 and 450; 1 and 5).

    The second is the next multiple of 5, 10, 20, 50, 100... increments, about a tenth of the price apart, and
    at least two increments up, so that pressing it means something.
    """
    step, factors = 5 * increment, cycle((Decimal(2), Decimal(2), Decimal("2.5")))
    while step * 10 < next_bid:
        step *= next(factors)
    second = (next_bid // step + 1) * step
    if second - next_bid < 2 * increment:
        second += step
    return tuple(amount for amount in (next_bid, second) if amount <= MOST_POINTS)


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


@dataclass(frozen=True, slots=True)
class BadBatchLine:
    number: int
    text: str
    problem: str


_COPIES = re.compile(r"\s+[x×]\s?([0-9]{1,4})$", re.IGNORECASE)
_MINIMUM = re.compile(r"\s*@\s*([0-9]{1,10}(?:[.,][0-9]{1,2})?)$")


def parse_batch(text: str, *, decimals: int = 0) -> tuple[BatchLine, ...] | BadBatchLine:
    """An item a line, `Item x2 @ 50`; x2 is two auctions of the item. The first bad line says what is wrong.

    Two different lines of one item are taken as meant: who writes it twice wants it twice.
    """
    lines: list[BatchLine] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip():
            continue
        parsed = _parse_batch_line(raw.strip(), decimals)
        if isinstance(parsed, str):
            return BadBatchLine(number, raw.strip(), parsed)
        lines.extend(parsed)
        if len(lines) > MOST_IN_A_BATCH:
            return BadBatchLine(number, raw.strip(), f"one form starts at most {MOST_IN_A_BATCH} auctions")
    return tuple(lines) or BadBatchLine(1, "", "there is no item in it")


def _parse_batch_line(line: str, decimals: int) -> Sequence[BatchLine] | str:
    item, minimum, copies = line, None, 1
    if match := _MINIMUM.search(item):
        item, minimum = item[: match.start()], Decimal(match[1].replace(",", "."))
        if minimum <= 0:
            return "the minimum must be more than 0"
        if not has_at_most_decimals(minimum, decimals):
            return "this pool counts in whole points" if decimals == 0 else f"at most {decimals} decimals"
    elif "@" in item:
        return "after @ comes the minimum, as in `@ 50`"
    if match := _COPIES.search(item):
        item, copies = item[: match.start()], int(match[1])
    item = " ".join(item.split())
    if not item:
        return "the item's name is missing"
    if len(item) > LONGEST_ITEM:
        return f"an item's name has at most {LONGEST_ITEM} characters"
    if copies < 1:
        return "the number after x must be 1 or more"
    # A number far over the limit must not first be built into a list.
    return [BatchLine(item, minimum)] * min(copies, MOST_IN_A_BATCH + 1)


def after_bid(auction: Auction, bid: Bid, decision: BidAccepted) -> Auction:
    """The auction once `bid` stands."""
    return replace(auction, standing=bid, ends_at=decision.ends_at, extensions=decision.extensions)
