"""Keeps the open browser page in step with the channel, without a press.

The page asks for its state twice a second and is shown what was published last; SimCord publishes only after a press.
So each change that happens by itself (a board redrawn, an auction ended, a notice posted) is published here, and so is
the passing of time in relative times ("in 2 minutes"), which the page writes once a message and never again.

It is published under the revision the page already has: a new revision would refuse every press made in the half
second before the page hears of it.
"""

import asyncio
import json
import re
from datetime import datetime
from typing import Any

import simcord
from simcord.preview import Preview

LOOK_EVERY_SECONDS = 0.2
_RELATIVE = re.compile(r"<t:(\d{1,12}):R>")


class LivePage:
    def __init__(self, env: simcord.Env, preview: Preview) -> None:
        self.env, self.preview = env, preview
        self._moments: dict[tuple[int, str | None], list[int]] = {}
        self._publish = preview._publish
        # Every publication tells the time, the one after a press too.
        preview._publish = self._publish_in_time  # type: ignore[method-assign]

    async def keep_up(self) -> None:
        """Look at the channel five times a second and publish when it, or a time written in it, reads differently."""
        shown = None
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            now = self._reading()
            if now == shown or self.env._operation_task is not None:  # a press is being served: its turn first
                continue
            shown = now
            for page in list(self.preview._pages.values()):
                page.revision -= 1
                self.preview._publish(page, reason="refresh")

    def _publish_in_time(self, page: Any, *, reason: Any = "action") -> None:
        self.preview._advance_presentation_time()
        self._publish(page, reason=reason)
        for message in self._messages():
            shown = page.snapshot.get("messages", {}).get(str(message.id))
            if shown is not None:
                # The page draws a message again when anything in it differs; this is what differs.
                shown["told"] = self._times(message)

    def _reading(self) -> list[tuple[Any, ...]]:
        """What the channel looks like, cheaply: its messages, their last edits, and the times written in them."""
        return [(message.id, message.edited_timestamp, self._times(message)) for message in self._messages()]

    def _messages(self) -> list[Any]:
        return list(self.env.backend.messages[self.preview.channel.id].values())[-60:]

    def _times(self, message: Any) -> list[str]:
        key = (message.id, message.edited_timestamp)
        if key not in self._moments:
            text = f"{message.content} {json.dumps(message.components, default=str)}"
            self._moments[key] = [int(moment) for moment in _RELATIVE.findall(text)]
        now = self.env.now()
        return [relative(moment, now) for moment in self._moments[key]]


def relative(moment: int, now: datetime) -> str:
    """A moment's distance in the unit Discord writes it in: it reads the same until this changes."""
    seconds = moment - now.timestamp()
    for unit, length, below in (("s", 1, 60), ("m", 60, 3600), ("h", 3600, 86400)):
        if abs(seconds) < below:
            return f"{round(seconds / length)}{unit}"
    return f"{round(seconds / 86400)}d"
