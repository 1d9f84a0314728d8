"""`/me forget`: names of files somebody uploaded, or that name them, are taken off what is kept of an import.

A file is told from others by its hash, so that the same content still comes once.
"""

import json
from typing import Any, Final

from sqlalchemy import String, cast, func, select

from bot import personal
from bot.kit.text import clip, safe
from bot.stage import Session
from db.tables import Character, DataImport, InteractionAnswer, Member, Outbox

_FILE: Final = "forgotten"


async def forget(session: Session, member_ids: list[int]) -> None:
    names = [
        name.casefold()
        for column, whose in ((Member.display_name, Member.member_id), (Character.name, Character.owner_member_id))
        for name in (
            await session.execute(
                select(column).where(whose.class_.guild_id == session.guild_id, whose.in_(member_ids))
            )
        ).scalars()
    ]
    users = await personal.users_of(session, member_ids)
    found = [name for name in (*names, *map(str, users)) if len(name) > 1]
    imports = select(DataImport).where(DataImport.guild_id == session.guild_id)
    for row in (await session.execute(imports)).scalars():
        named = any(name in row.file_name.casefold() for name in found)
        if named or row.imported_by_user_id in users:
            await _forget_file(session, row.file_name)
            row.file_name = _FILE
    await session.flush()
    await personal.unsign(session, member_ids, DataImport.imported_by_user_id)


async def _forget_file(session: Session, name: str) -> None:
    """In first answers and messages that wait or were sent, where it is shown."""
    said = cast(InteractionAnswer.answer, String)
    answers = select(InteractionAnswer).where(
        InteractionAnswer.guild_id == session.guild_id,
        func.strpos(said, json.dumps(name, ensure_ascii=False)[1:-1]) > 0,
    )
    for answer in (await session.execute(answers)).scalars():
        answer.answer = _replaced(answer.answer, name)
    shown = safe(clip(name, 60))
    letters = select(Outbox).where(Outbox.guild_id == session.guild_id, func.strpos(Outbox.content, shown) > 0)
    for letter in (await session.execute(letters)).scalars():
        letter.content = letter.content.replace(shown, _FILE)


def _replaced(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(name, _FILE).replace(safe(clip(name, 60)), _FILE)
    if isinstance(value, list):
        return [_replaced(one, name) for one in value]
    return {key: _replaced(one, name) for key, one in value.items()} if isinstance(value, dict) else value
