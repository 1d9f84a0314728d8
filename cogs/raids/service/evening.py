"""The evening as a whole: begun, ended, opened again, cancelled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from bot import audit, due, outbox
from bot.kit import boards
from bot.kit.text import clip, paste_block, paste_line, points, safe
from bot.refusals import NotFound
from bot.stage import Session, use_case
from bot.typed import name_key, parse_amount
from cogs.dkp.rules import check_reason
from cogs.dkp.rules.pools import ArchivedPool
from cogs.dkp.service import ledger
from cogs.dkp.service.own_acts import tell_own_reversal
from cogs.dkp.service.pools import lock_open, open_pool
from cogs.raids.rules import (
    BadName,
    NoTickYet,
    RaidWasCancelled,
    check_every,
    check_reopen,
    check_running,
    check_tick_value,
    tick_value,
)
from cogs.raids.service import credit as paying
from cogs.raids.service import ticks
from cogs.raids.service.lookups import get_own_raid, lock_raid
from cogs.raids.service.undo import undo_ticks
from db.tables import Auction, Award, Event, LedgerEntry, Pool, Raid, TickCredit

CANCELLED = "raid.cancelled"
"""The kind of due work that tells the slices above of a cancelled raid; its key is the raid."""
_LONGEST_NAME, _LONGEST_NOTE = 100, 500
_LOOT_ROOM = 1500
"""What is left of a message's 2,000 characters beside the line for the game."""


@dataclass(frozen=True, slots=True)
class RaidStarted:
    guild_id: int
    raid_id: int
    raid_name: str
    channel_id: int
    tick_points: Decimal
    pool_name: str
    every_seconds: int | None


@use_case("raids.manage")
async def start_raid(
    session: Session,
    *,
    event: str,
    channel_id: int,
    name: str | None = None,
    pool: str | None = None,
    tick_points: str | float | None = None,
    every: timedelta | None = None,
    never: bool = False,
    voice_channel_id: int | None = None,
    note: str | None = None,
) -> RaidStarted:
    """Begin an evening of a guild's event, which is remembered from first use with its pool and points.

    A tick is worth `tick_points`, else the event's, else the pool's, else the guild's. Without `every` the guild's
    interval holds, unless `never`. The board goes to the raids channel, else to `channel_id`. It is no tick.
    """
    known, first_use = await _event(session, event)
    purse = await _pool(session, known, pool)
    given = None if tick_points is None else parse_amount(tick_points, decimals=purse.decimals)
    if first_use:
        known.pool_id, known.tick_points = purse.pool_id if pool else None, given
    worth = tick_value(given, known.tick_points, purse.tick_points, session.guild.tick_points)
    worth = parse_amount(worth, decimals=purse.decimals)  # remembered points may be too fine for another pool
    check_tick_value(worth)
    check_every(every)
    every_seconds = int(every.total_seconds()) if every else None if never else session.guild.tick_every_seconds
    raid = Raid(
        guild_id=session.guild_id,
        event_id=known.event_id,
        pool_id=purse.pool_id,
        name=_short(name) if name else known.name,
        note=clip(note, _LONGEST_NOTE) if note else None,
        tick_points=worth,
        every_seconds=every_seconds,
        voice_channel_id=voice_channel_id,
        voice_mode=session.guild.voice_mode,
        channel_id=session.guild.raids_channel_id or channel_id,
        started_at=session.received_at,
        started_by_user_id=session.actor.user_id or 0,
        status="running",
    )
    session.add(raid)
    await session.flush()
    await ticks.schedule_next(session, raid)
    await boards.place(session, "raid", raid.raid_id, raid.channel_id)
    after = {"raid": raid.name, "points": worth, "pool": purse.name}
    audit.record(session, "raids.started", target_id=raid.raid_id, after=after, reason=raid.note)
    started = RaidStarted(session.guild_id, raid.raid_id, raid.name, raid.channel_id, worth, purse.name, every_seconds)
    session.tell(started)
    return started


def _short(name: str) -> str:
    shown = " ".join(name.split())
    if not name_key(shown):
        raise BadName("That name shows nothing: type one with letters.")
    return clip(shown, _LONGEST_NAME)


async def _event(session: Session, typed: str) -> tuple[Event, bool]:
    """The guild's event, picked or by name; a name is made an event on first use. And whether this is the first."""
    if picked := re.fullmatch(r"#(\d{1,18})", typed.strip()):
        known = await session.get(Event, (session.guild_id, int(picked[1])))
        if known is None:
            raise NotFound("There is no such event here: type its name.")
        known.last_used_at = session.now
        return known, False
    name = _short(typed)
    row = insert(Event).values(guild_id=session.guild_id, name=name, name_key=name_key(name), last_used_at=session.now)
    made = (await session.execute(row.on_conflict_do_nothing().returning(Event.event_id))).scalar_one_or_none()
    query = select(Event).where(Event.guild_id == session.guild_id, Event.name_key == name_key(name))
    event = (await session.execute(query)).scalar_one()
    event.last_used_at = session.now
    return event, made is not None


async def _pool(session: Session, event: Event, typed: str | None) -> Pool:
    """The pool named, else the event's unless that was archived meanwhile, else the guild's default."""
    if typed is None and event.pool_id is not None:
        try:
            return await lock_open(session, event.pool_id)
        except ArchivedPool:
            pass
    return await open_pool(session, typed)


@use_case("raids.manage")
async def bring_down(session: Session, raid_id: int) -> str:
    """Post the board anew at the bottom of its channel; answers with the raid's name."""
    raid = await get_own_raid(session, raid_id)
    await boards.place(session, "raid", raid_id, raid.channel_id)
    return raid.name


# --- the end ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loot:
    item: str
    winner: str
    cost: Decimal


@dataclass(frozen=True, slots=True)
class RaidEnded:
    """What the evening came to; also the fact."""

    guild_id: int
    raid_id: int
    raid_name: str
    outcome: str | None
    people: int
    ticks: int
    points_paid: Decimal
    loot: tuple[Loot, ...]
    open_auctions: int


@use_case("raids.manage")
async def end_raid(
    session: Session, raid_id: int, outcome: str | None = None, *, without_tick: bool = False
) -> RaidEnded:
    """End a running raid: its card is posted once, its auctions run on.

    Refuses with `NoTickYet` when no tick was taken, unless `without_tick`: nobody gets points or attendance then.
    """
    raid = await lock_raid(session, raid_id)
    check_running(raid.status, raid.name)
    if not await paying.standing_ticks(session, raid_id) and not without_tick:
        raise NoTickYet(f"{safe(raid.name)} has no tick: nobody gets points or attendance for it.", raid_id=raid_id)
    raid.status, raid.ended_at, raid.outcome = "ended", session.received_at, outcome
    await ticks.schedule_next(session, raid)
    ended = await tally(session, raid)
    after = {"raid": raid.name, "people": ended.people, "ticks": ended.ticks, "points": ended.points_paid}
    audit.record(session, "raids.ended", target_id=raid_id, after=after | {"outcome": outcome})
    times = await _times_ended(session, raid_id)
    outbox.send(session, f"end{raid_id}n{times}", end_card(ended), channel_id=raid.channel_id)
    session.tell(ended)
    session.redraw("raid", raid_id)
    return ended


async def _times_ended(session: Session, raid_id: int) -> int:
    """How often this raid was ended, so that each end has a card of its own."""
    query = select(func.count()).where(
        outbox.Outbox.guild_id == session.guild_id, outbox.Outbox.nonce.like(f"end{raid_id}n%")
    )
    return (await session.execute(query)).scalar_one() + 1


async def tally(session: Session, raid: Raid) -> RaidEnded:
    """People and ticks, points paid (less what was reversed), loot with prices, auctions still open."""
    standing = await paying.standing_ticks(session, raid.raid_id)
    ids = [tick.tick_id for tick in standing]
    people = await session.scalar(
        select(func.count(func.distinct(TickCredit.member_id))).where(
            TickCredit.guild_id == session.guild_id, TickCredit.tick_id.in_(ids)
        )
    )
    entries = await paying.entries_of(session, ids)
    gone = await ledger.reversed_among(session, entries)
    paid = await session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id.in_(set(entries) - gone)
        )
    )
    auctions = await session.scalar(
        select(func.count()).where(
            Auction.guild_id == session.guild_id, Auction.raid_id == raid.raid_id, Auction.status == "open"
        )
    )
    loot = tuple(
        Loot(award.item_name, award.character_name or award.member_name, award.cost)
        for award in await awards(session, raid.raid_id)
    )
    return RaidEnded(
        session.guild_id,
        raid.raid_id,
        raid.name,
        raid.outcome,
        people or 0,
        len(standing),
        Decimal(paid or 0),
        loot,
        auctions or 0,
    )


async def awards(session: Session, raid_id: int) -> Sequence[Award]:
    """Awards of a raid that stand, in order."""
    query = (
        select(Award)
        .where(Award.guild_id == session.guild_id, Award.raid_id == raid_id, Award.undone_at.is_(None))
        .order_by(Award.award_id)
    )
    return (await session.execute(query)).scalars().all()


def end_card(ended: RaidEnded) -> str:
    """The evening on one card, with a line to paste into the game; at most 2,000 characters."""
    outcome = f" ({ended.outcome})" if ended.outcome else ""
    lines = [
        f"**{safe(ended.raid_name)}** is over{outcome}.",
        f"{_count(ended.people, 'person', 'people')} · {_count(ended.ticks, 'tick', 'ticks')} ·"
        f" {points(ended.points_paid)} points paid",
    ]
    for number, loot in enumerate(ended.loot):
        line = f"- {safe(clip(loot.item, 40))} → {safe(clip(loot.winner, 25))}, {points(loot.cost)}"
        if len("\n".join([*lines, line])) > _LOOT_ROOM:
            lines.append(f"- and {len(ended.loot) - number} more: /loot history")
            break
        lines.append(line)
    if ended.open_auctions:
        lines.append(f"{_count(ended.open_auctions, 'auction runs', 'auctions run')} on.")
    told = paste_line(
        f"{ended.raid_name}: {_count(ended.people, 'person', 'people')}, {_count(ended.ticks, 'tick', 'ticks')},",
        f"{points(ended.points_paid)} points, {_count(len(ended.loot), 'item', 'items')}. Thank you all!",
    )
    return "\n".join([*lines, paste_block(told)])


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@dataclass(frozen=True, slots=True)
class RaidReopened:
    guild_id: int
    raid_id: int
    raid_name: str


@use_case("raids.manage")
async def reopen_raid(session: Session, raid_id: int) -> RaidReopened:
    """Running again, for 24 h after its end; automatic ticks begin anew from now."""
    raid = await lock_raid(session, raid_id)
    check_reopen(raid.status, raid.ended_at, session.now)
    await lock_open(session, raid.pool_id)  # an archived pool takes no more
    raid.status, raid.ended_at, raid.outcome = "running", None, None
    await ticks.schedule_next(session, raid)
    await boards.place(session, "raid", raid_id, raid.channel_id)
    audit.record(session, "raids.reopened", target_id=raid_id, after={"raid": raid.name})
    reopened = RaidReopened(session.guild_id, raid_id, raid.name)
    session.tell(reopened)
    return reopened


# --- cancelling -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CancelPreview:
    raid_id: int
    raid_name: str
    ticks: int
    points: Decimal
    open_auctions: int
    award_ids: tuple[int, ...]
    award_points: Decimal
    already: bool
    """Cancelled before: only its awards may be left."""


async def preview_cancel(session: Session, raid_id: int) -> CancelPreview:
    """What cancelling would reverse, end and leave."""
    raid = await get_own_raid(session, raid_id)
    sums = await tally(session, raid)
    left = await awards(session, raid_id)
    return CancelPreview(
        raid_id,
        raid.name,
        sums.ticks,
        sums.points_paid,
        sums.open_auctions,
        tuple(award.award_id for award in left),
        sum((award.cost for award in left), Decimal(0)),
        raid.status == "cancelled",
    )


@dataclass(frozen=True, slots=True)
class RaidCancelled:
    guild_id: int
    raid_id: int
    raid_name: str
    ticks: int
    total: Decimal
    reason: str


@use_case("raids.cancel")
async def cancel_raid(session: Session, raid_id: int, reason: str) -> RaidCancelled:
    """Reverse the ticks of a raid, running or over, and take it out of attendance.

    Its open auctions are cancelled by due work, one transaction an auction. Its awards stay; undoing them is a step
    of its own.
    """
    reason = check_reason(reason)
    raid = await lock_raid(session, raid_id)
    cancelled = await take_back(session, raid, reason)
    await tell_own_reversal(session, cancel_notice(cancelled), reason, raid.channel_id)
    return cancelled


async def take_back(session: Session, raid: Raid, reason: str) -> RaidCancelled:
    """Cancel a locked raid."""
    raid_id = raid.raid_id
    if raid.status == "cancelled":
        raise RaidWasCancelled(f"{safe(raid.name)} was cancelled already; nothing changed.")
    undone = await undo_ticks(session, raid, await paying.standing_ticks(session, raid_id), reason)
    raid.status, raid.cancel_reason = "cancelled", reason
    raid.ended_at = raid.ended_at or session.received_at
    await ticks.schedule_next(session, raid)
    await due.schedule(session, CANCELLED, raid_id, session.now, {"reason": reason})
    total = sum((tick.total for tick in undone), Decimal(0))
    after = {"raid": raid.name, "ticks": len(undone), "points": total}
    audit.record(session, "raids.cancelled", target_id=raid_id, after=after, reason=reason)
    cancelled = RaidCancelled(session.guild_id, raid_id, raid.name, len(undone), total, reason)
    outbox.send(session, f"cancel{raid_id}", cancel_notice(cancelled), channel_id=raid.channel_id)
    session.tell(cancelled)
    session.redraw("raid", raid_id)
    return cancelled


def cancel_notice(cancelled: RaidCancelled) -> str:
    reversed_ = f" Reversed: {_count(cancelled.ticks, 'tick', 'ticks')}, {points(cancelled.total)} points."
    why = safe(cancelled.reason).rstrip(".")
    return f"**{safe(cancelled.raid_name)}** was cancelled: {why}.{reversed_ if cancelled.ticks else ''}"
