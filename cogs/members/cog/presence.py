"""What Discord tells of people and servers."""

from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.kit.seen import everybody, seen
from bot.stage import Actor, Session
from cogs.members.service import guild_life, presence

if TYPE_CHECKING:
    from bot.app import Quartermaster


class Presence(commands.Cog):
    """Writes down who is here. Bots are never members."""

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Servers that removed us while no process of ours lived: Discord no longer names them."""
        stage = self.bot.stage
        for guild_id in await stage.db.guilds_across(stage.clock.now()):
            ours = self.bot.shard_count is None or (guild_id >> 22) % self.bot.shard_count in self.bot.shards
            if ours and self.bot.get_guild(guild_id) is None:
                await stage.run(Actor.itself(guild_id), guild_life.be_removed)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._look_around(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._look_around(guild)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        if before.name != after.name:
            await self.bot.stage.run(itself(after), lambda session: guild_life.be_here(session, after.name))

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.bot.stage.run(itself(guild), guild_life.be_removed)

    @commands.Cog.listener()
    async def on_member_join(self, member: discord.Member) -> None:
        if not member.bot:
            await self.bot.stage.run(itself(member.guild), lambda session: presence.arrive(session, seen(member)))

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """The raw one: it comes for people the cache does not know, too. Our own removal is the guild's."""
        if payload.user.bot or self.bot.get_guild(payload.guild_id) is None:
            return
        actor = Actor.itself(payload.guild_id)
        await self.bot.stage.run(actor, lambda session: presence.depart(session, payload.user.id))

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        moved = frozenset(role.id for role in set(before.roles) ^ set(after.roles))
        if after.bot or (not moved and before.display_name == after.display_name):
            return
        await self.bot.stage.run(itself(after.guild), lambda session: presence.change(session, seen(after), moved))

    @commands.Cog.listener()
    async def on_user_update(self, before: discord.User, after: discord.User) -> None:
        """A new global name is a new display name wherever there is no nickname."""
        if after.bot or before.display_name == after.display_name:
            return
        for guild in after.mutual_guilds:
            if (member := guild.get_member(after.id)) is not None:
                await self._rename(member)

    async def _rename(self, member: discord.Member) -> None:
        nothing: frozenset[int] = frozenset()
        await self.bot.stage.run(itself(member.guild), lambda session: presence.change(session, seen(member), nothing))

    async def _look_around(self, guild: discord.Guild) -> None:
        """We are here; who else is?"""
        here = await everybody(guild)
        roles = frozenset(role.id for role in guild.roles)

        async def note(session: Session) -> None:
            await guild_life.be_here(session, guild.name)
            await presence.reconcile(session, here, roles)

        await self.bot.stage.run(itself(guild), note)


def itself(guild: discord.Guild) -> Actor:
    return Actor.itself(guild.id, guild.name)
