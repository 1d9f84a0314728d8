"""Who was there, from the files a game writes: EverQuest raid rosters, Zeal raid ticks, lists of names.

Pure: bytes in, a frozen `Dump` out. A line that is not understood is kept and counted, never guessed; a file
without a single line that is understood is refused. Who the names belong to is not known here.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final, Literal

from bot.kit.text import clip, safe
from bot.refusals import Refused
from bot.typed import split_names

LARGEST_BYTES: Final = 2 * 1024 * 1024
"""A full roster of 72 is 4 kB; two megabytes is a log or a mistake."""

MOST_PEOPLE: Final = 1000
"""More than any raid has; each name is looked up, and one nobody knows is compared with all."""

_SHOWN_OF_A_LINE: Final = 100


class UnreadableDump(Refused):
    code: ClassVar[str] = "raids.dump.unreadable"


class DumpTooLarge(UnreadableDump):
    code: ClassVar[str] = "raids.dump.too_large"


class DumpNotText(UnreadableDump):
    code: ClassVar[str] = "raids.dump.not_text"


class DumpEmpty(UnreadableDump):
    code: ClassVar[str] = "raids.dump.empty"


@dataclass(frozen=True, slots=True)
class DumpLine:
    """One person as the file has them; `None` where this kind of file does not say."""

    name: str
    level: int | None = None
    character_class: str | None = None
    rank: str | None = None
    group: int | None = None
    points: Decimal | None = None


@dataclass(frozen=True, slots=True)
class UnreadLine:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Dump:
    """`taken_at` is the uploader's local time without a zone, or None where neither name nor rows tell."""

    kind: Literal["raid roster", "raid tick", "names"]
    taken_at: datetime | None
    lines: tuple[DumpLine, ...]
    not_understood: tuple[UnreadLine, ...] = ()
    server: str | None = None
    content_hash: str = field(default="", compare=False)
    """The same for the same people at the same time, whatever the line endings, encoding or file name."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.name for line in self.lines))


def check_size(file_name: str, size: int) -> None:
    """Refuses what is too large before it is fetched."""
    if size > LARGEST_BYTES:
        raise DumpTooLarge(
            f"{_shown(file_name)} is larger than 2 MB: upload the raid roster file itself, not a log.",
            file_name=file_name,
        )


def read_dump(file_name: str, content: bytes) -> Dump:
    """A file as uploaded. Refuses what is too large, not text, empty, or nothing this knows."""
    check_size(file_name, len(content))
    shown = _shown(file_name)
    return _read(file_name, shown, _decode(shown, content))


def _shown(file_name: str) -> str:
    return f"“{safe(clip(file_name, 60))}”"


def read_pasted(text: str) -> Dump:
    """Text typed or pasted instead of a file: the lines of one, or names by commas, or by spaces on one line."""
    shown = "The pasted text"
    if len(text) > LARGEST_BYTES:
        raise DumpTooLarge(f"{shown} is larger than 2 MB: paste the roster's lines alone.")
    lines = text.strip().split("\n")
    if "\t" not in text:
        lists = [line if len(lines) > 1 and "," not in line else "\n".join(split_names(line)) for line in lines]
        text = "\n".join(lists)
    return _read("", shown, text)


def _decode(shown: str, content: bytes) -> str:
    if b"\0" in content:
        raise DumpNotText(f"{shown} is not a text file: upload the .txt file the game wrote.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise DumpNotText(f"{shown} is not a text file: upload the .txt file the game wrote.") from None
    if sum(char < " " and char not in "\t\r\n\f\v\x1a" for char in text) > len(text) // 100:
        raise DumpNotText(f"{shown} is not a text file: upload the .txt file the game wrote.")
    return text


def _read(file_name: str, shown: str, text: str) -> Dump:
    rows = [
        (number, row)
        for number, row in enumerate(re.split(r"\r\n|\r|\n", text.lstrip("\ufeff")), start=1)
        if row.strip("\t \x1a\f\v")
    ]
    if not rows:
        raise DumpEmpty(f"{shown} is empty: write the roster again in the game, then upload it.")
    kind, rows, read_row = _choose_kind(rows)
    lines: list[DumpLine] = []
    times: Counter[datetime] = Counter()
    unread: list[UnreadLine] = []
    for number, row in rows:
        found = read_row(row)
        if found is None:
            unread.append(UnreadLine(number, clip(row.strip(), _SHOWN_OF_A_LINE)))
            continue
        line, at = found
        lines.append(line)
        if at:
            times[at] += 1
    if not lines:
        raise UnreadableDump(
            f"{shown} is no roster I can read: upload a RaidRoster or RaidTick file, or one name a line.",
            not_understood=len(unread),
        )
    if (people := len({line.name for line in lines})) > MOST_PEOPLE:
        raise DumpTooLarge(f"{shown} names {people:,} people: upload the roster of one raid.")
    taken_at = _time_in_name(file_name) or (times.most_common(1)[0][0] if times else None)
    return Dump(kind, taken_at, tuple(lines), tuple(unread), _server_in_name(file_name), _hash(taken_at, lines))


# --- the three kinds ---------------------------------------------------------------------------------

Row = tuple[int, str]
RowReader = Callable[[str], tuple[DumpLine, datetime | None] | None]

_NAME = re.compile(r"[^\W\d_][\w'’`.\-]*(?: [\w'’`.\-]+){0,2}")
_LONGEST_NAME: Final = 40
_TICK_HEADER = ("player", "level", "class", "timestamp", "points")


def _choose_kind(
    rows: Sequence[Row],
) -> tuple[Literal["raid roster", "raid tick", "names"], Sequence[Row], RowReader]:
    first = tuple(cell.strip().casefold() for cell in rows[0][1].split("\t"))
    if first[:5] == _TICK_HEADER:
        return "raid tick", rows[1:], _read_tick_row
    if any(_read_roster_row(row) for _, row in rows):
        return "raid roster", rows, _read_roster_row
    if any(_read_tick_row(row) for _, row in rows):  # pasted without its header
        return "raid tick", rows, _read_tick_row
    return "names", rows[1:] if first in {("player",), ("name",), ("names",)} else rows, _read_name_row


def _read_roster_row(row: str) -> tuple[DumpLine, None] | None:
    """group, name, level, class, rank, then columns that differ between clients and say nothing we use."""
    cells = [cell.strip() for cell in row.split("\t")]
    if not 4 <= len(cells) <= 16:  # four where an editor or a form took trailing tabs away
        return None
    group, name, level, character_class, rank = (*cells, "")[:5]
    if not _whole(group, 99) or not _whole(level, 999) or not _is_name(name) or not _is_words(character_class):
        return None
    return DumpLine(name, int(level), character_class or None, rank or None, int(group)), None


def _read_tick_row(row: str) -> tuple[DumpLine, datetime | None] | None:
    cells = [cell.strip() for cell in row.split("\t")]
    if len(cells) < 5 or any(cells[5:]):
        return None
    name, level, character_class, stamp, points = cells[:5]
    at = _stamp(stamp, "%Y-%m-%d_%H-%M-%S")
    if not _whole(level, 999) or not _is_name(name) or not _is_words(character_class) or at is None:
        return None
    if not re.fullmatch(r"-?\d{1,7}(\.\d{1,2})?", points, re.ASCII):
        return None
    return DumpLine(name, int(level), character_class or None, points=Decimal(points)), at


def _read_name_row(row: str) -> tuple[DumpLine, None] | None:
    name = row.strip()
    return (DumpLine(name), None) if _is_name(name) else None


def _is_name(cell: str) -> bool:
    return len(cell) <= _LONGEST_NAME and _NAME.fullmatch(cell) is not None


def _is_words(cell: str) -> bool:
    return len(cell) <= _LONGEST_NAME and not re.search(r"[\d<>\[\]|]", cell)


def _whole(cell: str, most: int) -> bool:
    return re.fullmatch(r"\d{1,3}", cell, re.ASCII) is not None and int(cell) <= most


# --- what the file's name tells ----------------------------------------------------------------------


def _time_in_name(file_name: str) -> datetime | None:
    roster = re.search(r"-(\d{8}-\d{6})(?=\D|$)", file_name, re.ASCII)
    tick = re.search(r"RaidTick-(\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2})(?=\D|$)", file_name, re.ASCII | re.IGNORECASE)
    if tick:
        return _stamp(tick[1], "%Y-%m-%d_%H-%M-%S")
    return _stamp(roster[1], "%Y%m%d-%H%M%S") if roster else None


def _server_in_name(file_name: str) -> str | None:
    live = re.match(r"RaidRoster_([A-Za-z]{1,30})-\d{8}-\d{6}", file_name, re.ASCII | re.IGNORECASE)
    return live[1] if live else None


def _stamp(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the file's own local time; its zone is the uploader's
    except ValueError:
        return None


def _hash(taken_at: datetime | None, lines: Sequence[DumpLine]) -> str:
    people = sorted(f"{line.name}\t{line.level}\t{line.group}\t{line.points}" for line in lines)
    return hashlib.sha256("\n".join([str(taken_at), *people]).encode()).hexdigest()
