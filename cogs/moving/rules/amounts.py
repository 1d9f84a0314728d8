"""Numbers and dates as files write them: exactly, or refused with their row. Nothing is ever rounded."""

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Final

from bot.kit.text import clip, safe, strip_invisible
from bot.typed import MOST_POINTS
from cogs.moving.rules.document import BadRow, quoted

_AMOUNT = re.compile(r"([+-]?)(\d{1,12})?(?:[.,](\d*))?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?()", re.ASCII)
_FIRST_SECOND, _LAST_SECOND = 1, 4_102_444_799
"""From 1970 to the end of 2099; 0 is how programs write "never"."""
_MINUS: Final = re.compile("[−–‒]")


def read_amount(text: str | None, row: str, what: str) -> Decimal:
    """An amount with at most 2 decimals, `.` or `,` before them. Refuses nan, 1e9, -0, thousands marks, 0.125."""
    written = "" if text is None else _MINUS.sub("-", strip_invisible(text)).strip()
    found = _AMOUNT.fullmatch(written)
    if found is None or not (found[2] or found[3]):
        raise _bad(row, what, written, "is no amount I can read; write it like 430 or 12.5")
    if len(found[3] or "") > 2:
        raise _bad(row, what, written, "has more than 2 decimals, and I never round; write it with 2 at most")
    amount = Decimal(f"{found[1]}{found[2] or 0}.{found[3] or 0}")
    if not amount and amount.is_signed():
        raise _bad(row, what, written, "is minus zero, which is no amount; write 0")
    if abs(amount) > MOST_POINTS:
        raise _bad(row, what, written, f"is more than I can hold; the most is {MOST_POINTS:,}")
    return amount


def read_optional(text: str | None, row: str, what: str) -> Decimal | None:
    """An amount, or None where the file has nothing."""
    return None if text is None or not text.strip() else read_amount(text, row, what)


def read_whole(text: str | None, row: str, what: str) -> int:
    written = (text or "").strip()
    if not _WHOLE.fullmatch(written):
        raise _bad(row, what, written, "is no whole number")
    return int(written)


def read_moment(text: str | None, zone: tzinfo) -> datetime | None:
    """Seconds since 1970, an ISO date, or 17.12.2024; without a zone of its own it is meant in `zone`.

    None where there is none, or one that cannot be told apart (03/04/2024) or cannot be.
    """
    written = (text or "").strip()
    if _WHOLE.fullmatch(written):
        seconds = int(written)
        seconds //= 1000 if seconds > _LAST_SECOND * 10 else 1  # JavaScript counts in thousandths
        return datetime.fromtimestamp(seconds, UTC) if _FIRST_SECOND <= seconds <= _LAST_SECOND else None
    try:
        if found := _DATE.fullmatch(written):
            year, month, day = int(found[1]), int(found[2]), int(found[3])
        elif found := _GERMAN_DATE.fullmatch(written):
            year, month, day = int(found[3]), int(found[2]), int(found[1])
        else:
            return None
        hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
        there: tzinfo = zone
        if found[7]:
            offset = found[7].replace("Z", "+00:00").replace(":", "")
            there = datetime.strptime(offset, "%z").tzinfo or UTC
        moment = datetime(year, month, day, hour, minute, second, tzinfo=there).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= 2099 else None


def _bad(row: str, what: str, written: str, why: str) -> BadRow:
    return BadRow(f"{safe(clip(row, 80))}: {what} {quoted(written) if written else 'is empty and'} {why}.", row=row)
