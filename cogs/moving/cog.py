"""`/dkp import` and `/dkp export`: made anew for each bot, to be hung on the group `/dkp` of another slice."""

import asyncio
import hashlib
from datetime import tzinfo
from typing import Any, Literal

import discord
from discord import app_commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.fetching import fetch
from bot.stage import Session
from bot.uploads import check_size, unpack
from cogs.dkp.service import pools
from cogs.moving import views
from cogs.moving.rules.document import Document
from cogs.moving.rules.reading import MEANT, read_document
from cogs.moving.service.looking import Given, zone_of

Choices = list[app_commands.Choice[str]]
ImportFormat = Literal["eqdkp", "opendkp", "csv"]
ExportFormat = Literal["csv", "json"]


def commands() -> list[app_commands.Command[Any, ..., Any]]:
    """The two commands, new ones each time: a command belongs to one group."""
    import_ = app_commands.Command(
        name="import",
        description="Take in points from EQdkp Plus, OpenDKP, a CSV table or another server of mine; shows first what",
        callback=_import,
    )
    export = app_commands.Command(
        name="export", description="Ledger, balances, attendance and loot as a file", callback=_export
    )
    import_.autocomplete("pool")(_importing_pools)
    export.autocomplete("pool")(_exporting_pools)
    return [import_, export]


@app_commands.describe(
    file="The export, up to 25 MB; zipped or gzipped is fine",
    kind="What wrote it; found out by looking when left out",
    pool="Where a file of one pool goes; by its name, or the guild's own, when left out",
)
@app_commands.rename(kind="format")
async def _import(
    interaction: discord.Interaction[Any],
    file: discord.Attachment,
    kind: ImportFormat | None = None,
    pool: str | None = None,
) -> None:
    door = Door(interaction)

    async def look(session: Session) -> tzinfo:
        return zone_of(session)

    zone = await door.stage.read(door.actor, "dkp.import", look)
    check_size(file.filename, file.size)
    await door.later()
    raw = await fetch(file)

    def read() -> tuple[str, Document]:
        """Takes seconds for a large file: in a thread, so that everybody else is served meanwhile."""
        return hashlib.sha256(raw).hexdigest(), read_document(unpack(file.filename, raw, MEANT), kind, zone)

    sha256, document = await asyncio.to_thread(read)
    await views.show_preview(door, Given(file.filename, sha256, document, pool), named=kind is not None)


@app_commands.describe(
    kind="csv: four tables in a zip, for spreadsheets; json: all of it, to import elsewhere",
    pool="Only this pool; all of them when left out",
)
@app_commands.rename(kind="format")
async def _export(interaction: discord.Interaction[Any], kind: ExportFormat = "csv", pool: str | None = None) -> None:
    await views.send_export(Door(interaction), kind, pool)


async def _importing_pools(interaction: discord.Interaction[Any], typed: str) -> Choices:
    return await pickers.offer("dkp.import", pools.open_choices)(None, interaction, typed)


async def _exporting_pools(interaction: discord.Interaction[Any], typed: str) -> Choices:
    return await pickers.offer("dkp.export", pools.choices)(None, interaction, typed)
