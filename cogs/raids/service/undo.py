"""Taking a tick back: one reversal an entry, after a preview; also what `/dkp undo` calls for ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from bot import audit, due, people
from bot.kit.text import points, safe
from bot.registry import Choice
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.dkp.rules import AlreadyReversed, check_reason
from cogs.dkp.service import ledger
from cogs.dkp.service.own_acts import tell_own_reversal
from cogs.raids.rules import TickUndone
from cogs.raids.service import credit as paying
from cogs.raids.service.lookups import get_own_raid, get_raid, get_tick, lock_raid, tick_choices
from db.tables import LedgerEntry, Raid, RaidImport, Tick, TickCredit


@dataclass(frozen=True, slots=True)
class TickWasUndone:
    guild_id: int
    raid_id: int
    raid_name: str
    tick_id: int
    number: int
    people: int
    total: Decimal


@use_case("raids.manage")
async def undo_tick(session: Session, tick_id: int, reason: str) -> TickWasUndone:
    """Reverse every entry of a tick and take it out of attendance; the tick stays as a row that says so."""
    undone = await _undo_tick(session, tick_id, check_reason(reason))
    raid = await get_raid(session, undone.raid_id)
    await tell_own_reversal(session, undone_sentence(undone), reason, raid.channel_id)
    return undone


async def _undo_tick(session: Session, tick_id: int, reason: str) -> TickWasUndone:
    raid = await lock_raid(session, (await get_tick(session, tick_id)).raid_id)
    return (await undo_ticks(session, raid, [await get_tick(session, tick_id)], reason))[0]


async def undo_ticks(session: Session, raid: Raid, ticks: Sequence[Tick], reason: str) -> list[TickWasUndone]:
    """Undo ticks of a locked raid; every account they touched is locked in one statement."""
    for tick in ticks:
        if tick.undone_at is not None:
            raise TickUndone(f"Tick {tick.number} of {safe(raid.name)} was undone already; nothing changed.")
    ids = [tick.tick_id for tick in ticks]
    entries = await paying.entries_of(session, ids)
    standing = set(entries) - await ledger.reversed_among(session, entries)
    worth = {entry.entry_id: entry.amount for entry in await ledger.load_entries(session, standing)}
    credits = select(TickCredit.tick_id, TickCredit.entry_id).where(
        TickCredit.guild_id == session.guild_id, TickCredit.tick_id.in_(ids)
    )
    rows = (await session.execute(credits)).all()
    try:
        await ledger.reverse(session, entries, reason)
    except AlreadyReversed:
        pass  # each was undone by itself before; the tick goes all the same
    # What was imported into an undone tick may be imported again.
    await session.execute(
        update(RaidImport)
        .where(RaidImport.guild_id == session.guild_id, RaidImport.tick_id.in_(ids))
        .values(undone_at=session.now)
    )
    undone = []
    for tick in ticks:
        tick.undone_at, tick.undone_reason, tick.not_credited = session.now, reason, None
        mine = [row.entry_id for row in rows if row.tick_id == tick.tick_id]
        total = sum((worth.get(entry_id, Decimal(0)) for entry_id in mine), Decimal(0))
        fact = TickWasUndone(session.guild_id, raid.raid_id, raid.name, tick.tick_id, tick.number, len(mine), total)
        after = {"raid": raid.name, "number": tick.number, "people": fact.people, "points": total}
        audit.record(session, "raids.tick.undone", target_id=tick.tick_id, after=after, reason=reason)
        session.tell(fact)
        undone.append(fact)
    # Who could bid only because a tick credited them may no longer.
    await due.schedule(session, people.RIGHTS_CHANGED, people.EVERYBODY, session.now)
    session.redraw("raid", raid.raid_id)
    return undone


@dataclass(frozen=True, slots=True)
class UndoPreview:
    raid_name: str
    number: int
    people: int
    total: Decimal
    follows: tuple[str, ...]


async def preview_undo(session: Session, tick_id: int) -> UndoPreview:
    """What undoing a tick would do, a line a person."""
    tick = await get_tick(session, tick_id)
    raid = await get_own_raid(session, tick.raid_id)
    if tick.undone_at is not None:
        raise TickUndone(f"Tick {tick.number} of {safe(raid.name)} was undone already; nothing changed.")
    entries = await paying.entries_of(session, [tick_id])
    standing = set(entries) - await ledger.reversed_among(session, entries)
    total = sum((entry.amount for entry in await ledger.load_entries(session, standing)), Decimal(0))
    people_credited = len(await paying.credited(session, [tick_id]))
    follows = await ledger.what_follows(session, standing)
    return UndoPreview(raid.name, tick.number, people_credited, total, tuple(follows))


class TickUndo:
    """Ticks as `/dkp undo` sees them."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        key = name_key(typed)
        choices = [choice for choice in await tick_choices(session) if key in name_key(choice.label)]
        return [Choice(choice.label, choice.value.lstrip("#")) for choice in choices]

    async def preview(self, session: Session, act_id: int) -> list[str]:
        preview = await preview_undo(session, act_id)
        return [undo_sentence(preview), *preview.follows]

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        return undone_sentence(await _undo_tick(session, act_id, check_reason(reason)))


def undone_sentence(undone: TickWasUndone) -> str:
    who = "1 person" if undone.people == 1 else f"{undone.people} people"
    where = f"Tick {undone.number} of {safe(undone.raid_name)}"
    return f"{where} is undone: {points(undone.total)} points taken back from {who}."


def undo_sentence(preview: UndoPreview) -> str:
    who = "1 person" if preview.people == 1 else f"{preview.people} people"
    return f"Tick {preview.number} of {safe(preview.raid_name)}: {who}, {points(preview.total)} points taken back."


async def doctor(session: Session) -> list[str]:
    """Undone ticks that still have points standing."""
    reversal = aliased(LedgerEntry)
    query = (
        select(Tick.number, Raid.name, func.count())
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .join(TickCredit, (TickCredit.guild_id == Tick.guild_id) & (TickCredit.tick_id == Tick.tick_id))
        .outerjoin(
            reversal,
            (reversal.guild_id == TickCredit.guild_id) & (reversal.reverses_entry_id == TickCredit.entry_id),
        )
        .where(
            Tick.guild_id == session.guild_id,
            Tick.undone_at.is_not(None),
            TickCredit.entry_id.is_not(None),
            reversal.entry_id.is_(None),
        )
        .group_by(Tick.tick_id, Tick.number, Raid.name)
    )
    return [
        f"tick {number} of {name} was undone, but {count} of its entries stand"
        for number, name, count in await session.execute(query)
    ]
