"""What must always be true of accounts, for `doctor`."""

from sqlalchemy import case, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from bot.kit.text import points
from bot.stage import Session
from db.tables import Account, Auction, Hold, LedgerEntry


async def imbalances(session: Session) -> list[str]:
    """Accounts that are not the sum of their entries and open holds.

    Of a balance it says by how much; of what is held never, because where a hold is missing that is its amount.
    """
    entries = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id, func.sum(LedgerEntry.amount).label("total"))
        .where(LedgerEntry.guild_id == session.guild_id)
        .group_by(LedgerEntry.pool_id, LedgerEntry.member_id)
        .subquery()
    )
    holds = (
        select(
            Hold.pool_id,
            Hold.member_id,
            func.sum(case((Auction.status == "open", Hold.amount), else_=0)).label("total"),
            func.array_agg(aggregate_order_by(Hold.auction_id, Hold.auction_id)).label("auctions"),
        )
        .join(Auction, (Auction.guild_id == Hold.guild_id) & (Auction.auction_id == Hold.auction_id))
        .where(Hold.guild_id == session.guild_id)
        .group_by(Hold.pool_id, Hold.member_id)
        .subquery()
    )
    accounts = select(Account).where(Account.guild_id == session.guild_id).subquery()
    member_id = func.coalesce(accounts.c.member_id, entries.c.member_id, holds.c.member_id)
    off_balance = func.coalesce(accounts.c.balance, 0) - func.coalesce(entries.c.total, 0)
    off_held = func.coalesce(accounts.c.held, 0) - func.coalesce(holds.c.total, 0)
    query = (
        select(member_id, off_balance, off_held != 0, holds.c.auctions)
        .select_from(accounts)
        .join(
            entries,
            (entries.c.pool_id == accounts.c.pool_id) & (entries.c.member_id == accounts.c.member_id),
            full=True,
        )
        .join(holds, (holds.c.pool_id == accounts.c.pool_id) & (holds.c.member_id == accounts.c.member_id), full=True)
        .where(or_(off_balance != 0, off_held != 0))
        .order_by(member_id)
    )
    wrong = []
    for member, balance, held, auctions in await session.execute(query):
        if balance:
            wrong.append(f"member {member}: the balance is off by {points(balance)} from the sum of its entries")
        if held:
            on = f"holds for auction {' and '.join(map(str, auctions))}" if auctions else "there is none"
            wrong.append(f"member {member}: what is held is not the sum of the open holds ({on})")
    return wrong
