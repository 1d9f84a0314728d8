"""A bid is taken out: by a leader, or because its owner left. One function finds who stands then."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot import audit, outbox, people, permissions
from bot.kit.text import safe
from bot.stage import Actor, Session, Stage, use_case
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.bidding import AuctionOver, decide_who_may_bid
from cogs.auctions.rules.standing import NothingToVoid, decide_standing_after
from cogs.auctions.rules.terms import Bidders, Status
from cogs.auctions.service import words
from cogs.auctions.service.interest import Others, refuse_own_interest
from cogs.auctions.service.state import Locked, bid_of, lock, lock_accounts, members_of, redraw, settle_later
from cogs.auctions.service.statements import IN_RAID
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from db.tables import Account, Auction, Bid, Member


@dataclass(frozen=True, slots=True)
class Voided:
    """What was taken out and who leads now; `leader` None: back to the minimum."""

    auction_id: int
    item_name: str
    member_name: str
    amount: Decimal
    leader: str | None
    price: Decimal | None
    ends_at: datetime


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
    lost = max(theirs, key=lambda bid: (bid.amount, -bid.sequence))
    await _take_out(session, locked, [lost], reason)
    leader = next(iter(locked.standing), None)
    return Voided(
        auction_id,
        auction.item_name,
        person.display_name,
        lost.amount,
        leader.member_name if leader else None,
        leader.amount if leader else None,
        auction.ends_at,
    )


async def _take_out(session: Session, locked: Locked, lost: list[Bid], reason: str) -> None:
    """Void these bids; where one that stood is among them, the best of the rest that can be held now stands."""
    auction, before = locked.auction, locked.as_rules()
    # Whoever bid here may be held again: all of them are locked, in one statement.
    accounts = await lock_accounts(session, locked, {bid.member_id for bid in locked.open_bids})
    persons = await members_of(session, accounts)
    for bid in lost:
        stood = bid.status == "standing"
        if stood:
            await ledger.release(session, accounts[bid.member_id], auction.auction_id)
        bid.status, bid.voided_reason = "voided", reason
        _tell(session, persons[bid.member_id], f"vd{bid.bid_id}", words.your_bid_voided(auction, bid.amount, reason))
        audit.record(
            session,
            "auctions.bid.voided",
            target_id=auction.auction_id,
            about=bid.member_id,
            before={"item": auction.item_name, "price": bid.amount, "stood": stood},
            reason=reason,
        )
    redraw(session, auction)
    await _stand_again(session, locked, before, lost, accounts, persons)


async def _stand_again(
    session: Session,
    locked: Locked,
    before: rules.Auction,
    lost: list[Bid],
    accounts: dict[int, Account],
    persons: dict[int, Member],
) -> None:
    """Hold the next anew in the same transaction. The skipped are told."""
    auction = locked.auction
    live = [bid_of(bid) for bid in locked.open_bids]
    purses = {
        member_id: locked.purse(account)
        for member_id, account in accounts.items()
        if await _right_lost(session, auction, persons[member_id]) is None
    }
    after = decide_standing_after(before, {bid.sequence for bid in lost}, live, purses, now=session.now)
    auction.price = after.auction.price
    if after.auction.ends_at != auction.ends_at:
        auction.ends_at = after.auction.ends_at
        await settle_later(session, auction)
    by_sequence = {bid.sequence: bid for bid in locked.bids}
    told: set[int] = set()
    for stands in after.again:
        by_sequence[stands.sequence].status = "standing"
        await ledger.hold(session, accounts[stands.member_id], auction.auction_id, stands.most)
        text = words.you_stand_again(auction, after.auction.price or stands.amount)
        _tell(session, persons[stands.member_id], f"st{lost[0].bid_id}", text)
        told.add(stands.member_id)
    for skipped in after.skipped:
        if skipped.member_id not in told:
            text = words.you_were_skipped(auction, skipped.most)
            key = f"sk{lost[0].bid_id}x{by_sequence[skipped.sequence].bid_id}"
            _tell(session, persons[skipped.member_id], key, text)
            told.add(skipped.member_id)


def _tell(session: Session, person: Member, key: str, text: str) -> None:
    """Privately, to who is still here and has a Discord account."""
    if person.discord_user_id is not None and person.left_at is None:
        outbox.send(session, key, text, user_id=person.discord_user_id)


async def void_bids_without_right(stage: Stage, guild_id: int, member_id: int | None) -> None:
    """A member (None: anybody) left or may no longer bid: those open bids are voided, a transaction an auction each.

    Twice is once.
    """

    async def find(session: Session) -> list[tuple[int, int]]:
        query = (
            select(Bid.auction_id, Bid.member_id)
            .join(Auction, (Auction.guild_id == Bid.guild_id) & (Auction.auction_id == Bid.auction_id))
            .where(Bid.guild_id == session.guild_id, Bid.status.in_(("standing", "outbid")), Auction.status == "open")
            .distinct()
            .order_by(Bid.auction_id, Bid.member_id)
        )
        if member_id is not None:
            query = query.where(Bid.member_id == member_id)
        return [(row.auction_id, row.member_id) for row in await session.execute(query)]

    async def work(session: Session, auction_id: int, bidder_id: int) -> None:
        locked = await lock(session, auction_id)
        theirs = [bid for bid in locked.open_bids if bid.member_id == bidder_id]
        if theirs and locked.auction.status == Status.OPEN:
            why = await _right_lost(session, locked.auction, await people.get_member(session, bidder_id))
            if why is not None:
                await _take_out(session, locked, theirs, why)

    itself = Actor.itself(guild_id)
    for found in await stage.run(itself, find):
        await stage.run(itself, lambda session, found=found: work(session, *found))


async def _right_lost(session: Session, auction: Auction, member: Member) -> str | None:
    """Why somebody may no longer bid in this auction; None when they may."""
    if member.left_at is not None:
        return "left the server"
    # Where a role was given the right to bid, their group does not tell: only Discord knows who holds the role.
    by_group = permissions.allowed("auctions.bid", frozenset({member.role_group}))
    if "member" in session.mapping and not by_group and not session.grants.get("auctions.bid"):
        return f"no right to bid as {member.role_group}"
    here = {"this_guild": session.guild_id, "this_auction": auction.auction_id, "me": member.member_id}
    in_raid = (await session.execute(IN_RAID, here)).scalar_one()
    if decide_who_may_bid(Bidders(auction.bidders), in_raid=in_raid) is not None:
        return "no longer at the raid"
    return None
