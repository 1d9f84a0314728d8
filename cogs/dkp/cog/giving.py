"""`/dkp transfer`: points from one member to another, where the pool allows it."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from cogs.dkp.cog.group import DKP, Choices
from cogs.dkp.service import pools, transfers


class Giving(commands.Cog):
    @DKP.command(name="transfer", description="Give somebody some of your points, where the pool allows it")
    @app_commands.describe(
        to="To whom",
        amount="How many points",
        reason="Why: both of you will read it (3 to 500 characters)",
        pool="Which pool; the guild's own when left out",
    )
    async def transfer(
        self,
        interaction: discord.Interaction[Any],
        to: str,
        amount: float,
        reason: str | None = None,
        pool: str | None = None,
    ) -> None:
        door = Door(interaction)
        done = await transfers.transfer(door.stage, door.actor, to, amount, reason, pool)
        await door.say(done.in_words())

    @transfer.autocomplete("to")
    async def _to_whom(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.transfer", pickers.people)(self, interaction, typed)

    @transfer.autocomplete("pool")
    async def _in_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.transfer", pools.open_choices)(self, interaction, typed)
