"""A button, a select and a form of no feature, and a command that does what a test says."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import simcord
from discord import app_commands, ui

from bot.kit.components import Form, Pick, Press
from bot.kit.door import Door
from bot.kit.pickers import offer
from bot.refusals import Refused
from bot.registry import Choice
from bot.stage import Session
from tests.stories.conftest import Night

Work = Callable[[Door], Awaitable[None]]
pressed: list[tuple[int, ...]] = []


class Hi(Press, key="test.hi", numbers=("n",)):
    async def press(self, door: Door, n: int) -> None:
        pressed.append((n,))
        await door.say(f"hi {n}")


class Colour(Pick, key="test.colour", numbers=("n",)):
    async def pick(self, door: Door, chosen: list[str], n: int) -> None:
        await door.say(f"{chosen} for {n}")


class Wish(Form, key="test.wish", numbers=("n",), title="A wish that is longer than the forty-five characters allowed"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"wish": ui.TextInput(label="Your wish"), "why": ui.TextInput(label="Why", required=False)}

    async def submit(self, door: Door, texts: dict[str, str], n: int) -> None:
        if texts["wish"] == "everything":
            raise Refused("That is too much.")
        if texts["wish"] == "trouble":
            raise RuntimeError("no")
        await door.say(f"{texts['wish']} ({texts['why']}) for {n}")


class OpenWish(Press, key="test.open"):
    async def press(self, door: Door) -> None:
        await door.form(Wish(n=7))


def raw_button(custom_id: str) -> ui.Button[Any]:
    return ui.Button(label="Press", custom_id=custom_id)


class Kit:
    """A command `/do` that does what a test says, and a person who uses it."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.anna = night.join("Anna")
        self.work: Work

    async def install(self) -> None:
        @self.night.bot.tree.command(name="do", description="what the test says")
        async def do(interaction: discord.Interaction, thing: str = "") -> None:
            await self.work(Door(interaction))

        async def look(_: Session, typed: str) -> list[Choice]:
            if typed == "trouble":
                raise RuntimeError("no list")
            return [Choice(f"{typed}{'x' * 200}", str(number)) for number in range(40)]

        @do.autocomplete("thing")
        async def things(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return await offer("dkp.view", look)(None, interaction, typed)

        self.night.bot.add_buttons(Hi, Colour, OpenWish)
        await self.night.bot.tree.sync()

    async def does(self, work: Work) -> simcord.InteractionResult:
        self.work = work
        return await self.night.types(self.anna, "do")

    async def shows(self, *items: ui.Item[Any]) -> Any:
        """A private message with these items under it."""

        async def work(door: Door) -> None:
            view = ui.View(timeout=None)
            for item in items:
                view.add_item(item)
            await door.say("here", view=view)

        return (await self.does(work)).response

    async def presses(self, where: Any, label: str | None = None, **how: Any) -> simcord.InteractionResult:
        return await self.night.presses(self.anna, where, label, **how)
