"""`/auction reassign`: an award goes to somebody else, after a look at what follows."""

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.pickers import offer, people
from bot.kit.text import MESSAGE_TEXT, clip
from bot.stage import Session
from cogs.auctions import service
from cogs.auctions.cog.group import AUCTION, Choices, Reason
from cogs.auctions.service import Reassignment, looking

_all, _people = offer("loot.undo", looking.all_choices), offer("loot.undo", people)


class Reassigning(commands.Cog):
    @AUCTION.command(name="reassign", description="Give what was won to somebody else; shows first what follows")
    @app_commands.describe(
        auction="Which auction",
        to="Who gets it now",
        reason="Why: everybody who looks at the loot reads it",
        cost="What they pay; what was paid if left out",
        winner="Whose it was; only asked where several won a copy",
    )
    async def reassign(
        self,
        interaction: discord.Interaction[Any],
        auction: str,
        to: str,
        reason: Reason,
        cost: float | None = None,
        winner: str | None = None,
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> Reassignment:
            auction_id = await looking.find_auction(session, auction, only_open=False)
            return await service.preview_reassign(session, auction_id, to, reason, cost, winner)

        found = await door.stage.read(door.actor, "loot.undo", look)

        async def do(pressed: Door) -> None:
            once = replace(pressed.actor, interaction_id=door.actor.interaction_id)  # asked twice, it is done once
            done = await service.reassign(
                door.stage,
                once,
                found.auction_id,
                found.award_id,
                found.to_member_id,
                found.cost,
                found.reason,
                door.channel_id,
            )
            await pressed.say(done)

        question = clip("\n".join([f"{found.in_words}?", *found.follows]), MESSAGE_TEXT)
        await ask(door, question, [yes("Reassign it", do, danger=True)])

    @reassign.autocomplete("auction")
    async def _auction_over(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _all(self, interaction, typed)

    @reassign.autocomplete("to")
    @reassign.autocomplete("winner")
    async def _somebody(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _people(self, interaction, typed)
