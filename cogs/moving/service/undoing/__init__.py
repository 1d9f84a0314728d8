"""A whole import taken back as one act: a reversal for each entry that has none, awards, raids and ticks marked, who
was made by it and did nothing else gone, so that the same file, corrected, may come again.

Whose unclaimed member was linked to them meanwhile has the points now: what the import gave goes back from them, as
`ledger.reverse` carries it on.
"""

from sqlalchemy import select

from bot import audit
from bot.kit.pickers import rank
from bot.kit.text import clip, safe, when
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from cogs.dkp.rules import AlreadyReversed, check_reason
from cogs.dkp.service import ledger
from cogs.moving.rules.document import FORMATS
from cogs.moving.service.undoing.acts import hold_awards, hold_people, let_go, mark
from cogs.moving.service.undoing.standing import (
    acted_since,
    after_links,
    by_pool,
    entries_of,
    made_and_idle,
    standing_of,
)
from db.tables import DataImport, Guild, LedgerEntry, Raid

_LISTED = 50
_FOLLOWED = 2000
"""People whose end is reckoned for the preview; it shows a few dozen, the gravest first."""


class ImportUndo:
    """Imports as `/dkp undo` sees them."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        query = (
            select(DataImport)
            .where(DataImport.guild_id == session.guild_id, DataImport.undone_at.is_(None))
            .order_by(DataImport.data_import_id.desc())
            .limit(_LISTED)
        )
        return rank(
            typed,
            [
                Choice(
                    f"{clip(row.file_name, 50)}: {row.summary.get('people', 0):,} people,"
                    f" {row.summary.get('entries', 0):,} entries",
                    str(row.data_import_id),
                )
                for row in (await session.execute(query)).scalars()
            ],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        row = await _get(session, act_id)
        entries, given = await standing_of(session, act_id)
        made = len(await made_and_idle(session, act_id))
        totals = await by_pool(session, given)
        lines = [
            f"The import of {safe(clip(row.file_name, 60))} of {when(row.imported_at)}:"
            f" {entries:,} entries are reversed ({', '.join(totals) or 'none stands'}).",
        ]
        if made:
            lines.append(f"People it brought and who did nothing since are gone, with their characters: {made:,}.")
        moves = await after_links(session, given)
        acted = await acted_since(session, act_id, moves)
        if acted:
            who = "1 person" if len(acted) == 1 else f"{len(acted):,} people"
            lines.append(f"{who} earned, spent, bid or were linked since and go on:")
            few = {key: moves[key] for key in list(acted)[:_FOLLOWED]}
            lines += await ledger.what_moves_do(session, few)
        return lines

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        reason = check_reason(reason)
        turn = select(Guild.guild_id).where(Guild.guild_id == session.guild_id)
        await session.execute(turn.with_for_update(key_share=True))  # one import, or undo of one, at a time
        row = await _get(session, act_id, lock=True)
        raids = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.data_import_id == act_id)
        raid_ids = list((await session.execute(raids.order_by(Raid.raid_id).with_for_update())).scalars())
        await hold_awards(session, act_id)
        await hold_people(session, act_id)
        entry_ids = await entries_of(session, act_id)
        standing: list[LedgerEntry] = []

        async def choose() -> list[LedgerEntry]:
            """Under the accounts' locks: without what was undone alone before."""
            gone = await ledger.reversed_among(session, entry_ids)
            standing[:] = await ledger.load_entries(session, set(entry_ids) - gone)
            return standing

        await ledger.reverse(session, entry_ids, reason, act=("import", act_id), choose=choose)
        await mark(session, act_id, raid_ids, reason)
        left = await let_go(session, act_id)
        row.undone_at, row.undone_reason = session.now, reason
        audit.record(
            session,
            "moving.import.undone",
            target_id=act_id,
            after={"entries": len(standing), "left": left},
            reason=reason,
        )
        return (
            f"Undone: the import of {safe(clip(row.file_name, 60))}. {len(standing):,} entries were reversed and"
            f" {left:,} people are gone; the file, corrected, may come again."
        )


async def _get(session: Session, import_id: int, *, lock: bool = False) -> DataImport:
    query = select(DataImport).where(DataImport.guild_id == session.guild_id, DataImport.data_import_id == import_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such import.")
    if row.undone_at is not None:
        raise AlreadyReversed(
            f"The import of {safe(clip(row.file_name, 60))} was undone already; nothing changed. Import the file again"
            " if it should stand."
        )
    return row


# --- looking back -----------------------------------------------------------------------------------------------------


async def explain(session: Session, entry: LedgerEntry) -> list[str]:
    """What an imported entry came from: the file, who took it in when, and the row."""
    row = await session.get(DataImport, (session.guild_id, entry.source_id))
    if row is None:
        return []
    lines = [
        f"From {FORMATS.get(row.format, 'a file')}: {safe(clip(row.file_name, 60))}, imported {when(row.imported_at)}.",
        f"The file’s SHA-256 begins with {row.sha256[:12]}.",
    ]
    where = entry.idempotency_key.split(":", 3)
    if where[0] == "import" and len(where) == 4:
        lines.append(f"There it is {safe(where[3])}, dated {when(entry.created_at, 'D')}.")
    if row.undone_at is not None:
        lines.append(f"The whole import was undone {when(row.undone_at)}: {safe(row.undone_reason or '')}")
    return lines


async def doctor(session: Session) -> list[str]:
    """Undone imports that still have points standing."""
    undone = select(DataImport.data_import_id, DataImport.file_name).where(
        DataImport.guild_id == session.guild_id, DataImport.undone_at.is_not(None)
    )
    wrong = []
    for import_id, name in (await session.execute(undone)).all():
        count, _ = await standing_of(session, import_id)
        if count:
            wrong.append(f"the import {import_id} of {name} was undone, but {count} of its entries stand")
    return wrong


__all__ = ["ImportUndo", "doctor", "explain"]
