"""The `/auction` commands: parse what was typed, call the service, say what came of it."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.kit.ask import Answer, ask, yes
from bot.kit.components import Form
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.pickers import offer, own_characters, people, rank
from bot.kit.text import points, safe, when
from bot.registry import Choice
from bot.stage import Session
from bot.typed import parse_amount, parse_duration
from cogs.auctions import service
from cogs.auctions.service import Others, StartAnswer, looking
from cogs.auctions.views import panel
from cogs.auctions.views.show import show_auction
from cogs.dkp.service import pools
from cogs.raids.service import lookups

Who = Literal["raid", "members"]
Reason = app_commands.Range[str, 3, 500]
Choices = list[app_commands.Choice[str]]


async def _raid_choices(session: Session, typed: str) -> list[Choice]:
    return rank(typed, await lookups.own_raid_choices(session))


_items = offer("auctions.manage", looking.item_choices)
_pools, _raids = offer("auctions.manage", pools.open_choices), offer("auctions.manage", _raid_choices)
_open_to_bid, _own = offer("auctions.bid", looking.open_choices), offer("auctions.bid", own_characters)
_open, _people = offer("auctions.manage", looking.open_choices), offer("auctions.manage", people)
_all = offer("auctions.view", looking.all_choices)


def others_in(guild: discord.Guild) -> Others:
    """Who else is here, as Discord knows it, for the own-interest rule."""
    here = [member for member in guild.members if not member.bot]
    return Others(
        managers=frozenset(member.id for member in here if member.guild_permissions.manage_guild),
        holders={
            role.id: frozenset(member.id for member in role.members if not member.bot)
            for role in guild.roles
            if not role.is_default()
        },
    )


async def _find(door: Door, typed: str, capability: str, *, only_open: bool = True) -> int:
    async def look(session: Session) -> int:
        return await looking.find_auction(session, typed, only_open=only_open)

    return await door.stage.read(door.actor, capability, look)


class Auctions(commands.Cog):
    auction = app_commands.Group(name="auction", description="Bid points for items")

    @auction.command(name="start", description="Put an item up for bids")
    @app_commands.describe(
        item="What is up",
        minimum="The lowest bid; the guild's if left out",
        increment="How much more each bid must be; the guild's if left out",
        duration="How long, such as 3m or 90s; the guild's if left out",
        bidders="Who may bid: the raid (checked in, on standby, or credited) or all members",
        pool="Which points; the raid's, else the default one, if left out",
        raid="Which raid it belongs to; the one running if left out",
        note="A line on the board",
    )
    async def start(
        self,
        interaction: discord.Interaction[Any],
        item: str,
        minimum: float | None = None,
        increment: float | None = None,
        duration: str | None = None,
        bidders: Who | None = None,
        pool: str | None = None,
        raid: str | None = None,
        note: app_commands.Range[str, 1, 300] | None = None,
    ) -> None:
        lasts = parse_duration(duration) if duration else None

        async def begin(door: Door, *, second_copy: bool) -> StartAnswer:
            return await service.start(
                door.stage,
                door.actor,
                item,
                channel_id=door.channel_id,
                minimum=minimum,
                increment=increment,
                duration=lasts,
                bidders=bidders,
                pool=pool,
                raid=raid,
                note=note,
                second_copy=second_copy,
            )

        await start_or_ask(Door(interaction), begin)

    @auction.command(name="batch", description="Put several items up at once, one a line")
    async def batch(self, interaction: discord.Interaction[Any]) -> None:
        door = Door(interaction)
        await door.stage.read(door.actor, "auctions.manage", _nothing)
        await door.form(Batch())

    @auction.command(name="bid", description="Bid on an item")
    @app_commands.describe(auction="On what", amount="How much", character="For which of your characters")
    async def bid(
        self, interaction: discord.Interaction[Any], auction: str, amount: float, character: str | None = None
    ) -> None:
        door = Door(interaction)
        exact = parse_amount(amount, decimals=panel.PLACES)

        async def look(session: Session) -> tuple[int, int]:
            character_id = await looking.find_character(session, character)
            return await looking.find_auction(session, auction, only_open=False), character_id

        auction_id, character_id = await door.stage.read(door.actor, "auctions.bid", look)
        await panel.bid(door, auction_id, exact, character_id, typed=True)

    @auction.command(name="list", description="What is up for bids now")
    async def list_(self, interaction: discord.Interaction[Any]) -> None:
        door = Door(interaction)
        lines = await door.stage.read(door.actor, "auctions.view", looking.list_open)
        await show_pages(door, "**Open auctions**", lines, empty="Nothing is up for bids now.")

    @auction.command(name="show", description="One auction: its bids, and why it ended as it did")
    @app_commands.describe(auction="Which auction")
    async def show(self, interaction: discord.Interaction[Any], auction: str) -> None:
        door = Door(interaction)
        await show_auction(door, await _find(door, auction, "auctions.view", only_open=False))

    @auction.command(name="close", description="End an auction now")
    @app_commands.describe(auction="Which auction", reason="Why; shown on its card")
    async def close(self, interaction: discord.Interaction[Any], auction: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await _find(door, auction, "auctions.manage", only_open=False)
        ended = await service.close(door.stage, door.actor, auction_id, reason, others_in(door.guild))
        outcome = "nobody bid"
        if ended.winner is not None and ended.amount is not None:
            outcome = f"{safe(ended.winner)} has it for {points(ended.amount)}"
        await door.say(f"**{safe(ended.item_name)}** is closed: {outcome}.")

    @auction.command(name="extend", description="Give an auction more time")
    @app_commands.describe(auction="Which auction", duration="How much more, such as 2m")
    async def extend(self, interaction: discord.Interaction[Any], auction: str, duration: str) -> None:
        door, by = Door(interaction), parse_duration(duration)
        auction_id = await _find(door, auction, "auctions.manage", only_open=False)
        extended = await service.extend(door.stage, door.actor, auction_id, by, others_in(door.guild))
        await door.say(f"**{safe(extended.item_name)}** ends {when(extended.ends_at)} now.")

    @auction.command(name="cancel", description="Take an item down: nobody gets it, all points are free again")
    @app_commands.describe(auction="Which auction", reason="Why; the bidders are told")
    async def cancel(self, interaction: discord.Interaction[Any], auction: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await _find(door, auction, "auctions.manage", only_open=False)
        ended = await service.cancel(door.stage, door.actor, auction_id, reason, others_in(door.guild))
        await door.say(f"**{safe(ended.item_name)}** is cancelled; the points held for it are free again.")

    @auction.command(name="void", description="Take one bid out; the next best stands")
    @app_commands.describe(auction="Which auction", member="Whose highest bid", reason="Why; they are told")
    async def void(self, interaction: discord.Interaction[Any], auction: str, member: str, reason: Reason) -> None:
        door = Door(interaction)
        auction_id = await _find(door, auction, "auctions.manage", only_open=False)
        gone = await service.void_bid(door.stage, door.actor, auction_id, member, reason, others_in(door.guild))
        now = "nobody leads now"
        if gone.leader is not None and gone.price is not None:
            now = f"{safe(gone.leader)} leads at {points(gone.price)}"
        what = f"The bid of {points(gone.amount)} by {safe(gone.member_name)} on **{safe(gone.item_name)}**"
        await door.say(f"{what} is void; {now}. It ends {when(gone.ends_at)}.")

    # --- what is offered while typing ---------------------------------------------------------------------------------

    @start.autocomplete("item")
    async def _item(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _items(self, interaction, typed)

    @start.autocomplete("pool")
    async def _pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _pools(self, interaction, typed)

    @start.autocomplete("raid")
    async def _raid(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _raids(self, interaction, typed)

    @bid.autocomplete("auction")
    async def _to_bid_on(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _open_to_bid(self, interaction, typed)

    @bid.autocomplete("character")
    async def _character(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _own(self, interaction, typed)

    @show.autocomplete("auction")
    async def _any_auction(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _all(self, interaction, typed)

    @close.autocomplete("auction")
    @extend.autocomplete("auction")
    @cancel.autocomplete("auction")
    @void.autocomplete("auction")
    async def _open_auction(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _open(self, interaction, typed)

    @void.autocomplete("member")
    async def _member(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _people(self, interaction, typed)


async def _nothing(_: Session) -> None:
    """Only the capability is looked at."""


Begin = Callable[..., Awaitable[StartAnswer]]


async def start_or_ask(door: Door, begin: Begin) -> None:
    """Start, or ask "already up, 2 minutes left" with **Second copy** and **Show it**."""
    answer = await begin(door, second_copy=False)
    up = answer.copy
    if up is None:
        await _say_started(door, answer)
        return

    async def second(door: Door) -> None:
        await _say_started(door, await begin(door, second_copy=True))

    async def show_it(door: Door) -> None:
        await show_auction(door, up.auction_id)

    question = f"**{safe(up.item_name)}** is already up in <#{up.channel_id}> and ends {when(up.ends_at)}."
    await ask(door, question, [yes("Second copy", second), Answer("Show it", show_it)])


async def _say_started(door: Door, answer: StartAnswer) -> None:
    first = answer.started[0]
    items = ", ".join(f"**{safe(started.item_name)}**" for started in answer.started[:10])
    more = f" and {len(answer.started) - 10} more" if len(answer.started) > 10 else ""
    verb = "is" if len(answer.started) == 1 else "are"
    await door.say(f"{items}{more} {verb} up in <#{first.channel_id}>, until {when(first.ends_at, 'T')}.")


class Batch(Form, key="auction.batch", title="Put several items up"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        lines = ui.TextInput[Any](
            label="An item a line",
            style=discord.TextStyle.paragraph,
            placeholder="Cloak of Flames\nRing of Fire x2 @ 50",
            max_length=4000,
        )
        return {"lines": lines}

    async def submit(self, door: Door, texts: dict[str, str], **_: int) -> None:
        async def begin(door: Door, *, second_copy: bool) -> StartAnswer:
            return await service.start_batch(
                door.stage, door.actor, texts["lines"], channel_id=door.channel_id, second_copy=second_copy
            )

        await start_or_ask(door, begin)
