"""Decay, decided: what one account loses, what terms are good, when the next run is. Pure.

It never raises anybody, never takes what a board shows as somebody's bid, and leads nobody below its floor.

Of what is held, only the part that everybody can read is left out. A loss is public: were a sealed offer or a maximum
left out of it, whoever knows the percentage could reckon what it is. So hidden holds decay as if they were not there,
and bids that are no longer covered stand, as after any loss that the floor does not bind.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal
from typing import Final, Literal

from bot.kit.text import points
from bot.refusals import Refused
from cogs.dkp.rules import rounded

Every = Literal["week", "two weeks", "month"]
HOUR: Final = time(6)
"""Scheduled runs come at this hour of the guild's day, when nobody raids."""
LEAST: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)


class BadPercent(Refused):
    code = "dkp.percent"


class BadEvery(Refused):
    code = "dkp.decay.every"


class NothingToDecay(Refused):
    code = "dkp.decay.nothing"


class NothingScheduled(Refused):
    code = "dkp.decay.nothing_scheduled"


class DecayedMeanwhile(Refused):
    """Another run came between the preview and the yes."""

    code = "dkp.decay.meanwhile"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a pool decays. `floor` is decided already; `decimals` are the pool's."""

    percent: Decimal
    floor: Decimal
    earned_only: bool
    decimals: int

    def in_words(self) -> str:
        """ "10 % of what they earned, never below 50" """
        of = " of what was earned" if self.earned_only else ""
        floor = f", never below {points(self.floor)}" if self.floor else ""
        return f"{points(self.percent)} %{of}{floor}"


@dataclass(frozen=True, slots=True)
class Decaying:
    """An account as decay sees it."""

    balance: Decimal
    bid: Decimal
    """What is held that everybody can read off the boards."""
    earned: Decimal = Decimal(0)
    """Attendance and bonus and their reversals; only looked at when no more than that decays."""
    decayed: Decimal = Decimal(0)
    """Decay so far and its reversals: below zero, or zero."""


def check_percent(typed: float | Decimal) -> Decimal:
    """Above 0, at most 100, at most two decimals."""
    percent = Decimal(repr(typed)) if isinstance(typed, float) else Decimal(typed)
    if not percent.is_finite() or not LEAST <= percent <= _HUNDRED:
        raise BadPercent("A percentage goes from 0.01 to 100: type one like 10.")
    exact = percent.quantize(LEAST)
    if exact != percent:
        raise BadPercent(f"{percent} is too fine: type {points(exact)} or the like, with two decimals at most.")
    return exact


def floor_of(typed: Decimal | None, pool_floor: Decimal) -> Decimal:
    """The floor of a decay: what was asked for, else the pool's, but never a debt."""
    return max(Decimal(0), pool_floor) if typed is None else typed


def decide_loss(account: Decaying, terms: Terms) -> Decimal:
    """What an account loses, above zero, or 0.

    B is the balance less what stands as bids on the boards; with `earned_only` at most what was earned less what
    decayed before. The loss is the rounded share of B, at most down to the floor. That last step has no more places
    than the pool writes, so a floor finer than these may leave a fraction above it.
    """
    base = account.balance - account.bid
    if terms.earned_only:
        base = min(base, max(account.earned + account.decayed, Decimal(0)))
    if base <= terms.floor:
        return Decimal(0)
    room = (base - terms.floor).quantize(Decimal(1).scaleb(-terms.decimals), ROUND_DOWN)
    return max(Decimal(0), min(rounded(base * terms.percent / _HUNDRED, terms.decimals), room))


def is_protected(account: Decaying, terms: Terms) -> bool:
    """Whether somebody would lose more if there were no floor."""
    without = Terms(terms.percent, Decimal(0), terms.earned_only, terms.decimals)
    return terms.floor > 0 and decide_loss(account, terms) < decide_loss(account, without)


# --- the calendar -----------------------------------------------------------------------------------------------------


def run_at(anchor: date, every: str, number: int, zone: tzinfo) -> datetime:
    """The moment of a schedule's run number 1, 2, ...: whole periods after the day it was set, at 06:00 there.

    A month keeps its day; where a month is shorter it is the last one. Reckoned in days of the zone, so that the
    local hour stays over clock changes.
    """
    if every == "month":
        months = anchor.month - 1 + number
        year, month = anchor.year + months // 12, months % 12 + 1
        day = date(year, month, min(anchor.day, monthrange(year, month)[1]))
    else:
        day = anchor + timedelta(weeks=number * (2 if every == "two weeks" else 1))
    return datetime.combine(day, HOUR, zone).astimezone(UTC)


def next_run(anchor: date, every: str, zone: tzinfo, after: datetime) -> datetime:
    """The first moment of the schedule later than `after`: what was missed is not made up for."""
    days = (after.astimezone(zone).date() - anchor).days
    longest = {"week": 7, "two weeks": 14, "month": 31}[every]
    number = max(1, days // longest)  # never beyond it: no period is longer
    while (moment := run_at(anchor, every, number, zone)) <= after:
        number += 1
    return moment


def in_new_zone(moment: datetime, before: tzinfo, after: tzinfo) -> datetime:
    """The same local day and hour in another zone: a guild that moves keeps its mornings."""
    return moment.astimezone(before).replace(tzinfo=after).astimezone(UTC)


def schedule_in_words(every: str, anchor: date) -> str:
    """ "every week on Friday at 06:00", "every month on the 31st (the last day of a shorter month) at 06:00" """
    at = f"{HOUR:%H:%M}"
    if every != "month":
        return f"every {every} on {anchor:%A} at {at}"
    short = " (the last day of a shorter month)" if anchor.day > 28 else ""
    return f"every month on the {_ordinal(anchor.day)}{short} at {at}"


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
