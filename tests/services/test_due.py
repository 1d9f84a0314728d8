"""Due work: later, once, by whoever is alive, in order, and one guild's trouble stops no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest
from sqlalchemy import URL

from bot import due
from bot.due import Job
from bot.stage import Actor, Session, Stage
from db.scope import Database
from tests.conftest import MovableClock


@pytest.fixture
async def other(database_url: URL, stage: Stage) -> AsyncIterator[Stage]:
    """Another process on the same database."""
    database = Database(database_url)
    yield Stage(database, stage.clock, stage.registry)
    await database.close()


@pytest.fixture
def done(stage: Stage) -> list[str]:
    """What the handler of `chime` was called for, in order."""
    called: list[str] = []

    async def chime(_: Stage, job: Job) -> None:
        called.append(f"{job.guild_id}:{job.key}" + (" late" if job.late else ""))

    stage.registry.due["chime"] = chime
    return called


async def plan(stage: Stage, key: str, when: datetime, *, guild_id: int = 1, kind: str = "chime") -> None:
    async def schedule(session: Session) -> None:
        await due.schedule(session, kind, key, when, {"tune": key})

    await stage.run(Actor.itself(guild_id), schedule)


def in_seconds(clock: MovableClock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


async def test_work_is_done_when_it_is_due_and_once(stage: Stage, clock: MovableClock, done: list[str]) -> None:
    await plan(stage, "a", in_seconds(clock, 60))
    assert await due.run_once(stage) == 0
    clock.move(seconds=60)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert done == ["1:a"]


async def test_two_processes_at_once_do_each_row_once(
    stage: Stage, other: Stage, clock: MovableClock, done: list[str]
) -> None:
    for number in range(12):
        await plan(stage, f"{number}", clock.now(), guild_id=number % 3 + 1)
    counts = await asyncio.gather(*(due.run_once(each) for each in (stage, other, stage, other)))
    assert sum(counts) == 12
    assert len(done) == len(set(done)) == 12


async def test_after_downtime_overdue_work_is_done_once_in_order_and_says_it_is_late(
    stage: Stage, clock: MovableClock, done: list[str]
) -> None:
    for key, seconds in (("third", 30), ("first", 10), ("second", 20), ("recent", 3590)):
        await plan(stage, key, in_seconds(clock, seconds))
    clock.move(hours=1)
    assert await due.run_once(stage) == 4
    assert done == ["1:first late", "1:second late", "1:third late", "1:recent"]


async def test_work_scheduled_again_is_moved_also_when_it_was_done(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection, done: list[str]
) -> None:
    await plan(stage, "a", in_seconds(clock, 10))
    await plan(stage, "a", in_seconds(clock, 30))
    clock.move(seconds=10)
    assert await due.run_once(stage) == 0
    clock.move(seconds=20)
    assert await due.run_once(stage) == 1
    await plan(stage, "a", in_seconds(clock, 5))
    clock.move(seconds=5)
    assert await due.run_once(stage) == 1
    assert await owner.fetchval("SELECT count(*) FROM due_job") == 1


async def test_cancelled_work_is_not_done(stage: Stage, clock: MovableClock, done: list[str]) -> None:
    await plan(stage, "a", clock.now())
    await stage.run(Actor.itself(1), lambda session: due.cancel(session, "chime", "a"))
    assert await due.run_once(stage) == 0


@pytest.mark.parametrize("seconds", [60, 0], ids=["later", "at the same moment"])
async def test_work_moved_while_it_runs_keeps_its_new_time(
    stage: Stage, clock: MovableClock, done: list[str], seconds: int
) -> None:
    """A handler that schedules its own next time, or a leader who moves it meanwhile."""

    async def again(stage: Stage, job: Job) -> None:
        done.append(job.key)
        if len(done) == 1:
            await plan(stage, job.key, in_seconds(clock, seconds), kind="again")

    stage.registry.due["again"] = again
    await plan(stage, "a", clock.now(), kind="again")
    await due.run_once(stage)
    clock.move(seconds=seconds)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert done == ["a", "a"]


async def test_a_handler_that_breaks_is_tried_again_with_growing_pauses_and_its_error_is_kept(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[datetime] = []

    async def broken(_: Stage, job: Job) -> None:
        tried.append(clock.now())
        if len(tried) < 4:
            raise RuntimeError("the bell is cracked")

    stage.registry.due["broken"] = broken
    await plan(stage, "a", clock.now(), kind="broken")
    for _ in range(60):
        await due.run_once(stage)
        clock.move(seconds=1)
    pauses = [(later - sooner).seconds for sooner, later in pairwise(tried)]
    assert pauses == [5, 10, 20]
    assert "the bell is cracked" in await owner.fetchval("SELECT last_error FROM due_job")
    assert await owner.fetchval("SELECT done_at FROM due_job") is not None
    assert "the bell is cracked" in caplog.text


async def test_one_guilds_trouble_stops_no_other(
    stage: Stage, clock: MovableClock, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(_: Stage, __: Job) -> None:
        await asyncio.sleep(3600)

    async def broken(_: Stage, __: Job) -> None:
        raise RuntimeError("no")

    stage.registry.due |= {"stuck": stuck, "broken": broken}
    monkeypatch.setattr(due, "PATIENCE_SECONDS", 0.3)
    await plan(stage, "x", in_seconds(clock, -3), guild_id=1, kind="stuck")
    await plan(stage, "after", in_seconds(clock, -2), guild_id=1)
    await plan(stage, "x", in_seconds(clock, -2), guild_id=2, kind="broken")
    await plan(stage, "nobody knows this", in_seconds(clock, -2), guild_id=2, kind="unknown")
    await plan(stage, "other", clock.now(), guild_id=3)
    assert await due.run_once(stage) == 2
    assert sorted(done) == ["1:after", "3:other"]


async def test_a_process_that_died_at_work_leaves_a_lease_that_lapses(
    stage: Stage, clock: MovableClock, done: list[str], owner: asyncpg.Connection
) -> None:
    await plan(stage, "a", clock.now())
    job_id = await owner.fetchval("SELECT due_job_id FROM due_job")
    await stage.run(Actor.itself(1), lambda session: due._claim(session, job_id))  # and then it was killed
    clock.move(seconds=59)
    assert await due.run_once(stage) == 0
    clock.move(seconds=1)
    assert await due.run_once(stage) == 1


async def test_who_was_overtaken_neither_finishes_nor_puts_back_the_others_work(
    stage: Stage, other: Stage, clock: MovableClock, owner: asyncpg.Connection
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    hung: list[bool] = []

    async def hang_once(_: Stage, __: Job) -> None:
        if not hung:
            hung.append(True)
            began.set()
            await go_on.wait()
        else:
            go_on.set()
            await first  # the one that hung comes to its end while this one is at work
            assert await owner.fetchval("SELECT done_at FROM due_job") is None

    stage.registry.due["hang"] = hang_once
    await plan(stage, "a", clock.now(), kind="hang")
    first = asyncio.create_task(due.run_once(stage))
    await began.wait()
    clock.move(seconds=60)
    assert await due.run_once(other) == 1
    assert await owner.fetchval("SELECT done_at FROM due_job") is not None


async def test_a_guild_of_another_processs_shard_is_done_here_only_when_nobody_does_it_in_time(
    database: Database, clock: MovableClock, stage: Stage, done: list[str]
) -> None:
    mine, yours = 8 << 22, 9 << 22
    first = Stage(database, clock, stage.registry, shards=(2, [0]))
    for guild_id in (mine, yours):
        await plan(stage, "a", clock.now(), guild_id=guild_id)
    assert await due.run_once(first) == 1
    assert done == [f"{mine}:a"]
    clock.move(seconds=14)
    assert await due.run_once(first) == 0
    clock.move(seconds=1)
    assert await due.run_once(first) == 1


async def test_work_that_erases_its_guild_does_not_bring_the_guild_back(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection
) -> None:
    async def erase(_: Stage, job: Job) -> None:
        await owner.execute("DELETE FROM pool; DELETE FROM due_job; DELETE FROM guild")

    stage.registry.due["erase"] = erase
    await plan(stage, "a", clock.now(), kind="erase")
    assert await due.run_once(stage) == 1
    assert await owner.fetchval("SELECT count(*) FROM guild") == 0


async def test_a_guild_that_takes_its_time_holds_up_no_later_turn(
    stage: Stage, clock: MovableClock, done: list[str]
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Stage, job: Job) -> None:
        began.set()
        await go_on.wait()
        done.append(f"{job.guild_id}:{job.key}")

    stage.registry.due["slow"] = slow
    await plan(stage, "a", clock.now(), kind="slow")
    turn = asyncio.create_task(due.run_once(stage))
    await asyncio.wait_for(began.wait(), 10)
    await plan(stage, "b", clock.now())
    await plan(stage, "c", clock.now(), guild_id=2)
    assert await due.run_once(stage) == 1
    assert done == ["2:c"], "the busy guild's own work waits for its turn, in order"
    go_on.set()
    assert await turn == 1
    assert await due.run_once(stage) == 1
    assert done == ["2:c", "1:a", "1:b"]


async def test_a_guild_with_much_to_do_leaves_room_for_the_others(
    stage: Stage, clock: MovableClock, done: list[str]
) -> None:
    for number in range(30):
        await plan(stage, str(number), in_seconds(clock, -10))
    await plan(stage, "late", clock.now(), guild_id=2)
    keys = await stage.db.due_jobs_across(clock.now(), limit=25)
    assert [guild_id for guild_id, _ in keys].count(1) == 20
    assert 2 in [guild_id for guild_id, _ in keys]
