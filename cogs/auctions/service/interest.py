"""Own interest: who has an open bid does not decide over it while another could."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from bot import permissions
from bot.kit.text import safe
from bot.stage import Session
from cogs.auctions.rules.bidding import AuctionOver, OwnInterest, is_own_interest
from cogs.auctions.rules.terms import Status
from cogs.auctions.service.state import Locked, lock
from db.tables import Member

RIGHT = "auctions.manage"


@dataclass(frozen=True, slots=True)
class Others:
    """The people in the server as Discord knows them now: what the roster alone cannot say."""

    managers: frozenset[int] = frozenset()
    """Users who may Manage Server."""
    holders: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """Users by Discord role."""


async def lock_for_leader(session: Session, auction_id: int, others: Others) -> Locked:
    """Locked for a leader's act: still open, and not a matter of their own bid."""
    locked = await lock(session, auction_id)
    if locked.auction.status != Status.OPEN:
        raise AuctionOver(f"The auction of {safe(locked.auction.item_name)} is over already; nothing changed.")
    if locked.raid is not None and locked.raid.status == "cancelled":  # due work takes it down in a moment
        raise AuctionOver(f"{safe(locked.raid.name)} was cancelled, and {safe(locked.auction.item_name)} with it.")
    await refuse_own_interest(session, locked, others)
    return locked


async def refuse_own_interest(session: Session, locked: Locked, others: Others) -> None:
    """Refuses `OwnInterest` when the actor has an open bid here and somebody else may act in their place."""
    me = session.me
    has_open_bid = me is not None and any(bid.member_id == me.member_id for bid in locked.open_bids)
    if has_open_bid and is_own_interest(has_open_bid=True, another_has_right=await _another(session, others)):
        raise OwnInterest(
            f"You have a bid on {safe(locked.auction.item_name)} yourself: ask another raid leader or officer to do it."
        )


async def _another(session: Session, others: Others) -> bool:
    query = select(Member.discord_user_id, Member.role_group).where(
        Member.guild_id == session.guild_id, Member.left_at.is_(None), Member.discord_user_id.is_not(None)
    )
    groups = {row.discord_user_id: row.role_group for row in await session.execute(query)}
    granted = set(session.grants.get(RIGHT, ()))
    for user_id in groups.keys() | others.managers | frozenset().union(*others.holders.values()):
        holds = frozenset(role for role, users in others.holders.items() if user_id in users)
        standings = permissions.standings(
            role_group=groups.get(user_id),
            role_ids=holds,
            manage_guild=user_id in others.managers,
            mapping=session.mapping,
        )
        may = permissions.allowed(RIGHT, standings) or not granted.isdisjoint(holds)
        if may and user_id != session.actor.user_id:
            return True
    return False
