"""Deciding a claim: accepted or refused by a leader, ended with its raid, or lapsed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select, update

from bot import audit, due, outbox, people
from bot.kit.text import points, safe, when
from bot.refusals import NotFound
from bot.stage import Actor, Session, Stage, use_case
from cogs.raids.rules import PRESENT, Credit
from cogs.raids.rules.claims import (
    ACCEPTED,
    LAPSED,
    OPEN,
    REFUSED,
    NothingToClaim,
    StandingTick,
    check_decidable,
    check_note,
    claimed_ticks,
)
from cogs.raids.service import credit as paying
from cogs.raids.service.lookups import get_raid, lock_raid
from cogs.raids.service.roster import seat, seats
from cogs.raids.service.ticks import PeopleCredited
from db.tables import Member, Raid, RaidClaim

LAPSE = "raid.claim_lapse"
"""The kind of due work that ends a claim nobody decided; its key is the claim."""
NOTICE = "raid_claim"
"""The kind of notice that tells somebody what became of their claim."""


@dataclass(frozen=True, slots=True)
class ClaimAnswered:
    """What a leader decided; `name` is safe to show. Also the fact."""

    guild_id: int
    raid_claim_id: int
    raid_id: int
    raid_name: str
    member_id: int
    name: str
    accepted: bool
    tick_numbers: tuple[int, ...]
    """The ticks that credit them now and did not before."""
    total: Decimal
    cut: Decimal = Decimal(0)
    reason: str | None = None


@use_case("raids.manage")
async def accept_claim(session: Session, raid_claim_id: int) -> ClaimAnswered:
    """Credit the claimed ticks that stand, in full, on a leader's word: also who was removed, or is a guest.

    What a tick credited meanwhile, by an import for instance, is not paid again.
    """
    raid = await lock_raid(session, (await get_claim(session, raid_claim_id)).raid_id)
    claim = await _decide(session, raid, raid_claim_id, ACCEPTED)
    by_id = {tick.tick_id: tick for tick in await paying.standing_ticks(session, raid.raid_id)}
    standing = [StandingTick(tick.tick_id, tick.number, tick.taken_at) for tick in by_id.values()]
    claimed = [by_id[tick.tick_id] for tick in claimed_ticks(standing, claim.tick_id, claim.made_at)]
    if not claimed:
        raise NothingToClaim(
            f"What was claimed of {safe(raid.name)} was undone meanwhile, so it pays nobody: refuse the claim, or let"
            " it lapse."
        )
    who = claim.member_id
    had = await paying.credited(session, [tick.tick_id for tick in claimed])
    paid = [(tick, Credit(who, tick.value, False, "claim")) for tick in claimed if (tick.tick_id, who) not in had]
    if all(s.member_id != who for s in await seats(session, raid.raid_id)):
        first = min(tick.taken_at for tick in claimed)
        await seat(session, raid, [who], PRESENT, at=first, added_by_user_id=session.actor.user_id)
    done = await paying.pay(session, raid, paid)
    for tick in claimed:
        left = [m for m in (tick.not_credited or {}).get("members", []) if m != who]
        tick.not_credited = {"members": left} if left else None
    member = await people.get_member(session, who)
    answered = ClaimAnswered(
        session.guild_id,
        raid_claim_id,
        raid.raid_id,
        raid.name,
        who,
        safe(member.display_name),
        True,
        tuple(tick.number for tick, _ in paid),
        done.total,
        done.cut,
    )
    after = {"raid": raid.name, "ticks": list(answered.tick_numbers), "points": done.total}
    audit.record(session, "raids.claim.accepted", target_id=raid_claim_id, about=who, after=after)
    _tell_claimant(session, raid, claim, member, f"was accepted by {safe(session.actor.name)}: {_credited(answered)}.")
    if paid:
        numbers = answered.tick_numbers
        session.tell(
            PeopleCredited(session.guild_id, raid.raid_id, raid.name, numbers, (answered.name,), done.total, 0)
        )
    session.tell(answered)
    session.redraw("raid", raid.raid_id)
    return answered


def _credited(answered: ClaimAnswered) -> str:
    """ "ticks 1 and 2, 20 points" """
    if not answered.tick_numbers:
        return "you were credited meanwhile"
    cut = f" ({points(answered.cut)} above the cap were cut)" if answered.cut else ""
    return f"{ticks_in_words(answered.tick_numbers)}, {points(answered.total)} points{cut}"


def ticks_in_words(numbers: Sequence[int]) -> str:
    """ "tick 2", "ticks 1, 2 and 4" """
    if len(numbers) == 1:
        return f"tick {numbers[0]}"
    return f"ticks {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}" if numbers else "no tick"


@use_case("raids.manage")
async def refuse_claim(session: Session, raid_claim_id: int, reason: str | None = None) -> ClaimAnswered:
    """Say no, with a reason or without; nobody is credited, and the member is told."""
    reason = check_note(reason) if reason and reason.strip() else None
    raid = await get_raid(session, (await get_claim(session, raid_claim_id)).raid_id)
    return await _refuse(session, raid, raid_claim_id, reason)


async def _refuse(session: Session, raid: Raid, raid_claim_id: int, reason: str | None) -> ClaimAnswered:
    claim = await _decide(session, raid, raid_claim_id, REFUSED, reason)
    member = await people.get_member(session, claim.member_id)
    after = {"raid": raid.name}
    audit.record(
        session, "raids.claim.refused", target_id=raid_claim_id, about=claim.member_id, after=after, reason=reason
    )
    by = f" by {safe(session.actor.name)}" if session.actor.user_id is not None else ""
    why = f": {safe(reason).rstrip('.')}" if reason else ""
    ask = "" if raid.status == "cancelled" else " If you see it otherwise, talk to them: /raid add still credits you."
    _tell_claimant(session, raid, claim, member, f"was refused{by}{why}.{ask}")
    answered = ClaimAnswered(
        session.guild_id,
        raid_claim_id,
        raid.raid_id,
        raid.name,
        claim.member_id,
        safe(member.display_name),
        False,
        (),
        Decimal(0),
        reason=reason,
    )
    session.tell(answered)
    return answered


@use_case(None)
async def lapse_claim(session: Session, raid_claim_id: int) -> bool:
    """The claim's 72 hours are over: it lapses unless somebody decided it. Says whether it did."""
    assert session.actor.user_id is None, "only the clock lets claims lapse"
    claim = await session.get(RaidClaim, (session.guild_id, raid_claim_id))
    if claim is None or session.now < claim.lapses_at or not await _settle(session, raid_claim_id, LAPSED, None):
        return False
    raid, member = await get_raid(session, claim.raid_id), await people.get_member(session, claim.member_id)
    audit.record(
        session, "raids.claim.lapsed", target_id=raid_claim_id, about=claim.member_id, after={"raid": raid.name}
    )
    text = "lapsed: nobody answered it within 72 hours. Ask a raid leader: /raid add still credits you."
    _tell_claimant(session, raid, claim, member, text)
    return True


async def refuse_of_cancelled(stage: Stage, guild_id: int, raid_id: int, reason: str) -> None:
    """A raid was cancelled and pays nobody: its open claims end, each in a transaction of its own."""
    itself = Actor.itself(guild_id)

    async def open_claims(session: Session) -> list[int]:
        query = select(RaidClaim.raid_claim_id).where(
            RaidClaim.guild_id == session.guild_id, RaidClaim.raid_id == raid_id, RaidClaim.status == OPEN
        )
        return list((await session.execute(query.order_by(RaidClaim.raid_claim_id))).scalars())

    async def end(session: Session, claim_id: int) -> None:
        raid, claim = await get_raid(session, raid_id), await get_claim(session, claim_id)
        if claim.status == OPEN and session.now < claim.lapses_at:
            await _refuse(session, raid, claim_id, f"the raid was cancelled ({reason})")

    for claim_id in await stage.run(itself, open_claims):
        await stage.run(itself, lambda session, claim_id=claim_id: end(session, claim_id))


async def get_claim(session: Session, raid_claim_id: int) -> RaidClaim:
    claim = await session.get(RaidClaim, (session.guild_id, raid_claim_id))
    if claim is None:
        raise NotFound("There is no such claim here.")
    return claim


async def _decide(
    session: Session, raid: Raid, raid_claim_id: int, status: str, reason: str | None = None
) -> RaidClaim:
    """The guarded update of a leader's decision; refuses when somebody or time was first, or it is their own."""
    won = await _settle(session, raid_claim_id, status, reason)
    claim = await session.get(RaidClaim, (session.guild_id, raid_claim_id), populate_existing=True)
    assert claim is not None
    await _check_decidable(session, raid, claim, OPEN if won else claim.status, status)
    await due.cancel(session, LAPSE, raid_claim_id)
    return claim


async def check_open(session: Session, raid_claim_id: int) -> None:
    """Refuses what `refuse_claim` would refuse, before anybody types a reason."""
    claim = await get_claim(session, raid_claim_id)
    await _check_decidable(session, await get_raid(session, claim.raid_id), claim, claim.status, REFUSED)


async def _check_decidable(session: Session, raid: Raid, claim: RaidClaim, was: str, becomes: str) -> None:
    decider = None
    if claim.decided_by_user_id is not None:
        by = await people.find_by_user(session, claim.decided_by_user_id)
        decider = by.display_name if by else None
    check_decidable(
        raid.name,
        raid_status=raid.status,
        status=was,
        lapses_at=claim.lapses_at,
        now=session.received_at,
        decider=decider,
        own=session.me is not None and session.me.member_id == claim.member_id,
        accepting=becomes == ACCEPTED,
    )


async def _settle(session: Session, raid_claim_id: int, status: str, reason: str | None) -> bool:
    """Write the outcome of a claim that is open; whoever gets the row decides, the others see nothing to do."""
    query = update(RaidClaim).where(
        RaidClaim.guild_id == session.guild_id, RaidClaim.raid_claim_id == raid_claim_id, RaidClaim.status == OPEN
    )
    written = query.values(
        status=status,
        decided_at=session.now,
        decided_by_user_id=session.actor.user_id,
        refused_reason=reason,
    ).returning(RaidClaim.raid_claim_id)
    won = (await session.execute(written.execution_options(synchronize_session=False))).scalar_one_or_none()
    if won is not None:
        session.redraw("raid_claim", raid_claim_id)
    return won is not None


def _tell_claimant(session: Session, raid: Raid, claim: RaidClaim, member: Member, what: str) -> None:
    """Directly, or in the raid's channel; unless they want none."""
    text = f"Your claim for **{safe(raid.name)}** ({when(raid.started_at, 'd')}) {what}"
    outbox.notify(session, f"raidclaim{claim.raid_claim_id}", text, member, raid.channel_id, NOTICE)
