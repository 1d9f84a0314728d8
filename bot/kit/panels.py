"""Private panels: one a person and subject, opened by the first press and edited in place by later ones.

Discord lets us edit a private answer for 15 minutes after the interaction; then, or when the person dismissed it, the
next press opens a new one.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import discord
from discord import ui

from bot.kit.door import Door

EDITABLE = timedelta(minutes=14)
MOST = 10_000
"""Panels remembered a process; the oldest is forgotten and simply opened anew."""

Key = tuple[int, int | None, str, int]


class Panels:
    def __init__(self) -> None:
        self._open: OrderedDict[Key, tuple[discord.Interaction[Any], datetime]] = OrderedDict()

    async def show(self, door: Door, kind: str, subject_id: int, content: str, view: ui.View | None) -> None:
        """Show this person's panel for a subject, in place when it is open. `view` None takes its buttons away."""
        key = (door.guild.id, door.actor.user_id, kind, subject_id)
        now = door.stage.clock.now()
        opened, at = self._open.get(key, (None, now))
        if opened is not None and now - at < EDITABLE:
            pressed_in_panel = door.interaction.message is not None and door.interaction.message.flags.ephemeral
            try:
                if pressed_in_panel and not door.interaction.response.is_done():
                    await door.update(content, view=view)
                else:
                    await opened.edit_original_response(content=content, view=view)
                    await door.later()
                return
            except (discord.NotFound, discord.Forbidden):
                pass  # dismissed: open it anew below
        if door.interaction.response.is_done():
            await door.say(content, view=view)
            return
        await door.say(content, view=view)
        self._open[key] = (door.interaction, now)
        self._open.move_to_end(key)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
