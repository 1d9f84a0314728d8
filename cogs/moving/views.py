"""The preview of an import with its one question, the progress while it runs, and the file an export is."""

import asyncio
import io
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Final, Literal

import discord

from bot.kit.ask import ask, yes
from bot.kit.door import Door, OneButton
from bot.kit.text import MESSAGE_TEXT
from bot.stage import Session
from cogs.moving.rules import words
from cogs.moving.rules.plan import Plan
from cogs.moving.service import exporting, importing, looking
from cogs.moving.service.looking import Given
from cogs.moving.service.progress import Progress

PACE_SECONDS: Final = 1.5
"""Between two edits of one message; Discord allows about one a second."""
_log = logging.getLogger(__name__)


async def show_preview(door: Door, given: Given, *, named: bool) -> None:
    """What the file is and would become; everything odd beside it, in a file when it is long; then one question."""

    async def look(session: Session) -> Plan:
        return await looking.look(session, given)

    plan = await door.stage.read(door.actor, "dkp.import", look)
    question = words.preview(given.file_name, given.document, plan, named=named)
    odd = words.oddities(given.document, plan)
    lines = words.odd_lines(odd, MESSAGE_TEXT - len(question) - 60)
    if lines is None:
        listed = discord.File(io.BytesIO(words.odd_list(odd).encode()), "odd.txt")
        await door.say(
            f"Everything odd about the file, {len(odd):,} lines, none of it changed or left out:", file=listed
        )
    elif lines:
        question = f"{question}\n{lines}"

    async def run(pressed: Door) -> None:
        await _run(door, pressed, given, plan.fingerprint)

    await ask(door, f"{question}\nImport it?", [yes("Import it", run)])


async def _run(door: Door, pressed: Door, given: Given, seen: str) -> None:
    """Import under the id of the command, so that it is done once; say how far it is, and stop where asked to."""
    progress = Progress()
    actor = replace(pressed.actor, interaction_id=door.actor.interaction_id)

    async def stop(other: Door) -> None:
        progress.stop = True
        await other.say("It is all written already." if progress.too_late else "Stopping …")

    showing = asyncio.create_task(_show(pressed, progress, OneButton("Stop it", stop)))
    try:
        done = await importing.import_file(door.stage, actor, given, seen, progress)
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
        await _update(pressed, "The import is over.", None)
    await pressed.say(f"{done.in_words()}\n-# /dkp undo takes the whole import back; /dkp standings shows what stands.")


async def _show(pressed: Door, progress: Progress, button: discord.ui.View) -> None:
    """Edit the question into how far it is, at a pace Discord allows."""
    while True:
        await _update(pressed, progress.in_words(), None if progress.too_late else button)
        await asyncio.sleep(PACE_SECONDS)


async def _update(pressed: Door, text: str, button: discord.ui.View | None) -> None:
    """What is shown meanwhile may fail; the import goes on."""
    try:
        await pressed.update(text, view=button)
    except discord.HTTPException:
        _log.warning("could not show how far an import is", exc_info=True)


async def send_export(door: Door, kind: Literal["csv", "json"], pool: str | None) -> None:
    """Write it, zip it, send it; say so when this server takes no file of that size."""
    await door.later()
    made = await exporting.export(door.stage, door.actor, kind, pool, door.guild.filesize_limit)
    await door.say(made.in_words(), file=discord.File(made.file, made.name))
