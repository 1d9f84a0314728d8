"""What is given out, read row by row: one cursor a kind of row, in the scope of the guild and perhaps of one pool."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Executable, select
from sqlalchemy.orm import aliased

from bot.stage import Session
from cogs.dkp.rules import COLUMN
from cogs.moving.rules.document import ZERO
from db.tables import (
    Award,
    Character,
    EntryText,
    Event,
    LedgerEntry,
    Member,
    Pool,
    Raid,
    RaidMember,
    Stay,
    Tick,
    TickCredit,
)

PIECE = 1000
Columns = dict[str, Decimal]


class Scope:
    """One export: whose rows, and what its entries have come to so far."""

    def __init__(self, session: Session, pool_id: int | None) -> None:
        self.session, self.pool_id = session, pool_id
        self.entries = 0
        self.accounts: dict[tuple[int, int], Columns] = {}
        """(pool, member) -> opening, earned, spent, adjusted, balance; complete once the ledger was read."""
        self._reversal_column: dict[int, str] = {}

    async def rows(self, query: Executable) -> AsyncIterator[list[Any]]:
        """Pieces of what a query finds."""
        streamed = await self.session.stream(query.execution_options(yield_per=PIECE))
        async for piece in streamed.partitions(PIECE):
            yield list(piece)

    async def all(self, query: Executable) -> list[Any]:
        return [row async for piece in self.rows(query) for row in piece]

    def _of_pool(self, column: Any) -> list[ColumnElement[bool]]:
        return [] if self.pool_id is None else [column == self.pool_id]

    async def ledger(self) -> AsyncIterator[list[Any]]:
        """Every entry with its words and the member's name, oldest first; adds up the accounts as it goes."""
        first = aliased(LedgerEntry)
        query = (
            select(LedgerEntry, EntryText, first.kind.label("first_kind"))
            .outerjoin(
                EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id)
            )
            .outerjoin(
                first, (first.guild_id == LedgerEntry.guild_id) & (first.entry_id == LedgerEntry.reverses_entry_id)
            )
            .where(LedgerEntry.guild_id == self.session.guild_id, *self._of_pool(LedgerEntry.pool_id))
            .order_by(LedgerEntry.entry_id)
        )
        async for piece in self.rows(query):
            for row in piece:
                self._add(row[0], row.first_kind)
            yield piece

    def _add(self, entry: LedgerEntry, first_kind: str | None) -> None:
        self.entries += 1
        if entry.reverses_entry_id is None:
            column = COLUMN[entry.kind]
        else:
            column = self._reversal_column.get(entry.reverses_entry_id) or COLUMN[first_kind or ""]
            self._reversal_column[entry.entry_id] = column
        account = self.accounts.setdefault(
            (entry.pool_id, entry.member_id),
            dict.fromkeys(("opening", "earned", "spent", "adjusted", "balance"), ZERO),
        )
        account[column] += -entry.amount if column == "spent" else entry.amount
        account["balance"] += entry.amount

    # --- the rest -----------------------------------------------------------------------------------------------------

    def pools(self) -> Executable:
        query = select(Pool).where(Pool.guild_id == self.session.guild_id, *self._of_pool(Pool.pool_id))
        return query.order_by(Pool.pool_id)

    def members(self) -> Executable:
        return select(Member).where(Member.guild_id == self.session.guild_id).order_by(Member.member_id)

    def characters(self) -> Executable:
        query = select(Character).where(Character.guild_id == self.session.guild_id, Character.retired_at.is_(None))
        return query.order_by(Character.character_id)

    def stays(self) -> Executable:
        return select(Stay).where(Stay.guild_id == self.session.guild_id).order_by(Stay.stay_id)

    def raids(self) -> Executable:
        query = (
            select(Raid, Event.name.label("event"))
            .join(Event, (Event.guild_id == Raid.guild_id) & (Event.event_id == Raid.event_id))
            .where(
                Raid.guild_id == self.session.guild_id,
                Raid.status.in_(("ended", "cancelled")),
                *self._of_pool(Raid.pool_id),
            )
        )
        return query.order_by(Raid.raid_id)

    def _of_raids(self, table: Any) -> list[ColumnElement[bool]]:
        """Rows of raids that are over; one that runs is not history yet, and its points are in the ledger."""
        of = select(Raid.raid_id).where(
            Raid.guild_id == self.session.guild_id,
            Raid.status.in_(("ended", "cancelled")),
            *self._of_pool(Raid.pool_id),
        )
        return [table.guild_id == self.session.guild_id, table.raid_id.in_(of)]

    def rosters(self) -> Executable:
        query = select(RaidMember).where(*self._of_raids(RaidMember))
        return query.order_by(RaidMember.raid_id, RaidMember.member_id)

    def ticks(self) -> Executable:
        return select(Tick).where(*self._of_raids(Tick)).order_by(Tick.tick_id)

    def credits(self) -> Executable:
        of = select(Tick.tick_id).where(*self._of_raids(Tick))
        query = select(TickCredit).where(TickCredit.guild_id == self.session.guild_id, TickCredit.tick_id.in_(of))
        return query.order_by(TickCredit.tick_id, TickCredit.member_id)

    def awards(self) -> Executable:
        query = select(Award).where(Award.guild_id == self.session.guild_id, *self._of_pool(Award.pool_id))
        return query.order_by(Award.award_id)
