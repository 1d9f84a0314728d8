"""Files and texts on their way in: fetched from Discord, read beside the event loop, then shown."""

import asyncio
from typing import Any, Final

import discord
from discord import ui

from bot.kit.components import Form
from bot.kit.door import Door
from bot.kit.fetching import fetch
from bot.kit.text import clip, safe
from bot.uploads import check_size
from cogs.raids.dumps import Reading, Window, read_file, read_pasted
from cogs.raids.service import imports
from cogs.raids.views.moments import show_reading

SLOW_SECONDS: Final = 2
"""Who waits longer than this is told what for."""


async def import_file(door: Door, raid_id: int, file: discord.Attachment) -> None:
    """Fetch an attachment and show what it would do."""
    check_size(file.filename, file.size)
    await door.later()
    window = await _window(door, raid_id)
    content = await fetch(file)
    reading = asyncio.create_task(asyncio.to_thread(read_file, file.filename, content, window))
    if await _is_slow(reading):
        await door.say(f"Reading {safe(clip(file.filename, 60))}, {_in_words(len(content))}: some seconds more…")
    await show_reading(door, raid_id, await reading)


async def import_text(door: Door, raid_id: int, text: str) -> None:
    """Show what pasted lines or names would do."""
    await show_reading(door, raid_id, read_pasted(text, await _window(door, raid_id)))


async def _window(door: Door, raid_id: int) -> Window:
    return await door.stage.read(door.actor, "raids.manage", lambda session: imports.window_of(session, raid_id))


async def _is_slow(reading: asyncio.Task[Reading]) -> bool:
    done, _ = await asyncio.wait({reading}, timeout=SLOW_SECONDS)
    return not done


def _in_words(size: int) -> str:
    """ "18 MB", "12 kB" """
    return f"{size / 1024**2:.0f} MB" if size >= 1024**2 else f"{max(size // 1024, 1)} kB"


class PasteForm(Form, key="raid.paste", numbers=("raid_id",), title="Import who was there"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        field = ui.TextInput[Any](
            label="Roster lines, log lines or names",
            style=discord.TextStyle.paragraph,
            placeholder="Paste a raid roster, lines of a log, or names. For a file: /raid import",
            max_length=4000,
        )
        return {"text": field}

    async def submit(self, door: Door, texts: dict[str, str], *, raid_id: int, **_: int) -> None:
        await import_text(door, raid_id, texts["text"])
