"""Which notices somebody takes: what holds now in words, one select with every change there is, one button for the way.

One pick is one change, so a panel opened long ago, or on another screen, undoes nothing that was chosen since.
"""

from collections.abc import Mapping

import discord

from bot.kit.components import Pick, Press
from bot.kit.door import Door
from bot.registry import Notice
from cogs.members.service.notices import Choice, Notices, choose_notice, choose_way

_EMOJI: Mapping[Choice, str] = {"by default": "⏳", "always": "🔔", "never": "🔕"}


class ChangeNotice(Pick, key="me.notices"):
    """Whoever picks chooses for themselves; a value is a kind and the choice for it."""

    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        kind, _, choice = chosen[0].rpartition(":")
        await _show(door, await choose_notice(door.stage, door.actor, kind, choice))


class ChangeWay(Press, key="me.pinged", numbers=("pinged",)):
    """As pings in the channel (1), or as direct messages (0)."""

    async def press(self, door: Door, *, pinged: int, **_: int) -> None:
        await _show(door, await choose_way(door.stage, door.actor, bool(pinged)))


async def _show(door: Door, now: Notices) -> None:
    kinds = door.stage.registry.notices
    await door.update(in_words(now, kinds), view=panel(now, kinds))


def panel(now: Notices, kinds: Mapping[str, Notice]) -> discord.ui.View:
    """The changes there are from `now`; `kinds` says what each is."""
    options = [
        discord.SelectOption(
            label=f"{kinds[kind].about.capitalize()}: {_when(choice, kinds[kind])}",
            value=f"{kind}:{choice}",
            emoji=_EMOJI[choice],
        )
        for kind, chosen in now.chosen.items()
        for choice in _choices(kinds[kind])
        if choice != chosen
    ]
    other_way = "Send direct messages instead" if now.pinged else "Ping me in the channel instead"
    return (
        discord.ui.View(timeout=None)
        .add_item(ChangeNotice(options=options, placeholder="Change one…"))
        .add_item(ChangeWay(label=other_way, pinged=not now.pinged))
    )


def in_words(now: Notices, kinds: Mapping[str, Notice]) -> str:
    """What holds, a line a kind."""
    lines = ["**I tell you about**"]
    for kind, choice in now.chosen.items():
        lines.append(f"{_EMOJI[choice]} {kinds[kind].about}: **{_when(choice, kinds[kind])}**")
    lines.append(
        "It comes **as a ping in the channel**; what belongs to no channel, as a direct message."
        if now.pinged
        else "It comes **as a direct message**; if yours are closed, as a ping in the channel where there is one."
    )
    return "\n".join(lines)


def _choices(notice: Notice) -> tuple[Choice, ...]:
    return ("by default", "always", "never") if notice.by_default else ("always", "never")


def _when(choice: Choice, notice: Notice) -> str:
    return f"only {notice.by_default}" if choice == "by default" else choice
