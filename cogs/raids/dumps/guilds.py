"""Guild dumps: everybody in the guild, and for who is on where they are. A moment for each place, never everyone."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bot.kit.text import clip
from cogs.raids.dumps.rosters import MOST_PEOPLE, Row
from cogs.raids.dumps.shapes import (
    LONGEST_LINE_KEPT,
    LONGEST_NAME,
    Dump,
    DumpLine,
    Reading,
    UnreadableDump,
    UnreadLine,
    content_hash,
    is_name,
    is_words,
    stamp,
    time_in_name,
    unread,
    whole,
)

_COLUMNS = 7
"""name, level, class, rank, alt flag, last on, zone; then notes and donations, which nobody else needs."""
_MOST_PLACES = 200


def is_guild_dump(rows: Sequence[Row]) -> bool:
    return any(_read_row(row) for _, row in rows[:50])


def read_guild_dump(file_name: str, shown: str, rows: Sequence[Row]) -> Reading:
    """Who is in which place. Who was last on another day than the file's is not on, wherever they logged off."""
    taken_at = time_in_name(file_name)
    places: dict[str, list[DumpLine]] = {}
    left: list[UnreadLine] = []
    nowhere = away = 0
    for number, row in rows:
        found = _read_row(row)
        if found is None:
            left.append(unread(number, "\t".join(row.split("\t")[:2])))  # what follows may be somebody's notes
            continue
        line, last_on, zone = found
        if not zone:
            nowhere += 1
        elif _is_away(taken_at, last_on):
            away += 1
        else:
            places.setdefault(zone, []).append(line)
    notes = []
    if nowhere or away:
        who = "1 person" if nowhere + away == 1 else f"{nowhere + away:,} people"
        notes.append(f"Not on, and left out: {who} of the guild.")
    crowded = [zone for zone, people in places.items() if len({line.name for line in people}) > MOST_PEOPLE]
    for zone in crowded:
        del places[zone]
        notes.append(f"A place with more than {MOST_PEOPLE:,} people is left out.")
    if not places:
        raise UnreadableDump(
            f"{shown} is a guild dump that shows nobody in a place: write it while the raid is on.",
            not_understood=len(left),
        )
    if len(places) > _MOST_PLACES:
        notes.append(f"Only the {_MOST_PLACES} places with the most people are read.")
    fullest = sorted(places.items(), key=lambda place: (-len(place[1]), place[0]))[:_MOST_PLACES]
    moments = tuple(
        Dump(
            "guild dump",
            taken_at,
            tuple(people),
            zone=zone,
            content_hash=content_hash(taken_at, people, zone),
        )
        for zone, people in fullest
    )
    return Reading("guild dump", file_name, moments, not_understood=tuple(left), lines=len(rows), notes=tuple(notes))


def _read_row(row: str) -> tuple[DumpLine, date, str] | None:
    cells = [cell.strip() for cell in row.split("\t")]
    if not _COLUMNS < len(cells) <= 24:  # a row that ends in the zone is cut off, perhaps in the middle of it
        return None
    name, level, character_class, rank, alt, last_on, zone = cells[:_COLUMNS]
    if not is_name(name) or not whole(level, 999) or not is_words(character_class) or len(alt) > 3:
        return None
    day = stamp(last_on, "%m/%d/%y") if re.fullmatch(r"\d\d/\d\d/\d\d", last_on, re.ASCII) else None
    if day is None or len(zone) > 2 * LONGEST_NAME or len(rank) > 2 * LONGEST_NAME:
        return None
    text = clip("\t".join(cells[:_COLUMNS]), LONGEST_LINE_KEPT)
    return DumpLine(name, int(level), character_class or None, rank or None, text=text), day.date(), zone


def _is_away(taken_at: datetime | None, last_on: date) -> bool:
    """The game's day and the file's may differ by one."""
    return taken_at is not None and abs(taken_at.date() - last_on) > timedelta(days=1)
