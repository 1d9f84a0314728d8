"""Acts whose entries share their source: a batch, a transfer, a decay run. Undone as one, and brought back as one.

The act's row says whether it is undone. Entries that were undone by themselves before are left as they are; the
reversals of the act carry it as their own source, so that bringing it back brings back these and no others.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot import audit
from bot.kit.pickers import rank
from bot.kit.text import points, safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from cogs.dkp.rules import AlreadyReversed, check_reason
from cogs.dkp.service import ledger
from cogs.dkp.service.history import signed
from db.tables import Batch, DecayRun, LedgerEntry, Member, Pool, Transfer

Row = Batch | Transfer | DecayRun
_LISTED: Final = 50
"""Acts of a kind that an autocomplete looks through."""


@dataclass(frozen=True, slots=True)
class Act:
    """A kind of act: its table and the source its entries carry."""

    kind: str
    source: str
    table: type[Row]
    key: str
    label: Callable[[Session, Sequence[Row]], Awaitable[list[str]]]
    """Rows in words, in their order: what was done, as people typed it (not yet safe)."""


async def _batches(session: Session, rows: Sequence[Row]) -> list[str]:
    pools = await _pools(session)
    return [
        f"{row.kind} {signed(row.amount)} {pools[row.pool_id]} for {_people(row.people)},"
        f" {_day(session, row.made_at)}: {row.reason}"
        for row in rows
        if isinstance(row, Batch)
    ]


async def _transfers(session: Session, rows: Sequence[Row]) -> list[str]:
    transfers, pools = [row for row in rows if isinstance(row, Transfer)], await _pools(session)
    ids = {member_id for row in transfers for member_id in (row.from_member_id, row.to_member_id)}
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id == ledger.ids_array(ids)
    )
    names = dict((await session.execute(query)).tuples().all())
    return [
        f"{names[row.from_member_id]} gave {names[row.to_member_id]} {points(row.amount)} {pools[row.pool_id]},"
        f" {_day(session, row.made_at)}: {row.reason}"
        for row in transfers
    ]


async def _decay_runs(session: Session, rows: Sequence[Row]) -> list[str]:
    pools = await _pools(session)
    return [
        f"{points(row.percent)} % of {pools[row.pool_id]}, {points(row.total)} points from {_people(row.people)},"
        f" {_day(session, row.run_at)}"
        for row in rows
        if isinstance(row, DecayRun)
    ]


async def _pools(session: Session) -> dict[int, str]:
    query = select(Pool.pool_id, Pool.name).where(Pool.guild_id == session.guild_id)
    return dict((await session.execute(query)).tuples().all())


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def _day(session: Session, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(session.guild.timezone)):%d %b %H:%M}"


ACTS: Final = {
    act.kind: act
    for act in (
        Act("batch", "batch", Batch, "batch_id", _batches),
        Act("transfer", "transfer", Transfer, "transfer_id", _transfers),
        Act("decay", "decay_run", DecayRun, "decay_run_id", _decay_runs),
    )
}
BACK: Final = "undo of "
"""A kind with this before it is the undo of such an act, which is undone to bring it back."""


def undoable_acts() -> dict[str, "ActUndo"]:
    """For the registry: each kind of act, and its undo."""
    acts = {kind: ActUndo(act) for kind, act in ACTS.items()}
    return acts | {f"{BACK}{kind}": ActUndo(act, back=True) for kind, act in ACTS.items()}


class ActUndo:
    """How `/dkp undo` takes such an act back, or with `back` undoes that."""

    def __init__(self, act: Act, *, back: bool = False) -> None:
        self.act, self.back = act, back

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        table = self.act.table
        undone = table.undone_at.is_not(None) if self.back else table.undone_at.is_(None)
        newest = table.undone_at if self.back else getattr(table, self.act.key)
        query = select(table).where(table.guild_id == session.guild_id, undone).order_by(newest.desc()).limit(_LISTED)
        rows = (await session.execute(query)).scalars().all()
        labels = await self.act.label(session, rows)
        return rank(typed, [Choice(label, str(self._id(row))) for label, row in zip(labels, rows, strict=True)])

    async def preview(self, session: Session, act_id: int) -> list[str]:
        row = await self._get(session, act_id)
        entries, left = await self._entries(session, row)
        lines = [summary([-entry.amount for entry in entries], {entry.member_id for entry in entries})]
        if left:
            one = left == 1
            lines.append(
                f"{_count(left)} of it {'was' if one else 'were'} undone or brought back before, and"
                f" {'stays as it is' if one else 'stay as they are'}."
            )
        return [*lines, *await ledger.what_follows(session, [entry.entry_id for entry in entries])]

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        reason = check_reason(reason)
        row = await self._get(session, act_id, lock=True)
        [label] = await self.act.label(session, [row])
        chosen: list[LedgerEntry] = []

        async def choose() -> list[LedgerEntry]:
            chosen[:], _ = await self._entries(session, row)
            return chosen

        await ledger.reverse(
            session, await self._own(session, row), reason, act=(self.act.source, act_id), choose=choose
        )
        moves = [-entry.amount for entry in chosen]
        row.undone_at = None if self.back else session.now
        people = {entry.member_id for entry in chosen}
        after = {"kind": self.act.kind, "act": label, "people": len(people), "points": sum(moves, Decimal(0))}
        if self.back:
            audit.record(session, "dkp.act.brought_back", target_id=act_id, after=after, reason=reason)
        else:
            audit.record(session, "dkp.act.undone", target_id=act_id, after=after, reason=reason)
        done = "Brought back" if self.back else "Undone"
        return f"{done}: {self.act.kind}, {safe(label)}. {summary(moves, people)}"

    async def _get(self, session: Session, act_id: int, *, lock: bool = False) -> Row:
        """The act, in the state that this undo is for."""
        table = self.act.table
        query = select(table).where(table.guild_id == session.guild_id, getattr(table, self.act.key) == act_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = (await session.execute(query)).scalar_one_or_none()
        if row is None:
            raise NotFound(f"There is no such {self.act.kind} here.")
        if (row.undone_at is not None) != self.back:
            raise AlreadyReversed("That was undone already; nothing changed." if not self.back else _STANDS)
        return row

    async def _entries(self, session: Session, row: Row) -> tuple[list[LedgerEntry], int]:
        """What is to be reversed, and how many entries of the act went their own way before.

        Undoing takes whatever of it stands. Bringing back takes only what the undo of the whole act reversed.
        """
        own = await self._own(session, row)
        newest = await ledger.lasts(session, own)
        found = await ledger.load_entries(
            session, [last.entry_id for last in newest.values() if last.stands is not self.back]
        )
        if self.back:
            found = [entry for entry in found if (entry.source, entry.source_id) == (self.act.source, self._id(row))]
        return found, len(own) - len(found)

    async def _own(self, session: Session, row: Row) -> list[int]:
        """The entries of the act, without the reversals of it as a whole."""
        query = select(LedgerEntry.entry_id).where(
            LedgerEntry.guild_id == session.guild_id,
            LedgerEntry.source == self.act.source,
            LedgerEntry.source_id == self._id(row),
            LedgerEntry.kind != "reversal",
        )
        return list((await session.execute(query)).scalars())

    def _id(self, row: Row) -> int:
        return getattr(row, self.act.key)


_STANDS = "That was brought back already; nothing changed."


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries:,} entries"


def summary(moves: Sequence[Decimal], people: set[int]) -> str:
    """ "45 people: 1,234 points given back." """
    given = sum((move for move in moves if move > 0), Decimal(0))
    taken = -sum((move for move in moves if move < 0), Decimal(0))
    if not moves:
        return "No points move: all of it was undone or brought back before."
    parts = ([f"{points(given)} points given"] if given else []) + ([f"{points(taken)} points taken"] if taken else [])
    return f"{_people(len(people))}: {', '.join(parts)}."
