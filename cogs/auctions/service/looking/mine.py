"""**My points**, as far as auctions go: what one leads and what is held for it, where one is outbid, what one won."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from bot.kit.text import clip, points, when
from bot.stage import Session
from cogs.auctions.rules.terms import Terms
from cogs.auctions.service import words
from cogs.auctions.service.looking.own import my_characters
from cogs.auctions.service.state import bid_of, floor_of, terms_of
from cogs.dkp.rules import Purse
from db.tables import LIVE_BIDS, Account, Auction, Award, Bid, Pool

_WINS: Final = 3
_NAME: Final = 60
"""Characters of an item's name in a list."""


@dataclass(frozen=True, slots=True)
class Outbid:
    """Where the reader is outbid and can answer: the amount that is taken now, for whom they bid before."""

    auction_id: int
    item_name: str
    next_bid: Decimal
    character_id: int


@dataclass(frozen=True, slots=True)
class MyBids:
    lines: tuple[str, ...]
    """The reader's own, the first to end first, and what they won last."""
    outbid: tuple[Outbid, ...]


async def my_bids(session: Session, besides: int = 0) -> MyBids:
    """The acting person's bids in open auctions, but for the one in front of them."""
    own = [row for row in await _own(session) if row.Auction.auction_id != besides]
    lowest = await _lowest(session, [row.Auction.auction_id for row in own if row.Auction.quantity > 1])
    characters = {name: number for number, name in await my_characters(session)}
    lines: list[str] = []
    outbid: list[Outbid] = []
    for row in own:
        auction, terms = row.Auction, terms_of(row.Auction, row.Pool.decimals)
        if row.Bid.status == "standing":
            lines.append(f"{_stands(row, terms)} · {_ends(session, auction)}")
            continue
        price, next_bid = _next(row, terms, lowest)
        most, name = points(bid_of(row.Bid).most), _name(auction)
        line = f"Your {most} on {name} is outbid: it is at {points(price)} · {_ends(session, auction)}"
        purse = Purse(row.balance or Decimal(0), row.held or Decimal(0), floor_of(auction, row.Pool.floor))
        if next_bid > purse.spendable:
            line += f" · the next bid, {points(next_bid)}, is more than you can spend"
        elif auction.paused_at is None and session.now < auction.ends_at and session.may("auctions.bid"):
            character_id = characters.get(row.Bid.character_name, 0)
            outbid.append(Outbid(auction.auction_id, auction.item_name, next_bid, character_id))
        lines.append(line)
    return MyBids((*lines, *await _wins(session)), tuple(outbid))


async def _own(session: Session) -> Sequence[Any]:
    """A row an auction, with what stands of theirs there, else their best that was outbid."""
    me = session.member.member_id
    query = (
        select(Bid, Auction, Pool, Account.balance, Account.held)
        .join(Auction, (Auction.guild_id == Bid.guild_id) & (Auction.auction_id == Bid.auction_id))
        .join(Pool, (Pool.guild_id == Auction.guild_id) & (Pool.pool_id == Auction.pool_id))
        .outerjoin(
            Account,
            (Account.guild_id == Bid.guild_id) & (Account.pool_id == Auction.pool_id) & (Account.member_id == me),
        )
        .where(
            Bid.guild_id == session.guild_id, Bid.member_id == me, Bid.status.in_(LIVE_BIDS), Auction.status == "open"
        )
        .order_by(
            Auction.paused_at.is_not(None),
            Auction.ends_at,
            Auction.auction_id,
            Bid.status != "standing",
            func.coalesce(Bid.maximum, Bid.amount).desc(),
        )
    )
    best: dict[int, Any] = {}
    for row in await session.execute(query):
        best.setdefault(row.Auction.auction_id, row)
    return list(best.values())


async def _lowest(session: Session, auction_ids: Collection[int]) -> dict[int, tuple[int, Decimal]]:
    """Of auctions of several copies: how many stand, and the lowest of them."""
    if not auction_ids:
        return {}
    query = select(Bid.auction_id, func.count(), func.min(Bid.amount)).where(
        Bid.guild_id == session.guild_id, Bid.auction_id.in_(auction_ids), Bid.status == "standing"
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(query.group_by(Bid.auction_id))}


def _next(row: Any, terms: Terms, lowest: dict[int, tuple[int, Decimal]]) -> tuple[Decimal, Decimal]:
    """Where an auction that the reader is outbid in stands, and the next bid."""
    if terms.takes_maximum:
        price = row.Auction.price or terms.minimum
        return price, terms.over(price)
    taken, least = lowest.get(row.Auction.auction_id, (0, terms.minimum))
    return least, terms.over(least) if taken >= terms.quantity else terms.minimum


def _stands(row: Any, terms: Terms) -> str:
    name, amount = _name(row.Auction), points(row.Bid.amount)
    if terms.kind.is_sealed:
        return f"Your offer on {name}: {amount}, held"
    if terms.takes_maximum:
        held = points(bid_of(row.Bid).most)
        return f"You lead {name} at {points(row.Auction.price or row.Bid.amount)}, {held} held"
    return f"You stand on {name} with {amount}, held"


def _name(auction: Auction) -> str:
    copies = f" ×{auction.quantity}" if auction.quantity > 1 else ""
    return f"{words.item(clip(auction.item_name, _NAME))}{copies}"


def _ends(session: Session, auction: Auction) -> str:
    if auction.paused_at is not None:
        return "paused"
    return f"ends {when(auction.ends_at)}" if session.now < auction.ends_at else "its bidding has ended"


async def _wins(session: Session) -> list[str]:
    query = select(Award.item_name, Award.cost).where(
        Award.guild_id == session.guild_id,
        Award.member_id == session.member.member_id,
        Award.how.in_(("auction", "bid in game")),
        Award.undone_at.is_(None),
    )
    won = (await session.execute(query.order_by(Award.award_id.desc()).limit(_WINS))).all()
    if not won:
        return []
    each = ", ".join(f"{words.item(clip(name, _NAME))} for {points(cost)}" for name, cost in won)
    return [f"-# {'Last win' if len(won) == 1 else 'Last wins'}: {each}."]
