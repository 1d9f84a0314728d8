"""Guild rows and member rows: made on first sight, renamed, left, returned, in their group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import permissions
from bot.people.finding import find_by_user
from bot.typed import name_key
from db.tables import Guild, Member, Pool, Stay

if TYPE_CHECKING:
    from bot.stage import Session

RIGHTS_CHANGED = "member.rights"
"""Due work for a member whose rights may have shrunk; `registry.rights_lost` is asked what that means."""
EVERYBODY = "everybody"
"""Its key when everybody's may have: one row of work, because thousands would hold up whatever else is due."""
BECAME_MEMBER = "member.became"
"""Due work when people became members for the first time: they are given their start points."""
DEFAULT_POOL = "DKP"
MET_AT_ONCE = 1000
"""Rows a statement: PostgreSQL takes 32,767 parameters."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A person, never a bot, as Discord shows them in the server now; made by `bot.kit.seen`."""

    user_id: int
    name: str
    role_ids: frozenset[int]
    joined_at: datetime | None = None
    """When they joined the server, as Discord says it."""


async def ensure_guild(session: "Session", guild_id: int, name: str) -> None:
    """The guild's row and its default pool, made on first sight; an empty name leaves the one that is known."""
    known = {"name": name} if name else {}
    await session.execute(
        insert(Guild)
        .values(guild_id=guild_id, name=name or "This guild", joined_at=session.now)
        .on_conflict_do_update(index_elements=[Guild.guild_id], set_={"removed_at": None, **known})
    )
    await session.execute(
        insert(Pool)
        .values(
            guild_id=guild_id,
            name=DEFAULT_POOL,
            name_key=name_key(DEFAULT_POOL),
            is_default=True,
            created_at=session.now,
        )
        .on_conflict_do_nothing()
    )


async def present(
    session: "Session",
    member: Member | None,
    user_id: int,
    name: str,
    group: str = "guest",
    joined_at: datetime | None = None,
) -> Member:
    """The member row of somebody who is here now: made, renamed, or marked as returned when needed.

    Who is new or returned gets `group`, that of the highest mapped role they hold (`permissions.group_of`).
    """
    if member is None:
        forgot_at = await last_forgot_at(session)
        row = insert(Member).values(
            guild_id=session.guild_id,
            discord_user_id=user_id,
            display_name=name,
            name_key=name_key(name),
            role_group=group,
            joined_at=session.now,
            became_member_at=session.now if group in permissions.MEMBERS else None,
            openings_settled_at=session.now if was_here(joined_at, forgot_at) else None,
        )
        await session.execute(row.on_conflict_do_nothing())
        member = (
            await session.execute(
                select(Member).where(Member.guild_id == session.guild_id, Member.discord_user_id == user_id)
            )
        ).scalar_one()
        stays = select(func.count()).where(Stay.guild_id == session.guild_id, Stay.member_id == member.member_id)
        if not (await session.execute(stays)).scalar_one():
            session.add(Stay(guild_id=session.guild_id, member_id=member.member_id, started_at=session.now))
            await give_openings(session, member.member_id, group)
    pressed_before_leaving = session.actor.received_at is not None and (
        member.left_at is not None and session.actor.received_at <= member.left_at
    )
    if member.left_at is not None and not pressed_before_leaving:
        here = (Member.guild_id == session.guild_id, Member.member_id == member.member_id)
        back = update(Member).where(*here, Member.left_at.is_not(None)).values(left_at=None, **in_group(session, group))
        if (await session.execute(back.returning(Member.member_id))).one_or_none():  # else another process was first
            session.add(Stay(guild_id=session.guild_id, member_id=member.member_id, started_at=session.now))
            await give_openings(session, member.member_id, group)
        await session.refresh(member)
    if name and member.display_name != name:
        member.display_name, member.name_key = name, name_key(name)
        await session.flush()  # now: nobody waits for a member's row with raids, auctions or accounts in hand
    return member


async def last_forgot_at(session: "Session") -> datetime | None:
    """When somebody of this guild was last forgotten."""
    gone = select(func.max(Member.left_at)).where(
        Member.guild_id == session.guild_id,
        Member.discord_user_id.is_(None),
        Member.left_at.is_not(None),
        Member.data_import_id.is_(None),
    )
    return (await session.execute(gone)).scalar_one()


def was_here(joined_at: datetime | None, forgot_at: datetime | None) -> bool:
    """Whether somebody without a row was in the server when we last forgot somebody.

    Everybody in a server has a row from the moment we see them, so it is whom we forgot: start points are not due
    again. No number or name is kept to know it. Who left the server since and joined again is somebody new.
    """
    return joined_at is not None and forgot_at is not None and joined_at <= forgot_at


def in_group(session: "Session", group: str) -> dict[str, Any]:
    """The columns of a member who is in this group from now on; who becomes member for the first time is dated."""
    if group not in permissions.MEMBERS:
        return {"role_group": group}
    return {"role_group": group, "became_member_at": func.coalesce(Member.became_member_at, session.now)}


async def give_openings(session: "Session", who: int | str, *groups: str) -> None:
    """Call it after a member, or `EVERYBODY`, was put into these groups: start points come with the first time."""
    from bot import due  # which stands on the stage, and the stage on us

    if not permissions.MEMBERS.isdisjoint(groups):
        await due.schedule(session, BECAME_MEMBER, who, session.now)


async def meet(session: "Session", strangers: Sequence[Seen]) -> int:
    """Rows for people who were here before us, or came while we were away; returns how many were new."""
    met, strangers = 0, sorted(strangers, key=lambda person: person.user_id)  # two who meet the same wait in one order
    groups = {person.user_id: permissions.group_of(person.role_ids, session.mapping) for person in strangers}
    forgot_at = await last_forgot_at(session) if strangers else None
    for start in range(0, len(strangers), MET_AT_ONCE):
        rows = [
            {
                "guild_id": session.guild_id,
                "discord_user_id": person.user_id,
                "display_name": person.name,
                "name_key": name_key(person.name),
                "role_group": groups[person.user_id],
                "joined_at": session.now,
                "became_member_at": session.now if groups[person.user_id] in permissions.MEMBERS else None,
                "openings_settled_at": session.now if was_here(person.joined_at, forgot_at) else None,
            }
            for person in strangers[start : start + MET_AT_ONCE]
        ]
        made = await session.execute(insert(Member).values(rows).on_conflict_do_nothing().returning(Member.member_id))
        stays = [
            {"guild_id": session.guild_id, "member_id": member_id, "started_at": session.now}
            for member_id in made.scalars()
        ]
        if stays:
            await session.execute(insert(Stay).values(stays))
        met += len(stays)
    await give_openings(session, EVERYBODY, *groups.values())
    return met


async def leave(session: "Session", user_id: int) -> Member | None:
    """Mark a member as left and end their stay; None when we never knew them or they were gone already."""
    member = await find_by_user(session, user_id)
    if member is None or member.left_at is not None:
        return None
    member.left_at = session.now
    await session.execute(
        update(Stay)
        .where(Stay.guild_id == session.guild_id, Stay.member_id == member.member_id, Stay.ended_at.is_(None))
        .values(ended_at=session.now)
    )
    return member
