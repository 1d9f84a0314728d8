"""A bid is taken out: by a leader, or because its owner left, may no longer bid, or won elsewhere tonight."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot import audit, people
from bot.kit.text import points, safe, when
from bot.stage import Actor, Session, Stage, use_case
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.standing import NothingToVoid
from cogs.auctions.rules.terms import Kind, Status
from cogs.auctions.service import words
from cogs.auctions.service.disappearing import lock_bidders, rights_lost, take_out, tell
from cogs.auctions.service.interest import Others, refuse_own_interest
from cogs.auctions.service.state import Locked, bid_of, lock, members_of
from cogs.dkp.rules import check_reason
from db.tables import LIVE_BIDS, Account, Auction, Bid, Member


@dataclass(frozen=True, slots=True)
class Voided:
    """What was taken out and who leads now. `amount`, `leader` and `price` are empty where nobody may know them."""

    auction_id: int
    item_name: str
    member_name: str
    amount: Decimal | None
    is_sealed: bool
    standing: int
    """Bids that stand now."""
    leader: str | None
    price: Decimal | None
    ends_at: datetime
    paused: bool

    def in_words(self) -> str:
        what = "offer" if self.is_sealed else "bid"
        if self.amount is not None:
            what += f" of {points(self.amount)}"
        gone = f"The {what} by {safe(self.member_name)} on **{safe(self.item_name)}** is void"
        ends = "It is paused." if self.paused else f"It ends {when(self.ends_at)}."
        if self.is_sealed:
            return f"{gone}. {ends}"
        if not self.standing:
            now = "nobody leads now"
        elif self.price is None:
            now = "1 bid stands now" if self.standing == 1 else f"{self.standing} bids stand now"
        else:
            now = f"{'somebody' if self.leader is None else safe(self.leader)} leads at {points(self.price)}"
        return f"{gone}; {now}. {ends}"


@use_case("auctions.manage")
async def void_bid(session: Session, auction_id: int, member: str, reason: str, others: Others = Others()) -> Voided:
    """Take a person's highest bid out. Refuses `NothingToVoid`, and a leader who bids here themselves."""
    reason = check_reason(reason)
    person = await people.get_person(session, member)
    locked = await lock(session, auction_id)
    auction = locked.auction
    if auction.status != Status.OPEN:
        raise AuctionOver(f"The auction of {safe(auction.item_name)} is over: undo its award instead.")
    await refuse_own_interest(session, locked, others)
    theirs = [bid for bid in locked.open_bids if bid.member_id == person.member_id]
    if not theirs:
        raise NothingToVoid(f"{safe(person.display_name)} has no bid on {safe(auction.item_name)} to void.")
    # A leader's plain raise carries the maximum on: with it goes every row that says as much.
    lost = min(theirs, key=lambda bid: bid_of(bid).rank)
    same = [bid for bid in theirs if bid_of(bid).most == bid_of(lost).most]
    await void(session, locked, same, reason, await lock_bidders(session, locked))
    is_sealed = auction.kind != Kind.OPEN
    leader = next(iter(locked.standing), None) if auction.price is not None else None
    return Voided(
        auction_id,
        auction.item_name,
        person.display_name,
        _aloud(auction, lost),
        is_sealed,
        len(locked.standing),
        leader.member_name if leader and not auction.names_hidden else None,
        auction.price,
        auction.ends_at,
        auction.paused_at is not None,
    )


def _aloud(auction: Auction, bid: Bid) -> Decimal | None:
    """What anybody may read of a bid while the auction runs: nothing of an offer or a maximum."""
    return bid.amount if auction.kind == Kind.OPEN and bid.maximum is None else None


async def void(
    session: Session, locked: Locked, lost: Collection[Bid], reason: str, accounts: Mapping[int, Account]
) -> None:
    """Void these bids of a locked auction and tell whose they were, of their best one; see `disappearing.take_out`."""
    auction = locked.auction
    best = {bid.member_id: bid for bid in sorted(lost, key=lambda bid: bid_of(bid).rank, reverse=True)}
    for person in (await members_of(session, best)).values():
        bid = best[person.member_id]
        tell(session, person, f"vd{bid.bid_id}", words.your_bid_voided(auction, bid, reason))
    for bid in lost:
        before: dict[str, Any] = {"item": auction.item_name, "stood": bid.status == "standing"}
        action = "auctions.offer.voided" if auction.kind != Kind.OPEN else "auctions.maximum.voided"
        if (aloud := _aloud(auction, bid)) is not None:
            action, before["price"] = "auctions.bid.voided", aloud
        audit.record(session, action, target_id=auction.auction_id, about=bid.member_id, before=before, reason=reason)
    await take_out(session, locked, lost, accounts, status="voided", reason=reason)


# --- over many auctions: one transaction an auction -----------------------------------------------------------------


async def void_bids_without_right(stage: Stage, guild_id: int, member_id: int | None) -> None:
    """A member (None: anybody) left or may no longer bid: those open bids are voided. Twice is once."""

    async def why(session: Session, locked: Locked, bidder_id: int) -> str | None:
        person = await people.get_member(session, bidder_id)
        return (await rights_lost(session, locked.auction, [person])).get(bidder_id)

    query = _open_bids(guild_id)
    if member_id is not None:
        query = query.where(Bid.member_id == member_id)
    await _void_where(stage, guild_id, query, why)


Holds = Callable[[int | None, int], bool]
"""Whether a user holds a Discord role now."""


async def void_bids_without_role(stage: Stage, guild_id: int, holds: Holds, user_id: int | None = None) -> None:
    """Where only who holds a Discord role bids, the bids of a user (None: of anybody) who does not are voided."""

    async def why(session: Session, locked: Locked, bidder_id: int) -> str | None:
        person, role_id = await people.get_member(session, bidder_id), locked.auction.bidders_role_id
        return None if role_id is None or holds(person.discord_user_id, role_id) else "no longer has the role it takes"

    query = _open_bids(guild_id).where(Auction.bidders == "role")
    if user_id is not None:
        theirs = select(Member.member_id).where(Member.guild_id == guild_id, Member.discord_user_id == user_id)
        query = query.where(Bid.member_id.in_(theirs))
    await _void_where(stage, guild_id, query, why)


def _open_bids(guild_id: int) -> Any:
    return (
        select(Bid.auction_id, Bid.member_id)
        .join(Auction, (Auction.guild_id == Bid.guild_id) & (Auction.auction_id == Bid.auction_id))
        .where(Bid.guild_id == guild_id, Bid.status.in_(LIVE_BIDS), Auction.status == "open")
        .distinct()
        .order_by(Bid.auction_id, Bid.member_id)
    )


async def _void_where(
    stage: Stage, guild_id: int, query: Any, why: Callable[[Session, Locked, int], Awaitable[str | None]]
) -> None:
    async def find(session: Session) -> list[tuple[int, int]]:
        return [(row.auction_id, row.member_id) for row in await session.execute(query)]

    async def work(session: Session, auction_id: int, bidder_id: int) -> None:
        locked = await lock(session, auction_id)
        theirs = [bid for bid in locked.open_bids if bid.member_id == bidder_id]
        if theirs and locked.auction.status == Status.OPEN:
            reason = await why(session, locked, bidder_id)
            if reason is not None:
                await void(session, locked, theirs, reason, await lock_bidders(session, locked))

    itself = Actor.itself(guild_id)
    for found in await stage.run(itself, find):
        await stage.run(itself, lambda session, found=found: work(session, *found))
