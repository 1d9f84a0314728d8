"""Why an auction took points: the item, the price, how many bid, and why it ended as it did. No maximum is in it."""

from sqlalchemy import func, select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.auctions.rules.terms import Kind
from cogs.auctions.service import words
from db.tables import Auction, Award, Bid, LedgerEntry, Raid

_FORMS = {Kind.OPEN: "Auction", Kind.SEALED: "Sealed auction", Kind.SECOND_PRICE: "Second-price auction"}


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
    form, ended = _FORMS[Kind(auction.kind)], when(auction.closed_at or auction.ends_at, "f")
    lines = [f"{form} of **{safe(auction.item_name)}**{where}, ended {ended}."]
    lines.append(await _price(session, auction, entry))
    lines.append(await _competition(session, auction))
    lines += auction.trace or ()
    given = select(Award).where(Award.guild_id == session.guild_id, Award.entry_id == entry.entry_id)
    award = (await session.execute(given)).scalar_one_or_none()
    if award is not None and award.note:  # what was won has none
        lines.append(f"It was reassigned to {safe(award.member_name)}: {safe(award.note)}")
    if auction.closed_early_reason:
        lines.append(f"It was closed early: {safe(auction.closed_early_reason)}")
    return lines


async def _price(session: Session, auction: Auction, entry: LedgerEntry) -> str:
    """What the winner paid; for a sealed offer what it was, which everybody may read by now."""
    won = select(Bid).where(
        Bid.guild_id == session.guild_id,
        Bid.auction_id == auction.auction_id,
        Bid.member_id == entry.member_id,
        Bid.status == "won",
    )
    price = f"The winning price: {points(abs(entry.amount))}"
    bid = (await session.execute(won.order_by(Bid.sequence.desc()).limit(1))).scalar_one_or_none()
    if bid is None:
        return f"{price}."
    played = f" for {safe(bid.character_name)}" if bid.character_name else ""
    noun = "a bid" if auction.kind == Kind.OPEN else f"an offer of {points(bid.amount)}"
    return f"{price}{played}, with {noun} placed {when(bid.placed_at, 'T')}."


async def _competition(session: Session, auction: Auction) -> str:
    sealed = auction.kind != Kind.OPEN
    # A sealed offer that was replaced is no second one.
    counted = Bid.status.in_(("won", "lost")) if sealed else Bid.status != "refused"
    counts = select(func.count(), func.count(func.distinct(Bid.member_id))).where(
        Bid.guild_id == session.guild_id, Bid.auction_id == auction.auction_id, counted
    )
    bids, people = (await session.execute(counts)).tuples().one()
    many = words.counted(bids, "offer" if sealed else "bid")
    by = "" if sealed else f" by {'1 person' if people == 1 else f'{people} people'}"
    return f"{many}{by}; the minimum was {points(auction.minimum)}."
