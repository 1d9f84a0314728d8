"""The `/auction` group that all of this slice's commands hang on, and how they find what is meant."""

import discord
from discord import app_commands

from bot.kit.door import Door
from bot.stage import Session
from cogs.auctions.service import Others, looking

AUCTION = app_commands.Group(name="auction", description="Bid points for items")
Choices = list[app_commands.Choice[str]]
Reason = app_commands.Range[str, 3, 500]


def others_in(guild: discord.Guild) -> Others:
    """Who else is here, as Discord knows it, for the own-interest rule."""
    here = [member for member in guild.members if not member.bot]
    return Others(
        managers=frozenset(member.id for member in here if member.guild_permissions.manage_guild),
        holders={
            role.id: frozenset(member.id for member in role.members if not member.bot)
            for role in guild.roles
            if not role.is_default()
        },
    )


async def find(door: Door, typed: str, capability: str, *, only_open: bool = True) -> int:
    async def look(session: Session) -> int:
        return await looking.find_auction(session, typed, only_open=only_open)

    return await door.stage.read(door.actor, capability, look)
