"""The welcome: one sentence and **Set up**, posted once when we join a server."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.kit.components import Press
from bot.kit.door import Door
from bot.stage import Stage
from cogs.settings.views.panel import open_panel
from cogs.settings.views.words import lacks

SENTENCE = (
    "I keep this guild's raids, points and auctions, and I work from this minute on;"
    " whoever may Manage Server tells me more with **Set up**."
)


class SetUp(Press, key="welcome.set_up", numbers=("welcome_id",)):
    async def press(self, door: Door, **numbers: int) -> None:
        await open_panel(door)


class WelcomeBoard:
    """Drawn once; a board in name so that it is posted after the commit, also when we crash in between."""

    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool]:
        view = ui.LayoutView(timeout=None)
        button = SetUp(welcome_id=subject_id, label="Set up", style=discord.ButtonStyle.primary)
        view.add_item(ui.Container(ui.TextDisplay(SENTENCE), ui.ActionRow[Any](button)))
        return view, False


def where_to_welcome(guild: discord.Guild) -> int | None:
    """The system channel, else the first text channel that takes our messages."""
    system = [guild.system_channel] if guild.system_channel else []
    channels: Sequence[discord.TextChannel] = [*system, *guild.text_channels]
    return next((channel.id for channel in channels if not lacks(guild, channel)), None)
