"""What slices share when they hand out, or forget, what they keep of a person.

Each slice registers its own part: `registry.exports`, `registry.forget_refusals`, `registry.forget`. A person's rows
stay, with their sums, under no name.
"""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Executable, select, update
from sqlalchemy.orm import InstrumentedAttribute

from bot.kit.text import safe
from db.tables import Member

if TYPE_CHECKING:
    from bot.stage import Session

SOMEBODY: Final = "Somebody forgotten"
"""Stands where a name was."""
NO_WORDS: Final = "(forgotten)"
"""Stands where a free text was that must not be empty."""


async def rows(session: "Session", query: Executable) -> list[dict[str, Any]]:
    """A query's rows as plain dictionaries, for an export."""
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def users_of(session: "Session", member_ids: Collection[int]) -> list[int]:
    """The Discord numbers of these members, while they still have them."""
    query = select(Member.discord_user_id).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(member_ids), Member.discord_user_id.is_not(None)
    )
    return [user_id for user_id in (await session.execute(query)).scalars() if user_id is not None]


async def unsign(session: "Session", member_ids: Collection[int], *columns: InstrumentedAttribute[Any]) -> None:
    """Take these people's numbers out of columns that say who did something: empty, or 0 where that may not be."""
    users = await users_of(session, member_ids)
    for column in columns:
        table: Any = column.class_
        nobody = None if column.property.columns[0].nullable else 0
        signed = update(table).where(table.guild_id == session.guild_id, column.in_(users))
        await session.execute(signed.values({column.key: nobody}).execution_options(synchronize_session=False))


class Scrubber:
    """Finds a person's names, mentions and number in words and values, and puts `SOMEBODY` in their place."""

    def __init__(self, names: Collection[str], users: Collection[int]) -> None:
        spelt = {form for name in names if name.strip() for form in (name, safe(name))}
        self.texts: Sequence[str] = sorted((*spelt, *map(str, users)), key=len, reverse=True)
        """What to look for; longer ones first, so that no part of a name is left."""
        self._users = frozenset(users)
        mentions = [rf"<@!?{user_id}>" for user_id in users]
        whole = [rf"(?<!\w){re.escape(text)}(?!\w)" for text in self.texts]
        self._pattern = re.compile("|".join([*mentions, *whole])) if self.texts else None

    def words(self, text: str) -> str:
        return self._pattern.sub(SOMEBODY, text) if self._pattern is not None else text

    def value(self, value: Any) -> Any:
        """Texts and numbers in lists and dictionaries, however deep; their keys stay."""
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return 0 if isinstance(value, int) and value in self._users else value
