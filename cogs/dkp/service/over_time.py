"""A person's balance over time, few enough points to draw however long their ledger is."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import discord
from sqlalchemy import func, or_, select

from bot.kit import charts
from bot.stage import Session
from cogs.dkp.service.history import Whose
from db.tables import LedgerEntry, Member

MOST_POINTS: Final = 500
"""More than a picture of 800 dots can show."""
DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class BalanceOverTime:
    """What to draw: read in a transaction, drawn outside of it."""

    title: str
    moments: tuple[tuple[datetime, Decimal], ...]
    """Oldest first, the last one now; empty: no points ever moved."""
    zone: tzinfo

    async def picture(self) -> discord.File:
        """At least one moment."""
        return await charts.steps("balance", self.title, self.moments, self.zone)


async def balance_over_time(session: Session, whose: Whose, days: int | None = DAYS) -> BalanceOverTime:
    """The last so many days, or with `days` None all of it.

    Read from the entries of every member this person was, in the order things happened: an import tells of the past
    after the present, so the sum is run again instead of read from `balance_after`. Thinned out in the database to
    the newest of each few, so that what is kept is what stood then.
    """
    zone = ZoneInfo(session.guild.timezone)
    since = session.now - timedelta(days=days) if days is not None else None
    was = select(Member.member_id).where(
        Member.guild_id == session.guild_id,
        or_(Member.member_id == whose.member_id, Member.absorbed_by_member_id == whose.member_id),
    )
    in_order = [LedgerEntry.created_at, LedgerEntry.entry_id]
    running = (
        select(
            LedgerEntry.created_at.label("at"),
            LedgerEntry.entry_id,
            func.sum(LedgerEntry.amount).over(order_by=in_order).label("balance"),
        )
        .where(
            LedgerEntry.guild_id == session.guild_id,
            LedgerEntry.pool_id == whose.pool_id,
            LedgerEntry.member_id.in_((await session.execute(was)).scalars().all()),
        )
        .subquery()
    )
    kept = select(
        running,
        func.row_number().over(order_by=(running.c.at.desc(), running.c.entry_id.desc())).label("back"),
        func.count().over().label("total"),
    )
    if since is not None:
        kept = kept.where(running.c.at >= since)
    kept = kept.subquery()
    few = (
        select(kept.c.at, kept.c.balance)
        .where((kept.c.back - 1) % (func.div(kept.c.total - 1, MOST_POINTS) + 1) == 0)
        .order_by(kept.c.back.desc())
    )
    moments = [(row[0], row[1]) for row in await session.execute(few)]
    if since is not None:
        before = select(running.c.balance).where(running.c.at < since)
        newest = before.order_by(running.c.at.desc(), running.c.entry_id.desc()).limit(1)
        stood = (await session.execute(newest)).scalar_one_or_none()
        if stood is not None or moments:
            moments.insert(0, (since, stood or Decimal(0)))
    if moments:
        moments.append((session.now, moments[-1][1]))
    name = "Your" if whose.own else f"{whose.name}’s"
    span = f"the last {days} days" if days is not None else "all time"
    return BalanceOverTime(f"{name} {whose.pool}, {span}", tuple(moments), zone)
