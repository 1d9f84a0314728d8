"""Auctions, bidders and purses to decide on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cogs.auctions.rules.bidding import (
    Auction,
    Bid,
    Bidder,
    Terms,
)
from cogs.dkp.rules import Purse

D = Decimal
END = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
ANNA, BORIS, CARA = 1, 2, 3


def before_end(seconds: float) -> datetime:
    return END - timedelta(seconds=seconds)


def auction(leader: int | None = None, price: str = "44", **changes) -> Auction:
    standing = None if leader is None else Bid(1, leader, D(price))
    return replace(Auction(Terms(), END, standing=standing), **changes)


def purse(balance: int, held: Decimal = D(0)) -> Purse:
    return Purse(D(balance), held, D(0))


def bidder(member_id: int = BORIS, balance: str = "500", held: str = "0", floor: str = "0", own: str = "0", **more):
    return Bidder(member_id, Purse(D(balance), D(held), D(floor)), D(own), **more)
