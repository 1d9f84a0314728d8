"""`/loot`: who got what, and for how much; awards decided elsewhere, recorded and undone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot import people
from bot.kit import charts, pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import MESSAGE_TEXT, clip, plain, safe
from bot.stage import Session
from cogs.loot import service
from cogs.loot.rules import LONGEST_ITEM, NOTE_LENGTH, Doubtful, How

if TYPE_CHECKING:
    from bot.app import Quartermaster

Interaction = discord.Interaction[Any]
Choices = list[app_commands.Choice[str]]
_LINES = 12
"""Lines of what follows that are shown; an award touches one person."""
_CHARTS = 3
"""Pools of one item whose prices are drawn."""


class Loot(commands.Cog):
    loot = app_commands.Group(name="loot", description="Who got what, and for how much")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @loot.command(name="award", description="Record who got an item that was not auctioned here")
    @app_commands.describe(
        item="What it is",
        member="Who got it",
        how="How it was decided; with a cost it was bid for in the game, else given",
        cost="What was bid in the game; a roll or a gift costs nothing",
        raid="Which raid it dropped in; the one running if left out",
        character="For which of their characters; the main if left out",
        note="A line beside it",
    )
    async def award(
        self,
        interaction: Interaction,
        item: app_commands.Range[str, 1, LONGEST_ITEM],
        member: str,
        how: How | None = None,
        cost: float | None = None,
        raid: str | None = None,
        character: str | None = None,
        note: app_commands.Range[str, 1, NOTE_LENGTH] | None = None,
    ) -> None:
        async def record(door: Door, *, sure: bool = False) -> None:
            done = await service.award_item(
                door.stage,
                door.actor,
                item,
                member,
                channel_id=door.channel_id,
                how=how,
                cost=cost,
                raid=raid,
                character=character,
                note=note,
                sure=sure,
            )
            await door.say(done.in_words())

        door = Door(interaction)
        try:
            await record(door)
        except Doubtful as doubt:
            answer = yes(doubt.data["label"], lambda pressed: record(pressed, sure=True))
            await ask(door, doubt.sentence, [answer], cancel="Leave it")

    @loot.command(name="undo", description="Take an award back: the points return, the record says why")
    @app_commands.describe(
        award="Which award: pick it from the list",
        reason="Why: everybody who looks at the loot reads it (3 to 500 characters)",
    )
    async def undo(self, interaction: Interaction, award: str, reason: app_commands.Range[str, 3, 500]) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, list[str]]:
            return await service.preview_award_undo(session, award, reason)

        async def reverse(pressed: Door) -> None:
            once = replace(pressed.actor, interaction_id=door.actor.interaction_id)  # asked twice, it is done once
            await pressed.say(await service.undo_award(door.stage, once, award, reason, door.channel_id))

        words, follows = await door.stage.read(door.actor, "loot.undo", look)
        question = clip("\n".join([f"Undo this? **{words}**", *follows[:_LINES]]), MESSAGE_TEXT)
        await ask(door, question, [yes("Undo it", reverse, danger=True)])

    @loot.command(name="prices", description="What was paid for an item here: how often, median, range, last")
    @app_commands.describe(item="Which item")
    async def prices(self, interaction: Interaction, item: str) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[service.ItemPrices, str]:
            return await service.prices_of(session, item), session.guild.timezone

        found, zone = await door.stage.read(door.actor, "loot.view", look)
        lines = [f"**{safe(found.item_name)}**", *[each.in_words() for each in found.pools]]
        if not found.pools:
            lines.append("Nobody paid points for it yet.")
        if found.free:
            lines.append(f"{'Once' if found.free == 1 else f'{found.free} times'} it cost nothing.")
        await _say_with_charts(door, "\n".join(lines), found, zone)

    @loot.command(name="history", description="Items awarded, newest first")
    @app_commands.describe(member="Only what this person got", item="Only this item")
    async def history(self, interaction: Interaction, member: str | None = None, item: str | None = None) -> None:
        door = Door(interaction)

        async def look(session: Session) -> tuple[str, list[str]]:
            person = await people.get_person(session, member) if member else None
            member_id = person.member_id if person else None
            item_key = await service.get_item_key(session, item) if item else None
            awards = await service.list_awards(session, member_id=member_id, item_key=item_key)
            whose = f"**Loot of {safe(person.display_name)}**" if person else "**Loot**"
            return f"{whose}, newest first", [award.in_words() for award in awards]

        heading, lines = await door.stage.read(door.actor, "loot.view", look)
        await show_pages(door, heading, lines, empty="No item was awarded yet.")

    # --- what is offered while typing ---------------------------------------------------------------------------------

    @history.autocomplete("member")
    async def _member(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.view", pickers.people)(self, interaction, typed)

    @history.autocomplete("item")
    @prices.autocomplete("item")
    async def _item(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.view", service.items)(self, interaction, typed)

    @award.autocomplete("item")
    async def _any_item(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.award", service.items)(self, interaction, typed)

    @award.autocomplete("member")
    async def _to_whom(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.award", pickers.people)(self, interaction, typed)

    @award.autocomplete("raid")
    async def _raid(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.award", service.raid_choices)(self, interaction, typed)

    @award.autocomplete("character")
    async def _character(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.award", pickers.characters)(self, interaction, typed)

    @undo.autocomplete("award")
    async def _award(self, interaction: Interaction, typed: str) -> Choices:
        return await pickers.offer("loot.undo", service.AwardUndo().recent)(self, interaction, typed)


async def _say_with_charts(door: Door, text: str, found: service.ItemPrices, zone: str) -> None:
    """One price is a sentence; from two on a picture says more: one a pool, that of most prices first."""
    drawn = [each for each in found.pools if each.prices.count > 1][:_CHARTS]
    if not drawn:
        await door.say(text)
        return
    await door.later()
    for number, shown in enumerate(drawn):
        title = f"{plain(found.item_name)}: what was paid, {plain(shown.pool)}"
        picture = await charts.dots("prices", title, shown.paid, ZoneInfo(zone))
        await door.say(None if number else text, file=picture)
