"""What is kept of a person beside their credits: for `/me export`, `/me forget` and the doctor."""

from typing import Any

from sqlalchemy import func, select, update

from bot.kit.text import safe
from bot.stage import Session
from cogs.raids.service import credit as paying
from db.tables import Member, Raid, RaidClaim, RaidMember, Tick, TickCredit, UnknownName


async def export_claims(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Every claim somebody made, with what became of it."""
    query = (
        select(RaidClaim, Raid.name, Tick.number)
        .join(Raid, (Raid.guild_id == RaidClaim.guild_id) & (Raid.raid_id == RaidClaim.raid_id))
        .outerjoin(Tick, (Tick.guild_id == RaidClaim.guild_id) & (Tick.tick_id == RaidClaim.tick_id))
        .where(RaidClaim.guild_id == session.guild_id, RaidClaim.member_id.in_(member_ids))
        .order_by(RaidClaim.raid_claim_id)
    )
    return [
        {
            "raid": raid,
            "tick": number,
            "note": claim.note,
            "made_at": claim.made_at.isoformat(),
            "status": claim.status,
            "decided_at": claim.decided_at.isoformat() if claim.decided_at else None,
            "refused_reason": claim.refused_reason,
        }
        for claim, raid, number in await session.execute(query)
    ]


async def forget(session: Session, member_ids: list[int]) -> None:
    """What they wrote in claims and were answered, what they played, and how files spelt them; that they were there
    stays."""
    claims = update(RaidClaim).where(RaidClaim.guild_id == session.guild_id, RaidClaim.member_id.in_(member_ids))
    redrawn = await session.execute(claims.values(note="", refused_reason=None).returning(RaidClaim.raid_claim_id))
    for claim_id in redrawn.scalars():
        session.redraw("raid_claim", claim_id)
    names = update(UnknownName).where(UnknownName.guild_id == session.guild_id, UnknownName.member_id.in_(member_ids))
    await session.execute(names.values(name="", name_key="", line=None, character_class=None, level=None))
    seats = update(RaidMember).where(RaidMember.guild_id == session.guild_id, RaidMember.member_id.in_(member_ids))
    await session.execute(seats.values(character_name=None))
    credits = update(TickCredit).where(TickCredit.guild_id == session.guild_id, TickCredit.member_id.in_(member_ids))
    await session.execute(credits.values(character_name=None, line=None))


async def doctor(session: Session) -> list[str]:
    """Accepted claims without any credit, and sorted out names that their tick neither credits nor lists."""
    credit = (TickCredit.guild_id == RaidClaim.guild_id) & (TickCredit.member_id == RaidClaim.member_id)
    of_raid = (
        select(func.count())
        .select_from(TickCredit)
        .join(Tick, (Tick.guild_id == TickCredit.guild_id) & (Tick.tick_id == TickCredit.tick_id))
        .where(credit, Tick.raid_id == RaidClaim.raid_id)
        .scalar_subquery()
    )
    empty = (
        select(RaidClaim.raid_claim_id, Raid.name)
        .join(Raid, (Raid.guild_id == RaidClaim.guild_id) & (Raid.raid_id == RaidClaim.raid_id))
        .where(RaidClaim.guild_id == session.guild_id, RaidClaim.status == "accepted", of_raid == 0)
        .order_by(RaidClaim.raid_claim_id)
    )
    wrong = [
        f"claim {claim_id} for {safe(name)} was accepted, but nothing credits it"
        for claim_id, name in await session.execute(empty)
    ]
    sorted_out = (
        select(UnknownName.unknown_name_id, Member, Tick)
        .join(Tick, (Tick.guild_id == UnknownName.guild_id) & (Tick.tick_id == UnknownName.tick_id))
        .join(Member, (Member.guild_id == UnknownName.guild_id) & (Member.member_id == UnknownName.member_id))
        .where(
            UnknownName.guild_id == session.guild_id,
            UnknownName.status.in_(("linked", "created")),
            Tick.undone_at.is_(None),
        )
        .order_by(UnknownName.unknown_name_id)
    )
    found = (await session.execute(sorted_out)).all()
    had = await paying.credited(session, {row[2].tick_id for row in found})
    for name_id, member, tick in found:
        rows = {member.member_id, member.absorbed_by_member_id or member.member_id}
        credited = any((tick.tick_id, member_id) in had for member_id in rows)
        if not credited and rows.isdisjoint((tick.not_credited or {}).get("members", [])):
            wrong.append(f"name {name_id} was sorted out, but tick {tick.number} does not credit it")
    return wrong
