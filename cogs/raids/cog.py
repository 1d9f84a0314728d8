"""The `/raid` commands: parse what was typed, call the service, say what came of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.pickers import Autocomplete, offer, people, rank
from bot.kit.text import points, safe, when
from bot.people import get_person
from bot.registry import Choice
from bot.stage import Session
from bot.typed import format_duration, name_key, parse_duration
from cogs.dkp.service import pools
from cogs.raids.dumps import DumpEmpty
from cogs.raids.service import card, claims, evening, lookups, roster
from cogs.raids.service.card import RaidLine
from cogs.raids.service.evening import RaidStarted
from cogs.raids.views import lead, ticks
from cogs.raids.views.board import board
from cogs.raids.views.claims import made_in_words
from cogs.raids.views.uploads import import_file, import_text

Choices = list[app_commands.Choice[str]]
Status = Literal["present", "late", "left early", "standby", "excused", "absent"]
Outcome = Literal["win", "wipe", "other"]
_SIGNS = {"running": "▶ running", "ended": "over", "cancelled": "✕ cancelled"}


def _list(load: Callable[[Session], Awaitable[list[Choice]]], capability: str = "raids.view") -> Autocomplete:
    async def look(session: Session, typed: str) -> list[Choice]:
        return rank(typed, await load(session))

    return offer(capability, look)


async def _last_name(session: Session, typed: str) -> list[Choice]:
    """Completes the last name of a list, keeping those before it."""
    before, _, last = typed.rpartition(" ")
    found = await people(session, last)
    return [Choice(f"{before} {choice.label}".strip(), f"{before} {choice.value}".strip()) for choice in found]


_RAIDS, _EVENTS = _list(lookups.own_raid_choices), _list(lookups.event_choices)
_SHOWN_RAIDS = _list(lookups.raid_choices)
_TICKS = _list(lookups.tick_choices, "raids.manage")
_POOLS, _PEOPLE = offer("raids.manage", pools.open_choices), offer("raids.manage", people)
_CLAIMED_RAIDS = _list(lookups.own_raid_choices, "raids.claim")
_CLAIMED_TICKS = _list(lookups.tick_choices, "raids.claim")
_MEMBERS = offer("raids.manage", _last_name)


async def _raid_id(door: Door, typed: str | None, *, running: bool = False, capability: str = "raids.manage") -> int:
    async def look(session: Session) -> int:
        return (await lookups.find_raid(session, typed, door.channel_id, running=running)).raid_id

    return await door.stage.read(door.actor, capability, look)


class Raids(commands.Cog):
    raid = app_commands.Group(name="raid", description="Raid nights: rosters, ticks and who was there")

    @raid.command(name="start", description="Begin a raid and post its board")
    @app_commands.describe(
        event="What you raid; a new name is remembered",
        name="What to call this evening, if not by the event",
        pool="Which points it pays; the event's or the default one if left out",
        value="What a tick is worth; the event's, pool's or guild's if left out",
        every="Take a tick by the clock every 15m to 2h; off for never",
        voice="Whoever is in this voice channel at a tick is credited",
        note="A line on the board",
    )
    @app_commands.rename(value="points")
    async def start(
        self,
        interaction: discord.Interaction[Any],
        event: app_commands.Range[str, 1, 100],
        name: app_commands.Range[str, 1, 100] | None = None,
        pool: str | None = None,
        value: float | None = None,
        every: str | None = None,
        voice: discord.VoiceChannel | None = None,
        note: app_commands.Range[str, 1, 300] | None = None,
    ) -> None:
        door = Door(interaction)
        never = every is not None and name_key(every) in {"off", "never", "no", "none", "0"}
        started = await evening.start_raid(
            door.stage,
            door.actor,
            event=event,
            channel_id=door.channel_id,
            name=name,
            pool=pool,
            tick_points=value,
            every=parse_duration(every) if every and not never else None,
            never=never,
            voice_channel_id=voice.id if voice else None,
            note=note,
        )
        await door.say(_started_in_words(started))

    @raid.command(name="tick", description="Credit everybody who is at the raid now")
    @app_commands.describe(
        raid="Which raid; the one running if left out",
        value="What this tick is worth, if not the raid's value",
        note="What it was for",
        voice="Credit who is in this voice channel instead of the raid's",
    )
    @app_commands.rename(value="points")
    async def tick(
        self,
        interaction: discord.Interaction[Any],
        raid: str | None = None,
        value: float | None = None,
        note: app_commands.Range[str, 1, 200] | None = None,
        voice: discord.VoiceChannel | None = None,
    ) -> None:
        door = Door(interaction)
        raid_id = await _raid_id(door, raid, running=True)
        await ticks.take(door, raid_id, value=value, note=note, voice_channel_id=voice.id if voice else None)

    @raid.command(name="add", description="Put people on a roster; of a raid that is over, credit ticks they were at")
    @app_commands.describe(
        members="Who: names, spaces or commas between them",
        raid="Which raid; the one running if left out",
        status="How they were there; present if left out",
    )
    async def add(
        self,
        interaction: discord.Interaction[Any],
        members: str,
        raid: str | None = None,
        status: Status = "present",
    ) -> None:
        door = Door(interaction)
        await lead.add(door, await _raid_id(door, raid), members, status)

    @raid.command(name="remove", description="Take somebody off the roster; ticks earned stay theirs")
    @app_commands.describe(
        member="Who", raid="Which raid; the one running if left out", reason="Why; it is kept in the audit"
    )
    async def remove(
        self,
        interaction: discord.Interaction[Any],
        member: str,
        raid: str | None = None,
        reason: app_commands.Range[str, 3, 500] | None = None,
    ) -> None:
        door = Door(interaction)
        raid_id = await _raid_id(door, raid, running=True)

        async def look(session: Session) -> int:
            return (await get_person(session, member)).member_id

        member_id = await door.stage.read(door.actor, "raids.manage", look)
        await door.say(lead.removed_in_words(await roster.remove(door.stage, door.actor, raid_id, member_id, reason)))

    @raid.command(name="import", description="Credit who a roster, a log or a list of names says was there")
    @app_commands.describe(
        raid="Which raid; the one running if left out",
        file="A RaidRoster, RaidTick, guild dump or log, also as .zip or .gz; or a name a line",
        text="Names, roster lines or log lines, instead of a file",
    )
    async def import_(
        self,
        interaction: discord.Interaction[Any],
        raid: str | None = None,
        file: discord.Attachment | None = None,
        text: str | None = None,
    ) -> None:
        door = Door(interaction)
        raid_id = await _raid_id(door, raid)
        if file is not None:
            await import_file(door, raid_id, file)
        elif text:
            await import_text(door, raid_id, text)
        else:
            raise DumpEmpty(
                "There is nothing to import: attach a roster, a log (up to 25 MB, 100 MB unpacked) or a guild dump,"
                " or type names as text."
            )

    @raid.command(name="undo-tick", description="Take a tick back: every point it paid")
    @app_commands.describe(tick="Which tick; its number, or pick it", reason="Why; it is kept in the ledger")
    async def undo_tick(
        self, interaction: discord.Interaction[Any], tick: str, reason: app_commands.Range[str, 3, 500]
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> int:
            return (await lookups.find_tick(session, tick, door.channel_id)).tick_id

        await ticks.ask_undo(door, await door.stage.read(door.actor, "raids.manage", look), reason)

    @raid.command(name="claim", description="Say that you were there: a raid leader accepts or refuses it")
    @app_commands.describe(
        note="Where you were and why nothing shows it, such as: zoning when the dump was made",
        raid="Which raid; the one running, else the last one, if left out",
        tick="Which tick; all of them so far if left out",
    )
    async def claim(
        self,
        interaction: discord.Interaction[Any],
        note: app_commands.Range[str, 3, 500],
        raid: str | None = None,
        tick: str | None = None,
    ) -> None:
        door = Door(interaction)
        made = await claims.make_claim(door.stage, door.actor, note, raid, tick, channel_id=door.channel_id)
        await door.say(made_in_words(made))

    @raid.command(name="end", description="End a raid and post what it came to")
    @app_commands.describe(raid="Which raid; the one running if left out", outcome="How it went")
    async def end(
        self, interaction: discord.Interaction[Any], raid: str | None = None, outcome: Outcome | None = None
    ) -> None:
        door = Door(interaction)
        await lead.end(door, await _raid_id(door, raid, running=True), outcome)

    @raid.command(name="reopen", description="Open a raid again within 24 hours of its end")
    @app_commands.describe(raid="Which raid")
    async def reopen(self, interaction: discord.Interaction[Any], raid: str) -> None:
        door = Door(interaction)
        reopened = await evening.reopen_raid(door.stage, door.actor, await _raid_id(door, raid))
        await door.say(f"{safe(reopened.raid_name)} is running again; its board is posted anew.")

    @raid.command(name="cancel", description="Undo a whole raid: its ticks are reversed, its auctions cancelled")
    @app_commands.describe(reason="Why; everybody reads it", raid="Which raid; the one running if left out")
    async def cancel(
        self,
        interaction: discord.Interaction[Any],
        reason: app_commands.Range[str, 3, 500],
        raid: str | None = None,
    ) -> None:
        door = Door(interaction)
        await lead.ask_cancel(door, await _raid_id(door, raid, capability="raids.cancel"), reason)

    @raid.command(name="show", description="The board of a raid, buttons included")
    @app_commands.describe(raid="Which raid; the one running if left out")
    async def show(self, interaction: discord.Interaction[Any], raid: str | None = None) -> None:
        door = Door(interaction)
        raid_id = await _raid_id(door, raid, capability="raids.view")
        shown = await door.stage.read(door.actor, "raids.view", lambda session: card.load_card(session, raid_id))
        await door.say(view=board(shown))

    @raid.command(name="list", description="Raids of the last days")
    @app_commands.describe(days="How many days back; 30 if left out")
    async def list_(self, interaction: discord.Interaction[Any], days: app_commands.Range[int, 1, 3650] = 30) -> None:
        door = Door(interaction)
        raids = await door.stage.read(door.actor, "raids.view", lambda session: card.list_raids(session, days))
        past = "the last day" if days == 1 else f"the last {days} days"
        await show_pages(
            door, f"**Raids of {past}**", [_line(raid) for raid in raids], empty="None: /raid start begins one."
        )

    @tick.autocomplete("raid")
    @add.autocomplete("raid")
    @remove.autocomplete("raid")
    @import_.autocomplete("raid")
    @end.autocomplete("raid")
    @reopen.autocomplete("raid")
    @cancel.autocomplete("raid")
    async def _raids(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _RAIDS(self, interaction, typed)

    @show.autocomplete("raid")
    async def _shown_raids(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _SHOWN_RAIDS(self, interaction, typed)

    @start.autocomplete("event")
    async def _events(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _EVENTS(self, interaction, typed)

    @start.autocomplete("pool")
    async def _pools(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _POOLS(self, interaction, typed)

    @undo_tick.autocomplete("tick")
    async def _ticks(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _TICKS(self, interaction, typed)

    @claim.autocomplete("raid")
    async def _claimed_raids(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _CLAIMED_RAIDS(self, interaction, typed)

    @claim.autocomplete("tick")
    async def _claimed_ticks(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _CLAIMED_TICKS(self, interaction, typed)

    @add.autocomplete("members")
    async def _members(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _MEMBERS(self, interaction, typed)

    @remove.autocomplete("member")
    async def _people(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _PEOPLE(self, interaction, typed)


def _started_in_words(started: RaidStarted) -> str:
    each = f"a tick is worth {points(started.tick_points)} {safe(started.pool_name)}"
    clock = (
        f", taken by the clock every {format_duration(timedelta(seconds=started.every_seconds))}"
        if started.every_seconds
        else ""
    )
    return (
        f"{safe(started.raid_name)} is running; {each}{clock}. Its board is in <#{started.channel_id}>: "
        "people check in there, and **Lead…** has your buttons."
    )


def _line(raid: RaidLine) -> str:
    state = _SIGNS[raid.status] + (f", {raid.outcome}" if raid.outcome else "")
    people = "1 person" if raid.people == 1 else f"{raid.people} people"
    counted = "1 tick" if raid.ticks == 1 else f"{raid.ticks} ticks"
    return f"{when(raid.started_at, 'd')} **{safe(raid.name)}** · {state} · {people} · {counted}"
