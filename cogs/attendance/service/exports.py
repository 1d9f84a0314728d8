"""Attendance as files: the figures, and all that is needed to reckon them again.

    members   one a person: their figures at all windows, since when they count, when they were away
    raids     one a counted raid: when it started, its day here, the ticks that stand
    credits   one a person and raid: how many of its ticks credit them, whether they are excused

A figure is reckoned from these by the rules: raids since `counts_from`, without those that began while `away` and those
excused, both only where there is no credit.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from bot.kit.cells import Cell, csv_bytes
from bot.stage import Session
from cogs.attendance.rules import LIFETIME, WINDOWS, Attendance, Calendar, Window, span_of
from cogs.attendance.service.facts import load_attendance, load_calendar, persons, zone_of
from db.tables import Member, Raid


@dataclass(frozen=True, slots=True)
class MemberRow:
    member_id: int
    member: str
    in_server: bool
    counts_from: str
    away: str
    """Stretches as `from/to`, with spaces between them; an empty end is still running."""
    attended_7: int
    of_7: int
    attended_30: int
    of_30: int
    attended_60: int
    of_60: int
    attended_90: int
    of_90: int
    attended_lifetime: int
    of_lifetime: int
    percent_30: float | None
    streak: int
    best_streak: int


@dataclass(frozen=True, slots=True)
class RaidRow:
    raid_id: int
    raid: str
    started_at: str
    day: str
    ticks: int


@dataclass(frozen=True, slots=True)
class CreditRow:
    raid_id: int
    member_id: int
    ticks: int
    excused: bool


@dataclass(frozen=True, slots=True)
class Exported:
    reckoned_at: str
    timezone: str
    counted_by: str
    members: tuple[MemberRow, ...]
    raids: tuple[RaidRow, ...]
    credits: tuple[CreditRow, ...]

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    def as_csv(self) -> list[tuple[str, bytes]]:
        """(file name, content): members, raids, credits."""
        return [
            ("attendance.csv", _csv(MemberRow, self.members)),
            ("attendance-raids.csv", _csv(RaidRow, self.raids)),
            ("attendance-credits.csv", _csv(CreditRow, self.credits)),
        ]


def _csv(kind: type[Any], rows: Sequence[Any]) -> bytes:
    names = list(kind.__dataclass_fields__)
    return csv_bytes(names, ([_cell(getattr(row, name)) for name in names] for row in rows))


def _cell(value: Any) -> Cell:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at else ""


async def export(session: Session) -> Exported:
    """Everybody who counts, who left included, and what their figures are made of."""
    lifetime, zone = span_of(LIFETIME, session.now, zone_of(session)), zone_of(session)
    calendar = await load_calendar(session, lifetime)
    query = (
        select(Member.member_id, Member.display_name, Member.left_at)
        .where(Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_(None))
        .order_by(Member.name_key, Member.member_id)
    )
    members = (await session.execute(query)).all()
    everybody = await load_attendance(session, [row.member_id for row in members], lifetime, calendar)
    counted = [row for row in members if everybody[row.member_id].counts_from is not None]
    return Exported(
        reckoned_at=_moment(session.now),
        timezone=session.guild.timezone,
        counted_by=session.guild.attendance_count,
        members=tuple(
            _member_row(session, row.member_id, row.display_name, row.left_at is None, everybody[row.member_id])
            for row in counted
        ),
        raids=tuple(
            RaidRow(
                raid.raid_id,
                name,
                _moment(raid.started_at),
                raid.started_at.astimezone(zone).date().isoformat(),
                raid.ticks,
            )
            for raid, name in zip(calendar.raids, await _names(session, calendar), strict=True)
        ),
        credits=tuple(
            CreditRow(raid_id, row.member_id, ticks, excused)
            for row in counted
            for raid_id, ticks, excused in everybody[row.member_id].evidence()
        ),
    )


def _member_row(session: Session, member_id: int, name: str, here: bool, found: Attendance) -> MemberRow:
    zone, now = zone_of(session), session.now
    by_window = {window: found.figure(span_of(window, now, zone)) for window in WINDOWS}
    numbers: dict[str, Any] = {}
    for window, figure in by_window.items():
        numbers |= {f"attended_{_word(window)}": figure.attended, f"of_{_word(window)}": figure.total}
    streak = found.streak(span_of(LIFETIME, now, zone))
    return MemberRow(
        member_id=member_id,
        member=name,
        in_server=here,
        counts_from=_moment(found.counts_from),
        away=" ".join(f"{_moment(left)}/{_moment(returned)}" for left, returned in found.gaps),
        percent_30=float(by_window[30].percent) if by_window[30].total else None,
        streak=streak.current,
        best_streak=streak.best,
        **numbers,
    )


def _word(window: Window) -> str:
    return "lifetime" if window is None else str(window)


async def _names(session: Session, calendar: Calendar) -> list[str]:
    """The names of the counted raids, in the calendar's order."""
    query = select(Raid.raid_id, Raid.name).where(Raid.guild_id == session.guild_id, Raid.status == "ended")
    names = {row.raid_id: row.name for row in await session.execute(query)}
    return [names[raid.raid_id] for raid in calendar.raids]


async def rows_of(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """What counts for one person (their member ids), a row a raid: for `/me export`."""
    lifetime = span_of(LIFETIME, session.now, zone_of(session))
    calendar = await load_calendar(session, lifetime)
    names = dict(zip((raid.raid_id for raid in calendar.raids), await _names(session, calendar), strict=True))
    own = set((await persons(session, member_ids)).values())
    return [
        {
            "raid_id": raid_id,
            "raid": names[raid_id],
            "started_at": _moment(calendar.raids[calendar.place[raid_id]].started_at),
            "ticks_credited": ticks,
            "ticks": calendar.raids[calendar.place[raid_id]].ticks,
            "excused": excused,
        }
        for found in (await load_attendance(session, own, lifetime, calendar)).values()
        for raid_id, ticks, excused in found.evidence()
    ]
