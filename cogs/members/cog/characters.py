"""`/character`: add, list, choose the main; edit, retire, transfer; look back; claim."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import safe
from bot.registry import Choice
from bot.stage import Session
from cogs.members.service import ownership, unclaimed
from cogs.members.service.changing import edit_character, retire_character, transfer_character
from cogs.members.service.characters import add_character, characters_of, choose_main
from cogs.members.service.claims import claim_character
from cogs.members.views import characters as views

Interaction = discord.Interaction[Any]
Choices = list[app_commands.Choice[str]]


class Characters(commands.Cog):
    character = app_commands.Group(name="character", description="Your characters: add one, choose your main")

    @character.command(name="add", description="Add a character; your first one becomes your main")
    @app_commands.describe(
        name="Its name, as the game shows it",
        character_class="Its class, such as Shaman",
        level="Its level, from 1 to 999",
        main="Make it the main (the first one is in any case)",
        owner="Whose it is, if not yours (officers only)",
    )
    async def add(
        self,
        interaction: Interaction,
        name: str,
        character_class: str | None = None,
        level: int | None = None,
        main: bool | None = None,
        owner: str | None = None,
    ) -> None:
        door = Door(interaction)
        added = await add_character(door.stage, door.actor, name, character_class, level, main, owner)
        await door.say(views.added_in_words(added))

    @character.command(name="list", description="Somebody's characters, or your own")
    @app_commands.describe(member="Whose; yourself when left out")
    async def list_(self, interaction: Interaction, member: str | None = None) -> None:
        door = Door(interaction)
        owner, own, played = await door.stage.read(
            door.actor, "characters.view", lambda session: characters_of(session, member)
        )
        heading = "**Your characters**" if own else f"**Characters of {safe(owner)}**"
        if own and not played:
            view = discord.ui.View(timeout=None).add_item(views.add_character_button())
            await door.say(f"{heading}\nYou have none here yet.", view=view)
            return
        await show_pages(door, heading, [views.played_in_words(one) for one in played], empty="None here yet.")

    @character.command(name="main", description="Choose which character is the main")
    @app_commands.describe(character="The character", reason="Why, for the record")
    async def main(self, interaction: Interaction, character: str, reason: str | None = None) -> None:
        door = Door(interaction)
        chosen = await choose_main(door.stage, door.actor, character, reason)
        await door.say(views.chosen_in_words(chosen))

    @character.command(name="edit", description="Rename a character, or change its class or level")
    @app_commands.describe(
        character="The character",
        name="Its new name; what happened under the old one keeps saying so",
        character_class="Its class, such as Shaman; - for none",
        level="Its level, from 1 to 999",
    )
    async def edit(
        self,
        interaction: Interaction,
        character: str,
        name: str | None = None,
        character_class: str | None = None,
        level: int | None = None,
    ) -> None:
        door = Door(interaction)
        edited = await edit_character(door.stage, door.actor, character, name, character_class, level)
        await door.say(edited.in_words())

    @character.command(name="retire", description="Take a character out of play; its name is free again")
    @app_commands.describe(character="The character")
    async def retire(self, interaction: Interaction, character: str) -> None:
        door = Door(interaction)
        await door.say((await retire_character(door.stage, door.actor, character)).in_words())

    @character.command(name="transfer", description="Give a character another owner; points stay where they are")
    @app_commands.describe(character="The character", to="Whose it is from now on", reason="Why, for the record")
    async def transfer(self, interaction: Interaction, character: str, to: str, reason: str) -> None:
        door = Door(interaction)
        await door.say((await transfer_character(door.stage, door.actor, character, to, reason)).in_words())

    @character.command(name="history", description="Who owned a character when, and what it was called")
    @app_commands.describe(character="The character; a retired one by its name")
    async def history(self, interaction: Interaction, character: str) -> None:
        door = Door(interaction)
        heading, lines = await door.stage.read(
            door.actor, "characters.view", lambda session: ownership.history_of(session, character)
        )
        await show_pages(door, heading, lines, empty="Nothing is written down about it.")

    @character.command(name="claim", description="“This imported character is me”: an officer says yes or no")
    @app_commands.describe(character="A character of somebody who has no Discord account here")
    async def claim(self, interaction: Interaction, character: str) -> None:
        door = Door(interaction)
        claimed = await claim_character(door.stage, door.actor, character, door.channel_id)
        await door.say(
            f"An officer is asked whether **{safe(claimed.character)}** is you, in <#{claimed.channel_id}>."
            " You get a message when they answer."
        )

    @add.autocomplete("owner")
    @transfer.autocomplete("to")
    async def _owners(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("characters.manage", pickers.people)(self, interaction, typed)

    @list_.autocomplete("member")
    async def _people(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("characters.view", pickers.people)(self, interaction, typed)

    @main.autocomplete("character")
    @edit.autocomplete("character")
    @retire.autocomplete("character")
    async def _changeable(self, interaction: Interaction, typed: str) -> Choices:
        """One's own; for who may change others' too, everybody's after them."""

        async def look(session: Session) -> list[Choice]:
            own = await pickers.own_characters(session, typed)
            if not session.may("characters.manage"):
                return own
            return list(dict.fromkeys((*own, *await pickers.characters(session, typed))))

        return await pickers.offer("characters.own", lambda session, _: look(session))(self, interaction, typed)

    @transfer.autocomplete("character")
    async def _anybodys(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("characters.manage", pickers.characters)(self, interaction, typed)

    @history.autocomplete("character")
    async def _seen(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("characters.view", pickers.characters)(self, interaction, typed)

    @claim.autocomplete("character")
    async def _claimable(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("characters.claim", unclaimed.claimable_choices)(self, interaction, typed)
