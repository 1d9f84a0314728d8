"""Who stands when a bid disappears, and who may take one back. One function serves every case."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from bot.refusals import Refused
from cogs.auctions.rules.bidding import Auction, Bid, price_of
from cogs.auctions.rules.terms import Kind, Retract, Terms
from cogs.dkp.rules import Purse

LAST_MINUTE = timedelta(seconds=60)
"""What is left at least when a standing bid disappears or time is given back."""


class NothingToVoid(Refused):
    code: ClassVar[str] = "auctions.nothing_to_void"


class MayNotRetract(Refused):
    code: ClassVar[str] = "auctions.may_not_retract"


@dataclass(frozen=True, slots=True)
class StandingAfter:
    """What the auction is now; who stands who did not; whose better bids were passed over, best first."""

    auction: Auction
    again: tuple[Bid, ...] = ()
    skipped: tuple[Bid, ...] = ()


def decide_standing_after(
    auction: Auction, gone: Collection[int], live: Iterable[Bid], purses: Mapping[int, Purse], *, now: datetime
) -> StandingAfter:
    """Bids disappeared (voided, retracted where allowed, member left, right lost): `gone` are their sequences.

    Resolve anew over all bids not voided (`live`), best first: the first whose owner can be held *now* stands again,
    others are skipped and told; none: back to the minimum. With several copies every free place is filled so. In
    sealed forms nobody is waiting. `purses` are as they are once the lost holds are released; who is missing there
    cannot be held. When a bid that stood is gone and less than 60 s are left, the end becomes now + 60 s, which is
    not counted against the limit; while it is paused, now is when that began.

    Who leads on pays what others still drive the price to, never more than before. Where the price falls so, there
    are 60 s to answer, too: else a friend's high bid, taken back at the last moment, would have shielded the leader.
    """
    kept = tuple(bid for bid in auction.standing if bid.sequence not in gone)
    lost = len(kept) < len(auction.standing)
    ends_at = auction.ends_at
    if lost and auction.terms.kind is Kind.OPEN:
        ends_at = max(ends_at, (auction.paused_at or now) + LAST_MINUTE)
    if auction.terms.kind.is_sealed:
        return StandingAfter(replace(auction, standing=kept))
    remaining = sorted((bid for bid in live if bid.sequence not in gone), key=lambda bid: bid.rank)
    again, skipped = _fill(kept, remaining, purses, auction.terms.quantity - len(kept))
    standing = tuple(sorted((*kept, *again), key=lambda bid: bid.rank))
    after = replace(auction, standing=standing, ends_at=ends_at, price=None)
    if auction.terms.takes_maximum and standing:
        price = _price_of(auction.terms, standing[0], [bid for bid in remaining if bid not in skipped])
        if not again and auction.price is not None:
            price = min(price, auction.price)
            if price < auction.price:
                ends_at = max(ends_at, (auction.paused_at or now) + LAST_MINUTE)
        after = replace(after, price=price, ends_at=ends_at)
    return StandingAfter(after, again, skipped)


def _price_of(terms: Terms, leader: Bid, live: Iterable[Bid]) -> Decimal:
    """The price among the bids not above the leader's: whose bid is higher was passed over and drives nothing.

    What somebody bid aloud before they set a maximum was still said.
    """
    under = [bid for bid in live if bid.most <= leader.most]
    aloud = max((bid.amount for bid in under if bid.member_id == leader.member_id), default=leader.amount)
    others = (bid for bid in under if bid.member_id != leader.member_id)
    return price_of(terms, replace(leader, amount=aloud), others)


def _fill(
    kept: tuple[Bid, ...], remaining: list[Bid], purses: Mapping[int, Purse], places: int
) -> tuple[tuple[Bid, ...], tuple[Bid, ...]]:
    """Who takes the free places, and who was passed over on the way."""
    people = {bid.member_id for bid in kept}
    again: list[Bid] = []
    skipped: list[Bid] = []
    for bid in remaining:
        if len(again) >= places:
            break
        if bid.member_id in people:
            continue
        purse = purses.get(bid.member_id)
        if purse is None or bid.most > purse.spendable:
            skipped.append(bid)
            continue
        again.append(bid)
        people.add(bid.member_id)
    return tuple(again), tuple(skipped)


def may_retract(auction: Auction, member_id: int) -> bool:
    """Whether a person may take their bids back: `never`, `not leading` (the default), `always`.

    In sealed forms who leads is nobody's to know, so `not leading` lets an offer be taken back until the end.
    """
    retract = auction.terms.retract
    if retract is Retract.NOT_LEADING and auction.terms.kind is Kind.OPEN:
        return auction.of(member_id) is None
    return retract is not Retract.NEVER
