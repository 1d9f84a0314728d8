"""Finding unclaimed people and their characters: who was brought by an import and is nobody here yet."""

from dataclasses import dataclass

from sqlalchemy import select

from bot import people
from bot.kit.pickers import rank
from bot.kit.text import CHOICE_NAME, clip, safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from db.tables import Character, Member


async def get_unclaimed(session: Session, typed: str) -> Member:
    """The unclaimed member somebody means: picked from the list, or by a display name or a character's name."""
    typed = typed.strip()
    if typed.startswith("#") and typed[1:].isdecimal() and len(typed) <= 19:
        return await people.get_member(session, int(typed[1:]))
    found = [member for member in await _unclaimed(session) if name_key(typed) in {name_key(n) for n in member.names}]
    if len(found) == 1:
        return await people.get_member(session, found[0].member_id)
    if found:
        raise NotFound(f"{len(found)} unclaimed people are called that: pick one from the list.")
    absorbed = select(Member).where(
        Member.guild_id == session.guild_id,
        Member.name_key == name_key(typed),
        Member.absorbed_by_member_id.is_not(None),
    )
    if (gone := (await session.execute(absorbed.limit(1))).scalar_one_or_none()) is not None:
        return gone
    try:
        return await people.get_person(session, typed)
    except NotFound:
        known = [name for one in await _unclaimed(session) for name in one.names]
        near = [safe(name) for name in near_names(typed, known, 3)]
        raise NotFound("There is no unclaimed person by that name.", near=near) from None


@dataclass(frozen=True, slots=True)
class _Unclaimed:
    member_id: int
    names: tuple[str, ...]
    """The display name, then characters, the main first."""


async def _unclaimed(session: Session) -> list[_Unclaimed]:
    query = (
        select(Member.member_id, Member.display_name, Character.name)
        .outerjoin(
            Character,
            (Character.guild_id == Member.guild_id)
            & (Character.owner_member_id == Member.member_id)
            & Character.retired_at.is_(None),
        )
        .where(
            Member.guild_id == session.guild_id,
            Member.discord_user_id.is_(None),
            Member.left_at.is_(None),
            Member.absorbed_by_member_id.is_(None),
        )
        .order_by(Member.name_key, Member.member_id, Character.is_main.desc(), Character.character_id)
    )
    found: dict[int, list[str]] = {}
    for member_id, display_name, character in await session.execute(query):
        known = found.setdefault(member_id, [display_name])
        if character is not None and character not in known:
            known.append(character)
    return [_Unclaimed(member_id, tuple(known)) for member_id, known in found.items()]


async def unclaimed_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over unclaimed people and their characters."""
    people_here = await _unclaimed(session)
    return rank(typed, [Choice(clip(" · ".join(one.names), CHOICE_NAME), f"#{one.member_id}") for one in people_here])


async def claimable_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over the characters of unclaimed people."""
    query = (
        select(Character.character_id, Character.name, Member.display_name)
        .join(Member, (Member.guild_id == Character.guild_id) & (Member.member_id == Character.owner_member_id))
        .where(
            Character.guild_id == session.guild_id,
            Character.retired_at.is_(None),
            Member.discord_user_id.is_(None),
            Member.left_at.is_(None),
        )
        .order_by(Character.name_key)
    )
    rows = await session.execute(query)
    return rank(typed, [Choice(_claimable(row.name, row.display_name), f"#{row.character_id}") for row in rows])


def _claimable(name: str, owner: str) -> str:
    """A character, and whose it is where that is another name."""
    return name if name.casefold() == owner.casefold() else f"{name} · of {owner}"
