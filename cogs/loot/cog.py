"""`/loot`: who got what, and for how much."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot import people
from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.stage import Session
from cogs.loot import service

if TYPE_CHECKING:
    from bot.app import Quartermaster


class Loot(commands.Cog):
    loot = app_commands.Group(name="loot", description="Who got what, and for how much")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @loot.command(name="history", description="Items awarded, newest first")
    @app_commands.describe(member="Only what this person got", item="Only this item")
    async def history(
        self, interaction: discord.Interaction[Any], member: str | None = None, item: str | None = None
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> list[str]:
            member_id = (await people.get_person(session, member)).member_id if member else None
            item_key = await service.get_item_key(session, item) if item else None
            awards = await service.list_awards(session, member_id=member_id, item_key=item_key)
            return [award.in_words() for award in awards]

        lines = await door.stage.read(door.actor, "loot.view", look)
        await show_pages(door, "**Loot**", lines, empty="No item was awarded yet.")

    @history.autocomplete("member")
    async def _member(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("loot.view", pickers.people)(self, interaction, typed)

    @history.autocomplete("item")
    async def _item(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("loot.view", service.items)(self, interaction, typed)
