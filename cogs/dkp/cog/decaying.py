"""`/dkp decay preview, apply, schedule, stop`."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices, as_typed
from cogs.dkp.rules.decay import Every
from cogs.dkp.service import decay_schedules, decays, pools

DECAY = app_commands.Group(name="decay", description="Points that fade, so that those who come keep up", parent=DKP)
_PERCENT = "How much of what is above no bid: 0.01 to 100"
_FLOOR = "Nobody falls below it; the pool's floor when left out, never below 0"
_EARNED = "Only what attendance and bonuses gave, less what decayed before"
_POOL = "Which pool; the guild's own when left out"
Amount = app_commands.Range[float, 0.01, 100.0]


async def _look(door: Door, asked: decays.Asked) -> decays.DecayPreview:
    async def look(session: Session) -> decays.DecayPreview:
        return await decays.preview(session, asked)

    return await door.stage.read(door.actor, "dkp.decay", look)


class Decay(commands.Cog):
    @DECAY.command(name="preview", description="What a decay would take, and from how many; changes nothing")
    @app_commands.describe(percent=_PERCENT, floor=_FLOOR, earned_only=_EARNED, pool=_POOL)
    async def preview(
        self,
        interaction: discord.Interaction[Any],
        percent: Amount,
        floor: float | None = None,
        earned_only: bool = False,
        pool: str | None = None,
    ) -> None:
        door = Door(interaction)
        found = await _look(door, decays.Asked(percent, floor, earned_only, pool))
        await door.say(f"{found.in_words()}\n/dkp decay apply does it, /dkp decay schedule does it regularly.")

    @DECAY.command(name="apply", description="Let a pool decay once, now; asks first, and can be undone")
    @app_commands.describe(percent=_PERCENT, floor=_FLOOR, earned_only=_EARNED, pool=_POOL)
    async def apply(
        self,
        interaction: discord.Interaction[Any],
        percent: Amount,
        floor: float | None = None,
        earned_only: bool = False,
        pool: str | None = None,
    ) -> None:
        door = Door(interaction)
        asked = decays.Asked(percent, floor, earned_only, pool)
        found = await _look(door, asked)

        async def run(pressed: Door) -> None:
            await pressed.later()
            done = await decays.apply(door.stage, as_typed(pressed, door), asked, found.last_run, door.channel_id)
            await pressed.say(f"{done.in_words()} /dkp undo takes it back as one act.")

        question = f"{found.in_words()}\nIt can be undone as one act. Do it now?"
        await ask(door, question, [yes("Let it decay", run, danger=True)])

    @DECAY.command(name="schedule", description="Let a pool decay by itself, at 06:00; replaces its schedule")
    @app_commands.describe(every="How often", percent=_PERCENT, floor=_FLOOR, earned_only=_EARNED, pool=_POOL)
    async def schedule(
        self,
        interaction: discord.Interaction[Any],
        every: Every,
        percent: Amount,
        floor: float | None = None,
        earned_only: bool = False,
        pool: str | None = None,
    ) -> None:
        door = Door(interaction)
        asked = decays.Asked(percent, floor, earned_only, pool)
        await door.say(await decay_schedules.schedule(door.stage, door.actor, every, asked))

    @DECAY.command(name="stop", description="End a pool's scheduled decay; what it took stays")
    @app_commands.describe(pool=_POOL)
    async def stop(self, interaction: discord.Interaction[Any], pool: str | None = None) -> None:
        door = Door(interaction)
        await door.say(await decay_schedules.stop(door.stage, door.actor, pool))

    @preview.autocomplete("pool")
    @apply.autocomplete("pool")
    @schedule.autocomplete("pool")
    @stop.autocomplete("pool")
    async def _decaying_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.decay", pools.choices)(self, interaction, typed)
