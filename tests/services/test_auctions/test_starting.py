"""Putting items up."""

import re
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
from cogs.dkp.service import ledger
from cogs.raids.service import evening
from db.tables import (
    Auction,
    AuctionBatch,
    Audit,
    Board,
    DueJob,
    Guild,
    Pool,
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


ROLES = {501: "Raiders", 502: "Healers"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"kind": "sealed"}, {"kind": "sealed", "quantity": 1}),
        ({"kind": "second-price", "quantity": 3}, {"kind": "second-price", "quantity": 3}),
        ({"quantity": 50}, {"kind": "open", "quantity": 50}),
        ({"steps": "from 50 by 5, from 100 by 10"}, {"steps": "50:5 100:10"}),
        ({"kind": "sealed", "ties": "amount attendance"}, {"ties": "amount attendance earliest"}),
        ({"kind": "sealed", "quantity": 2, "copies_pay": "lowest"}, {"copies_pay": "lowest"}),
        ({"one_win": True}, {"one_win": True}),
        ({"floor": 25.0}, {"floor": 25}),
        ({"floor": 0.0}, {"floor": 0}),
        ({"retract": "always"}, {"retract": "always"}),
        ({"without_bid": "bank"}, {"without_bid": "bank"}),
        ({"names": "hidden"}, {"names_hidden": True}),
        ({"snipe_window": "off"}, {"snipe_window_seconds": 0, "snipe_extension_seconds": 20}),
        ({"snipe_extension": "1m", "snipe_limit": 0}, {"snipe_extension_seconds": 60, "snipe_limit": 0}),
        ({"bidders": "30%"}, {"bidders": "attendance", "bidders_percent": 30, "bidders_role_id": None}),
        ({"bidders": "<@&502>"}, {"bidders": "role", "bidders_role_id": 502, "bidders_percent": None}),
        ({"bidders": "raiders"}, {"bidders": "role", "bidders_role_id": 501}),
        ({"duration": timedelta(days=7)}, {"kind": "open"}),
    ],
)
async def test_an_auction_keeps_the_rules_it_was_given_and_else_the_guilds(stage, given, kept):
    row = await auction(stage, await up(stage, roles=ROLES, **given))
    assert {name: getattr(row, name) for name in kept} == kept
    [audit] = await rows(stage, select(Audit).where(Audit.action == "auctions.started"))
    assert (audit.after["kind"], audit.after["quantity"]) == (row.kind, row.quantity)


async def test_what_an_auction_says_itself_goes_before_the_guilds(stage):
    guilds = {"auction_kind": "sealed", "auction_one_win": True, "auction_floor": 25, "auction_names_hidden": True}
    guilds |= {"auction_steps": "50:5", "auction_retract": "never", "auction_without_bid": "bank"}
    await up(stage, "Ring")
    await write(stage, update(Guild).where(Guild.guild_id == 1).values(**guilds))
    given = {"kind": "open", "one_win": False, "floor": 0.0, "names": "visible", "steps": "off", "retract": "always"}
    row = await auction(stage, await up(stage, without_bid="rots", **given))
    assert (row.kind, row.one_win, row.floor, row.names_hidden) == ("open", False, 0, False)
    assert (row.steps, row.retract, row.without_bid) == ("", "always", "rots")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": 0}, "1 to 50 copies, not 0"),
        ({"quantity": 51}, "1 to 50 copies, not 51"),
        ({"steps": "50 5 100"}, "no increments I can read"),
        ({"kind": "sealed", "ties": "amount, luck"}, "“luck” orders no offers"),
        ({"ties": "amount"}, "leave ties out"),
        ({"copies_pay": "lowest", "quantity": 2}, "leave it out"),
        ({"copies_pay": "own", "kind": "sealed"}, "leave it out"),
        ({"kind": "sealed", "snipe_window": "20s"}, "leave the snipe rules out"),
        ({"kind": "second-price", "snipe_limit": 0}, "leave the snipe rules out"),
        ({"floor": -1.0}, "A floor of -1 is lower than the pool's, which is 0"),
        ({"snipe_window": "11m"}, "10m at most"),
        ({"snipe_limit": -1}, "0 to 1000 times"),
        ({"bidders": "raid"}, "There is no raid"),
        ({"bidders": "Raidres"}, "did you mean @Raiders"),
        ({"bidders": "<@&503>"}, "does not say who may bid"),
        ({"bidders": "0%"}, "1 to 100 %"),
        ({"duration": timedelta(days=7, seconds=1)}, "10s to 7d"),
    ],
)
async def test_rules_that_make_no_sense_are_refused_in_one_sentence(stage, given, said):
    with pytest.raises(BadTerms, match=re.escape(said)):
        await up(stage, roles=ROLES, **given)
    assert await rows(stage, select(Auction)) == []


async def test_a_floor_lower_than_the_pools_is_refused_with_both_numbers(stage):
    pool = await stage.run(LEAD, ledger.default_pool)
    await write(stage, update(Pool).where(Pool.pool_id == pool.pool_id).values(floor=20))
    with pytest.raises(BadTerms, match="A floor of 19 is lower than the pool's, which is 20"):
        await up(stage, floor=19.0)
    assert (await auction(stage, await up(stage, floor=20.0))).floor == 20


async def test_increments_of_the_guild_that_are_too_fine_for_the_pool_are_refused(stage):
    await up(stage, "Ring")
    await write(stage, update(Guild).where(Guild.guild_id == 1).values(auction_steps="50:2.5"))
    with pytest.raises(BadAmount, match="too fine"):
        await up(stage)


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


async def test_a_batch_is_an_auction_a_line_of_so_many_copies_on_one_board(stage):
    answer = await start_batch(stage, LEAD, "Cloak x2 @ 50\nRing", channel_id=CHANNEL)
    assert [(started.item_name, started.quantity) for started in answer.started] == [("Cloak", 2), ("Ring", 1)]
    found = await rows(stage, select(Auction).order_by(Auction.auction_id))
    assert [(row.minimum, row.quantity) for row in found] == [(50, 2), (1, 1)]
    [batch] = await rows(stage, select(AuctionBatch))
    assert (batch.channel_id, batch.started_by_user_id) == (CHANNEL, LEAD.user_id)
    assert {row.auction_batch_id for row in found} == {batch.auction_batch_id}
    [board] = await rows(stage, select(Board))
    assert (board.kind, board.subject_id, board.channel_id) == ("auction_batch", batch.auction_batch_id, CHANNEL)
    assert len(await rows(stage, select(DueJob))) == 2


async def test_a_batch_of_one_line_is_an_ordinary_auction(stage):
    answer = await start_batch(stage, LEAD, "\nCloak x2\n", channel_id=CHANNEL)
    assert (await auction(stage, answer.started[0].auction_id)).auction_batch_id is None
    assert await rows(stage, select(AuctionBatch)) == []
    assert [board.kind for board in await rows(stage, select(Board))] == ["auction"]


async def test_a_batch_with_a_bad_line_starts_nothing_and_names_the_line(stage):
    with pytest.raises(BadBatch, match=r"Line 2 .*minimum"):
        await start_batch(stage, LEAD, "Cloak\nRing @ nan", channel_id=CHANNEL)
    assert await rows(stage, select(Auction)) == []


async def test_a_press_delivered_twice_starts_one_auction(stage):
    once = replace(LEAD, interaction_id=555)
    assert await up(stage, by=once) == await up(stage, by=once)
    assert len(await rows(stage, select(Auction))) == 1
