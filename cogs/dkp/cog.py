"""`/dkp`: who has what, why, and what officers do about it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.long_list import ASK_FOR, Line, show_long
from bot.kit.pages import show_pages
from bot.kit.text import MESSAGE_TEXT, safe
from bot.stage import Actor, Session
from cogs.dkp.rules import AdjustKind
from cogs.dkp.service import adjustments, balances, history, pools, undoing

if TYPE_CHECKING:
    from bot.app import Quartermaster

Choices = list[app_commands.Choice[str]]


class Dkp(commands.Cog):
    dkp = app_commands.Group(name="dkp", description="Points: who has what, and why")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @dkp.command(
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

    @dkp.command(name="standings", description="Everybody's balance, highest first")
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
            heading = f"**{safe(found.name)} standings** · {len(lines)} {'person' if len(lines) == 1 else 'people'}"
            if mine:
                heading += f" · you are number {mine[0]}"
            return heading, [line.in_words() for line in lines]

        heading, lines = await door.stage.read(door.actor, "dkp.view", look)
        await show_pages(door, heading, lines, empty="Nobody to show here yet: points come with the first tick.")

    @dkp.command(name="history", description="Every movement of points, explained, with the balance after it")
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

    @dkp.command(name="adjust", description="Give or take points by hand, with a reason")
    @app_commands.describe(
        member="To whom",
        amount="How many points; below 0 takes them",
        reason="Why: they and the audit will read it (3 to 500 characters)",
        pool="Which pool; the guild's own when left out",
        kind="bonus always gives, penalty always takes, the others keep the sign",
    )
    async def adjust(
        self,
        interaction: discord.Interaction[Any],
        member: str,
        amount: float,
        reason: str,
        pool: str | None = None,
        kind: AdjustKind = "adjustment",
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> list[str]:
            return await adjustments.adjustment_troubles(session, member, amount, reason, pool, kind)

        async def post(pressed: Door) -> None:
            done = await adjustments.adjust(
                door.stage, _as_typed(pressed, door), member, amount, reason, pool, kind, door.channel_id
            )
            await pressed.say(done.in_words())

        troubles = await door.stage.read(door.actor, "dkp.adjust", look)
        if not troubles:
            await post(door)
            return
        await ask(
            door, "Take these points all the same?\n" + "\n".join(troubles), [yes("Take them", post, danger=True)]
        )

    @dkp.command(name="undo", description="Reverse something that moved points; shows first what follows")
    @app_commands.describe(
        what="An adjustment, tick or award: pick it from the list",
        reason="Why: everybody it touches will read it (3 to 500 characters)",
    )
    async def undo(self, interaction: discord.Interaction[Any], what: str, reason: str) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, Sequence[str]]:
            return await undoing.preview_undo(session, what, reason)

        async def reverse(pressed: Door) -> None:
            await pressed.say(await undoing.undo(door.stage, _as_typed(pressed, door), what, reason, door.channel_id))

        words, follows = await door.stage.read(door.actor, "dkp.undo", look)
        question = f"Undo this? **{words}**"
        await ask(door, _with_what_fits(question, follows), [yes("Undo it", reverse, danger=True)])

    @balance.autocomplete("member")
    @history.autocomplete("member")
    @adjust.autocomplete("member")
    async def _member(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pickers.people)(self, interaction, typed)

    @balance.autocomplete("pool")
    @standings.autocomplete("pool")
    @history.autocomplete("pool")
    @adjust.autocomplete("pool")
    async def _pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pools.choices)(self, interaction, typed)

    @standings.autocomplete("character_class")
    async def _class(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", balances.class_choices)(self, interaction, typed)

    @undo.autocomplete("what")
    async def _what(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.undo", undoing.recent_acts)(self, interaction, typed)


def _as_typed(pressed: Door, door: Door) -> Actor:
    """Who presses, with the rights they have now, under the id of the command: asked twice, it is done once."""
    return replace(pressed.actor, interaction_id=door.actor.interaction_id)


def _with_what_fits(question: str, lines: Sequence[str]) -> str:
    """The question with its consequences, the gravest first; what has no room is counted."""
    text = question
    for number, line in enumerate(lines):
        if len(text) + len(line) > MESSAGE_TEXT - 40:
            return f"{text}\n… and {len(lines) - number} more"
        text += f"\n{line}"
    return text
