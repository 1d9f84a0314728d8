"""Finding raids and ticks: by id, by what people type, or by where they type it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.kit.text import safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.raids.rules import WhichRaid, check_ours
from db.tables import Event, Raid, Tick, TickCredit

_LOOK_BACK = timedelta(days=90)
_ID = re.compile(r"#(\d{1,18})")


async def get_raid(session: Session, raid_id: int) -> Raid:
    raid = await session.get(Raid, (session.guild_id, raid_id))
    if raid is None:
        raise NotFound("There is no such raid here.")
    return raid


async def get_own_raid(session: Session, raid_id: int) -> Raid:
    """A raid that was held here: one that came with an import is refused."""
    raid = await get_raid(session, raid_id)
    check_ours(raid.data_import_id, raid.name)
    return raid


async def lock_raid(session: Session, raid_id: int, *, shared: bool = False) -> Raid:
    """The raid's row, locked before anything else of the raid is read or written.

    `shared` for what may happen side by side (check-ins), and must only not cross a tick or the end. Refuses one that
    came with an import: nothing but undoing that changes it.
    """
    query = (
        select(Raid)
        .where(Raid.guild_id == session.guild_id, Raid.raid_id == raid_id)
        .with_for_update(read=shared)
        .execution_options(populate_existing=True)
    )
    raid = (await session.execute(query)).scalar_one_or_none()
    if raid is None:
        raise NotFound("There is no such raid here.")
    check_ours(raid.data_import_id, raid.name)
    return raid


async def find_raid(session: Session, typed: str | None, channel_id: int, *, running: bool = False) -> Raid:
    """The raid somebody means: named, else the one running, else this channel's latest, else asked (`WhichRaid`).

    `running`: only a running raid makes sense when none is named.
    """
    if typed:
        return await _named(session, typed)
    recent = await _recent(session)
    going = [raid for raid in recent if raid.status == "running"]
    if len(going) == 1:
        return going[0]
    here = [raid for raid in (going or ([] if running else recent)) if raid.channel_id == channel_id]
    if here and (len(here) == 1 or not going):
        return here[0]
    if going:
        names = ", ".join(safe(raid.name) for raid in going[:5])
        raise WhichRaid(f"{len(going)} raids are running ({names}): say which one with the raid option.")
    if running or not recent:
        raise WhichRaid("No raid is running: begin one with /raid start.")
    raise WhichRaid("No raid is running and none was held in this channel: say which one with the raid option.")


async def _recent(session: Session) -> Sequence[Raid]:
    query = (
        select(Raid)
        .where(Raid.guild_id == session.guild_id, Raid.started_at > session.now - _LOOK_BACK)
        .order_by(Raid.started_at.desc(), Raid.raid_id.desc())
        .limit(200)
    )
    return (await session.execute(query)).scalars().all()


async def _named(session: Session, typed: str) -> Raid:
    if found := _ID.fullmatch(typed.strip()):
        return await get_raid(session, int(found[1]))
    recent = await _recent(session)
    same = [raid for raid in recent if name_key(raid.name) == name_key(typed)]
    if same:
        return next((raid for raid in same if raid.status == "running"), same[0])
    near = near_names(typed, dict.fromkeys(raid.name for raid in recent), 3)
    raise NotFound("There is no raid by that name in the last 90 days.", near=[safe(name) for name in near])


async def own_raid_choices(session: Session) -> list[Choice]:
    """Recent raids for an autocomplete, those running first, without those that came with an import."""
    return _choices(session, [raid for raid in await _recent(session) if raid.data_import_id is None])


async def raid_choices(session: Session) -> list[Choice]:
    """The same with imported ones, which can be looked at."""
    return _choices(session, await _recent(session))


def _choices(session: Session, recent: Sequence[Raid]) -> list[Choice]:
    zone = ZoneInfo(session.guild.timezone)
    recent = sorted(recent, key=lambda raid: raid.status != "running")
    return [
        Choice(f"{raid.name} · {raid.started_at.astimezone(zone):%a %d %b %H:%M} · {raid.status}", f"#{raid.raid_id}")
        for raid in recent
    ]


async def find_tick(session: Session, typed: str, channel_id: int) -> Tick:
    """The tick somebody means: picked from the list, or a number of the raid that runs (else this channel's)."""
    typed = typed.strip()
    if found := _ID.fullmatch(typed):
        return await get_tick(session, int(found[1]))
    number = re.fullmatch(r"(?:tick )?(\d{1,6})", name_key(typed))
    if number is None:
        raise NotFound("Which tick? Pick one from the list that appears while typing, or type its number.")
    raid = await find_raid(session, None, channel_id)
    query = select(Tick).where(
        Tick.guild_id == session.guild_id, Tick.raid_id == raid.raid_id, Tick.number == int(number[1])
    )
    tick = (await session.execute(query)).scalar_one_or_none()
    if tick is None:
        raise NotFound(f"{safe(raid.name)} has no tick {number[1]}.")
    return tick


async def get_tick(session: Session, tick_id: int) -> Tick:
    tick = await session.get(Tick, (session.guild_id, tick_id), populate_existing=True)
    if tick is None:
        raise NotFound("There is no such tick here.")
    return tick


async def recent_ticks(session: Session) -> list[tuple[Tick, str, int]]:
    """Ticks of raids held here that stand, newest first: (tick, raid's name, people credited)."""
    people = (
        select(func.count())
        .where(TickCredit.guild_id == session.guild_id, TickCredit.tick_id == Tick.tick_id)
        .scalar_subquery()
    )
    query = (
        select(Tick, Raid.name, people)
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .where(
            Tick.guild_id == session.guild_id,
            Tick.undone_at.is_(None),
            Raid.data_import_id.is_(None),
            Tick.taken_at > session.now - _LOOK_BACK,
        )
        .order_by(Tick.taken_at.desc(), Tick.tick_id.desc())
        .limit(100)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def tick_choices(session: Session) -> list[Choice]:
    zone = ZoneInfo(session.guild.timezone)
    return [
        Choice(
            f"Tick {tick.number} · {name} · {tick.taken_at.astimezone(zone):%a %d %b %H:%M} · {people} people",
            f"#{tick.tick_id}",
        )
        for tick, name, people in await recent_ticks(session)
    ]


async def event_choices(session: Session) -> list[Choice]:
    query = (
        select(Event.event_id, Event.name)
        .where(Event.guild_id == session.guild_id)
        .order_by(Event.last_used_at.desc())
        .limit(200)
    )
    return [Choice(row.name, f"#{row.event_id}") for row in await session.execute(query)]
