"""The queue: names put there by imports, and what waits in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select

from bot import people
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.stage import Session
from bot.typed import name_key
from cogs.raids.dumps import DumpLine
from cogs.raids.rules.names import NameSortedOut, decide_found
from cogs.raids.service import credit as paying
from cogs.raids.service.owners import owners_at
from cogs.raids.service.roster import entitled, seats
from db.tables import Member, Raid, Tick, UnknownName

OPEN, IGNORED = "open", "ignored"


async def queue_unknown(
    session: Session,
    raid_id: int,
    tick_id: int | None,
    raid_import_id: int | None,
    lines: Sequence[DumpLine],
    seen_at: datetime,
) -> int:
    """Keep the lines of a locked raid's import whose names lead to nobody; returns how many new ones wait.

    A name waits once for a tick, however many files show it there, and not where a leader ignored it in this raid.
    """
    by_key = {name_key(line.name): line for line in reversed(lines)}
    known = select(UnknownName.name_key).where(
        UnknownName.guild_id == session.guild_id,
        UnknownName.raid_id == raid_id,
        UnknownName.name_key.in_(by_key),
        or_(
            UnknownName.status == IGNORED,
            (UnknownName.status == OPEN)
            & UnknownName.tick_id.is_not_distinct_from(tick_id)
            & ((UnknownName.tick_id.is_not(None)) | (UnknownName.seen_at == seen_at)),
        ),
    )
    before = set((await session.execute(known)).scalars())
    fresh = [(key, line) for key, line in by_key.items() if key not in before]
    session.add_all(
        UnknownName(
            guild_id=session.guild_id,
            raid_id=raid_id,
            tick_id=tick_id,
            raid_import_id=raid_import_id,
            name=line.name,
            name_key=key,
            character_class=line.character_class,
            level=line.level,
            line=line.text or line.name,
            seen_at=seen_at,
        )
        for key, line in fresh
    )
    await session.flush()
    return len(fresh)


# --- what waits -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A name that waits at a raid, with the best that files said of it; texts are as written."""

    unknown_name_id: int
    name: str
    name_key: str
    character_class: str | None
    level: int | None
    seen_at: datetime
    tick_numbers: tuple[int, ...]
    line: str | None


async def waiting_names(session: Session, raid_id: int) -> list[Waiting]:
    """The names that wait at a raid, each once, by name. What only undone ticks show is left out: it may come again."""
    query = (
        select(UnknownName, Tick.number)
        .join(Raid, (Raid.guild_id == UnknownName.guild_id) & (Raid.raid_id == UnknownName.raid_id))
        .outerjoin(Tick, (Tick.guild_id == UnknownName.guild_id) & (Tick.tick_id == UnknownName.tick_id))
        .where(
            UnknownName.guild_id == session.guild_id,
            UnknownName.raid_id == raid_id,
            UnknownName.status == OPEN,
            Tick.undone_at.is_(None),
            Raid.status != "cancelled",
        )
        .order_by(UnknownName.name_key, UnknownName.unknown_name_id)
    )
    rows: dict[str, list[tuple[UnknownName, int | None]]] = {}
    for row, number in await session.execute(query):
        rows.setdefault(row.name_key, []).append((row, number))
    return [
        Waiting(
            unknown_name_id=seen[0][0].unknown_name_id,
            name=seen[0][0].name,
            name_key=key,
            character_class=next((row.character_class for row, _ in seen if row.character_class), None),
            level=max((row.level for row, _ in seen if row.level), default=None),
            seen_at=seen[0][0].seen_at,
            tick_numbers=tuple(sorted({number for _, number in seen if number is not None})),
            line=seen[0][0].line,
        )
        for key, seen in rows.items()
    ]


async def get_name(session: Session, unknown_name_id: int) -> UnknownName:
    """A name's row, waiting or sorted out."""
    row = await session.get(UnknownName, (session.guild_id, unknown_name_id))
    if row is None:
        raise NotFound("There is no such name here.")
    return row


async def get_waiting(session: Session, unknown_name_id: int) -> UnknownName:
    """A name's row that still waits; refuses with who it leads to, or that it is ignored."""
    row = await get_name(session, unknown_name_id)
    if row.status != OPEN:
        member = await people.get_member(session, row.member_id) if row.member_id else None
        how = f"it leads to {safe(member.display_name)}" if member else "it is ignored"
        raise NameSortedOut(f"{safe(row.name)} was sorted out meanwhile: {how}.")
    return row


@dataclass(frozen=True, slots=True)
class Gain:
    """What a name would bring one person now."""

    credits: int
    points: Decimal
    listed: int
    """Ticks that would list them without credit: they are no member, or were taken off that roster."""


async def gain_of(session: Session, key: str, member: Member | None) -> Gain:
    """What every waiting row of a name in the guild would credit; without a member: to somebody new."""
    rows = [row for row in await open_rows(session, {key}) if row.tick_id is not None]
    credits, total, listed = 0, Decimal(0), 0
    for raid_id in sorted({row.raid_id for row in rows}):
        raid = await session.get(Raid, (session.guild_id, raid_id))
        assert raid is not None
        if raid.status == "cancelled":
            continue
        mine = {row.tick_id for row in rows if row.raid_id == raid_id}
        ticks = [tick for tick in await paying.standing_ticks(session, raid_id) if tick.tick_id in mine]
        had: set[int] = set()
        may = True
        if member is not None:
            credited = await paying.credited(session, [tick.tick_id for tick in ticks])
            had = {tick_id for tick_id, who in credited if who == member.member_id}
            own = next((s for s in await seats(session, raid_id) if s.member_id == member.member_id), None)
            may = decide_found(own, entitled=entitled(session, member)).credited
        for tick in ticks:
            if tick.tick_id in had:
                continue
            if may:
                credits, total = credits + 1, total + tick.value
            else:
                listed += 1
    return Gain(credits, total, listed)


async def open_rows(
    session: Session, keys: Collection[str], *, raid_id: int | None = None, lock: bool = False
) -> Sequence[UnknownName]:
    """Waiting rows of these names in the guild, or at one raid, by id; locked in that order if they are to change."""
    query = (
        select(UnknownName)
        .where(UnknownName.guild_id == session.guild_id, UnknownName.name_key.in_(keys), UnknownName.status == OPEN)
        .order_by(UnknownName.unknown_name_id)
        .execution_options(populate_existing=True)
    )
    if raid_id is not None:
        query = query.where(UnknownName.raid_id == raid_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalars().all()


async def ignored_rows(
    session: Session, *, raid_id: int | None = None, keys: Collection[str] | None = None, lock: bool = False
) -> Sequence[UnknownName]:
    """Ignored rows of a raid, or of these names in the guild, by id."""
    query = (
        select(UnknownName)
        .where(UnknownName.guild_id == session.guild_id, UnknownName.status == IGNORED)
        .order_by(UnknownName.unknown_name_id)
        .execution_options(populate_existing=True)
    )
    if raid_id is not None:
        query = query.where(UnknownName.raid_id == raid_id)
    if keys is not None:
        query = query.where(UnknownName.name_key.in_(keys))
    return (await session.execute(query.with_for_update() if lock else query)).scalars().all()


async def owners_of(session: Session, seen: Collection[tuple[str, datetime]]) -> dict[tuple[str, datetime], int]:
    """Whose names were when they were seen, by (name_key, moment); names that lead to nobody are left out."""
    owners: dict[tuple[str, datetime], int] = {}
    for at in {moment for _, moment in seen}:
        names = [name for name, moment in seen if moment == at]
        owners |= {(key, at): member_id for key, member_id in (await owners_at(session, names, at)).items()}
    return owners


async def known_now(session: Session, raid_id: int) -> list[Waiting]:
    """Names that wait at a raid though they lead to somebody: their player added the character since."""
    names = await waiting_names(session, raid_id)
    owners = await owners_of(session, {(name.name, name.seen_at) for name in names})
    return [name for name in names if (name.name_key, name.seen_at) in owners]


async def standing_member(session: Session, member_id: int) -> Member:
    """The member behind an id, or who they turned out to be."""
    member = await people.get_member(session, member_id)
    while member.absorbed_by_member_id is not None:
        member = await people.get_member(session, member.absorbed_by_member_id)
    return member
