"""What must always be true of auctions. No sentence says an amount: offers and maxima are their owners' alone."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, func, or_, select

from bot.stage import Session
from cogs.auctions.rules.terms import Kind
from db.tables import Auction, Bid, Hold


async def problems(session: Session) -> list[str]:
    """For the doctor: holds are exactly those of standing bids; nothing stands or is held after the end; the price."""
    standing = (
        select(Bid.auction_id, Bid.member_id, func.coalesce(Bid.maximum, Bid.amount).label("most"))
        .where(Bid.guild_id == session.guild_id, Bid.status == "standing")
        .subquery()
    )
    holds = select(Hold).where(Hold.guild_id == session.guild_id).subquery()
    auction_id = func.coalesce(standing.c.auction_id, holds.c.auction_id)
    unlike = (
        select(
            auction_id.label("auction_id"),
            func.coalesce(standing.c.member_id, holds.c.member_id).label("member_id"),
            standing.c.most.is_not(None).label("stands"),
            holds.c.amount.is_not(None).label("held"),
            Auction.status,
        )
        .select_from(standing)
        .join(
            holds,
            and_(holds.c.auction_id == standing.c.auction_id, holds.c.member_id == standing.c.member_id),
            full=True,
        )
        .join(Auction, and_(Auction.guild_id == session.guild_id, Auction.auction_id == auction_id))
        .where(or_(Auction.status != "open", standing.c.most.is_distinct_from(holds.c.amount)))
        .order_by(auction_id, "member_id")
    )
    wrong = [_held_wrongly(row) for row in await session.execute(unlike)]
    count = select(standing.c.auction_id, func.count().label("bids")).group_by(standing.c.auction_id).subquery()
    auctions = (
        select(Auction, func.coalesce(count.c.bids, 0).label("bids"))
        .outerjoin(count, count.c.auction_id == Auction.auction_id)
        .where(Auction.guild_id == session.guild_id)
        .order_by(Auction.auction_id)
    )
    for auction, bids in await session.execute(auctions):
        wrong += _of_one(auction, bids)
    return wrong


def _held_wrongly(row: Any) -> str:
    if row.status != "open":
        what = "a bid still stands" if row.stands else "points are still held"
        return f"auction {row.auction_id} is over, and {what} of member {row.member_id}"
    if not row.held:
        return f"auction {row.auction_id}: nothing is held for the standing bid of member {row.member_id}"
    if not row.stands:
        return f"auction {row.auction_id}: points of member {row.member_id} are held, and no bid of theirs stands"
    return f"auction {row.auction_id}: what is held of member {row.member_id} is not what their standing bid can cost"


def _of_one(auction: Auction, standing: int) -> Iterator[str]:
    is_open_form, is_open = auction.kind == Kind.OPEN, auction.status == "open"
    if is_open_form and standing > auction.quantity:
        yield f"auction {auction.auction_id} has {auction.quantity} to give, and {standing} bids stand"
    has_price = auction.price is not None
    if has_price and not (is_open_form and auction.quantity == 1):
        yield f"auction {auction.auction_id} has a price, which its form has not"
    elif is_open and is_open_form and auction.quantity == 1 and has_price != (standing > 0):
        yield f"auction {auction.auction_id} has {'a' if has_price else 'no'} price, and {standing} bids stand"
    if not is_open and auction.paused_at is not None:
        yield f"auction {auction.auction_id} is over and paused"
