"""Auctions put up together: what their one board shows, and what happens when one of them ended."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from bot.stage import Session
from cogs.auctions.rules.terms import Kind, Status
from cogs.auctions.service.state import redraw
from db.tables import Auction, Bid


@dataclass(frozen=True, slots=True)
class Item:
    """One auction of a batch, as anybody may see it: of what is sealed only how many offers there are."""

    name: str
    quantity: int
    kind: Kind
    status: Status
    minimum: Decimal
    price: Decimal | None
    bids: int
    """How many stand."""
    ends_at: datetime
    paused: bool


async def items_of(session: Session, batch_id: int) -> list[Item]:
    """The batch's auctions, as they were typed."""
    standing = (
        select(Bid.auction_id, func.count().label("bids"))
        .where(Bid.guild_id == session.guild_id, Bid.status == "standing")
        .group_by(Bid.auction_id)
        .subquery()
    )
    query = (
        select(Auction, func.coalesce(standing.c.bids, 0).label("bids"))
        .outerjoin(standing, standing.c.auction_id == Auction.auction_id)
        .where(Auction.guild_id == session.guild_id, Auction.auction_batch_id == batch_id)
        .order_by(Auction.auction_id)
    )
    return [_item(row.Auction, row.bids) for row in await session.execute(query)]


def _item(row: Auction, bids: int) -> Item:
    return Item(
        name=row.item_name,
        quantity=row.quantity,
        kind=Kind(row.kind),
        status=Status(row.status),
        minimum=row.minimum,
        price=row.price,
        bids=bids,
        ends_at=row.ends_at,
        paused=row.paused_at is not None,
    )


async def ended(session: Session, auction: Auction) -> None:
    """One of a batch was won, found no bid, or was cancelled; called under its lock, after everything was written."""
    redraw(session, auction)
