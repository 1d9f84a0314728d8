"""Which format a file is in, found out by looking; and the file read in it."""

from datetime import tzinfo

from bot.uploads import Upload, read_text
from cogs.moving.rules import eqdkp, opendkp, ours, tables
from cogs.moving.rules.document import FORMATS, Document, Format, UnreadableFile, quoted
from cogs.moving.rules.opendkp.rows import load_json

MEANT = (r"(?:^|[/\\])balances\.csv$",)
"""What is read of a zip with several files: ours holds ledger.csv, loot.csv and attendance.csv beside it."""


def read_document(upload: Upload, wanted: Format | None, zone: tzinfo) -> Document:
    """Read an unpacked file; `wanted` is what somebody says it is, else it is looked at. Times are in `zone`."""
    text = read_text(quoted(upload.name), upload.data)
    found = recognise(text)
    if wanted is not None and found != wanted and not (wanted == "opendkp" and found == "quartermaster"):
        looks = f"looks like {FORMATS[found]}" if found else "does not look like it"
        raise UnreadableFile(
            f"You said {quoted(upload.name)} is {FORMATS[wanted]}; it {looks}. Leave format out, or pick another file."
        )
    if found == "eqdkp":
        return eqdkp.read(upload.name, text, zone)
    if found == "csv":
        return tables.read(upload.name, text, zone)
    if found is None:
        raise UnreadableFile(
            f"I cannot tell what {quoted(upload.name)} is: I read EQdkp Plus points (XML), OpenDKP (JSON), CSV with a"
            " header line (member, amount), and my own exports."
        )
    data = load_json(upload.name, text)
    return ours.read(upload.name, data) if ours.looks_like(data) else opendkp.read(upload.name, data, zone)


def recognise(text: str) -> Format | None:
    """By its first characters; JSON is ours when it says so within them."""
    start = text.lstrip()[:4000]
    if start.startswith("<"):
        return "eqdkp"
    if start.startswith(("{", "[")):
        return "quartermaster" if f'"{ours.MARK}"' in start else "opendkp"
    return "csv" if tables.looks_like(text) else None
