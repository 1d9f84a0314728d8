"""The private panel: what one person sees of an auction beside its card."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.auctions.rules.terms import Status
from cogs.auctions.service import words
from cogs.auctions.service.state import get_auction
from cogs.dkp.service.balances import points_of
from db.tables import Bid, Character, Pool


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
    is_open = auction.status == Status.OPEN and session.now < auction.ends_at
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
