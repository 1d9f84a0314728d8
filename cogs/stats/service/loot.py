"""What a pool's loot went for over a window, and who won how much, beside their attendance on the same days."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import discord
from sqlalchemy import or_, select

from bot.kit import charts
from bot.kit.text import fit_lines, plain, points
from bot.stage import Session
from cogs.attendance.rules import Span, span_of
from cogs.attendance.service.facts import persons
from cogs.attendance.service.figures import figures
from cogs.dkp.service.pools import called, every_pool, get_pool
from cogs.loot.rules import median_of
from cogs.stats.rules import (
    Winner,
    Won,
    by_week,
    check_days,
    dear_in_words,
    dearest,
    halves,
    window_in_words,
    winners,
)
from db.tables import Award, Member


@dataclass(frozen=True, slots=True)
class LootStats:
    """One pool's loot; `elsewhere` is how much was sold in the other pools, by their names, safe to show."""

    pool: str
    title: str
    days: int
    sold: int
    free: int
    spent: Decimal
    median: Decimal | None
    halves: tuple[Decimal, Decimal] | None
    weeks: tuple[tuple[datetime, Decimal], ...]
    dearest: tuple[str, ...]
    elsewhere: tuple[tuple[str, int], ...]
    winners: tuple[Winner, ...]
    zone: tzinfo

    def in_words(self) -> str:
        lines = [f"**Loot in {self.pool}**, {window_in_words(self.days)}"]
        free = f"{self.free:,} {'was' if self.free == 1 else 'were'} rolled for or given" if self.free else ""
        if self.sold:
            what = "1 item" if self.sold == 1 else f"{self.sold:,} items"
            lines.append(f"**{what}** sold for **{points(self.spent)}** points{f'; {free}' if free else ''}.")
        else:
            lines.append(f"Nothing was sold{f'; {free}' if free else ''}.")
        if self.median is not None:
            trend = ": **{}** in the older half of these days, **{}** in the newer".format(
                *map(points, self.halves)
            ) if self.halves else ""  # fmt: skip
            lines.append(f"Median price **{points(self.median)}**{trend}.")
        if self.dearest:
            lines += ["Most expensive:", *self.dearest]
        if self.elsewhere:
            named = ", ".join(f"{count:,} in {name}" for name, count in self.elsewhere)
            lines.append(f"Sold in other pools: {named}. Name a pool to see its loot.")
        return fit_lines(lines)

    @property
    def heading(self) -> str:
        """Of the list of `winners`."""
        return (
            f"**Who won how much in {self.pool}**, {window_in_words(self.days)}\n"
            "Items · points spent (of all that was spent) · attendance on the same days"
        )

    async def picture(self) -> discord.File | None:
        """One week is no trend."""
        if len(self.weeks) < 2:
            return None
        return await charts.dots("price_trend", self.title, self.weeks, self.zone)


async def loot_stats(session: Session, days: int | None, pool: str | None) -> LootStats:
    """Of the pool named, or the default. Undone awards and refunds are left out."""
    days = check_days(days)
    zone = ZoneInfo(session.guild.timezone)
    span = span_of(days, session.now, zone)
    assert span.since is not None
    meant = await get_pool(session, pool)
    by_pool = await _won(session, span)
    won = by_pool.get(meant.pool_id, [])
    sold = [each for each in won if each.cost]
    names = await _names(session, {each.member_id for each in won})
    theirs = await figures(session, names, windows=(days,))
    others = [each for each in await every_pool(session) if each.pool_id != meant.pool_id]
    elsewhere = [(called(each), sum(1 for w in by_pool.get(each.pool_id, ()) if w.cost)) for each in others]
    return LootStats(
        pool=called(meant),
        title=f"{plain(meant.name)}: median price by week, {window_in_words(days)}",
        days=days,
        sold=len(sold),
        free=len(won) - len(sold),
        spent=sum((each.cost for each in sold), Decimal(0)),
        median=median_of([each.cost for each in sold]) if sold else None,
        halves=halves(sold, span.since, span.until),
        weeks=tuple(by_week(sold, zone)),
        dearest=tuple(dear_in_words(each, names[each.member_id]) for each in dearest(sold)),
        elsewhere=tuple((name, count) for name, count in elsewhere if count),
        winners=tuple(winners(won, names, {who: figure[days] for who, figure in theirs.items()})),
        zone=zone,
    )


async def _won(session: Session, span: Span) -> dict[int, list[Won]]:
    """Awards of a window by pool, each by the person its winner is now.

    An imported award without a raid has no date but that of its import: it would make a guild's whole past one day.
    """
    query = select(Award.pool_id, Award.item_name, Award.member_id, Award.cost, Award.awarded_at).where(
        Award.guild_id == session.guild_id,
        Award.undone_at.is_(None),
        Award.cost >= 0,
        Award.awarded_at >= span.since,
        Award.awarded_at < span.until,
        or_(Award.data_import_id.is_(None), Award.raid_id.is_not(None)),
    )
    rows = (await session.execute(query)).all()
    person_of = await persons(session, {row.member_id for row in rows})
    found: dict[int, list[Won]] = {}
    for row in rows:
        won = Won(row.item_name, person_of[row.member_id], row.cost, row.awarded_at)
        found.setdefault(row.pool_id, []).append(won)
    return found


async def _names(session: Session, won: set[int]) -> dict[int, str]:
    """Everybody who is here, and who won something and left."""
    query = select(Member.member_id, Member.display_name, Member.left_at).where(
        Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_(None)
    )
    rows = await session.execute(query)
    return {row.member_id: row.display_name for row in rows if row.left_at is None or row.member_id in won}
