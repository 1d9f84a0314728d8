"""Files that are one moment: EverQuest's raid rosters, Zeal's raid ticks, lists of names."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from bot.kit.text import clip
from cogs.raids.dumps.shapes import (
    LONGEST_LINE_KEPT,
    Dump,
    DumpEmpty,
    DumpLine,
    DumpTooLarge,
    UnreadableDump,
    UnreadLine,
    content_hash,
    is_chat,
    is_name,
    is_words,
    stamp,
    time_in_name,
    unread,
    whole,
)

LARGEST_ROSTER: Final = 2 * 1024 * 1024
"""A full roster of 72 is 4 kB, a guild dump of 2,000 people 300 kB; more is a log or a mistake."""
MOST_PEOPLE: Final = 1000
"""More than any raid has; each name is looked up, and one nobody knows is compared with all."""

Row = tuple[int, str]
RowReader = Callable[[str], tuple[DumpLine, datetime | None] | None]
_SPEAKS = re.compile(r"\s(?:tells?|told|says?|said|shouts?|auctions?|whispers?)(?:\s|$)", re.IGNORECASE)
_TICK_HEADER = ("player", "level", "class", "timestamp", "points")


def rows_of(shown: str, text: str) -> list[Row]:
    """The lines with something in them, numbered. Refuses an empty file."""
    rows = [
        (number, row)
        for number, row in enumerate(re.split(r"\r\n|\r|\n", text.lstrip("\ufeff")), start=1)
        if row.strip("\t \x1a\f\v")
    ]
    if not rows:
        raise DumpEmpty(f"{shown} is empty: write it again in the game, then upload it.")
    return rows


def read_roster(file_name: str, shown: str, rows: Sequence[Row]) -> Dump:
    """A roster, a raid tick or a list of names."""
    kind, rows, read_row = _choose_kind(rows)
    lines: list[DumpLine] = []
    times: Counter[datetime] = Counter()
    left: list[UnreadLine] = []
    for number, row in rows:
        found = read_row(row)
        if found is None:
            left.append(unread(number, row))
            continue
        line, at = found
        lines.append(line)
        if at:
            times[at] += 1
    if not lines:
        raise UnreadableDump(
            f"{shown} is nothing I can read: upload a raid roster, a raid tick, a guild dump or a log, or one name a"
            " line.",
            not_understood=len(left),
        )
    if (people := len({line.name for line in lines})) > MOST_PEOPLE:
        raise DumpTooLarge(f"{shown} names {people:,} people: upload the roster of one raid.")
    taken_at = time_in_name(file_name) or (times.most_common(1)[0][0] if times else None)
    hashed = content_hash(taken_at, lines)
    return Dump(kind, taken_at, tuple(lines), tuple(left), _server_in_name(file_name), content_hash=hashed)


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
    if not whole(group, 99) or not whole(level, 999) or not is_name(name) or not is_words(character_class):
        return None
    text = clip("\t".join(cells[:5]).strip(), LONGEST_LINE_KEPT)
    return DumpLine(name, int(level), character_class or None, rank or None, int(group), text=text), None


def _read_tick_row(row: str) -> tuple[DumpLine, datetime | None] | None:
    cells = [cell.strip() for cell in row.split("\t")]
    if len(cells) < 5 or any(cells[5:]):
        return None
    name, level, character_class, written, points = cells[:5]
    at = stamp(written, "%Y-%m-%d_%H-%M-%S")
    if not whole(level, 999) or not is_name(name) or not is_words(character_class) or at is None:
        return None
    if not re.fullmatch(r"-?\d{1,7}(\.\d{1,2})?", points, re.ASCII):
        return None
    text = "\t".join(cells[:5])
    return DumpLine(name, int(level), character_class or None, points=Decimal(points), text=text), at


def _read_name_row(row: str) -> tuple[DumpLine, None] | None:
    name = row.strip()
    if is_chat(row) or _SPEAKS.search(name):
        return None
    return (DumpLine(name, text=name), None) if is_name(name) else None


def _server_in_name(file_name: str) -> str | None:
    live = re.match(r"RaidRoster_([A-Za-z]{1,30})-\d{8}-\d{6}", file_name, re.ASCII | re.IGNORECASE)
    return live[1] if live else None
