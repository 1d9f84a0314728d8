"""A pool's points over a window: what there is from accounts, what moved from the window's entries alone."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import discord
from sqlalchemy import func, select

from bot.kit import charts
from bot.kit.text import plain, points
from bot.stage import Session
from cogs.attendance.rules import span_of
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import called, every_pool, get_pool
from cogs.stats.rules import Flow, Wealth, check_days, flow_of, over_time, wealth_of, window_in_words
from db.tables import Account, DataImport, LedgerEntry

_MOMENTS: Final = 200
"""Steps in a chart of 800 dots."""
_FEW: Final = 1000
"""Entries that are read as fast as they are told apart."""
_LATE: Final = timedelta(hours=1)
"""An entry has its moment when its transaction begins, its number when it is written; none takes so long."""
_RARE: Final[tuple[Flow, ...]] = ("start points", "brought in")
"""Named only where there are any."""
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """One pool: `circulating` now = what it was before the window + every flow of the window."""

    pool: str
    """Safe to show."""
    title: str
    days: int
    circulating: Decimal
    flows: dict[Flow, Decimal]
    wealth: Wealth
    moments: tuple[tuple[datetime, Decimal], ...]
    zone: tzinfo

    def in_words(self) -> str:
        change = sum(self.flows.values(), _NOTHING)
        earned, spent, decayed = (self.flows.get(flow, _NOTHING) for flow in ("earned", "spent", "decayed"))
        moved = [
            f"earned **{points(earned)}**",
            f"spent **{points(-spent)}**",
            f"adjusted **{_signed(self.flows.get('adjusted', _NOTHING))}**",
            f"decayed **{points(-decayed)}**",
            *(f"{flow} **{points(amount)}**" for flow in _RARE if (amount := self.flows.get(flow, _NOTHING))),
        ]
        return (
            f"**{self.pool}**: **{points(self.circulating)}** points in circulation, {_signed(change)} in"
            f" {window_in_words(self.days)}\n{' · '.join(moved)}\n{self.wealth.in_words()}"
        )

    async def picture(self) -> discord.File:
        return await charts.steps("circulation", self.title, self.moments, self.zone)


def _signed(amount: Decimal) -> str:
    return f"+{points(amount)}" if amount > 0 else points(amount)


async def points_stats(session: Session, days: int | None, pool: str | None) -> list[PoolStats]:
    """Every pool that is open, the default first; or the one named."""
    days = check_days(days)
    zone = ZoneInfo(session.guild.timezone)
    since = span_of(days, session.now, zone).since
    assert since is not None
    pools = [await get_pool(session, pool)] if pool else [p for p in await every_pool(session) if not p.archived_at]
    balances, movements = await _balances(session), await _movements(session, since)
    found = []
    for each in pools:
        theirs = balances[each.pool_id]
        circulating = sum(theirs, _NOTHING)
        flows: dict[Flow, Decimal] = defaultdict(Decimal)
        moved: dict[datetime, Decimal] = defaultdict(Decimal)
        for movement in movements[each.pool_id]:
            flows[movement.flow] += movement.amount
            moved[movement.by] += movement.amount
        found.append(
            PoolStats(
                pool=called(each),
                title=f"{plain(each.name)} in circulation, {window_in_words(days)}",
                days=days,
                circulating=circulating,
                flows=dict(flows),
                wealth=wealth_of(theirs),
                moments=tuple(over_time(moved, circulating, since, session.now)),
                zone=zone,
            )
        )
    return found


async def _balances(session: Session) -> dict[int, list[Decimal]]:
    """Balances by pool, those that are not 0."""
    query = select(Account.pool_id, Account.balance).where(Account.guild_id == session.guild_id, Account.balance != 0)
    found: dict[int, list[Decimal]] = defaultdict(list)
    for pool_id, balance in await session.execute(query):
        found[pool_id].append(balance)
    return found


@dataclass(frozen=True, slots=True)
class _Movement:
    """What one flow moved up to a moment, since the moment before it."""

    flow: Flow
    by: datetime
    amount: Decimal


async def _movements(session: Session, since: datetime) -> dict[int, list[_Movement]]:
    """A window's movements by pool, summed up over stretches of a 200th of it.

    A reversal is read by itself, as it belongs to the flow of what it reverses.
    """
    seconds = max((session.now - since).total_seconds() / _MOMENTS, 1)
    stretch = func.floor(func.extract("epoch", LedgerEntry.created_at - since) / seconds).label("stretch")
    window = (
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.entry_id > await _posted_before(session, since - _LATE),
        LedgerEntry.created_at >= since,
    )
    summed = (
        select(LedgerEntry.pool_id, stretch, LedgerEntry.kind, LedgerEntry.source, func.sum(LedgerEntry.amount))
        .where(*window, LedgerEntry.kind != "reversal")
        .group_by(LedgerEntry.pool_id, stretch, LedgerEntry.kind, LedgerEntry.source)
    )
    turned = select(LedgerEntry.pool_id, stretch, LedgerEntry.entry_id, LedgerEntry.amount).where(
        *window, LedgerEntry.kind == "reversal"
    )
    found: dict[int, list[_Movement]] = defaultdict(list)

    def add(pool_id: int, number: Decimal, flow: Flow, amount: Decimal) -> None:
        found[pool_id].append(_Movement(flow, since + timedelta(seconds=seconds * (int(number) + 1)), amount))

    for pool_id, number, kind, source, amount in await session.execute(summed):
        add(pool_id, number, flow_of(kind, source), amount)
    reversals = (await session.execute(turned)).all()
    firsts = await ledger.firsts(session, [row.entry_id for row in reversals]) if reversals else {}
    for row in reversals:
        first = firsts[row.entry_id]
        add(row.pool_id, row.stretch, flow_of(first.kind, first.source), row.amount)
    return found


async def _posted_before(session: Session, moment: datetime) -> int:
    """The number of an entry that was posted before a moment, as all up to it were: a window is read from there on.

    Numbers rise with time, so it is searched by halves, in a dozen looks at the primary key however long the ledger
    is. What an import brought was posted when it was imported, whatever its date.
    """
    imported = select(DataImport.imported_at).where(
        DataImport.guild_id == session.guild_id,
        LedgerEntry.source == "import",
        DataImport.data_import_id == LedgerEntry.source_id,
    )
    posted = func.greatest(LedgerEntry.created_at, imported.scalar_subquery())
    of_guild = LedgerEntry.guild_id == session.guild_id
    low, high = 0, (await session.execute(select(func.max(LedgerEntry.entry_id)).where(of_guild))).scalar_one() or 0
    while high - low > _FEW:
        middle = (low + high) // 2
        after = select(LedgerEntry.entry_id, posted).where(of_guild, LedgerEntry.entry_id > middle)
        entry_id, at = (await session.execute(after.order_by(LedgerEntry.entry_id).limit(1))).one()
        if at < moment:
            low = entry_id
        else:
            high = middle
    return low
