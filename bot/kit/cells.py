"""Tables that leave as files: CSV that a spreadsheet opens as what it is, and runs nothing of.

What a spreadsheet would take for a formula (a name somebody gave themselves) is led by an apostrophe, the sign for
"this is text"; every text stands in quotes; a byte order mark says that it is UTF-8. Some spreadsheets split at
semicolons instead, and see no quotes in the middle of what they take for a cell: a formula behind one is led by an
apostrophe too.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

Cell = str | int | float | Decimal | datetime | None
BOM: Final = "\ufeff"
_SIGNS: Final = "=+\\-@＝＋－＠"
_FIRST = re.compile(rf" *[{_SIGNS}\t\r\n]")
_LATER = re.compile(rf"([;\t\r\n]\s*)(?=[{_SIGNS}])")
_FIRST_LED = re.compile(rf"'(?= *[{_SIGNS}\t\r\n])")
_LATER_LED = re.compile(rf"([;\t\r\n]\s*)'(?=[{_SIGNS}])")


def harmless(text: str) -> str:
    """The text with an apostrophe before whatever of it a spreadsheet would reckon."""
    text = _LATER.sub(r"\1'", text)
    return f"'{text}" if _FIRST.match(text) else text


def as_it_was(text: str) -> str:
    """A text out of a table of ours, or of a spreadsheet that led it the same way."""
    led = _FIRST_LED.match(text)
    return _LATER_LED.sub(r"\1", text[1:] if led else text)


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as text. Numbers stay numbers, moments are UTC, yes and no are "yes" and nothing, None is an empty cell."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows([[_shown(cell) for cell in row] for row in rows])
    return out.getvalue()


def _shown(cell: Cell) -> str | int | float | Decimal:
    if isinstance(cell, str):
        return harmless(cell)
    if cell is None or isinstance(cell, bool):
        return "yes" if cell else ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return Decimal(format(cell, "f")) if isinstance(cell, Decimal) else cell  # never 1E+2


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole table as a file."""
    return (BOM + csv_lines([header]) + csv_lines(rows)).encode()
