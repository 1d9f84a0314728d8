"""One more bid on an auction: taken, refused with the numbers, or asked about; and what stands then.

Several bids on one auction are decided one after the other: each decision says what the auction is `after` it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import cycle
from typing import ClassVar

from bot.refusals import Refused
from bot.typed import MOST_POINTS
from cogs.auctions.rules.terms import Bidders, Kind, Retract, Status, Terms, Tier
from cogs.dkp.rules import Purse


class AuctionOver(Refused):
    """Somebody acts on an auction that ended."""

    code: ClassVar[str] = "auctions.over"


class OwnInterest(Refused):
    """An officer who bids would decide over their own bid."""

    code: ClassVar[str] = "auctions.own_interest"


class BidCode(StrEnum):
    """Why a bid was refused; kept on its row."""

    CLOSED = "closed"
    LATE = "late"
    PAUSED = "paused"
    NOT_IN_RAID = "not_in_raid"
    NOT_IN_ROLE = "not_in_role"
    LOW_ATTENDANCE = "low_attendance"
    WON_TONIGHT = "won_tonight"
    NO_MAXIMUM = "no_maximum"
    BAD_AMOUNT = "bad_amount"
    TOO_FINE = "too_fine"
    TOO_LOW = "too_low"
    UNCHANGED = "unchanged"
    NO_LOWERING = "no_lowering"
    CANNOT_AFFORD = "cannot_afford"


@dataclass(frozen=True, slots=True)
class Bid:
    """A live bid. `sequence` is the order of locks, which is the order among bids.

    A plain bid of N is a maximum of N shown in full; with a maximum, `amount` is what was bid aloud: the auction's
    minimum, or more where the same person had bid more. In sealed forms `amount` is the offer.
    """

    sequence: int
    member_id: int
    amount: Decimal
    maximum: Decimal | None = None
    tier: Tier = Tier.ANYONE

    @property
    def most(self) -> Decimal:
        """The most it can cost, which is what is held for it while it stands."""
        return self.amount if self.maximum is None else self.maximum

    @property
    def rank(self) -> tuple[Decimal, int]:
        """Best first when sorted: the higher, then the earlier."""
        return -self.most, self.sequence


@dataclass(frozen=True, slots=True)
class Auction:
    """An auction as it stands under its lock."""

    terms: Terms
    ends_at: datetime
    status: Status = Status.OPEN
    standing: tuple[Bid, ...] = ()
    """What is held, one a person, best first: the leader; with copies at most that many; sealed: every offer."""
    price: Decimal | None = None
    """Open, one copy: where it stands."""
    extensions: int = 0
    time_given_back: bool = False
    paused_at: datetime | None = None

    @property
    def leader(self) -> Bid | None:
        """Open, one copy: who wins if nobody bids again."""
        return self.standing[0] if self.standing and self.terms.takes_maximum else None

    def of(self, member_id: int) -> Bid | None:
        """What stands of this person."""
        return next((bid for bid in self.standing if bid.member_id == member_id), None)

    def next_bid(self, member_id: int | None = None) -> Decimal:
        """The least amount that is taken from this person (None: from somebody new).

        With several copies **Bid N** beats the lowest of those standing once that many stand. Sealed: the minimum.
        """
        terms = self.terms
        if terms.kind.is_sealed:
            return terms.minimum
        if terms.takes_maximum:
            return terms.minimum if self.price is None else terms.over(self.price)
        own = None if member_id is None else self.of(member_id)
        if own is not None:
            return terms.over(own.amount)
        return terms.over(self.standing[-1].amount) if len(self.standing) >= terms.quantity else terms.minimum


@dataclass(frozen=True, slots=True)
class Bidder:
    """Who bids. `own_hold` is what this auction already holds of theirs; `purse.held` includes it."""

    member_id: int
    purse: Purse
    own_hold: Decimal = Decimal(0)
    barred: BidCode | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody asks for: an amount bid aloud, or up to where we bid for them."""

    amount: Decimal
    is_maximum: bool = False
    tier: Tier = Tier.ANYONE


@dataclass(frozen=True, slots=True)
class BidAccepted:
    bid: Bid
    after: Auction
    changes_leader: bool
    """Somebody stands now who did not before."""
    outbid: tuple[Bid, ...] = ()
    """What stood until now and does not any more; the bidder's own former bid is not among them."""

    @property
    def stands(self) -> bool:
        """False: answered by an earlier maximum."""
        return self.bid in self.after.standing


@dataclass(frozen=True, slots=True)
class BidRefused:
    """Every number the sentence and the row need: `price` is None while nobody bid, and in sealed forms."""

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
"""Notices are on by default only for auctions that last longer: in a quick one everybody watches the board."""


def decide_notice(started_at: datetime, ends_at: datetime) -> bool:
    """Whether who is outbid, or wins, gets a message unless they said otherwise."""
    return ends_at - started_at > NOTICES_OVER


def decide_who_may_bid(
    bidders: Bidders,
    *,
    in_raid: bool = False,
    in_role: bool = False,
    reaches: bool = False,
    one_win: bool = False,
    won_tonight: bool = False,
) -> BidCode | None:
    """Who may bid: `raid` (checked in, standby, or credited with a tick of it), `members`, who holds a role, or who
    `reaches` the attendance asked for; with `one_win` nobody who won tonight. None is yes.

    The capability to bid is the use case's; a running trial has none.
    """
    if one_win and won_tonight:
        return BidCode.WON_TONIGHT
    if bidders is Bidders.RAID and not in_raid:
        return BidCode.NOT_IN_RAID
    if bidders is Bidders.ROLE and not in_role:
        return BidCode.NOT_IN_ROLE
    return BidCode.LOW_ATTENDANCE if bidders is Bidders.ATTENDANCE and not reaches else None


def decide_bid(
    auction: Auction,
    bidder: Bidder,
    offer: Offer,
    *,
    sequence: int,
    received_at: datetime,
    ask_if_high: bool = False,
) -> BidAccepted | BidRefused | BidQuestioned:
    """Accept, refuse with the numbers, or ask once (`ask_if_high`: typed and not yet confirmed).

    A leader may raise the own bid, and raise the maximum (the price stays) or lower it to the price; a raise alone
    must be spendable. A bid at or under a hidden maximum is taken, loses at once and holds nothing.
    """
    code = _find_obstacle(auction, bidder, offer, received_at)
    if code is not None:
        return _refused(auction, bidder, offer, code)
    next_bid = auction.next_bid(bidder.member_id)
    # A maximum is meant to be high, and a sealed form has no price to compare with.
    asks = ask_if_high and not offer.is_maximum and auction.terms.kind is Kind.OPEN
    if asks and is_surprisingly_high(offer.amount, next_bid):
        return BidQuestioned(offer.amount, next_bid)
    bid = _bid(auction, bidder.member_id, offer, sequence)
    standing = _standing_with(auction, bid)
    held_before = {stood.member_id for stood in auction.standing}
    changes_leader = bid in standing and bid.member_id not in held_before
    ends_at, extensions = decide_anti_snipe(auction, changes_leader=changes_leader, received_at=received_at)
    after = replace(
        auction,
        standing=standing,
        price=_price_with(auction, standing, bid),
        ends_at=ends_at,
        extensions=extensions,
    )
    still = {stood.sequence for stood in standing}  # compared bid by bid, 200 sealed offers took 40 ms
    beaten = (stood for stood in auction.standing if stood.sequence not in still)
    outbid = tuple(stood for stood in beaten if stood.member_id != bidder.member_id)
    return BidAccepted(bid, after, changes_leader, outbid)


def _bid(auction: Auction, member_id: int, offer: Offer, sequence: int) -> Bid:
    """The row to be: the leader keeps a higher maximum over a plain raise, and what they bid aloud under a maximum."""
    own = auction.of(member_id) if auction.terms.takes_maximum else None
    if offer.is_maximum:
        aloud = auction.terms.minimum if own is None else own.amount
        return Bid(sequence, member_id, aloud, offer.amount, offer.tier)
    maximum = own.maximum if own is not None and own.most > offer.amount else None
    return Bid(sequence, member_id, offer.amount, maximum, offer.tier)


def _standing_with(auction: Auction, bid: Bid) -> tuple[Bid, ...]:
    """Who stands once `bid` is in: equal amounts stand in the order of locks."""
    others = [stood for stood in auction.standing if stood.member_id != bid.member_id]
    if auction.terms.kind.is_sealed:
        return (*others, bid)
    return tuple(sorted([*others, bid], key=lambda each: each.rank)[: auction.terms.quantity])


def _price_with(auction: Auction, standing: tuple[Bid, ...], bid: Bid) -> Decimal | None:
    if not auction.terms.takes_maximum:
        return None
    [leader] = standing
    others = [other for other in (*auction.standing, bid) if other.member_id != leader.member_id]
    price = price_of(auction.terms, leader, others)
    # Whoever bid before the one who led is in the price already: bids never make it fall.
    return price if auction.price is None else max(price, auction.price)


def price_of(terms: Terms, leader: Bid, others: Iterable[Bid]) -> Decimal:
    """Price = min(leader's maximum, best other maximum + increment), at least the minimum and what the leader bid
    aloud; the last step may be short."""
    price = max(leader.amount, terms.minimum)
    best = max((other.most for other in others), default=None)
    if best is not None:
        price = max(price, terms.over(best))
    return min(leader.most, price)


def _find_obstacle(auction: Auction, bidder: Bidder, offer: Offer, received_at: datetime) -> BidCode | None:
    # A bid that gets the lock after settling is too late whatever its stamp.
    if auction.status is not Status.OPEN:
        return BidCode.CLOSED
    if auction.paused_at is not None:
        return BidCode.PAUSED
    # In time: our process received the interaction before `ends_at`.
    if received_at >= auction.ends_at:
        return BidCode.LATE
    if bidder.barred is not None:
        return bidder.barred
    amount = offer.amount
    if not amount.is_finite() or not 0 < amount <= MOST_POINTS:
        return BidCode.BAD_AMOUNT
    if not has_at_most_decimals(amount, auction.terms.decimals):
        return BidCode.TOO_FINE
    if offer.is_maximum and not auction.terms.takes_maximum:
        return BidCode.NO_MAXIMUM
    if (code := _too_low(auction, bidder.member_id, offer)) is not None:
        return code
    # Raising needs new − old ≤ spendable; lowering, and a plain raise under the own maximum, need nothing.
    more = amount - bidder.own_hold
    return BidCode.CANNOT_AFFORD if more > 0 and more > bidder.purse.spendable else None


def _too_low(auction: Auction, member_id: int, offer: Offer) -> BidCode | None:
    own = auction.of(member_id)
    if auction.terms.kind.is_sealed:
        if offer.amount < auction.terms.minimum:
            return BidCode.TOO_LOW
        if own is not None and offer.amount == own.amount and offer.tier == own.tier:
            return BidCode.UNCHANGED
        lowers = own is not None and offer.amount < own.amount
        return BidCode.NO_LOWERING if lowers and auction.terms.retract is Retract.NEVER else None
    if offer.is_maximum and own is not None:
        if offer.amount == own.most:
            return BidCode.UNCHANGED
        return BidCode.TOO_LOW if offer.amount < least_maximum(auction, member_id) else None
    return BidCode.TOO_LOW if offer.amount < auction.next_bid(member_id) else None


def least_maximum(auction: Auction, member_id: int) -> Decimal:
    """The lowest maximum that is taken: a leader may lower theirs to the price, others must beat it."""
    if auction.of(member_id) is not None and auction.price is not None:
        return auction.price
    return auction.next_bid(member_id)


def _refused(auction: Auction, bidder: Bidder, offer: Offer, code: BidCode) -> BidRefused:
    own = auction.of(bidder.member_id)
    price = auction.price
    if auction.terms.kind is Kind.OPEN and not auction.terms.takes_maximum and auction.standing:
        price = own.amount if own is not None else auction.standing[-1].amount
    lowest = least_maximum if offer.is_maximum else Auction.next_bid
    return BidRefused(
        code=code,
        amount=offer.amount,
        price=price,
        next_bid=lowest(auction, bidder.member_id),
        leads=own is not None,
        balance=bidder.purse.balance,
        spendable=bidder.purse.spendable,
        own_hold=bidder.own_hold,
    )


def has_at_most_decimals(amount: Decimal, decimals: int) -> bool:
    """Every bid has at most the pool's places: `10.00` is a whole number, `10.05` is not."""
    return amount == round(amount, decimals)


def is_surprisingly_high(amount: Decimal, next_bid: Decimal) -> bool:
    """A typed bid of 20 or more that is over twice the next bid asks once."""
    return amount >= 20 and amount > 2 * next_bid


def decide_anti_snipe(auction: Auction, *, changes_leader: bool, received_at: datetime) -> tuple[datetime, int]:
    """The end and the count of extensions after an accepted bid. Open auctions only.

    When it *changes the leader* and less than the window is left, `ends_at = max(ends_at, received_at +
    extension)`. Only a move counts against the limit. Raising one's own bid or maximum, or a bid answered by a
    hidden maximum, does not extend.
    """
    terms = auction.terms
    late = auction.ends_at - received_at < terms.snipe_window
    is_snipe = terms.kind is Kind.OPEN and changes_leader and late
    moved_to = received_at + terms.snipe_extension
    if not is_snipe or moved_to <= auction.ends_at or auction.extensions >= terms.snipe_limit:
        return auction.ends_at, auction.extensions
    return moved_to, auction.extensions + 1


def is_own_interest(*, has_open_bid: bool, another_has_right: bool) -> bool:
    """Who has an open bid in an auction may not close, extend, pause, void or cancel it while another with the
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
