"""`/audit`: who changed what, and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.long_list import ASK_FOR, Line, show_long
from bot.stage import Session
from cogs.audit import service

if TYPE_CHECKING:
    from bot.app import Quartermaster

Choices = list[app_commands.Choice[str]]


class AuditSearch(commands.Cog):
    audit = app_commands.Group(name="audit", description="Who changed what, and why")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @audit.command(name="search", description="Changes in sentences, newest first")
    @app_commands.describe(
        member="Only what this person did or what concerns them",
        action="Only changes of this kind",
        days="Only the last so many days",
    )
    async def search(
        self,
        interaction: discord.Interaction[Any],
        member: str | None = None,
        action: str | None = None,
        days: int | None = None,
    ) -> None:
        door = Door(interaction)

        async def read_wanted(session: Session) -> service.Wanted:
            return await service.read_wanted(session, member, action, days)

        wanted = await door.stage.read(door.actor, "audit.view", read_wanted)

        async def load(turning: Door, before: int | None) -> Sequence[Line]:
            async def look(session: Session) -> Sequence[Line]:
                found = await service.search(session, wanted, before=before, most=ASK_FOR)
                return [Line(change.in_words(), change.audit_id) for change in found]

            return await turning.stage.read(turning.actor, "audit.view", look)

        await show_long(door, wanted.heading(), load, empty="No change like that is recorded.")

    @search.autocomplete("member")
    async def _member(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("audit.view", pickers.people)(self, interaction, typed)

    @search.autocomplete("action")
    async def _action(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("audit.view", service.action_choices)(self, interaction, typed)
