"""`/character add, list, main`, and what Discord tells of people and servers."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.seen import everybody, seen
from bot.kit.text import safe
from bot.stage import Actor, Session
from cogs.members import views
from cogs.members.service import guild_life, presence
from cogs.members.service.characters import add_character, characters_of, choose_main

if TYPE_CHECKING:
    from bot.app import Quartermaster

Interaction = discord.Interaction[Any]


class Characters(commands.Cog):
    character = app_commands.Group(name="character", description="Your characters: add one, choose your main")

    @character.command(name="add", description="Add a character; your first one becomes your main")
    @app_commands.describe(
        name="Its name, as the game shows it",
        character_class="Its class, such as Shaman",
        level="Its level, from 1 to 999",
        main="Make it the main (the first one is in any case)",
        owner="Whose it is, if not yours (officers only)",
    )
    async def add(
        self,
        interaction: Interaction,
        name: str,
        character_class: str | None = None,
        level: int | None = None,
        main: bool | None = None,
        owner: str | None = None,
    ) -> None:
        door = Door(interaction)
        added = await add_character(door.stage, door.actor, name, character_class, level, main, owner)
        await door.say(views.added_in_words(added))

    @character.command(name="list", description="Somebody's characters, or your own")
    @app_commands.describe(member="Whose; yourself when left out")
    async def list_(self, interaction: Interaction, member: str | None = None) -> None:
        door = Door(interaction)
        owner, own, played = await door.stage.read(
            door.actor, "characters.view", lambda session: characters_of(session, member)
        )
        heading = "**Your characters**" if own else f"**Characters of {safe(owner)}**"
        if own and not played:
            view = discord.ui.View(timeout=None).add_item(views.add_character_button())
            await door.say(f"{heading}\nYou have none here yet.", view=view)
            return
        await show_pages(door, heading, [views.played_in_words(one) for one in played], empty="None here yet.")

    @character.command(name="main", description="Choose which character is the main")
    @app_commands.describe(character="The character", reason="Why, for the record")
    async def main(self, interaction: Interaction, character: str, reason: str | None = None) -> None:
        door = Door(interaction)
        chosen = await choose_main(door.stage, door.actor, character, reason)
        await door.say(views.chosen_in_words(chosen))

    @add.autocomplete("owner")
    async def _owners(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("characters.manage", pickers.people)(self, interaction, typed)

    @list_.autocomplete("member")
    async def _people(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("characters.view", pickers.people)(self, interaction, typed)

    @main.autocomplete("character")
    async def _changeable(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """One's own; for who may change others' too, everybody's after them."""

        async def look(session: Session) -> list[pickers.Choice]:
            own = await pickers.own_characters(session, typed)
            if not session.may("characters.manage"):
                return own
            return list(dict.fromkeys((*own, *await pickers.characters(session, typed))))

        return await pickers.offer("characters.own", lambda session, _: look(session))(self, interaction, typed)


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
