"""Its time is over, or a leader closes it: who won, awards, holds released."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot import audit, due, people
from bot.stage import Session, use_case
from cogs.auctions.rules import ending as rules
from cogs.auctions.rules.resolving import Outcome, Win, resolve, resolve_open
from cogs.auctions.rules.terms import Kind, Status, Tie
from cogs.auctions.service.ending.cancelling import cancel_locked, raid_reason
from cogs.auctions.service.ending.moving import give_time_back
from cogs.auctions.service.ending.shutting import shut
from cogs.auctions.service.facts import facts_of
from cogs.auctions.service.interest import Others, lock_for_leader
from cogs.auctions.service.nights import already_won, won_tonight
from cogs.auctions.service.notices import tell_won
from cogs.auctions.service.state import Locked, lock, members_of, settle_later
from cogs.auctions.service.voiding import void
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from cogs.loot import service as loot
from db.tables import LIVE_BIDS, Account, Auction, Bid, Member


@dataclass(frozen=True, slots=True)
class AuctionWon:
    """Told after the commit, one a winner."""

    guild_id: int
    auction_id: int
    award_id: int
    member_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Won:
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Ended:
    """What came out; without `wins` nobody bid."""

    auction_id: int
    item_name: str
    wins: tuple[Won, ...]


async def settle(session: Session, auction_id: int) -> None:
    """What is due at the end + 1 s: give time back, settle, or come again if the end moved. Twice does nothing."""
    locked = await lock(session, auction_id)
    auction = locked.auction
    if auction.status != Status.OPEN:
        return
    if locked.raid is not None and locked.raid.status == "cancelled":
        await cancel_locked(session, locked, raid_reason(locked.raid.cancel_reason))
        return
    if await give_time_back(session, locked):
        return
    decision = rules.decide_settlement(locked.as_rules(), now=session.now)
    if isinstance(decision, rules.SettleLater):
        await settle_later(session, auction)
    elif isinstance(decision, rules.SettleNow):
        accounts, ends_at = await _lock_accounts(session, locked), auction.ends_at
        await _pass_over(session, locked, accounts)
        if auction.ends_at == ends_at:  # else who led won elsewhere, and there is a minute to answer who leads now
            await _end(session, locked, accounts)


@use_case("auctions.manage")
async def close(session: Session, auction_id: int, reason: str, others: Others = Others()) -> Ended:
    """End it now. The reason is shown on the card when time was left."""
    reason = check_reason(reason)
    locked = await lock_for_leader(session, auction_id, others)
    auction = locked.auction
    early = rules.time_left(locked.as_rules(), session.now).total_seconds() > 0
    audit.record(
        session,
        "auctions.closed",
        target_id=auction_id,
        before={"ends_at": auction.ends_at},
        after={"item": auction.item_name},
        reason=reason,
    )
    accounts = await _lock_accounts(session, locked)
    await _pass_over(session, locked, accounts)  # who stands then gets it at once: that is what closing means
    return await _end(session, locked, accounts, early_reason=reason if early else None)


async def _lock_accounts(session: Session, locked: Locked) -> dict[int, Account]:
    """Of everybody who stands, by member, in one statement.

    With one win a night of everybody who may stand yet, and their accounts in other pools too: whoever settles
    another auction of theirs locks one of these, so of two at once the second sees the first one's award.
    """
    auction = locked.auction
    bidders = {bid.member_id for bid in (locked.open_bids if auction.one_win else locked.standing)}
    keys = {(auction.pool_id, member_id) for member_id in bidders}
    if auction.one_win:
        theirs = select(Account.pool_id, Account.member_id).where(
            Account.guild_id == session.guild_id, Account.member_id == ledger.ids_array(bidders)
        )
        keys |= {(row.pool_id, row.member_id) for row in await session.execute(theirs)}
    accounts = await ledger.lock_accounts(session, keys)
    return {member_id: account for (pool_id, member_id), account in accounts.items() if pool_id == auction.pool_id}


async def _pass_over(session: Session, locked: Locked, accounts: dict[int, Account]) -> None:
    """One win a night: the bids of who won elsewhere meanwhile are voided, and who stands then is decided anew."""
    if not locked.auction.one_win:
        return
    won = await won_tonight(session, locked.auction.raid_id, list(accounts))
    for member_id, item in won.items():
        theirs = [bid for bid in locked.open_bids if bid.member_id == member_id]
        await void(session, locked, theirs, already_won(item), accounts)


async def _end(
    session: Session, locked: Locked, accounts: dict[int, Account], *, early_reason: str | None = None
) -> Ended:
    auction = locked.auction
    outcome = await _resolve(session, locked, accounts)
    auction.closed_early_reason, auction.trace = early_reason, list(outcome.trace)
    wins = {win.bid.sequence: win for win in outcome.wins}
    for bid in locked.open_bids:
        bid.status = "won" if bid.sequence in wins else "lost"
    await ledger.release_all(session, accounts.values(), auction.auction_id)
    if wins:
        await _award(session, locked, outcome.wins, accounts)
    else:
        after = {"item": auction.item_name}
        audit.record(session, "auctions.ended_without_bids", target_id=auction.auction_id, after=after)
    await shut(session, auction, Status.WON if wins else Status.NO_BIDS)
    names = {bid.sequence: bid.member_name for bid in locked.bids}
    return Ended(
        auction.auction_id,
        auction.item_name,
        tuple(Won(names[win.bid.sequence], win.price) for win in outcome.wins),
    )


async def _resolve(session: Session, locked: Locked, accounts: Mapping[int, Account]) -> Outcome:
    auction = locked.as_rules()
    if not auction.terms.kind.is_sealed:
        return resolve_open(auction, len({bid.member_id for bid in locked.open_bids}))
    seed = 0
    if Tie.ROLL in auction.terms.ties:
        seed = locked.auction.roll_seed = secrets.randbits(62)
    return resolve(auction.terms, auction.standing, await facts_of(session, auction.terms, accounts), seed)


async def _award(session: Session, locked: Locked, wins: tuple[Win, ...], by_member: Mapping[int, Account]) -> None:
    """One award a winner, each with its entry. A batch has one summary, so its auctions are not announced."""
    auction = locked.auction
    rows = {bid.sequence: bid for bid in locked.bids}
    winners = await members_of(session, [win.bid.member_id for win in wins])
    accounts = {(auction.pool_id, member_id): account for member_id, account in by_member.items()}
    for win in wins:
        winner = winners[win.bid.member_id]
        award = await loot.record_award(
            session, _new_award(auction, rows[win.bid.sequence], win.price), winner, accounts
        )
        if auction.auction_batch_id is None:
            why = " ".join(auction.trace or ()) if auction.kind != Kind.OPEN else None
            loot.announce(session, award, winner, auction.channel_id, why=why)
        tell_won(session, auction, winner, win.price)
        audit.record(
            session,
            "auctions.won",
            target_id=auction.auction_id,
            about=winner.member_id,
            after={"item": auction.item_name, "price": win.price},
        )
        session.tell(AuctionWon(session.guild_id, auction.auction_id, award.award_id, winner.member_id, win.price))
    await _look_elsewhere(session, winners.values())


def _new_award(auction: Auction, bid: Bid, price: Decimal) -> loot.NewAward:
    return loot.NewAward(
        item_name=auction.item_name,
        pool_id=auction.pool_id,
        cost=price,
        how="auction",
        raid_id=auction.raid_id,
        auction_id=auction.auction_id,
        character=ledger.Snapshot(bid.character_name, bid.character_class, bid.character_level),
    )


async def _look_elsewhere(session: Session, winners: Collection[Member]) -> None:
    """Who won has no more right to bid where one win a night is the rule: due work voids those bids."""
    query = (
        select(Bid.member_id)
        .join(Auction, (Auction.guild_id == Bid.guild_id) & (Auction.auction_id == Bid.auction_id))
        .where(
            Bid.guild_id == session.guild_id,
            Bid.member_id == ledger.ids_array([winner.member_id for winner in winners]),
            Bid.status.in_(LIVE_BIDS),
            Auction.status == "open",
            Auction.one_win,
        )
        .distinct()
        .order_by(Bid.member_id)
    )
    for member_id in (await session.execute(query)).scalars():
        await due.schedule(session, people.RIGHTS_CHANGED, member_id, session.now)
