"""Lists that page: a private message with Back and Next, whole lines a page, never over Discord's limits."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.kit.ask import Answer, buttons_for
from bot.kit.door import LAPSES_AFTER_SECONDS, Door, guarded
from bot.kit.text import MESSAGE_TEXT, clip

LINES_A_PAGE = 15
"""What a phone shows without scrolling far."""


def split_pages(lines: Sequence[str], *, room: int, most: int = LINES_A_PAGE) -> list[str]:
    """Whole lines a page, at most `most` lines and `room` characters; a longer line is clipped."""
    pages: list[list[str]] = [[]]
    size = 0
    for line in (clip(line, room) for line in lines):
        if pages[-1] and (len(pages[-1]) == most or size + 1 + len(line) > room):
            pages.append([])
            size = 0
        pages[-1].append(line)
        size += len(line) + 1
    return ["\n".join(page) for page in pages]


async def show_pages(door: Door, heading: str, lines: Sequence[str], *, empty: str, start: int = 0) -> None:
    """Show a list privately under a heading; `empty` is the one sentence for an empty list."""
    heading = clip(heading, MESSAGE_TEXT // 2)
    if not lines:
        await door.say(f"{heading}\n{empty}")
        return
    pages = split_pages(lines, room=MESSAGE_TEXT - len(heading) - 40)
    view = _Pages(heading, pages, min(start, len(pages) - 1))
    await door.say(view.text(), view=view if len(pages) > 1 else None)


async def ask_in_pages(
    door: Door, heading: str, lines: Sequence[str], answers: Sequence[Answer], *, cancel: str | None = "Cancel"
) -> None:
    """Ask privately, with as many lines to read first as it takes: a question whose text pages."""
    heading = clip(heading, MESSAGE_TEXT // 2)
    pages = split_pages(lines, room=MESSAGE_TEXT - len(heading) - 40)
    view = _Question(heading, pages, answers, cancel)
    await door.say(view.text(), view=view)


class _Pages(ui.View):
    def __init__(self, heading: str, pages: list[str], start: int = 0) -> None:
        super().__init__(timeout=LAPSES_AFTER_SECONDS)
        self.heading, self.pages, self.number = heading, pages, start
        self.back, self.next = _Turn("Back", -1), _Turn("Next", 1)
        self.add_item(self.back)
        self.add_item(self.next)
        self._mark()

    def text(self) -> str:
        foot = f"\n-# page {self.number + 1} of {len(self.pages)}" if len(self.pages) > 1 else ""
        return f"{self.heading}\n{self.pages[self.number]}{foot}"

    def turn(self, by: int) -> None:
        self.number = max(0, min(self.number + by, len(self.pages) - 1))
        self._mark()

    def _mark(self) -> None:
        self.back.disabled = self.number == 0
        self.next.disabled = self.number == len(self.pages) - 1


class _Question(_Pages):
    def __init__(self, heading: str, pages: list[str], answers: Sequence[Answer], cancel: str | None) -> None:
        super().__init__(heading, pages)
        self.answered = False
        if len(pages) == 1:
            self.clear_items()
        for button in buttons_for(answers, cancel):
            self.add_item(button)


class _Turn(ui.Button["_Pages"]):
    def __init__(self, label: str, by: int) -> None:
        super().__init__(label=label)
        self.by = by

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        pages = self.view
        assert pages is not None

        async def work(door: Door) -> None:
            pages.turn(self.by)
            await door.update(pages.text(), view=pages)

        await guarded(interaction, work)
