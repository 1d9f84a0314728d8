"""Holds: points reserved for an open bid, in the bid's own transaction, on an account the caller has locked.

A hold is its owner's secret. What others may come to know of it, by whatever they are shown or can reckon, is what
the boards show anyway: `ON_A_BOARD` says of whom, `PUBLIC_PART` how much.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, select

from bot.stage import Session
from cogs.dkp.service.ledger.posting import ids_array
from db.tables import Account, Auction, Hold

ON_A_BOARD: Final[ColumnElement[bool]] = (Auction.kind == "open") & Auction.names_hidden.is_(False)
"""Whether everybody can read who holds in an auction: not who made a sealed offer, nor where names are hidden."""
PUBLIC_PART: Final[ColumnElement[Decimal]] = case(
    (~ON_A_BOARD, 0),
    (Auction.quantity == 1, func.least(Hold.amount, func.coalesce(Auction.price, 0))),
    else_=Hold.amount,
)
"""What everybody can read off the board of a hold joined with its auction.

One copy: where it stands, never how far the leader's maximum goes. Several copies: the bid. Sealed offers, and bids
under hidden names: nothing.
"""


async def hold(session: Session, account: Account, auction_id: int, amount: Decimal) -> None:
    """Reserve exactly `amount` of a locked account for an auction, replacing what it held there."""
    await release(session, account, auction_id)
    session.add(
        Hold(
            guild_id=session.guild_id,
            auction_id=auction_id,
            member_id=account.member_id,
            pool_id=account.pool_id,
            amount=amount,
            placed_at=session.now,
        )
    )
    account.held += amount


async def release(session: Session, account: Account, auction_id: int) -> Decimal:
    """Give back what a locked account holds for an auction; returns how much that was."""
    gone = await session.execute(
        delete(Hold)
        .where(
            Hold.guild_id == session.guild_id,
            Hold.auction_id == auction_id,
            Hold.member_id == account.member_id,
        )
        .returning(Hold.amount)
    )
    amount = gone.scalar_one_or_none() or Decimal(0)
    account.held -= amount
    return amount


async def release_all(session: Session, accounts: Iterable[Account], auction_id: int) -> None:
    """Give back what these locked accounts of one pool hold for an auction, in one statement."""
    by_member = {account.member_id: account for account in accounts}
    gone = await session.execute(
        delete(Hold)
        .where(
            Hold.guild_id == session.guild_id,
            Hold.auction_id == auction_id,
            Hold.member_id == ids_array(by_member),
        )
        .returning(Hold.member_id, Hold.amount)
    )
    for member_id, amount in gone.tuples():
        by_member[member_id].held -= amount


async def holders(session: Session, auction_id: int) -> list[int]:
    """Members with an open hold in an auction; exact while the auction is locked."""
    query = select(Hold.member_id).where(Hold.guild_id == session.guild_id, Hold.auction_id == auction_id)
    return list((await session.execute(query)).scalars())


async def publicly_held(session: Session, pool_id: int) -> dict[int, Decimal]:
    """What everybody can read that people hold in a pool; exact while its accounts are locked, as bids lock them."""
    query = (
        select(Hold.member_id, func.sum(PUBLIC_PART))
        .join(Auction, (Auction.guild_id == Hold.guild_id) & (Auction.auction_id == Hold.auction_id))
        .where(Hold.guild_id == session.guild_id, Hold.pool_id == pool_id)
        .group_by(Hold.member_id)
    )
    return dict((await session.execute(query)).tuples().all())
