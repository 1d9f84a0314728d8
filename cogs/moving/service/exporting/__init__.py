"""Everything of a guild, or of one pool, as a file: four tables for spreadsheets, or one document to import elsewhere.

The ledger is read through a cursor, a thousand rows at a time, and all of it is of one moment; what is kept in memory
is the zip, which is given up as soon as the server would not take it. Balances are summed from the entries written, so
that a file always adds up. Holds are in none of it.
"""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar, Literal

from bot import audit
from bot.refusals import Refused
from bot.stage import Actor, Session, Stage, use_case
from cogs.dkp.service import pools
from cogs.moving.service.exporting.document import document
from cogs.moving.service.exporting.reading import Scope
from cogs.moving.service.exporting.tables import tables

_ROOM = 64 * 1024
"""What a message needs beside its file."""


class ExportTooLarge(Refused):
    code: ClassVar[str] = "moving.export_too_large"


@dataclass
class Export:
    """A zip, no larger than the server takes, and what is in it."""

    file: BytesIO
    name: str
    entries: int
    size: int

    def in_words(self) -> str:
        holds = "ledger, balances, attendance and loot, a table each" if "csv" in self.name else "one document"
        return f"{self.entries:,} entries, {self.size / 1024:,.0f} KB: {holds}. Everybody’s points are in it."


async def export(stage: Stage, actor: Actor, kind: Literal["csv", "json"], pool: str | None, largest: int) -> Export:
    """Write it; refuses when it would be larger than the server takes."""

    async def write(session: Session) -> Export:
        only = (await pools.get_pool(session, pool)) if pool else None
        scope = Scope(session, only.pool_id if only else None)
        name = f"quartermaster-{session.now:%Y%m%d}-{kind}.zip"
        file = BytesIO()
        parts = tables(scope) if kind == "csv" else document(scope)
        await _write(file, parts, largest, one_pool=only is not None)
        size = file.tell()
        file.seek(0)
        return Export(file, name, scope.entries, size)

    made = await stage.read(actor, "dkp.export", write)
    await note_export(stage, actor, kind, pool, made.entries)
    return made


async def _write(file: BytesIO, parts: AsyncIterator[tuple[str, str]], largest: int, *, one_pool: bool) -> None:
    """(name of a file in the zip, a piece of its text), in order. Stops as soon as it is too large to send."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        name, out = "", None
        async for part, text in parts:
            if part != name:
                if out is not None:
                    out.close()
                name, out = part, archive.open(part, "w", force_zip64=True)
            assert out is not None
            out.write(text.encode("utf-8", "replace"))
            if file.tell() > largest - _ROOM:
                out.close()
                what = "This pool alone is" if one_pool else "The export is"
                then = "ask whoever runs me for a copy of the database" if one_pool else "export one pool at a time"
                raise ExportTooLarge(
                    f"{what} larger than the {largest // 1024**2} MB this server takes, even zipped: {then}."
                )
            await asyncio.sleep(0)
        if out is not None:
            out.close()


@use_case("dkp.export")
async def note_export(session: Session, kind: str, pool: str | None, entries: int) -> None:
    """That somebody took a copy is written down."""
    name = (await pools.get_pool(session, pool)).name if pool else None
    audit.record(session, "moving.exported", after={"format": kind, "pool": name, "entries": entries})


__all__ = ["Export", "ExportTooLarge", "export"]
