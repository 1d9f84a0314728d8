"""What must always be true of auctions."""

from sqlalchemy import func, select

from bot.stage import Session
from db.tables import Auction, Bid, Hold


async def problems(session: Session) -> list[str]:
    """For the doctor: open auctions whose standing bid is not exactly held, and holds of auctions that are over."""
    held = (
        select(Hold.auction_id, func.count().label("holds"), func.sum(Hold.amount).label("amount"))
        .where(Hold.guild_id == session.guild_id)
        .group_by(Hold.auction_id)
        .subquery()
    )
    query = (
        select(Auction.auction_id, Auction.status, Bid.amount, held.c.holds, held.c.amount.label("held"))
        .outerjoin(held, held.c.auction_id == Auction.auction_id)
        .outerjoin(
            Bid,
            (Bid.guild_id == Auction.guild_id) & (Bid.auction_id == Auction.auction_id) & (Bid.status == "standing"),
        )
        .where(Auction.guild_id == session.guild_id)
    )
    wrong = []
    for row in await session.execute(query):
        if row.status != "open" and (row.holds or row.amount is not None):
            wrong.append(f"auction {row.auction_id} is over and still holds {row.held}")
        elif row.status == "open" and (row.amount != row.held or (row.holds or 0) > 1):
            wrong.append(f"auction {row.auction_id} stands at {row.amount} and holds {row.held}")
    return wrong
