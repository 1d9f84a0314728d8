"""Why an entry is there: its cause with the evidence, what it led to, what reversed it and what brought it back.

A slice says in `bot.registry.explain` where its entries come from, by their source; here are those of points. Whoever
may read a ledger may ask: it tells of one entry more than its line in `/dkp history` has room for, and no secret.
"""

import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, true
from sqlalchemy.orm import aliased

from bot import people
from bot.kit.pickers import rank
from bot.kit.text import points, safe, when
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from cogs.dkp.service import ledger
from cogs.dkp.service.history import signed
from db.tables import Batch, DecayRun, EntryText, LedgerEntry, Member, Pool, Transfer

_LISTED: Final = 100
"""One's own entries that an autocomplete looks through."""
_NUMBER = re.compile(r"(?:entry:)?#?(\d{1,18})")


async def explain(session: Session, typed: str) -> str:
    """An entry in full, by its number or as the list shows it."""
    entry = await _find(session, typed)
    row = await ledger.chain_of(session, entry.entry_id)
    texts, entries = await _texts(session, row), {one.entry_id: one for one in await ledger.load_entries(session, row)}
    member = await people.get_member(session, entry.member_id)
    pool = await session.get_one(Pool, (session.guild_id, entry.pool_id))
    lines = [
        f"**#{entry.entry_id}** · {safe(member.display_name)} **{signed(entry.amount)}** {safe(pool.name)},"
        f" {when(entry.created_at, 'f')}",
        f"Balance {points(entry.balance_after - entry.amount)} → {points(entry.balance_after)}.",
    ]
    if member.absorbed_by_member_id is not None:
        now = await people.get_member(session, member.absorbed_by_member_id)
        lines.append(f"{safe(member.display_name)} turned out to be {safe(now.display_name)}.")
    place = row.index(entry.entry_id)
    if place:
        lines.append(_reversal(entry, texts.get(entry.entry_id), back=place % 2 == 0))
        lines.append(f"What happened first, as #{row[0]} ({signed(entries[row[0]].amount)}):")
    lines += await _cause(session, entries[row[0]], texts.get(row[0]))
    for later in row[place + 1 :]:
        did = "Undone" if (row.index(later) % 2) else "Brought back"
        by = texts.get(later)
        lines.append(
            f"{did} by #{later}, {when(entries[later].created_at, 'f')}"
            + (f", by {safe(by.actor_name)}: {safe(by.reason)}" if by else "")
        )
    if place == len(row) - 1 and place == 0:
        lines.append("It stands.")
    return "\n".join(lines)


async def _find(session: Session, typed: str) -> LedgerEntry:
    """The entry somebody means: its number, or one of their own as the list shows it."""
    number = _NUMBER.fullmatch(typed.strip())
    if number is None:
        choices = await own_entries(session, typed)
        number = _NUMBER.fullmatch(choices[0].value) if len(choices) == 1 else None
    entry = await session.get(LedgerEntry, (session.guild_id, int(number[1]))) if number else None
    if entry is None:
        raise NotFound(
            "There is no such entry: pick one of yours from the list, or type a number from /dkp history, like #12."
        )
    return entry


async def own_entries(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over one's own newest entries, whatever the pool, in words."""
    newest = aliased(LedgerEntry)
    pool = select(Pool.pool_id, Pool.name).where(Pool.guild_id == session.guild_id).subquery()
    mine = (
        select(newest.entry_id)
        .where(
            newest.guild_id == session.guild_id,
            newest.pool_id == pool.c.pool_id,
            newest.member_id == session.member.member_id,
        )
        .order_by(newest.entry_id.desc())
        .limit(_LISTED)
        .correlate(pool)
        .lateral()
    )
    query = (
        select(LedgerEntry, EntryText.reason, pool.c.name)
        .select_from(pool)
        .join(mine, true())
        .join(LedgerEntry, LedgerEntry.entry_id == mine.c.entry_id)
        .join(EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id))
        .where(LedgerEntry.guild_id == session.guild_id)
        .order_by(LedgerEntry.entry_id.desc())
        .limit(_LISTED)
    )
    zone = ZoneInfo(session.guild.timezone)
    choices = []
    for entry, reason, name in (await session.execute(query)).tuples():
        day = f"{entry.created_at.astimezone(zone):%d %b %H:%M}"
        label = f"#{entry.entry_id} {signed(entry.amount)} {name}, {day}, {entry.kind}: {reason}"
        choices.append(Choice(label, f"#{entry.entry_id}"))
    return rank(typed, choices)


async def _texts(session: Session, entry_ids: Sequence[int]) -> dict[int, EntryText]:
    query = select(EntryText).where(
        EntryText.guild_id == session.guild_id, EntryText.entry_id == ledger.ids_array(entry_ids)
    )
    return {text.entry_id: text for text in (await session.execute(query)).scalars()}


def _reversal(entry: LedgerEntry, text: EntryText | None, *, back: bool) -> str:
    did = "It brought back what was undone by" if back else "It undid"
    by = f", by {safe(text.actor_name)}: {safe(text.reason)}" if text else ""
    return f"{did} #{entry.reverses_entry_id}{by}"


async def _cause(session: Session, entry: LedgerEntry, text: EntryText | None) -> list[str]:
    """What a slice says of its source; else what every entry can say."""
    make = session.stage.registry.explain.get(entry.source)
    lines = await make(session, entry) if make is not None else []
    if lines:
        return lines
    who = f" by {safe(text.actor_name)}" if text else ""
    return [f"{entry.kind.capitalize()}{who}: {safe(text.reason) if text else 'the reason is gone'}"]


# --- the sources of points themselves ---------------------------------------------------------------------------------


async def _text(session: Session, entry: LedgerEntry) -> EntryText:
    return await session.get_one(EntryText, (session.guild_id, entry.entry_id))


async def of_officer(session: Session, entry: LedgerEntry) -> list[str]:
    text = await _text(session, entry)
    return [f"An officer’s act: {entry.kind} by {safe(text.actor_name)}.", f"Reason: {safe(text.reason)}"]


async def of_opening(session: Session, entry: LedgerEntry) -> list[str]:
    text = await _text(session, entry)
    return [f"Given once to who is new: {safe(text.reason)}."]


async def of_batch(session: Session, entry: LedgerEntry) -> list[str]:
    batch = await session.get(Batch, (session.guild_id, entry.source_id))
    if batch is None:
        return []
    text = await _text(session, entry)
    many = "1 person" if batch.people == 1 else f"{batch.people} people"
    return [
        f"One act on {many}: {batch.kind} of {signed(batch.amount)} each by {safe(text.actor_name)},"
        f" {when(batch.made_at, 'f')}.",
        f"Reason: {safe(text.reason)}",
        *(["As a whole it was undone."] if batch.undone_at is not None else []),
    ]


async def of_transfer(session: Session, entry: LedgerEntry) -> list[str]:
    found = await session.get(Transfer, (session.guild_id, entry.source_id))
    if found is None:
        return []
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_((found.from_member_id, found.to_member_id))
    )
    names = dict((await session.execute(query)).tuples().all())
    why = [f"Reason: {safe(found.reason)}"] if found.reason else []
    return [
        f"{safe(names[found.from_member_id])} gave {safe(names[found.to_member_id])} {points(found.amount)},"
        f" {when(found.made_at, 'f')}.",
        *why,
    ]


async def of_decay_run(session: Session, entry: LedgerEntry) -> list[str]:
    """With its reckoning, but not what was bid then: whoever may read the entry may read this."""
    run = await session.get(DecayRun, (session.guild_id, entry.source_id))
    if run is None:
        return []
    pool = await session.get_one(Pool, (session.guild_id, run.pool_id))
    text = await _text(session, entry)
    asked = (
        f"By the pool’s schedule, due {when(run.scheduled_for, 'f')}."
        if run.scheduled_for is not None
        else f"Let decay by {safe(text.actor_name)}."
    )
    of = "what was earned by being there and by bonuses, less earlier decay" if run.earned_only else "the balance"
    places = {0: "whole points", 1: "one decimal", 2: "two decimals"}[pool.decimals]
    many = "1 person" if run.people == 1 else f"{run.people} people"
    return [
        f"Decay of {safe(pool.name)}, {when(run.run_at, 'f')}. {asked}",
        f"{points(run.percent)} % of {of}, without bids that stood on the boards, rounded to {places},"
        f" never below {points(run.floor)}.",
        f"The run took {points(run.total)} points from {many}.",
        *(["As a whole it was undone."] if run.undone_at is not None else []),
    ]


SOURCES: Final = {
    "officer": of_officer,
    "opening": of_opening,
    "batch": of_batch,
    "transfer": of_transfer,
    "decay_run": of_decay_run,
}
