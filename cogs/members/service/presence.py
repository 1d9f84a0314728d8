"""Comings and goings: who is in the server, since when, under which name, in which role group.

Each comes from Discord as it happens, or from `reconcile` for what happened while no process of ours lived. A stay is
never rewritten: whoever returns gets a new one, with their characters and points as they were.
"""

from collections.abc import Sequence

from sqlalchemy import case, func, select

from bot import audit, due, people, permissions
from bot.people import Seen
from bot.stage import Session
from db.tables import Character, Member, Stay


async def arrive(session: Session, seen: Seen) -> None:
    """Somebody joined, or came back: their group is that of the highest mapped role they hold, else guest."""
    group = permissions.group_of(seen.role_ids, session.mapping)
    known = await _lock(session, seen.user_id)
    before = known.role_group if known is not None else None
    was_here = known is not None and known.left_at is None
    member = await people.present(session, known, seen.user_id, seen.name, group, seen.joined_at)
    if was_here:
        await _adopt(session, member, group)  # an interaction was faster, or we never saw them go
        return
    action = "members.joined" if known is None else "members.returned"
    audit.record(session, action, about=member.member_id, before={"group": before}, after={"group": group})


async def depart(session: Session, user_id: int) -> None:
    """Somebody left: their stay ends, and due work tells every slice that cares (open bids are voided)."""
    await _lock(session, user_id)
    member = await people.leave(session, user_id)
    if member is None:
        return
    audit.record(session, "members.left", about=member.member_id, before={"group": member.role_group})
    await due.schedule(session, "member.left", member.member_id, session.now)


async def change(session: Session, seen: Seen, roles_moved: frozenset[int]) -> None:
    """Somebody's name or roles changed in Discord: a mapped role moved by hand is adopted into the roster."""
    group = permissions.group_of(seen.role_ids, session.mapping)
    known = await _lock(session, seen.user_id)
    member = await people.present(session, known, seen.user_id, seen.name, group, seen.joined_at)
    badge = session.mapping.get(permissions.BADGE)
    if badge in roles_moved:  # not in the roster: Discord says at each act who wears it
        given = "members.badge_given" if badge in seen.role_ids else "members.badge_taken"
        audit.record(session, given, about=member.member_id)
    groups = {role_id for name, role_id in session.mapping.items() if name != permissions.BADGE}
    if groups & roles_moved:
        await _adopt(session, member, group)


async def reconcile(session: Session, here: Sequence[Seen], roles_here: frozenset[int]) -> None:
    """Bring the roster in line with who is in the server now; `here` is complete, or nobody would be left in it.

    Groups are adopted only while every mapped role exists: a deleted one must not make its holders guests.
    """
    seen = {person.user_id: person for person in here}
    # All at once and in one order, and who is new last, as a tick does: one by one they deadlock with ticks and bids.
    rows = await session.execute(
        select(Member.discord_user_id, Member.display_name, Member.role_group, Member.left_at)
        .where(Member.guild_id == session.guild_id, Member.discord_user_id.is_not(None))
        .order_by(Member.member_id)
        .with_for_update(key_share=True)
    )
    known = {row.discord_user_id: row for row in rows}
    adopting = bool(session.mapping) and set(session.mapping.values()) <= roles_here
    for user_id, row in known.items():
        if user_id not in seen and row.left_at is None:
            await depart(session, user_id)
    for user_id, person in seen.items():
        row = known.get(user_id)
        if row is None:
            continue
        group = permissions.group_of(person.role_ids, session.mapping)
        if row.left_at is not None or (adopting and row.role_group != group):
            await arrive(session, person)
        elif row.display_name != person.name:
            await change(session, person, frozenset())
    met = await people.meet(session, [person for person in here if person.user_id not in known])
    if met:
        audit.record(session, "members.met", after={"people": met})


async def _adopt(session: Session, member: Member, group: str) -> None:
    if member.role_group == group:
        return
    audit.record(
        session,
        "members.group_adopted",
        about=member.member_id,
        before={"group": member.role_group},
        after={"group": group},
    )
    for column, value in people.in_group(session, group).items():
        setattr(member, column, value)
    await people.give_openings(session, member.member_id, group)
    await due.schedule(session, people.RIGHTS_CHANGED, member.member_id, session.now)


async def _lock(session: Session, user_id: int) -> Member | None:
    """No stronger than changing the row needs: whatever is written about a member meanwhile refers to it unhindered."""
    query = select(Member).where(Member.guild_id == session.guild_id, Member.discord_user_id == user_id)
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def inconsistencies(session: Session) -> list[str]:
    """For the doctor: stays that contradict who is here, and people with characters but no main."""
    here = Member.guild_id == session.guild_id
    open_stays = (
        select(func.count())
        .where(Stay.guild_id == Member.guild_id, Stay.member_id == Member.member_id, Stay.ended_at.is_(None))
        .scalar_subquery()
    )
    expected = case((Member.left_at.is_(None) & Member.discord_user_id.is_not(None), 1), else_=0)
    rows = await session.execute(select(Member.member_id, open_stays).where(here, open_stays != expected))
    wrong = [f"member {row[0]} has {row[1]} open stays" for row in rows]
    active = (
        select(func.count().filter(Character.is_main))
        .where(Character.guild_id == session.guild_id, Character.retired_at.is_(None))
        .group_by(Character.owner_member_id)
        .having(func.count().filter(Character.is_main) != 1)
        .add_columns(Character.owner_member_id)
    )
    wrong += [f"member {row[1]} has {row[0]} mains" for row in await session.execute(active)]
    return wrong
