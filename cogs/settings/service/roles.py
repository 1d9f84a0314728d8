"""Mapping Discord roles to role groups, and adopting: everyone's group becomes the highest mapped role they hold.

Asked first with counts (`preview_mapping`), then done (`map_roles`); both reckon the same way from who is in the
server at that moment. From then on the roster is the source.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due, people, permissions
from bot.people import Seen
from bot.stage import Session, use_case
from cogs.settings.rules.texts import NothingGiven, RoleTooWide, RoleTwice
from db.tables import Guild, Member, RoleMapping

Changes = Mapping[str, int | None]
"""Role group or badge -> Discord role id; None takes the mapping away."""

FOR_FEW = ("developer", "officer", "recruiter", permissions.BADGE)
"""Groups that may run things: never @everyone."""


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody whose group changes; `member_id` None: met for the first time."""

    member_id: int | None
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mapping would do to the people in the server."""

    mapping: dict[str, int]
    before: dict[str, int]
    """People a group, now."""
    after: dict[str, int]
    moves: tuple[Move, ...]
    mine: str | None
    """The acting person's own group afterwards; None when they are not in the server."""


async def preview_mapping(session: Session, changes: Changes, here: Sequence[Seen]) -> Plan:
    """Whom these changes would move. Refuses: one role for two groups, @everyone for a group that runs things."""
    mapping = _mapping_after(session, changes)
    rows = await session.execute(
        select(Member.discord_user_id, Member.member_id, Member.role_group).where(
            Member.guild_id == session.guild_id, Member.discord_user_id.is_not(None)
        )
    )
    known = {row.discord_user_id: row for row in rows}
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    moves: list[Move] = []
    mine: str | None = None
    for person in here:
        row = known.get(person.user_id)
        was = row.role_group if row is not None else permissions.group_of(person.role_ids, session.mapping)
        becomes = permissions.group_of(person.role_ids, mapping)
        before[was] += 1
        after[becomes] += 1
        if was != becomes:
            moves.append(Move(row.member_id if row is not None else None, person.name, was, becomes))
        if person.user_id == session.actor.user_id:
            mine = becomes
    return Plan(mapping, dict(before), dict(after), tuple(moves), mine)


@dataclass(frozen=True, slots=True)
class RolesMapped:
    mapping: dict[str, int]
    people: dict[str, int]
    """People a group, now."""
    moved: int


@use_case("settings.roles")
async def map_roles(session: Session, changes: Changes, here: Sequence[Seen]) -> RolesMapped:
    """Change the mapping and adopt."""
    if not changes:
        raise NothingGiven("Name at least one role to map.")
    return await adopt(session, changes, here)


async def adopt(session: Session, changes: Changes, here: Sequence[Seen]) -> RolesMapped:
    """Write the mapping, meet who is new, move whom it moves; an audit row for the mapping and one a person moved."""
    row = select(Guild.guild_id).where(Guild.guild_id == session.guild_id)
    await session.execute(row.with_for_update(key_share=True))  # two mappings at once would adopt by halves
    # In the order in which a start locks them, and before anybody is met.
    everybody = select(Member.discord_user_id).where(Member.guild_id == session.guild_id).order_by(Member.member_id)
    met = set((await session.execute(everybody.with_for_update(key_share=True))).scalars())
    known = select(RoleMapping.role_group, RoleMapping.role_id).where(RoleMapping.guild_id == session.guild_id)
    session.mapping = {row.role_group: row.role_id for row in await session.execute(known)}
    before = dict(session.mapping)
    await people.meet(session, [person for person in here if person.user_id not in met])
    plan = await preview_mapping(session, changes, here)
    await _write(session, changes)
    session.mapping = plan.mapping
    changed = {group for group in changes if before.get(group) != plan.mapping.get(group)}
    if changed:
        audit.record(
            session,
            "settings.roles_mapped",
            before={group: before.get(group) for group in sorted(changed)},
            after={group: plan.mapping.get(group) for group in sorted(changed)},
        )
    for group in permissions.GROUPS:
        ids = [move.member_id for move in plan.moves if move.after == group]
        if ids:
            of_them = update(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
            await session.execute(of_them.values(**people.in_group(session, group)))
    for move in plan.moves:
        audit.record(
            session,
            "settings.group_adopted",
            about=move.member_id,
            before={"group": move.before},
            after={"group": move.after},
        )
    await people.give_openings(session, people.EVERYBODY, *(move.after for move in plan.moves))
    newcomers = ("member" in before) != ("member" in plan.mapping)  # they become guests, or the other way round
    if plan.moves or newcomers:
        await due.schedule(session, people.RIGHTS_CHANGED, people.EVERYBODY, session.now)
    return RolesMapped(plan.mapping, plan.after, len(plan.moves))


def _mapping_after(session: Session, changes: Changes) -> dict[str, int]:
    mapping = {**session.mapping, **{group: role_id for group, role_id in changes.items() if role_id is not None}}
    for group, role_id in changes.items():
        if role_id is None:
            mapping.pop(group, None)
        elif role_id == session.guild_id and group in FOR_FEW:  # @everyone carries the server's id
            raise RoleTooWide(
                f"@\u200beveryone cannot be {group.replace('_', ' ')}: choose a role that few people hold."
            )
    groups = [group for group in mapping if group != permissions.BADGE]
    for group in groups:
        for other in groups:
            if group < other and mapping[group] == mapping[other]:
                raise RoleTwice(f"One role cannot be both {group} and {other}: choose another for one of them.")
    return mapping


async def _write(session: Session, changes: Changes) -> None:
    gone = [group for group, role_id in changes.items() if role_id is None]
    if gone:
        await session.execute(
            delete(RoleMapping).where(RoleMapping.guild_id == session.guild_id, RoleMapping.role_group.in_(gone))
        )
    rows = [
        {"guild_id": session.guild_id, "role_group": group, "role_id": role_id}
        for group, role_id in changes.items()
        if role_id is not None
    ]
    if rows:
        row = insert(RoleMapping).values(rows)
        await session.execute(
            row.on_conflict_do_update(
                index_elements=[RoleMapping.guild_id, RoleMapping.role_group], set_={"role_id": row.excluded.role_id}
            )
        )
