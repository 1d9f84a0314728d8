"""Loaded JSON as rows: keys folded, so that `CharacterName`, `character_name` and `character-name` are one."""

import json
from collections.abc import Iterator
from typing import Any

from cogs.moving.rules.document import BadRow, UnreadableFile, quoted

Row = dict[str, Any]


def load_json(name: str, text: str) -> Any:
    """JSON with its numbers as they are written, as text."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError as error:
        raise UnreadableFile(f"{quoted(name)} nests deeper than any export: I do not read it.") from error
    except ValueError as error:
        line = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableFile(f"{quoted(name)} is broken{line}: it was cut off or changed. Export it again.") from error


def as_row(data: Any) -> Row | None:
    """A dict with its keys folded; None for anything else."""
    if not isinstance(data, dict):
        return None
    return {"".join(char for char in key.casefold() if char.isalnum()): value for key, value in data.items()}


def rows_of(root: Row, names: tuple[str, ...], what: str) -> Iterator[Row]:
    found = next((root[name] for name in names if root.get(name) is not None), [])
    if not isinstance(found, list):
        raise UnreadableFile(f"“{what}” is no list: that is no OpenDKP export.")
    for number, one in enumerate(found, 1):
        row = as_row(one)
        if row is None:
            raise BadRow(f"{what[:-1]} {number} is not an object; mend the file.")
        yield row


def value_of(row: Row, *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def text_of(value: Any) -> str:
    """A plain value as the file writes it; lists and objects are none."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else ""


def named_by(value: Any) -> tuple[str, str]:
    """(id, name) of a character or pool that a row refers to by name, by id, or as an object."""
    row = as_row(value)
    if row is None:
        return "", text_of(value)
    return text_of(value_of(row, "idcharacter", "characterid", "idpool", "poolid", "id")), text_of(
        value_of(row, "name", "charactername")
    )
