"""How an auction ends: settled when due, closed early, cancelled; and how its end moves."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from bot import audit, due, outbox
from bot.kit.text import safe
from bot.stage import Actor, Session, Stage, use_case
from cogs.auctions.rules import ending as rules
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.resolving import Outcome, resolve_open
from cogs.auctions.rules.standing import LAST_MINUTE
from cogs.auctions.rules.starting import check_duration
from cogs.auctions.rules.terms import Status
from cogs.auctions.service import words
from cogs.auctions.service.interest import Others, refuse_own_interest
from cogs.auctions.service.state import SETTLE, Locked, lock, lock_accounts, members_of, redraw, settle_later
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from cogs.loot import service as loot
from db.tables import Auction, Outage

MOST_PINGED = 60
"""Mentions that fit into one message beside its words."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuctionWon:
    """Told after the commit."""

    guild_id: int
    auction_id: int
    award_id: int
    member_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Ended:
    """What came out; `winner` None: nobody bid."""

    auction_id: int
    item_name: str
    winner: str | None
    amount: Decimal | None


async def settle(session: Session, auction_id: int) -> None:
    """What is due at the end + 1 s: give time back, settle, or come again if the end moved. Twice does nothing."""
    locked = await lock(session, auction_id)
    if locked.auction.status != Status.OPEN:
        return
    if locked.raid is not None and locked.raid.status == "cancelled":
        await cancel_locked(session, locked, _raid_reason(locked.raid.cancel_reason))
        return
    if await give_time_back(session, locked):
        return
    decision = rules.decide_settlement(locked.as_rules(), now=session.now)
    if isinstance(decision, rules.SettleLater):
        await settle_later(session, locked.auction)
    elif isinstance(decision, rules.SettleNow):
        await _end(session, locked)


@use_case("auctions.manage")
async def close(session: Session, auction_id: int, reason: str, others: Others = Others()) -> Ended:
    """End it now. The reason is shown on the card when time was left."""
    reason = check_reason(reason)
    locked = await _lock_open(session, auction_id, others)
    decision = rules.decide_settlement(locked.as_rules(), now=session.now, closes_early=True)
    assert isinstance(decision, rules.SettleNow)
    early = session.now < locked.auction.ends_at
    audit.record(
        session,
        "auctions.closed",
        target_id=auction_id,
        before={"ends_at": locked.auction.ends_at},
        after={"item": locked.auction.item_name},
        reason=reason,
    )
    return await _end(session, locked, early_reason=reason if early else None)


@use_case("auctions.manage")
async def cancel(session: Session, auction_id: int, reason: str, others: Others = Others()) -> Ended:
    """Nobody gets it: holds are released and the bidders told."""
    reason = check_reason(reason)
    locked = await _lock_open(session, auction_id, others)
    await cancel_locked(session, locked, reason)
    return Ended(auction_id, locked.auction.item_name, None, None)


@dataclass(frozen=True, slots=True)
class Extended:
    auction_id: int
    item_name: str
    ends_at: datetime


@use_case("auctions.manage")
async def extend(session: Session, auction_id: int, by: timedelta, others: Others = Others()) -> Extended:
    """Adds time, which is not counted against the anti-snipe limit. Refuses once the end has passed."""
    check_duration(by)
    locked = await _lock_open(session, auction_id, others)
    auction = locked.auction
    if session.received_at >= auction.ends_at:
        raise AuctionOver(f"The bidding on {safe(auction.item_name)} has just ended: start it anew instead.")
    before = auction.ends_at
    auction.ends_at = rules.decide_extension(locked.as_rules(), by)
    await settle_later(session, auction)
    audit.record(
        session,
        "auctions.extended",
        target_id=auction_id,
        before={"ends_at": before},
        after={"item": auction.item_name, "ends_at": auction.ends_at},
    )
    redraw(session, auction)
    return Extended(auction_id, auction.item_name, auction.ends_at)


async def _lock_open(session: Session, auction_id: int, others: Others) -> Locked:
    """Locked for a leader's act: still open, and not a matter of their own bid."""
    locked = await lock(session, auction_id)
    if locked.auction.status != Status.OPEN:
        raise AuctionOver(f"The auction of {safe(locked.auction.item_name)} is over already; nothing changed.")
    if locked.raid is not None and locked.raid.status == "cancelled":  # due work takes it down in a moment
        raise AuctionOver(f"{safe(locked.raid.name)} was cancelled, and {safe(locked.auction.item_name)} with it.")
    await refuse_own_interest(session, locked, others)
    return locked


async def _end(session: Session, locked: Locked, *, early_reason: str | None = None) -> Ended:
    auction = locked.auction
    outcome = _outcome(locked)
    await _shut(session, auction, Status.WON if outcome.wins else Status.NO_BIDS)
    auction.closed_early_reason, auction.trace = early_reason, list(outcome.trace)
    winners = {win.bid.sequence: win for win in outcome.wins}
    for bid in locked.open_bids:
        bid.status = "won" if bid.sequence in winners else "lost"
    if not winners:
        audit.record(
            session, "auctions.ended_without_bids", target_id=auction.auction_id, after={"item": auction.item_name}
        )
        return Ended(auction.auction_id, auction.item_name, None, None)
    accounts = await lock_accounts(session, locked)
    for account in accounts.values():
        await ledger.release(session, account, auction.auction_id)
    people = await members_of(session, [win.bid.member_id for win in outcome.wins])
    held = {(auction.pool_id, member_id): account for member_id, account in accounts.items()}
    for bid in [bid for bid in locked.bids if bid.sequence in winners]:
        winner, price = people[bid.member_id], winners[bid.sequence].price
        new_award = loot.NewAward(
            item_name=auction.item_name,
            pool_id=auction.pool_id,
            cost=price,
            how="auction",
            raid_id=auction.raid_id,
            auction_id=auction.auction_id,
            character=ledger.Snapshot(bid.character_name, bid.character_class, bid.character_level),
        )
        award = await loot.record_award(session, new_award, winner, held)
        loot.announce(session, award, winner, auction.channel_id)
        audit.record(
            session,
            "auctions.won",
            target_id=auction.auction_id,
            about=winner.member_id,
            after={"item": auction.item_name, "price": price},
        )
        session.tell(AuctionWon(session.guild_id, auction.auction_id, award.award_id, winner.member_id, price))
    first = outcome.wins[0]
    return Ended(auction.auction_id, auction.item_name, people[first.bid.member_id].display_name, first.price)


def _outcome(locked: Locked) -> Outcome:
    return resolve_open(locked.as_rules(), len({bid.member_id for bid in locked.open_bids}))


async def cancel_locked(session: Session, locked: Locked, reason: str) -> None:
    """Cancel an open auction that is locked, whoever or whatever cancels it."""
    auction = locked.auction
    bidders = {bid.member_id for bid in locked.open_bids}
    for bid in locked.open_bids:
        bid.status = "cancelled"
    accounts = await lock_accounts(session, locked)
    for account in accounts.values():
        await ledger.release(session, account, auction.auction_id)
    await _shut(session, auction, Status.CANCELLED)
    auction.cancel_reason = reason
    people = await members_of(session, bidders)
    told = [person.discord_user_id for person in people.values() if person.discord_user_id and not person.left_at]
    pinged = sorted(told)[:MOST_PINGED]
    outbox.send(
        session,
        f"nosale{auction.auction_id}",
        words.cancelled(auction, reason, pinged),
        channel_id=auction.channel_id,
        mention=pinged,
    )
    after = {"item": auction.item_name}
    audit.record(session, "auctions.cancelled", target_id=auction.auction_id, after=after, reason=reason)


async def _shut(session: Session, auction: Auction, status: Status) -> None:
    auction.status, auction.closed_at = str(status), session.now
    await due.cancel(session, SETTLE, auction.auction_id)
    redraw(session, auction)


async def give_time_back(session: Session, locked: Locked) -> bool:
    """Down at the end: bidding goes on until ready + 60 s, once, and it says so. Whether it did."""
    auction = locked.auction
    last_minute_at = auction.ends_at - LAST_MINUTE
    query = select(Outage).where(Outage.ended_at > last_minute_at, Outage.started_at < auction.ends_at)
    outages = [rules.Outage(row.started_at, row.ended_at) for row in (await session.execute(query)).scalars()]
    new_end = rules.decide_time_back(locked.as_rules(), outages)
    if new_end is None or new_end <= session.now:
        return False
    before = auction.ends_at
    auction.ends_at, auction.time_given_back_at = new_end, session.now
    await settle_later(session, auction)
    outbox.send(session, f"back{auction.auction_id}", words.time_given_back(auction), channel_id=auction.channel_id)
    audit.record(
        session,
        "auctions.time_given_back",
        target_id=auction.auction_id,
        before={"ends_at": before},
        after={"item": auction.item_name, "ends_at": new_end},
    )
    redraw(session, auction)
    return True


# --- over many auctions: one transaction an auction -----------------------------------------------------------------


async def after_outage(stage: Stage, _: datetime, ready_at: datetime) -> None:
    """Give back the time of every open auction the outage touched. One guild's trouble stops no other."""

    async def look(session: Session, auction_id: int) -> None:
        await give_time_back(session, await lock(session, auction_id))

    for guild_id, auction_id in await stage.db.auctions_ending_across(ready_at + LAST_MINUTE):
        try:
            await stage.run(Actor.itself(guild_id), lambda session, number=auction_id: look(session, number))
        except Exception:
            _log.exception("auction %s of guild %s got no time back; settling looks again", auction_id, guild_id)


def _raid_reason(reason: str | None) -> str:
    return f"its raid was cancelled ({reason})" if reason else "its raid was cancelled"


async def cancel_auctions_of_raid(stage: Stage, guild_id: int, raid_id: int, reason: str) -> None:
    """The raid was cancelled: so are its open auctions. Twice does nothing."""

    async def find(session: Session) -> list[int]:
        query = (
            select(Auction.auction_id)
            .where(Auction.guild_id == session.guild_id, Auction.raid_id == raid_id, Auction.status == "open")
            .order_by(Auction.auction_id)
        )
        return list((await session.execute(query)).scalars())

    async def work(session: Session, auction_id: int) -> None:
        locked = await lock(session, auction_id)
        if locked.auction.status == Status.OPEN and locked.raid is not None and locked.raid.status == "cancelled":
            await cancel_locked(session, locked, _raid_reason(reason))

    itself = Actor.itself(guild_id)
    for auction_id in await stage.run(itself, find):
        await stage.run(itself, lambda session, number=auction_id: work(session, number))
