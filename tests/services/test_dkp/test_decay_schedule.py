"""Decay by the clock: at 06:00 in the guild's zone, once a moment, late when it must be, and on the grid afterwards."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from bot import due
from bot.stage import Stage
from cogs.dkp import jobs
from cogs.dkp.rules.decay import NothingScheduled
from cogs.dkp.rules.pools import ArchivedPool
from cogs.dkp.service import decay_schedules, decays
from cogs.dkp.service.decays import Asked
from cogs.settings.service import guild as settings
from tests.services.test_dkp.words import ANNA, AUDIT_CHANNEL, give, told

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def berlin(guild: Stage, owner: asyncpg.Connection) -> Stage:
    """Bob has 1,000; it is Friday, 6 March 2026, 20:00 in Berlin."""
    guild.registry.due[decay_schedules.DECAY] = jobs.decay
    await owner.execute("UPDATE guild SET timezone = 'Europe/Berlin', audit_channel_id = $1", AUDIT_CHANNEL)
    await give(guild, "Bob", 1000)
    return guild


async def runs(owner: asyncpg.Connection, zone: ZoneInfo = BERLIN) -> list[str]:
    """For which moments it ran, as the guild's clocks show them."""
    rows = await owner.fetch("SELECT scheduled_for FROM decay_run ORDER BY decay_run_id")
    return [f"{row['scheduled_for'].astimezone(zone):%Y-%m-%d %H:%M}" for row in rows]


async def until(stage: Stage, clock, moment: datetime, step: timedelta = timedelta(hours=1)) -> None:
    """Time passes with somebody looking at what is due."""
    while clock.now() < moment:
        clock.moment = min(clock.now() + step, moment)
        await due.run_once(stage)


async def test_the_first_run_is_one_period_from_today_at_six_and_is_told_once(berlin, clock, owner):
    said = (await decay_schedules.schedule(berlin, ANNA, "week", Asked(10, floor=50))).replace("\\/", "/")
    first = datetime(2026, 3, 13, 5, tzinfo=UTC)
    assert said == (
        "**DKP** decays every week on Friday at 06:00 (Europe/Berlin): 10 %, never below 50. "
        f"First on <t:{int(first.timestamp())}:F> (<t:{int(first.timestamp())}:R>); /dkp decay stop ends it."
    )
    await until(berlin, clock, first - timedelta(seconds=1))
    assert await runs(owner) == []
    await until(berlin, clock, first + timedelta(seconds=5))
    await until(berlin, clock, first + timedelta(hours=30))
    assert await runs(owner) == ["2026-03-13 06:00"]
    [(channel, notice)] = await told(berlin)
    assert channel == AUDIT_CHANNEL
    assert notice.startswith("Decay of **DKP** (10 %, never below 50) took 100 points from 1 person.")
    assert "late" not in notice
    assert "It decays every week on Friday at 06:00; next <t:" in notice


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
async def test_it_stays_at_six_over_both_clock_changes(berlin, clock, owner, change):
    clock.moment = change - timedelta(days=10)
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    await until(berlin, clock, change + timedelta(days=12))
    moments = await runs(owner)
    assert len(moments) == 3
    assert {moment[-5:] for moment in moments} == {"06:00"}
    hours = {row["scheduled_for"].hour for row in await owner.fetch("SELECT scheduled_for FROM decay_run")}
    assert hours == {4, 5}


@pytest.mark.parametrize("down", [timedelta(days=1, hours=1), timedelta(days=31)])
async def test_after_downtime_it_runs_once_late_and_goes_on_in_step(berlin, clock, owner, down):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    clock.moment = datetime(2026, 3, 13, 4, 59, tzinfo=UTC) + down
    assert await due.run_once(berlin) == 1
    assert await due.run_once(berlin) == 0
    assert await runs(owner) == ["2026-03-13 06:00"]
    [(_, notice)] = await told(berlin)
    assert "and comes late." in notice
    await until(berlin, clock, clock.now() + timedelta(days=7))
    moments = await runs(owner)
    assert len(moments) == 2
    on_grid = datetime.strptime(moments[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert (on_grid.weekday(), moments[1][-5:]) == (4, "06:00")
    assert await owner.fetchval("SELECT balance FROM account") == 810


async def test_a_handler_called_again_does_nothing_more(berlin, clock, owner):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    clock.moment = datetime(2026, 3, 13, 5, tzinfo=UTC)
    await due.run_once(berlin)
    for _ in range(2):
        await berlin.run(ANNA, lambda session: decay_schedules.run_due(session, 1))
    # Even if the schedule were put back by hand, a moment is decayed for once.
    await owner.execute("UPDATE decay_schedule SET next_at = '2026-03-13 05:00Z'")
    await berlin.run(ANNA, lambda session: decay_schedules.run_due(session, 1))
    assert await runs(owner) == ["2026-03-13 06:00"]
    assert len(await told(berlin)) == 1


async def test_a_month_keeps_its_thirty_first(berlin, clock, owner):
    clock.moment = datetime(2027, 1, 31, 12, tzinfo=UTC)
    await decay_schedules.schedule(berlin, ANNA, "month", Asked(1))
    await until(berlin, clock, datetime(2027, 5, 1, tzinfo=UTC), timedelta(hours=6))
    assert await runs(owner) == ["2027-02-28 06:00", "2027-03-31 06:00", "2027-04-30 06:00"]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
async def test_a_guild_that_changes_its_zone_is_followed_at_its_new_six_o_clock(berlin, clock, owner, zone):
    clock.moment = datetime(2027, 1, 31, 12, tzinfo=UTC)
    await decay_schedules.schedule(berlin, ANNA, "month", Asked(1))
    await settings.change_guild(berlin, ANNA, zone, {})
    await until(berlin, clock, datetime(2027, 4, 2, tzinfo=UTC), timedelta(hours=6))
    assert await runs(owner, ZoneInfo(zone)) == ["2027-02-28 06:00", "2027-03-31 06:00"]


async def test_scheduling_again_replaces_and_stopping_ends_it(berlin, clock, owner):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    said = await decay_schedules.schedule(berlin, ANNA, "two weeks", Asked(5, earned_only=True))
    assert "This replaces the schedule it had." in said
    await until(berlin, clock, datetime(2026, 3, 21, tzinfo=UTC))
    assert await runs(owner) == ["2026-03-20 06:00"]
    assert "decays no more by itself" in await decay_schedules.stop(berlin, ANNA)
    await until(berlin, clock, datetime(2026, 5, 1, tzinfo=UTC), timedelta(hours=12))
    assert len(await runs(owner)) == 1
    with pytest.raises(NothingScheduled):
        await decay_schedules.stop(berlin, ANNA)


async def test_the_pools_floor_is_read_when_it_runs(berlin, clock, owner):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    await owner.execute("UPDATE pool SET floor = 950")
    clock.moment = datetime(2026, 3, 13, 5, tzinfo=UTC)
    await due.run_once(berlin)
    assert await owner.fetchval("SELECT total FROM decay_run") == Decimal(50)


async def test_an_archived_pool_does_not_decay_and_is_not_scheduled(berlin, clock, owner):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    await owner.execute("UPDATE pool SET archived_at = now()")
    clock.moment = datetime(2026, 3, 13, 5, tzinfo=UTC)
    assert await due.run_once(berlin) == 1
    assert await runs(owner) == []
    with pytest.raises(ArchivedPool):
        await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    await owner.execute("UPDATE pool SET archived_at = NULL")
    clock.move(days=7)
    await due.run_once(berlin)
    assert await runs(owner) == ["2026-03-20 06:00"]


async def test_an_officers_run_and_the_schedules_are_two(berlin, clock, owner):
    await decay_schedules.schedule(berlin, ANNA, "week", Asked(10))
    await decays.apply(berlin, ANNA, Asked(50), 0)
    clock.moment = datetime(2026, 3, 13, 5, tzinfo=UTC)
    await due.run_once(berlin)
    assert await owner.fetchval("SELECT balance FROM account") == 450
