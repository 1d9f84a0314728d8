"""The raid board: roster, bench, ticks, and the buttons everybody presses."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import discord
from discord import ui

from bot.kit.components import Press
from bot.kit.door import Door
from bot.kit.panels import show_my_points
from bot.kit.text import clip, points, safe, when
from bot.refusals import NotFound
from bot.stage import Actor, Stage
from bot.typed import format_duration
from cogs.raids.rules import ABSENT, EXCUSED, LEFT, PRESENT, STANDBY
from cogs.raids.service import card, roster
from cogs.raids.service.card import Place, RaidCard, TickLine
from cogs.raids.service.roster import Seated
from cogs.raids.views.lead import Lead

_COLOURS = {"running": 0x3BA55D, "ended": 0x72767D, "cancelled": 0xED4245}
_NAME = 25
# Room for each part, so that all of them fit the 4,000 characters a layout may have.
_HERE_ROOM, _BENCH_ROOM, _GONE_ROOM = 1300, 300, 300
_TICKS_SHOWN = 6


class RaidBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        try:
            shown = await stage.run(Actor.itself(guild_id), lambda session: card.load_card(session, subject_id))
        except NotFound:
            return None
        return board(shown), shown.status == "running"


def board(shown: RaidCard) -> ui.LayoutView:
    """The card as it stands; a raid that is over keeps only **My points** and **Lead…**."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOURS[shown.status])
    box.add_item(ui.TextDisplay(_head(shown)))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay(_people(shown)))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay(_ticks(shown)))
    if shown.status != "cancelled":
        box.add_item(_buttons(shown))
    view.add_item(box)
    return view


def _head(shown: RaidCard) -> str:
    state = {
        "running": f"Running since {when(shown.started_at, 't')} ({when(shown.started_at)})",
        "ended": f"Over since {when(shown.ended_at or shown.started_at, 'f')}"
        + (f" · {shown.outcome}" if shown.outcome else ""),
        "cancelled": f"Cancelled: {safe(clip(shown.cancel_reason or '', 120))}",
    }[shown.status]
    terms = [f"A tick is {points(shown.tick_points)} {safe(clip(shown.pool_name, 40))}"]
    if shown.every_seconds:
        terms.append(f"every {format_duration(timedelta(seconds=shown.every_seconds))}")
    if shown.voice_channel_id:
        terms.append(f"<#{shown.voice_channel_id}> {'is required' if shown.voice_required else 'counts'}")
    lines = [f"## {safe(clip(shown.name, 100))}", state, " · ".join(terms)]
    if shown.note:
        lines.append(f"> {safe(clip(shown.note, 120))}")
    return "\n".join(lines)


def _people(shown: RaidCard) -> str:
    here, bench = shown.with_status(PRESENT), shown.with_status(STANDBY)
    parts = [f"**Here · {len(here)}**", _by_class(here) if here else "Nobody yet: press **Check in**."]
    if bench:
        parts.append(f"**Standby · {len(bench)}**\n{_listed(bench, _BENCH_ROOM)}")
    for title, status in (("Left", LEFT), ("Excused", EXCUSED), ("Absent", ABSENT)):
        if gone := shown.with_status(status):
            parts.append(f"-# {title} · {len(gone)}: {_listed(gone, _GONE_ROOM // 3)}")
    return "\n".join(parts)


def _by_class(here: Sequence[Place]) -> str:
    """A line a class, people without one last; one list of names where that is too long."""
    ordered = sorted(here, key=lambda place: (place.character_class is None, (place.character_class or "").casefold()))
    groups = [(name, list(group)) for name, group in groupby(ordered, key=lambda place: place.character_class)]
    if len(groups) > 1 or groups[0][0] is not None:
        lines = [f"{safe(clip(name or 'No class', _NAME))}: {', '.join(map(_marked, group))}" for name, group in groups]
        if len("\n".join(lines)) <= _HERE_ROOM:
            return "\n".join(lines)
    return _listed(ordered, _HERE_ROOM)


def _marked(place: Place) -> str:
    """A name with its marks: late, or checked in and unseen for 3 ticks."""
    late = " (late)" if place.late and place.status == PRESENT else ""
    return safe(clip(place.name, _NAME)) + late + (" **?**" if place.unseen else "")


def _listed(places: Sequence[Place], room: int) -> str:
    """Names with their marks, as many as fit."""
    shown: list[str] = []
    for place in places:
        word = _marked(place)
        if sum(map(len, shown)) + 2 * len(shown) + len(word) + 16 > room:
            return ", ".join([*shown, f"and {len(places) - len(shown)} more"])
        shown.append(word)
    return ", ".join(shown)


def _ticks(shown: RaidCard) -> str:
    if not shown.ticks:
        return "No tick yet."
    lines = [_tick(tick) for tick in shown.ticks[-_TICKS_SHOWN:]]
    earlier = len(shown.ticks) - len(lines)
    return "\n".join([*([f"-# {earlier} earlier"] if earlier else []), *lines])


def _tick(tick: TickLine) -> str:
    who = "1 person" if tick.people == 1 else f"{tick.people} people"
    note = f" · {safe(clip(tick.note, 25))}" if tick.note else ""
    line = f"Tick {tick.number} · {when(tick.taken_at, 't')} · {who} · {points(tick.value)} each{note}"
    return f"~~{line}~~ undone" if tick.undone else line


def _buttons(shown: RaidCard) -> ui.ActionRow[Any]:
    raid_id, row = shown.raid_id, ui.ActionRow[Any]()
    if shown.status == "running":
        row.add_item(CheckIn(raid_id=raid_id, label="Check in", style=discord.ButtonStyle.success))
        row.add_item(StandBy(raid_id=raid_id, label="Standby"))
        row.add_item(Leave(raid_id=raid_id, label="Leave"))
    row.add_item(MyPoints(raid_id=raid_id, label="My points"))
    row.add_item(Lead(raid_id=raid_id, label="Lead…"))
    return row


# --- what everybody presses -------------------------------------------------------------------------------------------


async def _say_seated(door: Door, seated: Seated, done: str) -> None:
    lines = [done]
    if not seated.credited:
        lines.append("You are no member yet, so ticks list you until a leader adds you.")
    make = door.stage.registry.add_character_button
    if seated.has_character or make is None:
        await door.say("\n".join(lines))
        return
    lines.append("Nobody knows what you play yet.")
    offer = ui.View(timeout=None)
    offer.add_item(make())
    await door.say("\n".join(lines), view=offer)


class CheckIn(Press, key="raid.check_in", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        seated = await roster.check_in(door.stage, door.actor, raid_id)
        late = " You are late: ticks count from now on." if seated.late else ""
        await _say_seated(door, seated, f"You are checked in to {safe(seated.raid_name)}.{late}")


class StandBy(Press, key="raid.standby", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        seated = await roster.stand_by(door.stage, door.actor, raid_id)
        await _say_seated(door, seated, f"You are on standby for {safe(seated.raid_name)}: each tick pays its share.")


class Leave(Press, key="raid.leave", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        seated = await roster.leave(door.stage, door.actor, raid_id)
        await door.say(f"You left {safe(seated.raid_name)}; what you earned is yours. Check in brings you back.")


class MyPoints(Press, key="raid.points", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        mine = await door.stage.read(door.actor, "dkp.view", lambda session: card.my_evening(session, raid_id))
        ticks = "1 tick" if mine.ticks == 1 else f"{mine.ticks} ticks"
        here = f"{safe(mine.raid_name)} brought you {points(mine.earned)} with {ticks}."
        await show_my_points(door, f"{mine.points_in_words}\n{here}")
