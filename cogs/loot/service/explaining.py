"""Why an award took points: the item, how it was decided, who recorded it."""

from sqlalchemy import select

from bot import people
from bot.kit.text import points, safe, when
from bot.stage import Session
from db.tables import Award, LedgerEntry, Raid


async def explain_award(session: Session, entry: LedgerEntry) -> list[str]:
    """Registered for entries of the source "award"."""
    query = (
        select(Award, Raid.name)
        .outerjoin(Raid, (Raid.guild_id == Award.guild_id) & (Raid.raid_id == Award.raid_id))
        .where(Award.guild_id == session.guild_id, Award.award_id == entry.source_id)
    )
    row = (await session.execute(query)).tuples().one_or_none()
    if row is None:
        return []
    award, raid = row
    where = f" at {safe(raid)}" if raid else ""
    played = f", as {safe(award.character_name)}" if award.character_name else ""
    by_id = award.awarded_by_user_id
    officer = await people.find_by_user(session, by_id) if by_id is not None else None
    by = f", recorded by {safe(officer.display_name)}" if officer is not None else ""
    lines = [
        f"Award of **{safe(award.item_name)}**{where} for {points(award.cost)} ({award.how}){played},"
        f" {when(award.awarded_at, 'f')}{by}."
    ]
    if award.note:
        lines.append(f"Note: {safe(award.note)}")
    if award.undone_at is not None:
        lines.append(f"The award was undone: {safe(award.undone_reason or '')}")
    return lines
