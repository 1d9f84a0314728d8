"""The `/dkp` group that all of this slice's commands but `/pool` hang on."""

from dataclasses import replace

from discord import app_commands

from bot.kit.door import Door
from bot.stage import Actor

DKP = app_commands.Group(name="dkp", description="Points: who has what, and why")
Choices = list[app_commands.Choice[str]]


def as_typed(pressed: Door, door: Door) -> Actor:
    """Who presses, with the rights they have now, under the id of the command: asked twice, it is done once."""
    return replace(pressed.actor, interaction_id=door.actor.interaction_id)
