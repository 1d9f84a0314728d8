"""The raids of an import, over and counted by attendance: events, raids, rosters, ticks. Entries bring the credits."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot.stage import Session
from bot.typed import name_key
from cogs.moving.rules.document import Document, FileCredit, FileRaid
from cogs.moving.service.importing.rows import put, put_numbered, table_of
from cogs.moving.service.progress import Progress
from db.tables import Event, Pool, Raid, RaidMember, Tick

NOWHERE = 0
"""The channel of a raid that no channel of this server saw."""


@dataclass
class Raids:
    """Ids by the file's keys, and whom each tick credits."""

    by_key: dict[str, int] = field(default_factory=dict)
    credits: list[tuple[int, FileCredit]] = field(default_factory=list)
    """(tick id, credit)"""


async def make_raids(
    session: Session,
    document: Document,
    pools: dict[str, Pool],
    people: dict[str, int],
    import_id: int,
    progress: Progress,
) -> Raids:
    made = Raids()
    if not document.raids:
        return made
    events = await _events(session, document, pools)
    rows = [
        {
            "guild_id": session.guild_id,
            "event_id": events[name_key(raid.event)],
            "pool_id": pools[raid.pool].pool_id,
            "name": raid.name,
            "note": raid.note,
            "status": "ended",
            "outcome": raid.outcome,
            "tick_points": raid.tick_points,
            "channel_id": NOWHERE,
            "started_at": _start(session, document, raid),
            "started_by_user_id": session.actor.user_id or 0,
            "ended_at": max(_past(session, raid.ended_at), _start(session, document, raid)),
            "data_import_id": import_id,
        }
        for raid in document.raids
    ]
    ids = await put_numbered(session, Raid, "raid_id", rows, "Raids", progress)
    made.by_key = {raid.key: raid_id for raid, raid_id in zip(document.raids, ids, strict=True)}
    ticks = [(raid, tick) for raid in document.raids for tick in raid.ticks]
    rows = [
        {
            "guild_id": session.guild_id,
            "raid_id": made.by_key[raid.key],
            "number": tick.number,
            "value": tick.value,
            "note": tick.note,
            "source": "import",
            "taken_at": _past(session, tick.at or _start(session, document, raid)),
            "taken_by_user_id": session.actor.user_id,
        }
        for raid, tick in ticks
    ]
    ids = await put_numbered(session, Tick, "tick_id", rows, "Ticks", progress)
    for (_, tick), tick_id in zip(ticks, ids, strict=True):
        made.credits += [(tick_id, credit) for credit in tick.credits]
    await put(session, RaidMember, _roster(session, document, made, people), "Rosters", progress)
    return made


def _past(session: Session, at: datetime | None) -> datetime:
    """Files may claim the future; nothing that happened did so after now."""
    return session.now if at is None else min(at, session.now)


def _start(session: Session, document: Document, raid: FileRaid) -> datetime:
    return _past(session, raid.started_at or document.taken_at)


async def _events(session: Session, document: Document, pools: dict[str, Pool]) -> dict[str, int]:
    """Event ids by name key; those that are here stay as they are."""
    used: dict[str, FileRaid] = {}
    for raid in document.raids:
        used.setdefault(name_key(raid.event), raid)
    rows = [
        {
            "guild_id": session.guild_id,
            "name": raid.event,
            "name_key": key,
            "pool_id": pools[raid.pool].pool_id,
            "last_used_at": max(_start(session, document, one) for one in document.raids if name_key(one.event) == key),
        }
        for key, raid in sorted(used.items())
    ]
    await session.execute(insert(table_of(Event)).on_conflict_do_nothing(), rows)
    query = select(Event.name_key, Event.event_id).where(Event.guild_id == session.guild_id)
    return {row.name_key: row.event_id for row in await session.execute(query)}


def _roster(session: Session, document: Document, made: Raids, people: dict[str, int]) -> list[dict]:
    """As the file has it; who was credited and is not on it was present."""
    rows: dict[tuple[int, int], dict] = {}
    for raid in document.raids:
        raid_id, start = made.by_key[raid.key], _start(session, document, raid)
        for one in raid.roster:
            rows.setdefault(
                (raid_id, people[one.person]),
                {
                    "status": one.status,
                    "late": one.late,
                    "arrived_at": one.arrived_at,
                    "left_at": one.left_at,
                    "character_name": one.character,
                },
            )
        for tick in raid.ticks:
            for credit in tick.credits:
                rows.setdefault(
                    (raid_id, people[credit.person]),
                    {
                        "status": "present",
                        "late": False,
                        "arrived_at": _past(session, tick.at or start),
                        "left_at": None,
                        "character_name": credit.character,
                    },
                )
    return [
        {"guild_id": session.guild_id, "raid_id": raid_id, "member_id": member_id, **row}
        for (raid_id, member_id), row in rows.items()
    ]
