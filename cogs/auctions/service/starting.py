"""Starting auctions, one or a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypedDict, Unpack

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
    check_floor,
    check_form,
    check_item,
    check_quantity,
    check_terms,
    decide_second_copy,
    parse_batch,
)
from cogs.auctions.rules.terms import Bidders, Kind
from cogs.auctions.rules.typed import WhoBids, check_moves, parse_bidders, parse_snipe, parse_steps, parse_ties
from cogs.auctions.service.state import settle_later
from cogs.dkp.service.pools import lock_open, open_pool
from cogs.raids.service.lookups import find_raid, lock_raid
from db.tables import Auction, AuctionBatch, Pool, Raid

Number = Decimal | float
"""An amount as typed; floats are Discord's number options, read exactly."""


class Asked(TypedDict, total=False):
    """An auction's own rules, as typed. What is left out or None is the guild's."""

    minimum: Number | None
    increment: Number | None
    duration: timedelta | None
    kind: Literal["open", "sealed", "second-price"] | None
    bidders: str | None
    steps: str | None
    ties: str | None
    copies_pay: Literal["own", "lowest"] | None
    one_win: bool | None
    floor: Number | None
    retract: Literal["never", "not leading", "always"] | None
    without_bid: Literal["rots", "given", "bank"] | None
    names: Literal["visible", "hidden"] | None
    snipe_window: str | None
    snipe_extension: str | None
    snipe_limit: int | None


@dataclass(frozen=True, slots=True)
class Started:
    auction_id: int
    item_name: str
    kind: Kind
    quantity: int
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
    quantity: int = 1,
    pool: str | None = None,
    raid: str | None = None,
    note: str | None = None,
    roles: Mapping[int, str] | None = None,
    second_copy: bool = False,
    **asked: Unpack[Asked],
) -> StartAnswer:
    """Put an item up in the auctions channel, else in `channel_id`. `roles` are the server's, by id.

    A second open auction of one item in one raid within 10 minutes is asked about unless `second_copy`.
    """
    place = await _place(session, raid, pool, channel_id)
    check_quantity(quantity)
    rules = _rules(session, place, asked, roles or {})
    check_form(Kind(rules["kind"]), quantity, {name for name, value in asked.items() if value is not None})
    lines = [BatchLine(check_item(item), quantity=quantity)]
    return await _start(session, place, lines, rules | {"note": note}, second_copy=second_copy)


@use_case("auctions.manage")
async def start_batch(session: Session, text: str, *, channel_id: int, second_copy: bool = False) -> StartAnswer:
    """Put up an item a line (`Item x2 @ 50`), all or none; two lines or more are a batch, with one board.

    Refuses `BadBatch` with the line that is wrong.
    """
    place = await _place(session, None, None, channel_id)
    lines = parse_batch(text, decimals=place.pool.decimals)
    if isinstance(lines, BadBatchLine):
        where = f"Line {lines.number} (“{safe(lines.text[:60])}”)" if lines.text else "The form"
        raise BadBatch(f"{where} cannot be started: {lines.problem}. Nothing was started.", line=lines.number)
    return await _start(session, place, lines, _rules(session, place, {}, {}), second_copy=second_copy)


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


def _rules(session: Session, place: _Place, asked: Asked, roles: Mapping[int, str]) -> dict[str, Any]:
    """The columns of an auction that its rules are, from what was asked and else the guild."""
    guild, decimals = session.guild, place.pool.decimals

    def given(name: str, default: Any) -> Any:
        value = asked.get(name)
        return default if value is None else value

    def amount(name: str, default: Decimal) -> Decimal:
        return parse_amount(given(name, default), decimals=decimals)

    lasts = given("duration", timedelta(seconds=guild.auction_seconds))
    who = _who_may_bid(asked.get("bidders"), guild.auction_bidders, place.raid, roles)
    rules = {
        "minimum": amount("minimum", guild.auction_minimum),
        "increment": amount("increment", guild.auction_increment),
        "steps": parse_steps(given("steps", guild.auction_steps or "off"), decimals=decimals),
        "ends_at": session.now + lasts,
        "kind": given("kind", guild.auction_kind),
        "bidders": str(who.bidders),
        "bidders_role_id": who.role_id,
        "bidders_percent": who.percent,
        "ties": parse_ties(given("ties", guild.auction_ties)),
        "copies_pay": given("copies_pay", guild.auction_copies_pay),
        "one_win": given("one_win", guild.auction_one_win),
        "floor": guild.auction_floor,
        "retract": given("retract", guild.auction_retract),
        "without_bid": given("without_bid", guild.auction_without_bid),
        "names_hidden": given("names", "hidden" if guild.auction_names_hidden else "visible") == "hidden",
        "snipe_window_seconds": guild.snipe_window_seconds,
        "snipe_extension_seconds": guild.snipe_extension_seconds,
        "snipe_limit": check_moves(given("snipe_limit", guild.snipe_limit)),
    }
    check_terms(rules["minimum"], rules["increment"], lasts)
    for name in ("snipe_window", "snipe_extension"):
        if (typed := asked.get(name)) is not None:
            rules[f"{name}_seconds"] = parse_snipe(typed)
    if (floor := asked.get("floor")) is not None:
        rules["floor"] = parse_amount(floor, decimals=decimals)
        check_floor(rules["floor"], place.pool.floor)
    return rules


async def _start(
    session: Session, place: _Place, lines: Sequence[BatchLine], rules: dict[str, Any], *, second_copy: bool
) -> StartAnswer:
    if not second_copy and (copy := await _second_copy(session, lines, place)) is not None:
        return StartAnswer((), copy)
    batch_id = await _place_batch(session, place.channel_id) if len(lines) > 1 else None
    rows = []
    for line in lines:
        own = rules if line.minimum is None else rules | {"minimum": line.minimum}
        row = Auction(
            guild_id=session.guild_id,
            pool_id=place.pool.pool_id,
            raid_id=place.raid.raid_id if place.raid else None,
            auction_batch_id=batch_id,
            item_name=line.item,
            item_key=name_key(line.item),
            quantity=line.quantity,
            channel_id=place.channel_id,
            started_at=session.now,
            started_by_user_id=session.actor.user_id,
            **own,
        )
        rows.append(row)
    session.add_all(rows)
    await session.flush()
    for row in rows:
        if batch_id is None:
            await boards.place(session, "auction", row.auction_id, row.channel_id)
        await settle_later(session, row)
        terms = {"kind": row.kind, "quantity": row.quantity, "minimum": row.minimum, "ends_at": row.ends_at}
        audit.record(session, "auctions.started", target_id=row.auction_id, after={"item": row.item_name} | terms)
    return StartAnswer(tuple(map(_started, rows)))


async def _place_batch(session: Session, channel_id: int) -> int:
    """A batch has one board for all its auctions: so many cards in one channel are more edits than Discord takes."""
    batch = AuctionBatch(
        guild_id=session.guild_id,
        channel_id=channel_id,
        started_at=session.now,
        started_by_user_id=session.actor.user_id,
    )
    session.add(batch)
    await session.flush()
    await boards.place(session, "auction_batch", batch.auction_batch_id, channel_id)
    return batch.auction_batch_id


def _started(row: Auction) -> Started:
    return Started(row.auction_id, row.item_name, Kind(row.kind), row.quantity, row.ends_at, row.channel_id)


def _who_may_bid(asked: str | None, default: str | None, raid: Raid | None, roles: Mapping[int, str]) -> WhoBids:
    """`raid` is the default when the auction has a raid; a guild that says `raid` means its raids' auctions."""
    if asked is None:
        return WhoBids(Bidders.MEMBERS if default == Bidders.MEMBERS or raid is None else Bidders.RAID)
    who = parse_bidders(asked, roles)
    if who.bidders is Bidders.RAID and raid is None:
        raise BadTerms("There is no raid whose people could bid: name one, or leave bidders out for all members.")
    return who


async def _second_copy(session: Session, lines: Sequence[BatchLine], place: _Place) -> Started | None:
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
            return _started(up[copy.auction_id])
    return None
