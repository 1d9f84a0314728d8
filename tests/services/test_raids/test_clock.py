"""Ticks that come by themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot import due
from bot.stage import Actor, Stage
from cogs.raids import jobs
from cogs.raids.service import evening, roster, ticks
from db.tables import (
    DueJob,
    Outbox,
    Tick,
)
from tests.services.test_raids.scene import ANNA, LEAD, balance, begin, read


@pytest.fixture
async def ticking(stage: Stage) -> int:
    """A raid with automatic ticks every 30 minutes; nobody is heard in voice."""

    async def nobody(guild_id, channel_id):
        return None

    stage.registry.due[ticks.AUTOMATIC] = jobs.TickDue(nobody)
    raid_id = (await begin(stage, every=timedelta(minutes=30))).raid_id
    await roster.check_in(stage, ANNA, raid_id)
    return raid_id


async def test_automatic_ticks_come_in_step_and_are_announced_with_undo(stage, clock, ticking):
    clock.move(minutes=29)
    assert await due.run_once(stage) == 0
    clock.move(minutes=1, seconds=2)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert await balance(stage, ANNA) == 10
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "tick 1 by the clock, 1 person, 10 points" in notice.content
    assert [button["label"] for button in notice.buttons] == ["Undo"]
    (job,) = await read(stage, select(DueJob).where(DueJob.guild_id == 1))
    assert job.due_at == datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


async def test_after_downtime_one_tick_comes_late_and_says_so(stage, clock, ticking):
    clock.move(minutes=125)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert await balance(stage, ANNA) == 10
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "It comes late" in notice.content


async def test_a_tick_due_twice_is_taken_once(stage, clock, ticking):
    clock.move(minutes=30)
    (job,) = await read(stage, select(DueJob).where(DueJob.guild_id == 1))
    for _ in range(2):
        await ticks.take_automatic_tick(stage, Actor.itself(1), ticking, job.due_at, None, False)
        clock.move(minutes=3)  # beyond the 120 s in which no second tick is taken anyway
    assert await balance(stage, ANNA) == 10


async def test_the_clock_takes_no_tick_beside_a_leaders_or_when_nobody_is_there(stage, clock, ticking):
    clock.move(minutes=29)
    await ticks.take_tick(stage, LEAD, ticking)
    clock.move(minutes=1)
    await due.run_once(stage)
    assert await balance(stage, ANNA) == 10
    await roster.leave(stage, ANNA, ticking)
    clock.move(minutes=30)
    await due.run_once(stage)
    assert len(await read(stage, select(Tick).where(Tick.guild_id == 1))) == 1


async def test_the_end_stops_the_clock_and_reopening_starts_it_again(stage, clock, ticking):
    await evening.end_raid(stage, LEAD, ticking, without_tick=True)
    clock.move(minutes=30)
    assert await due.run_once(stage) == 0
    await evening.reopen_raid(stage, LEAD, ticking)
    clock.move(minutes=30)
    assert await due.run_once(stage) == 1
