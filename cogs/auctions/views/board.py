"""The board of an auction: one card, readable on a phone, with buttons that bid absolute amounts."""

from typing import Any

import discord
from discord import ui

from bot.kit.text import clip, points, safe, when
from bot.stage import Actor, Stage
from cogs.auctions.rules.terms import Bidders, Status
from cogs.auctions.service.looking import Card, card_of
from cogs.auctions.views.panel import BidNow, MyPoints, Other, cents

_COLOURS = {Status.OPEN: 0xE0A030, Status.WON: 0x3BA55D, Status.NO_BIDS: 0x72767D, Status.CANCELLED: 0xED4245}


class AuctionBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        card = await stage.run(Actor.itself(guild_id), lambda session: card_of(session, subject_id))
        return None if card is None else (board(card), card.status is Status.OPEN)


def board(card: Card) -> ui.LayoutView:
    """The card as it stands; an auction that is over has no buttons."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOURS[card.status])
    box.add_item(ui.TextDisplay("\n".join(_head(card))))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join(state_of(card))))
    box.add_item(ui.TextDisplay("\n".join(f"-# {line}" for line in _small_print(card))))
    if card.status is Status.OPEN:
        box.add_item(_buttons(card))
    view.add_item(box)
    return view


def _head(card: Card) -> list[str]:
    lines = [f"## {safe(clip(card.item_name, 100))}"]
    return lines if not card.note else [*lines, f"> {safe(clip(card.note, 300))}"]


def state_of(card: Card) -> list[str]:
    """Price, leader and end while it runs; the outcome and its reason afterwards."""
    who = safe(card.leader or "")
    if card.leader_character and card.leader_character != card.leader:
        who += f" ({safe(card.leader_character)})"
    reason = safe(clip(card.reason or "", 500))
    match card.status:
        case Status.OPEN:
            price = f"No bid yet · begins at **{points(card.next_bid)}**"
            if card.price is not None:
                price = f"**{points(card.price)}** · {who} leads"
            return [price, f"Ends {when(card.ends_at)} ({when(card.ends_at, 'T')})"]
        case Status.WON:
            outcome = f"Won by **{who}** for **{points(card.price or card.next_bid)}**"
            lines = [outcome if card.award_stands else f"~~{outcome}~~ the award was undone"]
        case Status.NO_BIDS:
            lines = ["Over: nobody bid"]
        case Status.CANCELLED:
            return [f"Cancelled: {reason}"]
    if card.reason:
        lines.append(f"Closed early: {reason}")
    return [*lines, f"Ended {when(card.closed_at or card.ends_at, 'f')}"]


def _small_print(card: Card) -> list[str]:
    where = f" at {safe(clip(card.raid, 80))}" if card.raid else ""
    who = "Open to members" if card.bidders is Bidders.MEMBERS else f"Open to who is{where or ' at the raid'}"
    parts = [who, safe(clip(card.pool, 40))]
    if card.bids:
        parts.append("1 bid" if card.bids == 1 else f"{card.bids} bids")
    if card.extensions:
        parts.append(f"extended {'once' if card.extensions == 1 else f'{card.extensions} times'} by late bids")
    lines = [" · ".join(parts)]
    if card.time_given_back:
        lines.append("I was away near the end, so the time was given back.")
    return lines


def _buttons(card: Card) -> ui.ActionRow[Any]:
    row, auction_id = ui.ActionRow[Any](), card.auction_id
    for number, amount in enumerate(card.amounts):
        style = discord.ButtonStyle.secondary if number else discord.ButtonStyle.success
        bid = BidNow(
            auction_id=auction_id, cents=cents(amount), character_id=0, label=f"Bid {points(amount)}", style=style
        )
        row.add_item(bid)
    row.add_item(Other(auction_id=auction_id, character_id=0, label="Other…"))
    row.add_item(MyPoints(auction_id=auction_id, label="My points"))
    return row
