"""**Add your character**: a button any slice may show (`registry.add_character_button`) and its form."""

from typing import Any

import discord
from discord import ui

from bot.kit.components import Form, Press
from bot.kit.door import Door
from bot.kit.text import safe
from cogs.members import rules
from cogs.members.service.characters import CharacterAdded, MainChosen, Played, add_character


class AddCharacter(Press, key="character.add"):
    """Opens the form; for whoever presses it, whoever it was shown to."""

    async def press(self, door: Door, **numbers: int) -> None:
        await door.form(CharacterForm())


def add_character_button() -> AddCharacter:
    return AddCharacter(label="Add your character", style=discord.ButtonStyle.primary)


class CharacterForm(Form, key="character.add", title="Add your character"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {
            "name": ui.TextInput(label="Name", placeholder="as the game shows it", max_length=rules.NAME_LENGTH),
            "character_class": ui.TextInput(label="Class", required=False, max_length=rules.CLASS_LENGTH),
            "level": ui.TextInput(label="Level", required=False, placeholder="60", max_length=8),
        }

    async def submit(self, door: Door, texts: dict[str, str], **numbers: int) -> None:
        name, character_class, level = (texts.get(key, "") for key in ("name", "character_class", "level"))
        added = await add_character(door.stage, door.actor, name, character_class, level)
        await door.say(added_in_words(added))


def added_in_words(added: CharacterAdded) -> str:
    whose = "your" if added.own else f"{safe(added.owner)}’s"
    if not added.is_main:
        return f"**{safe(added.name)}** is added as {whose} alt."
    instead = f", instead of {safe(added.main_before)}" if added.main_before else ""
    return f"**{safe(added.name)}** is added as {whose} main{instead}."


def chosen_in_words(chosen: MainChosen) -> str:
    whose = "your" if chosen.own else f"{safe(chosen.owner)}’s"
    instead = f", instead of {safe(chosen.main_before)}" if chosen.main_before else ""
    return f"**{safe(chosen.name)}** is {whose} main now{instead}. Points and attendance stay as they are."


def played_in_words(played: Played) -> str:
    kind = " ".join(part for part in (safe(played.character_class or ""), str(played.level or "")) if part)
    return " · ".join(part for part in (f"**{safe(played.name)}**", kind, "main" if played.is_main else "alt") if part)
