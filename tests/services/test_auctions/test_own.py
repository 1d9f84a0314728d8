"""The line that says where one stands: who may read it, and what it says when an auction does not run."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from cogs.auctions import service
from cogs.auctions.service import looking
from db.tables import Auction, Award, Guild, Pool
from tests.services.test_auctions.house import ANNA, BORIS, CARA, LEAD, D, bid, end, up, write


async def line(stage, who, auction_id: int) -> str:
    return (await stage.run(who, lambda session: looking.panel_of(session, auction_id))).sentence.split("\n")[0]


async def becomes(stage, auction_id: int, **columns) -> None:
    await write(stage, update(Auction).where(Auction.auction_id == auction_id).values(**columns))


async def test_who_leads_is_not_named_where_bidders_are_not(stage, cloak):
    await bid(stage, ANNA, cloak, 5)
    assert (await line(stage, BORIS, cloak)).startswith("**Cloak of Flames** is at 5 by Anna. It ends")
    await becomes(stage, cloak, names_hidden=True)
    assert (await line(stage, BORIS, cloak)).startswith("**Cloak of Flames** is at 5. It ends")


async def test_the_lines_of_an_auction_that_is_over(stage, clock, cloak):
    await bid(stage, ANNA, cloak, 5)
    clock.moment += timedelta(seconds=180)
    assert (
        await line(stage, ANNA, cloak) == "The bidding on **Cloak of Flames** has ended: the result comes in a moment."
    )
    await end(stage, clock, cloak)
    assert await line(stage, ANNA, cloak) == "You have **Cloak of Flames** for 5."
    assert await line(stage, BORIS, cloak) == "The auction of **Cloak of Flames** is over: it went to Anna for 5."
    await write(stage, update(Award).values(undone_at=clock.now()))
    assert await line(stage, ANNA, cloak) == "The auction of **Cloak of Flames** is over: the award was undone."


async def test_an_auction_nobody_bid_on_and_one_that_was_cancelled(stage, clock, cloak):
    ring = await up(stage, "Ring")
    await service.cancel(stage, LEAD, ring, "wrong *item*")
    assert await line(stage, ANNA, ring) == "The auction of **Ring** was cancelled: wrong \\*item\\*."
    await end(stage, clock, cloak)
    assert await line(stage, ANNA, cloak) == "The auction of **Cloak of Flames** is over: nobody bid."


async def test_the_winners_of_several_copies_are_told_with_their_prices(stage, clock, cloak):
    await becomes(stage, cloak, quantity=2)
    await bid(stage, ANNA, cloak, 9)
    await bid(stage, BORIS, cloak, 7)
    await end(stage, clock, cloak)
    assert (await line(stage, CARA, cloak)).endswith("is over: it went to Anna for 9, Boris for 7.")
    assert await line(stage, BORIS, cloak) == "You have **Cloak of Flames** for 7."


@pytest.mark.parametrize(
    ("kind", "offered", "floor", "all_in"),
    [
        ("open", None, 0, 100),
        ("open", 40, 0, 100),
        ("open", None, 30, 70),
        ("sealed", 40, 0, 100),
        ("sealed", 100, 0, None),
    ],
)
async def test_all_in_is_all_that_can_be_bid_and_not_offered_yet(stage, cloak, kind, offered, floor, all_in):
    await write(stage, update(Guild).values(auction_all_in=True))
    await becomes(stage, cloak, kind=kind, floor=D(floor))
    if offered:
        await bid(stage, ANNA, cloak, offered)
    panel = await stage.run(ANNA, lambda session: looking.panel_of(session, cloak))
    assert panel.all_in == all_in


async def test_all_in_is_an_amount_the_pool_takes(stage, cloak):
    await write(stage, update(Guild).values(auction_all_in=True))
    await becomes(stage, cloak, floor=D("0.5"))
    await write(stage, update(Pool).values(decimals=0))
    panel = await stage.run(ANNA, lambda session: looking.panel_of(session, cloak))
    assert panel.all_in == 99
    assert (await bid(stage, ANNA, cloak, panel.all_in)).outcome == "accepted"
