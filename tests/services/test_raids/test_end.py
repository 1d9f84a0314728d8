"""Ended, opened again, cancelled."""

import pytest
from sqlalchemy import select

from bot import due
from cogs.raids import jobs
from cogs.raids.rules import (
    NoTickYet,
    RaidOver,
    RaidWasCancelled,
    ReopenTooLate,
)
from cogs.raids.service import evening, roster, ticks
from db.tables import (
    Outbox,
)
from tests.services.test_raids.scene import ANNA, LEAD, adds_up, balance, read


async def test_the_end_asks_once_when_no_tick_was_taken(stage, raid):
    with pytest.raises(NoTickYet):
        await evening.end_raid(stage, LEAD, raid)
    assert (await evening.end_raid(stage, LEAD, raid, without_tick=True)).ticks == 0


async def test_the_end_is_one_card_with_people_ticks_and_points(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    ended = await evening.end_raid(stage, LEAD, raid, "win")
    assert (ended.people, ended.ticks, ended.points_paid, ended.open_auctions) == (1, 1, 10, 0)
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "**Temple of Veeshan** is over (win)." in notice.content
    assert "1 person · 1 tick · 10 points paid" in notice.content
    assert notice.content.endswith("```")
    with pytest.raises(RaidOver):
        await evening.end_raid(stage, LEAD, raid)


async def test_a_raid_is_reopened_within_24_hours_and_ended_anew(stage, clock, raid):
    await ticks.take_tick(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    clock.move(hours=24)
    await evening.reopen_raid(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    assert len(await read(stage, select(Outbox).where(Outbox.guild_id == 1))) == 2
    clock.move(hours=24, seconds=1)
    with pytest.raises(ReopenTooLate):
        await evening.reopen_raid(stage, LEAD, raid)


async def test_cancelling_reverses_every_tick_and_tells_the_slices_above_once(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    await ticks.take_tick(stage, LEAD, raid, again=True)
    told = []

    async def hear(stage, guild_id, raid_id, reason):
        told.append((guild_id, raid_id, reason))

    stage.registry.cancelled_raids.append(hear)
    stage.registry.due[evening.CANCELLED] = jobs.raid_cancelled
    cancelled = await evening.cancel_raid(stage, LEAD, raid, "server crash")
    assert (cancelled.ticks, cancelled.total) == (2, 20)
    assert await balance(stage, ANNA) == 0
    await due.run_once(stage)
    await due.run_once(stage)
    assert told == [(1, raid, "server crash")]
    with pytest.raises(RaidWasCancelled):
        await evening.cancel_raid(stage, LEAD, raid, "server crash")
    with pytest.raises(RaidWasCancelled):
        await evening.reopen_raid(stage, LEAD, raid)
    await adds_up(stage)


async def test_an_ended_raid_can_be_cancelled(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    await evening.cancel_raid(stage, LEAD, raid, "it was a test")
    assert await balance(stage, ANNA) == 0
