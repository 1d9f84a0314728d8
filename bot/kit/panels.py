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
        self._open: OrderedDict[Key, tuple[discord.Interaction[Any], int | None, datetime]] = OrderedDict()

    async def show(self, door: Door, kind: str, subject_id: int, content: str, view: ui.View | None) -> None:
        """Show this person's panel for a subject, in place when it is open. `view` None takes its buttons away."""
        key = (door.guild.id, door.actor.user_id, kind, subject_id)
        now = door.stage.clock.now()
        opened, message_id, at = self._open.get(key, (None, None, now))
        if opened is not None and now - at < EDITABLE:
            pressed = door.interaction.message
            try:
                if pressed is not None and pressed.id == message_id and not door.interaction.response.is_done():
                    await door.update(content, view=view)
                else:
                    await opened.edit_original_response(content=content, view=view)
                    await door.later()
                return
            except (discord.NotFound, discord.Forbidden):
                pass  # dismissed: open it anew below
        first = not door.interaction.response.is_done()
        message_id = await door.say(content, view=view)
        if first:  # a follow-up is not the interaction's original response and could not be edited as one
            self._open[key] = (door.interaction, message_id, now)
            self._open.move_to_end(key)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
