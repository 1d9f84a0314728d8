"""`/setup`, `/settings show, roles, channels, guild, raids, auctions, permissions`, and the welcome to a server."""

import logging
from typing import TYPE_CHECKING, Any, Literal

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
from cogs.auctions.rules.typed import ORDERS
from cogs.settings.rules import zones
from cogs.settings.service import defaults, granting
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

    @settings.command(name="raids", description="How raids go here: points, ticks, lateness, standby, voice")
    @app_commands.describe(
        points="What a tick gives, unless it, its event or its pool says otherwise",
        on_time="Until how long after the start somebody is on time, such as 15m",
        standby_percent="How much of a tick's points standby gets",
        count="Whether attendance counts raids or ticks",
        every="Automatic ticks, such as 30m; off for none",
        voice="adds: who is in voice is credited too; required: only who is in voice",
    )
    async def raids(
        self,
        interaction: Interaction,
        points: float | None = None,
        on_time: str | None = None,
        standby_percent: app_commands.Range[int, 0, 100] | None = None,
        count: Literal["raids", "ticks"] | None = None,
        every: str | None = None,
        voice: Literal["adds", "required"] | None = None,
    ) -> None:
        door = Door(interaction)
        changed = await defaults.change_raids(
            door.stage,
            door.actor,
            points=points,
            on_time=on_time,
            standby_percent=standby_percent,
            count=count,
            every=every,
            voice=voice,
        )
        await door.say("\n".join(words.changed_lines(changed.values)))

    @settings.command(
        name="auctions", description="How auctions go here: their form, who bids, least bids, late bids, ties"
    )
    @app_commands.describe(
        duration="How long an auction takes, such as 3m",
        minimum="The lowest first bid",
        increment="How much more each bid must be",
        kind="open: bids are seen; sealed: offers are secret; second-price: and pay what the next best would",
        bidders="Who may bid: who is in the raid, or all members",
        snipe_window="How late a bid is late, such as 20s; off: late bids give no time",
        snipe_extension="How much time a late bid gives, such as 20s",
        snipe_limit="How often late bids may give time",
        retract="When somebody may take a bid back",
        steps="Larger increments from a price on, such as 50:5 100:10; off",
        ties="How sealed offers are ordered, such as tier, amount, attendance, earliest",
        copies_pay="Sealed copies: each pays their own price, or all the lowest that wins",
        one_win="Whether who won something tonight may win no more",
        floor="What must be left after a bid, if more than the pool's floor; off",
        without_bid="What happens to what nobody bids on",
        names="Whether bidders are named while an auction runs",
        all_in="Whether people are offered to bid all they can spend",
        item_link="An item site's address with {item} where the name goes; off",
    )
    async def auctions(
        self,
        interaction: Interaction,
        duration: str | None = None,
        minimum: float | None = None,
        increment: float | None = None,
        kind: Literal["open", "sealed", "second-price"] | None = None,
        bidders: Literal["raid", "members"] | None = None,
        snipe_window: str | None = None,
        snipe_extension: str | None = None,
        snipe_limit: app_commands.Range[int, 0, 1000] | None = None,
        retract: Literal["never", "not leading", "always"] | None = None,
        steps: str | None = None,
        ties: str | None = None,
        copies_pay: Literal["own", "lowest"] | None = None,
        one_win: bool | None = None,
        floor: str | None = None,
        without_bid: Literal["rots", "given", "bank"] | None = None,
        names: Literal["visible", "hidden"] | None = None,
        all_in: bool | None = None,
        item_link: str | None = None,
    ) -> None:
        door = Door(interaction)
        changed = await defaults.change_auctions(
            door.stage,
            door.actor,
            duration=duration,
            minimum=minimum,
            increment=increment,
            kind=kind,
            bidders=bidders,
            snipe_window=snipe_window,
            snipe_extension=snipe_extension,
            snipe_limit=snipe_limit,
            retract=retract,
            steps=steps,
            ties=ties,
            copies_pay=copies_pay,
            one_win=one_win,
            floor=floor,
            without_bid=without_bid,
            names=names,
            all_in=all_in,
            item_link=item_link,
        )
        await door.say("\n".join(words.changed_lines(changed.values)))

    @settings.command(name="permissions", description="Let a role do something its group may not, or take that back")
    @app_commands.describe(
        capability="What: pick it from the list",
        to="Which role",
        allow="Yes gives it, no takes it back",
    )
    async def permissions(self, interaction: Interaction, capability: str, to: discord.Role, allow: bool) -> None:
        door = Door(interaction)
        granted = await granting.change_permission(door.stage, door.actor, capability, to.id, allow)
        await door.say(words.granted_in_words(door.guild, granted))

    @permissions.autocomplete("capability")
    async def _capabilities(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("settings.permissions", granting.capability_choices)(self, interaction, typed)

    @auctions.autocomplete("ties")
    async def _orders(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        async def look(_: Session, typed: str) -> list[Choice]:
            return pickers.rank(typed, [Choice(order, order) for order in ORDERS])

        return await pickers.offer("settings.edit", look)(self, interaction, typed)

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
