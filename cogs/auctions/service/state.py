"""An auction under its lock, and as the rules see it. The lock order is `cogs.dkp.service.ledger`'s."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot import due
from bot.refusals import NotFound
from bot.stage import Session
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import SETTLE_AFTER
from cogs.dkp.service import ledger
from cogs.raids.service.lookups import lock_raid
from db.tables import Account, Auction, Bid, Member, Pool, Raid

SETTLE = "auction.settle"
"""The kind of due work that ends an auction; its key is the auction."""


@dataclass
class Locked:
    """An auction whose row this transaction holds; nobody else changes it, its bids or its holds meanwhile."""

    auction: Auction
    pool: Pool
    raid: Raid | None
    bids: list[Bid]
    """Accepted ones, voided included, in the order of locks."""

    @property
    def standing(self) -> Bid | None:
        return next((bid for bid in self.bids if bid.status == "standing"), None)

    @property
    def open_bids(self) -> list[Bid]:
        return [bid for bid in self.bids if bid.status in ("standing", "outbid")]

    def as_rules(self) -> rules.Auction:
        standing = self.standing
        return rules.Auction(
            terms=terms_of(self.auction, self.pool.decimals),
            ends_at=self.auction.ends_at,
            status=rules.Status(self.auction.status),
            standing=None if standing is None else bid_of(standing),
            extensions=self.auction.snipe_moves,
            time_given_back=self.auction.time_given_back_at is not None,
        )


def terms_of(auction: Any, decimals: int) -> rules.Terms:
    """From an auction's row, or any row that has its columns."""
    return rules.Terms(
        minimum=auction.minimum,
        increment=auction.increment,
        decimals=decimals,
        snipe_window=timedelta(seconds=auction.snipe_window_seconds),
        snipe_extension=timedelta(seconds=auction.snipe_extension_seconds),
        snipe_limit=auction.snipe_limit,
    )


def bid_of(bid: Bid) -> rules.Bid:
    return rules.Bid(bid.sequence, bid.member_id, bid.amount, voided=bid.status == "voided")


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
    """Due work follows the end wherever it moves."""
    await due.schedule(session, SETTLE, auction.auction_id, auction.ends_at + SETTLE_AFTER)


async def members_of(session: Session, member_ids: Iterable[int]) -> dict[int, Member]:
    query = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(set(member_ids)))
    return {member.member_id: member for member in (await session.execute(query)).scalars()}
