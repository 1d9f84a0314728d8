"""What lists, panels and the doctor show."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from bot.refusals import NotFound
from cogs.auctions.service import (
    looking,
)
from db.tables import (
    Hold,
)
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    ITSELF,
    LEAD,
    bid,
    member,
    up,
    write,
)


async def test_the_list_has_open_auctions_the_first_to_end_first(stage, cloak):
    await up(stage, "Ring", duration=timedelta(minutes=1))
    await bid(stage, ANNA, cloak, 30)
    lines = await stage.run(ITSELF, looking.list_open)
    assert [line.split(" · ")[:2] for line in lines] == [
        ["**Ring**", "begins at 1"],
        ["**Cloak of Flames**", "at 30 by Anna"],
    ]


async def test_refused_bids_are_seen_by_who_made_them_alone(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    await bid(stage, CARA, cloak, 99)
    seen = {who: await stage.run(who, lambda session: looking.bids_of(session, cloak)) for who in (ANNA, CARA, LEAD)}
    assert [len(seen[who]) for who in (ANNA, CARA, LEAD)] == [1, 2, 1]


async def test_the_panel_tells_only_ones_own_points(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    boris = await stage.run(BORIS, lambda session: looking.panel_of(session, cloak))
    assert boris.sentence.startswith("**Cloak of Flames** is at 30 by Anna.")
    assert boris.sentence.endswith("You can spend 60.")
    assert (boris.next_bid, boris.leads) == (31, False)


async def test_an_auction_is_found_by_its_number_or_its_item(stage, cloak):
    find = looking.find_auction
    assert await stage.run(ANNA, lambda session: find(session, f"#{cloak}")) == cloak
    assert await stage.run(ANNA, lambda session: find(session, " cloak OF flames")) == cloak
    with pytest.raises(NotFound, match="Did you mean Cloak of Flames"):
        await stage.run(ANNA, lambda session: find(session, "cloak of flame"))


async def test_the_doctor_sees_a_hold_that_is_missing(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    anna = await member(stage, ANNA)
    await write(stage, delete(Hold))
    assert await stage.run(ITSELF, looking.problems) == [
        f"auction {cloak}: nothing is held for the standing bid of member {anna.member_id}"
    ]
