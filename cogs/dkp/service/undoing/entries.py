"""Single entries undone: what an officer posted, one of a batch or a decay run, start points, and what undid such.

An entry that is part of something whole is not undone alone: that of an award goes with its award, that of a transfer
with the other half. One of a tick, an import or a claim is refused with the way to go, because what stands must have
paid everybody it names.
"""

from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from bot import audit
from bot.kit.pickers import rank
from bot.kit.text import points, safe
from bot.refusals import NotFound
from bot.registry import Choice, Undoable
from bot.stage import Session
from cogs.dkp.rules import AlreadyReversed, UndoneElsewhere
from cogs.dkp.service import ledger
from cogs.dkp.service.history import signed
from cogs.dkp.service.ledger import First
from cogs.dkp.service.undoing.acts import BACK
from db.tables import Award, EntryText, LedgerEntry, Raid, Tick, TickCredit

_LOOK_BACK: Final = 100
"""Entries an autocomplete looks through."""
_NEWEST: Final = 5000
"""Of how many: a ledger of ticks for years has few that stand alone. Older ones are typed by their number."""
ALONE: Final = ("officer", "entry", "opening", "batch", "decay_run")
"""Sources whose entries can be undone one by one."""
_KIND: Final = {"tick": "tick", "raid": "raid", "import": "import", "claim": "claim", "auction": "award"}
"""Source -> kind of act that such an entry is undone with, where they are named differently or not at all."""
_AGAIN: Final = {
    "tick": "take the tick again, or credit people with /raid add",
    "award": "award it again with /loot award",
    "import": "import the file again with /dkp import",
    "claim": "claim the character again, or use /member link",
}
"""Kind of act -> how it is done again, because its undo cannot be undone."""


class EntryUndo:
    """How a single entry is undone, and an undo of one."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        cause, reversal = aliased(LedgerEntry), aliased(LedgerEntry)
        newest = (
            select(LedgerEntry.entry_id)
            .where(LedgerEntry.guild_id == session.guild_id)
            .order_by(LedgerEntry.entry_id.desc())
            .limit(_NEWEST)
            .subquery()
        )
        query = (
            select(LedgerEntry, EntryText)
            .join(newest, newest.c.entry_id == LedgerEntry.entry_id)
            .join(
                EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id)
            )
            .outerjoin(
                cause, (cause.guild_id == LedgerEntry.guild_id) & (cause.entry_id == LedgerEntry.reverses_entry_id)
            )
            .outerjoin(
                reversal,
                (reversal.guild_id == LedgerEntry.guild_id) & (reversal.reverses_entry_id == LedgerEntry.entry_id),
            )
            .where(
                LedgerEntry.guild_id == session.guild_id,
                LedgerEntry.source.in_(("officer", "opening", "entry")),
                func.coalesce(cause.source, LedgerEntry.source).in_(ALONE),
                reversal.entry_id.is_(None),
            )
            .order_by(LedgerEntry.entry_id.desc())
            .limit(_LOOK_BACK)
        )
        rows = (await session.execute(query)).tuples().all()
        undos = [entry.entry_id for entry, _ in rows if entry.reverses_entry_id is not None]
        firsts = await ledger.firsts(session, undos)
        zone = ZoneInfo(session.guild.timezone)
        return rank(
            typed,
            [
                Choice(
                    f"{_did(entry, text, firsts.get(entry.entry_id))} by {text.actor_name},"
                    f" {entry.created_at.astimezone(zone):%d %b %H:%M}: {text.reason}",
                    str(entry.entry_id),
                )
                for entry, text in rows
            ],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        entry = await get_entry(session, act_id)
        if whole := await _whole_of(session, entry):
            undoable, whole_id, why = whole
            return [why, *await undoable.preview(session, whole_id)]
        await _check_alone(session, entry)
        if await ledger.reversed_among(session, [act_id]):
            raise AlreadyReversed("That was undone already; nothing changed.")
        return await ledger.what_follows(session, [act_id])

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        entry = await get_entry(session, act_id)
        if whole := await _whole_of(session, entry):
            undoable, whole_id, _ = whole
            return await undoable.undo(session, whole_id, reason)
        first = await _check_alone(session, entry)
        text = await session.get_one(EntryText, (session.guild_id, first.entry_id))
        original = await get_entry(session, first.entry_id)
        [done] = await ledger.reverse(session, [act_id], reason)
        audit.record(
            session,
            "dkp.undone",
            target_id=act_id,
            about=done.member_id,
            before={
                "balance": done.balance - done.amount,
                "amount": original.amount,
                "reason": text.reason,
                "back": first.steps % 2 == 1,
            },
            after={"balance": done.balance},
            reason=reason,
        )
        name, what = safe(done.member_name), f"{signed(original.amount)} of"
        did = "Brought back" if first.steps % 2 else "Undone"
        return f"{did}: {what} {name} ({safe(text.reason)}). {name} has {points(done.balance)} now."


def _did(entry: LedgerEntry, text: EntryText, first: First | None) -> str:
    """ "Bob +5 (bonus)", "undo of +5 of Bob", "return of +5 of Bob" """
    if first is None:
        return f"{text.member_name} {signed(entry.amount)} ({entry.kind})"
    was = entry.amount if first.steps % 2 == 0 else -entry.amount
    return f"{'undo' if first.steps % 2 else 'return'} of {signed(was)} of {text.member_name}"


async def get_entry(session: Session, entry_id: int) -> LedgerEntry:
    entry = await session.get(LedgerEntry, (session.guild_id, entry_id))
    if entry is None:
        raise NotFound("There is no such entry here.")
    return entry


async def _whole_of(session: Session, entry: LedgerEntry) -> tuple[Undoable, int, str] | None:
    """The act that this entry is undone with, its id, and why: an award that stands, a transfer, the undo of one."""
    undo = session.stage.registry.undo
    query = select(Award.award_id).where(
        Award.guild_id == session.guild_id,
        Award.entry_id == entry.entry_id,
        Award.member_id == entry.member_id,
        Award.undone_at.is_(None),
    )
    award_id = (await session.execute(query)).scalar_one_or_none()
    if award_id is not None:
        return undo["award"], award_id, "It is the price of an award, which is undone with it."
    first = (await ledger.firsts(session, [entry.entry_id]))[entry.entry_id]
    if first.source != "transfer" or first.source_id is None:
        return None
    if await ledger.reversed_among(session, [entry.entry_id]):
        raise AlreadyReversed("That was undone already; nothing changed.")
    kind = f"{BACK if first.steps % 2 else ''}transfer"
    return undo[kind], first.source_id, "It is half of a transfer: both halves go together."


async def _check_alone(session: Session, entry: LedgerEntry) -> First:
    """What the entry goes back to. Refuses one that is part of something whole, and what undid such."""
    first = (await ledger.firsts(session, [entry.entry_id]))[entry.entry_id]
    if first.source in ALONE:
        return first
    kind = _KIND.get(first.source, first.source)
    if first.steps:
        again = _AGAIN.get(kind, "do it again")
        article = "an" if kind[0] in "aeiou" else "a"
        raise UndoneElsewhere(
            f"That undid {article} {kind}, which cannot be brought back this way: {again},"
            " or post a correction with /dkp adjust."
        )
    query = (
        select(Tick.number, Raid.name)
        .join(TickCredit, (TickCredit.guild_id == Tick.guild_id) & (TickCredit.tick_id == Tick.tick_id))
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .where(
            Tick.guild_id == session.guild_id,
            TickCredit.entry_id == entry.entry_id,
            TickCredit.member_id == entry.member_id,
        )
    )
    tick = (await session.execute(query)).one_or_none()
    if tick is not None:
        raise UndoneElsewhere(
            f"That belongs to tick {tick.number} of {safe(tick.name)}: undo the whole tick,"
            " or take the points from one person with /dkp adjust (kind: correction)."
        )
    typed = f" (type {kind}:{first.source_id})" if kind in session.stage.registry.undo and first.source_id else ""
    raise UndoneElsewhere(
        f"That is one entry of {'an' if kind[0] in 'aeiou' else 'a'} {kind}: undo the whole {kind}{typed},"
        " or post a correction with /dkp adjust."
    )
