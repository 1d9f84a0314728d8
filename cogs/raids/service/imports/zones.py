"""Which clock the files of a person were written by: local times without a zone become moments."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from bot import audit
from bot.kit.text import clip, safe
from bot.refusals import either
from bot.stage import Session, use_case
from bot.typed import name_key, near_names
from cogs.raids.rules import BadZone


def zone_of(session: Session) -> str:
    """The uploader's zone, said once; until then the guild's."""
    return (session.me.timezone if session.me else None) or session.guild.timezone


def in_utc(session: Session, local: datetime) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone_of(session))).astimezone(UTC)


def moment_of(session: Session, taken_at: datetime | None) -> datetime:
    """A file's moment in UTC, never in the future; of a file that does not tell: now."""
    return session.now if taken_at is None else min(in_utc(session, taken_at), session.now)


@use_case("raids.manage")
async def set_file_zone(session: Session, typed: str) -> str:
    """The zone of the files this person uploads, said once: `Europe/Berlin`, or kindly near it."""
    zones = available_timezones()
    wanted = name_key(typed).replace(" ", "_")
    found = next((zone for zone in zones if zone.casefold() == wanted), None)
    if found is None:
        near = near_names(typed, sorted(zones), 3)
        hint = f" Did you mean {either(near)}?" if near else ""
        raise BadZone(f"I know no time zone {safe(clip(typed, 40))}: type one like Europe/Berlin.{hint}")
    before = session.member.timezone
    session.member.timezone = found
    audit.record(
        session,
        "raids.file_zone",
        about=session.member.member_id,
        before={"zone": before},
        after={"zone": found},
    )
    return found
