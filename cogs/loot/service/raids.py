"""The raid an award belongs to, found in the rows: raids are a slice above this one."""

import re
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.kit.pickers import rank
from bot.kit.text import safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.loot.rules import WhichRaid
from db.tables import Raid

_LOOK_BACK = timedelta(days=90)


async def find_raid(session: Session, typed: str | None, channel_id: int) -> Raid | None:
    """The raid named, else the one running (of several this channel's), else none: loot drops without a raid too."""
    if typed and (picked := re.fullmatch(r"#(\d{1,18})", typed.strip())):
        raid = await session.get(Raid, (session.guild_id, int(picked[1])))
        if raid is None:
            raise NotFound("There is no such raid here.")
        return raid
    recent = await _recent(session)
    if typed:
        same = [raid for raid in recent if raid.status != "cancelled" and name_key(raid.name) == name_key(typed)]
        if not same:
            near = near_names(typed, dict.fromkeys(raid.name for raid in recent), 3)
            raise NotFound("There is no raid by that name in the last 90 days.", near=[safe(name) for name in near])
        return next((raid for raid in same if raid.status == "running"), same[0])
    running = [raid for raid in recent if raid.status == "running"]
    here = [raid for raid in running if len(running) == 1 or raid.channel_id == channel_id]
    if len(here) == 1:
        return here[0]
    if not running:
        return None
    names = ", ".join(safe(raid.name) for raid in running[:5])
    raise WhichRaid(f"{len(running)} raids are running ({names}): say which one with the raid option.")


async def raid_choices(session: Session, typed: str) -> list[Choice]:
    """Recent raids for an autocomplete, those running first; cancelled and imported ones are left out."""
    zone = ZoneInfo(session.guild.timezone)
    recent = sorted(await _recent(session), key=lambda raid: raid.status != "running")
    choices = [
        Choice(f"{raid.name} · {raid.started_at.astimezone(zone):%a %d %b %H:%M} · {raid.status}", f"#{raid.raid_id}")
        for raid in recent
        if raid.status != "cancelled" and raid.data_import_id is None
    ]
    return rank(typed, choices)


async def _recent(session: Session) -> Sequence[Raid]:
    query = (
        select(Raid)
        .where(Raid.guild_id == session.guild_id, Raid.started_at > session.now - _LOOK_BACK)
        .order_by(Raid.started_at.desc(), Raid.raid_id.desc())
        .limit(200)
    )
    return (await session.execute(query)).scalars().all()
