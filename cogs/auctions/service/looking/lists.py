"""What is up for bids, a line an auction; nothing of it is anybody's secret."""

from typing import Any

from sqlalchemy import func, select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.auctions.rules.terms import Kind
from cogs.auctions.service import words
from cogs.auctions.service.state import terms_of
from db.tables import Auction, Bid

_stood = (
    select(
        Bid.guild_id,
        Bid.auction_id,
        func.count().label("count"),
        func.min(Bid.amount).label("lowest"),
        func.max(Bid.member_name).label("name"),
    )
    .where(Bid.status == "standing")
    .group_by(Bid.guild_id, Bid.auction_id)
    .subquery()
)
WITH_STANDING = select(Auction, _stood.c.count, _stood.c.lowest, _stood.c.name).outerjoin(
    _stood, (_stood.c.guild_id == Auction.guild_id) & (_stood.c.auction_id == Auction.auction_id)
)
"""Auctions with how many stand in each, at least at what, and, where one alone can, who."""


def where_it_stands(row: Any) -> str:
    """Of an open auction, a row of `WITH_STANDING`: "at 45", "3 offers". Names nobody."""
    auction, count = row.Auction, row.count or 0
    terms = terms_of(auction, 0)
    if terms.kind.is_sealed and count:
        return words.counted(count, "offer")
    if terms.quantity > 1 and count:
        next_bid = terms.minimum if count < terms.quantity else terms.over(row.lowest)
        return f"{count} of {terms.quantity} copies bid for, next bid {points(next_bid)}"
    if count:
        return f"at {points(auction.price or terms.minimum)}"
    return f"{'no offer yet, ' if terms.kind.is_sealed else ''}begins at {points(terms.minimum)}"


def who_leads(row: Any) -> str:
    """ " by Anna", where one alone can lead and may be named."""
    auction = row.Auction
    names_one = auction.kind == Kind.OPEN and auction.quantity == 1 and not auction.names_hidden
    return f" by {safe(row.name)}" if row.count and names_one else ""


async def list_open(session: Session) -> list[str]:
    """Open auctions, the first to end first; those that are paused last."""
    query = WITH_STANDING.where(Auction.guild_id == session.guild_id, Auction.status == "open")
    order = (Auction.paused_at.is_not(None), Auction.ends_at, Auction.auction_id)
    return [_open_line(row) for row in await session.execute(query.order_by(*order))]


def _open_line(row: Any) -> str:
    auction, stands = row.Auction, where_it_stands(row) + who_leads(row)
    copies = f" ×{auction.quantity}" if auction.quantity > 1 else ""
    ends = f"ends {when(auction.ends_at)}"
    if auction.paused_at is not None:
        ends = f"paused, {words.left_in_words(auction.ends_at - auction.paused_at)} left"
    return f"{words.item(auction.item_name)}{copies} · {stands} · {ends} · <#{auction.channel_id}>"
