"""What people type: amounts, durations, times and names, read kindly and never guessed.

Each reader answers with a value or refuses with one sentence that says what to type instead.
Bounds that belong to a use case (a minimum bid, zero, a sign) are not checked here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import ClassVar, Final

from rapidfuzz import fuzz, process

from bot.kit.text import clip, safe, strip_invisible
from bot.refusals import Refused

MOST_POINTS: Final = Decimal("9999999.99")
LONGEST: Final = timedelta(days=366)
_NEAR_ENOUGH: Final = 70  # of 100; below it rapidfuzz offers names that share only a letter or two


class BadAmount(Refused):
    code: ClassVar[str] = "amount.unreadable"


class AmountTooLarge(BadAmount):
    code: ClassVar[str] = "amount.too_large"


class TooManyDecimals(BadAmount):
    code: ClassVar[str] = "amount.too_many_decimals"


class BadDuration(Refused):
    code: ClassVar[str] = "duration.unreadable"


class BadTime(Refused):
    code: ClassVar[str] = "time.unreadable"


def _quoted(text: str) -> str:
    return f"“{safe(clip(text.strip(), 40))}”"


def _folded(text: str) -> str:
    """Full-width digits and letters as plain ones, one space between words, nothing invisible."""
    return " ".join(unicodedata.normalize("NFKC", strip_invisible(text)).split())


_OFF: Final = frozenset({"off", "none", "never", "no", "-", "0", "0s", "0m"})


def is_off(text: str) -> bool:
    """Whether somebody switches something off: `off`, `none`, `never`, `no`, `-`, or no time at all."""
    return name_key(text) in _OFF


# --- amounts -----------------------------------------------------------------------------------------

# Whole part, then fraction. `1,234` is a thousand, as no pool has three decimals; `1.234` may be either.
_SHAPES = tuple(
    re.compile(shape, re.ASCII)
    for shape in (
        r"([1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?",
        r"([1-9]\d{0,2}(?:\.\d{3})+),(\d+)",
        r"([1-9]\d{0,2}(?:\.\d{3}){2,})()",
        r"([1-9]\d{0,2}(?:[ '’_]\d{3})+)(?:[.,](\d+))?",
        r"(\d*)[.,](\d+)",
        r"(\d+)[.,]?()",
    )
)
_SHORT_HAND = re.compile(r"[+-]?\d[\d.,]*(?:e\+?\d+|k|m)", re.ASCII | re.IGNORECASE)


def parse_amount(text_or_float: str | float | Decimal, *, decimals: int) -> Decimal:
    """An exact amount with `decimals` places, between -9,999,999.99 and 9,999,999.99.

    Reads `1,234.5`, `1.234,5`, `1 234`, `12,5` and full-width digits. Refuses with `BadAmount`,
    `AmountTooLarge` or `TooManyDecimals`; never rounds. Zero and signs are for the caller to judge.
    """
    typed = str(text_or_float)
    if isinstance(text_or_float, str):
        number = _read_amount(typed)
    else:
        number = Decimal(repr(text_or_float)) if isinstance(text_or_float, float) else Decimal(text_or_float)
        if not number.is_finite():
            raise _not_an_amount(typed)
    if not number and number.is_signed():
        raise BadAmount("Minus zero is no amount: type 0, or an amount with its sign.", typed=typed)
    if abs(number) > MOST_POINTS:
        raise AmountTooLarge(
            f"{_quoted(typed)} is more than I can hold: type an amount up to 9,999,999.99.", typed=typed
        )
    exact = number.quantize(Decimal(1).scaleb(-decimals))
    if exact != number:
        allowed = {0: "whole points", 1: "one decimal at most"}.get(decimals, f"{decimals} decimals at most")
        raise TooManyDecimals(
            f"{_quoted(typed)} is too fine: this pool has {allowed}, so type {exact} or the like.",
            typed=typed,
            decimals=decimals,
        )
    return exact


def _read_amount(typed: str) -> Decimal:
    text = re.sub("[−–‒]", "-", _folded(typed))
    sign = "-" if text.startswith("-") else ""
    digits = re.sub(r"^[+-] ?", "", text)
    for shape in _SHAPES:
        if found := shape.fullmatch(digits):
            whole = re.sub(r"\D", "", found[1])
            return Decimal(f"{sign}{whole or 0}.{found[2] or 0}")
    if _SHORT_HAND.fullmatch(text):
        raise BadAmount(f"{_quoted(typed)} is short-hand: type the amount in full, like 1200.", typed=typed)
    raise _not_an_amount(typed)


def _not_an_amount(typed: str) -> BadAmount:
    return BadAmount(f"{_quoted(typed)} is no amount I can read: type a number like 430 or 12.5.", typed=typed)


# --- durations ---------------------------------------------------------------------------------------

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT_NAMES = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "week", "weeks"),
}
_UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in names}
_DURATION_PART = re.compile(r"(\d+(?:[.,]\d+)?) ?([a-z]+)", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """A span of whole seconds, above zero and at most 366 days: `90s`, `2m`, `1h30m`, `1.5 hours`, `3d`.

    A bare number is refused, because 90 means seconds to one person and minutes to another.
    """
    folded = _folded(text).casefold()
    if re.fullmatch(r"\d{1,9}", folded, re.ASCII):
        raise BadDuration(f"{folded} of what? Type {folded}s for seconds or {folded}m for minutes.", typed=text)
    refusal = BadDuration(f"{_quoted(text)} is no duration I can read: type one like 90s, 2m, 1h30m or 3d.", typed=text)
    seconds, used, at = Decimal(0), set[str](), 0
    compact = re.sub(r"(?:,| and\b)(?= )", "", folded)
    for found in _DURATION_PART.finditer(compact):
        unit = _UNITS.get(found[2])
        if unit is None or unit in used or compact[at : found.start()].strip() or len(found[1]) > 12:
            raise refusal
        seconds += Decimal(found[1].replace(",", ".")) * _SECONDS[unit]
        used.add(unit)
        at = found.end()
    if not used or compact[at:].strip():
        raise refusal
    if not 0 < int(seconds) <= LONGEST.total_seconds():
        raise BadDuration(f"{_quoted(text)} is outside what I can keep time for: one second to 366 days.", typed=text)
    return timedelta(seconds=int(seconds))


def format_duration(duration: timedelta) -> str:
    """`1h 30m`, `3d`, `45s`: what `parse_duration` reads back as the same whole seconds."""
    left = max(0, int(duration.total_seconds()))
    parts: list[str] = []
    for unit in "dhms":
        count, left = divmod(left, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


# --- times -------------------------------------------------------------------------------------------

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(
    r"(?:^|(?<=[ ,]))(?:at )?(?:"
    r"(?P<h24>[01]?\d|2[0-3])[:.](?P<m24>[0-5]\d)(?P<seconds>:[0-5]\d)?|"
    r"(?P<h12>0?[1-9]|1[0-2])(?:[:.](?P<m12>[0-5]\d))? ?(?P<half>[ap])\.?m\.?|"
    r"(?P<hour>[01]?\d|2[0-3]) ?h|"
    r"(?P<word>noon|midnight)"
    r")$",
    re.ASCII,
)


def parse_time(text: str, *, zone: tzinfo, now: datetime) -> datetime:
    """A moment in UTC, in the guild's `zone`: `tomorrow 20:00`, `fri 8pm`, `in 2 hours`, `24 dec 19:00`, ISO.

    An hour or weekday alone is the next one still to come; a date without a year likewise. A local hour
    that a clock change skips moves forward by it, one that comes twice is the first. Refuses: `BadTime`.
    """
    folded = _folded(text).casefold()
    local_now = now.astimezone(zone)
    try:
        if folded.startswith("in "):
            return now.astimezone(UTC) + parse_duration(folded[3:])
        if re.match(r"\d{4}-\d{2}-\d{2}[t ]\d", folded, re.ASCII):
            moment = datetime.fromisoformat(folded.upper().replace(" ", "T", 1).replace(" ", ""))
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        clock = _CLOCK.search(folded)
        if clock:
            hour = _clock_time(clock)
            day = _read_day(folded[: clock.start()].strip(" ,"), hour, local_now)
            if day:
                return datetime.combine(day, hour, zone).astimezone(UTC)
    except (ValueError, OverflowError, BadDuration):
        pass
    raise BadTime(
        f"{_quoted(text)} is no time I can read: type one like tomorrow 20:00, fri 8pm or 2026-12-24 19:30.",
        typed=text,
    )


def _clock_time(clock: re.Match[str]) -> time:
    if clock["word"]:
        return time(12) if clock["word"] == "noon" else time(0)
    if clock["half"]:
        return time(int(clock["h12"]) % 12 + (12 if clock["half"] == "p" else 0), int(clock["m12"] or 0))
    if clock["hour"]:
        return time(int(clock["hour"]))
    return time(int(clock["h24"]), int(clock["m24"]), int((clock["seconds"] or ":0")[1:]))


def _read_day(words: str, hour: time, local_now: datetime) -> date | None:
    today = local_now.date()
    passed = hour <= local_now.time()
    if not words:
        return today + timedelta(days=int(passed))
    named = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
    if words in named:
        return today + timedelta(days=named[words])
    weekday = re.fullmatch(r"(?:on |this )?(next )?([a-z]{3,9})\.?", words)
    if weekday:
        for number, name in enumerate(_WEEKDAYS):
            if name.startswith(weekday[2]):
                ahead = (number - today.weekday()) % 7
                return today + timedelta(days=7 if ahead == 0 and (passed or weekday[1]) else ahead)
    return _read_date(words, today)


def _read_date(words: str, today: date) -> date | None:
    import dateparser  # loads for half a second, and only typed dates need it

    months = re.search(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", words)
    # 5/6 is May or June, depending on who types it: not read at all
    if not months and not re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.(\d{4})?", words, re.ASCII):
        return None
    found = dateparser.parse(
        words,
        languages=["en"],
        settings={
            "DATE_ORDER": "YMD" if words[:4].isdigit() else "DMY",
            "RELATIVE_BASE": datetime.combine(today, time(0)),
            "PREFER_DATES_FROM": "future",
            "REQUIRE_PARTS": ["day", "month"],
            "PARSERS": ["absolute-time"],
        },
    )
    return found.date() if found else None


# --- names -------------------------------------------------------------------------------------------


def name_key(text: str) -> str:
    """What two spellings of one name share: NFKC, case folded, one space between words, nothing invisible.

    Written by Python into `name_key` columns, so every server agrees; never shown to anybody.
    """
    for _ in range(4):  # each step can uncover work for another; in practice the second changes nothing
        before = text
        text = strip_invisible(unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFKC", " ".join(text.split()))
        if text == before:
            break
    return text


class Names:
    """Names that near ones are looked for among; their keys, which are most of the work, are made once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._keys = [name_key(name) for name in self.names]

    def near(self, typed: str, limit: int = 5) -> list[str]:
        """Up to `limit` of them, nearest first, compared as `name_key` does; none that is far off."""
        return [self.names[place] for place in near_keys(name_key(typed), self._keys, limit)]


def near_keys(key: str, keys: Sequence[str], limit: int = 5) -> list[int]:
    """The places of up to `limit` keys near this one, nearest first; keys are as `name_key` makes them."""
    found = process.extract(key, keys, scorer=fuzz.WRatio, limit=limit, score_cutoff=_NEAR_ENOUGH)
    return [place for _, _, place in found]


def near_names(typed: str, names: Iterable[str], limit: int = 5) -> list[str]:
    """`Names.near` for who asks once."""
    return Names(names).near(typed, limit)


_NAME = re.compile(r'"([^"]*)"|([^\s,;"]+)|"')


def split_names(text: str) -> list[str]:
    """The names in a list typed with spaces, commas, semicolons or lines; `"two words"` in quotes are one.

    Each name once, in the order typed, compared by `name_key`.
    """
    straight = re.sub("[“”„«»]", '"', text)
    names: dict[str, str] = {}
    for quoted, bare in (found.groups() for found in _NAME.finditer(straight)):
        name = " ".join((quoted or bare or "").split())
        key = name_key(name)
        if key:
            names.setdefault(key, name)
    return list(names.values())
