"""Bids in every form: maxima, copies, sealed offers; who may bid; many at once in one transaction."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import event, select, update

from cogs.auctions.service.personal import export_bids
from db.tables import Account, Auction, Audit, Award, Bid, Hold, Pool
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    D,
    adds_up,
    auction,
    bid,
    give,
    member,
    money,
    rows,
    statuses,
    told,
    write,
)


async def becomes(stage, auction_id: int, **columns) -> None:
    await write(stage, update(Auction).where(Auction.auction_id == auction_id).values(**columns))


async def price(stage, auction_id: int) -> Decimal | None:
    return (await auction(stage, auction_id)).price


async def holds(stage, auction_id: int) -> dict[int, Decimal]:
    found = await rows(stage, select(Hold).where(Hold.auction_id == auction_id))
    return {hold.member_id: hold.amount for hold in found}


# -- maxima ------------------------------------------------------------------------------------------------------------


async def test_a_maximum_leads_at_the_minimum_and_is_held_in_full(stage, cloak) -> None:
    answer = await bid(stage, ANNA, cloak, 80, is_maximum=True)
    assert (answer.outcome, answer.panel.next_bid, answer.panel.leads) == ("accepted", 2, True)
    assert "You lead **Cloak of Flames** at 1, up to 80: others are answered for you." in answer.panel.sentence
    assert await price(stage, cloak) == 1
    assert await money(stage, ANNA) == (100, 80)
    await adds_up(stage)


async def test_a_bid_under_a_hidden_maximum_loses_at_once_and_holds_nothing(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 80, is_maximum=True)
    answer = await bid(stage, BORIS, cloak, 46)
    assert answer.outcome == "accepted"
    assert not answer.panel.leads
    assert answer.panel.sentence.startswith(
        "Answered by an earlier maximum: **Cloak of Flames** is at 47, the next bid"
    )
    assert answer.panel.next_bid == 48
    assert await money(stage, BORIS) == (60, 0)
    assert await statuses(stage, cloak) == ["standing", "outbid"]
    await adds_up(stage)


async def test_a_maximum_is_raised_and_lowered_to_the_price_by_its_owner(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 50, is_maximum=True)
    await bid(stage, BORIS, cloak, 30)
    await bid(stage, ANNA, cloak, 90, is_maximum=True)
    assert (await price(stage, cloak), await money(stage, ANNA)) == (31, (100, 90))
    low = await bid(stage, ANNA, cloak, 30, is_maximum=True)
    assert (low.code, low.panel.sentence) == (
        "too_low",
        "**Cloak of Flames** is at 31: your maximum can be 31 or more.",
    )
    await bid(stage, ANNA, cloak, 31, is_maximum=True)
    assert (await price(stage, cloak), await money(stage, ANNA)) == (31, (100, 31))
    # The higher ones are no longer in the game: the next bid beats her at once.
    assert await statuses(stage, cloak) == ["replaced", "outbid", "replaced", "refused", "standing"]
    assert (await bid(stage, BORIS, cloak, 32)).panel.leads
    await adds_up(stage)


async def test_a_plain_raise_keeps_the_higher_maximum(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 80, is_maximum=True)
    assert "now at 40, up to 80" in (await bid(stage, ANNA, cloak, 40)).panel.sentence
    assert (await price(stage, cloak), await money(stage, ANNA)) == (40, (100, 80))


async def test_a_maximum_is_told_in_no_audit_row_and_no_notice(stage, cloak) -> None:
    await becomes(stage, cloak, ends_at=stage.clock.now() + timedelta(days=1))
    await bid(stage, ANNA, cloak, 44, is_maximum=True)
    await bid(stage, BORIS, cloak, 50)
    said = [f"{row.action} {row.before} {row.after}" for row in await rows(stage, select(Audit))] + await told(stage)
    assert any("Boris outbid your 1 on" in line for line in said)
    assert not [line for line in said if "44" in line]


# -- copies ------------------------------------------------------------------------------------------------------------


async def test_the_best_of_several_copies_stand_and_the_lowest_is_beaten(stage, cloak) -> None:
    await becomes(stage, cloak, quantity=2)
    assert (await bid(stage, ANNA, cloak, 10)).panel.leads
    assert (await bid(stage, BORIS, cloak, 5)).panel.leads
    low = await bid(stage, CARA, cloak, 5)
    assert (low.code, low.panel.next_bid) == ("too_low", 6)
    await bid(stage, CARA, cloak, 6)
    anna, boris, cara = [(await member(stage, who)).member_id for who in (ANNA, BORIS, CARA)]
    assert await holds(stage, cloak) == {anna: 10, cara: 6}
    assert boris not in await holds(stage, cloak)
    assert (await bid(stage, ANNA, cloak, 20, is_maximum=True)).code == "no_maximum"
    await adds_up(stage)


# -- sealed ------------------------------------------------------------------------------------------------------------


async def test_a_sealed_offer_is_held_and_a_new_one_replaces_it(stage, cloak) -> None:
    await becomes(stage, cloak, kind="sealed")
    await bid(stage, ANNA, cloak, 40)
    await bid(stage, BORIS, cloak, 50)
    assert (await bid(stage, ANNA, cloak, 30)).outcome == "accepted"
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 30), (60, 50))
    assert await statuses(stage, cloak) == ["replaced", "standing", "standing"]
    assert await price(stage, cloak) is None
    await adds_up(stage)


async def test_a_guild_may_forbid_lowering_an_offer(stage, cloak) -> None:
    await becomes(stage, cloak, kind="sealed", retract="never")
    await bid(stage, ANNA, cloak, 40)
    assert (await bid(stage, ANNA, cloak, 30)).code == "no_lowering"
    assert (await bid(stage, ANNA, cloak, 40)).code == "unchanged"
    assert (await bid(stage, ANNA, cloak, 41)).outcome == "accepted"


async def test_no_audit_row_says_what_was_offered(stage, cloak) -> None:
    await becomes(stage, cloak, kind="second-price")
    await bid(stage, ANNA, cloak, 44)
    [row] = await rows(stage, select(Audit).where(Audit.action.like("auctions.offer%")))
    assert "44" not in f"{row.before} {row.after}"


async def test_a_batch_that_breaks_writes_no_amount_into_the_log(stage, cloak, caplog, owner) -> None:
    await becomes(stage, cloak, kind="sealed")
    await give(stage, ANNA, 99_000)
    await owner.execute("ALTER TABLE hold ADD CONSTRAINT refuses CHECK (amount < 90000)")
    answers = await asyncio.gather(
        bid(stage, ANNA, cloak, 94_387), bid(stage, BORIS, cloak, 50), return_exceptions=True
    )
    assert [type(answer).__name__ for answer in answers] == ["IntegrityError"] * 2
    said = "\n".join([caplog.text, *map(str, answers)])
    assert "a batch of 2 broke" in said
    assert "94387" not in said


# -- who may bid -------------------------------------------------------------------------------------------------------


async def test_a_paused_auction_takes_no_bid_and_keeps_its_holds(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 10)
    await becomes(stage, cloak, paused_at=stage.clock.now())
    refused = await bid(stage, BORIS, cloak, 20)
    assert (refused.code, refused.panel.can_bid) == ("paused", False)
    assert await money(stage, ANNA) == (100, 10)


async def test_only_who_holds_the_role_bids(stage, cloak) -> None:
    await becomes(stage, cloak, bidders="role", bidders_role_id=900)
    assert (await bid(stage, ANNA, cloak, 10)).code == "not_in_role"


async def test_only_who_was_there_often_enough_bids(stage, cloak) -> None:
    await becomes(stage, cloak, bidders="attendance", bidders_percent=30)
    refused = await bid(stage, ANNA, cloak, 10)
    assert refused.code == "low_attendance"
    assert refused.panel.sentence.startswith("You have no attendance in 30 days yet, and **Cloak of Flames** asks 30 %")


async def test_an_auctions_floor_counts_where_it_is_above_the_pools(stage, cloak) -> None:
    await becomes(stage, cloak, floor=D(70))
    assert (await bid(stage, ANNA, cloak, 31)).code == "cannot_afford"
    assert (await bid(stage, ANNA, cloak, 30)).outcome == "accepted"


async def test_one_win_a_night(stage, cloak) -> None:
    anna = await member(stage, ANNA)
    [pool] = await rows(stage, select(Pool))

    async def win(session) -> None:
        session.add(
            Award(
                guild_id=1,
                pool_id=pool.pool_id,
                member_id=anna.member_id,
                item_name="Ring",
                item_key="ring",
                member_name="Anna",
                how="auction",
                cost=D(0),
                awarded_at=session.now,
            )
        )

    await stage.run(ANNA, win)
    assert (await bid(stage, ANNA, cloak, 10)).outcome == "accepted"
    await becomes(stage, cloak, one_win=True)
    refused = await bid(stage, ANNA, cloak, 12)
    assert (refused.code, refused.panel.sentence) == (
        "won_tonight",
        "You won **Ring** tonight; one win a night here, so **Cloak of Flames** is for the others.",
    )


# -- together ----------------------------------------------------------------------------------------------------------


async def test_bids_that_wait_share_a_transaction_and_each_has_its_own_answer(stage, cloak) -> None:
    commits = []
    engine = stage.db.engine.sync_engine
    event.listen(engine, "commit", lambda connection: commits.append(connection))
    answers = await asyncio.gather(
        bid(stage, ANNA, cloak, 10),
        bid(stage, BORIS, cloak, 11),
        bid(stage, CARA, cloak, 11),
        bid(stage, CARA, cloak, 31),
        bid(stage, ANNA, cloak, 12),
    )
    assert [answer.code for answer in answers] == [None, None, "too_low", "cannot_afford", None]
    assert await statuses(stage, cloak) == ["outbid", "outbid", "refused", "refused", "standing"]
    assert len(commits) <= 4  # one or two batches, and the look at the statuses
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 12), (60, 0))
    await adds_up(stage)


async def test_who_never_had_an_account_bids_beside_others(stage, cloak) -> None:
    from tests.conftest import person

    answers = await asyncio.gather(bid(stage, person(9, "Nina"), cloak, 5), bid(stage, ANNA, cloak, 6))
    assert [answer.code for answer in answers] == ["cannot_afford", None]
    assert len(await rows(stage, select(Account))) == 4


async def test_a_batch_tells_who_stood_once(stage, cloak) -> None:
    await becomes(stage, cloak, ends_at=stage.clock.now() + timedelta(days=1))
    await give(stage, CARA, 100)
    await bid(stage, ANNA, cloak, 5)
    await asyncio.gather(bid(stage, BORIS, cloak, 6), bid(stage, CARA, cloak, 7), bid(stage, BORIS, cloak, 8))
    said = await told(stage, like="outbid")
    assert len(said) == 2  # Anna and Cara; Boris leads
    assert all("it is at 8" in line for line in said)
    found = await rows(stage, select(Bid).order_by(Bid.sequence))
    assert [each.sequence for each in found] == [1, 2, 3, 4]


async def test_the_file_about_oneself_says_up_to_where_one_bid(stage, cloak):
    await bid(stage, ANNA, cloak, 44, is_maximum=True)

    async def look(session):
        return await export_bids(session, [session.member.member_id])

    [row] = await stage.run(ANNA, look)
    assert (D(row["amount"]), D(row["maximum"]), row["tier"]) == (1, 44, "anyone")
