"""Figures for one person and for many; what voting takes. This is the one definition of attendance.

await figures(session, member_ids, windows=(30,))    by member, then by window
await reaches(session, member_id, percent)           (whether, their 30-day figure)
await eligible(session, percent)                     everybody here who reaches it, with the figure
await raids_lately(session)                          counted raids of the last 30 days
await record_of(session, member)                     everything `/attendance show` says
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot import people
from bot.stage import Session
from cogs.attendance.rules import (
    FEWEST_RAIDS,
    LIFETIME,
    TREND_DAYS,
    VOTE_DAYS,
    WINDOWS,
    Calendar,
    Figure,
    Span,
    Streak,
    Window,
    span_of,
)
from cogs.attendance.service.facts import load_attendance, load_calendar, persons, zone_of
from db.tables import Member


def _widest(spans: Sequence[Span]) -> Span:
    """The span that holds all of these."""
    begins = [span.since for span in spans if span.since is not None]
    return Span(min(begins) if len(begins) == len(spans) else None, max(span.until for span in spans))


async def figures(
    session: Session,
    member_ids: Collection[int],
    windows: Sequence[Window] = (VOTE_DAYS,),
    *,
    calendar: Calendar | None = None,
) -> dict[int, dict[Window, Figure]]:
    """What people attended in each window, by member; who turned out to be somebody else has that person's figures.

    `calendar` is one that was loaded before for these windows, or for longer ones.
    """
    zone = zone_of(session)
    spans = {window: span_of(window, session.now, zone) for window in windows}
    everybody = await load_attendance(session, member_ids, _widest(list(spans.values())), calendar)
    return {
        member_id: {window: found.figure(span) for window, span in spans.items()}
        for member_id, found in everybody.items()
    }


async def reaches(session: Session, member_id: int, percent: int) -> tuple[bool, Figure]:
    """Whether somebody has at least so many percent in the last 30 days, compared exactly; and their figure.

    That the guild held enough raids for it to count (`few_raids`) is asked beside it.
    """
    figure = (await figures(session, [member_id]))[member_id][VOTE_DAYS]
    return figure.reaches(percent), figure


async def eligible(session: Session, percent: int) -> dict[int, Figure]:
    """Everybody in the server who has at least so many percent in the last 30 days, whatever their role group."""
    here = select(Member.member_id).where(
        Member.guild_id == session.guild_id, Member.left_at.is_(None), Member.absorbed_by_member_id.is_(None)
    )
    found = await figures(session, list((await session.execute(here)).scalars()))
    theirs = {member_id: by_window[VOTE_DAYS] for member_id, by_window in found.items()}
    return {member_id: figure for member_id, figure in theirs.items() if figure.reaches(percent)}


async def raids_lately(session: Session) -> int:
    """How many counted raids the guild held in the last 30 days."""
    span = span_of(VOTE_DAYS, session.now, zone_of(session))
    return (await load_calendar(session, span)).held(span)


async def few_raids(session: Session) -> bool:
    """Whether the guild held fewer than 4 of them: then nobody reaches the vote by attendance."""
    return await raids_lately(session) < FEWEST_RAIDS


@dataclass(frozen=True, slots=True)
class Record:
    """One person's attendance, whole."""

    member_id: int
    """The person, who may have absorbed the member asked for."""
    member_name: str
    by_ticks: bool
    counts_from: datetime | None
    """None: not yet."""
    windows: dict[Window, Figure]
    before: Figure
    """The 30 days before the last 30."""
    streak: Streak
    raids_lately: int
    """Counted raids of the guild in the last 30 days, whoever was there."""

    @property
    def reaches_vote_by_raids(self) -> bool:
        return self.raids_lately >= FEWEST_RAIDS


async def record_of(session: Session, member: Member) -> Record:
    """A person's figures at all windows, streaks and what the trend compares."""
    [person_id] = (await persons(session, [member.member_id])).values()
    person = member if person_id == member.member_id else await people.get_member(session, person_id)
    zone, now = zone_of(session), session.now
    lifetime = span_of(LIFETIME, now, zone)
    calendar = await load_calendar(session, lifetime)
    [found] = (await load_attendance(session, [person_id], lifetime, calendar)).values()
    return Record(
        member_id=person_id,
        member_name=person.display_name,
        by_ticks=calendar.by_ticks,
        counts_from=found.counts_from,
        windows={window: found.figure(span_of(window, now, zone)) for window in WINDOWS},
        before=found.figure(span_of(TREND_DAYS, now, zone, days_ago=TREND_DAYS)),
        streak=found.streak(lifetime),
        raids_lately=calendar.held(span_of(VOTE_DAYS, now, zone)),
    )
