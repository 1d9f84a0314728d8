"""Ends at once: settling against bids, extensions and other processes; leavers; raids that are cancelled."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot import due
from bot.stage import Stage
from cogs.auctions import jobs
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.service import (
    SETTLE,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    reassign,
    settle,
    start,
    void_bid,
    void_bids_without_right,
)
from cogs.auctions.service import give as give_away
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import pooling
from cogs.loot.service import undo_award
from cogs.members.service import presence
from cogs.raids.service import evening
from tests.conftest import MovableClock
from tests.races.house import House
from tests.races.scene import (
    ITSELF,
    LEAD,
    VERA,
    Work,
    acting,
    all_at_once,
    begin_raid,
    bid,
    calm,
    disorder,
    give,
    put_up,
    raiders,
)

END = {"minutes": 3, "seconds": 1}
"""From the start to the moment at which settling may begin."""


def settling(stage: Stage, auction_id: int) -> Work:
    return lambda: stage.run(ITSELF, lambda session: settle(session, auction_id))


def in_time(stage: Stage, actor, auction_id: int, amount: int) -> Work:
    """A press that we received before the end, and that waited until now."""
    return bid(stage, replace(actor, received_at=stage.clock.now() - timedelta(seconds=2)), auction_id, amount)


async def led_by(stage: Stage, actor, auctions: list[int], amount: int) -> None:
    await all_at_once([bid(stage, actor, auction_id, amount) for auction_id in auctions])


# --- settling -------------------------------------------------------------------------------------------------------


async def test_without_the_lock_settling_and_a_last_bid_both_win(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    anna, boris = raiders(2)
    await give(crowd, [anna, boris], 1000)

    async def both():
        [up] = await put_up(crowd)
        await led_by(crowd, anna, [up], 10)
        clock.move(**END)
        return await all_at_once([settling(unlocked, up), in_time(unlocked, boris, up, 20)])

    assert await disorder(house, both)


async def test_a_last_bid_wins_or_comes_too_late_never_both(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(8)
    await give(crowd, people, 100_000)
    outcomes = set()
    for round_ in range(50):  # until both were seen
        [up] = await put_up(crowd)
        await led_by(crowd, people[0], [up], 10)
        clock.move(**END)
        late = [in_time(other_process, actor, up, 20 + i) for i, actor in enumerate(people[1:])]
        works = [settling(crowd, up), *late]
        results = await calm(house, works if round_ % 2 else works[::-1])
        status = await house.one("SELECT status FROM auction WHERE auction_id = $1", up)
        codes = {answer.code for answer in results if answer is not None}
        # In time: they count, the end moves, and settling comes again. Else all of them are too late.
        assert (status, codes == {"closed"}) in {("won", True), ("open", False)}
        outcomes.add(status)
        clock.move(minutes=2)
        await calm(house, [settling(crowd, up)])
        assert await house.one("SELECT status FROM auction WHERE auction_id = $1", up) == "won"
        best = await house.one("SELECT max(amount) FROM bid WHERE auction_id = $1 AND status <> 'refused'", up)
        assert await house.one("SELECT cost FROM award WHERE auction_id = $1", up) == best
        if round_ >= 5 and len(outcomes) == 2:
            break
    assert outcomes == {"won", "open"}
    assert await house.one("SELECT sum(held) FROM account") == 0


async def test_without_the_lock_an_auction_is_settled_twice(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    [anna] = raiders(1)
    await give(crowd, [anna], 1000)

    async def both():
        [up] = await put_up(crowd)
        await led_by(crowd, anna, [up], 10)
        clock.move(**END)
        return await all_at_once([settling(unlocked, up), settling(unlocked, up)])

    assert await disorder(house, both)


async def test_two_processes_settle_an_auction_with_one_award_and_one_notice(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    for stage in (crowd, other_process):
        stage.registry.due[SETTLE] = jobs.settle_due
    people = raiders(5)
    await give(crowd, people, 10_000)
    for round_ in range(1, 5):
        up = await put_up(crowd, 5)
        await all_at_once([bid(crowd, actor, a, 10) for actor, a in zip(people, up, strict=True)])
        clock.move(**END)
        # The ticker of each process, and one whose lease lapsed: it settles although another does already.
        lapsed = [settling(other_process, auction_id) for auction_id in up]
        await calm(house, [lambda: due.run_once(crowd), lambda: due.run_once(other_process), *lapsed])
        await due.run_once(crowd)
        assert await house.one("SELECT count(*) FROM award") == 5 * round_
        assert await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'award%'") == 5 * round_
        assert await house.one("SELECT count(*) FROM due_job WHERE done_at IS NULL") == 0
    assert await house.one("SELECT sum(balance) FROM account") == 5 * 10_000 - 4 * 5 * 10


async def test_without_the_lock_an_extended_auction_is_settled(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock, crossing
):
    crossing.parties = 3
    anna, boris = raiders(2)
    await give(crowd, [anna, boris], 1000)

    async def everything():
        [up] = await put_up(crowd)
        await led_by(crowd, anna, [up], 10)
        clock.move(**END)
        longer = replace(acting(LEAD), received_at=clock.now() - timedelta(seconds=2))
        results = await all_at_once(
            [settling(unlocked, up), lambda: extend(unlocked, longer, up, timedelta(minutes=5)), settling(unlocked, up)]
        )
        over.append(await house.one("SELECT closed_at < ends_at FROM auction WHERE auction_id = $1", up))
        return results

    over: list[bool | None] = []
    assert await disorder(house, everything)
    assert over[-1]


async def test_an_auction_is_extended_or_settled_never_both(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    anna, boris = raiders(2)
    await give(crowd, [anna, boris], 10_000)
    outcomes = set()
    for round_ in range(50):  # until both were seen
        [up] = await put_up(crowd)
        await led_by(crowd, anna, [up], 10)
        clock.move(**END)
        longer = replace(acting(LEAD), received_at=clock.now() - timedelta(seconds=2))
        works = [
            settling(other_process, up),
            lambda up=up, longer=longer: extend(crowd, longer, up, timedelta(minutes=5)),
            settling(crowd, up),
            in_time(other_process, boris, up, 20),
        ]
        results = await calm(house, works if round_ % 2 else works[::-1])
        refused = any(isinstance(result, AuctionOver) for result in results)
        assert await house.one("SELECT status FROM auction WHERE auction_id = $1", up) == ("won" if refused else "open")
        outcomes.add(refused)
        if round_ >= 5 and len(outcomes) == 2:
            break
    assert outcomes == {True, False}


async def test_leaders_who_close_cancel_void_and_settle_at_once_agree(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(6)
    await give(crowd, people, 10_000)
    for round_ in range(6):
        [up] = await put_up(crowd)
        await led_by(crowd, people[0], [up], 10)
        await led_by(crowd, people[1], [up], 20)
        clock.move(**END)
        works: list[Work] = [
            settling(other_process, up),
            lambda up=up: close(crowd, acting(LEAD), up, "time is up"),
            lambda up=up: cancel(other_process, acting(VERA), up, "wrong item"),
            lambda up=up: void_bid(crowd, acting(VERA), up, people[1].name, "a slip of the finger"),
            *[in_time(crowd, actor, up, 30 + i) for i, actor in enumerate(people[2:])],
        ]
        shift = round_ % len(works)
        await calm(house, [*works[shift:], *works[:shift]])
        assert await house.overspent() == []


# --- who leaves -----------------------------------------------------------------------------------------------------


async def test_without_the_lock_a_leaver_whose_bid_is_beaten_meanwhile_leaves_two_leaders(
    unlocked: Stage, crowd: Stage, house: House
):
    anna, boris, cara = people = raiders(3)
    members = await give(crowd, people, 1000)

    async def leaving():
        [up] = await put_up(crowd)
        await led_by(crowd, boris, [up], 5)
        await led_by(crowd, anna, [up], 10)
        await crowd.run(ITSELF, lambda session: presence.depart(session, anna.user_id or 0))
        return await all_at_once(
            [lambda: void_bids_without_right(unlocked, 1, members[anna]), bid(unlocked, cara, up, 11)]
        )

    assert await disorder(house, leaving)


async def test_a_leaver_with_bids_in_five_auctions_leaves_them_while_others_bid(
    crowd: Stage, other_process: Stage, house: House
):
    people = raiders(24)
    members = await give(crowd, people, 100)
    for leaver in people[:4]:
        up = await put_up(crowd, 5)
        await all_at_once([bid(crowd, boris, a, 5) for boris, a in zip(people[6:11], up, strict=True)])
        await led_by(crowd, leaver, up, 10)

        async def go(leaver=leaver) -> None:
            await crowd.run(ITSELF, lambda session: presence.depart(session, leaver.user_id or 0))
            await void_bids_without_right(crowd, 1, members[leaver])

        others = [
            bid(other_process, actor, a, 11 + i)
            for i, actor in enumerate(people[11:18])
            for a in (up[i % 5], up[i % 3])
        ]
        again = [lambda who=members[leaver]: void_bids_without_right(other_process, 1, who)]
        await calm(house, [go, *others, *again])
        assert await house.overspent() == []
        theirs = "SELECT count(*) FROM bid WHERE member_id = $1 AND status IN ('standing', 'outbid')"
        assert await house.one(theirs, members[leaver]) == 0
        assert await house.one("SELECT held FROM account WHERE member_id = $1", members[leaver]) == 0
        for auction_id in up:
            await cancel(crowd, acting(LEAD), auction_id, "next round")


# --- a cancelled raid -----------------------------------------------------------------------------------------------


async def test_without_the_lock_a_bid_outlives_the_raid_it_was_made_in(
    unlocked: Stage, crowd: Stage, house: House, crossing
):
    """It looks at the auction while the raid runs, and leads it when the raid is cancelled."""
    crossing.seconds = 3
    [anna] = raiders(1)
    await give(crowd, [anna], 1000)

    async def cancelling():
        raid_id = await begin_raid(crowd, [anna])
        [up] = await put_up(crowd)

        async def call_off() -> None:
            await evening.cancel_raid(crowd, acting(LEAD), raid_id, "wrong evening")
            await cancel_auctions_of_raid(unlocked, 1, raid_id, "wrong evening")

        return await all_at_once([bid(unlocked, anna, up, 10), call_off])

    assert await disorder(house, cancelling)


async def test_a_raid_is_cancelled_while_people_bid_in_its_auctions(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(16)
    await give(crowd, people, 100)
    for round_ in range(4):
        clock.move(minutes=10)
        raid_id = await begin_raid(crowd, people)
        up = await put_up(crowd, 4)
        await led_by(crowd, people[0], up, 5)

        async def call_off(raid_id: int = raid_id) -> None:
            await evening.cancel_raid(crowd, acting(LEAD), raid_id, "wrong evening")
            await cancel_auctions_of_raid(crowd, 1, raid_id, "wrong evening")

        again = [lambda raid_id=raid_id: cancel_auctions_of_raid(other_process, 1, raid_id, "wrong evening")]
        bids = [bid(other_process, actor, up[i % 4], 6 + i) for i, actor in enumerate(people)]
        settlers = [settling(other_process, a) for a in up[round_ % 2 :: 2]]
        await calm(house, [call_off, *bids, *settlers, *again])
        await cancel_auctions_of_raid(other_process, 1, raid_id, "wrong evening")
        still = "SELECT count(*) FROM auction WHERE raid_id = $1 AND status = 'open'"
        assert await house.one(still, raid_id) == 0
        assert await house.one("SELECT count(*) FROM hold") == 0
        assert await house.one("SELECT sum(held) FROM account") == 0
    notices = await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'nosale%'")
    assert notices == await house.one("SELECT count(*) FROM auction WHERE status = 'cancelled'") == 4 * 4


# --- every form -----------------------------------------------------------------------------------------------------


async def becomes(house: House, up: Sequence[int], **columns: object) -> None:
    """Give auctions terms that they were not started with."""
    for column, value in columns.items():
        await house.connection.execute(f"UPDATE auction SET {column} = $1 WHERE auction_id = ANY($2)", value, up)


def after(seconds: float, work: Work) -> Work:
    """A little later, so that each of two comes first now and then."""

    async def waiting():
        await asyncio.sleep(seconds)
        return await work()

    return waiting


def voiding(stage: Stage, auction_id: int, actor) -> Work:
    leader = acting(LEAD)
    return lambda: void_bid(stage, leader, auction_id, actor.name, "mistyped")


def giving(stage: Stage, leader, auction_id: int, to) -> Work:
    presser = acting(leader)
    return lambda: give_away(stage, presser, auction_id, to.name)


def reassigning(stage: Stage, officer, auction_id: int, award_id: int, to: int) -> Work:
    presser = acting(officer)
    return lambda: reassign(stage, presser, auction_id, award_id, to, Decimal(7), "misheard", 77)


def undoing(stage: Stage, award_id: int) -> Work:
    presser = acting(LEAD)
    return lambda: undo_award(stage, presser, str(award_id), "wrong")


async def test_sealed_offers_voided_while_they_are_settled_are_awarded_or_gone_never_both(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(6)
    await give(crowd, people, 100_000)
    outcomes = set()
    for round_ in range(30):  # until both were seen
        [up] = await put_up(crowd)
        await becomes(house, [up], kind="sealed", quantity=2)
        await calm(house, [bid(crowd, actor, up, 10 + i) for i, actor in enumerate(people)])
        clock.move(**END)
        best = people[-1]
        settled = [after(round_ % 6 * 0.004, settling(stage, up)) for stage in (crowd, other_process)]
        await calm(house, [*settled, voiding(other_process, up, best)])
        won = {row["member_name"] for row in await house.all("SELECT * FROM award WHERE auction_id = $1", up)}
        voided = await house.one("SELECT count(*) FROM bid WHERE auction_id = $1 AND status = 'voided'", up)
        assert len(won) == 2
        assert (best.name in won) is (voided == 0)
        outcomes.add(voided)
        if round_ >= 5 and len(outcomes) == 2:
            break
    assert outcomes == {0, 1}
    assert await house.one("SELECT sum(held) FROM account") == 0


async def test_one_win_a_night_holds_for_auctions_settled_at_once_by_two_processes_in_two_pools(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    anna, boris = raiders(2)
    for pool in ("DKP", "Other"):
        await house.connection.execute("UPDATE pool SET is_default = false WHERE is_default")
        if pool == "Other":
            await pooling.create_pool(crowd, acting(LEAD), Given(name=pool))
        await house.connection.execute("UPDATE pool SET is_default = (name = $1)", pool)
        await give(crowd, [anna, boris], 1000)
    for _ in range(8):
        begun = [
            await start(crowd, acting(LEAD), "Cloak", channel_id=77, pool=pool, second_copy=True)
            for pool in ("DKP", "Other")
        ]
        up = [answer.started[0].auction_id for answer in begun]
        await becomes(house, up, one_win=True)
        for auction_id in up:
            await calm(house, [bid(crowd, boris, auction_id, 5)])
            await calm(house, [bid(crowd, anna, auction_id, 10)])
        clock.move(**END)
        await calm(house, [settling(crowd, up[0]), settling(other_process, up[1])])
        wins = await house.all("SELECT member_name FROM award WHERE auction_id = ANY($1)", up)
        assert [row["member_name"] for row in wins] == [anna.name], "the other bidding goes on for a minute"
        clock.move(minutes=2)
        await calm(house, [settling(crowd, auction_id) for auction_id in up])
        wins = await house.all("SELECT member_name FROM award WHERE auction_id = ANY($1)", up)
        assert {row["member_name"] for row in wins} == {anna.name, boris.name}
        clock.move(hours=13)


async def test_two_leaders_give_one_item_once(crowd: Stage, other_process: Stage, house: House, clock: MovableClock):
    anna, boris = raiders(2)
    await give(crowd, [anna, boris], 10)
    for _ in range(6):
        [up] = await put_up(crowd)
        await becomes(house, [up], without_bid="given")
        clock.move(**END)
        await calm(house, [settling(crowd, up)])
        results = await calm(house, [giving(crowd, LEAD, up, anna), giving(other_process, VERA, up, boris)])
        assert await house.one("SELECT count(*) FROM award WHERE auction_id = $1", up) == 1, results


async def test_two_officers_reassign_one_award_and_a_third_undoes_it(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    anna, boris, cara = raiders(3)
    members = await give(crowd, [anna, boris, cara], 1000)
    for _ in range(8):
        [up] = await put_up(crowd)
        await calm(house, [bid(crowd, anna, up, 10)])
        clock.move(**END)
        await calm(house, [settling(crowd, up)])
        award = await house.one("SELECT award_id FROM award WHERE auction_id = $1", up)
        works = [
            reassigning(crowd, LEAD, up, award, members[boris]),
            reassigning(other_process, VERA, up, award, members[cara]),
            undoing(other_process, award),
        ]
        results = await calm(house, works)
        assert sum(isinstance(result, str) for result in results) == 1
        assert await house.one("SELECT undone_at IS NOT NULL FROM award WHERE award_id = $1", award)
