"""The setup panel: one private message, edited in place, whose every press works after a restart too.

What is chosen is kept at once, step by step; nothing is created in Discord. A press that moves people shows the
counts first and carries a fingerprint of what was shown: were the server to change in between, it shows it again.
"""

import zlib
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.kit.components import Form, Pick, Press
from bot.kit.door import Door
from bot.kit.seen import everybody
from bot.kit.text import MESSAGE_TEXT, clip, points, safe
from bot.stage import Session
from cogs.settings.rules import guesses, zones
from cogs.settings.service.guild import (
    SettingsNow,
    finish_setup,
    set_up_channel,
    set_up_pool,
    set_up_zone,
    settings_now,
    use_recommended,
)
from cogs.settings.service.roles import Plan, RolesMapped, map_roles, preview_mapping
from cogs.settings.views import words
from cogs.settings.views.words import CHANNEL_MEANS, GROUP_MEANS, MAPPED, group_name

START, ZONE, ROLES, CHANNELS, POINTS, DONE = range(6)
"""Screens by the number their buttons carry."""
GUESSED = tuple(dict.fromkeys((*zones.BY_LANGUAGE.values(), *zones.COMMON)))
"""Zones a button can carry by number."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What would be set, where nothing is set yet; what is set stays."""

    now: SettingsNow
    zone: str
    mapping: dict[str, int]
    channels: dict[str, int]
    plan: Plan

    @property
    def fingerprint(self) -> int:
        shown = (self.zone, sorted(self.plan.mapping.items()), sorted(self.channels.items()), self.plan.moves)
        return zlib.crc32(repr(shown).encode())


async def open_panel(door: Door) -> None:
    await show(door, START)


async def show(door: Door, screen: int, note: str = "") -> None:
    """Draw a screen into the person's panel, a note above it."""
    content, view = await _SCREENS[screen](door)
    await _draw(door, "\n".join(filter(None, (note, content))), view)


async def _draw(door: Door, content: str, view: ui.View) -> None:
    """Into the private message that was pressed; a command, or a press on the welcome, opens a new one."""
    pressed = door.interaction.message
    if pressed is not None and pressed.flags.ephemeral:
        await door.update(clip(content, MESSAGE_TEXT), view=view)
    else:
        await door.say(clip(content, MESSAGE_TEXT), view=view)


async def recommend(door: Door) -> Recommendation:
    guild, here = door.guild, await everybody(door.guild)

    async def look(session: Session) -> tuple[SettingsNow, dict[str, int], Plan]:
        now = await settings_now(session)
        mapping = guesses.guess_roles(_roles_seen(guild), now.mapping)
        return now, mapping, await preview_mapping(session, mapping, here)

    now, mapping, plan = await door.stage.read(door.actor, "settings.setup", look)
    seen = [guesses.ChannelSeen(c.id, c.name) for c in guild.text_channels if not words.lacks(guild, c)]
    channels = guesses.guess_channels([c for c in seen if c.channel_id not in now.channels.values()], now.channels)
    return Recommendation(now, _guess_zone(door, now), mapping, channels, plan)


def _roles_seen(guild: discord.Guild) -> list[guesses.RoleSeen]:
    return [
        guesses.RoleSeen(
            role.id,
            role.name,
            words.holders(guild, role.id),
            role.permissions.manage_guild or role.permissions.administrator,
        )
        for role in reversed(guild.roles)
        if not role.is_default() and not role.is_bot_managed()
    ]


def _guess_zone(door: Door, now: SettingsNow) -> str:
    """The one that is set; before anything was, that of the person's language."""
    chosen = now.guild.timezone
    return chosen if chosen != "UTC" or now.guild.set_up_at else zones.guess_zone(str(door.interaction.locale))


def _view(*items: ui.Item[Any]) -> ui.View:
    view = ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def _steps(back: int, onward: int) -> tuple[ui.Item[Any], ui.Item[Any]]:
    return Step(screen=back, label="Back"), Step(screen=onward, label="Next", style=discord.ButtonStyle.primary)


# --- the screens ------------------------------------------------------------------------------------------------------


async def _start(door: Door) -> tuple[str, ui.View]:
    found = await recommend(door)
    guild, now, plan = door.guild, found.now, found.plan
    clock = zones.clock_in(found.zone, door.stage.clock.now())
    roles = words.short_mapping(guild, plan.mapping)
    kept = {**found.now.channels, **found.channels}
    channels = " · ".join(f"{kind} → {words.channel_name(guild, kept[kind])}" for kind in CHANNEL_MEANS if kind in kept)
    lines = [
        f"**Setting up {safe(clip(guild.name, 60))}**: this is what I recommend, from what I find here.",
        words.zone_line(found.zone, clock),
        f"**Roles**: {roles or 'none yet, as nobody holds one I would take for officer; choose under Roles.'}",
        *(words.plan_lines(guild, plan) if found.mapping else words.warnings(guild, plan) if plan.mapping else ()),
        f"**Channels**: {channels or 'none by a name I know'}; everything else is posted where the command is typed.",
        f"**Points**: the pool {safe(now.pool_name)}, {points(now.tick_points)} a tick.",
        "-# Nothing is changed before you press, and I create nothing in your server.",
    ]
    view = _view(
        UseRecommended(fingerprint=found.fingerprint, label="Use what I recommend", style=discord.ButtonStyle.success),
        Step(screen=ZONE, label="Time zone"),
        Step(screen=ROLES, label="Roles"),
        Step(screen=CHANNELS, label="Channels"),
        Step(screen=POINTS, label="Points"),
    )
    return "\n".join(lines), view


async def _zone(door: Door) -> tuple[str, ui.View]:
    now = await door.stage.read(door.actor, "settings.setup", settings_now)
    zone, moment = _guess_zone(door, now), door.stage.clock.now()
    options = [
        discord.SelectOption(
            label=common.replace("_", " "), value=common, description=f"now {zones.clock_in(common, moment)}"
        )
        for common in zones.COMMON
    ]
    right: list[ui.Item[Any]] = []
    if zone in GUESSED:
        right.append(ZoneRight(zone=GUESSED.index(zone), label="Yes, that is right", style=discord.ButtonStyle.success))
    view = _view(
        ZonePick(options=options, placeholder="Another zone"),
        *right,
        TypeZone(label="Type a city…"),
        *_steps(START, ROLES),
    )
    return words.zone_line(zone, zones.clock_in(zone, moment)), view


async def _roles(door: Door) -> tuple[str, ui.View]:
    now = await door.stage.read(door.actor, "settings.setup", settings_now)
    lines = ["**Roles**: which of your roles stands for what?", *words.mapping_lines(door.guild, now.mapping)]
    return "\n".join(lines), _view(_group_pick(), *_steps(ZONE, CHANNELS))


async def _channels(door: Door) -> tuple[str, ui.View]:
    now = await door.stage.read(door.actor, "settings.setup", settings_now)
    lines = ["**Channels**: where do I post what?"]
    lines += [
        f"**{kind}**: {words.channel_name(door.guild, now.channel(kind))} · {means}"
        for kind, means in CHANNEL_MEANS.items()
    ]
    return "\n".join(lines), _view(_kind_pick(), *_steps(ROLES, POINTS))


async def _points(door: Door) -> tuple[str, ui.View]:
    now = await door.stage.read(door.actor, "settings.setup", settings_now)
    content = (
        f"**Points**: your first pool is **{safe(now.pool_name)}**; a tick gives {points(now.tick_points)},"
        " unless it or its event says otherwise."
    )
    edit = EditPool(label="Name and points…")
    return content, _view(
        edit,
        Step(screen=CHANNELS, label="Back"),
        Step(screen=DONE, label="Done", style=discord.ButtonStyle.success),
    )


async def _done(door: Door) -> tuple[str, ui.View]:
    await finish_setup(door.stage, door.actor)
    content = (
        "**You are set up.** Next: `/raid start` opens a raid with its board, and `/character add` adds your main."
        " `/settings show` has everything with what it means."
    )
    return content, _view(Step(screen=START, label="Look at it again"))


_SCREENS = {START: _start, ZONE: _zone, ROLES: _roles, CHANNELS: _channels, POINTS: _points, DONE: _done}


# --- what is pressed --------------------------------------------------------------------------------------------------


class Step(Press, key="setup.step", numbers=("screen",)):
    async def press(self, door: Door, screen: int) -> None:  # type: ignore[override]
        await show(door, screen if screen in _SCREENS else START)


class UseRecommended(Press, key="setup.use", numbers=("fingerprint",)):
    async def press(self, door: Door, fingerprint: int) -> None:  # type: ignore[override]
        found = await recommend(door)
        if found.fingerprint != fingerprint:
            await show(door, START, "The server or the settings changed meanwhile; look again, then press.")
            return
        mapped = await use_recommended(
            door.stage, door.actor, found.zone, found.mapping, found.channels, await everybody(door.guild)
        )
        await show(door, DONE, _adopted(door, mapped))


class ZonePick(Pick, key="setup.zone"):
    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        await _set_zone(door, chosen[0])


class ZoneRight(Press, key="setup.zone_right", numbers=("zone",)):
    async def press(self, door: Door, zone: int) -> None:  # type: ignore[override]
        await _set_zone(door, GUESSED[zone % len(GUESSED)])


class TypeZone(Press, key="setup.type_zone"):
    async def press(self, door: Door, **numbers: int) -> None:
        await door.form(ZoneForm())


class ZoneForm(Form, key="setup.zone_form", title="Your time zone"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"zone": ui.TextInput(label="City, country or zone", placeholder="Berlin", max_length=60)}

    async def submit(self, door: Door, texts: dict[str, str], **numbers: int) -> None:
        await _set_zone(door, texts.get("zone", ""))


async def _set_zone(door: Door, typed: str) -> None:
    zone = await set_up_zone(door.stage, door.actor, typed)
    await show(door, ROLES, f"The time zone is {zone} now.")


def _group_pick(chosen: int | None = None) -> "GroupPick":
    options = [
        discord.SelectOption(
            label=group_name(group).capitalize(),
            value=str(number),
            description=clip(GROUP_MEANS[group], 100),
            default=number == chosen,
        )
        for number, group in enumerate(MAPPED)
    ]
    return GroupPick(options=options, placeholder="Change one")


class GroupPick(Pick, key="setup.group"):
    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        number = int(chosen[0])
        group = MAPPED[number]
        await _show_view(
            door,
            f"**{group_name(group).capitalize()}**: {GROUP_MEANS[group]}. Which of your roles is it?",
            _group_pick(number),
            RolePick(group=number, least=0, placeholder=f"The role for {group_name(group)}; none takes it away"),
            Step(screen=ROLES, label="Back"),
        )


class RolePick(Pick, key="setup.role", numbers=("group",), of="roles"):
    """Shows whom the choice moves; **Map it** does it."""

    async def pick(self, door: Door, chosen: list[str], group: int) -> None:  # type: ignore[override]
        name, role_id = MAPPED[group], int(chosen[0]) if chosen else 0
        changes, here = {name: role_id or None}, await everybody(door.guild)
        plan = await door.stage.read(
            door.actor, "settings.roles", lambda session: preview_mapping(session, changes, here)
        )
        await _show_view(
            door,
            "\n".join(
                (
                    f"**{group_name(name).capitalize()}** would be {words.role_name(door.guild, role_id or None)}.",
                    *words.plan_lines(door.guild, plan),
                )
            ),
            MapRole(group=group, role_id=role_id, label="Map it", style=discord.ButtonStyle.success),
            Step(screen=ROLES, label="Back"),
        )


class MapRole(Press, key="setup.map", numbers=("group", "role_id")):
    async def press(self, door: Door, group: int, role_id: int) -> None:  # type: ignore[override]
        changes = {MAPPED[group]: role_id or None}
        mapped = await map_roles(door.stage, door.actor, changes, await everybody(door.guild))
        await show(door, ROLES, _adopted(door, mapped))


def _adopted(door: Door, mapped: RolesMapped) -> str:
    return f"Done: {words.moved_in_words(mapped.moved)}. {words.short_mapping(door.guild, mapped.mapping)}"


def _kind_pick(chosen: int | None = None) -> "KindPick":
    options = [
        discord.SelectOption(
            label=kind.capitalize(), value=str(number), description=CHANNEL_MEANS[kind], default=number == chosen
        )
        for number, kind in enumerate(guesses.CHANNELS)
    ]
    return KindPick(options=options, placeholder="Change one")


class KindPick(Pick, key="setup.kind"):
    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        number = int(chosen[0])
        kind = guesses.CHANNELS[number]
        await _show_view(
            door,
            f"**{kind.capitalize()}**: {CHANNEL_MEANS[kind]}. Which channel?",
            _kind_pick(number),
            ChannelPick(kind=number, least=0, placeholder=f"The channel for {kind}; none: where commands are typed"),
            Step(screen=CHANNELS, label="Back"),
        )


class ChannelPick(Pick, key="setup.channel", numbers=("kind",), of="channels"):
    async def pick(self, door: Door, chosen: list[str], kind: int) -> None:  # type: ignore[override]
        channel = door.guild.get_channel(int(chosen[0])) if chosen else None
        if channel is not None:
            words.check_may_post(door.guild, channel)
        name = guesses.CHANNELS[kind]
        await set_up_channel(door.stage, door.actor, name, channel.id if channel is not None else None)
        await show(
            door,
            CHANNELS,
            f"**{name.capitalize()}** is {words.channel_name(door.guild, channel.id if channel else None)} now.",
        )


class EditPool(Press, key="setup.pool"):
    async def press(self, door: Door, **numbers: int) -> None:
        now = await door.stage.read(door.actor, "settings.setup", settings_now)
        await door.form(PoolForm(texts={"name": now.pool_name, "tick_points": points(now.tick_points)}))


class PoolForm(Form, key="setup.pool_form", title="Your first pool"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {
            "name": ui.TextInput(label="Name", placeholder="DKP", max_length=60),
            "tick_points": ui.TextInput(label="Points a tick gives", placeholder="10", max_length=15),
        }

    async def submit(self, door: Door, texts: dict[str, str], **numbers: int) -> None:
        await set_up_pool(door.stage, door.actor, texts.get("name", ""), texts.get("tick_points", ""))
        await show(door, POINTS)


async def _show_view(door: Door, content: str, *items: ui.Item[Any]) -> None:
    await _draw(door, content, _view(*items))


BUTTONS = (
    Step, UseRecommended, ZonePick, ZoneRight, TypeZone, GroupPick, RolePick, MapRole, KindPick, ChannelPick, EditPool,
)  # fmt: skip
