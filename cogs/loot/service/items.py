"""Every item ever awarded, imported ones too, found by what people type.

A guild may have tens of thousands of awards of thousands of items: their keys are read from an index alone and compared
as they are; names are read only of what is offered.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select

from bot.kit.pickers import rank_keys
from bot.kit.text import CHOICE_VALUE, CHOICES, safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_keys
from db.tables import Award

_NONE: Final[Mapping[str, str]] = {}


async def items(session: Session, typed: str, also: Mapping[str, str] = _NONE) -> list[Choice]:
    """Autocomplete over items awarded before, newest first, as last spelt; `also`: further ones, names by key."""
    newest = await _newest(session)
    keys = [*newest, *(key for key in also if key not in newest)]
    key = name_key(typed)
    offered = [keys[place] for place in rank_keys(key, keys)] if key else keys[:CHOICES]
    names = dict(also) | await _names(session, {key: newest[key] for key in offered if key in newest})
    return [Choice(names[key], names[key][:CHOICE_VALUE]) for key in offered]


async def get_item_key(session: Session, typed: str) -> str:
    """The item somebody means, by name, kindly. An import's name may be longer than a choice can carry whole."""
    key = name_key(typed)
    known = select(Award.award_id).where(Award.guild_id == session.guild_id, Award.item_key == key).limit(1)
    if (await session.execute(known)).first() is not None:
        return key
    newest = await _newest(session)
    keys = list(newest)
    if len(typed) >= CHOICE_VALUE and (cut := next((other for other in keys if other.startswith(key)), None)):
        return cut
    near = [keys[place] for place in near_keys(key, keys, 3)]
    names = await _names(session, {other: newest[other] for other in near})
    raise NotFound("Nobody was awarded an item by that name.", near=[safe(names[other]) for other in near])


async def _newest(session: Session) -> dict[str, int]:
    """Each item's key and the number of its newest award, the newest first."""
    newest = func.max(Award.award_id)
    query = (
        select(Award.item_key, newest)
        .where(Award.guild_id == session.guild_id)
        .group_by(Award.item_key)
        .order_by(newest.desc())
    )
    return dict((await session.execute(query)).tuples().all())


async def _names(session: Session, awards: Mapping[str, int]) -> dict[str, str]:
    """How items were spelt in these awards, by key."""
    query = select(Award.item_key, Award.item_name).where(
        Award.guild_id == session.guild_id, Award.award_id.in_(awards.values())
    )
    return dict((await session.execute(query)).tuples().all())
