"""The guild's own row: zone, texts, channels, the first pool; and the welcome, posted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot import audit
from bot.kit import boards
from bot.kit.text import plain
from bot.people import Seen
from bot.refusals import Refused
from bot.stage import Session, use_case
from bot.typed import name_key, parse_amount
from cogs.dkp.service import decay_schedules, ledger
from cogs.settings.rules.guesses import CHANNELS
from cogs.settings.rules.texts import LENGTH, TEXTS, BadText, NothingGiven, check_text
from cogs.settings.rules.zones import get_zone
from cogs.settings.service.roles import RolesMapped, adopt
from db.tables import Guild, Pool

WELCOME = "welcome"
"""The board's kind; a guild has one, number 1."""


class PoolNameTaken(Refused):
    code = "settings.pool_taken"


@dataclass(frozen=True, slots=True)
class Changed:
    """Settings that are different now: by their column, as text."""

    values: dict[str, str | None]


@use_case("settings.edit")
async def change_guild(session: Session, timezone: str | None, texts: Mapping[str, str]) -> Changed:
    """Change what is given: the zone as typed, texts by column (`-` empties one)."""
    wanted: dict[str, str | None] = {column: check_text(TEXTS[column], typed) for column, typed in texts.items()}
    if timezone is not None:
        wanted["timezone"] = get_zone(timezone)
    if not wanted:
        raise NothingGiven("Name at least one thing to change.")
    before = session.guild.timezone
    changed = Changed({column: _set(session, column, value) for column, value in wanted.items()})
    await decay_schedules.follow_zone(session, before)
    return changed


@use_case("settings.setup")
async def set_up_zone(session: Session, typed: str) -> str:
    """Choose the guild's zone while setting up; answers with its name."""
    zone, before = get_zone(typed), session.guild.timezone
    _set(session, "timezone", zone)
    await decay_schedules.follow_zone(session, before)
    return zone


@use_case("settings.edit")
async def change_channels(session: Session, channels: Mapping[str, int]) -> None:
    """Choose channels by kind; that we may post there is checked by who can see Discord."""
    if not channels:
        raise NothingGiven("Name at least one channel to choose.")
    for kind, channel_id in channels.items():
        _set_channel(session, kind, channel_id)


@use_case("settings.setup")
async def set_up_channel(session: Session, kind: str, channel_id: int | None) -> None:
    """Choose or drop one channel while setting up."""
    _set_channel(session, kind, channel_id)


@use_case("settings.setup")
async def set_up_pool(session: Session, name: str, tick_points: str) -> None:
    """Name the first pool and say what a tick gives in it."""
    pool = await ledger.default_pool(session)
    if not name_key(name):
        raise BadText("A pool needs a name, such as DKP.")
    name = plain(name)
    if len(name) > LENGTH:
        raise BadText(f"A pool's name has at most {LENGTH} characters; this one has {len(name)}.")
    taken = select(Pool.pool_id).where(
        Pool.guild_id == session.guild_id, Pool.name_key == name_key(name), Pool.pool_id != pool.pool_id
    )
    if (await session.execute(taken)).scalar_one_or_none() is not None:
        raise PoolNameTaken("Another pool has that name already; choose another.")
    given = parse_amount(tick_points, decimals=pool.decimals) if tick_points.strip() else None
    if given is not None and given < 0:
        raise BadText("A tick gives points or none: type 0 or more.")
    before = {"name": pool.name, "tick_points": pool.tick_points}
    pool.name, pool.name_key, pool.tick_points = name, name_key(name), given
    after = {"name": pool.name, "tick_points": pool.tick_points}
    if before != after:
        audit.record(session, "settings.pool_changed", target_id=pool.pool_id, before=before, after=after)


@use_case("settings.setup")
async def use_recommended(
    session: Session, timezone: str, mapping: Mapping[str, int], channels: Mapping[str, int], here: Sequence[Seen]
) -> RolesMapped:
    """Everything recommended at once: zone, roles with adoption, channels. No new role: nobody is moved."""
    before = session.guild.timezone
    _set(session, "timezone", get_zone(timezone))
    await decay_schedules.follow_zone(session, before)
    for kind, channel_id in channels.items():
        _set_channel(session, kind, channel_id)
    mapped = await adopt(session, mapping, here) if mapping else RolesMapped(dict(session.mapping), {}, 0)
    _finish(session)
    return mapped


@use_case("settings.setup")
async def finish_setup(session: Session) -> None:
    """The panel was gone through to its end."""
    _finish(session)


async def welcome(session: Session, channel_id: int) -> bool:
    """Post the welcome in a channel, once in the guild's life here; False when it was posted before."""
    query = select(Guild).where(Guild.guild_id == session.guild_id).with_for_update(key_share=True)
    guild = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    if guild.welcomed_at is not None:
        return False
    guild.welcomed_at = session.now
    await boards.place(session, WELCOME, 1, channel_id)
    return True


@dataclass(frozen=True, slots=True)
class SettingsNow:
    """The guild's row and mapping, and its first pool, as doors show them."""

    guild: Guild
    mapping: dict[str, int]
    pool_name: str
    tick_points: Decimal
    """What a tick gives unless it or its event says otherwise."""
    pool_floor: Decimal
    decimals: int
    grants: dict[str, list[int]]
    """Discord roles by what they may do beside their group."""

    def channel(self, kind: str) -> int | None:
        return getattr(self.guild, f"{kind}_channel_id")

    @property
    def channels(self) -> dict[str, int]:
        return {kind: chosen for kind in CHANNELS if (chosen := self.channel(kind)) is not None}


async def settings_now(session: Session) -> SettingsNow:
    pool = await ledger.default_pool(session)
    ticks = session.guild.tick_points if pool.tick_points is None else pool.tick_points
    return SettingsNow(
        session.guild, dict(session.mapping), pool.name, ticks, pool.floor, pool.decimals, dict(session.grants)
    )


def _finish(session: Session) -> None:
    if session.guild.set_up_at is None:
        session.guild.set_up_at = session.now
        audit.record(session, "settings.set_up")


def _set(session: Session, column: str, value: str | None) -> str | None:
    before = getattr(session.guild, column)
    if before != value:
        setattr(session.guild, column, value)
        audit.record(session, "settings.changed", before={column: before}, after={column: value})
    return value


def _set_channel(session: Session, kind: str, channel_id: int | None) -> None:
    assert kind in CHANNELS, kind
    column = f"{kind}_channel_id"
    before = getattr(session.guild, column)
    if before != channel_id:
        setattr(session.guild, column, channel_id)
        audit.record(session, "settings.channel_chosen", before={kind: before}, after={kind: channel_id})
