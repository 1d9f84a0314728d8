"""What the rows say, in a few set-based statements: the guild's counted raids, and who was credited where.

A window reads the raids of its days and their credits, however long the history before it is; of that it asks only, of
people who are not known to have been members by then, whether there is any credit at all.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, ColumnElement, FromClause, cast, column, func, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bot.stage import Session
from cogs.attendance.rules import Attendance, Calendar, CountedRaid, Span, Stretch, away, counted_from, roots
from db.tables import Member, Raid, RaidMember, Stay, Tick, TickCredit


@dataclass(frozen=True, slots=True)
class Credits:
    """One person's: ticks by raid, each tick once, and when the first of these raids started."""

    ticks: dict[int, int]
    first: datetime


def zone_of(session: Session) -> ZoneInfo:
    return ZoneInfo(session.guild.timezone)


async def persons(session: Session, member_ids: Collection[int]) -> dict[int, int]:
    """Whose attendance each of these members' is: their own, or that of whoever absorbed them."""
    found = roots(await _absorbed(session))
    return {member_id: found.get(member_id, member_id) for member_id in member_ids}


async def _absorbed(session: Session) -> dict[int, int]:
    query = select(Member.member_id, Member.absorbed_by_member_id).where(
        Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_not(None)
    )
    return {member_id: by for member_id, by in await session.execute(query) if by is not None}


async def load_calendar(session: Session, span: Span) -> Calendar:
    """The guild's counted raids of a span."""
    query = (
        select(Raid.raid_id, Raid.started_at, func.count())
        .join(Tick, (Tick.guild_id == Raid.guild_id) & (Tick.raid_id == Raid.raid_id))
        .where(Raid.guild_id == session.guild_id, Raid.status == "ended", *_within(span), Tick.undone_at.is_(None))
        .group_by(Raid.raid_id, Raid.started_at)
    )
    return Calendar((CountedRaid(*row) for row in await session.execute(query)), session.guild.attendance_count)


async def load_attendance(
    session: Session, member_ids: Collection[int], span: Span, calendar: Calendar | None = None
) -> dict[int, Attendance]:
    """What counts for these people in a span, by the ids asked for; an absorbed member has whose they are."""
    if calendar is None:
        calendar = await load_calendar(session, span)
    if not member_ids:
        return {}
    absorbed = roots(await _absorbed(session))
    person_of = {member_id: absorbed.get(member_id, member_id) for member_id in member_ids}
    wanted = set(person_of.values())
    everybody = {member_id: person for member_id, person in absorbed.items() if person in wanted}
    everybody |= {person: person for person in wanted}
    credits = await load_credits(session, everybody, span)
    excused = await load_excused(session, everybody, span)
    gaps = await load_gaps(session, wanted)
    became = await _became_members(session, wanted)
    older = set()
    if span.since is not None:
        unsure = {person for person in wanted if (at := became.get(person)) is None or at > span.since}
        older = await _credited_before(
            session, {member: person for member, person in everybody.items() if person in unsure}, span.since
        )
    made = {
        person: Attendance(
            calendar,
            counts_from=counted_from(
                became.get(person),
                span.since if person in older else credits[person].first if person in credits else None,
            ),
            credited=credits[person].ticks if person in credits else {},
            excused=excused.get(person, ()),
            gaps=gaps.get(person, ()),
        )
        for person in wanted
    }
    return {member_id: made[person] for member_id, person in person_of.items()}


def _within(span: Span) -> list[ColumnElement[bool]]:
    since = [] if span.since is None else [Raid.started_at >= span.since]
    return [*since, Raid.started_at < span.until]


def _who(everybody: dict[int, int]) -> FromClause:
    """Members beside the person each of them is, as a table."""
    ids = cast(literal(list(everybody), ARRAY(BigInteger)), ARRAY(BigInteger))
    theirs = cast(literal(list(everybody.values()), ARRAY(BigInteger)), ARRAY(BigInteger))
    columns = column("member_id", BigInteger), column("person", BigInteger)
    return func.unnest(ids, theirs).table_valued(*columns, name="who").render_derived()


async def load_credits(session: Session, everybody: dict[int, int], span: Span) -> dict[int, Credits]:
    """Credits that stand in raids that are not cancelled, running ones too: a first credit is one at once."""
    who = _who(everybody)
    alone = len(everybody) == len(set(everybody.values()))  # else a tick may credit two members of one person
    ticks = func.count() if alone else func.count(TickCredit.tick_id.distinct())
    each = (
        select(who.c.person, Raid.raid_id, Raid.started_at, ticks.label("ticks"))
        .select_from(Raid)
        .join(Tick, (Tick.guild_id == Raid.guild_id) & (Tick.raid_id == Raid.raid_id))
        .join(TickCredit, (TickCredit.guild_id == Tick.guild_id) & (TickCredit.tick_id == Tick.tick_id))
        .join(who, who.c.member_id == TickCredit.member_id)
        .where(
            Raid.guild_id == session.guild_id,
            Raid.status.in_(("ended", "running")),
            *_within(span),
            Tick.undone_at.is_(None),
        )
        .group_by(who.c.person, Raid.raid_id, Raid.started_at)
        .subquery()
    )
    query = select(
        each.c.person, func.array_agg(each.c.raid_id), func.array_agg(each.c.ticks), func.min(each.c.started_at)
    ).group_by(each.c.person)
    return {
        person: Credits(dict(zip(raid_ids, counts, strict=True)), first)
        for person, raid_ids, counts, first in await session.execute(query)
    }


async def load_excused(session: Session, everybody: dict[int, int], span: Span) -> dict[int, list[int]]:
    """Raids that people are excused from, credited or not."""
    who = _who(everybody)
    query = (
        select(who.c.person, func.array_agg(Raid.raid_id))
        .select_from(Raid)
        .join(RaidMember, (RaidMember.guild_id == Raid.guild_id) & (RaidMember.raid_id == Raid.raid_id))
        .join(who, who.c.member_id == RaidMember.member_id)
        .where(
            Raid.guild_id == session.guild_id, Raid.status == "ended", *_within(span), RaidMember.status == "excused"
        )
        .group_by(who.c.person)
    )
    return {person: list(raid_ids) for person, raid_ids in await session.execute(query)}


async def load_gaps(session: Session, wanted: Collection[int]) -> dict[int, list[Stretch]]:
    """When people were away, of those who left once at least."""
    left = select(Stay.member_id).where(Stay.guild_id == session.guild_id, Stay.ended_at.is_not(None))
    query = select(Stay.member_id, Stay.started_at, Stay.ended_at).where(
        Stay.guild_id == session.guild_id, Stay.member_id.in_(left), _among(Stay.member_id, wanted)
    )
    stays: dict[int, list[Stretch]] = {}
    for member_id, started, ended in await session.execute(query):
        stays.setdefault(member_id, []).append((started, ended))
    return {member_id: away(theirs) for member_id, theirs in stays.items()}


async def _became_members(session: Session, wanted: Collection[int]) -> dict[int, datetime]:
    query = select(Member.member_id, Member.became_member_at).where(
        Member.guild_id == session.guild_id, _among(Member.member_id, wanted), Member.became_member_at.is_not(None)
    )
    return {member_id: at for member_id, at in await session.execute(query) if at is not None}


async def _credited_before(session: Session, everybody: dict[int, int], moment: datetime) -> set[int]:
    """Who has a credit that stands in a raid that started before. Each is looked up until the first is found.

    Credit by credit: the inner limit keeps PostgreSQL from walking through the guild's ticks beside them instead.
    """
    if not everybody:
        return set()
    who = _who(everybody)
    counts = (
        select(Tick.tick_id)
        .join(Raid, (Raid.guild_id == Tick.guild_id) & (Raid.raid_id == Tick.raid_id))
        .where(
            Tick.guild_id == session.guild_id,
            Tick.tick_id == TickCredit.tick_id,
            Tick.undone_at.is_(None),
            Raid.status.in_(("ended", "running")),
            Raid.started_at < moment,
        )
        .limit(1)
        .correlate(TickCredit)
        .lateral("counts")
    )
    one = (
        select(TickCredit.tick_id)
        .join(counts, true())
        .where(TickCredit.guild_id == session.guild_id, TickCredit.member_id == who.c.member_id)
        .order_by(TickCredit.tick_id)
        .limit(1)
    )
    found = one.correlate(who).lateral("older")
    query = select(who.c.person).select_from(who).join(found, true())
    return set((await session.execute(query)).scalars())


def _among(member: InstrumentedAttribute[int], ids: Collection[int]) -> ColumnElement[bool]:
    return member == func.any(cast(literal(list(ids), ARRAY(BigInteger)), ARRAY(BigInteger)))


async def circles(session: Session) -> list[str]:
    """The doctor's question: people who absorbed each other, whose attendance nobody has."""
    absorbed = await _absorbed(session)
    found = roots(absorbed)
    return [
        f"member {member_id} was absorbed by {absorbed[member_id]}, and that leads back to them"
        for member_id, person in sorted(found.items())
        if person == member_id
    ]
