"""Starting auctions, one or a batch."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from bot import audit
from bot.kit import boards
from bot.kit.text import safe
from bot.stage import Session, use_case
from bot.typed import name_key, parse_amount
from cogs.auctions.rules.starting import (
    BadBatch,
    BadBatchLine,
    BadTerms,
    BatchLine,
    RunningAuction,
    check_item,
    check_terms,
    decide_second_copy,
    parse_batch,
)
from cogs.auctions.rules.terms import Bidders
from cogs.auctions.service.state import settle_later
from cogs.dkp.service.pools import lock_open, open_pool
from cogs.raids.service.lookups import find_raid, lock_raid
from db.tables import Auction, Pool, Raid

Number = Decimal | float
"""An amount as typed; floats are Discord's number options, read exactly."""


@dataclass(frozen=True, slots=True)
class Started:
    auction_id: int
    item_name: str
    ends_at: datetime
    channel_id: int


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """The auctions that are up, or, with nothing started, the copy that is up already."""

    started: tuple[Started, ...]
    copy: Started | None = None


@use_case("auctions.manage")
async def start(
    session: Session,
    item: str,
    *,
    channel_id: int,
    minimum: Number | None = None,
    increment: Number | None = None,
    duration: timedelta | None = None,
    bidders: str | None = None,
    pool: str | None = None,
    raid: str | None = None,
    note: str | None = None,
    second_copy: bool = False,
) -> StartAnswer:
    """Put an item up in the auctions channel, else in `channel_id`. What is left out is the guild's, or the raid's.

    A second open auction of one item in one raid within 10 minutes is asked about unless `second_copy`.
    """
    place = await _place(session, raid, pool, channel_id)
    decimals = place.pool.decimals
    least = None if minimum is None else parse_amount(minimum, decimals=decimals)
    step = None if increment is None else parse_amount(increment, decimals=decimals)
    line = BatchLine(check_item(item), least)
    return await _start(session, place, [line], step, duration, bidders, note, second_copy=second_copy)


@use_case("auctions.manage")
async def start_batch(session: Session, text: str, *, channel_id: int, second_copy: bool = False) -> StartAnswer:
    """Put up an item a line (`Item x2 @ 50`), all or none. Refuses `BadBatch` with the line that is wrong."""
    place = await _place(session, None, None, channel_id)
    lines = parse_batch(text, decimals=place.pool.decimals)
    if isinstance(lines, BadBatchLine):
        where = f"Line {lines.number} (“{safe(lines.text[:60])}”)" if lines.text else "The form"
        raise BadBatch(f"{where} cannot be started: {lines.problem}. Nothing was started.", line=lines.number)
    return await _start(session, place, lines, None, None, None, None, second_copy=second_copy)


@dataclass(frozen=True, slots=True)
class _Place:
    raid: Raid | None
    pool: Pool
    channel_id: int


async def _place(session: Session, raid: str | None, pool: str | None, channel_id: int) -> _Place:
    """Where it happens. `raid` defaults to the one running, with several to this channel's, else is asked.

    Pool: the raid's, else the guild's default. The raid is locked, so that of two leaders who put one item up at
    once the second is asked.
    """
    found = await _find_raid(session, raid, channel_id)
    if found is not None:
        found = await lock_raid(session, found.raid_id)
        if found.status == "cancelled":
            raise BadTerms(f"{safe(found.name)} was cancelled: start the auction without it, or pick another raid.")
    if pool is None and found is not None:
        theirs = await lock_open(session, found.pool_id)
        return _Place(found, theirs, session.guild.auctions_channel_id or channel_id)
    return _Place(found, await open_pool(session, pool), session.guild.auctions_channel_id or channel_id)


async def _find_raid(session: Session, typed: str | None, channel_id: int) -> Raid | None:
    running = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.status == "running").limit(1)
    if typed is None and (await session.execute(running)).first() is None:
        return None
    return await find_raid(session, typed, channel_id, running=True)


async def _start(
    session: Session,
    place: _Place,
    lines: list[BatchLine] | tuple[BatchLine, ...],
    increment: Decimal | None,
    duration: timedelta | None,
    bidders: str | None,
    note: str | None,
    *,
    second_copy: bool,
) -> StartAnswer:
    guild, decimals = session.guild, place.pool.decimals
    step = increment if increment is not None else parse_amount(guild.auction_increment, decimals=decimals)
    lasts = duration or timedelta(seconds=guild.auction_seconds)
    who = _who_may_bid(bidders or guild.auction_bidders, place.raid)
    if not second_copy and (copy := await _second_copy(session, lines, place)) is not None:
        return StartAnswer((), copy)
    rows = []
    for line in lines:
        least = line.minimum if line.minimum is not None else parse_amount(guild.auction_minimum, decimals=decimals)
        check_terms(least, step, lasts)
        rows.append(
            Auction(
                guild_id=session.guild_id,
                pool_id=place.pool.pool_id,
                raid_id=place.raid.raid_id if place.raid else None,
                item_name=line.item,
                item_key=name_key(line.item),
                note=note,
                minimum=least,
                increment=step,
                bidders=str(who),
                channel_id=place.channel_id,
                started_at=session.now,
                started_by_user_id=session.actor.user_id,
                ends_at=session.now + lasts,
                snipe_window_seconds=guild.snipe_window_seconds,
                snipe_extension_seconds=guild.snipe_extension_seconds,
                snipe_limit=guild.snipe_limit,
            )
        )
    session.add_all(rows)
    await session.flush()
    for row in rows:
        await boards.place(session, "auction", row.auction_id, row.channel_id)
        await settle_later(session, row)
        after = {"item": row.item_name, "minimum": row.minimum, "ends_at": row.ends_at}
        audit.record(session, "auctions.started", target_id=row.auction_id, after=after)
    return StartAnswer(tuple(Started(row.auction_id, row.item_name, row.ends_at, row.channel_id) for row in rows))


def _who_may_bid(asked: str | None, raid: Raid | None) -> Bidders:
    """`raid` is the default when the auction has a raid; a guild that says `raid` means its raids' auctions."""
    if asked == Bidders.MEMBERS or raid is None:
        return Bidders.MEMBERS
    return Bidders.RAID


async def _second_copy(
    session: Session, lines: list[BatchLine] | tuple[BatchLine, ...], place: _Place
) -> Started | None:
    keys = [name_key(line.item) for line in lines]
    query = select(Auction).where(
        Auction.guild_id == session.guild_id, Auction.status == "open", Auction.item_key.in_(keys)
    )
    up = {row.auction_id: row for row in (await session.execute(query)).scalars()}
    running = [
        RunningAuction(row.auction_id, row.item_key, row.raid_id, row.started_at, row.ends_at) for row in up.values()
    ]
    raid_id = place.raid.raid_id if place.raid else None
    for key in keys:
        if copy := decide_second_copy(key, raid_id, running, now=session.now):
            row = up[copy.auction_id]
            return Started(row.auction_id, row.item_name, row.ends_at, row.channel_id)
    return None
