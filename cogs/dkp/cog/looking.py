"""`/dkp balance, standings, history`: who has what, and why."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.long_list import ASK_FOR, Line, show_long
from bot.kit.pages import show_pages
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices
from cogs.dkp.service import balances, history, pools


class Looking(commands.Cog):
    @DKP.command(
        name="balance", description="What you have, what is held and what you can spend; of others the balance"
    )
    @app_commands.describe(
        member="Whose balance; yours when left out", pool="Which pool; the guild's own when left out"
    )
    async def balance(
        self, interaction: discord.Interaction[Any], member: str | None = None, pool: str | None = None
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> str:
            return await balances.balance_in_words(session, member, pool)

        await door.say(await door.stage.read(door.actor, "dkp.view", look))

    @DKP.command(name="standings", description="Everybody's balance, highest first")
    @app_commands.describe(
        pool="Which pool; the guild's own when left out",
        character_class="Only mains of this class",
        everyone="Also people who left or earned nothing for 60 days",
    )
    async def standings(
        self,
        interaction: discord.Interaction[Any],
        pool: str | None = None,
        character_class: str | None = None,
        everyone: bool = False,
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, list[str]]:
            found = await pools.get_pool(session, pool)
            lines = await balances.standings(session, found, character_class, everyone=everyone)
            mine = [line.place for line in lines if line.member_id == session.member.member_id]
            heading = f"**{pools.called(found)} standings** · {len(lines)} {'person' if len(lines) == 1 else 'people'}"
            if mine:
                heading += f" · you are number {mine[0]}"
            return heading, [line.in_words() for line in lines]

        heading, lines = await door.stage.read(door.actor, "dkp.view", look)
        await show_pages(door, heading, lines, empty="Nobody to show here yet: points come with the first tick.")

    @DKP.command(name="history", description="Every movement of points, explained, with the balance after it")
    @app_commands.describe(
        member="Whose history; yours when left out", pool="Which pool; the guild's own when left out"
    )
    async def history(
        self, interaction: discord.Interaction[Any], member: str | None = None, pool: str | None = None
    ) -> None:
        door = Door(interaction)

        async def look(
            session: Session, before: int | None = None, most: int = 1
        ) -> tuple[str, Sequence[history.HistoryLine]]:
            return await history.find_history(session, member, pool, before=before, most=most)

        async def load(turning: Door, before: int | None) -> Sequence[Line]:
            following = partial(look, before=before, most=ASK_FOR)
            _, entries = await turning.stage.read(turning.actor, "dkp.view", following)
            return [Line(entry.in_words(), entry.entry_id) for entry in entries]

        heading, _ = await door.stage.read(door.actor, "dkp.view", look)
        await show_long(door, heading, load, empty="No points moved yet.")

    @balance.autocomplete("member")
    @history.autocomplete("member")
    async def _whose(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pickers.people)(self, interaction, typed)

    @balance.autocomplete("pool")
    @standings.autocomplete("pool")
    @history.autocomplete("pool")
    async def _which_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pools.choices)(self, interaction, typed)

    @standings.autocomplete("character_class")
    async def _class(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", balances.class_choices)(self, interaction, typed)
