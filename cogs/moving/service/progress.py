"""How far an import is. The use case tells it; whoever shows it reads it, and may ask to stop before the commit."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from bot.refusals import Refused


class Stopped(Refused):
    code: ClassVar[str] = "moving.stopped"


@dataclass
class Progress:
    """The phase and its numbers now."""

    phase: str = "Looking at the guild"
    done: int = 0
    total: int = 0
    stop: bool = False
    """Somebody wants it stopped."""
    too_late: bool = False
    """All is written; the commit cannot be stopped."""

    async def at(self, phase: str, done: int, total: int) -> None:
        """Called between pieces of work: others get their turn, and a stop that was asked for ends it here."""
        self.phase, self.done, self.total = phase, done, total
        await asyncio.sleep(0)
        if self.stop:
            raise Stopped("Stopped: nothing was imported.")

    def in_words(self) -> str:
        numbers = f": {self.done:,} of {self.total:,}" if self.total else ""
        return f"{self.phase}{numbers} …"
