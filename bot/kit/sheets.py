"""Tables that leave as files: CSV that a spreadsheet opens as what it is, and runs nothing of.

What a spreadsheet would take for a formula (a name somebody gave themselves) is led by an apostrophe, the sign for
"this is text"; every text stands in quotes; a byte order mark says that it is UTF-8.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Final

import discord

Cell = str | int | float | None
_FORMULA: Final = tuple("=+-@＝＋－＠\t\r\n")
LARGEST_FILE: Final = 9_500_000
"""Discord takes 10 MiB from a bot; above it a file is packed."""


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would reckon it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table for spreadsheets; numbers stay numbers and None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    writer.writerows(
        [harmless(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row] for row in rows
    )
    return out.getvalue().encode("utf-8-sig")


def attachment(name: str, content: bytes) -> discord.File:
    """A file as Discord takes it: one that is too large goes as a zip of itself."""
    if len(content) <= LARGEST_FILE:
        return discord.File(io.BytesIO(content), name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    packed.seek(0)
    return discord.File(packed, f"{name}.zip")
