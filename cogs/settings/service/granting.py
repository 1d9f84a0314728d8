"""`/settings permissions`: what whoever holds a Discord role may do, beside what their group may."""

from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due, people
from bot.kit.pickers import rank
from bot.registry import Choice
from bot.stage import Session, use_case
from cogs.settings.rules.granting import check_for, find_capability, grantable, groups_anyway
from db.tables import CapabilityGrant


@dataclass(frozen=True, slots=True)
class Granted:
    """What a role may do now, and whether that is new."""

    doing: str
    """The capability in words."""
    role_id: int
    allow: bool
    changed: bool
    anyway: tuple[str, ...]
    """Groups this role stands for that have it whatever is granted."""


@use_case("settings.permissions")
async def change_permission(session: Session, capability: str, role_id: int, allow: bool) -> Granted:
    """Let whoever holds a role do something, or take that back; what their group may is untouched."""
    name = find_capability(capability)
    here = {"guild_id": session.guild_id, "capability": name, "role_id": role_id}
    if allow:
        check_for(name, everyone=role_id == session.guild_id)  # @everyone carries the server's id
        row = insert(CapabilityGrant).values(**here, granted_at=session.now, granted_by_user_id=session.actor.user_id)
        written = await session.execute(row.on_conflict_do_nothing().returning(CapabilityGrant.role_id))
    else:
        written = await session.execute(
            delete(CapabilityGrant)
            .where(*(getattr(CapabilityGrant, column) == value for column, value in here.items()))
            .returning(CapabilityGrant.role_id)
        )
    changed = bool(written.all())
    if changed:
        action = "settings.permission_given" if allow else "settings.permission_taken"
        audit.record(session, action, target_id=role_id, after={"capability": name})
        if not allow:
            await due.schedule(session, people.RIGHTS_CHANGED, people.EVERYBODY, session.now)
    doing = grantable()[name]
    return Granted(doing, role_id, allow, changed, groups_anyway(name, role_id, session.mapping))


async def capability_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over what can be granted, in words."""
    return rank(typed, [Choice(words, name) for name, words in sorted(grantable().items(), key=lambda each: each[1])])
