"""The ledger of one person, read back line by line in words; what an unclaimed member brought along included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select, true
from sqlalchemy.orm import aliased

from bot import people
from bot.kit.text import clip, points, safe, when
from bot.stage import Session
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import called, get_pool
from db.tables import EntryText, LedgerEntry, Member, Pool

_BECAUSE = {
    "attendance": "for being there",
    "loot": "for an item",
    "decay": "decay",
    "transfer": "transfer",
    "opening": "start points",
    "import": "import",
}
"""Kinds whose cause says enough; what an officer posted by hand names the officer."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry with the balance after it, as it reads with what came before and after."""

    entry_id: int
    at: datetime
    kind: str
    amount: Decimal
    balance_after: Decimal
    reason: str
    actor_name: str
    character_name: str | None
    was: str | None = None
    """The name of the unclaimed member it happened to, who turned out to be this person."""
    goes_back: int = 0
    """How many reversals lie between this entry and what happened; 0 for what happened."""
    first_reason: str | None = None
    """What happened, for a reversal."""
    turned: int = 0
    """How many reversals followed it: after an odd number it is undone."""

    def in_words(self) -> str:
        was = f" (as {safe(self.was)})" if self.was else ""
        line = f"#{self.entry_id} {when(self.at, 'd')} **{signed(self.amount)}** → {points(self.balance_after)}"
        line += f" · {self._cause()}{was}"
        if self.turned % 2:
            return f"~~{line}~~ undone later"
        return f"{line}, undone and brought back" if self.turned else line

    def label(self) -> str:
        """For a select: plain, without Markdown."""
        return f"#{self.entry_id} {signed(self.amount)} → {points(self.balance_after)} · {self._short()}"

    def _short(self) -> str:
        # "5 %" or "a slip" alone says nothing; an evening or an item speaks for itself.
        if self.kind == "reversal":
            return f"{'undone' if self.goes_back % 2 else 'brought back'}: {self.reason}"
        return f"{self.kind}: {self.reason}" if self.kind == "decay" else self.reason

    def _cause(self) -> str:
        reason = safe(self.reason)
        if self.kind == "reversal":
            first = f" (“{safe(clip(self.first_reason, 100))}”)" if self.first_reason else ""
            did = "undone" if self.goes_back % 2 else "brought back"
            return f"{did} by {safe(self.actor_name)}{first}: {reason}"
        if self.kind in _BECAUSE:
            played = f" (as {safe(self.character_name)})" if self.character_name else ""
            return f"{_BECAUSE[self.kind]}: {reason}{played}"
        return f"{self.kind} by {safe(self.actor_name)}: {reason}"


def signed(amount: Decimal) -> str:
    """+5, -3.25: with its sign always."""
    return f"{'+' if amount > 0 else ''}{points(amount)}"


@dataclass(frozen=True, slots=True)
class Whose:
    """A person's ledger in a pool."""

    member_id: int
    pool_id: int
    own: bool
    name: str
    pool: str
    """Safe to show."""

    @property
    def heading(self) -> str:
        whose = "Your" if self.own else f"{safe(self.name)}'s"
        return f"**{whose} {self.pool} history**, newest first"


async def find_whose(session: Session, who: str | None, pool: str | None) -> Whose:
    """Whose ledger somebody asks for, as typed; left out: their own, in the guild's pool."""
    found = await get_pool(session, pool)
    member = await people.get_person(session, who) if who else session.member
    return _whose(session, member, found)


async def get_whose(session: Session, member_id: int, pool_id: int) -> Whose:
    """The same by the numbers a button carries."""
    pool = await session.get(Pool, (session.guild_id, pool_id)) or await ledger.default_pool(session)
    return _whose(session, await people.get_member(session, member_id), pool)


def _whose(session: Session, member: Member, pool: Pool) -> Whose:
    own = session.me is not None and member.member_id == session.me.member_id
    return Whose(member.member_id, pool.pool_id, own, member.display_name, called(pool))


async def find_history(
    session: Session, who: str | None, pool: str | None, *, before: int | None, most: int
) -> tuple[str, Sequence[HistoryLine]]:
    """A heading and a person's entries in a pool, newest first, those older than entry `before`."""
    whose = await find_whose(session, who, pool)
    return whose.heading, await list_history(session, whose, before=before, most=most)


async def list_history(session: Session, whose: Whose, *, before: int | None, most: int) -> list[HistoryLine]:
    """The page itself: one index range over (pool, member, entry) for each member this person was, so that it costs
    the same however long the ledger is."""
    person = (
        select(Member.member_id, Member.display_name)
        .where(
            Member.guild_id == session.guild_id,
            or_(Member.member_id == whose.member_id, Member.absorbed_by_member_id == whose.member_id),
        )
        .subquery()
    )
    newest = aliased(LedgerEntry)
    page = (
        select(newest.entry_id)
        .where(
            newest.guild_id == session.guild_id,
            newest.pool_id == whose.pool_id,
            newest.member_id == person.c.member_id,
            newest.entry_id < (before if before is not None else 2**63 - 1),
        )
        .order_by(newest.entry_id.desc())
        .limit(most)
        .correlate(person)
        .lateral()
    )
    query = (
        select(
            LedgerEntry.entry_id,
            LedgerEntry.created_at,
            LedgerEntry.kind,
            LedgerEntry.amount,
            LedgerEntry.balance_after,
            EntryText.reason,
            EntryText.actor_name,
            EntryText.character_name,
            person.c.member_id,
            person.c.display_name,
        )
        .select_from(person)
        .join(page, true())
        .join(LedgerEntry, LedgerEntry.entry_id == page.c.entry_id)
        .join(EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id))
        .where(LedgerEntry.guild_id == session.guild_id)
        .order_by(LedgerEntry.entry_id.desc())
        .limit(most)
    )
    lines = [
        HistoryLine(*row[:8], was=None if row[8] == whose.member_id else row[9]) for row in await session.execute(query)
    ]
    return await _with_reversals(session, lines)


async def _with_reversals(session: Session, lines: list[HistoryLine]) -> list[HistoryLine]:
    """Each line with what it goes back to and what followed it: two more statements, whatever the page."""
    if not lines:
        return []
    ids = [line.entry_id for line in lines]
    lasts = await ledger.lasts(session, ids)
    reversals = [line.entry_id for line in lines if line.kind == "reversal"]
    firsts = await ledger.firsts(session, reversals) if reversals else {}
    reasons = await _reasons(session, {first.entry_id for first in firsts.values()})
    told = []
    for line in lines:
        first = firsts.get(line.entry_id)
        line = replace(line, turned=lasts[line.entry_id].steps)
        if first is not None:
            line = replace(line, goes_back=first.steps, first_reason=reasons.get(first.entry_id))
        told.append(line)
    return told


async def _reasons(session: Session, entry_ids: set[int]) -> dict[int, str]:
    if not entry_ids:
        return {}
    query = select(EntryText.entry_id, EntryText.reason).where(
        EntryText.guild_id == session.guild_id, EntryText.entry_id == ledger.ids_array(entry_ids)
    )
    return dict((await session.execute(query)).tuples().all())
