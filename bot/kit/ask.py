"""Questions with buttons: previews and confirmations, private, answered once, kept in memory for 15 minutes.

What outlives a restart is a `Press`; a question may lapse, and says so when it did.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.kit.door import Door, guarded
from bot.kit.text import BUTTON_LABEL, clip

LAPSES_AFTER_SECONDS = 900
"""Discord lets us edit a private answer for 15 minutes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One button of a question: what it says and what it does."""

    label: str
    then: Callable[[Door], Awaitable[None]]
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


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
        for answer in answers:
            self.add_item(_Choice(answer))
        if cancel is not None:
            self.add_item(_Choice(Answer(cancel, _nothing)))


async def _nothing(door: Door) -> None:
    await door.update("Nothing was changed.", view=None)


class _Choice(ui.Button["_Question"]):
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
            question.answered = True
            question.stop()
            if self.answer.then is not _nothing and interaction.message is not None:
                await door.update(interaction.message.content, view=None)
            await self.answer.then(door)

        await guarded(interaction, work)
