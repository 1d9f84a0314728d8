"""Decay against bids, against another decay, against its own undo; and by the clock of two processes, once."""

from collections.abc import Sequence

import pytest

from bot import due
from bot.stage import Actor, Stage
from cogs.dkp import jobs
from cogs.dkp.rules import AlreadyReversed
from cogs.dkp.rules.decay import DecayedMeanwhile
from cogs.dkp.service import decay_schedules, decays
from cogs.dkp.service.decays import Asked, Decayed
from cogs.dkp.service.undoing import EntryUndo, undo, undoable_acts
from tests.conftest import MovableClock
from tests.races.house import House
from tests.races.scene import (
    ITSELF,
    LEAD,
    VERA,
    Work,
    accepted,
    acting,
    all_at_once,
    bid,
    calm,
    disorder,
    give,
    put_up,
    raiders,
)


def decaying(stage: Stage, percent: float, officer: Actor = LEAD, *, seen: int = 0) -> Work:
    """A yes to a decay that was previewed when run number `seen` was the newest."""
    presser = acting(officer)
    return lambda: decays.apply(stage, presser, Asked(percent), seen)


def undoing(stage: Stage, what: str, officer: Actor = LEAD) -> Work:
    presser = acting(officer)
    stage.registry.undo |= {"entry": EntryUndo(), **undoable_acts()}
    return lambda: undo(stage, presser, what, "too much")


async def newest(house: House) -> int:
    return await house.one("SELECT coalesce(max(decay_run_id), 0) FROM decay_run")


# --- against bids -----------------------------------------------------------------------------------------------------


async def test_without_the_lock_decay_takes_what_a_bid_holds(unlocked: Stage, crowd: Stage, house: House):
    [anna] = raiders(1)

    async def both():
        await give(crowd, [anna], 100)
        [up] = await put_up(crowd)
        has = await house.one("SELECT balance - held FROM account WHERE balance > 0")
        return await all_at_once(
            [decaying(unlocked, 50, seen=await newest(house)), bid(unlocked, anna, up, int(has) - 5)]
        )

    assert await disorder(house, both, rounds=20)


async def test_bids_placed_while_points_decay_are_covered_and_nothing_held_decays(
    crowd: Stage, other_process: Stage, house: House
):
    people = raiders(12)
    for round_ in range(6):
        await give(crowd, people, 100)
        ups = await put_up(crowd, 6)
        bids = [bid((crowd, other_process)[i % 2], who, ups[i % 6], 30 + 7 * i) for i, who in enumerate(people * 2)]
        works: Sequence[Work] = [
            *bids[:8],
            decaying(other_process if round_ % 2 else crowd, 40, seen=await newest(house)),
            *bids[8:],
        ]
        results = await calm(house, works)
        assert sum(isinstance(result, Decayed) for result in results) == 1
        assert accepted(results)
        assert await house.overspent() == []
    assert await house.one("SELECT count(*) FROM account WHERE balance < 0") == 0
    assert await house.one("SELECT bool_and(amount < 0) FROM ledger_entry WHERE kind = 'decay'")


# --- against another decay --------------------------------------------------------------------------------------------


async def test_without_the_lock_two_officers_decay_one_pool_twice(unlocked: Stage, crowd: Stage, house: House):
    people = raiders(3)

    async def both():
        await give(crowd, people, 100)
        seen = await newest(house)
        return await all_at_once([decaying(unlocked, 10, who, seen=seen) for who in (LEAD, VERA)])

    assert await disorder(house, both)


async def test_two_officers_who_say_yes_to_one_preview_decay_it_once(crowd: Stage, other_process: Stage, house: House):
    await give(crowd, raiders(5), 1000)
    for round_ in range(1, 6):
        seen = await newest(house)
        works = [decaying(s, 10, who, seen=seen) for s in (crowd, other_process) for who in (LEAD, VERA)]
        results = await calm(house, works)
        assert sum(isinstance(result, Decayed) for result in results) == 1
        assert sum(isinstance(result, DecayedMeanwhile) for result in results) == 3
        assert await house.one("SELECT count(*) FROM decay_run") == round_


# --- by the clock -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def due_now(crowd: Stage, other_process: Stage, clock: MovableClock) -> None:
    """A schedule whose moment has come, in two processes that know what to do."""
    for stage in (crowd, other_process):
        stage.registry.due[decay_schedules.DECAY] = jobs.decay
    await give(crowd, raiders(8), 1000)
    await decay_schedules.schedule(crowd, acting(LEAD), "week", Asked(10))
    clock.move(days=8)


async def test_what_is_due_runs_once_however_many_look(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock, due_now: None
):
    for round_ in range(1, 5):
        await calm(house, [lambda s=s: due.run_once(s) for s in (crowd, other_process) * 5])
        assert await house.one("SELECT count(*) FROM decay_run") == round_
        assert await house.one("SELECT count(DISTINCT balance) FROM account WHERE balance > 0") == 1
        assert await house.one("SELECT count(*) FROM ledger_entry WHERE kind = 'decay'") == 8 * round_
        clock.move(days=7)


async def test_even_without_a_lock_no_moment_is_decayed_for_twice(
    unlocked: Stage, house: House, due_now: None, crowd: Stage
):
    """The last guard is the run's own key: whatever calls the handler at once."""
    del crowd
    pool = await house.one("SELECT pool_id FROM decay_schedule")
    works: list[Work] = [
        lambda: unlocked.run(ITSELF, lambda session: decay_schedules.run_due(session, pool)) for _ in range(4)
    ]
    await all_at_once(works)
    assert await house.one("SELECT count(*) FROM decay_run") == 1
    assert await house.wrongs() == []


async def test_a_schedule_replaced_and_stopped_while_it_runs_leaves_no_second_run(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock, due_now: None
):
    lead, vera = acting(LEAD), acting(VERA)
    works: list[Work] = [
        lambda: due.run_once(crowd),
        lambda: decay_schedules.schedule(other_process, lead, "month", Asked(20)),
        lambda: due.run_once(other_process),
        lambda: decay_schedules.stop(crowd, vera),
    ]
    await calm(house, works)
    assert await house.one("SELECT count(*) FROM decay_run") <= 1
    standing = await house.one("SELECT next_at FROM decay_schedule")
    job = await house.one("SELECT due_at FROM due_job WHERE kind = $1 AND done_at IS NULL", decay_schedules.DECAY)
    assert standing == job
    clock.move(hours=1)
    await due.run_once(crowd)
    assert await house.one("SELECT count(*) FROM decay_run") <= 1


# --- against its undo -------------------------------------------------------------------------------------------------


async def test_a_decay_undone_by_several_is_undone_once_while_people_bid(
    crowd: Stage, other_process: Stage, house: House
):
    people = raiders(6)
    await give(crowd, people, 1000)
    run = await decaying(crowd, 10)()
    entry = await house.one("SELECT min(entry_id) FROM ledger_entry WHERE kind = 'decay'")
    for turn in range(4):
        what = f"{'undo of ' if turn % 2 else ''}decay:{run.decay_run_id}"
        ups = await put_up(crowd, 3)
        works = [undoing(s, what, who) for s in (crowd, other_process) for who in (LEAD, VERA)]
        works += [bid(other_process, who, ups[i % 3], 20 + i) for i, who in enumerate(people)]
        results = await calm(house, works)
        assert sum(isinstance(result, str) for result in results) == 1
        assert sum(isinstance(result, AlreadyReversed) for result in results) == 3
        assert await house.one("SELECT sum(balance) FROM account") == (5400 if turn % 2 else 6000)
    single = undoing(other_process, f"entry:{entry}", VERA)
    results = await calm(house, [single, undoing(crowd, f"decay:{run.decay_run_id}")])
    assert await house.one("SELECT sum(balance) FROM account") == 6000
    assert sum(isinstance(result, str) for result in results) >= 1
