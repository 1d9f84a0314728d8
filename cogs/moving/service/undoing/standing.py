"""What of an import stands, on whom undoing it falls, and who went on playing since."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import aliased

from bot.kit.text import points, safe
from bot.stage import Session
from cogs.dkp.service import ledger
from cogs.moving.rules.document import ZERO
from db.tables import LedgerEntry, Member, Pool

Key = ledger.Key


async def entries_of(session: Session, import_id: int) -> list[int]:
    """What came with an import, whether it stands or not; what took it back carries the same source."""
    query = select(LedgerEntry.entry_id).where(*_came_with(session, import_id))
    return list((await session.execute(query)).scalars())


def _came_with(session: Session, import_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.source == "import",
        LedgerEntry.source_id == import_id,
        LedgerEntry.kind != "reversal",
    )


async def standing_of(session: Session, import_id: int) -> tuple[int, dict[Key, Decimal]]:
    """How many of an import's entries stand, and what undoing them does to each account."""
    reversal = aliased(LedgerEntry)
    query = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id, func.sum(LedgerEntry.amount), func.count())
        .outerjoin(
            reversal,
            (reversal.guild_id == LedgerEntry.guild_id) & (reversal.reverses_entry_id == LedgerEntry.entry_id),
        )
        .where(*_came_with(session, import_id), reversal.entry_id.is_(None))
        .group_by(LedgerEntry.pool_id, LedgerEntry.member_id)
    )
    rows = (await session.execute(query)).all()
    return sum(row[3] for row in rows), {(row[0], row[1]): -row[2] for row in rows}


async def after_links(session: Session, moves: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    """What undoing comes to, on whoever has the points now."""
    links = await ledger.links_of(session, {member_id for _, member_id in moves})
    after: dict[Key, Decimal] = {}
    for (pool_id, member_id), amount in moves.items():
        key = pool_id, links[member_id].to_member_id if member_id in links else member_id
        after[key] = after.get(key, ZERO) + amount
    return after


async def by_pool(session: Session, moves: Mapping[Key, Decimal]) -> list[str]:
    names = {
        row.pool_id: row.name
        for row in await session.execute(select(Pool.pool_id, Pool.name).where(Pool.guild_id == session.guild_id))
    }
    sums: dict[int, Decimal] = {}
    for (pool_id, _), amount in moves.items():
        sums[pool_id] = sums.get(pool_id, ZERO) + amount
    return [f"{points(total)} {safe(names[pool_id])}" for pool_id, total in sums.items()]


async def acted_since(session: Session, import_id: int, moves: Mapping[Key, Decimal]) -> list[Key]:
    """Accounts with entries that are not this import's nor its reversals, or with open bids; the larger loss first."""
    query = text(
        """
        SELECT DISTINCT other.pool_id, other.member_id FROM ledger_entry AS other
        LEFT JOIN ledger_entry AS first
            ON first.guild_id = other.guild_id AND first.entry_id = other.reverses_entry_id
        WHERE other.guild_id = :guild_id
            AND NOT (other.source = 'import' AND other.source_id = :import_id)
            AND NOT coalesce(first.source = 'import' AND first.source_id = :import_id, false)
        UNION
        SELECT pool_id, member_id FROM account WHERE guild_id = :guild_id AND held > 0
        """
    )
    rows = await session.execute(query, {"guild_id": session.guild_id, "import_id": import_id})
    return sorted({(row[0], row[1]) for row in rows} & moves.keys(), key=lambda key: (moves[key], key))


_BUSY = (
    """
    SELECT e.member_id FROM ledger_entry AS e
    LEFT JOIN ledger_entry AS f ON f.guild_id = e.guild_id AND f.entry_id = e.reverses_entry_id
    WHERE e.guild_id = :guild_id AND e.member_id = ANY (:ids)
        AND NOT (coalesce(f.source, e.source) = 'import' AND coalesce(f.source_id, e.source_id) = :import_id)
        AND coalesce(f.source, e.source) <> 'claim'
    """,
    """
    SELECT member_id FROM award WHERE guild_id = :guild_id AND member_id = ANY (:ids)
        AND data_import_id IS DISTINCT FROM :import_id
    """,
    """
    SELECT member_id FROM raid_member JOIN raid USING (guild_id, raid_id)
    WHERE guild_id = :guild_id AND member_id = ANY (:ids) AND data_import_id IS DISTINCT FROM :import_id
    """,
    """
    SELECT member_id FROM tick_credit JOIN tick USING (guild_id, tick_id) JOIN raid USING (guild_id, raid_id)
    WHERE guild_id = :guild_id AND member_id = ANY (:ids) AND data_import_id IS DISTINCT FROM :import_id
    """,
    "SELECT absorbed_by_member_id FROM member WHERE guild_id = :guild_id AND absorbed_by_member_id = ANY (:ids)",
)
"""Who of some members has anything that did not come with the import; a pass over each table, however many they are.

A link that was taken back left pairs of entries and nothing else: they do not count.
"""


async def made_and_idle(session: Session, import_id: int) -> list[int]:
    """Who came with an import, waits unclaimed still, and has nothing but what came with it."""
    made = select(Member.member_id).where(
        Member.guild_id == session.guild_id,
        Member.data_import_id == import_id,
        Member.discord_user_id.is_(None),
        Member.absorbed_by_member_id.is_(None),
        Member.left_at.is_(None),
    )
    idle = set((await session.execute(made)).scalars())
    for query in _BUSY:
        given = {"guild_id": session.guild_id, "import_id": import_id, "ids": list(idle)}
        idle -= set((await session.execute(text(query), given)).scalars())
    return sorted(idle)
