"""The card everybody sees of an auction."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from bot.stage import Session
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.terms import Bidders, Status
from cogs.loot import service as loot
from db.tables import Auction, Bid, Board, Pool, Raid


@dataclass(frozen=True, slots=True)
class Card:
    """Everything an auction's board shows; nothing of it is anybody's secret."""

    auction_id: int
    item_name: str
    note: str | None
    status: Status
    price: Decimal | None
    leader: str | None
    leader_character: str | None
    next_bid: Decimal
    amounts: tuple[Decimal, ...]
    """What the buttons bid."""
    pool: str
    raid: str | None
    bidders: Bidders
    bids: int
    extensions: int
    ends_at: datetime
    time_given_back: bool
    closed_at: datetime | None
    reason: str | None
    """Why it was closed early, or cancelled."""
    award_stands: bool
    channel_id: int
    message_id: int | None


async def card_of(session: Session, auction_id: int) -> Card | None:
    """The card now; None when there is no such auction."""
    query = (
        select(Auction, Pool.name.label("pool"), Raid.name.label("raid"), Bid, Board.channel_id, Board.message_id)
        .join(Pool, (Pool.guild_id == Auction.guild_id) & (Pool.pool_id == Auction.pool_id))
        .outerjoin(Raid, (Raid.guild_id == Auction.guild_id) & (Raid.raid_id == Auction.raid_id))
        .outerjoin(
            Bid,
            (Bid.guild_id == Auction.guild_id)
            & (Bid.auction_id == Auction.auction_id)
            & Bid.status.in_(("standing", "won")),
        )
        .outerjoin(
            Board,
            (Board.guild_id == Auction.guild_id) & (Board.kind == "auction") & (Board.subject_id == Auction.auction_id),
        )
        .where(Auction.guild_id == session.guild_id, Auction.auction_id == auction_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    auction, bid = row.Auction, row.Bid
    count = select(func.count()).where(
        Bid.guild_id == session.guild_id,
        Bid.auction_id == auction_id,
        Bid.status.not_in(("refused", "voided")),
    )
    next_bid = auction.minimum if bid is None else bid.amount + auction.increment
    return Card(
        auction_id=auction_id,
        item_name=auction.item_name,
        note=auction.note,
        status=Status(auction.status),
        price=bid.amount if bid else None,
        leader=bid.member_name if bid else None,
        leader_character=bid.character_name if bid else None,
        next_bid=next_bid,
        amounts=rules.bid_amounts(next_bid, auction.increment),
        pool=row.pool,
        raid=row.raid,
        bidders=Bidders(auction.bidders),
        bids=(await session.execute(count)).scalar_one(),
        extensions=auction.snipe_moves,
        ends_at=auction.ends_at,
        time_given_back=auction.time_given_back_at is not None,
        closed_at=auction.closed_at,
        reason=auction.closed_early_reason or auction.cancel_reason,
        award_stands=auction.status != "won" or await loot.has_award(session, auction_id),
        channel_id=row.channel_id or auction.channel_id,
        message_id=row.message_id,
    )
