"""Ticks as leaders meet them: taken, completed with Add, undone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import discord
from discord import ui

from bot.kit.ask import ask, yes
from bot.kit.components import Form, Press
from bot.kit.door import Door
from bot.kit.text import fit_names, points, safe
from bot.stage import Session
from cogs.raids.rules import TickTooSoon
from cogs.raids.service import lookups, ticks, undo
from cogs.raids.service.ticks import PeopleCredited, TickTaken
from cogs.raids.service.undo import undo_sentence, undone_sentence
from cogs.raids.views.voice import listen


async def take(
    door: Door,
    raid_id: int,
    *,
    value: float | None = None,
    note: str | None = None,
    voice_channel_id: int | None = None,
    source: str = "command",
) -> None:
    """Take a tick with whoever is in voice now; within 120 s of another, ask whether it is meant."""

    async def once(door: Door, again: bool) -> None:
        async def look(session: Session) -> int | None:
            return (await lookups.get_raid(session, raid_id)).voice_channel_id

        channel_id = voice_channel_id or await door.stage.read(door.actor, "raids.manage", look)
        heard = await listen(door.bot, door.guild.id, channel_id)
        taken = await ticks.take_tick(
            door.stage, door.actor, raid_id, value=value, note=note, heard=heard, again=again, source=source
        )
        await say_taken(door, taken)

    try:
        await once(door, False)
    except TickTooSoon as refused:
        await ask(door, refused.sentence, [yes("Take another", lambda door: once(door, True))], cancel="Leave it")


async def say_taken(door: Door, taken: TickTaken) -> None:
    lines = [
        f"Tick {taken.number} of {safe(taken.raid_name)}: {ticks.people_and_points(taken)}.",
        *not_credited_line(taken.not_credited),
    ]
    if taken.out_of_voice:
        lines.append(f"Checked in but not in voice: {', '.join(taken.out_of_voice)}.")
    await door.say("\n".join(lines), view=tick_buttons(taken.raid_id, taken.tick_id, add=bool(taken.not_credited)))


def not_credited_line(names: Sequence[str]) -> list[str]:
    """ "Not credited: 2 guests (Zed, Kim)." """
    if not names:
        return []
    return [f"Not credited: {len(names)} {'guest' if len(names) == 1 else 'guests'} ({fit_names(names, 800)})."]


def tick_buttons(raid_id: int, tick_id: int, *, add: bool) -> ui.View:
    view = ui.View(timeout=None)
    if add:
        view.add_item(AddSeen(raid_id=raid_id, tick_id=tick_id, label="Add", style=discord.ButtonStyle.primary))
    view.add_item(UndoTick(raid_id=raid_id, tick_id=tick_id, label="Undo"))
    return view


def credited_in_words(credited: PeopleCredited) -> str:
    numbers = ", ".join(map(str, credited.tick_numbers))
    which = f"tick {numbers}" if len(credited.tick_numbers) == 1 else f"ticks {numbers}"
    had = f" {credited.already} of those credits stood before." if credited.already else ""
    paid = f"{points(credited.total)} points.{_cut(credited.cut)}"
    return f"{', '.join(credited.names)}: {which} of {safe(credited.raid_name)}, {paid}{had}"


def _cut(cut: Decimal) -> str:
    """What the pool's cap took of credits, if it took any."""
    return f" {points(cut)} above the cap were cut." if cut else ""


class AddSeen(Press, key="raid.add_seen", numbers=("raid_id", "tick_id")):
    """**Add**: credits the guests a tick listed."""

    async def press(self, door: Door, *, tick_id: int, **_: int) -> None:
        await door.say(f"Added {credited_in_words(await ticks.credit_seen(door.stage, door.actor, tick_id))}")


class UndoTick(Press, key="raid.undo_tick", numbers=("raid_id", "tick_id")):
    """**Undo** under a tick: the form says what it takes back, and asks why."""

    async def press(self, door: Door, *, raid_id: int, tick_id: int, **_: int) -> None:
        found = await door.stage.read(door.actor, "raids.manage", lambda session: undo.preview_undo(session, tick_id))
        who = "1 person" if found.people == 1 else f"{found.people} people"
        title = f"Undo tick {found.number}: {who}, {points(found.total)}"
        await door.form(UndoForm(raid_id=raid_id, tick_id=tick_id, title=title))


class UndoForm(Form, key="raid.undo_form", numbers=("raid_id", "tick_id"), title="Undo this tick"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        reason = ui.TextInput[Any](label="Why?", placeholder="pressed by mistake", min_length=3, max_length=500)
        return {"reason": reason}

    async def submit(self, door: Door, texts: dict[str, str], *, tick_id: int, **_: int) -> None:
        await door.say(undone_sentence(await undo.undo_tick(door.stage, door.actor, tick_id, texts["reason"])))


async def ask_undo(door: Door, tick_id: int, reason: str) -> None:
    """Show what follows from undoing a tick, then do it on a yes."""
    found = await door.stage.read(door.actor, "raids.manage", lambda session: undo.preview_undo(session, tick_id))

    async def do(door: Door) -> None:
        await door.say(undone_sentence(await undo.undo_tick(door.stage, door.actor, tick_id, reason)))

    follows = "\n".join(found.follows[:20])
    rest = f"\nand {len(found.follows) - 20} more" if len(found.follows) > 20 else ""
    await ask(door, f"{undo_sentence(found)}\n{follows}{rest}", [yes(f"Undo tick {found.number}", do, danger=True)])
