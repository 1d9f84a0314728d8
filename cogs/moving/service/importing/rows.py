"""Many rows at once: in pieces, so that others get their turn and somebody can stop it."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from bot.refusals import Refused
from bot.stage import Session
from cogs.moving.service.progress import Progress
from db.tables import Base

MOVED = "Somebody changed people or pools since that preview: type the command again and look anew."
PIECE = 1000
"""Rows a statement; PostgreSQL takes 32,767 parameters."""
T = TypeVar("T")


class GuildMoved(Refused):
    """What the preview showed is no longer what would happen."""

    code: ClassVar[str] = "moving.guild_moved"


def table_of(kind: type[Base]) -> Table:
    """The table itself: rows of it are no objects, which saves most of the time."""
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def pieces(rows: Sequence[T]) -> Iterator[tuple[int, Sequence[T]]]:
    """(how many came before, the piece)"""
    for start in range(0, len(rows), PIECE):
        yield start, rows[start : start + PIECE]


async def put(
    session: Session, table: type[Base], rows: Sequence[dict[str, Any]], phase: str, progress: Progress
) -> None:
    """Insert rows that nobody needs the numbers of."""
    for before, piece in pieces(rows):
        await progress.at(phase, before, len(rows))
        await session.execute(insert(table_of(table)), list(piece))


async def put_numbered(
    session: Session, table: type[Base], number: str, rows: Sequence[dict[str, Any]], phase: str, progress: Progress
) -> list[int]:
    """Insert rows and return their numbers, in the given order."""
    numbers: list[int] = []
    column = table_of(table).c[number]
    for before, piece in pieces(rows):
        await progress.at(phase, before, len(rows))
        query = insert(table_of(table)).returning(column, sort_by_parameter_order=True)
        numbers += (await session.execute(query, list(piece))).scalars()
    return numbers
