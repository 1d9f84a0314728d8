"""How raids and auctions go here unless they say otherwise: what may be set, and how it reads. Pure."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from bot.kit.text import points
from bot.refusals import Refused
from bot.typed import format_duration, name_key, parse_duration
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
    "auction_bidders": "Who may bid",
    "snipe_window_seconds": "Late bids within",
    "snipe_extension_seconds": "Time a late bid gives",
    "snipe_limit": "Late bids that give time",
}
"""Columns of the guild, and what they are called."""
_OFF: Final = frozenset({"0", "0s", "0m", "off", "none", "never", "no", "-"})
_MOST_LATE: Final = timedelta(hours=6)
_MOST_SNIPE: Final = timedelta(minutes=10)
_MOST_MOVES: Final = 1000


class BadSetting(Refused):
    code = "settings.bad"


def read_on_time(typed: str) -> int:
    """Seconds after the start until which somebody is on time; `0`: at the start."""
    return _span(typed, "On time is until", _MOST_LATE)


def read_every(typed: str) -> int | None:
    """Seconds between automatic ticks, 15 minutes to 2 hours; `off`: none."""
    if name_key(typed) in _OFF:
        return None
    every = parse_duration(typed)
    check_every(every)
    return int(every.total_seconds())


def read_snipe(typed: str) -> int:
    """Seconds of the window, or of the extension; `off`: late bids give no time."""
    return _span(typed, "Late bids are about", _MOST_SNIPE)


def _span(typed: str, what: str, most: timedelta) -> int:
    if name_key(typed) in _OFF:
        return 0
    span = parse_duration(typed)
    if span > most:
        raise BadSetting(f"{what} {format_duration(most)} at most: type a shorter time.")
    return int(span.total_seconds())


def check_percent(percent: int) -> int:
    if not 0 <= percent <= 100:
        raise BadSetting("Standby is paid 0 to 100 % of a tick's points.")
    return percent


def check_moves(limit: int) -> int:
    if not 0 <= limit <= _MOST_MOVES:
        raise BadSetting(f"Late bids may give time 0 to {_MOST_MOVES} times.")
    return limit


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
        return "off" if column == "tick_every_seconds" else "as the auction is"
    if isinstance(value, Decimal):
        return points(value)
    if column.endswith("_seconds"):
        return format_duration(timedelta(seconds=value)) if value else "off"
    return f"{value} %" if column == "standby_percent" else str(value)
