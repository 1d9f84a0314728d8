"""Points that go several ways at once: transfers against bids, first ticks in two processes, a pool archived."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from bot import due, people
from bot.stage import Actor, Stage
from cogs.dkp import jobs
from cogs.dkp.rules.pools import ArchivedPool, Given, PoolInUse
from cogs.dkp.rules.transfers import CannotAfford
from cogs.dkp.service import batches, openings, pooling, transfers
from cogs.dkp.service.adjustments import adjust
from cogs.raids.service import evening
from cogs.raids.service.ticks import credit_people
from tests.races.house import House
from tests.races.scene import (
    CHANNEL,
    ITSELF,
    LEAD,
    VERA,
    Work,
    accepted,
    acting,
    all_at_once,
    begin_raid,
    bid,
    calm,
    disorder,
    give,
    known,
    put_up,
    raiders,
    tick,
)


async def with_pool(stage: Stage, **terms: Any) -> None:
    await pooling.edit_pool(stage, LEAD, "DKP", Given(**terms))


def hand(stage: Stage, giver: Actor, to: Actor, amount: float) -> Work:
    presser = acting(giver)
    return lambda: transfers.transfer(stage, presser, to.name, amount)


def many(stage: Stage, ids: list[int], amount: float, officer: Actor = LEAD) -> Work:
    presser = acting(officer)
    return lambda: batches.adjust_many(stage, presser, tuple(ids), amount, "for all of you")


def given(results: list[Any]) -> int:
    return sum(isinstance(result, transfers.Transferred) for result in results)


# --- transfers ------------------------------------------------------------------------------------------------------


async def test_without_the_lock_the_same_points_are_given_twice(unlocked: Stage, house: House, crossing):
    await with_pool(unlocked, transfers=True)
    crossing.parties = 2
    crowd = raiders(8)

    async def both():
        anna, bob, carl = crowd.pop(), crowd.pop(), crowd[0]
        await give(unlocked, [anna], 100)
        await known(unlocked, [bob, carl])
        return await all_at_once([hand(unlocked, anna, bob, 100), hand(unlocked, anna, carl, 100)])

    assert await disorder(house, both, rounds=3)


async def test_two_transfers_and_a_bid_at_once_never_overspend(crowd: Stage, other_process: Stage, house: House):
    await with_pool(crowd, transfers=True)
    people_ = raiders(9)
    await known(crowd, people_)
    for anna, bob, carl in zip(people_[::3], people_[1::3], people_[2::3], strict=True):
        await give(crowd, [anna], 100)
        [up] = await put_up(crowd)
        results = await calm(
            house, [hand(crowd, anna, bob, 100), hand(other_process, anna, carl, 100), bid(crowd, anna, up, 100)]
        )
        assert given(results) + len(accepted(results)) == 1
        assert all(not isinstance(r, BaseException) or isinstance(r, CannotAfford) for r in results)
    assert await house.overspent() == []


async def test_people_who_give_each_other_points_at_once_do_not_wait_for_each_other_for_ever(
    crowd: Stage, other_process: Stage, house: House
):
    await with_pool(crowd, transfers=True)
    people_ = raiders(6)
    await give(crowd, people_, 100)
    stages = [crowd, other_process]
    for turn in range(3):
        pairs = [(a, b) for a in people_ for b in people_ if a is not b]
        results = await calm(house, [hand(stages[(i + turn) % 2], a, b, 5) for i, (a, b) in enumerate(pairs)])
        assert given(results) == len(pairs)
    assert await house.one("SELECT sum(balance) FROM account") == 600
    assert await house.overspent() == []


# --- many at once ---------------------------------------------------------------------------------------------------


async def test_a_batch_ticks_bids_and_transfers_at_once_add_up(crowd: Stage, other_process: Stage, house: House):
    await with_pool(crowd, transfers=True, cap=400)
    people_ = raiders(8)
    ids = list((await give(crowd, people_, 200)).values())
    raid = await begin_raid(crowd, people_)
    up = await put_up(crowd, 2)
    works = [many(crowd, ids, 50), many(other_process, ids[::-1], 70, VERA), tick(crowd, raid)]
    works += [bid(other_process, actor, up[i % 2], 20 + i) for i, actor in enumerate(people_)]
    works += [hand(crowd, a, b, 10) for a, b in pairwise(people_)]
    works += [lambda: adjust(crowd, acting(LEAD), f"#{ids[0]}", -20, "lost the keys")]
    await calm(house, works)
    assert await house.one("SELECT max(balance) FROM account") <= 400
    assert await house.one("SELECT count(*) FROM batch") == 2


# --- start points ---------------------------------------------------------------------------------------------------


async def test_two_raids_credit_a_newcomer_at_once_and_one_brings_the_start_points(
    crowd: Stage, other_process: Stage, house: House
):
    await with_pool(crowd, start=50, start_on="first_raid")
    people_ = raiders(5)
    await known(crowd, people_)
    one, two = await begin_raid(crowd, people_), await begin_raid(crowd, people_)
    await calm(house, [tick(crowd, one), tick(other_process, two, VERA)])
    assert await house.all("SELECT amount, count(*) FROM ledger_entry WHERE kind = 'opening' GROUP BY 1") == [(50, 5)]
    assert await house.one("SELECT sum(balance) FROM account") == 5 * (50 + 10 + 10)


async def test_without_the_lock_both_want_to_bring_them(unlocked: Stage, house: House, crossing):
    await with_pool(unlocked, start=50, start_on="first_raid")
    crossing.parties = 2
    number = iter(range(8))

    async def both():
        people_ = [replace(r, user_id=2000 + next(number)) for r in raiders(1)]
        await give(unlocked, people_, 1)  # their accounts are there: making one is a lock, too
        one = await begin_raid(unlocked, people_)
        two = await begin_raid(unlocked, people_)
        return await all_at_once([tick(unlocked, one), tick(unlocked, two, VERA)])

    assert await disorder(house, both, rounds=3)


async def test_back_credit_and_a_tick_at_once_bring_start_points_once(crowd: Stage, other_process: Stage, house: House):
    people_ = raiders(3)
    ids = await known(crowd, people_)
    first = await begin_raid(crowd)
    taken = await tick(crowd, first)()
    await with_pool(crowd, start=50, start_on="first_raid")
    second = await begin_raid(crowd, people_)
    leader = acting(VERA)
    await calm(
        house,
        [
            tick(crowd, second),
            lambda: credit_people(other_process, leader, first, (taken.tick_id,), tuple(ids.values())),
        ],
    )
    assert await house.one("SELECT count(*) FROM ledger_entry WHERE kind = 'opening'") == 3


async def test_two_processes_settle_new_members_at_once_and_each_starts_once(
    crowd: Stage, other_process: Stage, house: House
):
    await with_pool(crowd, start=50)
    await known(crowd, raiders(20))
    await house.connection.execute("UPDATE member SET became_member_at = now()")

    def grant(stage: Stage) -> Work:
        return lambda: stage.run(ITSELF, openings.grant)

    results = await calm(house, [grant(crowd), grant(other_process), grant(crowd), grant(other_process)])
    assert sum(results) == await house.one("SELECT count(*) FROM member")
    found = await house.all("SELECT count(*), count(DISTINCT member_id) FROM ledger_entry WHERE kind = 'opening'")
    assert found[0][0] == found[0][1] >= 20


async def test_one_row_of_due_work_in_two_processes_gives_start_points_once(
    crowd: Stage, other_process: Stage, house: House
):
    await with_pool(crowd, start=50)
    ids = await known(crowd, raiders(3))
    await house.connection.execute("UPDATE member SET became_member_at = now()")
    for stage in (crowd, other_process):
        stage.registry.due[people.BECAME_MEMBER] = jobs.became_member

    async def plan(session):
        for member_id in ids.values():
            await people.give_openings(session, member_id, "member")

    await crowd.run(ITSELF, plan)
    await calm(house, [lambda: due.run_once(crowd), lambda: due.run_once(other_process)])
    assert await house.one("SELECT count(*) FROM ledger_entry WHERE kind = 'opening'") == 3


# --- pools ----------------------------------------------------------------------------------------------------------


async def test_a_pool_is_archived_or_a_raid_begins_in_it_but_not_both(crowd: Stage, other_process: Stage, house: House):
    for number in range(6):
        name = f"Pool {number}"
        await pooling.create_pool(crowd, LEAD, Given(name=name))
        lead, officer = acting(VERA), acting(LEAD)
        begin = {"event": f"Event {number}", "channel_id": CHANNEL, "pool": name}
        archived, begun = await calm(
            house,
            [
                lambda o=officer, n=name: pooling.archive_pool(crowd, o, n),
                lambda a=lead, b=begin: evening.start_raid(other_process, a, **b),
            ],
        )
        assert isinstance(archived, PoolInUse) or isinstance(begun, ArchivedPool)
        assert not (isinstance(archived, PoolInUse) and isinstance(begun, ArchivedPool))
    lost = "SELECT count(*) FROM raid JOIN pool USING (guild_id, pool_id) WHERE archived_at IS NOT NULL"
    assert await house.one(lost) == 0


async def test_without_the_lock_a_raid_begins_in_a_pool_that_is_archived(unlocked: Stage, house: House, crossing):
    crossing.parties = 2
    lost = "SELECT count(*) FROM raid JOIN pool USING (guild_id, pool_id) WHERE archived_at IS NOT NULL"
    for number in range(4):
        name = f"Pool {number}"
        await pooling.create_pool(unlocked, LEAD, Given(name=name))
        begin = {"event": f"Event {number}", "channel_id": CHANNEL, "pool": name}
        await all_at_once(
            [
                lambda n=name: pooling.archive_pool(unlocked, acting(LEAD), n),
                lambda b=begin: evening.start_raid(unlocked, acting(VERA), **b),
            ]
        )
        if await house.one(lost):
            return
    raise AssertionError("the race did not show")


async def test_two_officers_move_the_default_at_once_and_exactly_one_pool_is(
    crowd: Stage, other_process: Stage, house: House
):
    for name in ("Alts", "Mains"):
        await pooling.create_pool(crowd, LEAD, Given(name=name))

    def make_default(stage: Stage, name: str, officer: Actor) -> Work:
        presser = acting(officer)
        return lambda: pooling.edit_pool(stage, presser, name, Given(default=True))

    for _ in range(3):
        await calm(house, [make_default(crowd, "Alts", LEAD), make_default(other_process, "Mains", VERA),
                           make_default(crowd, "DKP", VERA)])  # fmt: skip
        assert await house.one("SELECT count(*) FROM pool WHERE is_default") == 1


async def test_two_officers_create_one_name_at_once_and_it_is_one_pool(
    crowd: Stage, other_process: Stage, house: House
):
    works = [
        lambda s=stage, a=acting(officer): pooling.create_pool(s, a, Given(name="Alts"))
        for stage, officer in ((crowd, LEAD), (other_process, VERA))
    ]
    results = await calm(house, works)
    assert sum(isinstance(result, pooling.PoolDone) for result in results) == 1
    assert await house.one("SELECT count(*) FROM pool WHERE name = 'Alts'") == 1
