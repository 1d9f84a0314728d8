"""Is anybody alive: an outage is noted once, by whoever comes up after it, and told to the slices."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from bot import heartbeat
from bot.stage import Stage
from tests.conftest import MovableClock


async def outages(owner: asyncpg.Connection) -> list[float]:
    rows = await owner.fetch("SELECT started_at, ended_at FROM outage ORDER BY 1")
    return [(row["ended_at"] - row["started_at"]).total_seconds() for row in rows]


async def test_the_very_first_start_is_no_outage(stage: Stage, owner: asyncpg.Connection) -> None:
    assert await heartbeat.come_up(stage) is None
    assert await outages(owner) == []


@pytest.mark.parametrize(("seconds", "noted"), [(5, []), (10, []), (10.5, [10.5]), (3600, [3600])])
async def test_more_than_10_s_without_a_beat_is_an_outage(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock, seconds: float, noted: list[float]
) -> None:
    await heartbeat.beat(stage, "one")
    clock.move(seconds=seconds)
    await heartbeat.come_up(stage, "one")
    assert await outages(owner) == noted


async def test_it_is_no_outage_when_another_process_lived(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    await heartbeat.beat(stage, "one")
    clock.move(seconds=60)
    await heartbeat.beat(stage, "two")
    clock.move(seconds=5)
    assert await heartbeat.come_up(stage, "one") is None


async def test_processes_that_come_up_at_once_note_one_outage(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    told: list[tuple[datetime, datetime]] = []

    async def touched(_: Stage, started_at: datetime, ended_at: datetime) -> None:
        told.append((started_at, ended_at))

    stage.registry.outages.append(touched)
    await asyncio.gather(*(heartbeat.beat(stage, f"p{number}") for number in range(8)))  # connections are warm
    went = clock.now()
    clock.move(seconds=60)
    found = await asyncio.gather(*(heartbeat.come_up(stage, f"p{number}") for number in range(8)))
    assert [each is not None for each in found].count(True) == 1
    assert await outages(owner) == [60]
    assert told == [(went, clock.now())]


async def test_the_outage_is_written_before_the_slices_hear_of_it_and_one_that_breaks_stops_no_other(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[list[float]] = []

    async def breaks(*_: object) -> None:
        raise RuntimeError("no auctions today")

    async def looks(*_: object) -> None:
        seen.append(await outages(owner))

    stage.registry.outages += [breaks, looks]
    await heartbeat.beat(stage, "one")
    clock.move(seconds=60)
    assert await heartbeat.come_up(stage, "one") is not None
    assert seen == [[60]]
    assert "no auctions today" in caplog.text
