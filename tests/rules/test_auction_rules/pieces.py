"""Auctions, bidders and purses to decide on, and bids placed one after the other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cogs.auctions.rules.bidding import Auction, Bid, BidAccepted, Bidder, BidRefused, Offer, decide_bid
from cogs.auctions.rules.terms import Kind, Terms, Tier
from cogs.dkp.rules import Purse

D = Decimal
END = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
ANNA, BORIS, CARA, DORA = 1, 2, 3, 4


def before_end(seconds: float) -> datetime:
    return END - timedelta(seconds=seconds)


def terms(minimum: str = "1", increment: str = "1", **changes) -> Terms:
    return Terms(minimum=D(minimum), increment=D(increment), **changes)


def auction(leader: int | None = None, price: str = "44", maximum: str | None = None, **changes) -> Auction:
    """An open auction of one copy that nobody bid on yet, or that stands at `price`."""
    if leader is None:
        return replace(Auction(Terms(), END), **changes)
    standing = Bid(1, leader, D(price), None if maximum is None else D(maximum))
    return replace(Auction(Terms(), END, standing=(standing,), price=D(price)), **changes)


def sealed(*offers: Bid, kind: Kind = Kind.SEALED, **changes) -> Auction:
    return Auction(Terms(kind=kind, **changes), END, standing=offers)


def copies(quantity: int, *amounts: str, **changes) -> Auction:
    """An open auction of several copies; the standing bids are Anna's, Boris's... in this order."""
    bids = [Bid(n, n, D(amount)) for n, amount in enumerate(amounts, start=1)]
    return Auction(Terms(quantity=quantity, **changes), END, standing=tuple(sorted(bids, key=lambda bid: bid.rank)))


def purse(balance: int | Decimal, held: Decimal = D(0)) -> Purse:
    return Purse(D(balance), held, D(0))


def bidder(member_id: int = BORIS, balance: str = "500", held: str = "0", floor: str = "0", own: str = "0", **more):
    return Bidder(member_id, Purse(D(balance), D(held), D(floor)), D(own), **more)


def bid(
    now: Auction,
    member_id: int,
    amount: str | Decimal,
    *,
    up_to: bool = False,
    tier: Tier = Tier.ANYONE,
    balance: str | Decimal = "99999999",
    sequence: int = 99,
    left: float = 600,
):
    """What becomes of one bid of somebody who holds nothing elsewhere; `up_to`: a maximum."""
    own = now.of(member_id)
    held = D(0) if own is None else own.most
    who = Bidder(member_id, purse(D(balance), held), held)
    return decide_bid(
        now, who, Offer(D(amount), up_to, tier), sequence=sequence, received_at=now.ends_at - timedelta(seconds=left)
    )


def accepted(now: Auction, member_id: int, amount: str | Decimal, **how) -> BidAccepted:
    decision = bid(now, member_id, amount, **how)
    assert isinstance(decision, BidAccepted)
    return decision


def refused(now: Auction, member_id: int, amount: str | Decimal, **how) -> BidRefused:
    decision = bid(now, member_id, amount, **how)
    assert isinstance(decision, BidRefused)
    return decision


def played(now: Auction, *bids: str) -> Auction:
    """Bids in shorthand, in the order of locks: "A 44" is Anna's plain bid, "B <60" Boris's maximum."""
    taken = len(now.standing)
    for sequence, text in enumerate(bids, start=taken + 1):
        who, amount = text.split()
        member_id = "ABCD".index(who) + 1
        now = accepted(now, member_id, amount.lstrip("<"), up_to=amount.startswith("<"), sequence=sequence).after
    return now
