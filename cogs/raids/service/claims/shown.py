"""A claim as its card shows it. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot import people
from bot.stage import Session
from cogs.raids.rules.claims import OPEN, StandingTick, claimed_ticks
from cogs.raids.service import credit as paying
from cogs.raids.service.claims.deciding import get_claim
from cogs.raids.service.lookups import get_raid


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """A claim as its card shows it; texts are as typed, not yet made safe."""

    raid_claim_id: int
    name: str
    raid_name: str
    raid_status: str
    note: str
    status: str
    made_at: datetime
    lapses_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    refused_reason: str | None
    tick_numbers: tuple[int, ...]
    """While open the ticks that accepting credits; once accepted those that a claim credited."""
    worth: Decimal


async def load_claim(session: Session, raid_claim_id: int) -> ClaimCard:
    claim = await get_claim(session, raid_claim_id)
    raid, member = await get_raid(session, claim.raid_id), await people.get_member(session, claim.member_id)
    ticks = {tick.tick_id: tick for tick in await paying.standing_ticks(session, raid.raid_id)}
    standing = [StandingTick(tick.tick_id, tick.number, tick.taken_at) for tick in ticks.values()]
    claimed = [tick.tick_id for tick in claimed_ticks(standing, claim.tick_id, claim.made_at)]
    if claim.status == OPEN:
        had = await paying.credited(session, claimed)
        shown = [ticks[tick_id] for tick_id in claimed if (tick_id, claim.member_id) not in had]
    else:
        evidence = await paying.evidence_of(session, claimed, claim.member_id)
        shown = [ticks[tick_id] for tick_id in claimed if evidence.get(tick_id) == "claim"]
    by = await people.find_by_user(session, claim.decided_by_user_id) if claim.decided_by_user_id else None
    return ClaimCard(
        raid_claim_id,
        member.display_name,
        raid.name,
        raid.status,
        claim.note,
        claim.status,
        claim.made_at,
        claim.lapses_at,
        claim.decided_at,
        by.display_name if by else None,
        claim.refused_reason,
        tuple(tick.number for tick in shown),
        sum((tick.value for tick in shown), Decimal(0)),
    )
