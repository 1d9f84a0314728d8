"""Holds: points reserved for an open bid, in the bid's own transaction, on an account the caller has locked."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import delete, select

from bot.stage import Session
from db.tables import Account, Hold


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
    """Give back everything held for an auction, in one statement; `accounts` are locked, everybody's who holds here."""
    gone = await session.execute(
        delete(Hold)
        .where(Hold.guild_id == session.guild_id, Hold.auction_id == auction_id)
        .returning(Hold.member_id, Hold.pool_id, Hold.amount)
    )
    theirs = {(account.pool_id, account.member_id): account for account in accounts}
    for member_id, pool_id, amount in gone.tuples():
        theirs[pool_id, member_id].held -= amount


async def holders(session: Session, auction_id: int) -> list[int]:
    """Members with an open hold in an auction; exact while the auction is locked."""
    query = select(Hold.member_id).where(Hold.guild_id == session.guild_id, Hold.auction_id == auction_id)
    return list((await session.execute(query)).scalars())
