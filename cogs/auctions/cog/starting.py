"""`/auction start`, `batch`, `bid`, `list`, `show`: what is up, put up and bid on."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.kit.ask import Answer, ask, yes
from bot.kit.components import Form
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.pickers import offer, own_characters, rank
from bot.kit.text import safe, when
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, parse_amount, parse_duration
from cogs.auctions import service
from cogs.auctions.cog.group import AUCTION, Choices, find
from cogs.auctions.rules.starting import MOST_COPIES
from cogs.auctions.rules.terms import Kind
from cogs.auctions.rules.typed import MOST_MOVES, ORDERS
from cogs.auctions.service import StartAnswer, Started, looking
from cogs.auctions.views import panel
from cogs.auctions.views.show import show_auction
from cogs.dkp.service import pools
from cogs.raids.service import lookups


async def _raid_choices(session: Session, typed: str) -> list[Choice]:
    return rank(typed, await lookups.own_raid_choices(session))


async def _order_choices(_: Session, typed: str) -> list[Choice]:
    return rank(typed, [Choice(order, order) for order in ORDERS])


_items = offer("auctions.manage", looking.item_choices)
_pools, _raids = offer("auctions.manage", pools.open_choices), offer("auctions.manage", _raid_choices)
_orders = offer("auctions.manage", _order_choices)
_open_to_bid, _own = offer("auctions.bid", looking.open_choices), offer("auctions.bid", own_characters)
_all = offer("auctions.view", looking.all_choices)


class Starting(commands.Cog):
    auction = AUCTION

    @auction.command(name="start", description="Put an item up for bids")
    @app_commands.describe(
        item="What is up",
        minimum="The lowest bid; the guild's if left out",
        increment="How much more each bid must be; the guild's if left out",
        duration="How long, such as 3m, 90s or 2d; the guild's if left out",
        kind="open: bids are seen; sealed: offers are secret; second-price: and pay what the next best would",
        quantity="How many copies are up; each person wins one",
        bidders="Who may bid: the raid, members, a role, or from 30 % attendance on",
        pool="Which points; the raid's, else the default one, if left out",
        raid="Which raid it belongs to; the one running if left out",
        note="A line on the board",
        steps="Larger increments from a price on, such as 50:5 100:10; off",
        ties="How sealed offers are ordered, such as tier, amount, attendance, earliest",
        copies_pay="Sealed copies: each pays their own price, or all the lowest that wins",
        one_win="Whether who won something tonight may win no more",
        floor="What must be left after a bid",
        retract="When a bid may be taken back",
        without_bid="What happens to it if nobody bids",
        names="Whether bidders are named while it runs",
        snipe_window="How late a bid is late, such as 20s; off: late bids give no time",
        snipe_extension="How much time a late bid gives, such as 20s",
        snipe_limit="How often late bids may give time",
    )
    async def start(
        self,
        interaction: discord.Interaction[Any],
        item: str,
        minimum: float | None = None,
        increment: float | None = None,
        duration: str | None = None,
        kind: Literal["open", "sealed", "second-price"] | None = None,
        quantity: app_commands.Range[int, 1, MOST_COPIES] = 1,
        bidders: str | None = None,
        pool: str | None = None,
        raid: str | None = None,
        note: app_commands.Range[str, 1, 300] | None = None,
        steps: str | None = None,
        ties: str | None = None,
        copies_pay: Literal["own", "lowest"] | None = None,
        one_win: bool | None = None,
        floor: float | None = None,
        retract: Literal["never", "not leading", "always"] | None = None,
        without_bid: Literal["rots", "given", "bank"] | None = None,
        names: Literal["visible", "hidden"] | None = None,
        snipe_window: str | None = None,
        snipe_extension: str | None = None,
        snipe_limit: app_commands.Range[int, 0, MOST_MOVES] | None = None,
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
                kind=kind,
                quantity=quantity,
                bidders=bidders,
                roles=roles_of(door.guild),
                pool=pool,
                raid=raid,
                note=note,
                steps=steps,
                ties=ties,
                copies_pay=copies_pay,
                one_win=one_win,
                floor=floor,
                retract=retract,
                without_bid=without_bid,
                names=names,
                snipe_window=snipe_window,
                snipe_extension=snipe_extension,
                snipe_limit=snipe_limit,
                second_copy=second_copy,
            )

        await start_or_ask(Door(interaction), begin)

    @auction.command(name="batch", description="Put several items up at once, one a line")
    async def batch(self, interaction: discord.Interaction[Any]) -> None:
        door = Door(interaction)
        await door.stage.read(door.actor, "auctions.manage", _nothing)
        await door.form(Batch())

    @auction.command(name="bid", description="Bid on an item")
    @app_commands.describe(
        auction="On what",
        amount="How much; in a sealed auction it is your offer",
        character="For which of your characters",
        maximum="Bid for me up to this amount, as little as leads; nobody else sees it",
    )
    async def bid(
        self,
        interaction: discord.Interaction[Any],
        auction: str,
        amount: float,
        character: str | None = None,
        maximum: bool = False,
    ) -> None:
        door = Door(interaction)
        exact = parse_amount(amount, decimals=panel.PLACES)

        async def look(session: Session) -> tuple[int, int]:
            character_id = await looking.find_character(session, character)
            return await looking.find_auction(session, auction, only_open=False), character_id

        auction_id, character_id = await door.stage.read(door.actor, "auctions.bid", look)
        await panel.bid(door, auction_id, exact, character_id, typed=True, is_maximum=maximum)

    @auction.command(name="list", description="What is up for bids now")
    async def list_(self, interaction: discord.Interaction[Any]) -> None:
        door = Door(interaction)
        lines = await door.stage.read(door.actor, "auctions.view", looking.list_open)
        await show_pages(door, "**Open auctions**", lines, empty="Nothing is up for bids now.")

    @auction.command(name="show", description="One auction: its bids, and why it ended as it did")
    @app_commands.describe(auction="Which auction")
    async def show(self, interaction: discord.Interaction[Any], auction: str) -> None:
        door = Door(interaction)
        await show_auction(door, await find(door, auction, "auctions.view", only_open=False))

    # --- what is offered while typing ---------------------------------------------------------------------------------

    @start.autocomplete("item")
    async def _item(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _items(self, interaction, typed)

    @start.autocomplete("bidders")
    async def _who_bids(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        roles = roles_of(interaction.guild) if interaction.guild is not None else {}

        async def look(_: Session, typed: str) -> list[Choice]:
            return bidder_choices(roles, typed)

        return await offer("auctions.manage", look)(self, interaction, typed)

    @start.autocomplete("ties")
    async def _order(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await _orders(self, interaction, typed)

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


async def _nothing(_: Session) -> None:
    """Only the capability is looked at."""


def roles_of(guild: discord.Guild) -> dict[int, str]:
    """Roles people can hold, the highest first; @everyone and those of bots are none."""
    held = [role for role in reversed(guild.roles) if not role.is_default() and not role.is_bot_managed()]
    return {role.id: role.name for role in held}


def bidder_choices(roles: Mapping[int, str], typed: str) -> list[Choice]:
    """Who may bid, for autocomplete: what was typed as a percentage first, then the raid, members and the roles."""
    fixed = [Choice("The raid", "raid"), Choice("All members", "members")]
    of_roles = [Choice(f"@{name.removeprefix('@')}", f"<@&{role_id}>") for role_id, name in roles.items()]
    percents = [Choice(f"At least {percent} % attendance in 30 days", f"{percent}%") for percent in (30, 50, 75)]
    if match := re.match(r"(?:at least )?([1-9][0-9]?|100)(?!\d)", name_key(typed), re.ASCII):
        percents = [Choice(f"At least {match[1]} % attendance in 30 days", f"{match[1]}%")]
        return [*percents, *rank(typed, of_roles)]
    return rank(typed, [*fixed, *percents, *of_roles])


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

    question = f"{_named(up)} is already up in <#{up.channel_id}> and ends {when(up.ends_at)}."
    await ask(door, question, [yes("Second copy", second), Answer("Show it", show_it)])


async def _say_started(door: Door, answer: StartAnswer) -> None:
    first = answer.started[0]
    items = ", ".join(map(_named, answer.started[:10]))
    more = f" and {len(answer.started) - 10} more" if len(answer.started) > 10 else ""
    verb = "is" if len(answer.started) == 1 else "are"
    how = {Kind.OPEN: "", Kind.SEALED: " for sealed offers", Kind.SECOND_PRICE: " for sealed offers at second price"}
    await door.say(
        f"{items}{more} {verb} up{how[first.kind]} in <#{first.channel_id}>, until {when(first.ends_at, 'T')}."
    )


def _named(started: Started) -> str:
    return f"**{safe(started.item_name)}**" + (f" ×{started.quantity}" if started.quantity > 1 else "")


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
