"""The `/dkp` group that all of this slice's commands but `/pool` hang on."""

from collections.abc import Sequence
from dataclasses import replace

from discord import app_commands

from bot.kit.door import Door
from bot.kit.text import MESSAGE_TEXT
from bot.stage import Actor

DKP = app_commands.Group(name="dkp", description="Points: who has what, and why")
Choices = list[app_commands.Choice[str]]


def as_typed(pressed: Door, door: Door) -> Actor:
    """Who presses, with the rights they have now, under the id of the command: asked twice, it is done once."""
    return replace(pressed.actor, interaction_id=door.actor.interaction_id)


def with_what_fits(question: str, lines: Sequence[str]) -> str:
    """The question with its consequences, the gravest first; what has no room is counted."""
    text = question
    for number, line in enumerate(lines):
        if len(text) + len(line) > MESSAGE_TEXT - 40:
            return f"{text}\n… and {len(lines) - number} more"
        text += f"\n{line}"
    return text
