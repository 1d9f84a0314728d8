"""What comes of each form at its end: who won, for what, why, and what everybody has then."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import people
from cogs.auctions.service import close, void_bids_without_right
from cogs.raids.service import evening, roster, ticks
from db.tables import AuctionBatch, Audit, Award, DueJob, Hold, Member
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    CHANNEL,
    ITSELF,
    LEAD,
    D,
    adds_up,
    auction,
    becomes,
    bid,
    end,
    member,
    money,
    rows,
    standing,
    statuses,
    told,
    up,
    write,
)


async def won(stage, auction_id: int) -> list[tuple[str, int]]:
    query = select(Award).where(Award.auction_id == auction_id, Award.undone_at.is_(None)).order_by(Award.award_id)
    return [(award.member_name, int(award.cost)) for award in await rows(stage, query)]


# --- sealed forms -----------------------------------------------------------------------------------------------------


async def test_the_highest_sealed_offer_wins_pays_itself_and_everybody_else_is_free_again(stage, cloak, clock):
    await becomes(stage, cloak, kind="sealed")
    for who, amount in ((ANNA, 40), (BORIS, 50), (CARA, 30)):
        await bid(stage, who, cloak, amount)
    await end(stage, clock, cloak)
    assert await won(stage, cloak) == [("Boris", 50)]
    assert await statuses(stage, cloak) == ["lost", "won", "lost"]
    assert [await money(stage, who) for who in (ANNA, BORIS, CARA)] == [(100, 0), (10, 0), (30, 0)]
    row = await auction(stage, cloak)
    assert row.trace == ["tier anyone: 3 offers; 50 against 40: the first wins."]
    assert row.roll_seed is None
    await adds_up(stage)


async def test_second_price_pays_one_increment_over_the_best_losing_offer(stage, cloak, clock):
    await becomes(stage, cloak, kind="second-price", increment=D(5))
    await bid(stage, ANNA, cloak, 90)
    await bid(stage, BORIS, cloak, 40)
    await end(stage, clock, cloak)
    assert await won(stage, cloak) == [("Anna", 45)]
    assert await money(stage, ANNA) == (55, 0)
    await adds_up(stage)


async def test_sealed_copies_that_pay_the_lowest_are_awarded_in_one_go_and_announced_each(stage, cloak, clock):
    await becomes(stage, cloak, kind="sealed", quantity=2, copies_pay="lowest")
    for who, amount in ((ANNA, 40), (BORIS, 50), (CARA, 30)):
        await bid(stage, who, cloak, amount)
    await end(stage, clock, cloak)
    assert await won(stage, cloak) == [("Boris", 40), ("Anna", 40)]
    assert len(await told(stage, like="goes to")) == 2
    assert (await auction(stage, cloak)).trace[-1] == "All pay the lowest winning price, 40."
    await adds_up(stage)


async def test_open_copies_each_pay_their_own(stage, cloak):
    await becomes(stage, cloak, quantity=2)
    for who, amount in ((ANNA, 40), (BORIS, 50), (CARA, 30)):
        await bid(stage, who, cloak, amount)
    ended = await close(stage, LEAD, cloak, "enough now")
    assert [(each.name, each.price) for each in ended.wins] == [("Boris", 50), ("Anna", 40)]
    assert await won(stage, cloak) == [("Boris", 50), ("Anna", 40)]
    assert await rows(stage, select(Hold)) == []
    await adds_up(stage)


async def test_a_maximum_pays_the_price_and_the_trace_does_not_tell_it(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    await bid(stage, BORIS, cloak, 46)
    await end(stage, clock, cloak)
    assert await won(stage, cloak) == [("Anna", 47)]
    assert await money(stage, ANNA) == (53, 0)
    trace = (await auction(stage, cloak)).trace
    assert trace == ["2 people bid. 47: the best bid, at most one increment over the next best."]
    said = [f"{row.before} {row.after}" for row in await rows(stage, select(Audit))] + await told(stage)
    assert not [line for line in said if "77" in line]
    await adds_up(stage)


@pytest.mark.parametrize("last", ["earliest", "roll"])
async def test_equal_offers_are_rolled_for_with_a_stored_seed_only_where_the_guild_rolls(stage, cloak, clock, last):
    await becomes(stage, cloak, kind="sealed", ties=f"amount {last}")
    await bid(stage, ANNA, cloak, 40)
    await bid(stage, BORIS, cloak, 40)
    await end(stage, clock, cloak)
    row = await auction(stage, cloak)
    assert (row.roll_seed is not None) is (last == "roll")
    assert ("a roll of" in row.trace[0]) is (last == "roll")
    if last == "earliest":
        assert await won(stage, cloak) == [("Anna", 40)]


async def raid_night(stage, clock, *who) -> None:
    raid_id = (await evening.start_raid(stage, LEAD, event="Fear", channel_id=CHANNEL)).raid_id
    for each in who:
        await roster.check_in(stage, each, raid_id)
    await ticks.take_tick(stage, LEAD, raid_id, heard=None, source="button")
    await evening.end_raid(stage, LEAD, raid_id)
    clock.move(hours=1)


async def test_equal_offers_fall_to_the_better_attendance_of_30_days(stage, cloak, clock):
    await end(stage, clock, cloak)
    await raid_night(stage, clock, ANNA, BORIS)
    await raid_night(stage, clock, BORIS)
    ring = await up(stage, "Ring", bidders="members")
    await becomes(stage, ring, kind="sealed", ties="amount attendance earliest")
    await bid(stage, ANNA, ring, 40)
    await bid(stage, BORIS, ring, 40)
    await end(stage, clock, ring)
    assert await won(stage, ring) == [("Boris", 40)]
    trace = (await auction(stage, ring)).trace
    assert trace == ["2 offers; 40 against 40; 30-day attendance 100 % (2 of 2) against 50 % (1 of 2): the first wins."]


async def test_equal_offers_fall_to_the_balance_before_the_award(stage, cloak, clock):
    await becomes(stage, cloak, kind="sealed", ties="amount balance earliest")
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 40)
    await end(stage, clock, cloak)
    assert (await auction(stage, cloak)).trace == ["2 offers; 40 against 40; balance 100 against 60: the first wins."]


async def test_equal_offers_fall_to_the_fewer_wins_of_30_days(stage, cloak, clock):
    ring = await up(stage, "Ring")
    await bid(stage, ANNA, ring, 1)
    await end(stage, clock, ring)
    shield = await up(stage, "Shield")
    await becomes(stage, shield, kind="sealed", ties="amount wins earliest")
    await bid(stage, ANNA, shield, 40)
    await bid(stage, BORIS, shield, 40)
    await end(stage, clock, shield)
    assert await won(stage, shield) == [("Boris", 40)]
    assert "wins in 30 days 0 against 1" in (await auction(stage, shield)).trace[0]


# --- who is told ------------------------------------------------------------------------------------------------------


async def test_who_wins_a_long_auction_is_told_privately_beside_the_announcement(stage, cloak, clock):
    await becomes(stage, cloak, ends_at=clock.now() + timedelta(days=1))
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    assert await told(stage, like="You won **Cloak of Flames** for 45.")
    assert len(await told(stage, like="goes to <@1>")) == 1


async def test_who_wins_a_quick_auction_is_pinged_once(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    assert len(await told(stage, like="goes to <@1>")) == 1
    assert not await told(stage, like="You won")


async def test_who_chose_pings_is_pinged_by_the_announcement_alone(stage, cloak, clock):
    await becomes(stage, cloak, ends_at=clock.now() + timedelta(days=1))
    await bid(stage, ANNA, cloak, 45)
    await write(stage, Member.__table__.update().values(pinged=True, wanted=["won"]))
    await end(stage, clock, cloak)
    assert not await told(stage, like="You won")


async def test_auctions_of_a_batch_have_no_announcement_each_and_redraw_their_overview(stage, cloak, clock):
    async def batch(session):
        made = AuctionBatch(guild_id=1, channel_id=CHANNEL, started_at=session.now, started_by_user_id=100)
        session.add(made)
        await session.flush()
        return made.auction_batch_id

    number = await stage.run(ITSELF, batch)
    await becomes(stage, cloak, auction_batch_id=number)
    await bid(stage, ANNA, cloak, 45)
    drawn = []
    stage.redraw = lambda _, kind, subject: drawn.append((kind, subject))
    await end(stage, clock, cloak)
    assert await won(stage, cloak) == [("Anna", 45)]
    assert not await told(stage, like="goes to")
    assert drawn == [("auction_batch", number)]


# --- one win a night --------------------------------------------------------------------------------------------------


@pytest.fixture
async def ring(stage, cloak) -> int:
    """A second auction; both have one win a night."""
    ring = await up(stage, "Ring")
    for each in (cloak, ring):
        await becomes(stage, each, one_win=True)
    return ring


async def test_who_won_tonight_loses_the_lead_elsewhere_and_the_next_gets_a_minute(stage, cloak, ring, clock):
    for each in (cloak, ring):
        await bid(stage, BORIS, each, 20)
        await bid(stage, ANNA, each, 30)
    await end(stage, clock, cloak)  # the ring's time is over at the same moment
    assert await won(stage, cloak) == [("Anna", 30)]
    assert await standing(stage, ring) == ("Boris", 20)
    assert (await auction(stage, ring)).ends_at == clock.now() + timedelta(seconds=60)
    assert await told(stage, like="Your bid of 30 on **Ring** was voided: won Cloak of Flames already tonight.")
    await adds_up(stage)
    await end(stage, clock, ring)
    assert await won(stage, ring) == [("Boris", 20)]
    await adds_up(stage)


async def test_of_sealed_offers_the_next_best_wins_at_once(stage, cloak, ring, clock):
    await becomes(stage, ring, kind="sealed")
    await bid(stage, ANNA, cloak, 30)
    await bid(stage, ANNA, ring, 40)
    await bid(stage, BORIS, ring, 20)
    await end(stage, clock, cloak)
    assert (await won(stage, cloak), await won(stage, ring)) == ([("Anna", 30)], [("Boris", 20)])
    assert await statuses(stage, ring) == ["voided", "won"]
    await adds_up(stage)


async def test_closing_gives_it_at_once_to_who_stands_when_the_leader_won_elsewhere(stage, cloak, ring):
    for each in (cloak, ring):
        await bid(stage, BORIS, each, 20)
        await bid(stage, ANNA, each, 30)
    await close(stage, LEAD, cloak, "enough now")
    ended = await close(stage, LEAD, ring, "enough now")
    assert [(each.name, each.price) for each in ended.wins] == [("Boris", 20)]
    assert await money(stage, ANNA) == (70, 0)
    await adds_up(stage)


async def test_after_a_win_due_work_voids_bids_in_other_auctions_with_one_win(stage, cloak, ring, clock):
    await becomes(stage, ring, ends_at=clock.now() + timedelta(hours=1))
    free = await up(stage, "Shield", duration=timedelta(hours=1))
    for each in (cloak, ring, free):
        await bid(stage, BORIS, each, 10)
        await bid(stage, ANNA, each, 20)
    await end(stage, clock, cloak)
    planned = select(DueJob.key).where(DueJob.kind == people.RIGHTS_CHANGED, DueJob.done_at.is_(None))
    anna = (await member(stage, ANNA)).member_id
    assert await rows(stage, planned) == [str(anna)]
    for _ in range(2):
        await void_bids_without_right(stage, 1, anna)
    assert await standing(stage, ring) == ("Boris", 10)
    assert await standing(stage, free) == ("Anna", 20)
    assert (await bid(stage, ANNA, ring, 30)).code == "won_tonight"
    await adds_up(stage)


async def test_a_win_of_twelve_hours_ago_or_of_another_raid_is_of_another_night(stage, cloak, ring, clock):
    await bid(stage, ANNA, cloak, 30)
    await becomes(stage, ring, ends_at=clock.now() + timedelta(days=1))
    await bid(stage, ANNA, ring, 30)
    await end(stage, clock, cloak)
    clock.move(hours=13)
    await end(stage, clock, ring)
    assert await won(stage, ring) == [("Anna", 30)]


async def test_who_won_tonight_does_not_stand_again_when_a_leaders_bid_falls_away(stage, cloak, ring, clock):
    await becomes(stage, ring, ends_at=clock.now() + timedelta(hours=1))
    await bid(stage, CARA, ring, 5)
    await bid(stage, ANNA, ring, 10)
    await bid(stage, BORIS, ring, 20)
    await bid(stage, ANNA, cloak, 20)
    await end(stage, clock, cloak)
    await stage.run(ITSELF, lambda session: people.leave(session, BORIS.user_id))
    await void_bids_without_right(stage, 1, None)
    assert await standing(stage, ring) == ("Cara", 5)
    await adds_up(stage)
