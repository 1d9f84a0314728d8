"""The person, or the character, that somebody means; and what a member row stands for."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from bot.kit.text import clip, safe
from bot.refusals import NotFound
from bot.typed import Names, name_key, near_names, split_names
from db.scope import GuildSession
from db.tables import Character, Member

MOST_NEAR = 25
"""Unknown names that near ones are looked for, of however many: each is compared with everybody's, and all wait."""
_PICKED = re.compile(r"#\d{1,18}")
_MENTION = re.compile(r"<@!?(\d{15,20})>|(\d{15,20})")


async def find_by_user(session: GuildSession, user_id: int) -> Member | None:
    query = select(Member).where(Member.guild_id == session.guild_id, Member.discord_user_id == user_id)
    return (await session.execute(query)).scalar_one_or_none()


async def get_member(session: GuildSession, member_id: int) -> Member:
    """The member behind an id, whether they left or not."""
    member = await session.get(Member, (session.guild_id, member_id))
    if member is None:
        raise NotFound("There is no such member here any more.")
    return member


async def get_person(session: GuildSession, typed: str) -> Member:
    """Whom somebody means: an autocomplete's id (`#12`), a mention or Discord id, a display name, a character's name.

    A character stands for its owner, who was absorbed for who absorbed them. Case, spaces and look-alikes are matched
    kindly; two people of one name are asked.
    """
    typed = typed.strip()
    if _PICKED.fullmatch(typed):
        return await _living(session, await get_member(session, int(typed[1:])))
    if mention := _MENTION.fullmatch(typed):
        user_id = int(mention[1] or mention[2])
        member = await find_by_user(session, user_id) if user_id < 2**63 else None  # beyond it is nobody's id
        if member is not None:
            return member
        raise NotFound("I do not know that person yet: they have not been active here.")
    found = await _called(session, typed)
    if (meant := _meant(found)) is not None:
        return meant
    if found:
        raise NotFound(f"{len(found)} people are called that; pick one from the list that appears while typing.")
    near = near_names(typed, [label for label, _ in await names(session)], 3)
    raise NotFound("Nobody here by that name.", near=[safe(name) for name in near])


async def _called(session: GuildSession, name: str) -> list[Member]:
    """Whoever is called so, or plays a character that is."""
    key = name_key(name)
    query = (
        select(Member)
        .outerjoin(
            Character,
            (Character.guild_id == Member.guild_id)
            & (Character.owner_member_id == Member.member_id)
            & Character.retired_at.is_(None),
        )
        .where(Member.guild_id == session.guild_id, or_(Member.name_key == key, Character.name_key == key))
        .distinct()
        .limit(10)
    )
    named = [await _living(session, member) for member in (await session.execute(query)).scalars()]
    return list({member.member_id: member for member in named}.values())


def _meant(found: Sequence[Member]) -> Member | None:
    """The only one, else the only one who is here."""
    here = [member for member in found if member.left_at is None]
    return found[0] if len(found) == 1 else here[0] if len(here) == 1 else None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that leads to nobody, with names near it; both safe to show."""

    name: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """The people somebody named; names are safe to show."""

    member_ids: tuple[int, ...]
    names: tuple[str, ...]
    unknown: tuple[Unknown, ...]


async def named_people(session: GuildSession, text: str) -> People:
    """Everybody in a `members` option; a character stands for its owner, each person once."""
    found: dict[int, str] = {}
    unknown: list[Unknown] = []
    known: Names | None = None
    typed = split_names(text)
    whole = await _person(session, text) if len(typed) > 1 else None
    if whole is not None:  # one name with spaces
        return People((whole.member_id,), (safe(whole.display_name),), ())
    for name in typed:
        member = await _person(session, name)
        if member is None:
            if known is None:
                known = Names(dict.fromkeys(label for label, _ in await names(session)))
            near = known.near(name, 3) if len(unknown) < MOST_NEAR else []
            unknown.append(Unknown(safe(clip(name, 40)), tuple(safe(other) for other in near)))
        else:
            found[member.member_id] = safe(member.display_name)
    if not found and not unknown:
        raise NotFound("Nobody is named: type names with spaces or commas between them.")
    return People(tuple(found), tuple(found.values()), tuple(unknown))


async def _person(session: GuildSession, typed: str) -> Member | None:
    if not (_PICKED.fullmatch(typed) or _MENTION.fullmatch(typed)):
        return _meant(await _called(session, typed))
    try:
        return await get_person(session, typed)
    except NotFound:
        return None


async def _living(session: GuildSession, member: Member) -> Member:
    """Whose points and characters a row's are now: its own person's, or those of who absorbed it."""
    absorber = member.absorbed_by_member_id
    return member if absorber is None else await get_member(session, absorber)


async def ids_of(session: GuildSession, member_id: int) -> list[int]:
    """A person's rows: their own, then those they absorbed, whose history is theirs."""
    query = select(Member.member_id).where(
        Member.guild_id == session.guild_id, Member.absorbed_by_member_id == member_id
    )
    return [member_id, *(await session.execute(query.order_by(Member.member_id))).scalars()]


async def living_ids(session: GuildSession, member_ids: Collection[int]) -> dict[int, int]:
    """Of these members those who were absorbed, with the member each turned out to be."""
    query = select(Member.member_id, Member.absorbed_by_member_id).where(
        Member.guild_id == session.guild_id,
        Member.member_id.in_(member_ids),
        Member.absorbed_by_member_id.is_not(None),
    )
    return {member_id: now for member_id, now in (await session.execute(query)).tuples() if now is not None}


def wants(member: Member | Row[Any], kind: str, by_default: bool) -> bool:
    """Whether somebody wants a notice of this kind (`registry.notices`); a row with `muted` and `wanted` will do.

    Switched off: never. Wanted: always. Else `by_default`, which the sender knows: an auction takes long enough.
    """
    return kind not in member.muted and (by_default or kind in member.wanted)


def is_unclaimed(member: Member) -> bool:
    """A person brought by an import, whom nobody with a Discord account has turned out to be yet."""
    return member.discord_user_id is None and member.left_at is None and member.absorbed_by_member_id is None


def is_forgotten(member: Member) -> bool:
    """An anonymous row that keeps the sums of somebody who asked to be forgotten, and no import any more."""
    return member.discord_user_id is None and member.left_at is not None and member.data_import_id is None


def why_nobody(member: Member) -> str | None:
    """Why nobody is, or will be, behind this row, in a sentence: forgotten, or gone with an import that was undone."""
    if is_forgotten(member):
        return "Nobody is behind that name any more: they asked to be forgotten."
    if member.discord_user_id is None and member.left_at is not None:
        return f"{safe(member.display_name)} came with an import that was undone: nobody is behind that name any more."
    return None


async def names(session: GuildSession) -> list[tuple[str, int]]:
    """Every name that stands for a person, display names and active characters: (name, member_id)."""
    people = select(Member.display_name.label("name"), Member.member_id).where(
        Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_(None)
    )
    played = select(Character.name, Character.owner_member_id).where(
        Character.guild_id == session.guild_id, Character.retired_at.is_(None)
    )
    return [(row[0], row[1]) for row in await session.execute(people.union_all(played))]


async def get_character(session: GuildSession, typed: str, owner_member_id: int | None = None) -> Character:
    """The active character somebody means: an autocomplete's id (`#12`) or a name, matched kindly.

    With `owner_member_id` only that member's characters count.
    """
    active = select(Character).where(Character.guild_id == session.guild_id, Character.retired_at.is_(None))
    if owner_member_id is not None:
        active = active.where(Character.owner_member_id == owner_member_id)
    typed = typed.strip()
    by_id = re.fullmatch(r"#\d{1,18}", typed)
    meant = Character.character_id == int(typed[1:]) if by_id else Character.name_key == name_key(typed)
    if (found := (await session.execute(active.where(meant))).scalar_one_or_none()) is not None:
        return found
    known = [character.name for character in (await session.execute(active)).scalars()]
    if owner_member_id is not None and not known:
        raise NotFound("There is no character to choose from yet: add one with /character add.")
    near = [] if by_id else near_names(typed, known, 3)
    whose = "no character here" if owner_member_id is None else "none of their characters"
    raise NotFound(f"{'That is' if by_id else f'{safe(clip(typed, 40))} is'} {whose}.", near=list(map(safe, near)))


async def main_of(session: GuildSession, member_id: int) -> Character | None:
    """The member's main character."""
    query = select(Character).where(
        Character.guild_id == session.guild_id, Character.owner_member_id == member_id, Character.is_main
    )
    return (await session.execute(query)).scalar_one_or_none()


async def mains(session: GuildSession, member_ids: list[int]) -> dict[int, Character]:
    """Main characters by member, in one statement."""
    query = select(Character).where(
        Character.guild_id == session.guild_id, Character.owner_member_id.in_(member_ids), Character.is_main
    )
    return {character.owner_member_id: character for character in (await session.execute(query)).scalars()}
