"""Making a claim: which raid and tick somebody means, and whether it can be claimed."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due
from bot.kit import boards
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.raids.rules.claims import (
    CLAIM_WITHIN,
    OPEN,
    AlreadyClaimed,
    ClaimTooLate,
    StandingTick,
    check_claim,
    check_note,
    claimed_ticks,
)
from cogs.raids.service import credit as paying
from cogs.raids.service.claims.deciding import LAPSE
from cogs.raids.service.lookups import find_raid, get_raid, get_tick, lock_raid
from db.tables import Raid, RaidClaim, Tick


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """A claim as it was made; also the fact."""

    guild_id: int
    raid_claim_id: int
    raid_id: int
    raid_name: str
    tick_numbers: tuple[int, ...]
    channel_id: int
    lapses_at: datetime


@use_case("raids.claim")
async def make_claim(
    session: Session, note: str, raid: str | None = None, tick: str | None = None, *, channel_id: int
) -> ClaimMade:
    """Claim a tick, or every tick so far, of a raid: the one running, else the one that ended last within 72 h.

    Its card goes to the raid's channel, where leaders decide; after 72 h it lapses.
    """
    note = check_note(note)
    meant, named = await _meant(session, raid, tick, channel_id)
    held = await lock_raid(session, meant.raid_id, shared=True)
    me = session.member.member_id
    tick_id = named.tick_id if named else None
    standing = await _standing(session, held.raid_id)
    had = {t for t, who in await paying.credited(session, [s.tick_id for s in standing]) if who == me}
    check_claim(held.name, held.status, held.ended_at, session.now, standing, had, tick_id)
    row = (
        insert(RaidClaim)
        .values(
            guild_id=session.guild_id,
            raid_id=held.raid_id,
            tick_id=tick_id,
            member_id=me,
            note=note,
            made_at=session.now,
            lapses_at=session.now + CLAIM_WITHIN,
        )
        .on_conflict_do_nothing(
            index_elements=[RaidClaim.guild_id, RaidClaim.raid_id, RaidClaim.member_id],
            # Written out: with a parameter the sixth run, planned for any value, finds no index.
            index_where=text(f"status = '{OPEN}'"),
        )
        .returning(RaidClaim.raid_claim_id)
    )
    claim_id = (await session.execute(row)).scalar_one_or_none()
    if claim_id is None:
        raise AlreadyClaimed(
            f"You have a claim for {safe(held.name)} open already, in <#{held.channel_id}>: a raid leader answers it."
        )
    numbers = tuple(s.number for s in claimed_ticks(standing, tick_id, session.now) if s.tick_id not in had)
    await due.schedule(session, LAPSE, claim_id, session.now + CLAIM_WITHIN)
    await boards.place(session, "raid_claim", claim_id, held.channel_id)
    after = {"raid": held.name, "ticks": list(numbers)}
    audit.record(session, "raids.claim.made", target_id=claim_id, about=me, after=after)
    made = ClaimMade(
        session.guild_id, claim_id, held.raid_id, held.name, numbers, held.channel_id, session.now + CLAIM_WITHIN
    )
    session.tell(made)
    return made


async def _meant(session: Session, raid: str | None, tick: str | None, channel_id: int) -> tuple[Raid, Tick | None]:
    """The raid and, where one is named, its tick: picked from the list, or its number."""
    typed = (tick or "").strip()
    if picked := re.fullmatch(r"#(\d{1,18})", typed):
        found = await get_tick(session, int(picked[1]))
        named = await find_raid(session, raid, channel_id) if raid else None
        if named is not None and named.raid_id != found.raid_id:
            raise NotFound(f"That tick is not one of {safe(named.name)}: leave the raid out, or pick another tick.")
        return await get_raid(session, found.raid_id), found
    meant = await find_raid(session, raid, channel_id) if raid else await _latest(session, channel_id)
    if not typed:
        return meant, None
    number = re.fullmatch(r"(?:tick )?(\d{1,6})", name_key(typed))
    query = select(Tick).where(
        Tick.guild_id == session.guild_id,
        Tick.raid_id == meant.raid_id,
        Tick.number == (int(number[1]) if number else 0),
    )
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"{safe(meant.name)} has no such tick: pick one from the list, or leave it out for all of them.")
    return meant, found


async def _latest(session: Session, channel_id: int) -> Raid:
    running = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.status == "running").limit(1)
    if (await session.execute(running)).first() is not None:
        return await find_raid(session, None, channel_id, running=True)
    ended = (
        select(Raid)
        .where(
            Raid.guild_id == session.guild_id,
            Raid.status == "ended",
            Raid.ended_at >= session.now - CLAIM_WITHIN,
            Raid.data_import_id.is_(None),
        )
        .order_by(Raid.ended_at.desc(), Raid.raid_id.desc())
        .limit(1)
    )
    last = (await session.execute(ended)).scalar_one_or_none()
    if last is None:
        raise ClaimTooLate(
            "No raid is running and none ended in the last 72 hours: ask a raid leader, who can credit you"
            " with /raid add."
        )
    return last


async def _standing(session: Session, raid_id: int) -> list[StandingTick]:
    ticks = await paying.standing_ticks(session, raid_id)
    return [StandingTick(tick.tick_id, tick.number, tick.taken_at) for tick in ticks]
