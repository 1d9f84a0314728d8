"""`/member link`: an officer says which Discord user an unclaimed person is."""

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.seen import seen
from cogs.members.service import linking, unclaimed


class Linking(commands.Cog):
    member = app_commands.Group(name="member", description="People: who an imported one is here")

    @member.command(name="link", description="Give an imported person's points and characters to a Discord user")
    @app_commands.describe(who="The imported person, by name or character", user="Who that is in this server")
    async def link(self, interaction: discord.Interaction[Any], who: str, user: discord.User | discord.Member) -> None:
        door = Door(interaction)
        found = seen(user) if isinstance(user, discord.Member) and not user.bot else None

        async def do(pressed: Door) -> None:
            actor = replace(pressed.actor, interaction_id=door.actor.interaction_id)
            done = await linking.link_member(door.stage, actor, who, found, door.channel_id)
            await pressed.say(done.in_words())

        preview = await door.stage.read(
            door.actor, "members.link", lambda session: linking.preview_link(session, who, found)
        )
        await ask(door, preview.question(), [yes("Link them", do)])

    @link.autocomplete("who")
    async def _who(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("members.link", unclaimed.unclaimed_choices)(self, interaction, typed)
