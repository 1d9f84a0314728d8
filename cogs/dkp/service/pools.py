"""Pools, found by what people type."""

from sqlalchemy import select

from bot.kit.pickers import rank
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.dkp.service import ledger
from db.tables import Pool


async def get_pool(session: Session, typed: str | None) -> Pool:
    """The pool somebody means: an autocomplete's id (`#3`) or a name; none typed is the guild's default."""
    if not typed:
        return await ledger.default_pool(session)
    pools = await _pools(session)
    typed = typed.strip()
    for pool in pools:
        if typed == f"#{pool.pool_id}" or name_key(typed) == pool.name_key:
            return pool
    near = near_names(typed, [pool.name for pool in pools], 3) or [pool.name for pool in pools[:3]]
    raise NotFound("There is no pool by that name.", near=[safe(name) for name in near])


async def choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over pools, the default first."""
    return rank(typed, [Choice(pool.name, f"#{pool.pool_id}") for pool in await _pools(session)])


async def _pools(session: Session) -> list[Pool]:
    query = select(Pool).where(Pool.guild_id == session.guild_id).order_by(Pool.is_default.desc(), Pool.name_key)
    return list((await session.execute(query)).scalars())
