"""Who is at a raid: check in, bench, leave; and what leaders say of others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due, people, permissions
from bot.kit.text import safe
from bot.people import People as People
from bot.people import Unknown as Unknown
from bot.people import named_people as named_people
from bot.refusals import NotFound
from bot.stage import Actor, Session, Stage, use_case
from cogs.raids.rules import (
    ABSENT,
    ADD_STATUSES,
    EXCUSED,
    LEFT,
    PRESENT,
    REMOVED,
    STANDBY,
    BadStatus,
    NotOnRoster,
    RaidOver,
    Seat,
    WasRemoved,
    check_running,
    is_late,
)
from cogs.raids.service.lookups import lock_raid
from db.tables import Member, Raid, RaidMember


def entitled(session: Session, member: Member) -> bool:
    """Members are credited; before the member role is mapped, everybody who is here is."""
    if member.left_at is not None or member.absorbed_by_member_id is not None:
        return False
    return "member" not in session.mapping or member.role_group in permissions.MEMBERS


async def seats(session: Session, raid_id: int) -> list[Seat]:
    """The roster as rules see it, in the order people arrived."""
    query = (
        select(RaidMember)
        .where(RaidMember.guild_id == session.guild_id, RaidMember.raid_id == raid_id)
        .order_by(RaidMember.arrived_at, RaidMember.member_id)
    )
    return [
        Seat(
            row.member_id,
            row.status,
            row.added_by_user_id is not None,
            row.last_seen_at,
            row.unseen_ticks,
            row.seen_by,
        )
        for row in (await session.execute(query)).scalars()
    ]


async def seat(session: Session, raid: Raid, member_ids: Collection[int], status: str, **more: Any) -> set[int]:
    """Put people on the roster with a status; who was removed keeps their place unless `more` says otherwise.

    Arriving is remembered from the first time; `more` overrides columns. `seen_by` says what shows that they are here,
    a press if left out. Returns whose row was written.
    """
    if not member_ids:
        return set()
    at: datetime = more.pop("at", session.received_at)
    welcome: bool = more.pop("even_removed", False)
    here = status in {PRESENT, STANDBY}
    seen_by: str = more.pop("seen_by", "button")
    on_time = session.guild.on_time_seconds
    mains = await people.mains(session, list(member_ids))
    rows = [
        {
            "guild_id": session.guild_id,
            "raid_id": raid.raid_id,
            "member_id": member_id,
            "status": status,
            "late": here and is_late(at, raid.started_at, on_time),
            "arrived_at": at if here else None,
            "last_seen_at": at if here else None,
            "left_at": at if status in {LEFT, REMOVED} else None,
            "seen_by": seen_by,
            "character_name": mains[member_id].name if member_id in mains else None,
        }
        | more
        for member_id in sorted(member_ids)
    ]
    row = insert(RaidMember).values(rows)
    new = row.excluded
    changed: dict[str, Any] = {"status": status, "left_at": new.left_at}
    if here:
        changed |= {
            "late": case((RaidMember.arrived_at.is_(None), new.late), else_=RaidMember.late),
            "arrived_at": func.coalesce(RaidMember.arrived_at, new.arrived_at),
            "last_seen_at": func.greatest(RaidMember.last_seen_at, new.last_seen_at),
            "unseen_ticks": 0,
            "seen_by": new.seen_by,
            "character_name": func.coalesce(new.character_name, RaidMember.character_name),
        }
    changed |= {name: new[name] for name in more}
    written = await session.execute(
        row.on_conflict_do_update(
            index_elements=[RaidMember.guild_id, RaidMember.raid_id, RaidMember.member_id],
            set_=changed,
            where=None if welcome else RaidMember.status != REMOVED,
        ).returning(RaidMember.member_id)
    )
    session.redraw("raid", raid.raid_id)
    return set(written.scalars())


# --- what people do themselves ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seated:
    """The answer to a press: where the person stands now."""

    raid_id: int
    raid_name: str
    status: str
    late: bool
    has_character: bool
    credited: bool
    """False for guests and applicants: they are listed at each tick until a leader adds them."""


async def _take_seat(session: Session, raid_id: int, status: str) -> Seated:
    raid = await lock_raid(session, raid_id, shared=True)
    check_running(raid.status, raid.name)
    me = session.member
    if not await seat(session, raid, [me.member_id], status):
        raise WasRemoved("A leader removed you from this raid: ask one of them to add you again.")
    row = await session.get(RaidMember, (session.guild_id, raid_id, me.member_id), populate_existing=True)
    assert row is not None
    audit.record(session, f"raids.{_PRESSED[status]}", target_id=raid_id, about=me.member_id, after={"raid": raid.name})
    credited = entitled(session, me) or row.added_by_user_id is not None
    return Seated(raid_id, raid.name, status, row.late, row.character_name is not None, credited)


_PRESSED = {PRESENT: "checked_in", STANDBY: "stood_by"}


@use_case("raids.check_in")
async def check_in(session: Session, raid_id: int) -> Seated:
    """Present from now on; late after start + 15 min; pressing again only says "still here"."""
    return await _take_seat(session, raid_id, PRESENT)


@use_case("raids.check_in")
async def stand_by(session: Session, raid_id: int) -> Seated:
    """On the bench: each tick pays standby's share and counts in full for attendance."""
    return await _take_seat(session, raid_id, STANDBY)


@use_case("raids.check_in")
async def leave(session: Session, raid_id: int) -> Seated:
    """Gone from now on; ticks earned are kept."""
    raid = await lock_raid(session, raid_id, shared=True)
    check_running(raid.status, raid.name)
    me = session.member
    row = await session.get(RaidMember, (session.guild_id, raid_id, me.member_id))
    if row is None or row.status not in {PRESENT, STANDBY}:
        raise NotOnRoster("You are not checked in to this raid: nothing to leave.")
    row.status, row.left_at = LEFT, session.received_at
    await due.schedule(session, people.RIGHTS_CHANGED, me.member_id, session.now)
    audit.record(session, "raids.left", target_id=raid_id, about=me.member_id, after={"raid": raid.name})
    session.redraw("raid", raid_id)
    return Seated(raid_id, raid.name, LEFT, row.late, True, True)


async def note_seen(session: Session, raid_id: int) -> None:
    """Any press on the board is a sign of life of who is checked in."""
    await session.execute(
        update(RaidMember)
        .where(
            RaidMember.guild_id == session.guild_id,
            RaidMember.raid_id == raid_id,
            RaidMember.member_id == session.member.member_id,
            RaidMember.status.in_((PRESENT, STANDBY)),
        )
        .values(last_seen_at=session.received_at, unseen_ticks=0)
    )


async def leave_running_raids(stage: Stage, guild_id: int, member_id: int) -> None:
    """Somebody left the server: they left the raids they were in, and keep what they earned."""

    async def work(session: Session) -> None:
        query = (
            select(RaidMember.raid_id)
            .join(Raid, (Raid.guild_id == RaidMember.guild_id) & (Raid.raid_id == RaidMember.raid_id))
            .where(
                RaidMember.guild_id == session.guild_id,
                RaidMember.member_id == member_id,
                RaidMember.status.in_((PRESENT, STANDBY)),
                Raid.status == "running",
            )
            .order_by(RaidMember.raid_id)
        )
        for raid_id in list((await session.execute(query)).scalars()):
            raid = await lock_raid(session, raid_id, shared=True)
            if raid.status == "running":
                await seat(session, raid, [member_id], LEFT)

    await stage.run(Actor.itself(guild_id), work)


# --- what leaders say of others ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """People of a running raid were given a status by a leader; also the fact."""

    guild_id: int
    raid_id: int
    raid_name: str
    status: str
    member_ids: tuple[int, ...]
    names: tuple[str, ...]


@use_case("raids.manage")
async def add_people(
    session: Session, raid_id: int, member_ids: tuple[int, ...], status: str = PRESENT
) -> RosterChanged:
    """Say how people are at a raid: present, late, left early, standby; also excused or absent, after the end too.

    Whoever a leader adds is credited from then on, whatever their role group. Credit for ticks of the past is
    `credit_people`'s.
    """
    if status not in ADD_STATUSES:
        raise BadStatus(f"A person at a raid is {', '.join(ADD_STATUSES[:-1])} or {ADD_STATUSES[-1]}; pick one.")
    raid = await lock_raid(session, raid_id)
    if not (status in {EXCUSED, ABSENT} and raid.status == "ended"):
        check_running(raid.status, raid.name)
    known = await _members(session, member_ids)
    more: dict[str, Any] = {"even_removed": True}
    if status not in {EXCUSED, ABSENT}:
        more["added_by_user_id"] = session.actor.user_id
    if status == "late":
        more["late"] = True
    stored = {"late": PRESENT, "left early": LEFT}.get(status, status)
    await seat(session, raid, [member.member_id for member in known], stored, **more)
    for member in known:
        if stored not in {PRESENT, STANDBY}:
            await due.schedule(session, people.RIGHTS_CHANGED, member.member_id, session.now)
        after = {"raid": raid.name, "status": status}
        audit.record(session, "raids.added", target_id=raid_id, about=member.member_id, after=after)
    ids, names = tuple(m.member_id for m in known), tuple(safe(m.display_name) for m in known)
    changed = RosterChanged(session.guild_id, raid_id, raid.name, status, ids, names)
    session.tell(changed)
    return changed


@use_case("raids.manage")
async def bring_in(session: Session, raid_id: int, member_ids: tuple[int, ...]) -> RosterChanged:
    """From the bench into the raid: later ticks are paid in full."""
    raid = await lock_raid(session, raid_id)
    check_running(raid.status, raid.name)
    query = (
        update(RaidMember)
        .where(
            RaidMember.guild_id == session.guild_id,
            RaidMember.raid_id == raid_id,
            RaidMember.member_id.in_(member_ids),
            RaidMember.status == STANDBY,
        )
        .values(status=PRESENT, last_seen_at=session.received_at, unseen_ticks=0)
        .returning(RaidMember.member_id)
    )
    moved = set((await session.execute(query)).scalars())
    if not moved:
        raise NotOnRoster("Nobody of those is on standby any more.")
    known = await _members(session, moved)
    for member in known:
        audit.record(session, "raids.brought_in", target_id=raid_id, about=member.member_id, after={"raid": raid.name})
    session.redraw("raid", raid_id)
    ids, names = tuple(m.member_id for m in known), tuple(safe(m.display_name) for m in known)
    changed = RosterChanged(session.guild_id, raid_id, raid.name, PRESENT, ids, names)
    session.tell(changed)
    return changed


@use_case("raids.manage")
async def remove(session: Session, raid_id: int, member_id: int, reason: str | None = None) -> RosterChanged:
    """Off the roster; ticks earned are kept, and neither a press nor voice brings them back."""
    raid = await lock_raid(session, raid_id)
    if raid.status != "running":
        raise RaidOver(f"{safe(raid.name)} is over: credit is taken back with /raid undo-tick or /dkp undo.")
    (member,) = await _members(session, [member_id])
    row = await session.get(RaidMember, (session.guild_id, raid_id, member_id))
    if row is None or row.status == REMOVED:
        raise NotOnRoster(f"{safe(member.display_name)} is not on the roster of {safe(raid.name)}.")
    before = {"status": row.status}
    row.status, row.left_at, row.added_by_user_id = REMOVED, session.received_at, None
    await due.schedule(session, people.RIGHTS_CHANGED, member_id, session.now)
    after = {"raid": raid.name}
    audit.record(
        session, "raids.removed", target_id=raid_id, about=member_id, before=before, after=after, reason=reason
    )
    session.redraw("raid", raid_id)
    changed = RosterChanged(session.guild_id, raid_id, raid.name, REMOVED, (member_id,), (safe(member.display_name),))
    session.tell(changed)
    return changed


async def _members(session: Session, member_ids: Iterable[int]) -> Sequence[Member]:
    wanted = set(member_ids)
    query = (
        select(Member)
        .where(Member.guild_id == session.guild_id, Member.member_id.in_(wanted))
        .order_by(Member.name_key, Member.member_id)
    )
    found = (await session.execute(query)).scalars().all()
    if len(found) < len(wanted):
        raise NotFound("One of those people is not a member here any more.")
    return found
