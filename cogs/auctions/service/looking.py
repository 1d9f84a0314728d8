"""Looking at auctions: the card, the private panel, lists, and what an autocomplete offers. Changes nothing."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from bot.kit.pickers import rank
from bot.kit.text import points, safe, when
from bot.people import get_character
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.auctions.rules import bidding as rules
from cogs.auctions.service import words
from cogs.auctions.service.state import get_auction
from cogs.dkp.service.balances import points_of
from cogs.loot import service as loot
from db.tables import Auction, Award, Bid, Board, Character, Hold, Pool, Raid

_ID = re.compile(r"#(\d{1,18})")
_OVER_LISTED = 50


@dataclass(frozen=True, slots=True)
class Card:
    """Everything an auction's board shows; nothing of it is anybody's secret."""

    auction_id: int
    item_name: str
    note: str | None
    status: rules.Status
    price: Decimal | None
    leader: str | None
    leader_character: str | None
    next_bid: Decimal
    amounts: tuple[Decimal, ...]
    """What the buttons bid."""
    pool: str
    raid: str | None
    bidders: rules.Bidders
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
        status=rules.Status(auction.status),
        price=bid.amount if bid else None,
        leader=bid.member_name if bid else None,
        leader_character=bid.character_name if bid else None,
        next_bid=next_bid,
        amounts=rules.bid_amounts(next_bid, auction.increment),
        pool=row.pool,
        raid=row.raid,
        bidders=rules.Bidders(auction.bidders),
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


@dataclass(frozen=True, slots=True)
class Panel:
    """What the private panel of one person shows: their own line and what they can press."""

    auction_id: int
    sentence: str
    next_bid: Decimal
    can_bid: bool
    """It is open, and the person has the right to bid."""
    leads: bool
    characters: tuple[tuple[int, str], ...]


async def panel_of(session: Session, auction_id: int) -> Panel:
    """Where the acting person stands in an auction, with what they can spend."""
    auction = await get_auction(session, auction_id)
    pool = await session.get(Pool, (session.guild_id, auction.pool_id))
    query = select(Bid).where(Bid.guild_id == session.guild_id, Bid.auction_id == auction_id, Bid.status == "standing")
    standing = (await session.execute(query)).scalar_one_or_none()
    me = session.member.member_id
    leads = standing is not None and standing.member_id == me
    is_open = auction.status == rules.Status.OPEN and session.now < auction.ends_at
    name = words.item(auction.item_name)
    if not is_open:
        line = f"The auction of {name} is over."
    elif standing is None:
        line = f"Nobody has bid on {name} yet: it begins at {points(auction.minimum)}."
    elif leads:
        line = f"You lead {name} at {points(standing.amount)}. It ends {when(auction.ends_at)}."
    else:
        line = (
            f"{name} is at {points(standing.amount)} by {safe(standing.member_name)}. It ends {when(auction.ends_at)}."
        )
    mine = await points_of(session, me, pool)
    return Panel(
        auction_id,
        f"{line}\n{mine.in_words}",
        auction.minimum if standing is None else standing.amount + auction.increment,
        is_open and session.may("auctions.bid"),
        leads,
        await my_characters(session),
    )


async def my_characters(session: Session) -> tuple[tuple[int, str], ...]:
    """The acting person's active characters, the main first."""
    query = (
        select(Character.character_id, Character.name)
        .where(
            Character.guild_id == session.guild_id,
            Character.owner_member_id == session.member.member_id,
            Character.retired_at.is_(None),
        )
        .order_by(Character.is_main.desc(), Character.character_id)
        .limit(25)
    )
    return tuple((row.character_id, row.name) for row in await session.execute(query))


# --- lists ------------------------------------------------------------------------------------------------------------


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


# --- finding what people mean -----------------------------------------------------------------------------------------


async def find_auction(session: Session, typed: str, *, only_open: bool = True) -> int:
    """An autocomplete's id (`#12`) or an item's name: the open one that ends first, else the latest of that item."""
    if match := _ID.fullmatch(typed.strip()):
        return (await get_auction(session, int(match[1]))).auction_id
    query = select(Auction.auction_id, Auction.item_name, Auction.item_key, Auction.status).where(
        Auction.guild_id == session.guild_id
    )
    is_open = query.where(Auction.status == "open").order_by(Auction.ends_at, Auction.auction_id)
    auctions = list(await session.execute(is_open))
    if not only_open:
        auctions += list(await session.execute(query.order_by(Auction.auction_id.desc()).limit(_OVER_LISTED)))
    key = name_key(typed)
    for auction in auctions:
        if auction.item_key == key:
            return auction.auction_id
    near = near_names(typed, dict.fromkeys(auction.item_name for auction in auctions), 3)
    which = "No open auction" if only_open else "No auction"
    raise NotFound(f"{which} is of an item by that name.", near=[safe(name) for name in near])


async def open_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over open auctions, with their price."""
    return await _choices(session, typed, only_open=True)


async def all_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over open auctions, then those that ended, newest first."""
    return await _choices(session, typed, only_open=False)


async def _choices(session: Session, typed: str, *, only_open: bool) -> list[Choice]:
    query = (
        select(Auction, Bid.amount)
        .outerjoin(
            Bid,
            (Bid.guild_id == Auction.guild_id)
            & (Bid.auction_id == Auction.auction_id)
            & Bid.status.in_(("standing", "won")),
        )
        .where(Auction.guild_id == session.guild_id)
        .order_by((Auction.status == "open").desc(), Auction.auction_id.desc())
        .limit(_OVER_LISTED * 4)
    )
    if only_open:
        query = query.where(Auction.status == "open")
    return rank(
        typed,
        [Choice(_label(auction, amount), f"#{auction.auction_id}") for auction, amount in await session.execute(query)],
    )


def _label(auction: Auction, amount: Decimal | None) -> str:
    price = f"begins at {points(auction.minimum)}" if amount is None else f"at {points(amount)}"
    return f"{auction.item_name[:60]} · {price if auction.status == 'open' else auction.status.replace('_', ' ')}"


async def item_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete for an item to put up: what was awarded before, then what was auctioned and nobody got."""
    awarded = select(Award.award_id).where(Award.guild_id == session.guild_id, Award.item_key == Auction.item_key)
    query = (
        select(Auction.item_key, func.max(Auction.item_name))
        .where(Auction.guild_id == session.guild_id, ~awarded.exists())
        .group_by(Auction.item_key)
        .order_by(func.max(Auction.auction_id).desc())
    )
    return await loot.items(session, typed, dict((await session.execute(query)).tuples().all()))


async def find_character(session: Session, typed: str | None) -> int:
    """The id of one's own character, by id or name; 0 is the main."""
    return 0 if not typed else (await get_character(session, typed, session.member.member_id)).character_id


# --- what must always be true -----------------------------------------------------------------------------------------


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
