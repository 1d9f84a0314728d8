"""What a raid looks like now: read for its board, its lists and its private panels. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from bot.stage import Session
from cogs.dkp.service.balances import points_of
from cogs.raids.rules import PRESENT, UNSEEN_TICKS
from cogs.raids.service.lookups import get_raid
from cogs.raids.service.roster import note_seen
from db.tables import Character, LedgerEntry, Member, Pool, Raid, RaidMember, Tick, TickCredit


@dataclass(frozen=True, slots=True)
class Place:
    """One person on the board; `name` is as typed, not yet made safe."""

    member_id: int
    name: str
    character_class: str | None
    status: str
    late: bool
    unseen: bool
    """Checked in and unseen for 3 ticks: shown with "?"."""


@dataclass(frozen=True, slots=True)
class TickLine:
    tick_id: int
    number: int
    taken_at: datetime
    value: Decimal
    people: int
    note: str | None
    by_itself: bool
    undone: bool


@dataclass(frozen=True, slots=True)
class RaidCard:
    raid_id: int
    name: str
    status: str
    outcome: str | None
    note: str | None
    cancel_reason: str | None
    pool_name: str
    tick_points: Decimal
    every_seconds: int | None
    voice_channel_id: int | None
    voice_required: bool
    channel_id: int
    started_at: datetime
    ended_at: datetime | None
    places: tuple[Place, ...]
    ticks: tuple[TickLine, ...]

    def with_status(self, *statuses: str) -> list[Place]:
        return [place for place in self.places if place.status in statuses]


async def load_card(session: Session, raid_id: int) -> RaidCard:
    raid = await get_raid(session, raid_id)
    pool = await session.get(Pool, (session.guild_id, raid.pool_id))
    assert pool is not None
    return RaidCard(
        raid_id=raid.raid_id,
        name=raid.name,
        status=raid.status,
        outcome=raid.outcome,
        note=raid.note,
        cancel_reason=raid.cancel_reason,
        pool_name=pool.name,
        tick_points=raid.tick_points,
        every_seconds=raid.every_seconds,
        voice_channel_id=raid.voice_channel_id,
        voice_required=raid.voice_mode == "required",
        channel_id=raid.channel_id,
        started_at=raid.started_at,
        ended_at=raid.ended_at,
        places=tuple(await _places(session, raid_id)),
        ticks=tuple(await _ticks(session, raid_id)),
    )


async def _places(session: Session, raid_id: int) -> list[Place]:
    query = (
        select(RaidMember, Member.display_name, Character.name, Character.character_class)
        .join(Member, (Member.guild_id == RaidMember.guild_id) & (Member.member_id == RaidMember.member_id))
        .outerjoin(
            Character,
            (Character.guild_id == RaidMember.guild_id)
            & (Character.owner_member_id == RaidMember.member_id)
            & Character.is_main,
        )
        .where(RaidMember.guild_id == session.guild_id, RaidMember.raid_id == raid_id)
        .order_by(RaidMember.arrived_at, RaidMember.member_id)
    )
    return [
        Place(
            row.member_id,
            main or row.character_name or display_name,
            character_class,
            row.status,
            row.late,
            row.status == PRESENT and row.unseen_ticks >= UNSEEN_TICKS,
        )
        for row, display_name, main, character_class in await session.execute(query)
    ]


async def _ticks(session: Session, raid_id: int) -> list[TickLine]:
    people = (
        select(func.count())
        .where(TickCredit.guild_id == session.guild_id, TickCredit.tick_id == Tick.tick_id)
        .scalar_subquery()
    )
    query = select(Tick, people).where(Tick.guild_id == session.guild_id, Tick.raid_id == raid_id).order_by(Tick.number)
    return [
        TickLine(
            tick.tick_id,
            tick.number,
            tick.taken_at,
            tick.value,
            count,
            tick.note,
            tick.source == "automatic",
            tick.undone_at is not None,
        )
        for tick, count in await session.execute(query)
    ]


# --- what one person is told ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MyEvening:
    """One's own points in a raid's pool, in words, and what this raid brought; for their own eyes only."""

    raid_name: str
    points_in_words: str
    earned: Decimal
    ticks: int
    status: str | None


async def my_evening(session: Session, raid_id: int) -> MyEvening:
    """What the acting person has and earned here. The press counts as being seen."""
    raid = await get_raid(session, raid_id)
    await note_seen(session, raid_id)
    pool = await session.get(Pool, (session.guild_id, raid.pool_id))
    mine = session.member.member_id
    query = (
        select(func.count(), func.coalesce(func.sum(LedgerEntry.amount), 0))
        .select_from(TickCredit)
        .join(Tick, (Tick.guild_id == TickCredit.guild_id) & (Tick.tick_id == TickCredit.tick_id))
        .outerjoin(
            LedgerEntry,
            (LedgerEntry.guild_id == TickCredit.guild_id) & (LedgerEntry.entry_id == TickCredit.entry_id),
        )
        .where(
            TickCredit.guild_id == session.guild_id,
            TickCredit.member_id == mine,
            Tick.raid_id == raid_id,
            Tick.undone_at.is_(None),
        )
    )
    ticks, earned = (await session.execute(query)).one()
    row = await session.get(RaidMember, (session.guild_id, raid_id, mine))
    owned = await points_of(session, mine, pool)
    return MyEvening(raid.name, owned.in_words, Decimal(earned), ticks, row.status if row else None)


# --- lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RaidLine:
    raid_id: int
    name: str
    status: str
    outcome: str | None
    started_at: datetime
    ticks: int
    people: int


async def list_raids(session: Session, days: int) -> Sequence[RaidLine]:
    """Raids begun in the last `days` days, newest first."""
    standing = (Tick.guild_id == Raid.guild_id, Tick.raid_id == Raid.raid_id, Tick.undone_at.is_(None))
    ticks = select(func.count()).where(*standing).scalar_subquery()
    people = (
        select(func.count(func.distinct(TickCredit.member_id)))
        .join(Tick, (Tick.guild_id == TickCredit.guild_id) & (Tick.tick_id == TickCredit.tick_id))
        .where(*standing)
        .scalar_subquery()
    )
    query = (
        select(Raid, ticks, people)
        .where(Raid.guild_id == session.guild_id, Raid.started_at > session.now - timedelta(days=days))
        .order_by(Raid.started_at.desc(), Raid.raid_id.desc())
    )
    return [
        RaidLine(raid.raid_id, raid.name, raid.status, raid.outcome, raid.started_at, tick_count, people_count)
        for raid, tick_count, people_count in await session.execute(query)
    ]
