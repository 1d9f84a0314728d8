"""Putting items up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.refusals import NotAllowed
from bot.typed import BadAmount
from cogs.auctions.rules.starting import BadBatch, BadTerms
from cogs.auctions.service import (
    SETTLE,
    start,
    start_batch,
)
from cogs.raids.service import evening
from db.tables import (
    Auction,
    Audit,
    Board,
    DueJob,
    Guild,
)
from tests.services.test_auctions.house import (
    ANNA,
    CHANNEL,
    LEAD,
    OTHER_LEAD,
    auction,
    rows,
    up,
    write,
)


async def test_an_auction_begins_with_the_guilds_terms_its_board_and_its_end_scheduled(stage, clock):
    auction_id = await up(stage)
    row = await auction(stage, auction_id)
    assert (row.minimum, row.increment, row.bidders, row.status) == (1, 1, "members", "open")
    assert row.ends_at - clock.now() == timedelta(minutes=3)
    assert (row.snipe_window_seconds, row.snipe_extension_seconds, row.snipe_limit) == (20, 20, 20)
    [board] = await rows(stage, select(Board))
    assert (board.kind, board.subject_id, board.channel_id) == ("auction", auction_id, CHANNEL)
    [job] = await rows(stage, select(DueJob))
    assert (job.kind, job.key, job.due_at) == (SETTLE, str(auction_id), row.ends_at + timedelta(seconds=1))
    assert [a.action for a in await rows(stage, select(Audit))] == ["auctions.started"]


async def test_the_auctions_channel_is_used_when_there_is_one(stage):
    await up(stage)
    await write(stage, update(Guild).where(Guild.guild_id == 1).values(auctions_channel_id=88))
    assert (await auction(stage, await up(stage, "Ring"))).channel_id == 88


async def test_terms_can_be_given(stage, clock):
    auction_id = await up(stage, minimum=10.0, increment=5.0, duration=timedelta(minutes=10), note="BoE")
    row = await auction(stage, auction_id)
    assert (row.minimum, row.increment, row.note) == (10, 5, "BoE")
    assert row.ends_at - clock.now() == timedelta(minutes=10)


@pytest.mark.parametrize(
    "terms",
    [
        {"minimum": 0.0},
        {"minimum": -5.0},
        {"increment": 0.0},
        {"duration": timedelta(seconds=9)},
        {"duration": timedelta(days=8)},
    ],
)
async def test_terms_nobody_could_bid_on_are_refused(stage, terms):
    with pytest.raises(BadTerms):
        await up(stage, **terms)
    assert await rows(stage, select(Auction)) == []


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), 1e12, 10.005])
async def test_a_minimum_that_is_no_amount_is_refused(stage, amount):
    with pytest.raises(BadAmount):
        await up(stage, minimum=amount)


@pytest.mark.parametrize("item", ["", "   ", "x" * 101])
async def test_an_item_has_a_name_of_1_to_100_characters(stage, item):
    with pytest.raises(BadTerms):
        await up(stage, item)


async def test_only_leaders_start_auctions(stage):
    with pytest.raises(NotAllowed):
        await up(stage, by=ANNA)


async def test_the_running_raid_is_the_auctions_and_only_who_is_there_bids(stage):
    raid = await evening.start_raid(stage, LEAD, event="Temple of Veeshan", channel_id=CHANNEL)
    row = await auction(stage, await up(stage))
    assert (row.raid_id, row.bidders) == (raid.raid_id, "raid")
    assert (await auction(stage, await up(stage, "Ring", bidders="members"))).bidders == "members"


async def test_a_second_copy_in_one_raid_within_10_minutes_is_asked_about(stage, clock):
    await evening.start_raid(stage, LEAD, event="Temple of Veeshan", channel_id=CHANNEL)
    first = await up(stage, duration=timedelta(minutes=30))
    clock.move(minutes=1)
    answer = await start(stage, OTHER_LEAD, "CLOAK  of flames", channel_id=CHANNEL)
    assert answer.started == ()
    assert answer.copy is not None
    assert (answer.copy.auction_id, answer.copy.ends_at) == (first, (await auction(stage, first)).ends_at)
    assert len(await rows(stage, select(Auction))) == 1
    await up(stage, second_copy=True)
    clock.move(minutes=10)
    await up(stage)
    assert len(await rows(stage, select(Auction))) == 3


async def test_a_batch_starts_an_auction_a_line_and_two_for_x2(stage):
    answer = await start_batch(stage, LEAD, "Cloak x2 @ 50\nRing", channel_id=CHANNEL)
    assert [started.item_name for started in answer.started] == ["Cloak", "Cloak", "Ring"]
    found = await rows(stage, select(Auction).order_by(Auction.auction_id))
    assert [row.minimum for row in found] == [50, 50, 1]


async def test_a_batch_with_a_bad_line_starts_nothing_and_names_the_line(stage):
    with pytest.raises(BadBatch, match=r"Line 2 .*minimum"):
        await start_batch(stage, LEAD, "Cloak\nRing @ nan", channel_id=CHANNEL)
    assert await rows(stage, select(Auction)) == []


async def test_a_press_delivered_twice_starts_one_auction(stage):
    once = replace(LEAD, interaction_id=555)
    assert await up(stage, by=once) == await up(stage, by=once)
    assert len(await rows(stage, select(Auction))) == 1
