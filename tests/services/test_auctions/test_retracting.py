"""Somebody takes back what they bid."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.standing import MayNotRetract
from cogs.auctions.service import pause, retract
from db.tables import Audit, Hold
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    LEAD,
    adds_up,
    auction,
    becomes,
    bid,
    end,
    money,
    rows,
    standing,
    statuses,
    told,
)


async def test_by_default_who_was_outbid_takes_all_of_it_back_and_who_leads_does_not(stage, cloak):
    for who, amount in ((ANNA, 20), (BORIS, 30), (ANNA, 40), (BORIS, 45)):
        await bid(stage, who, cloak, amount)
    done = await retract(stage, ANNA, cloak)
    assert done.in_words() == "You took back what you bid on **Cloak of Flames**; nothing of yours is held for it."
    assert await statuses(stage, cloak) == ["retracted", "outbid", "retracted", "standing"]
    with pytest.raises(MayNotRetract) as refused:
        await retract(stage, BORIS, cloak)
    assert str(refused.value) == "You lead at 45, and a leading bid stays: ask a raid leader to void it."
    await adds_up(stage)


async def test_a_leader_who_may_is_followed_by_the_best_of_the_rest_with_a_minute(stage, cloak, clock):
    await becomes(stage, cloak, retract="always")
    await bid(stage, BORIS, cloak, 30)
    await bid(stage, ANNA, cloak, 40)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=5)
    await retract(stage, ANNA, cloak)
    assert await standing(stage, cloak) == ("Boris", 30)
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 30))
    assert (await auction(stage, cloak)).ends_at == clock.now() + timedelta(seconds=60)
    assert await told(stage, like="Your bid of 30 leads **Cloak of Flames** again")
    [row] = await rows(stage, select(Audit).where(Audit.action == "auctions.bid.retracted"))
    assert row.after == {"item": "Cloak of Flames"}
    await adds_up(stage)


async def test_where_nothing_is_taken_back_it_says_whom_to_ask(stage, cloak):
    await becomes(stage, cloak, retract="never")
    await bid(stage, ANNA, cloak, 20)
    await bid(stage, BORIS, cloak, 30)
    with pytest.raises(MayNotRetract, match="No bid on Cloak of Flames can be taken back: ask a raid leader"):
        await retract(stage, ANNA, cloak)
    assert await statuses(stage, cloak) == ["outbid", "standing"]


async def test_a_sealed_offer_is_taken_back_whoever_leads(stage, cloak):
    await becomes(stage, cloak, kind="sealed")
    await bid(stage, ANNA, cloak, 50)
    await bid(stage, BORIS, cloak, 30)
    await retract(stage, ANNA, cloak)
    assert await statuses(stage, cloak) == ["retracted", "standing"]
    assert await money(stage, ANNA) == (100, 0)
    await adds_up(stage)
    await becomes(stage, cloak, retract="never")
    with pytest.raises(MayNotRetract, match="No offer on"):
        await retract(stage, BORIS, cloak)


async def test_of_several_copies_who_stands_stays_and_a_place_that_is_left_is_filled(stage, cloak):
    await becomes(stage, cloak, quantity=2)
    for who, amount in ((CARA, 10), (BORIS, 20), (ANNA, 30)):
        await bid(stage, who, cloak, amount)
    with pytest.raises(MayNotRetract, match="You stand with 20, and a bid that stands stays"):
        await retract(stage, BORIS, cloak)
    await becomes(stage, cloak, retract="always")
    await retract(stage, BORIS, cloak)
    assert await statuses(stage, cloak) == ["standing", "retracted", "standing"]
    assert await told(stage, like="Your bid of 10 stands on **Cloak of Flames** again")
    await adds_up(stage)


async def test_who_has_no_bid_and_who_comes_too_late_has_nothing_to_take_back(stage, cloak, clock):
    with pytest.raises(MayNotRetract, match="You have no bid"):
        await retract(stage, ANNA, cloak)
    await becomes(stage, cloak, retract="always")
    await bid(stage, ANNA, cloak, 20)
    clock.moment = (await auction(stage, cloak)).ends_at
    with pytest.raises(AuctionOver, match="just ended"):
        await retract(stage, ANNA, cloak)
    await end(stage, clock, cloak)
    with pytest.raises(AuctionOver, match="is over"):
        await retract(stage, ANNA, cloak)
    assert await statuses(stage, cloak) == ["won"]


async def test_while_it_is_paused_a_bid_may_be_taken_back(stage, cloak, clock):
    await becomes(stage, cloak, kind="sealed")
    await bid(stage, ANNA, cloak, 20)
    await pause(stage, LEAD, cloak)
    clock.move(hours=1)
    await retract(stage, ANNA, cloak)
    assert await rows(stage, select(Hold)) == []
    await adds_up(stage)
