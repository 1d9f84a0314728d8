"""`/help`: by what somebody wants."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.stage import Session
from cogs.help import service
from cogs.help.rules import Topic

if TYPE_CHECKING:
    from bot.app import Quartermaster


class Help(commands.Cog):
    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @app_commands.command(name="help", description="How to do what you want; shows only what you may do")
    @app_commands.describe(topic="What you want: bid, check in, see points ...")
    async def help(self, interaction: discord.Interaction[Any], topic: str | None = None) -> None:
        door = Door(interaction)

        async def look(session: Session) -> list[Topic]:
            return [await service.get_topic(session, topic)] if topic else await service.topics_for(session)

        found = await door.stage.read(door.actor, "help.view", look)
        if topic:
            await door.say(self._in_words(found[0]))
            return
        lines = [f"- {each.wish}: {', '.join(f'`/{name}`' for name in each.commands)}" for each in found]
        await show_pages(door, "**I want to …** (`/help topic` tells more)", lines, empty="")

    @help.autocomplete("topic")
    async def _topics(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("help.view", service.choices)(self, interaction, typed)

    def _in_words(self, topic: Topic) -> str:
        """The topic with each command's own description."""
        lines = [f"**I want to {topic.wish}**", topic.words]
        for name in topic.commands:
            group, _, leaf = name.partition(" ")
            command = self.bot.tree.get_command(group)
            if leaf and isinstance(command, app_commands.Group):
                command = command.get_command(leaf)
            about = f": {command.description}" if isinstance(command, app_commands.Command) else ""
            lines.append(f"- `/{name}`{about}")
        return "\n".join(lines)
