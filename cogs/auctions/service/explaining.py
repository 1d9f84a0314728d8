"""Why an auction took points: the item, the winning bid, how many bid. What others offered is not said here."""

from sqlalchemy import func, select

from bot.kit.text import points, safe, when
from bot.stage import Session
from db.tables import Auction, Award, Bid, LedgerEntry, Raid


async def explain_auction(session: Session, entry: LedgerEntry) -> list[str]:
    """Registered for entries of the source "auction": they exist once it is over."""
    query = (
        select(Auction, Raid.name)
        .outerjoin(Raid, (Raid.guild_id == Auction.guild_id) & (Raid.raid_id == Auction.raid_id))
        .where(Auction.guild_id == session.guild_id, Auction.auction_id == entry.source_id)
    )
    row = (await session.execute(query)).tuples().one_or_none()
    if row is None:
        return []
    auction, raid = row
    where = f" at {safe(raid)}" if raid else ""
    lines = [
        f"Auction of **{safe(auction.item_name)}**{where}, ended {when(auction.closed_at or auction.ends_at, 'f')}."
    ]
    won = select(Bid).where(
        Bid.guild_id == session.guild_id,
        Bid.auction_id == auction.auction_id,
        Bid.member_id == entry.member_id,
        Bid.status == "won",
    )
    bid = (await session.execute(won.order_by(Bid.sequence.desc()).limit(1))).scalar_one_or_none()
    if bid is not None:
        played = f" for {safe(bid.character_name)}" if bid.character_name else ""
        lines.append(f"The winning bid: {points(bid.amount)}{played}, placed {when(bid.placed_at, 'T')}.")
    counts = select(func.count(), func.count(func.distinct(Bid.member_id))).where(
        Bid.guild_id == session.guild_id, Bid.auction_id == auction.auction_id, Bid.status != "refused"
    )
    bids, bidders = (await session.execute(counts)).tuples().one()
    lines.append(
        f"{'1 bid' if bids == 1 else f'{bids} bids'} by {'1 person' if bidders == 1 else f'{bidders} people'};"
        f" the minimum was {points(auction.minimum)}."
    )
    given = select(Award).where(Award.guild_id == session.guild_id, Award.entry_id == entry.entry_id)
    award = (await session.execute(given)).scalar_one_or_none()
    if award is not None and award.note:  # what was won has none
        lines.append(f"It was reassigned to {safe(award.member_name)}: {safe(award.note)}")
    if auction.closed_early_reason:
        lines.append(f"It was closed early: {safe(auction.closed_early_reason)}")
    return lines
