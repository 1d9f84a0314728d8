"""Lists too long to load at once: a page is read when it is turned to, and costs the same however long the list is.

A list whose lines are few enough to be loaded together is `bot.kit.pages`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.kit.ask import Answer
from bot.kit.door import LAPSES_AFTER_SECONDS, Door, guarded
from bot.kit.pages import LINES_A_PAGE
from bot.kit.text import MESSAGE_TEXT, OPTION_LABEL, clip, plain

ASK_FOR = LINES_A_PAGE + 1
"""Lines a loader returns at most: a page, and one more to know that there is a next."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its place in the list: the id after which the list goes on."""

    text: str
    mark: int
    label: str = ""
    """What it is called in the select below the page, where there is one."""


@dataclass(frozen=True, slots=True)
class About:
    """A select below each page, of its lines: what it asks, and what is done with the mark of the line chosen."""

    placeholder: str
    then: Callable[[Door, int], Awaitable[None]]


Load = Callable[[Door, int | None], Awaitable[Sequence[Line]]]
"""(who turns the page, mark of the last line before it) -> the next `ASK_FOR` lines; it checks the right each time."""


async def show_long(
    door: Door, heading: str, load: Load, *, empty: str, about: About | None = None, also: Sequence[Answer] = ()
) -> None:
    """Show a long list privately under a heading; `empty` is the one sentence for an empty list.

    `also`: buttons beside those that turn pages; the list stays open when they are pressed.
    """
    pages = _LongPages(heading, load, about, also)
    await pages.turn(door, 0)
    if not pages.text:
        await door.say(f"{heading}\n{empty}")
    else:
        await door.say(pages.shown, view=pages if pages.children else None)


class _LongPages(ui.View):
    def __init__(self, heading: str, load: Load, about: About | None = None, also: Sequence[Answer] = ()) -> None:
        super().__init__(timeout=LAPSES_AFTER_SECONDS)
        self.heading, self.load = heading, load
        self.before: list[int | None] = [None]
        """The mark that each page up to the one shown begins after."""
        self.after: int | None = None
        self.more = False
        self.text = ""
        self.back, self.next = _Turn("Back", -1), _Turn("Next", 1)
        self.select = _Which(about) if about is not None else None
        self.also = [_Also(answer) for answer in also]

    @property
    def shown(self) -> str:
        foot = f"\n-# page {len(self.before)}" if self.more or len(self.before) > 1 else ""
        return f"{self.heading}\n{self.text}{foot}"

    async def turn(self, door: Door, by: int) -> None:
        before = self.before
        if by > 0 and self.more:
            before = [*before, self.after]
        elif by < 0 and len(before) > 1:
            before = before[:-1]
        lines = await self.load(door, before[-1])
        room = MESSAGE_TEXT - len(self.heading) - 40
        page: list[str] = []
        for line in lines[:LINES_A_PAGE]:
            text = clip(line.text, room)
            if page and len(text) + 1 > room:
                break
            page.append(text)
            room -= len(text) + 1
            self.after = line.mark
        self.before, self.text, self.more = before, "\n".join(page), len(page) < len(lines)
        self._offer(lines[: len(page)])

    def _offer(self, lines: Sequence[Line]) -> None:
        """What can be pressed on this page."""
        self.back.disabled, self.next.disabled = len(self.before) == 1, not self.more
        turning = [self.back, self.next] if self.more or len(self.before) > 1 else []
        if self.select is not None:
            self.select.options = [
                discord.SelectOption(label=clip(plain(line.label or line.text), OPTION_LABEL), value=str(line.mark))
                for line in lines
            ]
        self.clear_items()
        for item in (*turning, *self.also, *([self.select] if self.select is not None and lines else [])):
            self.add_item(item)


class _Which(ui.Select["_LongPages"]):
    def __init__(self, about: About) -> None:
        super().__init__(placeholder=about.placeholder, row=1)
        self.then = about.then

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        mark = int(self.values[0])
        await guarded(interaction, lambda door: self.then(door, mark))


class _Also(ui.Button["_LongPages"]):
    def __init__(self, answer: Answer) -> None:
        super().__init__(label=answer.label, style=answer.style)
        self.answer = answer

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await guarded(interaction, self.answer.then)


class _Turn(ui.Button["_LongPages"]):
    def __init__(self, label: str, by: int) -> None:
        super().__init__(label=label)
        self.by = by

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        pages = self.view
        assert pages is not None

        async def work(door: Door) -> None:
            await pages.turn(door, self.by)
            await door.update(pages.shown, view=pages)

        await guarded(interaction, work)
