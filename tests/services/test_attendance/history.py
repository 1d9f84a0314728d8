"""Random histories of guilds, and the plain, slow reckoning of attendance that the service must agree with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import asyncpg

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago", "Asia/Beirut", "Pacific/Apia",
    "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Atlantic/Azores",
)  # fmt: skip
"""In some of them the clocks change at midnight, which is skipped or comes twice then."""
MOMENTS = (
    datetime(2026, 4, 2, 21, 30, tzinfo=UTC),
    datetime(2026, 4, 24, 0, 10, tzinfo=UTC),
    datetime(2026, 11, 3, 4, 59, tzinfo=UTC),
    datetime(2026, 9, 6, 12, 0, tzinfo=UTC),
)
"""Weeks in which clocks change somewhere."""
POOL, EVENT = 1, 1


@dataclass
class Tick:
    tick_id: int
    undone: bool = False
    credited: set[int] = field(default_factory=set)


@dataclass
class Raid:
    raid_id: int
    started_at: datetime
    status: str
    ticks: list[Tick]
    roster: dict[int, str] = field(default_factory=dict)


@dataclass
class Somebody:
    member_id: int
    became_member_at: datetime | None
    stays: list[list[datetime | None]]
    absorbed_by: int | None = None


@dataclass
class History:
    guild_id: int
    zone: ZoneInfo
    now: datetime
    raids: list[Raid]
    people: list[Somebody]


# --- made up ----------------------------------------------------------------------------------------------------------


def make(guild_id: int, random: Random) -> History:
    zone, now = ZoneInfo(random.choice(ZONES)), random.choice(MOMENTS)
    starts = sorted({_a_moment(random, zone, now) for _ in range(random.choice((3, 12, 40)))})
    ids = iter(range(1, 1000))
    raids = [
        Raid(
            number,
            at,
            random.choices(("ended", "running", "cancelled"), (8, 1, 1))[0],
            [Tick(next(ids), random.random() < 0.2) for _ in range(random.choice((0, 1, 1, 2, 4)))],
        )
        for number, at in enumerate(random.sample(starts, len(starts)), 1)  # ids are not in the order of time
    ]
    people = [_somebody(random, zone, now, starts, number) for number in range(1, random.choice((3, 9)))]
    for person in people[2:]:
        if random.random() < 0.3:
            person.absorbed_by = random.choice(people[: person.member_id - 1]).member_id  # chains, no circles
    for person in people:
        diligence = random.random()
        for raid in raids:
            for tick in raid.ticks:
                if random.random() < diligence:
                    tick.credited.add(person.member_id)
            if random.random() < 0.4:
                raid.roster[person.member_id] = random.choice(
                    ("present", "standby", "left", "excused", "excused", "absent", "removed")
                )
    return History(guild_id, zone, now, raids, people)


def _a_moment(random: Random, zone: ZoneInfo, now: datetime) -> datetime:
    """Most often within 100 days and near a local midnight; sometimes years ago, or in the hours to come."""
    days = random.choice((random.randrange(-1, 8), random.randrange(0, 100), random.randrange(0, 100), 1000))
    day = now.astimezone(zone).date() - timedelta(days=days)
    if random.random() < 0.5:
        midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
        return midnight + timedelta(seconds=random.choice((-3600, -1, 0, 1, 1800, 3599, 3600)))
    return datetime.combine(day, time(random.randrange(24), random.randrange(60)), UTC)


def _somebody(random: Random, zone: ZoneInfo, now: datetime, starts: list[datetime], number: int) -> Somebody:
    def moment() -> datetime:
        at = random.choice((random.choice(starts), _a_moment(random, zone, now)))
        return at + timedelta(seconds=random.choice((-1, 0, 0, 1)))

    became = None if random.random() < 0.4 else moment()
    edges = sorted({moment() for _ in range(random.choice((0, 1, 1, 2, 3, 4, 7)))})
    stays: list[list[datetime | None]] = [[*edges[n : n + 2], None][:2] for n in range(0, len(edges), 2)]
    return Somebody(number, became, random.sample(stays, len(stays)))


def correct(history: History, random: Random) -> None:
    """Edits that come later and change the past."""
    for raid in history.raids:
        if random.random() < 0.2:
            raid.status = random.choice(("ended", "cancelled", "running"))
        for tick in raid.ticks:
            if random.random() < 0.15:
                tick.undone = not tick.undone
            if random.random() < 0.3:
                tick.credited.add(random.choice(history.people).member_id)
        if random.random() < 0.3:
            raid.roster[random.choice(history.people).member_id] = random.choice(("excused", "present"))
    for person in history.people:
        if person.stays and random.random() < 0.3:
            last = max(person.stays, key=lambda stay: stay[0] or history.now)
            if last[1] is None and last[0] is not None:
                last[1] = last[0] + timedelta(days=random.randrange(20))
            else:
                person.stays.append([history.now - timedelta(days=random.randrange(10)), None])
    history.now += timedelta(hours=random.randrange(60))


# --- written ----------------------------------------------------------------------------------------------------------


async def write(owner: asyncpg.Connection, history: History, count: str) -> None:
    """The rows of a history, instead of what its guild had."""
    guild, at = history.guild_id, history.now - timedelta(days=2000)
    for table in ("tick_credit", "tick", "raid_member", "raid", "event", "stay", "account", "member", "pool", "guild"):
        await owner.execute(f"DELETE FROM {table} WHERE guild_id = $1", guild)

    async def fill(table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
        records = [(guild, *row) for row in rows]
        await owner.copy_records_to_table(table, columns=["guild_id", *columns.split()], records=records)

    await fill("guild", "name joined_at timezone attendance_count", [("G", at, history.zone.key, count)])
    await fill("pool", "pool_id name name_key is_default created_at", [(POOL, "DKP", "dkp", True, at)])
    await fill("event", "event_id name name_key last_used_at", [(EVENT, "Fear", "fear", at)])
    names = [
        (p.member_id, f"P{p.member_id}", f"p{p.member_id}", history.now, p.became_member_at) for p in history.people
    ]
    await fill("member", "member_id display_name name_key joined_at became_member_at", names)
    for person in history.people:
        await owner.execute(
            "UPDATE member SET absorbed_by_member_id = $3 WHERE guild_id = $1 AND member_id = $2",
            guild, person.member_id, person.absorbed_by,
        )  # fmt: skip
    stays = [(person.member_id, *stay) for person in history.people for stay in person.stays]
    await fill("stay", "member_id started_at ended_at", stays)
    columns = "raid_id event_id pool_id name status tick_points channel_id started_at started_by_user_id"
    raids = [(r.raid_id, EVENT, POOL, f"Raid {r.raid_id}", r.status, 10, 7, r.started_at, 7) for r in history.raids]
    await fill("raid", columns, raids)
    roster = [(raid.raid_id, member, status) for raid in history.raids for member, status in raid.roster.items()]
    await fill("raid_member", "raid_id member_id status", roster)
    ticks = [
        (tick.tick_id, raid.raid_id, number, 10, "button", raid.started_at, raid.started_at if tick.undone else None)
        for raid in history.raids
        for number, tick in enumerate(raid.ticks, 1)
    ]
    await fill("tick", "tick_id raid_id number value source taken_at undone_at", ticks)
    credits = [(t.tick_id, member, "button") for raid in history.raids for t in raid.ticks for member in t.credited]
    await fill("tick_credit", "tick_id member_id evidence", credits)


# --- reckoned by hand -------------------------------------------------------------------------------------------------


def person_of(history: History, member_id: int) -> int:
    by = {person.member_id: person.absorbed_by for person in history.people}
    while (further := by[member_id]) is not None:
        member_id = further
    return member_id


def counts_from(history: History, member_id: int) -> datetime | None:
    """The earlier of becoming a member and the first raid with a credit that stands."""
    person = person_of(history, member_id)
    became = next(p.became_member_at for p in history.people if p.member_id == person)
    known = [became] if became is not None else []
    for raid in history.raids:
        if raid.status != "cancelled" and _ticks_of(history, raid, person) and not _to_come(history, raid):
            known.append(raid.started_at)
    return min(known, default=None)


def on_either_side(history: History, member_id: int) -> list[tuple[date, int, int, Raid]]:
    """(day, ticks credited, ticks that stand, raid) of every raid that counts for somebody, oldest first."""
    person, since = person_of(history, member_id), counts_from(history, member_id)
    ids = {p.member_id for p in history.people if person_of(history, p.member_id) == person}
    stays = next(p.stays for p in history.people if p.member_id == person)
    found = []
    for raid in sorted(history.raids, key=lambda raid: (raid.started_at, raid.raid_id)):
        stand = [tick for tick in raid.ticks if not tick.undone]
        if raid.status != "ended" or not stand or since is None or _to_come(history, raid):
            continue
        credited = _ticks_of(history, raid, person)
        if credited == 0:
            if raid.started_at < since or any(raid.roster.get(member) == "excused" for member in ids):
                continue
            here = any(s <= raid.started_at and (e is None or raid.started_at < e) for s, e in stays if s is not None)
            came = any(s <= raid.started_at for s, _ in stays if s is not None)
            if came and not here:
                continue
        found.append((raid.started_at.astimezone(history.zone).date(), credited, len(stand), raid))
    return found


def figure(history: History, member_id: int, window: int | None, count: str, *, days_ago: int = 0) -> tuple[int, int]:
    last = history.now.astimezone(history.zone).date() - timedelta(days=days_ago)
    attended = total = 0
    for day, credited, stand, _ in on_either_side(history, member_id):
        if day <= last and (window is None or day >= last - timedelta(days=window - 1)):
            attended += credited if count == "ticks" else min(credited, 1)
            total += stand if count == "ticks" else 1
    return attended, total


def streak(history: History, member_id: int) -> tuple[int, int]:
    """Up to now, and the best."""
    runs = [0]
    for _, credited, _, _ in on_either_side(history, member_id):
        runs.append(runs[-1] + 1 if credited else 0)
    return runs[-1], max(runs)


def held(history: History, days: int) -> int:
    """Counted raids of the guild in the last days."""
    today = history.now.astimezone(history.zone).date()
    return sum(
        raid.status == "ended"
        and any(not tick.undone for tick in raid.ticks)
        and 0 <= (today - raid.started_at.astimezone(history.zone).date()).days < days
        for raid in history.raids
    )


def _to_come(history: History, raid: Raid) -> bool:
    return raid.started_at.astimezone(history.zone).date() > history.now.astimezone(history.zone).date()


def _ticks_of(history: History, raid: Raid, person: int) -> int:
    ids = {p.member_id for p in history.people if person_of(history, p.member_id) == person}
    return sum(not tick.undone and not ids.isdisjoint(tick.credited) for tick in raid.ticks)
