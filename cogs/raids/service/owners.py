"""Whose a name was at a moment: what makes a dump of last week credit last week's owner."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from bot import people
from bot.stage import Session
from bot.typed import name_key
from db.tables import Character, CharacterOwner, Member


async def owners_at(session: Session, names: Collection[str], at: datetime) -> dict[str, int]:
    """Whose each name was at that moment, by `name_key`: a character's owner then, else a person of that name.

    Who was absorbed since was the absorber all along: what they did then is credited to the living row.
    """
    keys = {name_key(name) for name in names}
    characters = (
        select(Character)
        .where(Character.guild_id == session.guild_id, Character.name_key.in_(keys))
        .order_by(Character.character_id)
    )
    played = list((await session.execute(characters)).scalars())
    history = (
        select(CharacterOwner)
        .where(
            CharacterOwner.guild_id == session.guild_id,
            CharacterOwner.character_id.in_([character.character_id for character in played]),
        )
        .order_by(CharacterOwner.at, CharacterOwner.character_owner_id)
    )
    changes: dict[int, list[CharacterOwner]] = {}
    for change in (await session.execute(history)).scalars():
        changes.setdefault(change.character_id, []).append(change)
    persons = select(Member.name_key, func.coalesce(Member.absorbed_by_member_id, Member.member_id)).where(
        Member.guild_id == session.guild_id, Member.name_key.in_(keys), Member.left_at.is_(None)
    )
    owners: dict[str, int] = {}
    for key, member_id in await session.execute(persons):
        owners[key] = -1 if owners.get(key, member_id) != member_id else member_id  # two of one name: never guessed
    owners = {key: member_id for key, member_id in owners.items() if member_id > 0}

    def then(character: Character) -> tuple[bool, bool, int]:
        """Of several characters of one name: the one that lived then, else the one that lives."""
        lived = character.created_at <= at and (character.retired_at is None or character.retired_at > at)
        return lived, character.retired_at is None, character.character_id

    for character in sorted(played, key=then):
        owner = character.owner_member_id
        for number, change in enumerate(changes.get(character.character_id, ())):
            if number == 0 or change.at <= at:
                owner = change.to_member_id
        owners[character.name_key] = owner
    absorbed = await people.living_ids(session, set(owners.values()))
    return {key: absorbed.get(member_id, member_id) for key, member_id in owners.items()}
