"""The board of an auction: one card, readable on a phone, with buttons that bid absolute amounts."""

from typing import Any

import discord
from discord import ui

from bot.kit.text import clip, fit_lines, points, safe, when
from bot.stage import Actor, Stage
from cogs.auctions.rules.terms import Status, WithoutBid
from cogs.auctions.service.looking import Card, Stands, Won, card_of
from cogs.auctions.service.words import counted, left_in_words
from cogs.auctions.views.giving import Give
from cogs.auctions.views.panel import BidNow, MyPoints, Offer, Other, cents
from cogs.auctions.views.small_print import small_print, who_may_bid

_COLOURS = {Status.OPEN: 0xE0A030, Status.WON: 0x3BA55D, Status.NO_BIDS: 0x72767D, Status.CANCELLED: 0xED4245}
_SEALED, _PAUSED = 0x8E6BD8, 0x5C7CFA
LONGEST_URL = 500
"""Characters of a link; a longer one (a long name of another script) is left out, so that the rest has room."""
ROOM = 1000
"""Characters for those who stand or won; more are counted."""
SMALL_ROOM = 900
"""Characters for each block of small print."""


class AuctionBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        card = await stage.run(Actor.itself(guild_id), lambda session: card_of(session, subject_id))
        return None if card is None else (board(card), card.is_open)


def board(card: Card) -> ui.LayoutView:
    """The card as it stands; an auction that is over has no buttons, but for what is yet to be given away."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_colour(card))
    box.add_item(ui.TextDisplay("\n".join(_head(card))))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join(state_of(card))))
    box.add_item(ui.TextDisplay(fit_lines([f"-# {line}" for line in _foot(card)], SMALL_ROOM)))
    if card.is_open:
        box.add_item(_buttons(card))
    elif card.is_to_be_given:
        box.add_item(ui.ActionRow[Any](Give(auction_id=card.auction_id, label="Give it…")))
    view.add_item(box)
    return view


def _colour(card: Card) -> int:
    if card.left is not None and card.is_open:
        return _PAUSED
    return _SEALED if card.is_open and card.is_sealed else _COLOURS[card.status]


def _head(card: Card) -> list[str]:
    name = safe(clip(card.item_name, 100))
    if card.item_url is not None and len(card.item_url) <= LONGEST_URL:
        name = f"[{name}]({card.item_url})"
    lines = [f"## {name}" + (f" ×{card.terms.quantity}" if card.terms.quantity > 1 else "")]
    if card.price_line is not None:
        lines.append(f"-# {card.price_line}")
    return lines if not card.note else [*lines, f"> {safe(clip(card.note, 300))}"]


def state_of(card: Card, *, room: int = ROOM) -> list[str]:
    """Price, leader and end while it runs; the outcome and its reason afterwards."""
    if card.is_open:
        ends = f"Ends {when(card.ends_at)} ({when(card.ends_at, 'T' if card.is_short else 'f')})"
        if card.left is not None:
            ends = f"**Paused** · {left_in_words(card.left)} left"
        return [*_standing(card, room), ends]
    reason = safe(clip(card.reason or "", min(500, room)))
    if card.status is Status.CANCELLED:
        return [f"Cancelled: {reason}"]
    lines = _outcome(card, room)
    if card.reason:
        lines.append(f"Closed early: {reason}")
    return [*lines, f"Ended {when(card.closed_at or card.ends_at, 'f')}"]


def _standing(card: Card, room: int) -> list[str]:
    begins = f"begins at **{points(card.next_bid)}**"
    if card.is_sealed:
        offers = f"**{counted(card.bids, 'sealed offer')}**" if card.bids else "No sealed offer yet"
        return [f"{offers} · {begins}"]
    if card.terms.quantity > 1:
        taken = f"**{len(card.standing)} of {card.terms.quantity} copies** bid for"
        if not card.standing:
            return [f"No bid yet on {card.terms.quantity} copies · {begins}"]
        lines = [f"{place}\\. {_stands(stands)}" for place, stands in enumerate(card.standing, start=1)]
        return [f"{taken} · next bid **{points(card.next_bid)}**", fit_lines(lines, room)]
    if not card.standing:
        return [f"No bid yet · {begins}"]
    [leads] = card.standing
    return [f"**{points(leads.price)}** · {_who(leads)} leads" if leads.name else f"**{points(leads.price)}** is bid"]


def _stands(stands: Stands) -> str:
    return f"**{points(stands.price)}**" + (f" · {_who(stands)}" if stands.name else "")


def _who(one: Stands | Won) -> str:
    return safe(one.name or "") + (f" ({safe(one.character)})" if one.character and one.character != one.name else "")


def _outcome(card: Card, room: int) -> list[str]:
    if not card.won:
        return [_nobody(card)]
    nobody_bid = "" if card.status is Status.WON else "Nobody bid · "
    if card.terms.quantity == len(card.won) == 1:
        return [nobody_bid + _became(card.won[0], "Won by ")]
    copies = f"**{card.handed_out} of {card.terms.quantity} copies** {'given' if nobody_bid else 'won'}"
    return [nobody_bid + copies, fit_lines([_became(won) for won in card.won], room)]


def _nobody(card: Card) -> str:
    if card.status is Status.WON:
        return "Won, and no award is left of it"
    becomes = {
        WithoutBid.ROTS: "Over: nobody bid",
        WithoutBid.BANK: "Nobody bid: it goes to the guild bank",
        WithoutBid.GIVEN: "Nobody bid: yet to be given away",
    }
    return becomes[card.rules.without_bid]


def _became(won: Won, first: str = "") -> str:
    """ "Won by **anna** for **45**"; what is no longer true is struck out."""
    if won.before is not None:
        moved = f"~~{first}{_who(won.before)} for {points(won.before.price)}~~"
        now = f"reassigned to **{_who(won)}** for **{points(won.price)}**"
        return f"{moved} {now if won.undone is None else f'~~{now}~~ {_undone(won)}'}"
    who = f"**{_who(won)}**"
    outcome = f"given to {who}" if won.how == "given" else f"{first}{who} for **{points(won.price)}**"
    return outcome if won.undone is None else f"~~{outcome}~~ {_undone(won)}"


def _undone(won: Won) -> str:
    return "the award was undone" + (f": {safe(clip(won.undone, 200))}" if won.undone else "")


def _foot(card: Card) -> list[str]:
    """Who may bid and the rules while it runs; afterwards why it ended as it did."""
    facts = [safe(clip(card.pool, 40))]
    if card.is_open:
        facts.insert(0, who_may_bid(card))
    if card.bids and not (card.is_open and card.is_sealed):
        facts.append(counted(card.bids, "offer" if card.is_sealed else "bid"))
    if card.extensions:
        facts.append(f"extended {'once' if card.extensions == 1 else f'{card.extensions} times'} by late bids")
    lines = [" · ".join(facts)]
    lines += small_print(card) if card.is_open else why(card)
    if card.time_given_back:
        lines.append("I was away near the end, so the time was given back.")
    return lines


def why(card: Card) -> list[str]:
    """Why it ended as it did, a line a sentence."""
    return [f"Why: {line}" if number == 0 else line for number, line in enumerate(card.trace)]


def _buttons(card: Card) -> ui.ActionRow[Any]:
    row, auction_id = ui.ActionRow[Any](), card.auction_id
    if card.left is None:
        for number, amount in enumerate(card.amounts):
            style = discord.ButtonStyle.secondary if number else discord.ButtonStyle.success
            label = f"Bid {points(amount)}"
            row.add_item(BidNow(auction_id=auction_id, cents=cents(amount), character_id=0, label=label, style=style))
        if card.is_sealed:
            style = discord.ButtonStyle.success
            row.add_item(Offer(auction_id=auction_id, character_id=0, label="Offer…", style=style))
        else:
            row.add_item(Other(auction_id=auction_id, character_id=0, label="Other…"))
    row.add_item(MyPoints(auction_id=auction_id, label="My points"))
    return row
