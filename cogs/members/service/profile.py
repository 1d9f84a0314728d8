"""What I keep of you, at a glance: `/me profile`."""

from dataclasses import dataclass

from sqlalchemy import select

from bot import people, permissions
from bot.kit.text import safe
from bot.stage import Session
from cogs.attendance.service import figures
from cogs.dkp.service import balances, history, over_time
from cogs.loot.service import list_awards
from db.tables import Account, Character, Pool

_AWARDS = 5
"""Last awards shown."""
_ALTS = 20
_SPANS = {30: "30 days", 60: "60 days", 90: "90 days", None: "lifetime"}


_CHART_DAYS = 90


@dataclass(frozen=True, slots=True)
class Profile:
    """The acting person's own profile, and their balance in the guild's pool to draw."""

    lines: list[str]
    balance: over_time.BalanceOverTime


async def profile_of_me(session: Session) -> Profile:
    """A part a line: what they hold and can spend is theirs to see."""
    me = session.member
    lines = [f"## {safe(me.display_name)}", _standing(session), await _characters(session), await _attendance(session)]
    for pool in await _pools(session):
        lines.append((await balances.points_of(session, me.member_id, pool)).in_words)
    awards = [
        award
        for member_id in await people.ids_of(session, me.member_id)
        for award in await list_awards(session, member_id=member_id)
    ]
    awards.sort(key=lambda award: award.awarded_at, reverse=True)
    if awards:
        lines.append("**Last awards**\n" + "\n".join(award.in_words() for award in awards[:_AWARDS]))
    whose = await history.find_whose(session, None, None)
    return Profile(lines, await over_time.balance_over_time(session, whose, _CHART_DAYS))


async def _attendance(session: Session) -> str:
    record = await figures.record_of(session, session.member)
    if record.counts_from is None:
        return "Attendance: not counted yet; it begins on becoming a member, or with the first tick."
    windows = " · ".join(f"{_SPANS[days]} {record.windows[days].in_words()}" for days in _SPANS)
    return f"Attendance: {windows}. In a row: {record.streak.current} now, {record.streak.best} at best."


def _standing(session: Session) -> str:
    """Their group, and the badge they wear now."""
    badge = session.mapping.get(permissions.BADGE)
    wears = " and raid leader" if badge in session.actor.role_ids else ""
    if "member" not in session.mapping:
        return "The role groups are not mapped yet: until then everybody may check in, bid and read."
    group = session.member.role_group
    return f"You are {'an' if group[0] in 'aeiou' else 'a'} {group}{wears}."


async def _characters(session: Session) -> str:
    query = (
        select(Character)
        .where(
            Character.guild_id == session.guild_id,
            Character.owner_member_id == session.member.member_id,
            Character.retired_at.is_(None),
        )
        .order_by(Character.is_main.desc(), Character.name_key)
    )
    played = list((await session.execute(query)).scalars())
    if not played:
        return "You have no character here yet: /character add."
    main, *alts = played
    kind = " ".join(part for part in (safe(main.character_class or ""), str(main.level or "")) if part)
    line = f"Main: **{safe(main.name)}**{f' ({kind})' if kind else ''}"
    if alts:
        more = f" and {len(alts) - _ALTS} more" if len(alts) > _ALTS else ""
        line += f" · Alts: {', '.join(safe(one.name) for one in alts[:_ALTS])}{more}"
    return line


async def _pools(session: Session) -> list[Pool]:
    """The default pool, then every other in which they ever had something."""
    theirs = select(Account.pool_id).where(
        Account.guild_id == session.guild_id, Account.member_id == session.member.member_id
    )
    query = (
        select(Pool)
        .where(Pool.guild_id == session.guild_id, Pool.is_default | Pool.pool_id.in_(theirs))
        .order_by(Pool.is_default.desc(), Pool.name_key)
    )
    return list((await session.execute(query)).scalars())
