"""How auctions end: by time, by hand, with their raid, and after we were away."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from bot import due, heartbeat
from bot.refusals import NotAllowed
from bot.stage import Actor, Stage
from cogs.auctions.rules.bidding import AuctionOver, OwnInterest
from cogs.auctions.service import (
    Others,
    Won,
    after_outage,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    looking,
    settle,
    void_bid,
)
from cogs.raids.jobs import raid_cancelled
from cogs.raids.service import evening, roster
from db.tables import (
    Audit,
    Award,
    DueJob,
    LedgerEntry,
    Outbox,
    RoleMapping,
)
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CHANNEL,
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
    statuses,
    told,
    up,
    write,
)

# --- ending -----------------------------------------------------------------------------------------------------------


async def test_the_winner_pays_is_recorded_and_announced_with_a_line_for_the_game(stage, cloak, clock):
    facts: list[object] = []
    stage.tell = facts.append
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    row = await auction(stage, cloak)
    assert (row.status, row.closed_at) == ("won", clock.now())
    assert await statuses(stage, cloak) == ["lost", "won"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((55, 0), (60, 0))
    [award] = await rows(stage, select(Award))
    assert (award.member_name, award.cost, award.how, award.auction_id) == ("Anna", 45, "auction", cloak)
    [entry] = await rows(stage, select(LedgerEntry).where(LedgerEntry.entry_id == award.entry_id))
    assert (entry.kind, entry.amount, entry.balance_after) == ("loot", -45, 55)
    assert (entry.source, entry.source_id) == ("auction", cloak)
    [message] = [m for m in await rows(stage, select(Outbox)) if m.nonce.startswith("award")]
    assert message.content.startswith("**Cloak of Flames** goes to <@1> for **45**.")
    assert message.content.endswith("```\nCloak of Flames goes to Anna for 45. Grats!\n```")
    assert (message.channel_id, message.mention_user_ids) == (CHANNEL, [1])
    assert [type(fact).__name__ for fact in facts] == ["AuctionWon"]
    await adds_up(stage)


async def test_settling_twice_awards_once(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    await stage.run(ITSELF, lambda session: settle(session, cloak))
    assert len(await rows(stage, select(Award))) == 1
    assert await money(stage, ANNA) == (55, 0)


async def test_settling_does_nothing_before_the_end_and_comes_again(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 45)
    clock.moment = (await auction(stage, cloak)).ends_at + timedelta(milliseconds=900)
    await write(stage, delete(DueJob))
    await stage.run(ITSELF, lambda session: settle(session, cloak))
    assert (await auction(stage, cloak)).status == "open"
    assert len(await rows(stage, select(DueJob))) == 1


async def test_nobody_bids_is_recorded(stage, cloak, clock):
    await end(stage, clock, cloak)
    assert (await auction(stage, cloak)).status == "no_bids"
    assert await rows(stage, select(Award)) == []
    actions = [a.action for a in await rows(stage, select(Audit).order_by(Audit.audit_id))]
    assert actions[-1] == "auctions.ended_without_bids"


async def test_an_open_bid_is_captured_even_when_a_penalty_took_the_points(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 90)
    await give(stage, ANNA, -50)
    await end(stage, clock, cloak)
    assert await money(stage, ANNA) == (-40, 0)
    await adds_up(stage)


async def test_closing_early_awards_now_and_keeps_the_reason_for_the_card(stage, cloak):
    await bid(stage, ANNA, cloak, 45)
    ended = await close(stage, LEAD, cloak, "we must go on")
    assert ended.wins == (Won("Anna", D(45)),)
    card = await stage.run(ITSELF, lambda session: looking.card_of(session, cloak))
    assert (card.status, card.reason) == ("won", "we must go on")
    jobs_left = await rows(stage, select(DueJob).where(DueJob.done_at.is_(None)))
    assert jobs_left == []


async def test_closing_twice_is_refused(stage, cloak):
    await close(stage, LEAD, cloak, "we must go on")
    with pytest.raises(AuctionOver):
        await close(stage, OTHER_LEAD, cloak, "we must go on")


async def test_cancelling_frees_the_points_and_tells_the_bidders(stage, cloak):
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 45)
    await cancel(stage, LEAD, cloak, "wrong item")
    assert (await auction(stage, cloak)).status == "cancelled"
    assert await statuses(stage, cloak) == ["cancelled", "cancelled"]
    assert await money(stage, ANNA) == (100, 0)
    [message] = [m for m in await rows(stage, select(Outbox)) if "cancelled" in m.content]
    assert message.mention_user_ids == [1, 2]
    assert message.channel_id == CHANNEL
    await adds_up(stage)


async def test_extending_adds_time_and_is_not_counted(stage, cloak):
    before = (await auction(stage, cloak)).ends_at
    await extend(stage, LEAD, cloak, timedelta(minutes=2))
    row = await auction(stage, cloak)
    assert (row.ends_at - before, row.snipe_moves) == (timedelta(minutes=2), 0)
    [job] = await rows(stage, select(DueJob))
    assert job.due_at == row.ends_at + timedelta(seconds=1)


async def test_extending_after_the_end_is_refused(stage, cloak, clock):
    clock.moment = (await auction(stage, cloak)).ends_at
    with pytest.raises(AuctionOver):
        await extend(stage, LEAD, cloak, timedelta(minutes=2))


@pytest.mark.parametrize("act", [close, cancel])
async def test_ending_by_hand_needs_a_reason_and_the_right(stage, cloak, act):
    with pytest.raises(NotAllowed):
        await act(stage, ANNA, cloak, "because I say so")
    with pytest.raises(Exception, match="3 to 500"):
        await act(stage, LEAD, cloak, "x")
    assert (await auction(stage, cloak)).status == "open"


# --- own interest -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def own_bid(stage, cloak) -> int:
    """The lead bids too, and is outbid: an outbid bid is an interest as well."""
    await give(stage, LEAD, 100)
    await bid(stage, LEAD, cloak, 20)
    await bid(stage, ANNA, cloak, 30)
    return cloak


async def act_on(stage: Stage, who: Actor, auction_id: int, act: str, others: Others):
    match act:
        case "close":
            await close(stage, who, auction_id, "enough now", others)
        case "cancel":
            await cancel(stage, who, auction_id, "enough now", others)
        case "extend":
            await extend(stage, who, auction_id, timedelta(minutes=1), others)
        case "void":
            await void_bid(stage, who, auction_id, "Anna", "enough now", others)


@pytest.mark.parametrize("act", ["close", "cancel", "extend", "void"])
async def test_who_bids_may_not_decide_while_another_leader_exists(stage, own_bid, act):
    with pytest.raises(OwnInterest):
        await act_on(stage, LEAD, own_bid, act, WITH_VERA)
    await act_on(stage, OTHER_LEAD, own_bid, act, WITH_VERA)


@pytest.mark.parametrize("act", ["close", "cancel", "extend", "void"])
async def test_who_bids_decides_alone_when_nobody_else_could(stage, own_bid, act):
    await act_on(stage, LEAD, own_bid, act, Others(managers=frozenset({LEAD.user_id})))


async def test_a_raid_leader_badge_counts_as_another(stage, own_bid):
    await write(stage, RoleMapping.__table__.insert().values(guild_id=1, role_group="raid_leader", role_id=901))
    others = Others(managers=frozenset({LEAD.user_id}), holders={901: frozenset({BORIS.user_id})})
    with pytest.raises(OwnInterest):
        await act_on(stage, LEAD, own_bid, "close", others)


# --- raid cancelled, and down at the end ------------------------------------------------------------------------------


async def test_cancelling_the_raid_cancels_its_open_auctions(stage, raid):
    auction_id, elsewhere = await up(stage), None
    await roster.check_in(stage, ANNA, raid)
    await bid(stage, ANNA, auction_id, 30)
    await evening.cancel_raid(stage, LEAD, raid, "server crashed")
    elsewhere = await up(stage, "Ring")
    assert (await bid(stage, ANNA, auction_id, 31)).code == "closed"
    stage.registry.due[evening.CANCELLED] = raid_cancelled
    stage.registry.cancelled_raids.append(cancel_auctions_of_raid)
    await due.run_once(stage)
    assert (await auction(stage, auction_id)).status == "cancelled"
    assert (await auction(stage, elsewhere)).status == "open"
    assert await money(stage, ANNA) == (100, 0)
    assert (await auction(stage, auction_id)).cancel_reason == "its raid was cancelled (server crashed)"
    await cancel_auctions_of_raid(stage, 1, raid, "server crashed")
    assert len(await told(stage, like="**Cloak of Flames** was cancelled")) == 1
    await adds_up(stage)


async def test_an_auction_of_a_cancelled_raid_is_never_awarded(stage, raid, clock):
    auction_id = await up(stage)
    await roster.check_in(stage, ANNA, raid)
    await bid(stage, ANNA, auction_id, 30)
    await evening.cancel_raid(stage, LEAD, raid, "server crashed")
    clock.moment = (await auction(stage, auction_id)).ends_at + timedelta(seconds=1)
    await stage.run(ITSELF, lambda session: settle(session, auction_id))
    assert (await auction(stage, auction_id)).status == "cancelled"
    assert await rows(stage, select(Award)) == []


async def test_down_over_the_end_gives_60_s_from_ready_once_and_says_so(stage, cloak, clock):
    stage.registry.outages.append(after_outage)
    await bid(stage, ANNA, cloak, 30)
    await heartbeat.beat(stage, "one")
    clock.move(minutes=30)
    await heartbeat.come_up(stage, "two")
    row = await auction(stage, cloak)
    assert row.ends_at == clock.now() + timedelta(seconds=60)
    assert await told(stage, like="I was away near the end of **Cloak of Flames**")
    assert (await bid(stage, BORIS, cloak, 40)).outcome == "accepted"
    clock.move(minutes=30)
    await heartbeat.come_up(stage, "three")
    assert (await auction(stage, cloak)).ends_at == row.ends_at
    await end(stage, clock, cloak)
    assert (await auction(stage, cloak)).status == "won"


async def test_settling_gives_the_time_back_when_coming_up_did_not(stage, cloak, clock):
    await heartbeat.beat(stage, "one")
    clock.move(minutes=30)
    await heartbeat.come_up(stage, "two")
    await stage.run(ITSELF, lambda session: settle(session, cloak))
    row = await auction(stage, cloak)
    assert (row.status, row.ends_at) == ("open", clock.now() + timedelta(seconds=60))


async def test_down_well_before_the_end_changes_nothing(stage, cloak, clock):
    stage.registry.outages.append(after_outage)
    await heartbeat.beat(stage, "one")
    before = (await auction(stage, cloak)).ends_at
    clock.moment = before - timedelta(seconds=61)
    await heartbeat.come_up(stage, "two")
    assert (await auction(stage, cloak)).ends_at == before


async def test_an_outage_before_it_was_started_gives_a_short_one_nothing(stage, cloak, clock):
    await heartbeat.beat(stage, "one")
    clock.move(minutes=30)
    await heartbeat.come_up(stage, "two")
    clock.move(seconds=5)
    ring = await up(stage, "Ring", duration=timedelta(seconds=30))
    await end(stage, clock, ring)
    row = await auction(stage, ring)
    assert (row.status, row.time_given_back_at) == ("no_bids", None)


async def test_nothing_is_awarded_between_the_raids_cancelling_and_its_auctions(stage, cloak, raid):
    await roster.check_in(stage, BORIS, raid)
    ring = await up(stage, "Ring")
    await bid(stage, BORIS, ring, 10)
    await evening.cancel_raid(stage, LEAD, raid, "wrong night")
    with pytest.raises(AuctionOver):
        await close(stage, LEAD, ring, "quick, before it goes", WITH_VERA)
    with pytest.raises(AuctionOver):
        await extend(stage, LEAD, ring, timedelta(minutes=5), WITH_VERA)
    assert await rows(stage, select(Award.award_id)) == []
