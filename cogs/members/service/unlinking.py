"""Taking a link back, in one act: its entries are reversed, and the characters that went over by it go back.

Characters that changed hands since stay where they are. Registered as `registry.undo["claim"]`.
"""

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from bot import audit, people
from bot.kit.pickers import rank
from bot.kit.text import points, safe, when
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from cogs.dkp.rules import AlreadyReversed
from cogs.dkp.service import ledger
from cogs.members import rules
from cogs.members.service.changing import hand_over
from cogs.members.service.characters import ensure_main, lock_owners
from cogs.members.service.linking import named
from db.tables import Character, CharacterClaim, CharacterOwner, LedgerEntry, Member, MemberLink

_LOOK_BACK = 100
"""Links an autocomplete looks through."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """The characters of a link: those its claimer still has by it, and those that went on since."""

    back: list[Character]
    gone: list[Character]

    def stay_in_words(self) -> str:
        names = named([one.name for one in self.gone])
        return f"{names} changed hands since and {'stays' if len(self.gone) == 1 else 'stay'} where they are now."


class LinkUndo:
    """How `/dkp undo` takes a link or an accepted claim back."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        before, now = aliased(Member), aliased(Member)
        query = (
            select(MemberLink, before.display_name, now.display_name)
            .join(before, (before.guild_id == MemberLink.guild_id) & (before.member_id == MemberLink.from_member_id))
            .join(now, (now.guild_id == MemberLink.guild_id) & (now.member_id == MemberLink.to_member_id))
            .where(MemberLink.guild_id == session.guild_id, MemberLink.undone_at.is_(None))
            .order_by(MemberLink.member_link_id.desc())
            .limit(_LOOK_BACK)
        )
        zone = ZoneInfo(session.guild.timezone)
        return rank(
            typed,
            [
                Choice(f"{name} is {name_now}, {link.linked_at.astimezone(zone):%d %b %H:%M}", str(link.member_link_id))
                for link, name, name_now in await session.execute(query)
            ],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        link = await _get(session, act_id)
        unclaimed, _ = await _pair(session, link)
        moved = await _moved(session, link)
        lines = [f"{safe(unclaimed.display_name)} is nobody here again, and can be claimed anew."]
        if moved.back:
            lines.append(f"Characters that go back: {named([one.name for one in moved.back])}.")
        if moved.gone:
            lines.append(moved.stay_in_words())
        return [*lines, *await _what_follows(session, link)]

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        link = await _get(session, act_id, lock=True)
        await lock_owners(session, link.from_member_id, link.to_member_id)
        unclaimed, claimer = await _pair(session, link)
        moved = await _moved(session, link)
        unclaimed.absorbed_by_member_id = None  # first: what is reversed for them is theirs again
        await session.flush()
        for one in moved.back:
            await hand_over(session, one, unclaimed.member_id, reason)
        await ensure_main(session, unclaimed.member_id)
        main = await ensure_main(session, claimer.member_id)
        entries = await _standing_entries(session, link)
        done = await ledger.reverse(session, entries, reason) if entries else []
        link.undone_at, link.undone_reason = session.now, reason
        characters = [one.name for one in moved.back]
        audit.record(
            session,
            "members.unlinked",
            target_id=link.member_link_id,
            about=claimer.member_id,
            before={"name": unclaimed.display_name},
            after={"characters": characters},
            reason=reason,
        )
        for claim_id in await claims_of(session, link):
            session.redraw("character_claim", claim_id)
        words = [f"Undone: {safe(unclaimed.display_name)} is no longer {safe(claimer.display_name)}."]
        words += [f"{safe(one.member_name)} has {points(one.balance)} now." for one in done]
        if characters:
            words.append(f"Characters that went back: {named(characters)}.")
        if moved.gone:
            words.append(moved.stay_in_words())
        if main:
            words.append(f"{safe(claimer.display_name)}’s main is {safe(main)} now.")
        return " ".join(words)


async def explain(session: Session, entry: LedgerEntry) -> list[str]:
    """Where an entry of a link comes from: who turned out to be whom, who said so, and whether it was taken back."""
    link = await session.get(MemberLink, (session.guild_id, entry.source_id))
    if link is None:
        return []
    unclaimed, claimer = [await people.get_member(session, one) for one in (link.from_member_id, link.to_member_id)]
    by = await people.find_by_user(session, link.linked_by_user_id) if link.linked_by_user_id else None
    lines = [
        f"{safe(unclaimed.display_name)}, who had no Discord account, turned out to be {safe(claimer.display_name)}"
        f" ({safe(link.reason)}, {when(link.linked_at, 'f')}{f', by {safe(by.display_name)}' if by else ''})."
    ]
    if link.undone_at is not None:
        because = f": {safe(link.undone_reason)}" if link.undone_reason else ""
        lines.append(f"That was taken back {when(link.undone_at, 'f')}{because}.")
    return lines


async def claims_of(session: Session, link: MemberLink) -> list[int]:
    """The accepted claims that made this link: their cards show what became of it."""
    query = select(CharacterClaim.character_claim_id).where(
        CharacterClaim.guild_id == session.guild_id,
        CharacterClaim.member_id == link.to_member_id,
        CharacterClaim.status == "accepted",
        CharacterClaim.decided_at == link.linked_at,
    )
    return list((await session.execute(query)).scalars())


async def _get(session: Session, link_id: int, *, lock: bool = False) -> MemberLink:
    """A link that stands."""
    query = select(MemberLink).where(MemberLink.guild_id == session.guild_id, MemberLink.member_link_id == link_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    link = (await session.execute(query)).scalar_one_or_none()
    if link is None:
        raise NotFound("There is no such link.")
    if link.undone_at is not None:
        raise AlreadyReversed("That was undone already; nothing changed.")
    return link


async def _pair(session: Session, link: MemberLink) -> tuple[Member, Member]:
    unclaimed, claimer = [await people.get_member(session, one) for one in (link.from_member_id, link.to_member_id)]
    await session.refresh(unclaimed)
    await session.refresh(claimer)
    if people.is_forgotten(claimer):
        raise rules.NotLinkable("Who that was linked to asked to be forgotten: there is nothing left to take apart.")
    return unclaimed, claimer


async def _moved(session: Session, link: MemberLink) -> _Moved:
    """The characters whose ownership row is this link's, by whether another row came after it."""
    later = aliased(CharacterOwner)
    latest = (
        select(func.max(later.character_owner_id))
        .where(later.guild_id == Character.guild_id, later.character_id == Character.character_id)
        .scalar_subquery()
    )
    query = (
        select(Character, CharacterOwner.character_owner_id == latest)
        .join(
            CharacterOwner,
            (CharacterOwner.guild_id == Character.guild_id) & (CharacterOwner.character_id == Character.character_id),
        )
        .where(
            Character.guild_id == session.guild_id,
            CharacterOwner.from_member_id == link.from_member_id,
            CharacterOwner.to_member_id == link.to_member_id,
            CharacterOwner.at == link.linked_at,
        )
        .order_by(Character.character_id)
        .execution_options(populate_existing=True)
    )
    rows = (await session.execute(query)).all()
    return _Moved([one for one, last in rows if last], [one for one, last in rows if not last])


async def _standing_entries(session: Session, link: MemberLink) -> list[int]:
    """The link's entries that nothing has reversed: its pairs, and those that carried later reversals on."""
    query = select(LedgerEntry.entry_id).where(
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.source == ledger.CLAIM,
        LedgerEntry.source_id == link.member_link_id,
    )
    entries = set((await session.execute(query)).scalars())
    return sorted(entries - await ledger.reversed_among(session, entries))


async def _what_follows(session: Session, link: MemberLink) -> list[str]:
    """Who ends where, reckoned as if the link were gone already: both sides count for themselves."""
    moves: dict[ledger.Key, Decimal] = {}
    for entry in await ledger.load_entries(session, await _standing_entries(session, link)):
        key = (entry.pool_id, entry.member_id)
        moves[key] = moves.get(key, Decimal(0)) - entry.amount
    return await ledger.what_moves_do(session, {key: amount for key, amount in moves.items() if amount})
