"""`/me`: your profile, what you are told about, all I keep of you in a file, and being forgotten. Always private."""

import io
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit.ask import ask, yes
from bot.kit.door import Door
from cogs.members.service import personal, profile
from cogs.members.service.notices import notices_of_me
from cogs.members.views import notices

Interaction = discord.Interaction[Any]


class Me(commands.Cog):
    me = app_commands.Group(name="me", description="You: your profile, your messages, what I keep of you")

    @me.command(name="profile", description="Your characters, points, attendance and last awards")
    async def profile(self, interaction: Interaction) -> None:
        door = Door(interaction)
        await door.later()
        mine = await door.stage.read(door.actor, "me.own", profile.profile_of_me)
        chart = await mine.balance.picture() if mine.balance.moments else None
        await door.say("\n".join(mine.lines), file=chart)

    @me.command(name="notifications", description="What I tell you about, and whether directly or by a ping")
    async def notifications(self, interaction: Interaction) -> None:
        door = Door(interaction)
        now = await door.stage.read(door.actor, "me.own", notices_of_me)
        kinds = door.stage.registry.notices
        await door.say(notices.in_words(now, kinds), view=notices.panel(now, kinds))

    @me.command(name="export", description="Everything I keep about you, in one file")
    async def export(self, interaction: Interaction) -> None:
        door = Door(interaction)
        await door.later()
        everything = await door.stage.read(door.actor, "me.own", personal.export_me)
        file = discord.File(io.BytesIO(personal.as_file(everything)), "everything-about-me.json")
        await door.say(personal.summary_of(everything), file=file)

    @me.command(name="forget", description="Take your name off everything I keep; says first what stays")
    async def forget(self, interaction: Interaction) -> None:
        door = Door(interaction)

        async def do(pressed: Door) -> None:
            actor = replace(pressed.actor, interaction_id=door.actor.interaction_id)
            await pressed.say(await personal.forget_me(door.stage, actor))

        question = await door.stage.read(door.actor, "me.own", personal.check_forgettable)
        await ask(door, question, [yes("Forget me", do, danger=True)])
