"""`/dkp balance, standings, history, explain`: who has what, and why."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.panels import show_my_points
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices
from cogs.dkp.service import balances, explaining, history, pools
from cogs.dkp.views.history import ShowHistory, show_history


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

        async def look(session: Session) -> tuple[str, history.Whose]:
            words = await balances.balance_in_words(session, member, pool)
            return words, await history.find_whose(session, member, pool)

        words, whose = await door.stage.read(door.actor, "dkp.view", look)
        if not whose.own:
            await door.say(words)
            return
        await show_my_points(
            door, words, [ShowHistory(member_id=whose.member_id, pool_id=whose.pool_id, label="History")]
        )

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

        async def look(session: Session) -> history.Whose:
            return await history.find_whose(session, member, pool)

        await show_history(door, await door.stage.read(door.actor, "dkp.view", look))

    @DKP.command(name="explain", description="Why an entry is there: its cause, the evidence, what reversed it")
    @app_commands.describe(entry="One of yours from the list, or any number from /dkp history, like #12")
    async def explain(self, interaction: discord.Interaction[Any], entry: str) -> None:
        door = Door(interaction)

        async def look(session: Session) -> str:
            return await explaining.explain(session, entry)

        await door.say(await door.stage.read(door.actor, "dkp.view", look))

    @explain.autocomplete("entry")
    async def _entry(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", explaining.own_entries)(self, interaction, typed)

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
