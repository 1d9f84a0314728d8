"""`/auction close`, `extend`, `pause`, `resume`, `cancel`, `void`: what a leader does to an auction that runs."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit.door import Door
from bot.kit.pickers import offer, people
from bot.kit.text import points, safe, when
from bot.typed import format_duration, parse_duration
from cogs.auctions import service
from cogs.auctions.cog.group import AUCTION, Choices, Reason, find, others_in
from cogs.auctions.service import looking

_open, _people = offer("auctions.manage", looking.open_choices), offer("auctions.manage", people)


class Running(commands.Cog):
    @AUCTION.command(name="close", description="End an auction now")
    @app_commands.describe(auction="Which auction", reason="Why; shown on its card")
    async def close(self, interaction: discord.Interaction[Any], auction: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        ended = await service.close(door.stage, door.actor, auction_id, reason, others_in(door.guild))
        outcome = "; ".join(f"{safe(won.name)} has it for {points(won.price)}" for won in ended.wins) or "nobody bid"
        await door.say(f"**{safe(ended.item_name)}** is closed: {outcome}.")

    @AUCTION.command(name="extend", description="Give an auction more time")
    @app_commands.describe(auction="Which auction", duration="How much more, such as 2m")
    async def extend(self, interaction: discord.Interaction[Any], auction: str, duration: str) -> None:
        door, by = Door(interaction), parse_duration(duration)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        extended = await service.extend(door.stage, door.actor, auction_id, by, others_in(door.guild))
        if extended.paused:
            left = format_duration(extended.left)
            await door.say(f"**{safe(extended.item_name)}** is paused; {left} are left once it goes on.")
        else:
            await door.say(f"**{safe(extended.item_name)}** ends {when(extended.ends_at)} now.")

    @AUCTION.command(name="pause", description="Stop an auction's clock; nobody bids until you go on with it")
    @app_commands.describe(auction="Which auction")
    async def pause(self, interaction: discord.Interaction[Any], auction: str) -> None:
        door = Door(interaction)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        paused = await service.pause(door.stage, door.actor, auction_id, others_in(door.guild))
        left = format_duration(paused.left)
        await door.say(f"**{safe(paused.item_name)}** is paused with {left} left. /auction resume goes on with it.")

    @AUCTION.command(name="resume", description="Go on with a paused auction; at least 30 seconds are left")
    @app_commands.describe(auction="Which auction")
    async def resume(self, interaction: discord.Interaction[Any], auction: str) -> None:
        door = Door(interaction)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        resumed = await service.resume(door.stage, door.actor, auction_id, others_in(door.guild))
        await door.say(f"**{safe(resumed.item_name)}** goes on: it ends {when(resumed.ends_at)}.")

    @AUCTION.command(name="cancel", description="Take an item down: nobody gets it, all points are free again")
    @app_commands.describe(auction="Which auction", reason="Why; the bidders are told")
    async def cancel(self, interaction: discord.Interaction[Any], auction: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        item = await service.cancel(door.stage, door.actor, auction_id, reason, others_in(door.guild))
        await door.say(f"**{safe(item)}** is cancelled; the points held for it are free again.")

    @AUCTION.command(name="void", description="Take one bid out; the next best stands")
    @app_commands.describe(auction="Which auction", member="Whose highest bid", reason="Why; they are told")
    async def void(self, interaction: discord.Interaction[Any], auction: str, member: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await find(door, auction, "auctions.manage", only_open=False)
        gone = await service.void_bid(door.stage, door.actor, auction_id, member, reason, others_in(door.guild))
        await door.say(gone.in_words())

    @close.autocomplete("auction")
    @extend.autocomplete("auction")
    @pause.autocomplete("auction")
    @resume.autocomplete("auction")
    @cancel.autocomplete("auction")
    @void.autocomplete("auction")
    async def _open_auction(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _open(self, interaction, typed)

    @void.autocomplete("member")
    async def _member(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _people(self, interaction, typed)
