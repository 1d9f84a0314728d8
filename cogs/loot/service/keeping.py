"""What is kept of a person's loot: for `/me export`, `/me forget` and the doctor."""

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from bot import personal
from bot.kit.text import points
from bot.stage import Session
from db.tables import Award, LedgerEntry, Pool, Raid


async def export_awards(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Every award somebody got, undone ones too, oldest first."""
    query = (
        select(Award, Pool.name.label("pool"), Raid.name.label("raid"))
        .join(Pool, (Pool.guild_id == Award.guild_id) & (Pool.pool_id == Award.pool_id))
        .outerjoin(Raid, (Raid.guild_id == Award.guild_id) & (Raid.raid_id == Award.raid_id))
        .where(Award.guild_id == session.guild_id, Award.member_id.in_(member_ids))
        .order_by(Award.awarded_at, Award.award_id)
    )
    return [
        {
            "item": award.item_name,
            "how": award.how,
            "cost": points(award.cost),
            "pool": pool,
            "raid": raid,
            "character": award.character_name,
            "note": award.note,
            "awarded_at": award.awarded_at.isoformat(),
            "undone_at": award.undone_at.isoformat() if award.undone_at else None,
            "undone_reason": award.undone_reason,
        }
        for award, pool, raid in await session.execute(query)
    ]


async def forget(session: Session, member_ids: list[int]) -> None:
    """Names and words on their awards, and their number where they awarded; the item and its price stay."""
    theirs = update(Award).where(Award.guild_id == session.guild_id, Award.member_id.in_(member_ids))
    unnamed = {"member_name": personal.SOMEBODY, "character_name": None, "note": None, "undone_reason": None}
    await session.execute(theirs.values(unnamed).execution_options(synchronize_session=False))
    await personal.unsign(session, member_ids, Award.awarded_by_user_id)


async def doctor(session: Session) -> list[str]:
    """Awards whose entry does not say what the award says. Imported ones are the import's own affair."""
    reversal = aliased(LedgerEntry)
    reversals = (
        select(func.count())
        .where(reversal.guild_id == Award.guild_id, reversal.reverses_entry_id == Award.entry_id)
        .scalar_subquery()
    )
    query = (
        select(Award, LedgerEntry.amount, reversals)
        .outerjoin(LedgerEntry, (LedgerEntry.guild_id == Award.guild_id) & (LedgerEntry.entry_id == Award.entry_id))
        .where(Award.guild_id == session.guild_id, Award.data_import_id.is_(None))
        .order_by(Award.award_id)
    )
    wrong = []
    for award, amount, reversed_ in await session.execute(query):
        took = -amount if amount is not None else Decimal(0)
        if took != award.cost:
            wrong.append(f"award {award.award_id} cost {points(award.cost)}, its entry took {points(took)}")
        elif award.cost and bool(reversed_) != (award.undone_at is not None):
            said = "is undone, its entry is not" if award.undone_at else "stands, its entry is reversed"
            wrong.append(f"award {award.award_id} {said}")
    return wrong
