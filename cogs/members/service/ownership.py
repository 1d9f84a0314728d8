"""Who owned a character when, and under which name: told from the ownership history and the audit."""

from sqlalchemy import select

from bot import people
from bot.kit.text import safe, when
from bot.refusals import NotFound
from bot.stage import Session
from bot.typed import name_key
from db.tables import Audit, Character, CharacterOwner, Member

_WRITTEN = ("characters.edited", "characters.retired")


async def history_of(session: Session, typed: str) -> tuple[str, list[str]]:
    """A heading and what happened to a character, newest first, a line each; a retired one is found by its name."""
    character = await _find(session, typed)
    changes = select(CharacterOwner).where(
        CharacterOwner.guild_id == session.guild_id, CharacterOwner.character_id == character.character_id
    )
    owned = list((await session.execute(changes.order_by(CharacterOwner.character_owner_id))).scalars())
    written = select(Audit).where(
        Audit.guild_id == session.guild_id,
        Audit.target_id == character.character_id,
        Audit.action.in_(_WRITTEN),
    )
    edits = list((await session.execute(written.order_by(Audit.audit_id))).scalars())
    names = await _names(session, owned)
    by = await _users(session, {change.by_user_id for change in owned})
    lines = []
    for change in owned:
        first = change.from_member_id is None
        who = f"**{safe(names[change.to_member_id])}**"
        what = f"added for {who}" if first else f"{safe(names[change.from_member_id or 0])} → {who}"
        because = f": {safe(change.reason)}" if change.reason else ""
        lines.append((change.at, f"{when(change.at, 'd')} {what} by {by.get(change.by_user_id, 'somebody')}{because}"))
    for edit in edits:
        words = _edit_in_words(edit)
        lines.append((edit.at, f"{when(edit.at, 'd')} {words} by {safe(edit.actor_name)}"))
    lines.sort(key=lambda line: line[0], reverse=True)
    state = ", retired" if character.retired_at else ""
    return f"**History of {safe(character.name)}**{state}, newest first", [line for _, line in lines]


def _edit_in_words(edit: Audit) -> str:
    before, after = edit.before or {}, edit.after or {}
    if edit.action == "characters.retired":
        return "retired"
    parts = []
    if "name" in before:
        parts.append(f"renamed from {safe(str(before['name']))} to {safe(str(after['name']))}")
    for key in ("class", "level"):
        if key in before:
            parts.append(f"{key} {safe(str(before[key] or 'none'))} → {safe(str(after.get(key) or 'none'))}")
    return ", ".join(parts) or "changed"


async def _find(session: Session, typed: str) -> Character:
    try:
        return await people.get_character(session, typed)
    except NotFound as refused:
        retired = (
            select(Character)
            .where(Character.guild_id == session.guild_id, Character.name_key == name_key(typed))
            .order_by(Character.retired_at.desc(), Character.character_id.desc())
            .limit(1)
        )
        found = (await session.execute(retired)).scalar_one_or_none()
        if found is None:
            raise refused
        return found


async def _names(session: Session, owned: list[CharacterOwner]) -> dict[int, str]:
    """Display names of everybody who had it; who was absorbed since is shown with who they turned out to be."""
    ids = {change.to_member_id for change in owned} | {change.from_member_id for change in owned}
    query = select(Member).where(
        Member.guild_id == session.guild_id, Member.member_id.in_([one for one in ids if one is not None])
    )
    found = {member.member_id: member for member in (await session.execute(query)).scalars()}
    names = {}
    for member_id, member in found.items():
        now = member.absorbed_by_member_id
        living = await people.get_member(session, now) if now is not None else None
        names[member_id] = member.display_name + (f" (now {living.display_name})" if living is not None else "")
    return names


async def _users(session: Session, user_ids: set[int]) -> dict[int, str]:
    query = select(Member.discord_user_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.discord_user_id.in_(user_ids)
    )
    return {row.discord_user_id: safe(row.display_name) for row in await session.execute(query)}
