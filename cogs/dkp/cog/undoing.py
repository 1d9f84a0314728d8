"""`/dkp undo`: reversing what moved points, after a look at what follows."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices, as_typed, with_what_fits
from cogs.dkp.service import undoing


class Undoing(commands.Cog):
    @DKP.command(name="undo", description="Reverse something that moved points; shows first what follows")
    @app_commands.describe(
        what="An adjustment, tick or award: pick it from the list",
        reason="Why: everybody it touches will read it (3 to 500 characters)",
    )
    async def undo(self, interaction: discord.Interaction[Any], what: str, reason: str) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, Sequence[str]]:
            return await undoing.preview_undo(session, what, reason)

        async def reverse(pressed: Door) -> None:
            await pressed.say(await undoing.undo(door.stage, as_typed(pressed, door), what, reason, door.channel_id))

        words, follows = await door.stage.read(door.actor, "dkp.undo", look)
        question = f"Undo this? **{words}**"
        await ask(door, with_what_fits(question, follows), [yes("Undo it", reverse, danger=True)])

    @undo.autocomplete("what")
    async def _what(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.undo", undoing.recent_acts)(self, interaction, typed)
