"""What raids keep of a person: handed out with `/me export`, left without names by `/me forget`."""

from typing import Any

from sqlalchemy import case, or_, select, update

from bot import personal
from bot.stage import Session
from db.tables import Character, Raid, RaidClaim, RaidImport, RaidMember, Tick, TickCredit, UnknownName

_FILE = "forgotten.txt"


async def export_rosters(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Their place on each raid's roster."""
    query = (
        select(
            Raid.raid_id,
            Raid.name.label("raid"),
            Raid.started_at,
            RaidMember.status,
            RaidMember.late,
            RaidMember.arrived_at,
            RaidMember.left_at,
            RaidMember.last_seen_at,
            RaidMember.character_name,
        )
        .join(Raid, (Raid.guild_id == RaidMember.guild_id) & (Raid.raid_id == RaidMember.raid_id))
        .where(RaidMember.guild_id == session.guild_id, RaidMember.member_id.in_(member_ids))
        .order_by(Raid.raid_id)
    )
    return await personal.rows(session, query)


async def export_ticks(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Each tick that credited them, and the evidence."""
    query = (
        select(
            Raid.raid_id,
            Raid.name.label("raid"),
            Tick.number.label("tick"),
            Tick.taken_at,
            Tick.value,
            Tick.undone_at,
            TickCredit.entry_id,
            TickCredit.standby,
            TickCredit.evidence,
            TickCredit.character_name,
            TickCredit.line,
        )
        .join(Tick, (Tick.guild_id == TickCredit.guild_id) & (Tick.tick_id == TickCredit.tick_id))
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .where(TickCredit.guild_id == session.guild_id, TickCredit.member_id.in_(member_ids))
        .order_by(Tick.taken_at, Tick.tick_id)
    )
    return await personal.rows(session, query)


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
    """Character names and file lines on rosters and credits, names that led to them, their claims' and files' words."""
    guild_id, quiet = session.guild_id, {"synchronize_session": False}
    seats = update(RaidMember).where(RaidMember.guild_id == guild_id, RaidMember.member_id.in_(member_ids))
    await session.execute(seats.values(character_name=None).execution_options(**quiet))
    credits = update(TickCredit).where(TickCredit.guild_id == guild_id, TickCredit.member_id.in_(member_ids))
    await session.execute(credits.values(character_name=None, line=None).execution_options(**quiet))
    played = select(Character.name_key).where(Character.guild_id == guild_id, Character.owner_member_id.in_(member_ids))
    names = update(UnknownName).where(
        UnknownName.guild_id == guild_id,
        or_(UnknownName.member_id.in_(member_ids), UnknownName.name_key.in_(played)),
    )
    nothing = {"name": personal.NO_WORDS, "name_key": personal.NO_WORDS, "character_class": None, "level": None}
    await session.execute(names.values(**nothing, line=None).execution_options(**quiet))
    claims = update(RaidClaim).where(RaidClaim.guild_id == guild_id, RaidClaim.member_id.in_(member_ids))
    over = case((RaidClaim.status == "open", "lapsed"), else_=RaidClaim.status)
    wordless = claims.values(note=personal.NO_WORDS, refused_reason=None, status=over)
    cards = await session.execute(wordless.returning(RaidClaim.raid_claim_id).execution_options(**quiet))
    for claim_id in cards.scalars():
        session.redraw("raid_claim", claim_id)
    users = await personal.users_of(session, member_ids)
    files = update(RaidImport).where(RaidImport.guild_id == guild_id, RaidImport.imported_by_user_id.in_(users))
    await session.execute(files.values(file_name=_FILE).execution_options(**quiet))
    await personal.unsign(
        session,
        member_ids,
        Raid.started_by_user_id,
        Tick.taken_by_user_id,
        RaidImport.imported_by_user_id,
        RaidClaim.decided_by_user_id,
        UnknownName.decided_by_user_id,
    )
    # 0, not empty: who was put on a roster by hand is credited, whatever their group.
    by_hand = update(RaidMember).where(RaidMember.guild_id == guild_id, RaidMember.added_by_user_id.in_(users))
    await session.execute(by_hand.values(added_by_user_id=0).execution_options(**quiet))
