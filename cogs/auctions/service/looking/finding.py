"""Finding what people mean, and what an autocomplete offers."""

import re
from typing import Any

from sqlalchemy import func, select

from bot.kit.pickers import rank
from bot.kit.text import safe
from bot.people import get_character
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.auctions.rules.terms import Status
from cogs.auctions.service.looking.lists import WITH_STANDING, where_it_stands
from cogs.auctions.service.state import get_auction
from cogs.loot import service as loot
from db.tables import Auction, Award

_ID = re.compile(r"#(\d{1,18})")
_OVER_LISTED = 50


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
    """Autocomplete over open auctions, with where each stands."""
    return await _choices(session, typed, only_open=True)


async def all_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over open auctions, then those that ended, newest first."""
    return await _choices(session, typed, only_open=False)


async def _choices(session: Session, typed: str, *, only_open: bool) -> list[Choice]:
    query = (
        WITH_STANDING.where(Auction.guild_id == session.guild_id)
        .order_by((Auction.status == "open").desc(), Auction.auction_id.desc())
        .limit(_OVER_LISTED * 4)
    )
    if only_open:
        query = query.where(Auction.status == "open")
    return rank(typed, [Choice(_label(row), f"#{row.Auction.auction_id}") for row in await session.execute(query)])


def _label(row: Any) -> str:
    """What everybody may read, and no bidder's name."""
    auction = row.Auction
    state = where_it_stands(row) if auction.status == Status.OPEN else auction.status.replace("_", " ")
    paused = " (paused)" if auction.status == Status.OPEN and auction.paused_at is not None else ""
    return f"{auction.item_name[:55]} · {state}{paused}"


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
