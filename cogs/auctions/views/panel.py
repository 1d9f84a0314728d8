"""The private panel of one person for one auction, opened by the first press and edited in place by later ones."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import discord
from discord import ui

from bot.kit.components import Form, Pick, Press
from bot.kit.door import Door
from bot.kit.text import SELECT_OPTIONS, clip, plain, points, safe
from bot.typed import parse_amount
from cogs.auctions.service.bidding import BidAnswer, place_bid
from cogs.auctions.service.looking import panel_of
from cogs.raids.service.roster import check_in

PLACES = 2
"""Decimals a typed amount is read with; the pool then says how many it takes."""


def cents(amount: Decimal) -> int:
    """Buttons carry whole numbers."""
    return int(amount * 100)


async def bid(door: Door, auction_id: int, amount: Decimal, character_id: int = 0, *, typed: bool = False) -> None:
    """Place a bid and show in the panel what came of it: the door of every button, form and command that bids."""
    answer = await place_bid(door.stage, door.actor, auction_id, amount, character_id, typed)
    await door.bot.panels.show(door, "auction", auction_id, answer.panel.sentence, _after_bid(answer, character_id))


async def show(door: Door, auction_id: int, character_id: int = 0, *, first: str = "") -> None:
    """The panel without a bid: where the person stands and what they can spend."""
    panel = await door.stage.read(door.actor, "auctions.view", lambda session: panel_of(session, auction_id))
    view = None
    if panel.can_bid:
        view = _panel(auction_id, panel.next_bid, character_id, panel.characters, leads=panel.leads)
    await door.bot.panels.show(door, "auction", auction_id, f"{first}{panel.sentence}", view)


def _after_bid(answer: BidAnswer, character_id: int) -> ui.View | None:
    panel = answer.panel
    if not panel.can_bid:
        return None
    view = _panel(panel.auction_id, panel.next_bid, character_id, panel.characters, leads=panel.leads)
    if answer.outcome == "asked":
        view.add_item(_button(panel.auction_id, answer.amount, character_id, f"Bid {points(answer.amount)}", "danger"))
    if answer.check_in_raid_id is not None:
        view.add_item(
            CheckIn(
                auction_id=panel.auction_id,
                raid_id=answer.check_in_raid_id,
                label="Check in",
                style=discord.ButtonStyle.success,
            )
        )
    return view


def _panel(
    auction_id: int, next_bid: Decimal, character_id: int, characters: Sequence[tuple[int, str]], *, leads: bool
) -> ui.View:
    view = ui.View(timeout=None)
    label, style = f"Bid next: {points(next_bid)}", "secondary" if leads else "success"
    view.add_item(_button(auction_id, next_bid, character_id, label, style))
    view.add_item(Other(auction_id=auction_id, character_id=character_id, label="Other…"))
    if len(characters) > 1:
        chosen = character_id or characters[0][0]
        options = [
            discord.SelectOption(label=clip(plain(name), 100), value=str(number), default=number == chosen)
            for number, name in characters[:SELECT_OPTIONS]
        ]
        view.add_item(ForCharacter(auction_id=auction_id, options=options, placeholder="For which character?"))
    return view


def _button(auction_id: int, amount: Decimal, character_id: int, label: str, style: str) -> "BidNow":
    return BidNow(
        auction_id=auction_id,
        cents=cents(amount),
        character_id=character_id,
        label=label,
        style=discord.ButtonStyle[style],
    )


class BidNow(Press, key="auction.bid", numbers=("auction_id", "cents", "character_id")):
    """Bids an absolute amount, so that a stale press is refused with the new price."""

    async def press(self, door: Door, *, auction_id: int, cents: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, Decimal(cents) / 100, character_id)


class Other(Press, key="auction.other", numbers=("auction_id", "character_id")):
    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        await door.form(OtherAmount(auction_id=auction_id, character_id=character_id))


class OtherAmount(Form, key="auction.amount", title="Bid another amount", numbers=("auction_id", "character_id")):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"amount": ui.TextInput(label="Your bid", placeholder="45", max_length=20)}

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, parse_amount(texts["amount"], decimals=PLACES), character_id, typed=True)


class Offer(Press, key="auction.offer", numbers=("auction_id", "character_id")):
    """Asks how much, where nobody is to see it."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        await door.form(OfferAmount(auction_id=auction_id, character_id=character_id))


class OfferAmount(Form, key="auction.offered", title="Make an offer", numbers=("auction_id", "character_id")):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"amount": ui.TextInput(label="Your offer", placeholder="45", max_length=20)}

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, parse_amount(texts["amount"], decimals=PLACES), character_id, typed=True)


class MyPoints(Press, key="auction.points", numbers=("auction_id",)):
    async def press(self, door: Door, *, auction_id: int, **_: int) -> None:
        await show(door, auction_id)


class CheckIn(Press, key="auction.check_in", numbers=("auction_id", "raid_id")):
    """What a refusal offers to who is not at the raid."""

    async def press(self, door: Door, *, auction_id: int, raid_id: int, **_: int) -> None:
        seated = await check_in(door.stage, door.actor, raid_id)
        await show(door, auction_id, first=f"You are checked in to {safe(seated.raid_name)}.\n")


class ForCharacter(Pick, key="auction.character", numbers=("auction_id",)):
    async def pick(self, door: Door, chosen: list[str], *, auction_id: int, **_: int) -> None:
        await show(door, auction_id, int(chosen[0]))
