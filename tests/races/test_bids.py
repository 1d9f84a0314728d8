"""Bids at once: the same points twice, forty on one auction, two processes, a bid against points taken away."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from bot.stage import Stage
from cogs.auctions.service import extend
from cogs.dkp.service.adjustments import adjust
from tests.races.house import House
from tests.races.scene import LEAD, VERA, accepted, acting, all_at_once, bid, calm, disorder, give, put_up, raiders


@pytest.mark.parametrize("auctions", [2, 5])
async def test_without_the_lock_the_same_points_back_bids_in_several_auctions(
    unlocked: Stage, house: House, crossing, auctions: int
):
    crossing.parties = auctions
    people = iter(raiders(6))

    async def everywhere():
        anna = next(people)
        await give(unlocked, [anna], 100)
        return await all_at_once([bid(unlocked, anna, number, 100) for number in await put_up(unlocked, auctions)])

    assert any("of 100" in wrong for wrong in await disorder(house, everywhere))


@pytest.mark.parametrize("auctions", [2, 5])
async def test_the_same_points_back_one_bid_however_many_auctions_want_them_at_once(
    crowd: Stage, other_process: Stage, house: House, auctions: int
):
    people = raiders(10)
    await give(crowd, people, 100)
    for anna in people:
        up = await put_up(crowd, auctions)
        stages = [crowd, other_process] * auctions
        answers = await calm(house, [bid(s, anna, a, 100) for s, a in zip(stages, up, strict=False)])
        assert len(accepted(answers)) == 1
        assert {answer.code for answer in answers if answer.outcome == "refused"} == {"cannot_afford"}
    assert await house.overspent() == []
    assert await house.one("SELECT sum(held) FROM account") == 100 * len(people)


async def test_of_forty_who_bid_the_same_at_once_one_leads(crowd: Stage, house: House):
    people = raiders(40)
    await give(crowd, people, 1000)
    for _ in range(2):
        [up] = await put_up(crowd)
        answers = await calm(house, [bid(crowd, actor, up, 10) for actor in people])
        assert len(accepted(answers)) == 1
        assert {answer.code for answer in answers if answer.outcome == "refused"} == {"too_low"}


async def test_of_forty_who_outbid_each_other_at_once_the_highest_leads(crowd: Stage, house: House):
    people = raiders(40)
    await give(crowd, people, 1000)
    [up] = await put_up(crowd)
    await extend(crowd, acting(LEAD), up, timedelta(hours=1))  # in a quick one nobody is told
    for wave in range(1, 4):
        before = await house.one("SELECT count(*) FROM outbox")
        offers = [wave * 100 + (i * 7) % 40 for i in range(40)]
        answers = await calm(house, [bid(crowd, a, up, amount) for a, amount in zip(people, offers, strict=True)])
        leads = await house.one("SELECT max(amount) FROM bid WHERE auction_id = $1 AND status = 'standing'", up)
        assert leads == max(offers) == max(answer.amount for answer in accepted(answers))
        assert await house.one("SELECT sum(held) FROM account") == leads
        # Everybody who led before a batch or within it and leads no more is told, once a batch.
        told = await house.one("SELECT count(*) FROM outbox") - before
        assert 0 < told <= len(accepted(answers)) - (wave == 1)


async def test_without_the_lock_two_processes_accept_the_same_bid(unlocked: Stage, other_unlocked: Stage, house: House):
    anna, boris = raiders(2)
    await give(unlocked, [anna, boris], 100)

    async def both():
        [up] = await put_up(unlocked)
        return await all_at_once([bid(unlocked, anna, up, 7), bid(other_unlocked, boris, up, 7)])

    assert await disorder(house, both)


async def test_two_processes_that_take_bids_for_the_same_auctions_agree(
    crowd: Stage, other_process: Stage, house: House
):
    people = raiders(20)
    await give(crowd, people, 120)
    up = await put_up(crowd, 3)
    for wave in range(1, 4):
        here = [bid(crowd, actor, up[i % 3], 20 * wave) for i, actor in enumerate(people)]
        there = [bid(other_process, actor, up[(i + wave) % 3], 20 * wave + 1) for i, actor in enumerate(people)]
        await calm(house, [*here, *there])
        assert await house.overspent() == []
    assert await house.one("SELECT count(*) FROM hold") == 3


async def test_without_the_lock_points_taken_twice_while_somebody_bids_are_taken_once(unlocked: Stage, house: House):
    [anna] = raiders(1)
    await give(unlocked, [anna], 1000)

    async def bid_and_penalty():
        [up] = await put_up(unlocked)
        officers = acting(LEAD), acting(VERA)
        taking = [lambda who=who: adjust(unlocked, who, anna.name, 5, "came late", kind="penalty") for who in officers]
        return await all_at_once([bid(unlocked, anna, up, 10), *taking])

    assert await disorder(house, bid_and_penalty)


async def test_points_are_given_and_taken_while_their_owners_bid(crowd: Stage, other_process: Stage, house: House):
    people = raiders(10)
    await give(crowd, people, 100)
    up = await put_up(crowd, 4)
    for wave in range(1, 4):
        moves = [
            lambda stage=stage, name=actor.name, amount=(3, -3)[i % 2]: adjust(stage, acting(LEAD), name, amount, "why")
            for i, actor in enumerate(people)
            for stage in (crowd, other_process)
        ]
        bids = [bid(crowd, actor, up[(i + wave) % 4], 10 * wave + i) for i, actor in enumerate(people)]
        await calm(house, [*moves, *bids])
    assert await house.one("SELECT sum(balance) FROM account WHERE balance <> 0") == 100 * 10
    assert await house.one("SELECT count(*) FROM ledger_entry") == 10 + 3 * 20


async def test_nobody_is_left_out_whose_points_move_while_a_batch_waits_for_them(
    crowd: Stage, house: House, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
):
    """Under a plan made for whatever arguments, which PostgreSQL may take from a statement's sixth run on."""
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")
    people = raiders(4)
    members = await give(crowd, people, 1000)
    [up] = await put_up(crowd)
    # Whose points move, and who bids meanwhile: the last of them, in the second and fourth wave the leader who is held.
    for wave, (moved, bidders) in enumerate([(2, (0, 1, 2)), (2, (0, 1)), (3, (0, 1, 3)), (3, (0,))], start=1):
        async with owner.transaction():
            await owner.execute("UPDATE account SET held = held WHERE member_id = $1", members[people[moved]])
            bids = [bid(crowd, people[i], up, 10 * wave + i) for i in bidders]
            waiting = [asyncio.create_task(each()) for each in bids]
            await asyncio.sleep(0.2)
            assert not any(each.done() for each in waiting)
        assert {answer.outcome for answer in await asyncio.gather(*waiting)} == {"accepted"}
        assert await house.wrongs() == []
    assert "broke" not in caplog.text
