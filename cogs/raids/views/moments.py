"""The moments of a file: which of them were ticks, what several would do, and that done."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import discord
from discord import ui

from bot.kit.ask import Answer, ask, choose, yes
from bot.kit.door import Door
from bot.kit.text import SELECT_OPTIONS, clip, fit_lines, plain, points, safe
from cogs.raids.dumps import Dump, Reading
from cogs.raids.service import imports
from cogs.raids.service.imports import MomentsImported, MomentsOffered, MomentsPreview, describe
from cogs.raids.service.imports.previews import MomentLine, Offered
from cogs.raids.views.imports import ZoneForm, about_in_words, result_in_words, show_preview, unread_line
from cogs.raids.views.loot_lines import show_loot
from cogs.raids.views.names import sort_out_button
from cogs.raids.views.ticks import AddSeen, UndoTick, not_credited_line

MOST_AT_ONCE = 10
"""So many are offered together; more are picked."""
_BUTTONS = 5


async def show_reading(door: Door, raid_id: int, reading: Reading) -> None:
    """One moment is previewed at once, several are to be chosen from, loot alone is shown."""
    if not reading.moments:
        await show_loot(door, raid_id, reading)
        return
    if len(reading.moments) == 1:
        await _preview(door, raid_id, reading, reading.moments)
        return
    offered = await door.stage.read(
        door.actor, "raids.manage", lambda session: imports.offer_moments(session, raid_id, reading)
    )

    async def picked(door: Door, values: list[str]) -> None:
        await _preview(door, raid_id, reading, [reading.moments[int(value)] for value in values])

    async def everything(door: Door) -> None:
        await picked(door, [str(moment.index) for moment in offered.moments])

    answers = []
    apart = len({moment.taken_at for moment in offered.moments}) == len(offered.moments)
    if len(offered.moments) <= MOST_AT_ONCE and not offered.more and apart:  # several places at once: never everyone
        answers.append(yes(f"All of them ({len(offered.moments)})", everything))
    if reading.loot:
        answers.append(Answer("Only the loot", lambda door: show_loot(door, raid_id, reading)))
    answers.append(other_zone(lambda door: show_reading(door, raid_id, reading)))
    options = [_option(moment, offered.zone) for moment in offered.moments][:SELECT_OPTIONS]
    question = offered_in_words(offered, reading)
    await choose(door, question, options, picked, placeholder="Which were ticks?", answers=answers, cancel="Cancel")


def other_zone(then: Callable[[Door], Awaitable[None]]) -> Answer:
    async def ask_zone(door: Door) -> None:
        form = ZoneForm()
        form.then = then
        await door.form(form)

    return Answer("Other zone…", ask_zone, opens_form=True)


def _option(moment: Offered, zone: str) -> discord.SelectOption:
    who = _people(moment.people)
    what = [part for part in (moment.call, moment.place) if part]
    label = " · ".join([f"{moment.taken_at.astimezone(ZoneInfo(zone)):%a %H:%M}", who, *what])
    where = f"into tick {moment.into}" if moment.into is not None else "a new tick"
    if moment.already_in is not None:
        where = f"imported before, {moment.already_in}"
    return discord.SelectOption(label=clip(plain(label), 100), value=str(moment.index), description=where)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def offered_in_words(offered: MomentsOffered, reading: Reading) -> str:
    name = safe(clip(reading.file_name, 60)) if reading.file_name else "The pasted text"
    left = f", {reading.outside:,} of other days left out" if reading.outside else ""
    lines = [f"**{name}** · {len(offered.moments)} lists of people · {reading.lines:,} lines{left}"]
    if offered.far:
        lines.append(
            f"**Look twice:** none of them is within 6 hours of {safe(offered.raid_name)}: is it the right file, and"
            " the right zone?"
        )
    lines.append(f"Which of them were ticks of {safe(offered.raid_name)}? Times are {offered.zone}.")
    if offered.more:
        lines.append(f"{offered.more} more of that evening are not shown: the ones with the most people are.")
    if offered.elsewhere:
        lines.append(f"{offered.elsewhere} of other hours are left out.")
    if reading.loot:
        lines.append(f"Loot: {len(reading.loot)} lines, shown after the ticks.")
    for call in reading.lone_calls[:3]:
        lines.append(f"{safe(call.name)} ({call.at:%H:%M}) has no /who within 5 minutes: import its roster file.")
    return fit_lines([*lines, *reading.notes[:5], *unread_line(reading)])


async def _preview(door: Door, raid_id: int, reading: Reading, dumps: Sequence[Dump]) -> None:
    then = partial(_loot_too, raid_id=raid_id, reading=reading)
    if len(dumps) == 1:
        zone = other_zone(lambda door: show_reading(door, raid_id, reading))
        await show_preview(door, raid_id, reading, dumps[0], then, zone)
        return
    shown = await door.stage.read(
        door.actor, "raids.manage", lambda session: imports.preview_moments(session, raid_id, dumps)
    )
    if not shown.moments:
        await door.say("All of that was imported before; nothing changed.")
        await then(door)
        return

    async def take(door: Door) -> None:
        name = reading.file_name or "pasted"
        done = await imports.import_moments(door.stage, door.actor, raid_id, name, dumps, shown.ticks)
        view = _tick_buttons(raid_id, done)
        if (sort_out := await sort_out_button(door, raid_id)) is not None:
            view.add_item(sort_out)
        await door.say(moments_in_words(done), view=view)
        await then(door)

    label = f"Take them in ({_people(shown.people)}, {points(shown.total)} points)"
    zone = other_zone(lambda door: show_reading(door, raid_id, reading))
    await ask(door, preview_in_words(shown, reading), [yes(label, take), zone])


async def _loot_too(door: Door, *, raid_id: int, reading: Reading) -> None:
    if reading.loot:
        await show_loot(door, raid_id, reading)


def preview_in_words(shown: MomentsPreview, reading: Reading) -> str:
    """What taking several moments in would do, at most 2,000 characters."""
    who = _people(shown.people)
    cut = f" ({points(shown.cut)} above the cap are cut)" if shown.cut else ""
    count = len(shown.moments)
    lines = [f"**Import {count} into {safe(shown.raid_name)}** · {who} · {points(shown.total)} points{cut}"]
    if shown.about.warning:
        lines.append(f"**Look twice:** {shown.about.warning}")
    lines += [_moment_line(moment, shown.zone) for moment in shown.moments]
    if shown.skipped:
        lines.append(f"Imported before, left as they are: {', '.join(dict.fromkeys(shown.skipped))}.")
    return fit_lines([*lines, *about_in_words(shown.about), *unread_line(reading)])


def _moment_line(moment: MomentLine, zone: str) -> str:
    what = [safe(part) for part in (moment.call, moment.place) if part]
    at = " · ".join([f"{moment.taken_at.astimezone(ZoneInfo(zone)):%H:%M}", *what])
    number = moment.outcome.number
    where = "a new tick" if number is None else f"tick {number}"
    if moment.with_earlier:
        where = "the same new tick"
    return f"{at} → {where}: {describe(moment.outcome)}"


def moments_in_words(done: MomentsImported) -> str:
    skipped = f" {done.skipped} were imported before." if done.skipped else ""
    lines = [f"**{safe(done.raid_name)}**: {len(done.moments)} moments taken in.{skipped}"]
    lines += [result_in_words(one) for one in done.moments]
    strangers = dict.fromkeys(name for one in done.moments for name in one.not_credited)
    return fit_lines([*lines, *not_credited_line(list(strangers))])


def _tick_buttons(raid_id: int, done: MomentsImported) -> ui.View:
    """Undo, and for who was not credited Add, for the first few ticks."""
    view = ui.View(timeout=None)
    ticks = {one.tick_id: one.number for one in done.moments if one.tick_id is not None}
    waiting = {one.tick_id for one in done.moments if one.not_credited}
    for tick_id, number in list(ticks.items())[:_BUTTONS]:
        if tick_id in waiting:
            view.add_item(AddSeen(raid_id=raid_id, tick_id=tick_id, label=f"Add to tick {number}"))
        view.add_item(UndoTick(raid_id=raid_id, tick_id=tick_id, label=f"Undo tick {number}"))
    return view
