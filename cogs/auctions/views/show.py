"""One auction in full, privately: its state, why it ended as it did, its bids, and a line to paste into the game."""

from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import GAME_LINE, fit_names, paste_block, paste_line, points, safe
from bot.stage import Session
from cogs.auctions.rules.terms import Status, WithoutBid
from cogs.auctions.service.looking import Card, Won, bids_of, card_of
from cogs.auctions.views.board import state_of, why
from cogs.auctions.views.small_print import small_print, who_may_bid

ROOM = 300
"""Characters for those who stand or won: the bids below name them all."""


async def show_auction(door: Door, auction_id: int) -> None:
    async def look(session: Session) -> tuple[Card, list[str]]:
        card = await card_of(session, auction_id)
        assert card is not None, "found a moment ago, and auctions are never deleted"
        return card, await bids_of(session, auction_id)

    card, bids = await door.stage.read(door.actor, "auctions.view", look)
    heading = [f"**{safe(card.item_name)}**", *state_of(card, room=ROOM)]
    if card.message_id is not None:
        channel = door.bot.get_partial_messageable(card.channel_id, guild_id=door.guild.id)
        heading.append(channel.get_partial_message(card.message_id).jump_url)
    if not card.is_open:
        heading.append(paste_block(game_line(card)))
    about = [f"-# {line}" for line in (_rules(card) if card.is_open else why(card))]
    await show_pages(door, "\n".join(heading), [*about, *(bids or [_no_bids(card)])], empty="")


def _rules(card: Card) -> list[str]:
    return [f"{who_may_bid(card)}.", *small_print(card)]


def _no_bids(card: Card) -> str:
    return "No offer of yours: others' are sealed until the end." if card.is_open and card.is_sealed else "No bids."


def game_line(card: Card) -> str:
    """What a raid leader pastes into the game; several winners in one line."""
    won = [one for one in card.won if one.undone is None]
    if len(won) == 1:
        return paste_line(f"{card.item_name} goes to {_got(won[0])}.")
    if won:
        return paste_line(f"{card.item_name}: {fit_names([_got(one) for one in won], GAME_LINE - 120)}.")
    if card.status is Status.WON:
        return paste_line(f"{card.item_name}: the award was undone.")
    if card.status is Status.CANCELLED:
        return paste_line(f"{card.item_name}: cancelled.")
    to_bank = card.rules.without_bid is WithoutBid.BANK
    return paste_line(f"{card.item_name}: nobody bid{', it goes to the guild bank' if to_bank else ''}.")


def _got(won: Won) -> str:
    who = won.character or won.name
    return who if won.how == "given" else f"{who} for {points(won.price)}"
