"""Questions with buttons: previews and confirmations, private, answered once, kept in memory for 15 minutes.

What outlives a restart is a `Press`; a question may lapse, and says so when it did.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.kit.door import LAPSES_AFTER_SECONDS, Door, guarded
from bot.kit.text import BUTTON_LABEL, SELECT_OPTIONS, clip


@dataclass(frozen=True, slots=True)
class Answer:
    """One button of a question: what it says and what it does."""

    label: str
    then: Callable[[Door], Awaitable[None]]
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    opens_form: bool = False
    """Its first answer is a form: the question stays open, and `then` runs at each press."""


def yes(label: str, then: Callable[[Door], Awaitable[None]], *, danger: bool = False) -> Answer:
    """The answer that does it; red when it destroys or reaches many."""
    return Answer(label, then, discord.ButtonStyle.danger if danger else discord.ButtonStyle.success)


async def ask(door: Door, question: str, answers: Sequence[Answer], *, cancel: str | None = "Cancel") -> None:
    """Ask privately. The first press takes the buttons away and runs its answer; a second press does nothing."""
    await door.say(question, view=_Question(answers, cancel))


class _Question(ui.View):
    def __init__(self, answers: Sequence[Answer], cancel: str | None) -> None:
        super().__init__(timeout=LAPSES_AFTER_SECONDS)
        self.answered = False
        for button in buttons_for(answers, cancel):
            self.add_item(button)


def buttons_for(answers: Sequence[Answer], cancel: str | None) -> "list[ui.Button[Any]]":
    """The buttons of a question; the view they are on has `answered`, False at first."""
    wanted = [*answers, *([Answer(cancel, _nothing)] if cancel is not None else [])]
    return [_Choice(answer) for answer in wanted]


async def _nothing(door: Door) -> None:
    await door.update("Nothing was changed.", view=None)


class _Choice(ui.Button["_Question | _Choosing"]):
    def __init__(self, answer: Answer) -> None:
        super().__init__(label=clip(answer.label, BUTTON_LABEL), style=answer.style)
        self.answer = answer

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        question = self.view
        assert question is not None

        async def work(door: Door) -> None:
            if question.answered:
                await door.later()
                return
            if self.answer.opens_form:
                await self.answer.then(door)
                return
            question.answered = True  # it goes on listening: the second half of a double press is not a lapsed question
            if self.answer.then is not _nothing and interaction.message is not None:
                await door.update(interaction.message.content, view=None)
            await self.answer.then(door)

        await guarded(interaction, work)


async def choose(
    door: Door,
    question: str,
    options: Sequence[discord.SelectOption],
    then: Callable[[Door, list[str]], Awaitable[None]],
    *,
    placeholder: str,
    answers: Sequence[Answer] = (),
    cancel: str | None = None,
) -> None:
    """Ask privately for one or more of at most 25 options; `then` gets the values chosen, once.

    `answers` are buttons under them that answer the question in another way.
    """
    buttons = [*answers, *([Answer(cancel, _nothing)] if cancel is not None else [])]
    await door.say(question, view=_Choosing(options[:SELECT_OPTIONS], placeholder, then, buttons))


class _Choosing(ui.View):
    def __init__(
        self,
        options: Sequence[discord.SelectOption],
        placeholder: str,
        then: Callable[[Door, list[str]], Awaitable[None]],
        answers: Sequence[Answer] = (),
    ) -> None:
        super().__init__(timeout=LAPSES_AFTER_SECONDS)
        self.then = then
        self.answered = False
        self.add_item(_Options(options, placeholder))
        for answer in answers:
            self.add_item(_Choice(answer))


class _Options(ui.Select["_Choosing"]):
    def __init__(self, options: Sequence[discord.SelectOption], placeholder: str) -> None:
        super().__init__(options=list(options), placeholder=placeholder, min_values=1, max_values=len(options))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        choosing = self.view
        assert choosing is not None

        async def work(door: Door) -> None:
            if choosing.answered:
                await door.later()
                return
            choosing.answered = True
            if interaction.message is not None:
                await door.update(interaction.message.content, view=None)
            await choosing.then(door, list(self.values))

        await guarded(interaction, work)
