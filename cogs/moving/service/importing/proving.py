"""Before the commit: what stands in the database is what the file claims, pool by pool, account by account."""

from decimal import Decimal

from sqlalchemy import func, select

from bot.stage import Session
from cogs.moving.rules.document import ZERO, Document
from db.tables import Account, Award, LedgerEntry, Pool

_EARNED = ("attendance", "bonus")


class TotalsDiffer(Exception):
    """A defect of ours: the transaction must not be committed."""


async def prove(session: Session, document: Document, pools: dict[str, Pool], import_id: int) -> None:
    claimed: dict[int, list[Decimal]] = {}
    for key, pool in pools.items():
        totals = document.totals[key]
        sums = claimed.setdefault(pool.pool_id, [ZERO, ZERO, ZERO, ZERO])
        for place, amount in enumerate((totals.earned, totals.spent, totals.adjusted, totals.balance)):
            sums[place] += amount
    entry = LedgerEntry
    of_import = (entry.guild_id == session.guild_id, entry.source == "import", entry.source_id == import_id)
    earned = func.coalesce(func.sum(entry.amount).filter(entry.kind.in_(_EARNED)), 0)
    spent = -func.coalesce(func.sum(entry.amount).filter(entry.kind == "loot"), 0)
    total = func.sum(entry.amount)
    query = (
        select(entry.pool_id, earned, spent, total - earned + spent, total, func.count())
        .where(*of_import)
        .group_by(entry.pool_id)
    )
    written = {row[0]: row for row in await session.execute(query)}
    for pool_id, sums in claimed.items():
        found = list(written[pool_id][1:5]) if pool_id in written else [ZERO] * 4
        if found != sums:
            raise TotalsDiffer(f"pool {pool_id}: the file claims {sums}, written was {found}")
    if sum(row[5] for row in written.values()) != len(document.entries):
        raise TotalsDiffer("entries are missing")
    awards = select(func.count()).where(Award.guild_id == session.guild_id, Award.data_import_id == import_id)
    if (await session.execute(awards)).scalar_one() != len(document.awards):
        raise TotalsDiffer("items are missing")
    await _prove_accounts(session, import_id)


async def _prove_accounts(session: Session, import_id: int) -> None:
    """Every account that the import touched is the sum of all its entries, older ones included."""
    touched = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id)
        .where(
            LedgerEntry.guild_id == session.guild_id,
            LedgerEntry.source == "import",
            LedgerEntry.source_id == import_id,
        )
        .distinct()
        .subquery()
    )
    sums = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id, func.sum(LedgerEntry.amount).label("total"))
        .join(touched, (touched.c.pool_id == LedgerEntry.pool_id) & (touched.c.member_id == LedgerEntry.member_id))
        .where(LedgerEntry.guild_id == session.guild_id)
        .group_by(LedgerEntry.pool_id, LedgerEntry.member_id)
        .subquery()
    )
    query = (
        select(func.count())
        .select_from(sums)
        .outerjoin(
            Account,
            (Account.guild_id == session.guild_id)
            & (Account.pool_id == sums.c.pool_id)
            & (Account.member_id == sums.c.member_id),
        )
        .where(func.coalesce(Account.balance, 0) != sums.c.total)
    )
    if wrong := (await session.execute(query)).scalar_one():
        raise TotalsDiffer(f"{wrong} balances are not the sum of their entries")
