"""Why a tick paid somebody: the raid, the tick, who took it, and what shows that they were there."""

from sqlalchemy import or_, select

from bot import people
from bot.kit.text import clip, points, safe, when
from bot.stage import Session
from db.tables import LedgerEntry, Raid, RaidClaim, RaidImport, Tick, TickCredit

_TAKEN = {
    "button": "with the board’s button",
    "command": "by command",
    "automatic": "by the clock",
    "voice": "from the voice channel",
    "dump": "from a file",
    "log": "from a log",
    "sign-up": "from the sign-ups",
    "claim": "for a claim",
    "added": "afterwards",
    "import": "by an import",
}
_SEEN = {
    "button": "checked in with the button",
    "voice": "heard in the voice channel",
    "dump": "named in a file",
    "log": "named in a log",
    "sign-up": "signed up for it",
    "claim": "claimed it, and a leader accepted",
    "officer": "a leader’s word",
    "import": "in an import",
}
_LONGEST_LINE = 200


async def explain_tick(session: Session, entry: LedgerEntry) -> list[str]:
    """Registered for entries of the source "tick"."""
    query = (
        select(Tick, Raid, TickCredit, RaidImport)
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .outerjoin(
            TickCredit,
            (TickCredit.guild_id == Tick.guild_id)
            & (TickCredit.tick_id == Tick.tick_id)
            & (TickCredit.member_id == entry.member_id),
        )
        .outerjoin(
            RaidImport,
            (RaidImport.guild_id == TickCredit.guild_id) & (RaidImport.raid_import_id == TickCredit.raid_import_id),
        )
        .where(Tick.guild_id == session.guild_id, Tick.tick_id == entry.source_id)
    )
    row = (await session.execute(query)).tuples().one_or_none()
    if row is None:
        return []
    tick, raid, credit, file = row
    note = f" ({safe(tick.note)})" if tick.note else ""
    lines = [
        f"Tick {tick.number} of **{safe(raid.name)}**{note}, {when(tick.taken_at, 'f')},"
        f" worth {points(tick.value)}: {await _taken(session, tick)}."
    ]
    if credit is not None:
        lines += await _evidence(session, raid, credit, file)
    if raid.status == "cancelled":
        lines.append("The raid was cancelled.")
    elif tick.undone_at is not None:
        lines.append("The tick was undone.")
    return lines


async def _taken(session: Session, tick: Tick) -> str:
    how = _TAKEN.get(tick.source, tick.source)
    leader = await people.find_by_user(session, tick.taken_by_user_id) if tick.taken_by_user_id else None
    return f"taken by {safe(leader.display_name)} {how}" if leader is not None else f"taken {how}"


async def _evidence(session: Session, raid: Raid, credit: TickCredit, file: RaidImport | None) -> list[str]:
    played = f", as {safe(credit.character_name)}" if credit.character_name else ""
    bench = ", on standby" if credit.standby else ""
    lines = [f"Evidence: {_SEEN.get(credit.evidence, credit.evidence)}{played}{bench}."]
    if file is not None:
        leader = await people.find_by_user(session, file.imported_by_user_id)
        by = f", imported by {safe(leader.display_name)}" if leader is not None else ""
        lines.append(f"File: {safe(clip(file.file_name, 100))} ({file.sha256[:8]}){by}.")
    if credit.line:
        lines.append(f"Its line: {safe(clip(credit.line, _LONGEST_LINE))}")
    if credit.evidence == "claim":
        lines += await _claim(session, raid, credit)
    return lines


async def _claim(session: Session, raid: Raid, credit: TickCredit) -> list[str]:
    query = (
        select(RaidClaim)
        .where(
            RaidClaim.guild_id == session.guild_id,
            RaidClaim.raid_id == raid.raid_id,
            RaidClaim.member_id == credit.member_id,
            RaidClaim.status == "accepted",
            or_(RaidClaim.tick_id == credit.tick_id, RaidClaim.tick_id.is_(None)),
        )
        .order_by(RaidClaim.raid_claim_id.desc())
        .limit(1)
    )
    claim = (await session.execute(query)).scalar_one_or_none()
    if claim is None:
        return []
    leader = await people.find_by_user(session, claim.decided_by_user_id) if claim.decided_by_user_id else None
    by = f", accepted by {safe(leader.display_name)}" if leader is not None else ""
    return [f"They wrote: {safe(claim.note)}{by}."]
