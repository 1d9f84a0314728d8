"""Who was there most, in a window: active members, best first, equal shares on one place."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.kit.text import safe
from bot.stage import Session
from cogs.attendance.rules import Figure, Window, places, span_of
from cogs.attendance.service.facts import load_attendance
from cogs.dkp.rules import active_since
from db.tables import Member


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the leaderboard."""

    place: int
    member_id: int
    member_name: str
    figure: Figure

    def in_words(self) -> str:
        how_many = f" · {self.figure.attended} of {self.figure.total}" if self.figure.total else ""
        return f"`{self.place:>3}` **{safe(self.member_name)}** · **{self.figure.in_words()}**{how_many}"


async def leaderboard(session: Session, window: Window) -> list[Place]:
    """Everybody who is here, active (credited or joined within 60 days) and counted; nothing of nothing comes last."""
    zone = ZoneInfo(session.guild.timezone)
    query = select(Member.member_id, Member.display_name, Member.name_key).where(
        Member.guild_id == session.guild_id,
        Member.left_at.is_(None),
        Member.absorbed_by_member_id.is_(None),
        func.coalesce(Member.last_credit_at, Member.joined_at) >= active_since(session.now, zone),
    )
    members = {row.member_id: row for row in await session.execute(query)}
    span = span_of(window, session.now, zone)
    everybody = await load_attendance(session, members, span)
    found = [
        (person.figure(span), members[member_id])
        for member_id, person in everybody.items()
        if person.counts_from is not None
    ]
    found.sort(
        key=lambda each: (-each[0].share, not each[0].total, -each[0].attended, each[1].name_key, each[1].member_id)
    )
    numbers = places([figure for figure, _ in found])
    return [
        Place(number, member.member_id, member.display_name, figure)
        for number, (figure, member) in zip(numbers, found, strict=True)
    ]
