"""Our own JSON export, read back: what moves in from another server of ours, to the last point.

Amounts are texts, ids are numbers of the server it comes from. What was undone there (an entry and its reversal, an
undone tick or award, a cancelled raid) comes to nothing and stays behind; who was linked to somebody is that person.
"""

from typing import Any, Final

from cogs.moving.rules.document import Document, UnreadableFile, quoted
from cogs.moving.rules.ours.reading import Reading

MARK: Final = "quartermaster_export"
VERSION: Final = 1


def looks_like(data: Any) -> bool:
    return isinstance(data, dict) and MARK in data


def read(name: str, data: Any) -> Document:
    if data.get(MARK) != str(VERSION):
        raise UnreadableFile(
            f"{quoted(name)} was written by another version of me (its format is {quoted(str(data.get(MARK)))},"
            f" I read {VERSION}): bring me up to date, then import it."
        )
    return Reading(name, data).document()
