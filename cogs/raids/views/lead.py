"""**Lead…**: the private panel of who leads a raid, and the questions around its end."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.kit.ask import Answer, ask, choose, yes
from bot.kit.components import Pick, Press
from bot.kit.door import Door
from bot.kit.text import SELECT_OPTIONS, clip, plain, points, safe, when
from bot.refusals import Refused
from bot.stage import Session
from cogs.dkp.service.own_acts import tell_own_reversal
from cogs.raids.rules import PRESENT, REMOVED, STANDBY, NoTickYet, NotOnRoster
from cogs.raids.service import card, evening, roster, ticks
from cogs.raids.service.card import Place, RaidCard
from cogs.raids.service.evening import RaidEnded
from cogs.raids.service.roster import RosterChanged, Unknown
from cogs.raids.views.names import sort_out_button
from cogs.raids.views.ticks import credited_in_words, take
from cogs.raids.views.uploads import PasteForm
from cogs.raids.views.voice import listen

_MOST_PEOPLE = 4 * SELECT_OPTIONS
"""Four selects fit under a message; more people than that are named with a command."""


async def _load(door: Door, raid_id: int) -> RaidCard:
    return await door.stage.read(door.actor, "raids.manage", lambda session: card.load_card(session, raid_id))


class Lead(Press, key="raid.lead", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        shown = await _load(door, raid_id)
        standing = [tick for tick in shown.ticks if not tick.undone]
        last = f"last tick {standing[-1].number} {when(standing[-1].taken_at)}" if standing else "no tick yet"
        here, bench = len(shown.with_status(PRESENT)), len(shown.with_status(STANDBY))
        text = f"**{safe(shown.name)}**: {here} here, {bench} on standby, {last}."
        view = _panel(shown)
        if (sort_out := await sort_out_button(door, raid_id)) is not None:
            view.add_item(sort_out)
        await door.say(text, view=view)


def _panel(shown: RaidCard) -> ui.View:
    view = ui.View(timeout=None)
    raid_id, over = shown.raid_id, shown.status != "running"
    view.add_item(LeadTick(raid_id=raid_id, label="Tick", style=discord.ButtonStyle.primary, disabled=over))
    view.add_item(LeadImport(raid_id=raid_id, label="Import"))
    view.add_item(LeadBringIn(raid_id=raid_id, label="Bring in", disabled=over))
    view.add_item(LeadRemove(raid_id=raid_id, label="Remove", disabled=over))
    view.add_item(LeadDown(raid_id=raid_id, label="Bring down"))
    view.add_item(LeadEnd(raid_id=raid_id, label="End", style=discord.ButtonStyle.danger, disabled=over))
    return view


class LeadTick(Press, key="raid.lead_tick", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        await take(door, raid_id, source="button")


class LeadImport(Press, key="raid.lead_import", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        await _load(door, raid_id)
        await door.form(PasteForm(raid_id=raid_id))


class LeadBringIn(Press, key="raid.lead_bring_in", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        bench = (await _load(door, raid_id)).with_status(STANDBY)
        if not bench:
            raise NotOnRoster("Nobody is on standby.")
        picks = [
            PickBench(raid_id=raid_id, part=part, options=options, placeholder="Who comes in?", most=len(options))
            for part, options in enumerate(_parts(bench))
        ]
        await door.say("Who comes in from standby?", view=_with(picks))


class LeadRemove(Press, key="raid.lead_remove", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        places = [place for place in (await _load(door, raid_id)).places if place.status != REMOVED]
        if not places:
            raise NotOnRoster("Nobody is on the roster.")
        more = len(places) - _MOST_PEOPLE
        rest = f" {more} more: /raid remove." if more > 0 else ""
        picks = [
            PickRemoved(raid_id=raid_id, part=part, options=options, placeholder="Who goes?")
            for part, options in enumerate(_parts(places))
        ]
        await door.say(f"Who is taken off the roster? Ticks they earned stay theirs.{rest}", view=_with(picks))


class LeadDown(Press, key="raid.lead_down", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        name = await evening.bring_down(door.stage, door.actor, raid_id)
        await door.say(f"The board of {safe(name)} is posted anew.")


class LeadEnd(Press, key="raid.lead_end", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        await end(door, raid_id, None)


class PickBench(Pick, key="raid.pick_bench", numbers=("raid_id", "part")):
    async def pick(self, door: Door, chosen: list[str], *, raid_id: int, **_: int) -> None:
        moved = await roster.bring_in(door.stage, door.actor, raid_id, tuple(map(int, chosen)))
        await door.update(f"In from standby: {', '.join(moved.names)}.", view=None)


class PickRemoved(Pick, key="raid.pick_removed", numbers=("raid_id", "part")):
    async def pick(self, door: Door, chosen: list[str], *, raid_id: int, **_: int) -> None:
        gone = await roster.remove(door.stage, door.actor, raid_id, int(chosen[0]))
        await door.update(removed_in_words(gone), view=None)


def _parts(places: Sequence[Place]) -> list[list[discord.SelectOption]]:
    """People by name in selects of 25, at most four of them."""
    ordered = sorted(places, key=lambda place: place.name.casefold())[:_MOST_PEOPLE]
    options = [discord.SelectOption(label=clip(plain(p.name), 100), value=str(p.member_id)) for p in ordered]
    return [options[start : start + SELECT_OPTIONS] for start in range(0, len(options), SELECT_OPTIONS)]


def _with(picks: Sequence[ui.Item[Any]]) -> ui.View:
    view = ui.View(timeout=None)
    for pick in picks:
        view.add_item(pick)
    return view


# --- adding people ----------------------------------------------------------------------------------------------------


async def add(door: Door, raid_id: int, text: str, status: str) -> None:
    """Add people to a raid that runs; of one that is over, ask which ticks they were at and show what it pays."""
    named = await door.stage.read(door.actor, "raids.manage", lambda session: roster.named_people(session, text))
    shown = await _load(door, raid_id)
    unknown = unknown_lines(named.unknown)
    if not named.member_ids:
        await door.say("\n".join(unknown))
        return
    over = shown.status != "running" and status not in ("excused", "absent")
    standing = [tick for tick in shown.ticks if not tick.undone]
    if not over or not standing:
        changed = await roster.add_people(door.stage, door.actor, raid_id, named.member_ids, status)
        await door.say("\n".join([added_in_words(changed), *unknown]))
        return
    standby = status == "standby"

    async def preview(door: Door, chosen: list[str]) -> None:
        ids = tuple(map(int, chosen))

        async def look(session: Session) -> str:
            return await ticks.preview_credit(session, raid_id, ids, named.member_ids, standby=standby)

        async def do(door: Door) -> None:
            done = await ticks.credit_people(door.stage, door.actor, raid_id, ids, named.member_ids, standby=standby)
            await door.say(f"Added {credited_in_words(done)}")

        await ask(door, await door.stage.read(door.actor, "raids.manage", look), [yes("Credit them", do)])

    options = [
        discord.SelectOption(label=f"Tick {tick.number}", value=str(tick.tick_id), description=_of_tick(tick))
        for tick in standing[-SELECT_OPTIONS:]
    ]
    question = f"{safe(shown.name)} is over. At which ticks were they there: {', '.join(named.names)}?"
    await choose(door, "\n".join([question, *unknown]), options, preview, placeholder="Ticks")


def _of_tick(tick: card.TickLine) -> str:
    return f"{points(tick.value)} points, {tick.people} people"


def unknown_lines(unknown: Sequence[Unknown]) -> list[str]:
    return [f"I know nobody called {u.name}" + (f": {' or '.join(u.near)}?" if u.near else ".") for u in unknown]


def added_in_words(changed: RosterChanged) -> str:
    return f"{', '.join(changed.names)}: {changed.status} at {safe(changed.raid_name)}."


def removed_in_words(changed: RosterChanged) -> str:
    return (
        f"{', '.join(changed.names)} is off the roster of {safe(changed.raid_name)} and keeps the ticks earned;"
        " /raid add brings them back."
    )


# --- the end and cancelling -------------------------------------------------------------------------------------------


async def end(door: Door, raid_id: int, outcome: str | None) -> None:
    """End a raid; without any tick, ask once."""
    try:
        await _say_ended(door, await evening.end_raid(door.stage, door.actor, raid_id, outcome))
    except NoTickYet as refused:

        async def tick_first(door: Door) -> None:
            channel_id = (await _load(door, raid_id)).voice_channel_id
            heard = await listen(door.bot, door.guild.id, channel_id)
            await ticks.take_tick(door.stage, door.actor, raid_id, heard=heard, source="button")

            async def then_end(session: Session) -> RaidEnded:
                session.require("raids.manage")
                return await evening.end_raid.join(session, raid_id, outcome)

            # One interaction is one use case's; what follows it goes by the raid's own state.
            await _say_ended(door, await door.stage.run(door.actor, then_end))

        async def without(door: Door) -> None:
            await _say_ended(door, await evening.end_raid(door.stage, door.actor, raid_id, outcome, without_tick=True))

        answers = [yes("Take a tick and end", tick_first), Answer("End without a tick", without)]
        await ask(door, f"{refused.sentence} End it all the same?", answers)


async def _say_ended(door: Door, ended: RaidEnded) -> None:
    await door.say(evening.end_card(ended))


async def ask_cancel(door: Door, raid_id: int, reason: str) -> None:
    """Show what cancelling reverses and leaves, then do it on a yes."""

    async def look(session: Session) -> evening.CancelPreview:
        return await evening.preview_cancel(session, raid_id)

    found = await door.stage.read(door.actor, "raids.cancel", look)
    awards = "1 award" if len(found.award_ids) == 1 else f"{len(found.award_ids)} awards"

    async def cancel(door: Door) -> None:
        await evening.cancel_raid(door.stage, door.actor, raid_id, reason)
        await door.say(f"{safe(found.raid_name)} is cancelled.")

    async def with_awards(door: Door) -> None:
        if not found.already:
            await evening.cancel_raid(door.stage, door.actor, raid_id, reason)
        done = await _undo_awards(door, found.award_ids, reason)
        await door.say("\n".join([f"{safe(found.raid_name)} is cancelled.", *done]))

    also = yes(f"Also undo {awards} ({points(found.award_points)} points)", with_awards, danger=True)
    if found.already:
        if not found.award_ids:
            await door.say(f"{safe(found.raid_name)} was cancelled already; nothing is left to undo.")
            return
        await ask(door, f"{safe(found.raid_name)} was cancelled already; {awards} stand.", [also], cancel="Keep them")
        return
    lines = [
        f"Cancel {safe(found.raid_name)}? It goes out of attendance.",
        f"Reversed: {found.ticks} {'tick' if found.ticks == 1 else 'ticks'}, {points(found.points)} points.",
        f"Cancelled with it: {found.open_auctions} open {'auction' if found.open_auctions == 1 else 'auctions'}.",
    ]
    if found.award_ids:
        lines.append(f"{awards} ({points(found.award_points)} points) stay, unless you say otherwise.")
    answers = [yes("Cancel the raid", cancel, danger=True), *([also] if found.award_ids else [])]
    await ask(door, "\n".join(lines), answers, cancel="Keep it")


async def _undo_awards(door: Door, award_ids: Sequence[int], reason: str) -> list[str]:
    """Each award by itself, as `/loot undo` does it: one that cannot be undone stops no other."""
    undoable = door.stage.registry.undo["award"]

    async def one(session: Session, award_id: int) -> str:
        session.require("dkp.undo")
        sentence = await undoable.undo(session, award_id, reason)
        await tell_own_reversal(session, sentence, reason, door.channel_id)
        return sentence

    said: list[str] = []
    for award_id in award_ids:
        try:
            said.append(await door.stage.run(door.actor, lambda session, number=award_id: one(session, number)))
        except Refused as refused:
            said.append(refused.sentence)
    return said
