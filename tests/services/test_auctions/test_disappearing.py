"""Bids that disappear in every form, and what is said of them: never an amount that is somebody's secret."""

import re

import pytest
from sqlalchemy import delete, select

from cogs.auctions.service import looking, void_bid, void_bids_without_role
from db.tables import Audit, Bid, Hold
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    ITSELF,
    LEAD,
    adds_up,
    auction,
    becomes,
    bid,
    give,
    member,
    money,
    rows,
    standing,
    statuses,
    told,
    write,
)


async def written(stage) -> list[str]:
    """Everything others may come to read."""
    return [f"{row.action} {row.before} {row.after} {row.reason}" for row in await rows(stage, select(Audit))]


async def test_a_sealed_offer_is_voided_and_nobody_hears_its_amount(stage, cloak):
    await becomes(stage, cloak, kind="sealed")
    await bid(stage, ANNA, cloak, 77)
    await bid(stage, BORIS, cloak, 33)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.amount, voided.leader, voided.price) == (None, None, None)
    assert voided.in_words().startswith("The offer by Anna on **Cloak of Flames** is void. It ends")
    assert await statuses(stage, cloak) == ["voided", "standing"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 33))
    assert await told(stage) == ["Your offer on **Cloak of Flames** was voided: mistyped."]
    assert not [line for line in await written(stage) if "77" in line or "33" in line]
    await adds_up(stage)


async def test_a_maximum_is_voided_and_nobody_hears_its_amount(stage, cloak):
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert voided.amount is None
    assert "The bid by Anna on **Cloak of Flames** is void; Boris leads at 40." in voided.in_words()
    assert await standing(stage, cloak) == ("Boris", 40)
    assert not [line for line in await written(stage) + await told(stage) if re.search(r"(?<!#)\b77\b", line)]
    await adds_up(stage)


async def test_a_losing_bid_voided_takes_the_price_down_again(stage, cloak):
    await bid(stage, ANNA, cloak, 80, is_maximum=True)
    await bid(stage, CARA, cloak, 20)
    await bid(stage, BORIS, cloak, 46)
    assert (await auction(stage, cloak)).price == 47
    voided = await void_bid(stage, LEAD, cloak, "Boris", "mistyped")
    assert (voided.leader, voided.price, (await auction(stage, cloak)).price) == ("Anna", 21, 21)
    assert await money(stage, ANNA) == (100, 80)
    await adds_up(stage)


async def test_a_maximum_that_stands_again_is_held_in_full_and_leads_at_the_price(stage, cloak):
    await give(stage, CARA, 100)
    await bid(stage, CARA, cloak, 10)
    await bid(stage, BORIS, cloak, 50, is_maximum=True)
    await bid(stage, ANNA, cloak, 60)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.leader, voided.price) == ("Boris", 11)
    assert await money(stage, BORIS) == (60, 50)
    await adds_up(stage)


async def test_a_place_among_copies_is_filled_by_the_next_best(stage, cloak):
    await becomes(stage, cloak, quantity=2)
    for who, amount in ((CARA, 10), (BORIS, 20), (ANNA, 30)):
        await bid(stage, who, cloak, amount)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert "The bid of 30 by Anna on **Cloak of Flames** is void; 2 bids stand now." in voided.in_words()
    assert await statuses(stage, cloak) == ["standing", "standing", "voided"]
    assert await money(stage, CARA) == (30, 10)
    await adds_up(stage)


async def test_where_names_are_hidden_the_answer_names_nobody_new(stage, cloak):
    await becomes(stage, cloak, names_hidden=True)
    await bid(stage, BORIS, cloak, 20)
    await bid(stage, ANNA, cloak, 30)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert "somebody leads at 20" in voided.in_words()
    assert "Boris" not in voided.in_words()


async def test_who_loses_the_role_it_takes_loses_the_bids_there_alone(stage, cloak, clock):
    for who, amount in ((BORIS, 20), (ANNA, 30)):
        await bid(stage, who, cloak, amount)
    await void_bids_without_role(stage, 1, lambda *_: False)
    assert await standing(stage, cloak) == ("Anna", 30), "no role is asked for"
    await becomes(stage, cloak, bidders="role", bidders_role_id=900)
    await void_bids_without_role(stage, 1, lambda *_: False, CARA.user_id)
    assert await standing(stage, cloak) == ("Anna", 30), "Cara has no bid"
    for _ in range(2):
        await void_bids_without_role(stage, 1, lambda user_id, role_id: (user_id, role_id) == (2, 900))
    assert await statuses(stage, cloak) == ["standing", "voided"]
    assert await told(stage, like="was voided: no longer has the role it takes.")
    await adds_up(stage)


# --- what the doctor sees ---------------------------------------------------------------------------------------------


async def problems(stage) -> list[str]:
    return await stage.run(ITSELF, looking.problems)


@pytest.mark.parametrize("kind", ["open", "sealed"])
async def test_the_doctor_sees_holds_that_are_not_those_of_standing_bids_and_says_no_amount(stage, cloak, kind):
    await becomes(stage, cloak, kind=kind, quantity=2)
    for who, amount in ((ANNA, 77), (BORIS, 44)):
        await bid(stage, who, cloak, amount)
    assert await problems(stage) == []
    anna, boris = (await member(stage, ANNA)).member_id, (await member(stage, BORIS)).member_id
    await write(stage, Hold.__table__.update().where(Hold.member_id == anna).values(amount=78))
    await write(stage, Bid.__table__.update().where(Bid.member_id == boris).values(status="lost"))
    assert await problems(stage) == [
        f"auction {cloak}: what is held of member {anna} is not what their standing bid can cost",
        f"auction {cloak}: points of member {boris} are held, and no bid of theirs stands",
    ]
    await write(stage, delete(Hold).where(Hold.member_id == anna))
    assert f"auction {cloak}: nothing is held for the standing bid of member {anna}" in await problems(stage)


async def test_the_doctor_sees_a_maximum_held_in_part(stage, cloak):
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    assert await problems(stage) == []
    await write(stage, Hold.__table__.update().values(amount=1))
    assert len(await problems(stage)) == 1


async def test_the_doctor_sees_what_stands_or_is_held_after_the_end(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 30)
    anna = (await member(stage, ANNA)).member_id
    await becomes(stage, cloak, status="won")
    assert await problems(stage) == [f"auction {cloak} is over, and a bid still stands of member {anna}"]
    await write(stage, Bid.__table__.update().values(status="won"))
    assert await problems(stage) == [f"auction {cloak} is over, and points are still held of member {anna}"]


async def test_the_doctor_sees_a_price_where_none_belongs_and_none_where_one_does(stage, cloak):
    await becomes(stage, cloak, price=5)
    assert await problems(stage) == [f"auction {cloak} has a price, and 0 bids stand"]
    await becomes(stage, cloak, kind="sealed")
    assert await problems(stage) == [f"auction {cloak} has a price, which its form has not"]
    await becomes(stage, cloak, kind="open", price=None)
    await bid(stage, ANNA, cloak, 30)
    await becomes(stage, cloak, price=None)
    assert await problems(stage) == [f"auction {cloak} has no price, and 1 bids stand"]
    await becomes(stage, cloak, quantity=2)
    assert await problems(stage) == []
