"""What of an import stands, on whom undoing it falls, and who went on playing since."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from bot.kit.text import points, safe
from bot.stage import Session
from cogs.dkp.service import ledger
from cogs.moving.rules.document import ZERO
from db.tables import LedgerEntry, Member, MemberLink, Pool

Key = ledger.Key


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an import's entries stands, by account."""

    entries: int
    moves: dict[Key, Decimal]
    """What undoing does to each account."""


async def standing_of(session: Session, import_id: int) -> Standing:
    reversal = aliased(LedgerEntry)
    query = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id, func.sum(LedgerEntry.amount), func.count())
        .outerjoin(
            reversal,
            (reversal.guild_id == LedgerEntry.guild_id) & (reversal.reverses_entry_id == LedgerEntry.entry_id),
        )
        .where(
            LedgerEntry.guild_id == session.guild_id,
            LedgerEntry.source == "import",
            LedgerEntry.source_id == import_id,
            reversal.entry_id.is_(None),
        )
        .group_by(LedgerEntry.pool_id, LedgerEntry.member_id)
    )
    rows = (await session.execute(query)).all()
    return Standing(sum(row[3] for row in rows), {(row[0], row[1]): -row[2] for row in rows})


async def links_of(session: Session) -> dict[int, tuple[int, int]]:
    """Absorbed member -> (who they are, the link that says so)."""
    query = (
        select(Member.member_id, Member.absorbed_by_member_id, MemberLink.member_link_id)
        .join(
            MemberLink,
            (MemberLink.guild_id == Member.guild_id)
            & (MemberLink.from_member_id == Member.member_id)
            & MemberLink.undone_at.is_(None),
        )
        .where(Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_not(None))
    )
    return {one: (into, link) for one, into, link in (await session.execute(query)).tuples() if into is not None}


def is_now(links: Mapping[int, tuple[int, int]], member_id: int) -> int:
    while member_id in links:
        member_id = links[member_id][0]
    return member_id


async def after_links(session: Session, moves: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    """What undoing comes to, on whoever has the points now."""
    links = await links_of(session)
    after: dict[Key, Decimal] = {}
    for (pool_id, member_id), amount in moves.items():
        key = pool_id, is_now(links, member_id)
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


IDLE = """
    member.guild_id = :guild_id AND member.data_import_id = :import_id AND member.left_at IS NULL
    AND member.discord_user_id IS NULL AND member.absorbed_by_member_id IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM ledger_entry AS e
        LEFT JOIN ledger_entry AS f ON f.guild_id = e.guild_id AND f.entry_id = e.reverses_entry_id
        WHERE e.guild_id = :guild_id AND e.pool_id = ANY (:pools) AND e.member_id = member.member_id
            AND NOT (coalesce(f.source, e.source) = 'import' AND coalesce(f.source_id, e.source_id) = :import_id))
    AND NOT EXISTS (
        SELECT 1 FROM award WHERE award.guild_id = :guild_id AND award.member_id = member.member_id
            AND award.data_import_id IS DISTINCT FROM :import_id)
    AND NOT EXISTS (
        SELECT 1 FROM raid_member JOIN raid USING (guild_id, raid_id)
        WHERE raid_member.guild_id = :guild_id AND raid_member.member_id = member.member_id
            AND raid.data_import_id IS DISTINCT FROM :import_id)
    AND NOT EXISTS (
        SELECT 1 FROM tick_credit JOIN tick USING (guild_id, tick_id) JOIN raid USING (guild_id, raid_id)
        WHERE tick_credit.guild_id = :guild_id AND tick_credit.member_id = member.member_id
            AND raid.data_import_id IS DISTINCT FROM :import_id)
    AND NOT EXISTS (
        SELECT 1 FROM member AS other
        WHERE other.guild_id = :guild_id AND other.absorbed_by_member_id = member.member_id)
"""
"""Who came with the import and has nothing but what came with it."""


async def given(session: Session, import_id: int) -> dict[str, object]:
    pools = select(Pool.pool_id).where(Pool.guild_id == session.guild_id)
    ids = list((await session.execute(pools)).scalars())
    return {"guild_id": session.guild_id, "import_id": import_id, "pools": ids}


async def made_and_idle(session: Session, import_id: int) -> int:
    query = text(f"SELECT count(*) FROM member WHERE {IDLE}")
    return (await session.execute(query, await given(session, import_id))).scalar_one()
