"""One moment's preview: what it would do in each way, and the buttons that do it."""

from collections.abc import Awaitable, Callable
from typing import Any
from zoneinfo import ZoneInfo

from discord import ui

from bot.kit.ask import Answer, ask, yes
from bot.kit.components import Form
from bot.kit.door import Door
from bot.kit.text import fit_lines, fit_names, safe, when
from cogs.raids.dumps import Dump, Reading
from cogs.raids.rules import TickTooSoon
from cogs.raids.service import imports
from cogs.raids.service.imports import DumpImported, ImportPreview, Outcome
from cogs.raids.service.imports.previews import About, unread_in_words
from cogs.raids.views.names import sort_out_button
from cogs.raids.views.ticks import not_credited_line, tick_buttons

Then = Callable[[Door], Awaitable[None]]


async def show_preview(door: Door, raid_id: int, reading: Reading, dump: Dump, then: Then, other_zone: Answer) -> None:
    """Say what a moment would do and offer the ways of taking it in; the nearest tick within 5 minutes comes first.

    `then` follows when it is in, or was before.
    """
    shown = await door.stage.read(
        door.actor, "raids.manage", lambda session: imports.preview_import(session, raid_id, dump)
    )
    if shown.already_in is not None:
        sort_out = await sort_out_button(door, raid_id)  # whoever closed the first answer finds the names here
        view = ui.View(timeout=None).add_item(sort_out) if sort_out is not None else None
        await door.say(f"That was imported before, {shown.already_in}; nothing changed.", view=view)
        await then(door)
        return

    def take(tick_id: int | None = None, roster_only: bool = False) -> Then:
        return lambda door: _import(door, raid_id, reading.file_name or "pasted", dump, then, tick_id, roster_only)

    local = shown.taken_at.astimezone(ZoneInfo(shown.zone))
    new = (None, f"New tick at {local:%H:%M}")
    into = [(o.tick_id, f"Into tick {o.number} ({_clock(o, shown)})") for o in shown.into_ticks]
    ways = sorted([new, *into], key=lambda way: way[0] != shown.chosen)
    answers = [
        yes(label, take(tick_id)) if n == 0 else Answer(label, take(tick_id)) for n, (tick_id, label) in enumerate(ways)
    ]
    answers.append(Answer("Roster only", take(roster_only=True)))
    if shown.time_known:
        answers.append(other_zone)
    await ask(door, preview_in_words(shown, reading), answers[:24])


def _clock(outcome: Outcome, shown: ImportPreview) -> str:
    assert outcome.taken_at is not None
    return f"{outcome.taken_at.astimezone(ZoneInfo(shown.zone)):%H:%M}"


def preview_in_words(shown: ImportPreview, reading: Reading) -> str:
    """What the import would do, at most 2,000 characters."""
    read = f"{shown.lines} {'line' if shown.lines == 1 else 'lines'} read"
    at = (
        f"{when(shown.taken_at, 'f')} (file times are {shown.zone})" if shown.time_known else "now, as it tells no time"
    )
    what = "".join(f" · {safe(part)}" for part in (shown.call, shown.place) if part)
    chosen = next((o for o in shown.into_ticks if o.tick_id == shown.chosen), None)
    lines = [f"**Import into {safe(shown.raid_name)}** · {read} · taken {at}{what}"]
    if shown.warning:
        lines.append(f"**Look twice:** {shown.warning}")
    if chosen is not None:
        lines.append(f"Into tick {chosen.number}, the nearest: {imports.describe(chosen)}.")
    lines.append(f"As a new tick: {imports.describe(shown.new_tick)}.")
    lines += [f"Into tick {o.number}: {imports.describe(o)}." for o in shown.into_ticks if o is not chosen]
    seats = {0: "nobody new takes", 1: "1 person takes"}.get(shown.roster_only, f"{shown.roster_only} people take")
    lines.append(f"Roster only: {seats} a seat, nobody is paid.")
    return fit_lines([*lines, *about_in_words(shown.about), *reading.notes[:5], *unread_line(reading)])


def about_in_words(about: About) -> list[str]:
    """Who is not credited and why, and what the file says of people."""
    lines = not_credited_line(about.not_credited)
    if about.unknown:
        names = [u.name + (f" (near {' or '.join(u.near)})" if u.near else "") for u in about.unknown]
        lines.append(f"Unknown: {fit_names(names, 500)}. Sort them out after the import.")
    if about.not_in_file:
        lines.append(f"Checked in but not in the file, so not paid by it: {fit_names(about.not_in_file)}.")
    if about.linkdead:
        lines.append(f"Linkdead in the file, counted as there: {fit_names(about.linkdead)}.")
    if about.anonymous:
        lines.append(f"Anonymous in the file, counted as there: {fit_names(about.anonymous)}.")
    return lines


def unread_line(reading: Reading) -> list[str]:
    count = len(reading.not_understood)
    if not count:
        return []
    shown = "; ".join(unread_in_words(reading)[:3])
    return [f"Not understood: {count} {'line' if count == 1 else 'lines'} ({shown})."]


async def _import(
    door: Door,
    raid_id: int,
    file_name: str,
    dump: Dump,
    then: Then,
    tick_id: int | None,
    roster_only: bool,
    again: bool = False,
) -> None:
    try:
        done = await imports.import_dump(
            door.stage, door.actor, raid_id, file_name, dump, tick_id=tick_id, roster_only=roster_only, again=again
        )
    except TickTooSoon as refused:

        async def another(door: Door) -> None:
            await _import(door, raid_id, file_name, dump, then, None, False, again=True)

        await ask(door, refused.sentence, [yes("Take another", another)], cancel="Leave it")
        return
    add = bool(done.not_credited)
    view = ui.View(timeout=None) if done.tick_id is None else tick_buttons(raid_id, done.tick_id, add=add)
    if (sort_out := await sort_out_button(door, raid_id)) is not None:
        view.add_item(sort_out)
    await door.say(imported_in_words(done), view=view if view.children else None)
    await then(door)


def imported_in_words(done: DumpImported) -> str:
    if done.number is None:
        return f"{safe(done.raid_name)}: {done.seated or 'nobody'} took a seat, nobody was paid."
    result = result_in_words(done)
    return fit_lines([f"{safe(done.raid_name)}, {result}", *not_credited_line(done.not_credited)])


def result_in_words(done: DumpImported) -> str:
    """ "tick 3: 12 people, 120 points; 2 took a seat." """
    outcome = Outcome(done.tick_id, done.number, done.taken_at, done.people, done.total, 0, done.cut)
    return f"tick {done.number}: {imports.describe(outcome)}{_seated(done)}."


def _seated(done: DumpImported) -> str:
    return f"; {done.seated} took a seat" if done.seated else ""


class ZoneForm(Form, key="raid.zone", title="Which zone is your game's clock in?"):
    """Said once: the zone of every file this person uploads from now on."""

    then: Then | None = None

    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"zone": ui.TextInput[Any](label="Time zone", placeholder="Europe/Berlin", max_length=64)}

    async def submit(self, door: Door, texts: dict[str, str], **_: int) -> None:
        zone = await imports.set_file_zone(door.stage, door.actor, texts["zone"])
        if self.then is None:
            await door.say(f"Your files are read in {zone} from now on. Import the file again.")
        else:
            await self.then(door)
