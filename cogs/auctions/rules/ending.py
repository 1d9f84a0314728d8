"""The end: when to settle, pauses, and time given back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from bot.refusals import Refused
from cogs.auctions.rules.bidding import Auction
from cogs.auctions.rules.standing import LAST_MINUTE
from cogs.auctions.rules.terms import Status

SETTLE_AFTER = timedelta(seconds=1)
"""Settling starts at `ends_at` + 1 s."""
LEFT_AFTER_PAUSE = timedelta(seconds=30)
"""What is left at least when a paused auction goes on."""
TOLERATED_OUTAGE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SettleLater:
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Settled or cancelled before, or paused: nothing is to be done."""


@dataclass(frozen=True, slots=True)
class SettleNow:
    """Its time is over; `resolving` says who wins."""


def decide_settlement(
    auction: Auction, *, now: datetime, closes_early: bool = False
) -> SettleNow | SettleLater | AlreadyDone:
    """Settling starts at `ends_at` + 1 s, under the lock, and does nothing if `ends_at` moved or it is paused.

    An officer's `close` does not wait for the end.
    """
    if auction.status is not Status.OPEN or (auction.paused_at is not None and not closes_early):
        return AlreadyDone()
    due_at = auction.ends_at + SETTLE_AFTER
    if now < due_at and not closes_early:
        return SettleLater(due_at)
    return SettleNow()


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which no process of ours lived."""

    began_at: datetime
    ready_at: datetime


def decide_time_back(auction: Auction, outages: Iterable[Outage]) -> datetime | None:
    """Down at the end: the new end, or None when there is nothing to give back.

    An auction whose last 60 s overlap more than 10 s in which no process of ours lived ends at ready + 60 s,
    once. A paused one misses nothing.
    """
    if auction.status is not Status.OPEN or auction.time_given_back or auction.paused_at is not None:
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


class PauseRefused(Refused):
    code: ClassVar[str] = "auctions.pause"


def time_left(auction: Auction, now: datetime) -> timedelta:
    """What is left to bid; while it is paused the clock stands."""
    return auction.ends_at - (auction.paused_at or now)


def decide_resumed_end(auction: Auction, now: datetime) -> datetime:
    """`resume` gives max(remaining, 30 s)."""
    return now + max(time_left(auction, now), LEFT_AFTER_PAUSE)
