"""What Discord tells of roles: who loses the one an auction asks for loses the bids there."""

from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.kit.seen import everybody
from cogs.auctions import service

if TYPE_CHECKING:
    from bot.app import Quartermaster


class Roles(commands.Cog):
    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        theirs = {role.id for role in after.roles}
        if {role.id for role in before.roles} - theirs and not after.bot:
            stage, guild_id = self.bot.stage, after.guild.id
            await service.void_bids_without_role(stage, guild_id, lambda _, role_id: role_id in theirs, after.id)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        gone = role.id
        await service.void_bids_without_role(self.bot.stage, role.guild.id, lambda _, role_id: role_id != gone)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """What was taken while no process of ours lived."""
        holders = {person.user_id: person.role_ids for person in await everybody(guild)}
        await service.void_bids_without_role(
            self.bot.stage, guild.id, lambda user_id, role_id: role_id in holders.get(user_id or 0, ())
        )
