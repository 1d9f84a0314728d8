"""`/dkp adjust`: what officers post by hand."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices, as_typed
from cogs.dkp.rules import AdjustKind
from cogs.dkp.service import adjustments, pools


class Adjusting(commands.Cog):
    @DKP.command(name="adjust", description="Give or take points by hand, with a reason")
    @app_commands.describe(
        member="To whom",
        amount="How many points; below 0 takes them",
        reason="Why: they and the audit will read it (3 to 500 characters)",
        pool="Which pool; the guild's own when left out",
        kind="bonus always gives, penalty always takes, the others keep the sign",
    )
    async def adjust(
        self,
        interaction: discord.Interaction[Any],
        member: str,
        amount: float,
        reason: str,
        pool: str | None = None,
        kind: AdjustKind = "adjustment",
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> list[str]:
            return await adjustments.adjustment_troubles(session, member, amount, reason, pool, kind)

        async def post(pressed: Door) -> None:
            done = await adjustments.adjust(
                door.stage, as_typed(pressed, door), member, amount, reason, pool, kind, door.channel_id
            )
            await pressed.say(done.in_words())

        troubles = await door.stage.read(door.actor, "dkp.adjust", look)
        if not troubles:
            await post(door)
            return
        await ask(
            door, "Take these points all the same?\n" + "\n".join(troubles), [yes("Take them", post, danger=True)]
        )

    @adjust.autocomplete("member")
    async def _to_whom(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pickers.people)(self, interaction, typed)

    @adjust.autocomplete("pool")
    async def _in_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pools.choices)(self, interaction, typed)
