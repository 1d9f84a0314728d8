"""CSV tables: a line a person or a movement. `;`, `,` or TAB between, decimals with `.` or `,`."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from bot.kit.cells import as_it_was
from bot.kit.text import points, safe
from bot.typed import name_key
from cogs.moving.rules.amounts import read_amount, read_moment
from cogs.moving.rules.document import (
    CHARACTER_LENGTH,
    MOST_ROWS,
    NAME_LENGTH,
    REASON_LENGTH,
    ZERO,
    BadRow,
    Document,
    FileCharacter,
    FileEntry,
    FilePerson,
    FilePool,
    Odd,
    Totals,
    UnreadableFile,
    check_sums,
    clean,
    quoted,
)

KNOWN: Final = ("member", "character", "amount", "balance", "reason", "pool", "date")
_MARKS: Final = (";", ",", "\t")
_NAMED = 10


@dataclass(frozen=True, slots=True)
class _Line:
    row: str
    person: str
    character: str
    amount: Decimal
    pool: str
    reason: str
    at: datetime | None


def looks_like(text: str) -> bool:
    """Whether the first line is a header we know."""
    header = _header(text)
    return header is not None and _is_header(header[1])


def read(name: str, text: str, zone: tzinfo) -> Document:
    """Refuses with the lines that cannot be read: points are never left out silently."""
    found = _header(text)
    if found is None or not _is_header(found[1]):
        raise UnreadableFile(
            f"{quoted(name)} needs a first line that names its columns: member or character, amount or balance, and"
            " if you like reason, pool, date."
        )
    mark, header = found
    if "amount" in header and "balance" in header:
        raise UnreadableFile(f"{quoted(name)} has both amount and balance: leave the one out that I should not take.")
    for column in KNOWN:
        if header.count(column) > 1:
            raise UnreadableFile(f"{quoted(name)} has the column {column} twice.")
    lines, odd = _lines(name, text, mark, header, zone)
    if "balance" in header:
        _check_once(name, lines)
    return _document(lines, odd, by_display_name="member" in header)


def _header(text: str) -> tuple[str, list[str]] | None:
    first = text.lstrip("\n").partition("\n")[0]
    mark = max(_MARKS, key=first.count)
    try:
        cells = next(csv.reader([first], delimiter=mark), [])
    except csv.Error:
        return None
    return mark, [name_key(cell) for cell in cells]


def _is_header(cells: Sequence[str]) -> bool:
    return not {"member", "character"}.isdisjoint(cells) and not {"amount", "balance"}.isdisjoint(cells)


def _lines(name: str, text: str, mark: str, header: list[str], zone: tzinfo) -> tuple[list[_Line], list[Odd]]:
    lines: list[_Line] = []
    odd: list[Odd] = []
    wrong: list[str] = []
    reader = csv.reader(io.StringIO(text.lstrip("\n")), delimiter=mark, strict=True)
    try:
        next(reader)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(lines) == MOST_ROWS:
                raise UnreadableFile(f"{quoted(name)} has more than {MOST_ROWS:,} lines: split it.")
            try:
                lines.append(_line(f"line {reader.line_num}", cells, header, zone, odd))
            except BadRow as refused:
                wrong.append(refused.sentence)
    except csv.Error as error:
        raise UnreadableFile(
            f"{quoted(name)} is broken at line {reader.line_num}: a quote is opened and not closed, or a cell is"
            " endless. Save it as CSV again."
        ) from error
    if wrong:
        shown = "\n".join(f"- {sentence}" for sentence in wrong[:_NAMED])
        rest = f"\n… and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        count = "1 line" if len(wrong) == 1 else f"{len(wrong)} lines"
        raise UnreadableFile(f"{count} of {quoted(name)} cannot be read, so nothing was imported:\n{shown}{rest}")
    if not lines:
        raise UnreadableFile(f"{quoted(name)} has a header and nothing below it.")
    return lines, odd


def _line(row: str, cells: list[str], header: list[str], zone: tzinfo, odd: list[Odd]) -> _Line:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        raise BadRow(
            f"{row} has {len(cells)} values and the header {len(header)}: put quotes around decimals with a comma."
        )
    given = dict(zip(header, cells, strict=False))
    character = clean(_typed(given.get("character")), NAME_LENGTH, "")
    person = clean(_typed(given.get("member")), NAME_LENGTH, "") or character
    if not person:
        raise BadRow(f"{row} says nobody's name.")
    what = "the amount" if "amount" in header else "the balance"
    amount = read_amount(given.get("amount", given.get("balance")), f"{row} ({person})", what)
    written = given.get("date") or ""
    at = read_moment(written, zone)
    if written.strip() and at is None:
        raise BadRow(f"{row}: {quoted(written)} is no date I can be sure of; write 2024-12-17, or 17.12.2024.")
    pool = clean(_typed(given.get("pool")), NAME_LENGTH, "")
    reason = clean(_typed(given.get("reason")), REASON_LENGTH, "") or "imported from a CSV table"
    if not amount:
        odd.append(Odd("nothing to book", f"{row}: {safe(person)} has 0"))
    return _Line(row, person, character or person, amount, pool, reason, at)


def _typed(cell: str | None) -> str:
    """A cell without the apostrophe that our own exports put before what a spreadsheet would reckon."""
    return as_it_was(cell or "")


def _check_once(name: str, lines: Sequence[_Line]) -> None:
    """Two balances of one person in one pool cannot both be true."""
    seen: dict[tuple[str, str], _Line] = {}
    twice = []
    for line in lines:
        first = seen.setdefault((line.person, name_key(line.pool)), line)
        if first is not line:
            twice.append(f"{safe(line.person)} in {first.row} and {line.row}")
    if twice:
        shown = "; ".join(twice[:_NAMED])
        raise UnreadableFile(
            f"{quoted(name)} gives {len(twice)} balances twice ({shown}): call the column amount if they add up."
        )


def _document(lines: Sequence[_Line], odd: list[Odd], *, by_display_name: bool) -> Document:
    pools: dict[str, FilePool] = {}
    people: dict[str, dict[str, FileCharacter]] = {}
    entries: list[FileEntry] = []
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    totals: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        pool = name_key(line.pool)
        pools.setdefault(pool, FilePool(pool, line.pool or None, is_default=not pools))
        played = people.setdefault(line.person, {})
        name = clean(line.character, CHARACTER_LENGTH, line.character)
        character = played.setdefault(line.character, FileCharacter(name, main=not played))
        sums[line.person, pool] += line.amount
        totals[pool] += line.amount
        if line.amount:
            entries.append(
                FileEntry(line.person, pool, "import", line.amount, line.reason, line.row, line.at, character)
            )
    check_sums(entries)
    return Document(
        format="csv",
        pools=tuple(pools.values()),
        people=tuple(
            FilePerson(name, name, tuple(played.values()), active=True, by_display_name=by_display_name)
            for name, played in people.items()
        ),
        entries=tuple(entries),
        totals={pool: Totals(adjusted=total, balance=total) for pool, total in totals.items()},
        odd=(*odd, *_oddities(people, sums)),
        rows=len(lines),
        proofs=(f"each of {len(lines):,} lines was read to the last decimal",),
    )


def _oddities(people: dict[str, dict[str, FileCharacter]], sums: dict[tuple[str, str], Decimal]) -> list[Odd]:
    odd = []
    seen: dict[str, str] = {}
    for name in people:
        other = seen.setdefault(name_key(name), name)
        if other != name:
            sentence = f"{safe(other)} and {safe(name)}: each stays a person of their own"
            odd.append(Odd("names that differ only in case", sentence))
    for (name, _), total in sums.items():
        if total < 0:
            odd.append(Odd("negative balances", f"{safe(name)} comes to {points(total)}"))
        if total % 1:
            odd.append(Odd("fractional balances", f"{safe(name)} comes to {points(total)}"))
    return odd
