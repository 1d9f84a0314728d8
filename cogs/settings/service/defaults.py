"""`/settings raids, auctions`: how evenings go here unless a raid or an auction says otherwise."""

from decimal import Decimal
from typing import Any

from bot import audit
from bot.stage import Session, use_case
from bot.typed import parse_amount, parse_duration
from cogs.auctions.rules import typed
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
    kind: str | None = None,
    bidders: str | None = None,
    snipe_window: str | None = None,
    snipe_extension: str | None = None,
    snipe_limit: int | None = None,
    retract: str | None = None,
    steps: str | None = None,
    ties: str | None = None,
    copies_pay: str | None = None,
    one_win: bool | None = None,
    floor: str | None = None,
    without_bid: str | None = None,
    names: str | None = None,
    all_in: bool | None = None,
    item_link: str | None = None,
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
    if snipe_window is not None:
        wanted["snipe_window_seconds"] = typed.parse_snipe(snipe_window)
    if snipe_extension is not None:
        wanted["snipe_extension_seconds"] = typed.parse_snipe(snipe_extension)
    if snipe_limit is not None:
        wanted["snipe_limit"] = typed.check_moves(snipe_limit)
    if steps is not None:
        wanted["auction_steps"] = typed.parse_steps(steps, decimals=decimals)
    if ties is not None:
        wanted["auction_ties"] = typed.parse_ties(ties)
    if floor is not None:
        wanted["auction_floor"] = rules.read_floor(floor, decimals=decimals)
    if names is not None:
        wanted["auction_names_hidden"] = names == "hidden"
    if item_link is not None:
        wanted["item_link"] = typed.parse_link(item_link)
    chosen = {
        "auction_kind": kind,
        "auction_bidders": bidders,
        "auction_retract": retract,
        "auction_copies_pay": copies_pay,
        "auction_one_win": one_win,
        "auction_without_bid": without_bid,
        "auction_all_in": all_in,
    }
    wanted |= {column: choice for column, choice in chosen.items() if choice is not None}
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
