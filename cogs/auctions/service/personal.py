"""What auctions keep of a person: handed out with `/me export`, left without names by `/me forget`."""

from typing import Any

from sqlalchemy import select, update

from bot import personal
from bot.kit.text import safe
from bot.stage import Session
from db.tables import Auction, Bid, Hold, Member


async def export_bids(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Their own bids, refused ones too, with what they had then: their own secrets and nobody else's."""
    query = (
        select(
            Bid.bid_id,
            Auction.item_name.label("item"),
            Bid.amount,
            Bid.maximum,
            Bid.tier,
            Bid.status,
            Bid.refusal_code,
            Bid.voided_reason,
            Bid.balance,
            Bid.spendable,
            Bid.character_name,
            Bid.received_at,
        )
        .join(Auction, (Auction.guild_id == Bid.guild_id) & (Auction.auction_id == Bid.auction_id))
        .where(Bid.guild_id == session.guild_id, Bid.member_id.in_(member_ids))
        .order_by(Bid.bid_id)
    )
    return await personal.rows(session, query)


async def refuse_forgetting(session: Session, member: Member) -> str | None:
    """Who has points held for an open bid stays until that is over."""
    query = (
        select(Auction.item_name)
        .join(Hold, (Hold.guild_id == Auction.guild_id) & (Hold.auction_id == Auction.auction_id))
        .where(Hold.guild_id == session.guild_id, Hold.member_id == member.member_id)
        .order_by(Auction.ends_at)
    )
    items = list((await session.execute(query)).scalars())
    if not items:
        return None
    on = " and ".join(f"**{safe(item)}**" for item in items)
    return f"You have an open bid on {on}: wait until that is over, then ask again."


async def forget(session: Session, member_ids: list[int]) -> None:
    """Names on their bids, words about them, and who started what."""
    bids = update(Bid).where(Bid.guild_id == session.guild_id, Bid.member_id.in_(member_ids))
    unnamed = {"character_name": None, "character_class": None, "character_level": None, "voided_reason": None}
    await session.execute(
        bids.values(member_name=personal.SOMEBODY, **unnamed).execution_options(synchronize_session=False)
    )
    await personal.unsign(session, member_ids, Auction.started_by_user_id)
