"""An auction under its lock, and as the rules see it. The lock order is `cogs.dkp.service.ledger`'s."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot import due
from bot.refusals import NotFound
from bot.stage import Session
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import SETTLE_AFTER
from cogs.auctions.rules.terms import Kind, Pay, Retract, Status, Terms, Tie, Tier
from cogs.auctions.rules.typed import read_steps
from cogs.dkp.rules import Purse
from cogs.dkp.service import ledger
from cogs.raids.service.lookups import lock_raid
from db.tables import LIVE_BIDS, Account, Auction, Bid, Member, Pool, Raid

SETTLE = "auction.settle"
"""The kind of due work that ends an auction; its key is the auction."""


@dataclass
class Locked:
    """An auction whose row this transaction holds; nobody else changes it, its bids or its holds meanwhile."""

    auction: Auction
    pool: Pool
    raid: Raid | None
    bids: list[Bid]
    """Accepted ones, those taken out included, in the order of locks."""

    @property
    def standing(self) -> list[Bid]:
        """What is held, best first."""
        return sorted((bid for bid in self.bids if bid.status == "standing"), key=lambda bid: bid_of(bid).rank)

    @property
    def open_bids(self) -> list[Bid]:
        """What stands, and in open forms what may stand again."""
        return [bid for bid in self.bids if bid.status in LIVE_BIDS]

    def as_rules(self) -> rules.Auction:
        auction = self.auction
        return rules.Auction(
            terms=terms_of(auction, self.pool.decimals),
            ends_at=auction.ends_at,
            status=Status(auction.status),
            standing=tuple(map(bid_of, self.standing)),
            price=auction.price,
            extensions=auction.snipe_moves,
            time_given_back=auction.time_given_back_at is not None,
            paused_at=auction.paused_at,
        )

    def purse(self, account: Account) -> Purse:
        return Purse(account.balance, account.held, floor_of(self.auction, self.pool.floor))


def floor_of(auction: Any, pool_floor: Decimal) -> Decimal:
    """What must be left after a bid: the pool's floor, or more where the auction asks for more."""
    return pool_floor if auction.floor is None else max(pool_floor, auction.floor)


def terms_of(auction: Any, decimals: int) -> Terms:
    """From an auction's row, or any row that has its columns."""
    return Terms(
        kind=Kind(auction.kind),
        quantity=auction.quantity,
        minimum=auction.minimum,
        increment=auction.increment,
        steps=read_steps(auction.steps),
        decimals=decimals,
        ties=tuple(map(Tie, auction.ties.split())),
        copies_pay=Pay(auction.copies_pay),
        retract=Retract(auction.retract),
        snipe_window=timedelta(seconds=auction.snipe_window_seconds),
        snipe_extension=timedelta(seconds=auction.snipe_extension_seconds),
        snipe_limit=auction.snipe_limit,
    )


def bid_of(bid: Any) -> rules.Bid:
    """From a bid's row, or any row that has its columns."""
    return rules.Bid(bid.sequence, bid.member_id, bid.amount, bid.maximum, Tier(bid.tier))


async def get_auction(session: Session, auction_id: int) -> Auction:
    auction = await session.get(Auction, (session.guild_id, auction_id), populate_existing=True)
    if auction is None:
        raise NotFound("There is no such auction here.")
    return auction


async def lock(session: Session, auction_id: int) -> Locked:
    """The raid (shared: a cancelled one must not be awarded in), then the auction; accounts come after both.

    The raid of an auction never changes, so it is looked up before anything is locked.
    """
    auction = await get_auction(session, auction_id)
    raid = await lock_raid(session, auction.raid_id, shared=True) if auction.raid_id is not None else None
    query = select(Auction).where(Auction.guild_id == session.guild_id, Auction.auction_id == auction_id)
    auction = (await session.execute(query.with_for_update().execution_options(populate_existing=True))).scalar_one()
    pool = await session.get(Pool, (session.guild_id, auction.pool_id))
    assert pool is not None
    bids = (
        select(Bid)
        .where(Bid.guild_id == session.guild_id, Bid.auction_id == auction_id, Bid.status != "refused")
        .order_by(Bid.sequence)
        .execution_options(populate_existing=True)
    )
    return Locked(auction, pool, raid, list((await session.execute(bids)).scalars()))


async def lock_accounts(session: Session, locked: Locked, more: Iterable[int] = ()) -> dict[int, Account]:
    """Every account this auction holds points of, and those of `more` members, in one statement; by member."""
    pool_id = locked.auction.pool_id
    members = {*await ledger.holders(session, locked.auction.auction_id), *more}
    accounts = await ledger.lock_accounts(session, {(pool_id, member_id) for member_id in members})
    return {member_id: account for (_, member_id), account in accounts.items()}


async def settle_later(session: Session, auction: Auction) -> None:
    """Due work follows the end wherever it moves; a paused auction has none."""
    if auction.paused_at is None:
        await due.schedule(session, SETTLE, auction.auction_id, auction.ends_at + SETTLE_AFTER)


async def members_of(session: Session, member_ids: Iterable[int]) -> dict[int, Member]:
    query = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(set(member_ids)))
    return {member.member_id: member for member in (await session.execute(query)).scalars()}


def redraw(session: Session, auction: Any) -> None:
    """Its card, or the overview of its batch, no longer shows the truth."""
    if auction.auction_batch_id is not None:
        session.redraw("auction_batch", auction.auction_batch_id)
    else:
        session.redraw("auction", auction.auction_id)
