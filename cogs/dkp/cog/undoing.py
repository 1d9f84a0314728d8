"""`/dkp undo`: reversing what moved points, after a look at what follows."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import yes
from bot.kit.door import Door
from bot.kit.pages import ask_in_pages
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices, as_typed
from cogs.dkp.service import undoing


class Undoing(commands.Cog):
    @DKP.command(name="undo", description="Reverse something that moved points; shows first what follows")
    @app_commands.describe(
        what="An entry, tick, award, batch, raid ...: pick it from the list, or type an entry's number",
        reason="Why: everybody it touches will read it (3 to 500 characters)",
    )
    async def undo(self, interaction: discord.Interaction[Any], what: str, reason: str) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, Sequence[str]]:
            return await undoing.preview_undo(session, what, reason)

        async def reverse(pressed: Door) -> None:
            await pressed.later()
            await pressed.say(await undoing.undo(door.stage, as_typed(pressed, door), what, reason, door.channel_id))

        words, follows = await door.stage.read(door.actor, "dkp.undo", look)
        await ask_in_pages(door, f"Undo this? **{words}**", follows, [yes("Undo it", reverse, danger=True)])

    @undo.autocomplete("what")
    async def _what(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.undo", undoing.recent_acts)(self, interaction, typed)
