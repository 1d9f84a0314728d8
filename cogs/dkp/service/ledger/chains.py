"""Reversals in a row: an entry, what reversed it, what reversed that. One statement however many entries are asked.

The first of a row is what happened; each reversal turns it over. After an odd number it is undone, after an even
number it stands.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, literal, select

from bot.stage import Session
from cogs.dkp.service.ledger.posting import ids_array
from db.tables import LedgerEntry, Member


@dataclass(frozen=True, slots=True)
class First:
    """What a row of reversals began with, and how many reversals lie between."""

    entry_id: int
    kind: str
    source: str
    source_id: int | None
    steps: int


@dataclass(frozen=True, slots=True)
class Last:
    """The newest reversal of an entry's row (the entry itself when there is none), after that many."""

    entry_id: int
    steps: int

    @property
    def stands(self) -> bool:
        return self.steps % 2 == 0


async def firsts(session: Session, entry_ids: Collection[int]) -> dict[int, First]:
    """What each of these entries goes back to; an entry that reverses nothing is its own first."""
    start = select(
        LedgerEntry.entry_id.label("asked"), LedgerEntry.entry_id, LedgerEntry.reverses_entry_id, literal(0).label("n")
    ).where(LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id == ids_array(entry_ids))
    row = start.cte("row", recursive=True)
    row = row.union_all(
        select(row.c.asked, LedgerEntry.entry_id, LedgerEntry.reverses_entry_id, row.c.n + 1).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id == row.c.reverses_entry_id
        )
    )
    query = (
        select(row.c.asked, LedgerEntry.entry_id, LedgerEntry.kind, LedgerEntry.source, LedgerEntry.source_id, row.c.n)
        .join(LedgerEntry, LedgerEntry.entry_id == row.c.entry_id)
        .where(LedgerEntry.guild_id == session.guild_id, row.c.reverses_entry_id.is_(None))
    )
    return {row[0]: First(row[1], row[2], row[3], row[4], row[5]) for row in await session.execute(query)}


async def lasts(session: Session, entry_ids: Collection[int]) -> dict[int, Last]:
    """The newest reversal in the row of each of these entries; exact under the locks of their accounts."""
    start = select(LedgerEntry.entry_id.label("asked"), LedgerEntry.entry_id, literal(0).label("n")).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id == ids_array(entry_ids)
    )
    row = start.cte("row", recursive=True)
    row = row.union_all(
        select(row.c.asked, LedgerEntry.entry_id, row.c.n + 1).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id == row.c.entry_id
        )
    )
    newest = select(row.c.asked, row.c.entry_id, row.c.n).distinct(row.c.asked)
    query = newest.order_by(row.c.asked, row.c.n.desc())
    return {row[0]: Last(row[1], row[2]) for row in await session.execute(query)}


async def chain_of(session: Session, entry_id: int) -> list[int]:
    """The whole row that an entry is in, from what happened to its newest reversal."""
    first = (await firsts(session, [entry_id])).get(entry_id)
    if first is None:
        return []
    start = select(LedgerEntry.entry_id, literal(0).label("n")).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id == first.entry_id
    )
    row = start.cte("row", recursive=True)
    row = row.union_all(
        select(LedgerEntry.entry_id, row.c.n + 1).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id == row.c.entry_id
        )
    )
    return list((await session.execute(select(row.c.entry_id).order_by(row.c.n))).scalars())


async def decayed_so_far(session: Session, pool_id: int) -> dict[int, Decimal]:
    """What decay took from each person in a pool, below zero: a decay that was undone counts nothing.

    What it took from somebody who was absorbed since, it took from who they turned out to be.
    """
    start = select(LedgerEntry.entry_id, LedgerEntry.member_id, LedgerEntry.amount).where(
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.source == "decay_run",
        LedgerEntry.kind == "decay",
        LedgerEntry.pool_id == pool_id,
    )
    row = start.cte("row", recursive=True)
    row = row.union_all(
        select(LedgerEntry.entry_id, LedgerEntry.member_id, LedgerEntry.amount).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id == row.c.entry_id
        )
    )
    person = func.coalesce(Member.absorbed_by_member_id, Member.member_id)
    query = (
        select(person, func.sum(row.c.amount))
        .join(Member, (Member.guild_id == session.guild_id) & (Member.member_id == row.c.member_id))
        .group_by(person)
    )
    return {row[0]: row[1] for row in await session.execute(query)}
