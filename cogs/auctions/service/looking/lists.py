"""Lists: what is up for bids, and the bids of one auction as far as the reader may see them."""

from sqlalchemy import select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.auctions.service import words
from db.tables import Auction, Bid


async def list_open(session: Session) -> list[str]:
    """Open auctions, the first to end first."""
    query = (
        select(Auction, Bid.amount, Bid.member_name)
        .outerjoin(
            Bid,
            (Bid.guild_id == Auction.guild_id) & (Bid.auction_id == Auction.auction_id) & (Bid.status == "standing"),
        )
        .where(Auction.guild_id == session.guild_id, Auction.status == "open")
        .order_by(Auction.ends_at, Auction.auction_id)
    )
    lines = []
    for auction, amount, leader in await session.execute(query):
        price = f"begins at {points(auction.minimum)}" if amount is None else f"{points(amount)} by {safe(leader)}"
        ends = when(auction.ends_at)
        lines.append(f"{words.item(auction.item_name)} · {price} · ends {ends} · <#{auction.channel_id}>")
    return lines


async def bids_of(session: Session, auction_id: int) -> list[str]:
    """The bids that may be seen, highest first: refused ones only by who made them."""
    query = (
        select(Bid)
        .where(Bid.guild_id == session.guild_id, Bid.auction_id == auction_id)
        .order_by(Bid.amount.desc(), Bid.sequence)
    )
    me = session.me.member_id if session.me else None
    lines = []
    for bid in (await session.execute(query)).scalars():
        if bid.status == "refused" and bid.member_id != me:
            continue
        who = safe(bid.member_name) + (f" ({safe(bid.character_name)})" if bid.character_name else "")
        line = f"**{points(bid.amount)}** {who} · {when(bid.received_at, 'T')} · {_bid_status(bid)}"
        lines.append(line)
    return lines


def _bid_status(bid: Bid) -> str:
    if bid.status == "voided":
        return f"voided: {safe(bid.voided_reason or '')}"
    if bid.status == "refused":
        return f"refused ({(bid.refusal_code or '').replace('_', ' ')}), seen by you alone"
    return {"standing": "leads", "cancelled": "cancelled with the auction"}.get(bid.status, bid.status)
