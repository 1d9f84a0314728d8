"""Pools, found by what people type: for looking any of them, for acts only those that are not archived."""

from sqlalchemy import select

from bot.kit.pickers import rank
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.dkp.rules.pools import ArchivedPool
from cogs.dkp.service import ledger
from db.tables import Pool

ARCHIVED = " (archived)"


async def get_pool(session: Session, typed: str | None) -> Pool:
    """The pool somebody means to look at, archived or not: an autocomplete's id (`#3`) or a name; none: the default."""
    if not typed:
        return await ledger.default_pool(session)
    pools = await every_pool(session)
    key = name_key(typed).removesuffix(ARCHIVED)
    for pool in pools:
        if typed.strip() == f"#{pool.pool_id}" or key == pool.name_key:
            return pool
    near = near_names(typed, [pool.name for pool in pools], 3) or [pool.name for pool in pools[:3]]
    raise NotFound("There is no pool by that name.", near=[safe(name) for name in near])


async def open_pool(session: Session, typed: str | None) -> Pool:
    """The pool somebody means to act in, kept as it is until the commit: neither archived nor changed meanwhile.

    Locked shared, after raids and auctions and before accounts. Refuses `ArchivedPool`.
    """
    return await lock_open(session, (await get_pool(session, typed)).pool_id)


async def lock_open(session: Session, pool_id: int) -> Pool:
    """As `open_pool`, by id."""
    query = select(Pool).where(Pool.guild_id == session.guild_id, Pool.pool_id == pool_id).with_for_update(read=True)
    pool = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    if pool.archived_at is not None:
        raise ArchivedPool(
            f"{safe(pool.name)} is archived: it can be looked at, and /pool create with its name brings it back."
        )
    return pool


def called(pool: Pool) -> str:
    """A pool's name, safe to show, marked when it is archived."""
    return safe(pool.name) + (ARCHIVED if pool.archived_at is not None else "")


async def choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete for looking: the default first, the archived last and marked."""
    pools = await every_pool(session)
    return rank(
        typed, [Choice(pool.name + (ARCHIVED if pool.archived_at else ""), f"#{pool.pool_id}") for pool in pools]
    )


async def open_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete for acts: the default first, none that is archived."""
    pools = [pool for pool in await every_pool(session) if pool.archived_at is None]
    return rank(typed, [Choice(pool.name, f"#{pool.pool_id}") for pool in pools])


async def every_pool(session: Session) -> list[Pool]:
    """The default first, then by name, the archived last."""
    query = (
        select(Pool)
        .where(Pool.guild_id == session.guild_id)
        .order_by(Pool.archived_at.is_not(None), Pool.is_default.desc(), Pool.name_key)
    )
    return list((await session.execute(query)).scalars())
