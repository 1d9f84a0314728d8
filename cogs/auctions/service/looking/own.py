"""The private panel of one auction: where the reader stands, what they can spend, what they can press."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import or_, select

from bot.kit.text import clip, fit_names, points, safe, when
from bot.stage import Session
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import time_left
from cogs.auctions.rules.terms import Status
from cogs.auctions.service import words
from cogs.auctions.service.looking.cards import awards_of
from cogs.auctions.service.panels import Characters, Panel, panel_for
from cogs.auctions.service.state import bid_of, floor_of, get_auction, terms_of
from cogs.dkp.rules import Purse, spendable_in_words
from cogs.dkp.service.balances import points_of
from db.tables import LIVE_BIDS, Auction, Bid, Character, Pool, Raid


async def panel_of(session: Session, auction_id: int) -> Panel:
    """Where the acting person stands in an auction, with what they can spend."""
    now = await _look(session, auction_id)
    mine = await points_of(session, now.me, now.pool)
    purse = Purse(mine.balance, mine.held, floor_of(now.row, now.pool.floor))
    line = _stands(now) if now.is_open else await _ended(session, now)
    return panel_for(
        auction_id,
        now.auction,
        now.me,
        purse,
        sentence=f"{line}\nYou can spend {spendable_in_words(purse)}.",
        can_bid=now.is_open and session.may("auctions.bid"),
        has_live_bid=now.own is not None,
        all_in=session.guild.auction_all_in,
        characters=now.characters,
        character_id=now.character_id,
    )


@dataclass(frozen=True, slots=True)
class OwnBid:
    """What somebody bid in an auction up to now, for their own eyes; None: nothing that counts."""

    item_name: str
    amount: Decimal | None
    maximum: Decimal | None


async def own_bid(session: Session, auction_id: int) -> OwnBid:
    """What a form begins with."""
    now = await _look(session, auction_id)
    own = now.own if now.own is not None and now.own.status == "standing" else None
    return OwnBid(now.row.item_name, own and own.amount, own and own.maximum)


async def my_characters(session: Session) -> Characters:
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


@dataclass(frozen=True, slots=True)
class _Now:
    row: Auction
    pool: Pool
    auction: rules.Auction
    standing: Sequence[Bid]
    """Best first; in sealed forms all that may be told of it is how many."""
    own: Bid | None
    """The reader's own: what stands, else the best that was outbid."""
    characters: Characters
    me: int
    is_open: bool
    left: str
    """ "It ends in 2 minutes.", or how much is left while it is paused."""

    @property
    def character_id(self) -> int:
        """Whom the reader's bid is for, 0 for the main: rows keep the name it had then."""
        named = None if self.own is None else self.own.character_name
        return next((number for number, name in self.characters[1:] if name == named), 0)


async def _look(session: Session, auction_id: int) -> _Now:
    row, me = await get_auction(session, auction_id), session.member.member_id
    pool = await session.get(Pool, (session.guild_id, row.pool_id))
    raid = await session.get(Raid, (session.guild_id, row.raid_id)) if row.raid_id is not None else None
    assert pool is not None
    query = select(Bid).where(
        Bid.guild_id == session.guild_id,
        Bid.auction_id == auction_id,
        or_(Bid.status == "standing", Bid.status.in_(LIVE_BIDS) & (Bid.member_id == me)),
    )
    bids = sorted((await session.execute(query)).scalars(), key=lambda bid: bid_of(bid).rank)
    standing = [bid for bid in bids if bid.status == "standing"]
    mine = sorted((bid for bid in bids if bid.member_id == me), key=lambda bid: bid.status != "standing")
    # Its raid was cancelled a moment ago and the auctions of it are being cancelled one by one.
    cancelled = raid is not None and raid.status == "cancelled"
    auction = rules.Auction(
        terms_of(row, pool.decimals),
        row.ends_at,
        Status.CANCELLED if cancelled else Status(row.status),
        tuple(map(bid_of, standing)),
        row.price,
        paused_at=row.paused_at,
    )
    characters = await my_characters(session)
    left = f"It ends {when(row.ends_at)}."
    if row.paused_at is not None:
        left = f"It is paused with {words.left_in_words(time_left(auction, session.now))} left."
    is_open = auction.status is Status.OPEN and (row.paused_at is not None or session.now < row.ends_at)
    return _Now(row, pool, auction, standing, mine[0] if mine else None, characters, me, is_open, left)


# --- while it runs ----------------------------------------------------------------------------------------------------


def _stands(now: _Now) -> str:
    """ "You lead **Cloak** at 41, up to 100. It ends in 2 minutes."."""
    if now.auction.terms.kind.is_sealed:
        line = _sealed(now)
    elif now.auction.terms.takes_maximum:
        line = _one_copy(now)
    else:
        line = _copies(now)
    return f"{line} {now.left}"


def _sealed(now: _Now) -> str:
    name, offers = words.item(now.row.item_name), len(now.standing)
    if now.own is not None:
        return f"Your offer on {name}{_for_whom(now)} is {points(now.own.amount)} ({_offers(offers)} in all)."
    begins = f"offers begin at {points(now.row.minimum)}"
    if not offers:
        return f"Nobody has made an offer on {name} yet: {begins}."
    return f"You have made no offer on {name}; {_offers(offers)} so far, and {begins}."


def _offers(number: int) -> str:
    return words.counted(number, "offer")


def _one_copy(now: _Now) -> str:
    name, auction = words.item(now.row.item_name), now.auction
    if auction.price is None or not now.standing:
        return f"Nobody has bid on {name} yet: it begins at {points(now.row.minimum)}."
    price, own = points(auction.price), auction.of(now.me)
    if own is not None:
        up_to = f", up to {points(own.most)}: others are answered for you" if own.most > auction.price else ""
        return f"You lead {name}{_for_whom(now)} at {price}{up_to}."
    by = "" if now.row.names_hidden else f" by {safe(now.standing[0].member_name)}"
    return f"{_outbid(now)}{name} is at {price}{by}."


def _copies(now: _Now) -> str:
    name, copies = words.item(now.row.item_name), now.row.quantity
    taken, own = len(now.standing), now.auction.of(now.me)
    if not taken:
        return f"Nobody has bid on the {copies} copies of {name} yet: they begin at {points(now.row.minimum)}."
    lowest = f"the lowest of {taken} is {points(now.standing[-1].amount)}"
    if own is not None:
        free = f"{taken} of {copies} copies are bid for" if taken < copies else lowest
        return f"You stand on {name}{_for_whom(now)} with {points(own.amount)}; {free}."
    return f"{_outbid(now)}{taken} of {copies} copies of {name} are bid for; {lowest}."


def _outbid(now: _Now) -> str:
    """In front of where it stands, for who bid and does not stand any more."""
    return "" if now.own is None else f"Your {points(bid_of(now.own).most)} is outbid: "


def _for_whom(now: _Now) -> str:
    """Of an alt: who plays one character, or bids for the main, need not be told."""
    if now.own is None or now.own.character_name is None or not now.character_id:
        return ""
    return f" for {safe(clip(now.own.character_name, 40))}"


# --- afterwards -------------------------------------------------------------------------------------------------------


async def _ended(session: Session, now: _Now) -> str:
    name = words.item(now.row.item_name)
    if now.auction.status is Status.OPEN:
        return f"The bidding on {name} has ended: the result comes in a moment."
    if now.auction.status is Status.CANCELLED:
        because = f": {safe(clip(now.row.cancel_reason, 300))}" if now.row.cancel_reason else ""
        return f"The auction of {name} was cancelled{because}."
    awards = [award for award in await awards_of(session, now.row.auction_id) if award.undone_at is None]
    if not awards:
        outcome = "nobody bid" if now.auction.status is Status.NO_BIDS else "the award was undone"
        return f"The auction of {name} is over: {outcome}."
    for award in awards:
        if award.member_id == now.me:
            return f"You have {name} for {points(award.cost)}."
    won = [f"{safe(award.member_name)} for {points(award.cost)}" for award in awards]
    return f"The auction of {name} is over: it went to {fit_names(won)}."
