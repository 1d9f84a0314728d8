"""Awards read back: lists, items, and what was paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot.kit.pickers import rank
from bot.kit.text import points, safe, when
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.loot.rules import Prices, summed_up
from db.tables import Award, Pool, Raid

MOST_LISTED = 1000
"""Awards in one history; a longer one is narrowed by member or item."""


@dataclass(frozen=True, slots=True)
class AwardLine:
    """One award as a list shows it."""

    item_name: str
    member_name: str
    character_name: str | None
    cost: Decimal
    pool: str
    how: str
    raid: str | None
    awarded_at: datetime
    undone_reason: str | None

    def in_words(self) -> str:
        played = self.character_name if self.character_name != self.member_name else None
        who = safe(self.member_name) + (f" ({safe(played)})" if played else "")
        line = f"{when(self.awarded_at, 'd')} **{safe(self.item_name)}** → {who}"
        if self.cost or self.how == "auction":
            line += f" · {points(self.cost)} {safe(self.pool)}"
        if self.how != "auction":
            line += f" · {self.how}"
        if self.raid:
            line += f" · {safe(self.raid)}"
        return line if self.undone_reason is None else f"~~{line}~~ undone: {safe(self.undone_reason)}"


async def list_awards(
    session: Session, *, member_id: int | None = None, item_key: str | None = None
) -> list[AwardLine]:
    """Awards newest first, at most 1,000; undone ones are shown as undone."""
    query = (
        select(Award, Pool.name.label("pool"), Raid.name.label("raid"))
        .join(Pool, (Pool.guild_id == Award.guild_id) & (Pool.pool_id == Award.pool_id))
        .outerjoin(Raid, (Raid.guild_id == Award.guild_id) & (Raid.raid_id == Award.raid_id))
        .where(Award.guild_id == session.guild_id)
        .order_by(Award.award_id.desc())
        .limit(MOST_LISTED)
    )
    if member_id is not None:
        query = query.where(Award.member_id == member_id)
    if item_key is not None:
        query = query.where(Award.item_key == item_key)
    return [
        AwardLine(
            item_name=award.item_name,
            member_name=award.member_name,
            character_name=award.character_name,
            cost=award.cost,
            pool=pool,
            how=award.how,
            raid=raid,
            awarded_at=award.awarded_at,
            undone_reason=award.undone_reason if award.undone_at else None,
        )
        for award, pool, raid in await session.execute(query)
    ]


async def item_names(session: Session) -> Sequence[str]:
    """Every item ever awarded, as last spelt, newest first."""
    query = (
        select(Award.item_key, Award.item_name, Award.award_id)
        .where(Award.guild_id == session.guild_id)
        .distinct(Award.item_key)
        .order_by(Award.item_key, Award.award_id.desc())
    )
    newest_first = sorted(await session.execute(query), key=lambda row: -row.award_id)
    return [row.item_name for row in newest_first]


async def items(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over items awarded before."""
    return rank(typed, [Choice(name, name[:100]) for name in await item_names(session)])


async def get_item_key(session: Session, typed: str) -> str:
    """The item somebody means, by name, kindly."""
    key, names = name_key(typed), await item_names(session)
    if any(name_key(name) == key for name in names):
        return key
    raise NotFound("Nobody was awarded an item by that name.", near=[safe(n) for n in near_names(typed, names, 3)])


# --- prices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PoolPrices:
    """What was paid for an item in one pool, oldest first."""

    pool: str
    paid: tuple[tuple[datetime, Decimal], ...]
    prices: Prices

    def in_words(self) -> str:
        found = self.prices
        times = "once" if found.count == 1 else f"{found.count} times"
        last = f"{points(found.last)} {when(found.last_at, 'd')}"
        if found.count == 1:
            return f"Paid once in {safe(self.pool)}: **{last}**."
        return (
            f"Paid {times} in {safe(self.pool)}: median **{points(found.median)}**,"
            f" from {points(found.least)} to {points(found.most)}, last {last}."
        )


@dataclass(frozen=True, slots=True)
class ItemPrices:
    """One item's record: the pools it was paid in, the one paid in most often first."""

    item_name: str
    pools: tuple[PoolPrices, ...]
    free: int
    """How often it was rolled for or given."""


async def prices_of(session: Session, typed: str) -> ItemPrices:
    """What was paid for an item here, undone awards and refunds left out; what was rolled for or given is no price."""
    key = await get_item_key(session, typed)
    query = (
        select(Award.item_name, Award.how, Award.cost, Award.awarded_at, Pool.name.label("pool"))
        .join(Pool, (Pool.guild_id == Award.guild_id) & (Pool.pool_id == Award.pool_id))
        .where(Award.guild_id == session.guild_id, Award.item_key == key, Award.undone_at.is_(None))
        .order_by(Award.awarded_at, Award.award_id)
    )
    paid: dict[str, list[tuple[datetime, Decimal]]] = {}
    name, free = " ".join(typed.split()), 0
    for row in await session.execute(query):
        name = row.item_name
        if row.how in ("roll", "given"):
            free += 1
        elif row.cost >= 0:  # below it somebody was given points back elsewhere
            paid.setdefault(row.pool, []).append((row.awarded_at, row.cost))
    pools = [PoolPrices(pool, tuple(each), summed_up(each)) for pool, each in paid.items()]
    return ItemPrices(name, tuple(sorted(pools, key=lambda found: (-found.prices.count, found.pool))), free)
