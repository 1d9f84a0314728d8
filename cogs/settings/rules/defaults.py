"""How raids and auctions go here unless they say otherwise: what may be set, and how it reads. Pure."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from bot.kit.text import points
from bot.refusals import Refused
from bot.typed import format_duration, is_off, parse_amount, parse_duration
from cogs.auctions.rules.typed import read_steps, steps_in_words, ties_in_words
from cogs.raids.rules import check_every

LABELS: Final = {
    "tick_points": "Points a tick",
    "on_time_seconds": "On time until",
    "standby_percent": "Standby percent",
    "attendance_count": "Attendance counts",
    "tick_every_seconds": "Automatic ticks every",
    "voice_mode": "Voice",
    "auction_seconds": "Auction duration",
    "auction_minimum": "Minimum bid",
    "auction_increment": "Increment",
    "auction_kind": "Form of auctions",
    "auction_bidders": "Who may bid",
    "auction_steps": "Increment by price",
    "auction_ties": "Order of offers",
    "auction_copies_pay": "Price of sealed copies",
    "auction_one_win": "One win a night",
    "auction_floor": "Floor of bids",
    "auction_retract": "Taking a bid back",
    "auction_without_bid": "What nobody bids on",
    "auction_names_hidden": "Who is bidding",
    "auction_all_in": "All-in",
    "item_link": "Item site",
    "snipe_window_seconds": "Late bids within",
    "snipe_extension_seconds": "Time a late bid gives",
    "snipe_limit": "Late bids that give time",
}
"""Columns of the guild, and what they are called."""
_MOST_LATE: Final = timedelta(hours=6)
_MEANS: Final = {
    "auction_copies_pay": {"own": "each their own", "lowest": "the lowest that wins, for all"},
    "auction_retract": {"never": "never", "not leading": "while not leading", "always": "always"},
    "auction_without_bid": {"rots": "left to rot", "given": "given away", "bank": "kept in the bank"},
    "auction_one_win": {True: "on", False: "off"},
    "auction_names_hidden": {True: "hidden", False: "visible"},
    "auction_all_in": {True: "on", False: "off"},
}
_NONE: Final = {"tick_every_seconds": "off", "item_link": "off", "auction_floor": "the pool's"}


class BadSetting(Refused):
    code = "settings.bad"


def read_on_time(typed: str) -> int:
    """Seconds after the start until which somebody is on time; `0`: at the start."""
    if is_off(typed):
        return 0
    span = parse_duration(typed)
    if span > _MOST_LATE:
        raise BadSetting(f"On time is until {format_duration(_MOST_LATE)} at most: type a shorter time.")
    return int(span.total_seconds())


def read_every(typed: str) -> int | None:
    """Seconds between automatic ticks, 15 minutes to 2 hours; `off`: none."""
    if is_off(typed):
        return None
    every = parse_duration(typed)
    check_every(every)
    return int(every.total_seconds())


def read_floor(typed: str, *, decimals: int) -> Decimal | None:
    """What must be left after a bid, where that is more than the pool's floor; `off`: the pool's alone."""
    if is_off(typed) and typed.strip() != "0":
        return None
    return parse_amount(typed, decimals=decimals)


def check_percent(percent: int) -> int:
    if not 0 <= percent <= 100:
        raise BadSetting("Standby is paid 0 to 100 % of a tick's points.")
    return percent


def check_points(amount: Decimal) -> Decimal:
    if amount < 0:
        raise BadSetting("A tick gives points or none: type 0 or more.")
    return amount


def check_above_zero(what: str, amount: Decimal) -> Decimal:
    if amount <= 0:
        raise BadSetting(f"The {what} of bids is more than 0: type at least the smallest step, such as 1.")
    return amount


def in_words(column: str, value: Any) -> str:
    """A setting's value as people read it."""
    if value is None:
        return _NONE.get(column, "as the auction is")
    if column in _MEANS:
        return _MEANS[column][value]
    if column == "auction_steps":
        return steps_in_words(read_steps(value))
    if column == "auction_ties":
        return ties_in_words(value)
    if isinstance(value, Decimal):
        return points(value)
    if column.endswith("_seconds"):
        return format_duration(timedelta(seconds=value)) if value else "off"
    return f"{value} %" if column == "standby_percent" else str(value)
