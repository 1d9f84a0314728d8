"""The card everybody sees of an auction. Nothing of it is anybody's secret, in any form and at any time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from bot.stage import Session
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import time_left
from cogs.auctions.rules.terms import Bidders, Kind, Status, Terms, WithoutBid
from cogs.auctions.rules.typed import item_url
from cogs.auctions.service.state import bid_of, terms_of
from cogs.loot import service as loot
from db.tables import LIVE_BIDS, Auction, Award, Bid, Board, Pool, Raid

_COUNTED = (*LIVE_BIDS, "won", "lost", "cancelled")
"""Bids that count in "3 bids": not what was refused, taken out, or replaced by the same person."""

EVENING = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Stands:
    """Who stands, and what it would cost them. `name` None: bidders are not named while it runs."""

    name: str | None
    character: str | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Won:
    """What became of one copy: who has it now and for what, or had it until the award was undone."""

    name: str
    character: str | None
    price: Decimal
    how: str
    undone: str | None
    """Why nobody has it any more; empty where no reason was kept."""
    before: "Won | None" = None
    """Who had it first, when it was given to somebody else."""


@dataclass(frozen=True, slots=True)
class HouseRules:
    """What holds for everybody here beside the price."""

    bidders: Bidders
    role_id: int | None
    percent: int | None
    one_win: bool
    floor: Decimal | None
    without_bid: WithoutBid
    names_hidden: bool


@dataclass(frozen=True, slots=True)
class Card:
    auction_id: int
    item_name: str
    item_url: str | None
    price_line: str | None
    """What the item went for before."""
    note: str | None
    status: Status
    terms: Terms
    rules: HouseRules
    standing: tuple[Stands, ...]
    """Open auctions that run: the leader, or who stands for a copy, best first. Always empty in sealed forms."""
    bids: int
    """In sealed forms, how many offers there are."""
    next_bid: Decimal
    amounts: tuple[Decimal, ...]
    """What the buttons bid; none in sealed forms."""
    pool: str
    raid: str | None
    extensions: int
    started_at: datetime
    ends_at: datetime
    left: timedelta | None
    """While it is paused: what is left."""
    time_given_back: bool
    closed_at: datetime | None
    reason: str | None
    """Why it was closed early, or cancelled."""
    won: tuple[Won, ...]
    trace: tuple[str, ...]
    """Why it ended as it did."""
    channel_id: int
    message_id: int | None

    @property
    def is_open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def is_sealed(self) -> bool:
        return self.terms.kind.is_sealed

    @property
    def handed_out(self) -> int:
        """Copies that are somebody's now."""
        return sum(won.undone is None for won in self.won)

    @property
    def is_to_be_given(self) -> bool:
        """Nobody bid, and a leader says who gets it."""
        given = self.status is Status.NO_BIDS and self.rules.without_bid is WithoutBid.GIVEN
        return given and self.handed_out < self.terms.quantity

    @property
    def is_short(self) -> bool:
        """Over the same evening: its end needs no date, but seconds."""
        return self.ends_at - self.started_at < EVENING


async def card_of(session: Session, auction_id: int) -> Card | None:
    """The card now; None when there is no such auction."""
    query = (
        select(Auction, Pool.name.label("pool"), Pool.decimals, Raid.name.label("raid"), Board)
        .join(Pool, (Pool.guild_id == Auction.guild_id) & (Pool.pool_id == Auction.pool_id))
        .outerjoin(Raid, (Raid.guild_id == Auction.guild_id) & (Raid.raid_id == Auction.raid_id))
        .outerjoin(
            Board,
            (Board.guild_id == Auction.guild_id) & (Board.kind == "auction") & (Board.subject_id == Auction.auction_id),
        )
        .where(Auction.guild_id == session.guild_id, Auction.auction_id == auction_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    auction, terms = row.Auction, terms_of(row.Auction, row.decimals)
    standing = await _standing(session, auction, terms)
    now = rules.Auction(
        terms,
        auction.ends_at,
        Status(auction.status),
        tuple(map(bid_of, standing)),
        auction.price,
        paused_at=auction.paused_at,
    )
    next_bid, template = now.next_bid(), session.guild.item_link
    return Card(
        auction_id=auction_id,
        item_name=auction.item_name,
        item_url=item_url(template, auction.item_name) if template else None,
        price_line=await loot.price_line(session, auction.item_key, auction.pool_id),
        note=auction.note,
        status=now.status,
        terms=terms,
        rules=_house_rules(auction),
        standing=tuple(_stands(auction, terms, bid) for bid in standing),
        bids=await _count_bids(session, auction),
        next_bid=next_bid,
        amounts=() if terms.kind.is_sealed else rules.bid_amounts(next_bid, terms.step_at(next_bid)),
        pool=row.pool,
        raid=row.raid,
        extensions=auction.snipe_moves,
        started_at=auction.started_at,
        ends_at=auction.ends_at,
        left=None if auction.paused_at is None else time_left(now, session.now),
        time_given_back=auction.time_given_back_at is not None,
        closed_at=auction.closed_at,
        reason=auction.closed_early_reason or auction.cancel_reason,
        won=outcomes(await awards_of(session, auction_id)),
        trace=tuple(auction.trace or ()),
        channel_id=row.Board.channel_id if row.Board else auction.channel_id,
        message_id=row.Board.message_id if row.Board else None,
    )


def _house_rules(auction: Auction) -> HouseRules:
    return HouseRules(
        Bidders(auction.bidders),
        auction.bidders_role_id,
        auction.bidders_percent,
        auction.one_win,
        auction.floor,
        WithoutBid(auction.without_bid),
        auction.names_hidden,
    )


async def _standing(session: Session, auction: Auction, terms: Terms) -> list[Bid]:
    """Who stands, best first; in sealed forms that is nobody's to know."""
    if terms.kind.is_sealed or auction.status != Status.OPEN:
        return []
    query = select(Bid).where(
        Bid.guild_id == session.guild_id, Bid.auction_id == auction.auction_id, Bid.status == "standing"
    )
    return sorted((await session.execute(query)).scalars(), key=lambda bid: bid_of(bid).rank)


def _stands(auction: Auction, terms: Terms, bid: Bid) -> Stands:
    # What leads under a maximum costs the price and not what was bid aloud.
    price = bid.amount if not terms.takes_maximum or auction.price is None else auction.price
    if auction.names_hidden:
        return Stands(None, None, price)
    return Stands(bid.member_name, bid.character_name, price)


async def _count_bids(session: Session, auction: Auction) -> int:
    counted = ("standing",) if auction.kind != Kind.OPEN and auction.status == Status.OPEN else _COUNTED
    query = select(func.count()).where(
        Bid.guild_id == session.guild_id, Bid.auction_id == auction.auction_id, Bid.status.in_(counted)
    )
    return (await session.execute(query)).scalar_one()


async def awards_of(session: Session, auction_id: int) -> Sequence[Award]:
    """Every award of an auction, undone ones too, in the order they were made."""
    query = select(Award).where(Award.guild_id == session.guild_id, Award.auction_id == auction_id)
    return (await session.execute(query.order_by(Award.award_id))).scalars().all()


def outcomes(awards: Sequence[Any]) -> tuple[Won, ...]:
    """What became of each copy. Who reassigns undoes an award and makes another in one moment: these two are one."""
    found: list[Won] = []
    open_ends: dict[datetime, list[int]] = {}
    for award in awards:
        undone = None if award.undone_at is None else award.undone_reason or ""
        won = Won(award.member_name, award.character_name, award.cost, award.how, undone)
        ended = open_ends.get(award.awarded_at)
        if ended:
            place = ended.pop(0)
            first = found[place].before or found[place]
            found[place] = Won(won.name, won.character, won.price, won.how, won.undone, first)
        else:
            place = len(found)
            found.append(won)
        if award.undone_at is not None and award.undone_at > award.awarded_at:
            open_ends.setdefault(award.undone_at, []).append(place)
    return tuple(found)
