"""`/dkp undo`: recent acts of every kind in words, what follows, and the reversal.

A slice says in `bot.registry.undo` how its acts are undone. An entry that is part of something larger is not undone
alone: that of an award is undone with its award, that of a tick is refused with the way to go, because a tick that
stands must have paid everybody it credited.
"""

import re
from collections.abc import Sequence
from itertools import chain, zip_longest
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import aliased

from bot import audit
from bot.kit.pickers import rank
from bot.kit.text import CHOICE_NAME, clip, plain, points, safe
from bot.refusals import NotFound
from bot.registry import Choice, Undoable
from bot.stage import Session, use_case
from bot.typed import name_key, near_names
from cogs.dkp.rules import AlreadyReversed, UndoneElsewhere, check_reason
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.dkp.service.history import signed
from db.tables import Award, EntryText, LedgerEntry, Pool, Raid, Tick, TickCredit

_LOOK_BACK = 100
"""Entries an autocomplete looks through."""
_PICKED = re.compile(r"([a-z_]{1,30}):#?(\d{1,18})")


class EntryUndo:
    """How a single entry is undone: what an officer posted by hand, and what undid such an entry."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        cause, reversal = aliased(LedgerEntry), aliased(LedgerEntry)
        query = (
            select(LedgerEntry, EntryText)
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
                LedgerEntry.source.in_(("officer", "entry")),
                func.coalesce(cause.source, LedgerEntry.source).in_(("officer", "entry")),
                reversal.entry_id.is_(None),
            )
            .order_by(LedgerEntry.entry_id.desc())
            .limit(_LOOK_BACK)
        )
        zone = ZoneInfo(session.guild.timezone)
        return rank(
            typed,
            [
                Choice(
                    f"{text.member_name} {signed(entry.amount)} ({entry.kind}) by {text.actor_name},"
                    f" {entry.created_at.astimezone(zone):%d %b %H:%M}: {text.reason}",
                    str(entry.entry_id),
                )
                for entry, text in await session.execute(query)
            ],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        entry = await _get_entry(session, act_id)
        if award := await _award_of(session, entry):
            undoable, award_id = award
            return ["It is the price of an award, which is undone with it.", *await undoable.preview(session, award_id)]
        await _check_alone(session, entry)
        if await ledger.reversed_among(session, [act_id]):
            raise AlreadyReversed("That was undone already; nothing changed.")
        return await ledger.what_follows(session, [act_id])

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        entry = await _get_entry(session, act_id)
        if award := await _award_of(session, entry):
            undoable, award_id = award
            return await undoable.undo(session, award_id, reason)
        await _check_alone(session, entry)
        text = await session.get(EntryText, (session.guild_id, act_id))
        [done] = await ledger.reverse(session, [act_id], reason)
        was = text.reason if text else ""
        audit.record(
            session,
            "dkp.undone",
            target_id=act_id,
            about=done.member_id,
            before={"balance": done.balance - done.amount, "amount": entry.amount, "reason": was},
            after={"balance": done.balance},
            reason=reason,
        )
        name = safe(done.member_name)
        return f"Undone: {signed(entry.amount)} of {name} ({safe(was)}). {name} has {points(done.balance)} now."


async def _get_entry(session: Session, entry_id: int) -> LedgerEntry:
    entry = await session.get(LedgerEntry, (session.guild_id, entry_id))
    if entry is None:
        raise NotFound("There is no such entry here.")
    return entry


async def _award_of(session: Session, entry: LedgerEntry) -> tuple[Undoable, int] | None:
    """The award that stands and was paid by this entry, with how to undo it."""
    query = select(Award.award_id).where(
        Award.guild_id == session.guild_id,
        Award.entry_id == entry.entry_id,
        Award.member_id == entry.member_id,
        Award.undone_at.is_(None),
    )
    award_id = (await session.execute(query)).scalar_one_or_none()
    return None if award_id is None else (session.stage.registry.undo["award"], award_id)


async def _check_alone(session: Session, entry: LedgerEntry) -> None:
    """Refuse an entry that is part of a tick, or that undid one or an award."""
    first = entry
    while first.reverses_entry_id is not None:
        first = await _get_entry(session, first.reverses_entry_id)
    if first.source in ("officer", "entry"):
        return
    if first is not entry:
        raise UndoneElsewhere(
            "That undid a tick or an award, which cannot be brought back this way:"
            " take or award it again, or post a correction with /dkp adjust."
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
    raise UndoneElsewhere("That entry is part of something larger: undo that, or post a correction with /dkp adjust.")


# --- over every kind --------------------------------------------------------------------------------------------------


async def recent_acts(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over what can be undone, newest first; the kinds take turns, so that none hides another."""
    kinds = [
        [
            Choice(f"{kind} · {choice.label}", f"{kind}:{choice.value}")
            for choice in await undoable.recent(session, typed)
        ]
        for kind, undoable in session.stage.registry.undo.items()
    ]
    return [choice for choice in chain.from_iterable(zip_longest(*kinds)) if choice is not None]


async def _resolve(session: Session, what: str) -> tuple[Undoable, int, str]:
    """The act somebody means: picked from the list, or typed as the list shows it. Returns it with its words."""
    choices = await recent_acts(session, "")
    undo = session.stage.registry.undo
    if (picked := _PICKED.fullmatch(what.strip())) and picked[1] in undo:
        words = next((choice.label for choice in choices if choice.value == picked[0]), f"{picked[1]} {picked[2]}")
        return undo[picked[1]], int(picked[2]), words
    same = [choice for choice in choices if name_key(what) == name_key(clip(plain(choice.label), CHOICE_NAME))]
    if len(same) == 1:
        kind, _, act_id = same[0].value.partition(":")
        return undo[kind], int(act_id.lstrip("#")), same[0].label
    near = near_names(what, [choice.label for choice in choices], 3)
    raise NotFound("Pick what to undo from the list that appears while typing.", near=[safe(label) for label in near])


async def preview_undo(session: Session, what: str, reason: str) -> tuple[str, Sequence[str]]:
    """The act in words, and what follows from undoing it, a line each. Refuses what `undo` would refuse."""
    check_reason(reason)
    undoable, act_id, words = await _resolve(session, what)
    return safe(words), await undoable.preview(session, act_id)


@use_case("dkp.undo")
async def undo(session: Session, what: str, reason: str, here: int | None = None) -> str:
    """Reverse an act of any kind; says what was done. `here`: the channel it was typed in."""
    reason = check_reason(reason)
    undoable, act_id, _ = await _resolve(session, what)
    sentence = await undoable.undo(session, act_id, reason)
    own = await _own_reversal(session)
    if own is not None:
        tell_own_act(
            session, f"ownu{own}", f"undid what moved their own points. {sentence} Reason: {safe(reason)}", here
        )
    return sentence


async def _own_reversal(session: Session) -> int | None:
    """The last reversal that the acting member posted on themselves in this transaction.

    Not "since it began": another undo of theirs may have been committed meanwhile, and tells of itself.
    """
    if session.me is None:
        return None
    pools = select(Pool.pool_id).where(Pool.guild_id == session.guild_id)
    query = select(func.max(LedgerEntry.entry_id)).where(
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.pool_id.in_(pools),
        LedgerEntry.member_id == session.me.member_id,
        LedgerEntry.kind == "reversal",
        LedgerEntry.actor_user_id == session.actor.user_id,
        literal_column("ledger_entry.xmin") == literal_column("pg_current_xact_id()::xid"),
    )
    return (await session.execute(query)).scalar_one()
