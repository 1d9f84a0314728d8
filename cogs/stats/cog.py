"""`/stats`: points and loot over a window, for everybody who is a member; answered to whoever asks alone."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import fit_lines
from bot.stage import Session
from cogs.dkp.service import pools
from cogs.stats import service

if TYPE_CHECKING:
    from bot.app import Quartermaster

Interaction = discord.Interaction[Any]


class Stats(commands.Cog):
    stats = app_commands.Group(name="stats", description="Points and loot over time: what moved, who won")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @stats.command(name="points", description="Points in circulation: what came and went, who has them, a chart")
    @app_commands.describe(days="Over the last so many days; 90 when left out", pool="Which pool; all when left out")
    async def points(self, interaction: Interaction, days: int | None = None, pool: str | None = None) -> None:
        door = Door(interaction)
        await door.later()

        async def look(session: Session) -> list[service.PoolStats]:
            return await service.points_stats(session, days, pool)

        found = await door.stage.read(door.actor, "stats.view", look)
        words = [each.in_words() for each in found]
        if len(found) > 1:
            words.append(f"The chart is of {found[0].pool}; name another pool to see its own.")
        await door.say(fit_lines("\n\n".join(words).split("\n")), file=await found[0].picture())

    @stats.command(name="loot", description="What loot went for, and who won how much against attendance")
    @app_commands.describe(
        days="Over the last so many days; 90 when left out", pool="Which pool; the default when left out"
    )
    async def loot(self, interaction: Interaction, days: int | None = None, pool: str | None = None) -> None:
        door = Door(interaction)
        await door.later()

        async def look(session: Session) -> service.LootStats:
            return await service.loot_stats(session, days, pool)

        found = await door.stage.read(door.actor, "stats.view", look)
        await door.say(found.in_words(), file=await found.picture())
        if found.winners:
            lines = [each.in_words() for each in found.winners]
            await show_pages(door, found.heading, lines, empty="")

    @points.autocomplete("pool")
    @loot.autocomplete("pool")
    async def _pool(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("stats.view", pools.choices)(self, interaction, typed)
