"""What must always be true of claims and of names that were sorted out, for `doctor`."""

from sqlalchemy import func, select

from bot.kit.text import safe
from bot.stage import Session
from cogs.raids.service import credit as paying
from db.tables import Member, Raid, RaidClaim, Tick, TickCredit, UnknownName


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
