"""The ledger of one person, read back line by line in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import aliased

from bot import people
from bot.kit.text import clip, points, safe, when
from bot.stage import Session
from cogs.dkp.service.pools import called, get_pool
from db.tables import EntryText, LedgerEntry

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
    """One entry with the balance after it."""

    entry_id: int
    at: datetime
    kind: str
    amount: Decimal
    balance_after: Decimal
    reason: str
    actor_name: str
    character_name: str | None
    reversed_reason: str | None
    """What the reversed entry was for, when this is a reversal."""
    undone: bool

    def in_words(self) -> str:
        line = f"{when(self.at, 'd')} **{signed(self.amount)}** → {points(self.balance_after)} · {self._cause()}"
        return f"~~{line}~~ undone later" if self.undone else line

    def _cause(self) -> str:
        reason = safe(self.reason)
        if self.kind == "reversal":
            was = f" (“{safe(clip(self.reversed_reason, 100))}”)" if self.reversed_reason else ""
            return f"undone by {safe(self.actor_name)}{was}: {reason}"
        if self.kind in _BECAUSE:
            played = f" (as {safe(self.character_name)})" if self.character_name else ""
            return f"{_BECAUSE[self.kind]}: {reason}{played}"
        return f"{self.kind} by {safe(self.actor_name)}: {reason}"


def signed(amount: Decimal) -> str:
    """+5, -3.25: with its sign always."""
    return f"{'+' if amount > 0 else ''}{points(amount)}"


async def find_history(
    session: Session, who: str | None, pool: str | None, *, before: int | None, most: int
) -> tuple[str, Sequence[HistoryLine]]:
    """A heading and a person's entries in a pool, newest first, those older than entry `before`.

    One index range over (pool, member, entry): a page costs the same however long the ledger is.
    """
    found = await get_pool(session, pool)
    member = await people.get_person(session, who) if who else session.member
    reversal, cause = aliased(LedgerEntry), aliased(EntryText)
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
            cause.reason,
            reversal.entry_id.is_not(None),
        )
        .join(EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id))
        .outerjoin(cause, (cause.guild_id == LedgerEntry.guild_id) & (cause.entry_id == LedgerEntry.reverses_entry_id))
        .outerjoin(
            reversal,
            (reversal.guild_id == LedgerEntry.guild_id) & (reversal.reverses_entry_id == LedgerEntry.entry_id),
        )
        .where(
            LedgerEntry.guild_id == session.guild_id,
            LedgerEntry.pool_id == found.pool_id,
            LedgerEntry.member_id == member.member_id,
        )
        .order_by(LedgerEntry.entry_id.desc())
        .limit(most)
    )
    if before is not None:
        query = query.where(LedgerEntry.entry_id < before)
    whose = "Your" if member.member_id == session.member.member_id else f"{safe(member.display_name)}'s"
    rows = await session.execute(query)
    return f"**{whose} {called(found)} history**, newest first", [HistoryLine(*row) for row in rows]
