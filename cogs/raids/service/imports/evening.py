"""A raid and a file's moments side by side: names led to the members they stood for then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.stage import Session
from bot.typed import name_key
from cogs.dkp.service.ledger import Snapshot
from cogs.raids.dumps import Dump, DumpLine
from cogs.raids.rules import Seat
from cogs.raids.service import credit as paying
from cogs.raids.service.imports.zones import moment_of
from cogs.raids.service.owners import load_owners
from cogs.raids.service.roster import seats
from db.tables import Member, Pool, Raid, RaidImport, RaidMember, Tick


@dataclass(frozen=True, slots=True)
class Seen:
    """How a file shows a person: the first of their characters in it, and its line."""

    line: DumpLine
    character: Snapshot
    """Empty where the file has the person's own name."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A dump with its names led to members."""

    dump: Dump
    taken_at: datetime
    seen: dict[int, Seen]
    unknown: tuple[DumpLine, ...]
    """Who leads to nobody, each name once."""
    before: dict[bool, str]
    """Where the same content went before: True for a tick, False for the roster only."""

    def already_in(self, *, roster_only: bool = False) -> str | None:
        return self.before.get(True) or (self.before.get(False) if roster_only else None)


@dataclass(frozen=True, slots=True)
class Evening:
    """A raid as an import finds it."""

    raid: Raid
    pool: Pool
    seats: Sequence[Seat]
    arrived: dict[int, datetime]
    members: dict[int, Member]
    standing: dict[int, Tick]


def content_key(dump: Dump, *, roster_only: bool) -> str:
    """What was seated only may still become a tick."""
    return f"roster:{dump.content_hash}" if roster_only else dump.content_hash


async def read_evening(session: Session, raid: Raid, dumps: Sequence[Dump]) -> tuple[Evening, list[Moment]]:
    """Exact while the raid is locked."""
    owners = await load_owners(session, {name for dump in dumps for name in dump.names})
    before = await taken_before(session, raid.raid_id, dumps)
    moments = []
    for dump in dumps:
        at = moment_of(session, dump.taken_at)
        seen: dict[int, Seen] = {}
        unknown: dict[str, DumpLine] = {}
        for line in dump.lines:
            owner = owners.find(line.name, at)
            if owner is None:
                unknown.setdefault(name_key(line.name), line)
            elif owner.member_id not in seen:
                played = Snapshot(line.name, line.character_class, line.level) if owner.character else Snapshot()
                seen[owner.member_id] = Seen(line, played)
        moments.append(Moment(dump, at, seen, tuple(unknown.values()), before.get(dump.content_hash, {})))
    roster = await seats(session, raid.raid_id)
    arrived = select(RaidMember.member_id, RaidMember.arrived_at).where(
        RaidMember.guild_id == session.guild_id, RaidMember.raid_id == raid.raid_id
    )
    ids = {member_id for moment in moments for member_id in moment.seen} | {s.member_id for s in roster}
    everybody = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
    evening = Evening(
        raid,
        await paying.get_pool(session, raid),
        roster,
        {member_id: at for member_id, at in await session.execute(arrived) if at is not None},
        {member.member_id: member for member in (await session.execute(everybody)).scalars()},
        {tick.tick_id: tick for tick in await paying.standing_ticks(session, raid.raid_id)},
    )
    return evening, moments


async def taken_before(session: Session, raid_id: int, dumps: Collection[Dump]) -> dict[str, dict[bool, str]]:
    """By content: where it went before and still is. See `Moment.before`."""
    keys = {content_key(dump, roster_only=only): dump.content_hash for dump in dumps for only in (False, True)}
    query = (
        select(RaidImport.sha256, Tick.number)
        .outerjoin(Tick, (Tick.guild_id == RaidImport.guild_id) & (Tick.tick_id == RaidImport.tick_id))
        .where(
            RaidImport.guild_id == session.guild_id,
            RaidImport.raid_id == raid_id,
            RaidImport.sha256.in_(keys),
            RaidImport.undone_at.is_(None),
        )
    )
    found: dict[str, dict[bool, str]] = {}
    for key, number in await session.execute(query):
        where = "for the roster only" if number is None else f"into tick {number}"
        found.setdefault(keys[key], {})[number is not None] = where
    return found
