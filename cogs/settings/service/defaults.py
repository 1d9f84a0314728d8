"""`/settings raids, auctions`: how evenings go here unless a raid or an auction says otherwise."""

from decimal import Decimal
from typing import Any

from bot import audit
from bot.stage import Session, use_case
from bot.typed import parse_amount, parse_duration
from cogs.auctions.rules.starting import check_duration
from cogs.dkp.service import ledger
from cogs.settings.rules import defaults as rules
from cogs.settings.rules.texts import NothingGiven
from cogs.settings.service.guild import Changed

Number = Decimal | float


@use_case("settings.edit")
async def change_raids(
    session: Session,
    *,
    points: Number | None = None,
    on_time: str | None = None,
    standby_percent: int | None = None,
    count: str | None = None,
    every: str | None = None,
    voice: str | None = None,
) -> Changed:
    """Change what is given. Raids that run already keep their own points, interval and voice."""
    wanted: dict[str, Any] = {}
    pool = await ledger.default_pool(session)
    if points is not None:
        wanted["tick_points"] = rules.check_points(parse_amount(points, decimals=pool.decimals))
    if on_time is not None:
        wanted["on_time_seconds"] = rules.read_on_time(on_time)
    if standby_percent is not None:
        wanted["standby_percent"] = rules.check_percent(standby_percent)
    if count is not None:
        wanted["attendance_count"] = count
    if every is not None:
        wanted["tick_every_seconds"] = rules.read_every(every)
    if voice is not None:
        wanted["voice_mode"] = voice
    if points is not None and pool.tick_points is not None:
        # The first pool's own points, from setting up, would go before these: they become the guild's.
        session.guild.tick_points, pool.tick_points = pool.tick_points, None
    return _change(session, wanted)


@use_case("settings.edit")
async def change_auctions(
    session: Session,
    *,
    duration: str | None = None,
    minimum: Number | None = None,
    increment: Number | None = None,
    bidders: str | None = None,
    snipe_window: str | None = None,
    snipe_extension: str | None = None,
    snipe_limit: int | None = None,
) -> Changed:
    """Change what is given. Auctions that are up already keep their own terms."""
    wanted: dict[str, Any] = {}
    decimals = (await ledger.default_pool(session)).decimals
    if duration is not None:
        lasts = parse_duration(duration)
        check_duration(lasts)
        wanted["auction_seconds"] = int(lasts.total_seconds())
    if minimum is not None:
        wanted["auction_minimum"] = rules.check_above_zero("minimum", parse_amount(minimum, decimals=decimals))
    if increment is not None:
        wanted["auction_increment"] = rules.check_above_zero("increment", parse_amount(increment, decimals=decimals))
    if bidders is not None:
        wanted["auction_bidders"] = bidders
    if snipe_window is not None:
        wanted["snipe_window_seconds"] = rules.read_snipe(snipe_window)
    if snipe_extension is not None:
        wanted["snipe_extension_seconds"] = rules.read_snipe(snipe_extension)
    if snipe_limit is not None:
        wanted["snipe_limit"] = rules.check_moves(snipe_limit)
    return _change(session, wanted)


def _change(session: Session, wanted: dict[str, Any]) -> Changed:
    """Set columns of the guild, an audit row for each that is different now; answers with them in words."""
    if not wanted:
        raise NothingGiven("Name at least one thing to change.")
    for column, value in wanted.items():
        before = getattr(session.guild, column)
        if before != value:
            setattr(session.guild, column, value)
            was, now = rules.in_words(column, before), rules.in_words(column, value)
            audit.record(session, "settings.changed", before={column: was}, after={column: now})
    return Changed({column: rules.in_words(column, value) for column, value in wanted.items()})
