"""`/setup`, `/settings show, roles, channels, guild`, and the welcome when we join a server."""

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.seen import everybody
from bot.kit.text import MESSAGE_TEXT, clip
from bot.registry import Choice
from bot.stage import Actor, Session
from cogs.settings.rules import zones
from cogs.settings.service import guild as service
from cogs.settings.service.roles import map_roles, preview_mapping
from cogs.settings.views import words
from cogs.settings.views.panel import open_panel
from cogs.settings.views.welcome import where_to_welcome

if TYPE_CHECKING:
    from bot.app import Quartermaster

Interaction = discord.Interaction[Any]
_log = logging.getLogger(__name__)


class Settings(commands.Cog):
    settings = app_commands.Group(name="settings", description="How this guild wants things done")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @app_commands.command(name="setup", description="Set me up: time zone, roles, channels and points, step by step")
    @app_commands.default_permissions(manage_guild=True)
    async def setup_panel(self, interaction: Interaction) -> None:
        await open_panel(Door(interaction))

    @settings.command(name="show", description="Every setting and what it means")
    async def show(self, interaction: Interaction) -> None:
        door = Door(interaction)
        now = await door.stage.read(door.actor, "settings.view", service.settings_now)
        clock = zones.clock_in(now.guild.timezone, door.stage.clock.now())
        lines = words.everything(door.guild, now, clock)
        await show_pages(door, "**Settings**", lines, empty="")

    @settings.command(name="roles", description="Which role stands for which group; asks before it changes anybody")
    @app_commands.describe(
        developer="Settings and audit",
        officer="Everything: raids, auctions, points, awards, settings",
        recruiter="As a member, and applications",
        member="Earns, bids and sees points",
        applicant="Checks in and sees; does not bid",
        guest="Sees nothing of the guild's",
        raid_leader="A badge on top of any group: raids, auctions, awards",
    )
    async def roles(
        self,
        interaction: Interaction,
        developer: discord.Role | None = None,
        officer: discord.Role | None = None,
        recruiter: discord.Role | None = None,
        member: discord.Role | None = None,
        applicant: discord.Role | None = None,
        guest: discord.Role | None = None,
        raid_leader: discord.Role | None = None,
    ) -> None:
        door = Door(interaction)
        chosen = (developer, officer, recruiter, member, applicant, guest, raid_leader)
        changes = {group: role.id for group, role in zip(words.MAPPED, chosen, strict=True) if role is not None}
        here = await everybody(door.guild)
        plan = await door.stage.read(
            door.actor, "settings.roles", lambda session: preview_mapping(session, changes, here)
        )
        lines = ["**The mapping would be**" if changes else "**The mapping now**"]
        lines += words.mapping_lines(door.guild, plan.mapping)
        if not changes:
            await door.say(clip("\n".join((*lines, *words.warnings(door.guild, plan))), MESSAGE_TEXT))
            return

        async def then(door: Door) -> None:
            mapped = await map_roles(door.stage, door.actor, changes, await everybody(door.guild))
            await door.say(f"Mapped. {words.moved_in_words(mapped.moved)}; from now on I follow these roles.")

        question = clip("\n".join((*lines, *words.plan_lines(door.guild, plan))), MESSAGE_TEXT)
        await ask(door, question, [yes("Map and adopt", then)])

    @settings.command(name="channels", description="Where I post what; without a choice it shows where")
    @app_commands.describe(
        raids="Raid boards",
        auctions="Auction boards",
        loot="Who won what",
        recruitment="Applications, for recruiters",
        votes="Ballots, for members",
        events="The calendar",
        audit="What officers should know",
        welcome="What newcomers read",
    )
    async def channels(
        self,
        interaction: Interaction,
        raids: discord.TextChannel | None = None,
        auctions: discord.TextChannel | None = None,
        loot: discord.TextChannel | None = None,
        recruitment: discord.TextChannel | None = None,
        votes: discord.TextChannel | None = None,
        events: discord.TextChannel | None = None,
        audit: discord.TextChannel | None = None,
        welcome: discord.TextChannel | None = None,
    ) -> None:
        door = Door(interaction)
        given = (raids, auctions, loot, recruitment, votes, events, audit, welcome)
        chosen = {kind: channel for kind, channel in zip(words.CHANNEL_MEANS, given, strict=True) if channel}
        if chosen:
            for channel in chosen.values():
                words.check_may_post(door.guild, channel)
            ids = {kind: channel.id for kind, channel in chosen.items()}
            await service.change_channels(door.stage, door.actor, ids)
        now = await door.stage.read(door.actor, "settings.view", service.settings_now)
        await door.say("\n".join(words.channel_lines(door.guild, now, list(chosen) or list(words.CHANNEL_MEANS))))

    @settings.command(name="guild", description="Your guild's time zone, name, game, server, region and faction")
    @app_commands.describe(
        timezone="A city, such as Berlin; days and typed times are reckoned there",
        game="The game you play (- empties it)",
        guild_name="What the guild is called in the game (- empties it)",
        server="The game's server or world (- empties it)",
        region="Such as EU or NA (- empties it)",
        faction="Such as Horde (- empties it)",
    )
    async def guild(
        self,
        interaction: Interaction,
        timezone: str | None = None,
        game: str | None = None,
        guild_name: str | None = None,
        server: str | None = None,
        region: str | None = None,
        faction: str | None = None,
    ) -> None:
        door = Door(interaction)
        given = {"guild_name": guild_name, "game": game, "server": server, "region": region, "faction": faction}
        texts = {column: typed for column, typed in given.items() if typed is not None}
        changed = await service.change_guild(door.stage, door.actor, timezone, texts)
        lines = words.changed_lines(changed.values)
        if zone := changed.values.get("timezone"):
            lines.append(f"It is {zones.clock_in(zone, door.stage.clock.now())} there.")
        await door.say("\n".join(lines))

    @guild.autocomplete("timezone")
    async def _zones(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        now = self.bot.stage.clock.now()

        async def look(_: Session, typed: str) -> list[Choice]:
            found = zones.offered(typed)[:25]
            return [Choice(f"{zone.replace('_', ' ')} (now {zones.clock_in(zone, now)})", zone) for zone in found]

        return await pickers.offer("settings.edit", look)(self, interaction, typed)

    # --- the welcome ------------------------------------------------------------------------------------------------

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._welcome(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """We may have been invited while no process of ours lived."""
        await self._welcome(guild)

    async def _welcome(self, guild: discord.Guild) -> None:
        channel_id = where_to_welcome(guild)
        if channel_id is None:
            _log.info("no channel of guild %s takes our welcome; the next start looks again", guild.id)
            return
        actor = Actor.itself(guild.id, guild.name)
        await self.bot.stage.run(actor, lambda session: service.welcome(session, channel_id))
