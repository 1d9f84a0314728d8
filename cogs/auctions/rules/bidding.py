"""Bids: who may, how much, what the leader's standing costs and how it moves the end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import cycle
from typing import ClassVar

from bot.refusals import Refused
from bot.typed import MOST_POINTS
from cogs.dkp.rules import Purse


class AuctionOver(Refused):
    """Somebody acts on an auction that ended."""

    code: ClassVar[str] = "auctions.over"


class OwnInterest(Refused):
    """An officer who bids would decide over their own bid."""

    code: ClassVar[str] = "auctions.own_interest"


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
    """What an auction was started with; `decimals` are its pool's.

    Defaults: open, 3 m, minimum 1, increment 1, anti-snipe 20 s window, 20 s extension, limit 20. (The guild's row
    holds them too, where it may change them.)
    """

    minimum: Decimal = Decimal(1)
    increment: Decimal = Decimal(1)
    decimals: int = 0
    snipe_window: timedelta = timedelta(seconds=20)
    snipe_extension: timedelta = timedelta(seconds=20)
    snipe_limit: int = 20


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


NOTICES_OVER = timedelta(minutes=10)
"""Outbid notices are on by default only for auctions that last longer: in a quick one everybody watches the board."""


def decide_notice(started_at: datetime, ends_at: datetime) -> bool:
    """Whether who is outbid gets a message."""
    return ends_at - started_at > NOTICES_OVER


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


def after_bid(auction: Auction, bid: Bid, decision: BidAccepted) -> Auction:
    """The auction once `bid` stands."""
    return replace(auction, standing=bid, ends_at=decision.ends_at, extensions=decision.extensions)
