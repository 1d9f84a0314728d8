"""Characters: add one, choose the main, list them. The owner's row is locked first, so a person has one main.

What happens to a character later is `changing`; who owned it when is `ownership`.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import audit, people
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.members import rules
from db.tables import Character, CharacterOwner, Member


@dataclass(frozen=True, slots=True)
class CharacterAdded:
    character_id: int
    name: str
    owner: str
    own: bool
    is_main: bool
    main_before: str | None
    """The main it took the place of."""


@use_case("characters.own")
async def add_character(
    session: Session,
    name: str,
    character_class: str | None = None,
    level: int | str | None = None,
    main: bool | None = None,
    owner: str | None = None,
) -> CharacterAdded:
    """Add a character to oneself, or as an officer to somebody. The first one is the main, whatever `main` says."""
    name = rules.check_name(name)
    character_class, level = rules.check_class(character_class), rules.check_level(level)
    who = await _owner(session, owner)
    before = await lock_main(session, who)
    await check_room(session, who.member_id)
    row = (
        insert(Character)
        .values(
            guild_id=session.guild_id,
            owner_member_id=who.member_id,
            name=name,
            name_key=name_key(name),
            character_class=character_class,
            level=level,
            created_at=session.now,
        )
        .on_conflict_do_nothing(
            index_elements=[Character.guild_id, Character.name_key], index_where=Character.retired_at.is_(None)
        )
        .returning(Character.character_id)
    )
    character_id = (await session.execute(row)).scalar_one_or_none()
    if character_id is None:
        raise await name_taken(session, name)
    session.add(
        CharacterOwner(
            guild_id=session.guild_id,
            character_id=character_id,
            from_member_id=None,
            to_member_id=who.member_id,
            reason=None,
            by_user_id=session.actor.user_id or 0,
            at=session.now,
        )
    )
    is_main = before is None or bool(main)
    if is_main:
        await set_main(session, who.member_id, character_id)
    audit.record(
        session,
        "characters.added",
        target_id=character_id,
        about=who.member_id,
        after={"name": name, "class": character_class, "level": level, "main": is_main},
    )
    replaced = before.name if before is not None and is_main else None
    return CharacterAdded(character_id, name, who.display_name, is_own(session, who), is_main, replaced)


@dataclass(frozen=True, slots=True)
class MainChosen:
    name: str
    owner: str
    own: bool
    main_before: str | None


@use_case("characters.own")
async def choose_main(session: Session, character: str, reason: str | None = None) -> MainChosen:
    """Make a character its owner's main; the owner's own choice, or an officer's. Attendance and points stay."""
    reason = rules.check_reason(reason)
    chosen, who = await lock_character(session, character)
    before = await people.main_of(session, who.member_id)
    if before is not None and before.character_id == chosen.character_id:
        whose = "your" if is_own(session, who) else f"{safe(who.display_name)}’s"
        raise rules.AlreadyMain(f"{safe(chosen.name)} is {whose} main already.")
    await set_main(session, who.member_id, chosen.character_id)
    audit.record(
        session,
        "characters.main_chosen",
        target_id=chosen.character_id,
        about=who.member_id,
        before={"main": before.name if before else None},
        after={"main": chosen.name},
        reason=reason,
    )
    return MainChosen(chosen.name, who.display_name, is_own(session, who), before.name if before else None)


@dataclass(frozen=True, slots=True)
class Played:
    """A line of somebody's list."""

    name: str
    character_class: str | None
    level: int | None
    is_main: bool


async def characters_of(session: Session, typed: str | None) -> tuple[str, bool, list[Played]]:
    """Whose they are, whether the actor's own, and the active ones, main first."""
    who = await people.get_person(session, typed) if typed and typed.strip() else session.member
    query = (
        select(Character)
        .where(
            Character.guild_id == session.guild_id,
            Character.owner_member_id == who.member_id,
            Character.retired_at.is_(None),
        )
        .order_by(Character.is_main.desc(), Character.name_key)
    )
    found = (await session.execute(query)).scalars()
    played = [Played(row.name, row.character_class, row.level, row.is_main) for row in found]
    return who.display_name, is_own(session, who), played


def is_own(session: Session, who: Member) -> bool:
    return session.me is not None and who.member_id == session.me.member_id


async def _owner(session: Session, typed: str | None) -> Member:
    if typed is None or not typed.strip():
        return session.member
    who = await people.get_person(session, typed)
    if not is_own(session, who):
        session.require("characters.manage")
    return who


async def check_room(session: Session, member_id: int) -> None:
    """Refuse a further active character where lists would not show it."""
    owned = select(func.count()).where(
        Character.guild_id == session.guild_id,
        Character.owner_member_id == member_id,
        Character.retired_at.is_(None),
    )
    if (await session.execute(owned)).scalar_one() >= rules.MOST_CHARACTERS:
        raise rules.TooManyCharacters(f"{rules.MOST_CHARACTERS} characters a person are the most I keep.")


async def lock_main(session: Session, who: Member) -> Character | None:
    """The person's main now; until the commit nobody else gives them one."""
    row = select(Member.member_id).where(Member.guild_id == session.guild_id, Member.member_id == who.member_id)
    await session.execute(row.with_for_update())
    return await people.main_of(session, who.member_id)


async def lock_character(session: Session, typed: str, *receivers: int) -> tuple[Character, Member]:
    """The active character somebody means and its owner, both theirs to change, with the owner (and receivers) locked.

    Until the commit it changes hands no more, and nobody gives these people a main.
    """
    found = await people.get_character(session, typed)
    who = await people.get_member(session, found.owner_member_id)
    if not is_own(session, who):
        session.require("characters.manage")
    await lock_owners(session, who.member_id, *receivers)
    await session.refresh(found)
    if found.owner_member_id != who.member_id or found.retired_at is not None:
        raise NotFound(f"{safe(found.name)} changed hands just now: look again with /character history.")
    return found, who


async def set_main(session: Session, member_id: int, character_id: int) -> None:
    """First nobody, then the chosen one: a unique index allows one main a person at any moment."""
    mine = update(Character).where(Character.guild_id == session.guild_id, Character.owner_member_id == member_id)
    await session.execute(mine.where(Character.is_main).values(is_main=False))
    await session.execute(mine.where(Character.character_id == character_id).values(is_main=True))


async def lock_owners(session: Session, *member_ids: int) -> None:
    """Lock people whose characters change hands, in the one order; until the commit nobody else gives them a main."""
    rows = select(Member.member_id).where(Member.guild_id == session.guild_id, Member.member_id.in_(member_ids))
    await session.execute(rows.order_by(Member.member_id).with_for_update(key_share=True))


async def longest_used(session: Session, member_id: int) -> Character | None:
    """Of a person's active characters the one they have had longest: the next main, when the main goes."""
    since = (
        select(func.max(CharacterOwner.at))
        .where(
            CharacterOwner.guild_id == Character.guild_id,
            CharacterOwner.character_id == Character.character_id,
            CharacterOwner.to_member_id == Character.owner_member_id,
        )
        .scalar_subquery()
    )
    query = (
        select(Character)
        .where(
            Character.guild_id == session.guild_id,
            Character.owner_member_id == member_id,
            Character.retired_at.is_(None),
        )
        .order_by(func.coalesce(since, Character.created_at), Character.created_at, Character.character_id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def ensure_main(session: Session, member_id: int) -> str | None:
    """Give somebody without a main the character they have had longest; its name, if that made one."""
    if await people.main_of(session, member_id) is not None:
        return None
    character = await longest_used(session, member_id)
    if character is None:
        return None
    await set_main(session, member_id, character.character_id)
    return character.name


async def name_taken(session: Session, name: str) -> rules.NameTaken:
    query = (
        select(Character.name, Member)
        .join(Member, (Member.guild_id == Character.guild_id) & (Member.member_id == Character.owner_member_id))
        .where(
            Character.guild_id == session.guild_id,
            Character.name_key == name_key(name),
            Character.retired_at.is_(None),
        )
    )
    taken, who = (await session.execute(query)).one()
    if is_own(session, who):
        return rules.NameTaken(f"You have {safe(taken)} already.", owner_member_id=who.member_id)
    return rules.NameTaken(
        f"{safe(taken)} belongs to {safe(who.display_name)} here; if it is yours, ask an officer.",
        owner_member_id=who.member_id,
    )
