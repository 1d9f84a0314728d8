"""Giving away what nobody bid on: a leader's button on the card, and the form that asks who."""

from typing import Any

from discord import ui

from bot.kit.components import Form, Press
from bot.kit.door import Door
from bot.stage import Session
from cogs.auctions import service


class Give(Press, key="auction.give", numbers=("auction_id",)):
    async def press(self, door: Door, *, auction_id: int, **_: int) -> None:
        await door.stage.read(door.actor, "loot.award", _nothing)
        await door.form(GiveTo(auction_id=auction_id))


class GiveTo(Form, key="auction.give_to", title="Give it to whom?", numbers=("auction_id",)):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"member": ui.TextInput(label="A member or a character", placeholder="Anna", max_length=100)}

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, **_: int) -> None:
        await door.say(await service.give(door.stage, door.actor, auction_id, texts["member"]))


async def _nothing(_: Session) -> None:
    """Only the capability is looked at."""
