"""Whose a name was at a moment: what makes a dump of last week credit last week's owner."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.stage import Session
from bot.typed import name_key
from db.tables import Character, CharacterOwner, Member


@dataclass(frozen=True, slots=True)
class Owner:
    """The person behind a name. `character` is the character's name; None where a person is called so."""

    member_id: int
    character: str | None


@dataclass(frozen=True, slots=True)
class Owners:
    """What is known of some names, loaded once and asked for any moment."""

    characters: dict[str, list[Character]]
    changes: dict[int, list[CharacterOwner]]
    persons: dict[str, int]
    links: dict[int, int]
    """Who turned out to be whom: what goes to the one goes to the other."""

    def find(self, name: str, at: datetime) -> Owner | None:
        """A character's owner at that moment, else a person of that name."""
        key = name_key(name)
        played = self.characters.get(key)
        if not played:
            person = self.persons.get(key)
            return None if person is None else Owner(person, None)

        def then(character: Character) -> tuple[bool, bool, int]:
            """Of several characters of one name: the one that lived then, else the one that lives."""
            lived = character.created_at <= at and (character.retired_at is None or character.retired_at > at)
            return lived, character.retired_at is None, character.character_id

        character = max(played, key=then)
        owner = character.owner_member_id
        for number, change in enumerate(self.changes.get(character.character_id, ())):
            if number == 0 or change.at <= at:
                owner = change.to_member_id
        return Owner(self.links.get(owner, owner), character.name)


async def load_owners(session: Session, names: Iterable[str]) -> Owners:
    """Everything that tells whose these names are and were."""
    keys = {name_key(name) for name in names}
    characters: dict[str, list[Character]] = {}
    query = select(Character).where(Character.guild_id == session.guild_id, Character.name_key.in_(keys))
    for character in (await session.execute(query)).scalars():
        characters.setdefault(character.name_key, []).append(character)
    ids = [character.character_id for same in characters.values() for character in same]
    history = (
        select(CharacterOwner)
        .where(CharacterOwner.guild_id == session.guild_id, CharacterOwner.character_id.in_(ids))
        .order_by(CharacterOwner.at, CharacterOwner.character_owner_id)
    )
    changes: dict[int, list[CharacterOwner]] = {}
    for change in (await session.execute(history)).scalars():
        changes.setdefault(change.character_id, []).append(change)
    called = select(Member.name_key, Member.member_id).where(
        Member.guild_id == session.guild_id, Member.name_key.in_(keys), Member.left_at.is_(None)
    )
    people = [(row[0], row[1]) for row in await session.execute(called)]
    owners = {character.owner_member_id for same in characters.values() for character in same}
    owners |= {change.to_member_id for made in changes.values() for change in made}
    links = await _links(session, owners | {member_id for _, member_id in people})
    persons: dict[str, set[int]] = {}
    for key, member_id in people:
        persons.setdefault(key, set()).add(links.get(member_id, member_id))
    # Two people of one name: never guessed.
    alone = {key: next(iter(ids)) for key, ids in persons.items() if len(ids) == 1}
    return Owners(characters, changes, alone, links)


async def _links(session: Session, member_ids: Collection[int]) -> dict[int, int]:
    """Whoever of these turned out to be somebody else, with whom."""
    query = select(Member.member_id, Member.absorbed_by_member_id).where(
        Member.guild_id == session.guild_id,
        Member.member_id.in_(member_ids),
        Member.absorbed_by_member_id.is_not(None),
    )
    return {member_id: now for member_id, now in (await session.execute(query)).tuples() if now is not None}


async def owners_at(session: Session, names: Collection[str], at: datetime) -> dict[str, int]:
    """Whose each name was at that moment, by `name_key`; names that lead to nobody are missing."""
    owners = await load_owners(session, names)
    found = {name_key(name): owners.find(name, at) for name in names}
    return {key: owner.member_id for key, owner in found.items() if owner is not None}
