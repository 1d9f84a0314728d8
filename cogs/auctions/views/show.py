"""One auction in full, privately: its state, its bids, and for one that is over a line to paste into the game."""

from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import paste_block, paste_line, points, safe
from bot.stage import Session
from cogs.auctions.rules.terms import Status
from cogs.auctions.service.looking import Card, bids_of, card_of
from cogs.auctions.views.board import state_of


async def show_auction(door: Door, auction_id: int) -> None:
    async def look(session: Session) -> tuple[Card, list[str]]:
        card = await card_of(session, auction_id)
        assert card is not None, "found a moment ago, and auctions are never deleted"
        return card, await bids_of(session, auction_id)

    card, bids = await door.stage.read(door.actor, "auctions.view", look)
    lines = [f"**{safe(card.item_name)}**", *state_of(card)]
    if card.message_id is not None:
        channel = door.bot.get_partial_messageable(card.channel_id, guild_id=door.guild.id)
        lines.append(channel.get_partial_message(card.message_id).jump_url)
    if card.status is not Status.OPEN:
        lines.append(paste_block(game_line(card)))
    await show_pages(door, "\n".join(lines), bids, empty="No bids.")


def game_line(card: Card) -> str:
    """What a raid leader pastes into the game."""
    if card.status is Status.WON and card.price is not None and card.leader is not None:
        return paste_line(f"{card.item_name} goes to {card.leader_character or card.leader} for {points(card.price)}.")
    outcome = "nobody bid" if card.status is Status.NO_BIDS else "cancelled"
    return paste_line(f"{card.item_name}: {outcome}.")
