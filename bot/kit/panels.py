"""Private panels: one a person and subject, opened by the first press and edited in place by later ones.

Discord lets us edit a private answer for 15 minutes after the interaction; then, or when the person dismissed it, the
next press on a board opens a new one. A press in a private message makes that message the panel, also after a restart;
a card shown privately stays a card.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord import ui

from bot.kit.door import Door
from bot.stage import Session

EDITABLE = timedelta(minutes=14)
MOST = 10_000
"""Panels remembered a process; the oldest is forgotten and simply opened anew."""

Part = tuple[str, list[ui.Item[Any]]]
Key = tuple[int, int | None, str, int]


class Panels:
    def __init__(self) -> None:
        self._open: OrderedDict[Key, tuple[discord.Interaction[Any], int, datetime]] = OrderedDict()
        self._turns: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def show(self, door: Door, kind: str, subject_id: int, content: str, view: ui.View | None) -> None:
        """Show this person's panel for a subject, in place when it is open. `view` None takes its buttons away.

        A command wants an answer of its own: it opens the panel anew where the person looks, and the old one goes.
        """
        key = (door.guild.id, door.actor.user_id, kind, subject_id)
        async with self._turns.setdefault(key, asyncio.Lock()):  # two quick presses open one panel
            await self._show(door, key, content, view)

    async def _show(self, door: Door, key: Key, content: str, view: ui.View | None) -> None:
        now = door.stage.clock.now()
        opened = self._open.pop(key, None)
        if opened is not None and now - opened[2] >= EDITABLE:
            opened = None
        pressed = door.interaction.message
        if pressed is not None and pressed.flags.ephemeral and not pressed.flags.components_v2:  # a card is no panel
            opened = (door.interaction, pressed.id, now)
        typed = door.interaction.type is discord.InteractionType.application_command
        if opened is not None and not typed and await self._edit(door, opened, content, view):
            self._open[key] = opened
            return
        message_id = await door.say(content, view=view)
        if message_id is not None:
            self._open[key] = (door.interaction, message_id, now)
        if opened is not None:
            try:
                await opened[0].followup.delete_message(opened[1])
            except discord.HTTPException:
                pass  # dismissed
        while len(self._open) > MOST:
            self._open.popitem(last=False)

    async def _edit(
        self, door: Door, opened: tuple[discord.Interaction[Any], int, datetime], content: str, view: ui.View | None
    ) -> bool:
        """False when it is gone: the person dismissed it."""
        interaction, message_id, _ = opened
        pressed = door.interaction.message
        try:
            if pressed is not None and pressed.id == message_id:
                await door.update(content, view=view)
            else:
                await interaction.followup.edit_message(message_id, content=content, view=view)
                await door.later()
        except (discord.NotFound, discord.Forbidden):
            return False
        return True


async def show_my_points(door: Door, words: str, also: Sequence[ui.Item[Any]] = ()) -> None:
    """**My points** in one private message: what somebody has, in `words`, and what each slice adds to it.

    `also` are buttons of who shows it.
    """

    async def look(session: Session) -> list[Part]:
        return [await part(session) for part in session.stage.registry.my_points]

    parts = await door.stage.read(door.actor, "dkp.view", look)
    view = ui.View(timeout=None)
    for item in (*also, *(item for _, items in parts for item in items)):
        view.add_item(item)
    text = "\n".join([words, *(lines for lines, _ in parts if lines)])
    await door.bot.panels.show(door, "points", 0, text, view if view.children else None)
