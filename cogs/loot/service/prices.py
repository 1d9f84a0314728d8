"""What was paid for an item. Left out: awards that were undone, refunds, and what cost nothing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.loot.rules import Prices, in_a_line, summed_up
from cogs.loot.service.items import get_item_key
from db.tables import Award, Pool

_LATELY: Final = 50
"""Prices in an item's line."""
_LOOKED_AT: Final = 500
"""Awards the line is read from, then sorted by time: an import tells of the past after the present."""


@dataclass(frozen=True, slots=True)
class PoolPrices:
    """What was paid for an item in one pool, oldest first."""

    pool: str
    paid: tuple[tuple[datetime, Decimal], ...]
    prices: Prices

    def in_words(self) -> str:
        found = self.prices
        last = f"{points(found.last)} {when(found.last_at, 'd')}"
        if found.count == 1:
            return f"Paid once in {safe(self.pool)}: **{last}**."
        return (
            f"Paid {found.count} times in {safe(self.pool)}: median **{points(found.median)}**,"
            f" from {points(found.least)} to {points(found.most)}, last {last}."
        )


@dataclass(frozen=True, slots=True)
class ItemPrices:
    """One item's record: the pools it was paid in, the one paid in most often first."""

    item_name: str
    pools: tuple[PoolPrices, ...]
    free: int
    """How often it cost nothing: rolled for, given, or brought over without a price."""


async def prices_of(session: Session, typed: str) -> ItemPrices:
    """Everything that was paid for an item here."""
    key = await get_item_key(session, typed)
    query = (
        select(Award.item_name, Award.cost, Award.awarded_at, Pool.name.label("pool"))
        .join(Pool, (Pool.guild_id == Award.guild_id) & (Pool.pool_id == Award.pool_id))
        .where(Award.guild_id == session.guild_id, Award.item_key == key, Award.undone_at.is_(None))
        .order_by(Award.awarded_at, Award.award_id)
    )
    paid: dict[str, list[tuple[datetime, Decimal]]] = {}
    name, free = " ".join(typed.split()), 0
    for row in await session.execute(query):
        name = row.item_name
        if row.cost > 0:
            paid.setdefault(row.pool, []).append((row.awarded_at, row.cost))
        elif row.cost == 0:
            free += 1
    pools = [PoolPrices(pool, tuple(each), summed_up(each)) for pool, each in paid.items()]
    return ItemPrices(name, tuple(sorted(pools, key=lambda found: (-found.prices.count, found.pool))), free)


async def price_line(session: Session, item_key: str, pool_id: int) -> str | None:
    """What an item went for in a pool the last 50 times, in one line; None where nobody paid for it yet.

    One statement over an index, whatever the guild's history: it looks at no more than the item's newest 500 awards.
    """
    newest = (
        select(Award.pool_id, Award.cost, Award.awarded_at, Award.award_id, Award.undone_at)
        .where(Award.guild_id == session.guild_id, Award.item_key == item_key)
        .order_by(Award.award_id.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    query = (
        select(newest.c.awarded_at, newest.c.cost)
        .where(newest.c.pool_id == pool_id, newest.c.undone_at.is_(None), newest.c.cost > 0)
        .order_by(newest.c.awarded_at.desc(), newest.c.award_id.desc())
        .limit(_LATELY)
    )
    paid = [(at, cost) for at, cost in await session.execute(query)]
    return in_a_line(summed_up(paid[::-1])) if paid else None
