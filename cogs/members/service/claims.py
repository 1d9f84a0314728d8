""" "This imported character is me": a claim is open until an officer accepts or refuses it, once.

Whoever decides first decides: one guarded update. Accepting is `linking.absorb`; other open claims on the same person's
characters are answered with it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import audit, outbox, people
from bot.kit import boards
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.stage import Session, use_case
from cogs.members import rules
from cogs.members.service import linking
from cogs.members.service.linking import NOTICE, Linked
from db.tables import Character, CharacterClaim, Member, MemberLink

BOARD = "character_claim"
"""The kind of the card that officers answer on."""


@dataclass(frozen=True, slots=True)
class Claimed:
    claim_id: int
    character: str
    owner: str
    channel_id: int


@use_case("characters.claim")
async def claim_character(session: Session, character: str, here: int) -> Claimed:
    """Say that a character of an unclaimed person is oneself; officers get a card. `here`: where it was typed."""
    found = await people.get_character(session, character)
    owner = await people.get_member(session, found.owner_member_id)
    _check_claimable(session, found, owner)
    mine = select(func.count()).where(
        CharacterClaim.guild_id == session.guild_id,
        CharacterClaim.member_id == session.member.member_id,
        CharacterClaim.status == "open",
    )
    if (await session.execute(mine)).scalar_one() >= rules.MOST_CLAIMS:
        raise rules.NotClaimable(
            f"{rules.MOST_CLAIMS} of your claims wait for an officer: let them answer those first."
        )
    row = insert(CharacterClaim).values(
        guild_id=session.guild_id,
        character_id=found.character_id,
        member_id=session.member.member_id,
        made_at=session.now,
    )
    claim_id = (
        await session.execute(row.on_conflict_do_nothing().returning(CharacterClaim.character_claim_id))
    ).scalar_one_or_none()
    if claim_id is None:
        raise rules.NotClaimable(f"Your claim on {safe(found.name)} waits for an officer already.")
    channel_id = session.guild.audit_channel_id or here
    await boards.place(session, "character_claim", claim_id, channel_id)
    audit.record(
        session,
        "characters.claimed",
        target_id=claim_id,
        about=session.member.member_id,
        after={"character": found.name, "owner": owner.display_name},
    )
    return Claimed(claim_id, found.name, owner.display_name, channel_id)


def _check_claimable(session: Session, character: Character, owner: Member) -> None:
    if owner.member_id == session.member.member_id:
        raise rules.NotClaimable(f"{safe(character.name)} is yours already.")
    if owner.discord_user_id is not None:
        raise rules.NotClaimable(
            f"{safe(character.name)} belongs to {safe(owner.display_name)}, who has a Discord account:"
            " ask an officer for /character transfer."
        )
    if not people.is_unclaimed(owner):
        raise rules.NotClaimable(f"{safe(character.name)} belongs to nobody who can be claimed.")


# --- the officer's answer ---------------------------------------------------------------------------------------------


async def preview_claim(session: Session, claim_id: int) -> Linked:
    """What accepting would do."""
    claim = await _get(session, claim_id)
    if claim.status != "open":
        raise await _decided(session, claim)
    character, unclaimed, claimer = await _parties(session, claim)
    linking.check_pair(_still(character, unclaimed), claimer)
    return await linking.what_goes_over(session, unclaimed, claimer)


@use_case("members.link")
async def accept_claim(session: Session, claim_id: int, here: int | None = None) -> Linked:
    """Yes: the claimer absorbs the person whose character it is. The first answer counts; a later one is refused."""
    _, owner, _ = await _parties(session, await _get(session, claim_id))
    waiting = await _lock_open_claims_on(session, owner.member_id)
    claim = await _decide(session, claim_id, "accepted")
    character, unclaimed, claimer = await _parties(session, claim)
    linking.check_pair(_still(character, unclaimed), claimer)
    reason = f"claimed {character.name}"
    done = await linking.absorb(session, unclaimed.member_id, claimer.member_id, reason, here)
    words = "\n".join([f"Your claim on **{safe(character.name)}** was accepted.", *done.lines()])
    _tell(session, claimer, claim, words)
    for other, its_character in waiting:
        if other.character_claim_id == claim_id:
            continue
        same = other.member_id == claim.member_id
        other.status = "accepted" if same else "refused"
        other.decided_at, other.decided_by_user_id = session.now, session.actor.user_id
        session.redraw(BOARD, other.character_claim_id)
        if not same:
            somebody = await people.get_member(session, other.member_id)
            _tell(
                session, somebody, other, f"Your claim on **{safe(its_character)}** was refused: it is somebody else’s."
            )
    return done


@use_case("members.link")
async def refuse_claim(session: Session, claim_id: int) -> str:
    """No; says so in a sentence."""
    claim = await _decide(session, claim_id, "refused")
    character, _, claimer = await _parties(session, claim)
    audit.record(
        session,
        "characters.claim_refused",
        target_id=claim_id,
        about=claimer.member_id,
        after={"character": character.name},
    )
    _tell(session, claimer, claim, f"Your claim on **{safe(character.name)}** was refused: ask an officer why.")
    return f"Refused: {safe(character.name)} stays as it was, and {safe(claimer.display_name)} is told."


async def _decide(session: Session, claim_id: int, status: str) -> CharacterClaim:
    """One guarded update: of two officers at once one gets the row, the other finds it decided."""
    decided = await session.execute(
        update(CharacterClaim)
        .where(
            CharacterClaim.guild_id == session.guild_id,
            CharacterClaim.character_claim_id == claim_id,
            CharacterClaim.status == "open",
        )
        .values(status=status, decided_at=session.now, decided_by_user_id=session.actor.user_id)
        .returning(CharacterClaim.character_claim_id)
        .execution_options(synchronize_session=False)
    )
    ours = decided.scalar_one_or_none() is not None
    claim = await _get(session, claim_id)
    if not ours:
        raise await _decided(session, claim)
    session.redraw(BOARD, claim_id)
    return claim


async def _decided(session: Session, claim: CharacterClaim) -> rules.AlreadyDecided:
    by = await people.find_by_user(session, claim.decided_by_user_id) if claim.decided_by_user_id else None
    who = safe(by.display_name) if by is not None else "Somebody"
    return rules.AlreadyDecided(f"{who} {claim.status} that already; nothing changed.")


async def _get(session: Session, claim_id: int) -> CharacterClaim:
    claim = await session.get(CharacterClaim, (session.guild_id, claim_id), populate_existing=True)
    if claim is None:
        raise NotFound("There is no such claim here.")
    return claim


async def _parties(session: Session, claim: CharacterClaim) -> tuple[Character, Member, Member]:
    """The character, its owner now and the claimer."""
    character = await session.get(Character, (session.guild_id, claim.character_id), populate_existing=True)
    assert character is not None, "characters are never deleted"
    owner = await people.get_member(session, character.owner_member_id)
    return character, owner, await people.get_member(session, claim.member_id)


def _still(character: Character, owner: Member) -> Member:
    """The owner, who must have no Discord account still."""
    if owner.discord_user_id is not None:
        raise rules.NotClaimable(
            f"{safe(character.name)} is {safe(owner.display_name)}’s now: refuse the claim, or use /character transfer."
        )
    return owner


async def _lock_open_claims_on(session: Session, unclaimed_id: int) -> list[tuple[CharacterClaim, str]]:
    """Claims that wait, on any character of this person; all in one order, or two officers at two of them deadlock."""
    query = (
        select(CharacterClaim, Character.name)
        .join(
            Character,
            (Character.guild_id == CharacterClaim.guild_id) & (Character.character_id == CharacterClaim.character_id),
        )
        .where(
            CharacterClaim.guild_id == session.guild_id,
            CharacterClaim.status == "open",
            Character.owner_member_id == unclaimed_id,
        )
        .order_by(CharacterClaim.character_claim_id)
        .with_for_update(of=CharacterClaim)
        .execution_options(populate_existing=True)
    )
    return [(claim, name) for claim, name in await session.execute(query)]


def _tell(session: Session, member: Member, claim: CharacterClaim, words: str) -> None:
    outbox.notify(session, f"cc{claim.character_claim_id}", words, member, None, NOTICE)


# --- the card ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """A claim as its card shows it; names are as they are."""

    claim_id: int
    status: str
    claimer: str
    character: str
    character_class: str | None
    level: int | None
    owner: str
    made_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    points: tuple[tuple[str, Decimal], ...]
    characters: tuple[str, ...]
    undone: bool


async def card_of(session: Session, claim_id: int) -> ClaimCard | None:
    """The claim now; None when there is none."""
    claim = await session.get(CharacterClaim, (session.guild_id, claim_id), populate_existing=True)
    if claim is None:
        return None
    character, owner, claimer = await _parties(session, claim)
    over = await linking.what_goes_over(session, owner, claimer) if people.is_unclaimed(owner) else None
    link = await _link_of(session, claim)
    before = await people.get_member(session, link.from_member_id) if link is not None else owner
    by = await people.find_by_user(session, claim.decided_by_user_id) if claim.decided_by_user_id else None
    return ClaimCard(
        claim_id,
        claim.status,
        claimer.display_name,
        character.name,
        character.character_class,
        character.level,
        before.display_name,
        claim.made_at,
        claim.decided_at,
        by.display_name if by is not None else None,
        over.points if over is not None and claim.status == "open" else (),
        over.characters if over is not None and claim.status == "open" else (),
        link is not None and link.undone_at is not None,
    )


async def _link_of(session: Session, claim: CharacterClaim) -> MemberLink | None:
    """What an accepted claim made."""
    if claim.status != "accepted":
        return None
    query = select(MemberLink).where(
        MemberLink.guild_id == session.guild_id,
        MemberLink.to_member_id == claim.member_id,
        MemberLink.linked_at == claim.decided_at,
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()
