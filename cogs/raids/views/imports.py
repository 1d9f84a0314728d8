"""A dump on its way in: the preview with its choices, and what became of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import ui

from bot.kit.ask import Answer, ask, yes
from bot.kit.components import Form
from bot.kit.door import Door
from bot.kit.text import points, safe, when
from cogs.raids.dumps import Dump, read_pasted
from cogs.raids.rules import TickTooSoon
from cogs.raids.service import imports
from cogs.raids.service.imports import DumpImported, ImportPreview, Outcome
from cogs.raids.views.names import sort_out_button
from cogs.raids.views.ticks import not_credited_line, tick_buttons

_SHOWN = 12


async def show_preview(door: Door, raid_id: int, file_name: str, dump: Dump) -> None:
    """Say what a dump would do and offer the ways of taking it in; the nearest tick within 5 minutes comes first."""
    shown = await door.stage.read(
        door.actor, "raids.manage", lambda session: imports.preview_import(session, raid_id, dump)
    )
    if shown.already_in is not None:
        await door.say(f"That was imported before, {shown.already_in}; nothing changed.")
        return

    def take(tick_id: int | None = None, roster_only: bool = False) -> Callable[[Door], Awaitable[None]]:
        return lambda door: _import(door, raid_id, file_name, dump, tick_id, roster_only)

    local = shown.taken_at.astimezone(ZoneInfo(shown.zone))
    new = (None, f"New tick at {local:%H:%M}")
    into = [(o.tick_id, f"Into tick {o.number} ({_clock(o, shown)})") for o in shown.into_ticks]
    ways = sorted([new, *into], key=lambda way: way[0] != shown.chosen)
    answers = [
        yes(label, take(tick_id)) if n == 0 else Answer(label, take(tick_id)) for n, (tick_id, label) in enumerate(ways)
    ]
    answers.append(Answer("Roster only", take(roster_only=True)))
    if shown.time_known:

        async def another_zone(door: Door) -> None:
            form = ZoneForm()
            form.then = lambda door: show_preview(door, raid_id, file_name, dump)
            await door.form(form)

        answers.append(Answer("Other zone…", another_zone, opens_form=True))
    await ask(door, preview_in_words(shown), answers[:24])


def _clock(outcome: Outcome, shown: ImportPreview) -> str:
    assert outcome.taken_at is not None
    return f"{outcome.taken_at.astimezone(ZoneInfo(shown.zone)):%H:%M}"


def preview_in_words(shown: ImportPreview) -> str:
    """What the import would do, at most 2,000 characters."""
    read = f"{shown.lines} {'line' if shown.lines == 1 else 'lines'} read"
    at = (
        f"{when(shown.taken_at, 'f')} (file times are {shown.zone})" if shown.time_known else "now, as it tells no time"
    )
    chosen = next((o for o in shown.into_ticks if o.tick_id == shown.chosen), None)
    lines = [f"**Import into {safe(shown.raid_name)}** · {read} · taken {at}"]
    if shown.warning:
        lines.append(f"**Look twice:** {shown.warning}")
    if chosen is not None:
        lines.append(f"Into tick {chosen.number}, the nearest: {imports.describe(chosen)}.")
    lines.append(f"As a new tick: {imports.describe(shown.new_tick)}.")
    lines += [f"Into tick {o.number}: {imports.describe(o)}." for o in shown.into_ticks if o is not chosen]
    seats = "1 person takes" if shown.roster_only == 1 else f"{shown.roster_only} people take"
    lines.append(f"Roster only: {seats} a seat, nobody is paid.")
    lines += not_credited_line(_some(shown.not_credited))
    if shown.unknown:
        names = [u.name + (f" (near {' or '.join(u.near)})" if u.near else "") for u in shown.unknown]
        lines.append(f"Unknown: {', '.join(_some(names))}. Sort them out after the import.")
    if shown.not_in_file:
        lines.append(f"Checked in but not in the file, so not paid by it: {', '.join(_some(shown.not_in_file))}.")
    if shown.not_understood:
        count = len(shown.not_understood)
        lines.append(
            f"Not understood: {count} {'line' if count == 1 else 'lines'} ({'; '.join(shown.not_understood[:3])})."
        )
    text = "\n".join(lines)
    return text if len(text) <= 2000 else text[:1990] + " …"


def _some(names: Sequence[str]) -> list[str]:
    return [*names[:_SHOWN], *([f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])]


async def _import(
    door: Door, raid_id: int, file_name: str, dump: Dump, tick_id: int | None, roster_only: bool, again: bool = False
) -> None:
    try:
        done = await imports.import_dump(
            door.stage, door.actor, raid_id, file_name, dump, tick_id=tick_id, roster_only=roster_only, again=again
        )
    except TickTooSoon as refused:

        async def another(door: Door) -> None:
            await _import(door, raid_id, file_name, dump, None, False, again=True)

        await ask(door, refused.sentence, [yes("Take another", another)], cancel="Leave it")
        return
    add = bool(done.not_credited)
    view = ui.View(timeout=None) if done.tick_id is None else tick_buttons(raid_id, done.tick_id, add=add)
    if (sort_out := await sort_out_button(door, raid_id)) is not None:
        view.add_item(sort_out)
    text = "\n".join([imported_in_words(done), *not_credited_line(_some(done.not_credited))])
    await door.say(text, view=view if view.children else None)


def imported_in_words(done: DumpImported) -> str:
    seated = f"{done.seated} took a seat"
    if done.number is None:
        return f"{safe(done.raid_name)}: {seated}, nobody was paid."
    paid = imports.describe(Outcome(done.tick_id, done.number, done.taken_at, done.people, done.total, 0))
    cut = f" {points(done.cut)} above the cap were cut." if done.cut else ""
    return f"{safe(done.raid_name)}, tick {done.number}: {paid}; {seated}.{cut}"


class PasteForm(Form, key="raid.paste", numbers=("raid_id",), title="Import who was there"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        field = ui.TextInput[Any](
            label="Roster lines or names",
            style=discord.TextStyle.paragraph,
            placeholder="Paste a raid roster, or names. For a file: /raid import",
            max_length=4000,
        )
        return {"text": field}

    async def submit(self, door: Door, texts: dict[str, str], *, raid_id: int, **_: int) -> None:
        await show_preview(door, raid_id, "pasted", read_pasted(texts["text"]))


class ZoneForm(Form, key="raid.zone", title="Which zone is your game's clock in?"):
    """Said once: the zone of every file this person uploads from now on."""

    then: Callable[[Door], Awaitable[None]] | None = None

    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"zone": ui.TextInput[Any](label="Time zone", placeholder="Europe/Berlin", max_length=64)}

    async def submit(self, door: Door, texts: dict[str, str], **_: int) -> None:
        zone = await imports.set_file_zone(door.stage, door.actor, texts["zone"])
        if self.then is None:
            await door.say(f"Your files are read in {zone} from now on. Import the file again.")
        else:
            await self.then(door)
