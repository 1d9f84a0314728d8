"""**Sort out N names**: the private panel that leads the names nobody knew to people, one name at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot import people
from bot.kit.components import Form, Press
from bot.kit.door import Door
from bot.kit.text import clip, plain, points, safe, when
from bot.stage import Session
from bot.typed import near_names
from cogs.raids.rules.names import NameKnown, NameSortedOut
from cogs.raids.service import lookups, unknown
from cogs.raids.service.unknown import Gain, NameGiven, NamesCredited, Waiting
from db.tables import Member

_NEAR = 3


@dataclass(frozen=True, slots=True)
class _Near:
    """Somebody whose character it may be; the label is plain text for a button."""

    member_id: int
    label: str
    gain: Gain


@dataclass(frozen=True, slots=True)
class _Shown:
    raid_id: int
    raid_name: str
    name: Waiting | None
    place: int
    total: int
    known: tuple[str, ...]
    near: tuple[_Near, ...]
    new: Gain | None
    ignored: int


async def sort_out_button(door: Door, raid_id: int) -> "SortOut | None":
    """**Sort out 3 names**, or nothing where none waits."""

    async def look(session: Session) -> int:
        return len(await unknown.waiting_names(session, raid_id))

    waiting = await door.stage.read(door.actor, "raids.manage", look)
    if not waiting:
        return None
    label = f"Sort out {waiting} {'name' if waiting == 1 else 'names'}"
    return SortOut(raid_id=raid_id, label=label, style=discord.ButtonStyle.primary)


async def _look(session: Session, raid_id: int, after: str | None, at: str | None, meant: Sequence[int]) -> _Shown:
    """The waiting name `at`, else the next after one (the first again after the last), with who it may be.

    That is who a leader `meant`, else who has a near name.
    """
    raid = await lookups.get_raid(session, raid_id)
    waiting = await unknown.waiting_names(session, raid_id)
    known = await unknown.known_now(session, raid_id)
    rest = [name for name in waiting if name not in known]
    if at is not None:
        place = next((n for n, name in enumerate(rest) if name.name_key == at), 0)
    else:
        place = next((n for n, name in enumerate(rest) if after is None or name.name_key > after), 0)
    also = tuple(name.name for name in known)
    ignored = len({row.name_key for row in await unknown.ignored_rows(session, raid_id=raid_id)})
    if not rest:
        return _Shown(raid_id, raid.name, None, 0, 0, also, (), None, ignored)
    name = rest[place]
    near = []
    for member in await _people(session, meant or await _near(session, name.name)):
        gain = await unknown.gain_of(session, name.name_key, member)
        near.append(_Near(member.member_id, await _label(session, member), gain))
    new = await unknown.gain_of(session, name.name_key, None)
    return _Shown(raid_id, raid.name, name, place + 1, len(rest), also, tuple(near), new, ignored)


async def _near(session: Session, name: str) -> list[int]:
    """Up to three people with a name like it, the nearest first."""
    by_label: dict[str, list[int]] = {}
    for label, member_id in await people.names(session):
        by_label.setdefault(label, []).append(member_id)
    found = [member_id for label in near_names(name, list(by_label), 2 * _NEAR) for member_id in by_label[label]]
    return list(dict.fromkeys(found))[:_NEAR]


async def _people(session: Session, member_ids: Sequence[int]) -> list[Member]:
    standing = [await unknown.standing_member(session, member_id) for member_id in member_ids]
    return list({member.member_id: member for member in standing}.values())


async def _label(session: Session, member: Member) -> str:
    main = await people.main_of(session, member.member_id)
    name = plain(clip(member.display_name, 32))
    return name if main is None or main.name_key == member.name_key else f"{name} ({plain(clip(main.name, 24))})"


# --- the panel --------------------------------------------------------------------------------------------------------


def _words(shown: _Shown, done: str | None) -> str:
    name = shown.name
    lines = [] if done is None else [done, ""]
    if name is None:
        left = "" if shown.known else " Nothing waits any more."
        lines.append(f"**Names nobody knew at {safe(shown.raid_name)}**{left}")
    else:
        kind = " ".join(safe(str(word)) for word in (name.level, name.character_class) if word)
        where = f", {_ticks(name.tick_numbers)}" if name.tick_numbers else ", for the roster only"
        lines += [
            f"**Names nobody knew at {safe(shown.raid_name)}** · {shown.place} of {shown.total}",
            f"**{safe(name.name)}**{f' · {kind}' if kind else ''} · seen {when(name.seen_at, 'f')}{where}",
        ]
        if name.line and name.line != name.name:
            lines.append(f"> {safe(clip(name.line, 150))}")
        lines += [f"An alt of {safe(near.label)}: {_gain(near.gain)}." for near in shown.near]
        if shown.new is not None:
            lines.append(f"A new person: {_gain(shown.new)}.")
    if shown.known:
        more = f" and {len(shown.known) - 12} more" if len(shown.known) > 12 else ""
        lines.append(f"Known by now: {', '.join(map(safe, shown.known[:12]))}{more}.")
    return "\n".join(lines)


def _ticks(numbers: Sequence[int]) -> str:
    return f"tick {numbers[0]}" if len(numbers) == 1 else f"ticks {', '.join(map(str, numbers))}"


def _gain(gain: Gain) -> str:
    """ "credits 2 ticks, 20 points" """
    if not gain.credits:
        return "no member, so its ticks list them for **Add**" if gain.listed else "credits no tick"
    return f"credits {_count(gain.credits)}, {points(gain.points)} points"


def _count(ticks: int) -> str:
    return "1 tick" if ticks == 1 else f"{ticks} ticks"


def _buttons(shown: _Shown) -> ui.View | None:
    view = ui.View(timeout=None)
    if shown.known:
        label = f"Credit {len(shown.known)} {'name' if len(shown.known) == 1 else 'names'} known now"
        view.add_item(CreditKnown(raid_id=shown.raid_id, label=label, style=discord.ButtonStyle.success))
    if shown.name is not None:
        row = shown.name.unknown_name_id
        for near in shown.near:
            label = f"It is an alt of {near.label}"
            view.add_item(LinkName(unknown_name_id=row, member_id=near.member_id, label=label))
        view.add_item(SomebodyElse(unknown_name_id=row, label="Somebody else…"))
        view.add_item(NewPerson(unknown_name_id=row, label="New person"))
        view.add_item(IgnoreName(unknown_name_id=row, label="Ignore"))
        if shown.total > 1:
            view.add_item(NextName(unknown_name_id=row, label="Next"))
    if shown.ignored:
        view.add_item(BringBack(raid_id=shown.raid_id, label=f"Bring back {shown.ignored} ignored"))
    return view if view.children else None


async def _show(
    door: Door,
    raid_id: int,
    *,
    after: str | None = None,
    at: str | None = None,
    done: str | None = None,
    meant: Sequence[int] = (),
    anew: bool = False,
) -> None:
    shown = await door.stage.read(door.actor, "raids.manage", lambda session: _look(session, raid_id, after, at, meant))
    if anew:
        await door.say(_words(shown, done), view=_buttons(shown))
    else:
        await door.update(_words(shown, done), view=_buttons(shown))


async def _row(door: Door, unknown_name_id: int) -> tuple[int, str]:
    """(raid, name_key) of a name, sorted out or not."""

    async def look(session: Session) -> tuple[int, str]:
        row = await unknown.get_name(session, unknown_name_id)
        return row.raid_id, row.name_key

    return await door.stage.read(door.actor, "raids.manage", look)


def _credited(given: NameGiven, done: NamesCredited) -> str:
    if given.is_main and given.name == given.member_name:
        return f"{given.name} is a new person here now: {_brought(done)}."
    whose = f"the main of {given.member_name}" if given.is_main else f"an alt of {given.member_name}"
    return f"{given.name} is {whose} now: {_brought(done)}."


def _brought(done: NamesCredited) -> str:
    listed = f"; {_count(done.listed)} list them for **Add**, as they are no member" if done.listed else ""
    return f"{_count(done.credits)} credited, {points(done.points)} points{listed}"


async def _sort(door: Door, unknown_name_id: int, sort: Callable[[], Awaitable[NameGiven]]) -> None:
    """Give the name to somebody, credit what waits, and show the next; where another leader was first, say so."""
    raid_id, key = await _row(door, unknown_name_id)
    try:
        given = await sort()
    except (NameSortedOut, NameKnown) as refused:
        await _show(door, raid_id, after=key, done=refused.sentence)
        return
    done = await unknown.credit_given(door.stage, door.actor, given)
    await _show(door, raid_id, after=key, done=_credited(given, done))


class SortOut(Press, key="raid.names", numbers=("raid_id",)):
    """Under an import and in **Lead…**: opens the panel."""

    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        await _show(door, raid_id, anew=True)


class LinkName(Press, key="raid.name_link", numbers=("unknown_name_id", "member_id")):
    async def press(self, door: Door, *, unknown_name_id: int, member_id: int, **_: int) -> None:
        await _sort(
            door, unknown_name_id, lambda: unknown.give_name(door.stage, door.actor, unknown_name_id, member_id)
        )


class NewPerson(Press, key="raid.name_new", numbers=("unknown_name_id",)):
    async def press(self, door: Door, *, unknown_name_id: int, **_: int) -> None:
        await _sort(door, unknown_name_id, lambda: unknown.make_person(door.stage, door.actor, unknown_name_id))


class IgnoreName(Press, key="raid.name_ignore", numbers=("unknown_name_id",)):
    async def press(self, door: Door, *, unknown_name_id: int, **_: int) -> None:
        raid_id, key = await _row(door, unknown_name_id)
        try:
            done = f"{await unknown.ignore_name(door.stage, door.actor, unknown_name_id)} is ignored."
        except NameSortedOut as refused:
            done = refused.sentence
        await _show(door, raid_id, after=key, done=done)


class NextName(Press, key="raid.name_next", numbers=("unknown_name_id",)):
    async def press(self, door: Door, *, unknown_name_id: int, **_: int) -> None:
        raid_id, key = await _row(door, unknown_name_id)
        await _show(door, raid_id, after=key)


class BringBack(Press, key="raid.names_back", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        names = await unknown.bring_back(door.stage, door.actor, raid_id)
        verb = "waits" if len(names) == 1 else "wait"
        await _show(door, raid_id, done=f"{', '.join(names[:20])} {verb} again." if names else None)


class CreditKnown(Press, key="raid.names_known", numbers=("raid_id",)):
    async def press(self, door: Door, *, raid_id: int, **_: int) -> None:
        done = await unknown.credit_known(door.stage, door.actor, raid_id)
        names = "1 name" if done.names == 1 else f"{done.names} names"
        await _show(door, raid_id, done=f"{names} known now: {_brought(done)}.")


class SomebodyElse(Press, key="raid.name_else", numbers=("unknown_name_id",)):
    async def press(self, door: Door, *, unknown_name_id: int, **_: int) -> None:
        await door.form(WhoseForm(unknown_name_id=unknown_name_id))


class WhoseForm(Form, key="raid.name_whose", numbers=("unknown_name_id",), title="Whose character is it?"):
    """Names somebody; what it brings them is shown before the press that does it."""

    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"person": ui.TextInput[Any](label="A person, or one of their characters", placeholder="Anna")}

    async def submit(self, door: Door, texts: dict[str, str], *, unknown_name_id: int, **_: int) -> None:
        async def look(session: Session) -> tuple[int, int, str]:
            row = await unknown.get_waiting(session, unknown_name_id)
            return (await people.get_person(session, texts["person"])).member_id, row.raid_id, row.name_key

        member_id, raid_id, key = await door.stage.read(door.actor, "raids.manage", look)
        await _show(door, raid_id, at=key, meant=(member_id,))
