"""The clock stands still."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import due, heartbeat
from bot.refusals import NotAllowed
from cogs.auctions import jobs
from cogs.auctions.rules.bidding import OwnInterest
from cogs.auctions.rules.ending import PauseRefused
from cogs.auctions.service import (
    SETTLE,
    after_outage,
    cancel,
    close,
    extend,
    pause,
    place_bid,
    resume,
    settle,
    void_bid,
)
from db.tables import Audit, DueJob
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    ITSELF,
    LEAD,
    OTHER_LEAD,
    WITH_VERA,
    D,
    adds_up,
    auction,
    bid,
    end,
    give,
    money,
    rows,
    standing,
)

PENDING = select(DueJob).where(DueJob.kind == SETTLE, DueJob.done_at.is_(None))


async def test_a_paused_auction_keeps_its_holds_and_is_not_settled_however_late_it_gets(stage, cloak, clock):
    stage.registry.due[SETTLE] = jobs.settle_due
    await bid(stage, ANNA, cloak, 40)
    clock.move(minutes=1)
    paused = await pause(stage, LEAD, cloak)
    assert paused.left == timedelta(minutes=2)
    assert await rows(stage, PENDING) == []
    clock.move(hours=5)
    await due.run_once(stage)
    await stage.run(ITSELF, lambda session: settle(session, cloak))
    assert (await auction(stage, cloak)).status == "open"
    assert await money(stage, ANNA) == (100, 40)
    assert (await bid(stage, BORIS, cloak, 50)).code == "paused"
    await adds_up(stage)


async def test_what_was_left_is_left_when_it_goes_on(stage, cloak, clock):
    clock.move(minutes=1)
    await pause(stage, LEAD, cloak)
    clock.move(hours=5)
    resumed = await resume(stage, LEAD, cloak)
    row = await auction(stage, cloak)
    assert (resumed.ends_at, row.ends_at, row.paused_at) == (clock.now() + timedelta(minutes=2),) * 2 + (None,)
    [job] = await rows(stage, PENDING)
    assert job.due_at == row.ends_at + timedelta(seconds=1)
    actions = [each.action for each in await rows(stage, select(Audit).order_by(Audit.audit_id))]
    assert actions[-2:] == ["auctions.paused", "auctions.resumed"]


async def test_at_least_30_s_are_left_when_it_goes_on(stage, cloak, clock):
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=2)
    await pause(stage, LEAD, cloak)
    clock.move(minutes=1)
    assert (await resume(stage, LEAD, cloak)).ends_at == clock.now() + timedelta(seconds=30)


async def test_the_moment_we_heard_of_it_counts(stage, cloak, clock):
    ends_at = (await auction(stage, cloak)).ends_at
    clock.moment = ends_at + timedelta(milliseconds=500)
    in_time = replace(LEAD, received_at=ends_at - timedelta(milliseconds=100))
    await pause(stage, in_time, cloak)
    assert (await auction(stage, cloak)).paused_at == in_time.received_at


async def test_at_the_end_there_is_nothing_left_to_pause(stage, cloak, clock):
    clock.moment = (await auction(stage, cloak)).ends_at
    with pytest.raises(PauseRefused, match="just ended"):
        await pause(stage, LEAD, cloak)


async def test_twice_is_refused_in_a_friendly_sentence(stage, cloak):
    with pytest.raises(PauseRefused, match="is not paused: it ends"):
        await resume(stage, LEAD, cloak)
    await pause(stage, LEAD, cloak)
    with pytest.raises(PauseRefused, match="is paused already"):
        await pause(stage, OTHER_LEAD, cloak)


@pytest.mark.parametrize("act", [pause, resume])
async def test_it_takes_the_right_and_no_bid_of_ones_own(stage, cloak, act):
    with pytest.raises(NotAllowed):
        await act(stage, ANNA, cloak)
    await give(stage, LEAD, 100)
    await bid(stage, LEAD, cloak, 20)
    with pytest.raises(OwnInterest):
        await act(stage, LEAD, cloak, WITH_VERA)


async def test_extending_a_paused_one_adds_to_what_is_left(stage, cloak, clock):
    clock.move(minutes=1)
    await pause(stage, LEAD, cloak)
    clock.move(hours=1)
    extended = await extend(stage, LEAD, cloak, timedelta(minutes=5))
    assert (extended.paused, extended.left) == (True, timedelta(minutes=7))
    assert await rows(stage, PENDING) == []
    assert (await resume(stage, LEAD, cloak)).ends_at == clock.now() + timedelta(minutes=7)


async def test_a_paused_one_is_closed_with_its_reason_and_is_paused_no_more(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    await pause(stage, LEAD, cloak)
    clock.move(hours=1)
    ended = await close(stage, LEAD, cloak, "we go to bed")
    assert [(each.name, each.price) for each in ended.wins] == [("Anna", 40)]
    row = await auction(stage, cloak)
    assert (row.status, row.closed_early_reason, row.paused_at) == ("won", "we go to bed", None)
    await adds_up(stage)


async def test_a_paused_one_is_cancelled(stage, cloak):
    await bid(stage, ANNA, cloak, 40)
    await pause(stage, LEAD, cloak)
    assert await cancel(stage, LEAD, cloak, "wrong item") == "Cloak of Flames"
    assert await money(stage, ANNA) == (100, 0)
    await adds_up(stage)


async def test_a_leader_voided_near_the_end_of_a_paused_one_leaves_a_minute(stage, cloak, clock):
    await bid(stage, BORIS, cloak, 20)
    await bid(stage, ANNA, cloak, 40)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=5)
    await pause(stage, LEAD, cloak)
    clock.move(hours=1)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert voided.in_words().endswith("Boris leads at 20. It is paused.")
    assert await standing(stage, cloak) == ("Boris", 20)
    assert await rows(stage, PENDING) == []
    assert (await resume(stage, LEAD, cloak)).ends_at == clock.now() + timedelta(seconds=60)


async def test_an_outage_gives_nothing_to_a_paused_one(stage, cloak, clock):
    stage.registry.outages.append(after_outage)
    await heartbeat.beat(stage, "one")
    await pause(stage, LEAD, cloak)
    before = (await auction(stage, cloak)).ends_at
    clock.move(minutes=30)
    await heartbeat.come_up(stage, "two")
    row = await auction(stage, cloak)
    assert (row.ends_at, row.time_given_back_at) == (before, None)


async def test_an_outage_during_a_pause_gives_nothing_once_it_went_on_either(stage, cloak, clock):
    stage.registry.outages.append(after_outage)
    await heartbeat.beat(stage, "one")
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=40)
    await heartbeat.beat(stage, "one")
    await pause(stage, LEAD, cloak)
    clock.move(seconds=25)
    await heartbeat.come_up(stage, "two")
    clock.move(seconds=2)
    resumed = await resume(stage, LEAD, cloak)
    await end(stage, clock, cloak)
    row = await auction(stage, cloak)
    assert (row.status, row.ends_at, row.time_given_back_at) == ("no_bids", resumed.ends_at, None)


async def test_it_ends_as_ever_once_it_went_on(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    await pause(stage, LEAD, cloak)
    clock.move(hours=1)
    await resume(stage, LEAD, cloak)
    assert (await place_bid(stage, BORIS, cloak, D(50))).outcome == "accepted"
    await end(stage, clock, cloak)
    assert (await auction(stage, cloak)).status == "won"
    assert await money(stage, BORIS) == (10, 0)
    await adds_up(stage)
