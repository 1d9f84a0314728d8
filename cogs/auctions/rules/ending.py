"""The end: who stands when a bid disappears, when to settle, and time given back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from bot.refusals import Refused
from cogs.auctions.rules.bidding import Auction, Bid, Status
from cogs.dkp.rules import Purse

SETTLE_AFTER = timedelta(seconds=1)
"""Settling starts at `ends_at` + 1 s."""
LAST_MINUTE = timedelta(seconds=60)
"""What is left at least when a standing bid disappears or time is given back."""
TOLERATED_OUTAGE = timedelta(seconds=10)


class NothingToVoid(Refused):
    code: ClassVar[str] = "auctions.nothing_to_void"


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
