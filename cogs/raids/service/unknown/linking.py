"""Sorting a name out: it is a character of somebody here, of somebody new, or of nobody of ours."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot import audit, people
from bot.kit.text import clip, safe
from bot.stage import Session, use_case
from cogs.raids.rules.names import NameKnown
from cogs.raids.service.unknown.queue import IGNORED, OPEN, get_waiting, ignored_rows, open_rows, standing_member
from db.tables import Character, CharacterOwner, Member, UnknownName

_CLASS, _LEVEL = 30, 999
"""What a character may have; a file may say more."""


How = Literal["linked", "created"]


@dataclass(frozen=True, slots=True)
class NameGiven:
    """A name that leads to a person from now on, and the raids where it waits; names are safe to show."""

    key: str
    name: str
    member_id: int
    member_name: str
    is_main: bool
    raid_ids: tuple[int, ...]
    how: How = "linked"


@use_case("raids.manage")
async def give_name(session: Session, unknown_name_id: int, member_id: int) -> NameGiven:
    """It is a character of somebody here: made theirs, as of when it was first seen. Credits nobody yet."""
    row = await get_waiting(session, unknown_name_id)
    return await _make_character(session, row, await standing_member(session, member_id), "linked")


@use_case("raids.manage")
async def make_person(session: Session, unknown_name_id: int) -> NameGiven:
    """It is somebody without a Discord account here: an unclaimed member whose main it is, and no start points ever."""
    row = await get_waiting(session, unknown_name_id)
    first = min(waiting.seen_at for waiting in await open_rows(session, {row.name_key}))
    member = Member(
        guild_id=session.guild_id,
        discord_user_id=None,
        display_name=row.name,
        name_key=row.name_key,
        role_group="member",
        joined_at=first,
        became_member_at=first,
        openings_settled_at=session.now,
    )
    session.add(member)
    await session.flush()
    return await _make_character(session, row, member, "created")


async def _make_character(session: Session, row: UnknownName, member: Member, how: How) -> NameGiven:
    waiting = await open_rows(session, {row.name_key})
    first = min(waited.seen_at for waited in waiting)
    here = select(Member.member_id).where(Member.guild_id == session.guild_id, Member.member_id == member.member_id)
    await session.execute(here.with_for_update(key_share=True))  # one main a person; a tick that pays need not wait
    is_main = await people.main_of(session, member.member_id) is None
    level = max((waited.level for waited in waiting if waited.level), default=None)
    named_class = next((waited.character_class for waited in waiting if waited.character_class), None)
    made = (
        insert(Character)
        .values(
            guild_id=session.guild_id,
            owner_member_id=member.member_id,
            name=row.name,
            name_key=row.name_key,
            character_class=clip(named_class, _CLASS) if named_class else None,
            level=level if level and level <= _LEVEL else None,
            is_main=is_main,
            created_at=first,
        )
        .on_conflict_do_nothing(
            index_elements=[Character.guild_id, Character.name_key], index_where=Character.retired_at.is_(None)
        )
        .returning(Character.character_id)
    )
    character_id = (await session.execute(made)).scalar_one_or_none()
    if character_id is None:
        await _check_same_owner(session, row, member)
    else:
        session.add(
            CharacterOwner(
                guild_id=session.guild_id,
                character_id=character_id,
                from_member_id=None,
                to_member_id=member.member_id,
                reason="sorted out after an import",
                by_user_id=session.actor.user_id or 0,
                at=first,
            )
        )
        after = {"name": row.name, "new": how == "created", "main": is_main}
        audit.record(session, "raids.name.linked", target_id=character_id, about=member.member_id, after=after)
    return NameGiven(
        row.name_key,
        safe(row.name),
        member.member_id,
        safe(member.display_name),
        is_main and character_id is not None,
        tuple(sorted({waited.raid_id for waited in waiting})),
        how,
    )


async def _check_same_owner(session: Session, row: UnknownName, member: Member) -> None:
    query = (
        select(Member)
        .join(Character, (Character.guild_id == Member.guild_id) & (Character.owner_member_id == Member.member_id))
        .where(Member.guild_id == session.guild_id, Character.name_key == row.name_key, Character.retired_at.is_(None))
    )
    owner = (await session.execute(query)).scalar_one()
    if owner.member_id != member.member_id:
        raise NameKnown(
            f"{safe(row.name)} is a character of {safe(owner.display_name)} here: credit it as a name that is known"
            " now, or hand it over first with /character transfer."
        )


@use_case("raids.manage")
async def ignore_name(session: Session, unknown_name_id: int) -> str:
    """Nobody of ours: every waiting row of that name goes; the name comes back with another raid. Says the name."""
    row = await get_waiting(session, unknown_name_id)
    waiting = await open_rows(session, {row.name_key}, lock=True)
    for waited in waiting:
        waited.status, waited.decided_at, waited.decided_by_user_id = IGNORED, session.now, session.actor.user_id
    audit.record(session, "raids.name.ignored", target_id=unknown_name_id, after={"name": row.name})
    return safe(row.name)


@use_case("raids.manage")
async def bring_back(session: Session, raid_id: int) -> tuple[str, ...]:
    """The names ignored at this raid wait again, wherever they were ignored with it. Says the names."""
    keys = {row.name_key for row in await ignored_rows(session, raid_id=raid_id)}
    rows = await ignored_rows(session, keys=keys, lock=True)
    for row in rows:
        row.status, row.decided_at, row.decided_by_user_id = OPEN, None, None
    names = tuple({row.name_key: row.name for row in rows}.values())
    if names:
        audit.record(session, "raids.name.brought_back", target_id=raid_id, after={"name": ", ".join(names)})
    return tuple(safe(name) for name in names)
