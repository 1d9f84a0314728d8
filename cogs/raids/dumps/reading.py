"""Which kind of file it is, and what it holds."""

from itertools import chain

from bot.typed import split_names
from bot.uploads import open_file, read_text
from cogs.raids.dumps.guilds import is_guild_dump, read_guild_dump
from cogs.raids.dumps.logs import is_log, read_log
from cogs.raids.dumps.rosters import LARGEST_ROSTER, read_roster, rows_of
from cogs.raids.dumps.shapes import DumpTooLarge, Reading, Window, is_chat

_LOOKED_AT = 64 * 1024
"""Bytes of a file that tell whether it is a log."""
_MEANT = (r"(?:^|[/\\])eqlog_[^/\\]*\.txt$", r"\.txt$")
"""Of several files in a zip: the only log, else the only .txt."""


def read_file(file_name: str, content: bytes, window: Window | None = None) -> Reading:
    """A file as uploaded, plain, .zip or .gz. Of a log only what lies in the `window`, local time, is read.

    Refuses with one sentence what is too large, broken, not text, empty, or nothing this knows. Slow for large files
    (some 50 MB a second): call it in a thread.
    """
    file = open_file(file_name, content, _MEANT)
    first = next(file.pieces, b"").removeprefix(b"\xef\xbb\xbf")
    if is_log(file.name, first[:_LOOKED_AT]):
        return read_log(file.name, file.shown, chain([first], file.pieces), window)
    read, size = [first], len(first)
    while size <= LARGEST_ROSTER and (piece := next(file.pieces, b"")):
        read.append(piece)
        size += len(piece)
    if size > LARGEST_ROSTER:
        raise DumpTooLarge(f"{file.shown} is larger than 2 MB and no log: upload the roster file itself.")
    return _read_text(file.name, file.shown, read_text(file.shown, b"".join(read)))


def read_pasted(text: str, window: Window | None = None) -> Reading:
    """Text typed or pasted instead of a file: its lines, or names by commas, or by spaces on one line."""
    shown = "The pasted text"
    if len(text) > LARGEST_ROSTER:
        raise DumpTooLarge(f"{shown} is larger than 2 MB: paste the lines of one raid alone.")
    raw = text.encode(errors="replace")
    if is_log("", raw):
        return read_log("", shown, iter([raw, b"\n"]), window)
    lines = text.strip().split("\n")
    if "\t" not in text:
        text = "\n".join(_names_of(line, alone=len(lines) == 1) for line in lines)
    return _read_text("", shown, text)


def _names_of(line: str, *, alone: bool) -> str:
    """A name a line. What somebody said is one line that is not understood, not a list of its words."""
    if is_chat(line) or not (alone or "," in line):
        return line
    return "\n".join(split_names(line))


def _read_text(file_name: str, shown: str, text: str) -> Reading:
    rows = rows_of(shown, text)
    if is_guild_dump(rows):
        return read_guild_dump(file_name, shown, rows)
    dump = read_roster(file_name, shown, rows)
    return Reading(dump.kind, file_name, (dump,), not_understood=dump.not_understood, lines=len(rows))
