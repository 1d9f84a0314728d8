"""Auctions on a real database: who leads, what is held, what is told, and what the rows say afterwards."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import delete, select, update

from bot import due, heartbeat, people
from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Stage
from bot.typed import BadAmount
from cogs.auctions import jobs
from cogs.auctions.rules.bidding import AuctionOver, OwnInterest
from cogs.auctions.rules.ending import NothingToVoid
from cogs.auctions.rules.starting import BadBatch, BadTerms
from cogs.auctions.service import (
    SETTLE,
    Others,
    after_outage,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    looking,
    place_bid,
    settle,
    start,
    start_batch,
    void_bid,
    void_bids_of_leaver,
)
from cogs.dkp.service import ledger
from cogs.raids.jobs import raid_cancelled
from cogs.raids.service import evening, roster, ticks
from cogs.raids.service.undo import undo_tick
from db.tables import (
    Account,
    Auction,
    Audit,
    Award,
    Bid,
    Board,
    Character,
    DueJob,
    Guild,
    Hold,
    LedgerEntry,
    Member,
    Outbox,
    Pool,
    RoleMapping,
)
from tests.conftest import person

D = Decimal
CHANNEL = 77
LEAD = person(100, "Lead", manage_guild=True)
OTHER_LEAD = person(101, "Vera", manage_guild=True)
ANNA, BORIS, CARA = person(1, "Anna"), person(2, "Boris"), person(3, "Cara")
ITSELF = Actor.itself(1)
WITH_VERA = Others(managers=frozenset({LEAD.user_id, OTHER_LEAD.user_id}))
_keys = count()


# --- what tests do --------------------------------------------------------------------------------------------------


async def rows(stage: Stage, query):
    async def look(session):
        return list((await session.execute(query)).scalars())

    return await stage.run(ITSELF, look)


async def write(stage: Stage, statement) -> None:
    async def work(session):
        await session.execute(statement)

    await stage.run(ITSELF, work)


async def member(stage: Stage, actor: Actor) -> Member:
    async def look(session):
        return session.member

    return await stage.run(actor, look)


async def give(stage: Stage, actor: Actor, amount: int) -> None:
    """Put points on somebody's account, as an officer would."""
    who = await member(stage, actor)

    async def work(session):
        pool = await ledger.default_pool(session)
        accounts = await ledger.lock_accounts(session, [(pool.pool_id, who.member_id)])
        kind = "adjustment"
        entry = ledger.NewEntry(
            pool.pool_id, who.member_id, kind, D(amount), "test", "officer", None, f"t{next(_keys)}", who.display_name
        )
        await ledger.post(session, [entry], accounts)

    await stage.run(ITSELF, work)


async def up(stage: Stage, item: str = "Cloak of Flames", by: Actor = LEAD, **more) -> int:
    """Start one auction; returns its id."""
    answer = await start(stage, by, item, channel_id=CHANNEL, **more)
    return answer.started[0].auction_id


async def bid(stage: Stage, who: Actor, auction_id: int, amount: int | str, **more):
    return await place_bid(stage, who, auction_id, D(amount), **more)


async def auction(stage: Stage, auction_id: int) -> Auction:
    return (await rows(stage, select(Auction).where(Auction.auction_id == auction_id)))[0]


async def standing(stage: Stage, auction_id: int) -> tuple[str, Decimal] | None:
    found = await rows(stage, select(Bid).where(Bid.auction_id == auction_id, Bid.status == "standing"))
    return (found[0].member_name, found[0].amount) if found else None


async def statuses(stage: Stage, auction_id: int) -> list[str]:
    return [b.status for b in await rows(stage, select(Bid).where(Bid.auction_id == auction_id).order_by(Bid.sequence))]


async def money(stage: Stage, actor: Actor) -> tuple[Decimal, Decimal]:
    """(balance, held)"""
    who = await member(stage, actor)
    [account] = await rows(stage, select(Account).where(Account.member_id == who.member_id))
    return account.balance, account.held


async def told(stage: Stage, *, like: str = "") -> list[str]:
    messages = await rows(stage, select(Outbox).order_by(Outbox.outbox_id))
    return [message.content for message in messages if like in message.content]


async def end(stage: Stage, clock, auction_id: int) -> None:
    """Let the time run out and do what is due."""
    stage.registry.due[SETTLE] = jobs.settle_due
    clock.moment = (await auction(stage, auction_id)).ends_at + timedelta(seconds=1)
    await due.run_once(stage)


async def adds_up(stage: Stage) -> None:
    assert await stage.run(ITSELF, ledger.imbalances) == []
    assert await stage.run(ITSELF, looking.problems) == []


@pytest.fixture
async def cloak(stage) -> int:
    """An auction without a raid; Anna has 100, Boris 60, Cara 30."""
    for who, amount in ((ANNA, 100), (BORIS, 60), (CARA, 30)):
        await give(stage, who, amount)
    return await up(stage)


# --- starting -------------------------------------------------------------------------------------------------------


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


# --- bidding --------------------------------------------------------------------------------------------------------


async def test_a_bid_leads_and_holds_its_amount(stage, cloak):
    answer = await bid(stage, ANNA, cloak, 45)
    assert (answer.outcome, answer.next_bid, answer.leads) == ("accepted", 46, True)
    assert "You lead **Cloak of Flames** at 45" in answer.sentence
    assert "55 (100 minus 45 held)" in answer.sentence
    assert await standing(stage, cloak) == ("Anna", 45)
    assert await money(stage, ANNA) == (100, 45)
    await adds_up(stage)


async def test_a_higher_bid_frees_the_points_of_the_outbid_and_tells_them(stage, cloak):
    await bid(stage, ANNA, cloak, 45)
    await bid(stage, BORIS, cloak, 50)
    assert await standing(stage, cloak) == ("Boris", 50)
    assert await statuses(stage, cloak) == ["outbid", "standing"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 50))
    [notice] = await rows(stage, select(Outbox))
    assert (notice.user_id, notice.channel_id) == (ANNA.user_id, CHANNEL)
    assert "Boris outbid your 45 on **Cloak of Flames**: it is at 50, the next bid is 51" in notice.content
    await adds_up(stage)


async def test_a_stale_press_is_refused_with_the_new_price(stage, cloak):
    await bid(stage, ANNA, cloak, 45)
    answer = await bid(stage, BORIS, cloak, 45)
    assert (answer.outcome, answer.code, answer.next_bid, answer.is_open) == ("refused", "too_low", 46, True)
    assert answer.sentence == "**Cloak of Flames** is at 45 now. The next bid is 46."
    assert await money(stage, ANNA) == (100, 45)


async def test_a_refused_bid_is_a_row_with_what_was_spendable_then(stage, cloak):
    await write(stage, update(Member).where(Member.discord_user_id == 3).values(display_name="Cara"))
    answer = await bid(stage, CARA, cloak, 31)
    assert answer.sentence == "You can spend 30. The next bid is 1."
    [row] = await rows(stage, select(Bid))
    assert (row.status, row.refusal_code, row.amount, row.sequence) == ("refused", "cannot_afford", 31, 1)
    assert (row.balance, row.spendable, row.member_name) == (30, 30, "Cara")
    assert await rows(stage, select(Hold)) == []


async def test_the_same_points_cannot_back_two_bids(stage, cloak):
    ring = await up(stage, "Ring of *Fire*")
    await bid(stage, ANNA, cloak, 70)
    answer = await bid(stage, ANNA, ring, 31)
    assert answer.code == "cannot_afford"
    assert answer.sentence == "You can spend 30 (100 minus 70 held on Cloak of Flames). The next bid is 1."
    assert (await bid(stage, ANNA, ring, 30)).outcome == "accepted"
    assert await money(stage, ANNA) == (100, 100)
    await adds_up(stage)


async def test_a_leader_raises_by_the_difference_and_does_not_extend(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 60)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=5)
    answer = await bid(stage, ANNA, cloak, 100)
    assert answer.outcome == "accepted"
    assert await money(stage, ANNA) == (100, 100)
    assert (await auction(stage, cloak)).snipe_moves == 0
    assert await statuses(stage, cloak) == ["outbid", "standing"]
    assert await told(stage) == []
    too_much = await bid(stage, ANNA, cloak, 101)
    assert too_much.sentence.startswith("Raising your bid to 101 takes 1 more. You can spend 0")
    await adds_up(stage)


async def test_a_snipe_moves_the_end_and_the_due_work(stage, cloak, clock):
    ends_at = (await auction(stage, cloak)).ends_at
    clock.moment = ends_at - timedelta(seconds=5)
    answer = await bid(stage, ANNA, cloak, 10)
    row = await auction(stage, cloak)
    assert row.ends_at == ends_at + timedelta(seconds=15)
    assert row.snipe_moves == 1
    assert "It ends" in answer.sentence
    [job] = await rows(stage, select(DueJob))
    assert job.due_at == row.ends_at + timedelta(seconds=1)
    refused = await bid(stage, BORIS, cloak, 10)
    assert refused.outcome == "refused"
    assert (await auction(stage, cloak)).ends_at == row.ends_at


async def test_in_time_is_when_our_process_received_it(stage, cloak, clock):
    ends_at = (await auction(stage, cloak)).ends_at
    clock.moment = ends_at + timedelta(milliseconds=800)
    in_time = await bid(stage, replace(ANNA, received_at=ends_at - timedelta(milliseconds=1)), cloak, 10)
    assert in_time.outcome == "accepted"
    row = await auction(stage, cloak)
    late = await bid(stage, replace(BORIS, received_at=row.ends_at), cloak, 20)
    assert (late.code, late.is_open) == ("late", False)


async def test_a_bid_that_gets_the_lock_after_settling_is_too_late_whatever_its_stamp(stage, cloak, clock):
    ends_at = (await auction(stage, cloak)).ends_at
    await bid(stage, ANNA, cloak, 10)
    await end(stage, clock, cloak)
    late = await bid(stage, replace(BORIS, received_at=ends_at - timedelta(seconds=1)), cloak, 20)
    assert late.code == "closed"
    assert await money(stage, BORIS) == (60, 0)


async def test_a_typed_bid_far_over_the_next_is_asked_about_and_changes_nothing(stage, cloak):
    asked = await bid(stage, ANNA, cloak, 50, ask_if_high=True)
    assert asked.outcome == "asked"
    assert "50 is more than twice the next bid" in asked.sentence
    assert await rows(stage, select(Bid)) == []
    assert (await bid(stage, ANNA, cloak, 50)).outcome == "accepted"


@pytest.mark.parametrize("amount", ["0", "-5", "nan", "inf", "1e12", "10.005", "10.5"])
async def test_what_is_no_amount_is_refused_and_changes_nothing(stage, cloak, amount):
    with pytest.raises(BadAmount):
        await bid(stage, ANNA, cloak, amount)
    assert await rows(stage, select(Bid)) == []


async def test_a_bid_takes_the_pools_decimals(stage, cloak):
    await write(stage, update(Pool).values(decimals=1))
    assert (await bid(stage, ANNA, cloak, "10.5")).next_bid == D("11.5")
    assert await money(stage, ANNA) == (100, D("10.5"))


async def test_the_floor_binds_bids_and_a_negative_one_allows_debt(stage, cloak):
    await write(stage, update(Pool).values(floor=D(95)))
    assert (await bid(stage, ANNA, cloak, 6)).code == "cannot_afford"
    await write(stage, update(Pool).values(floor=D(-20)))
    assert (await bid(stage, CARA, cloak, 50)).outcome == "accepted"


async def test_who_never_had_points_is_refused_with_the_number(stage, cloak):
    answer = await bid(stage, person(9, "New"), cloak, 5)
    assert answer.sentence == "You can spend 0. The next bid is 1."


async def test_a_press_delivered_twice_is_one_bid_with_one_answer(stage, cloak):
    once = replace(ANNA, interaction_id=777)
    first, second = await bid(stage, once, cloak, 45), await bid(stage, once, cloak, 45)
    assert first == second
    assert await statuses(stage, cloak) == ["standing"]


async def test_bidding_needs_the_right_to_bid(stage, cloak):
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(role_group="applicant"))
    await write(stage, RoleMapping.__table__.insert().values(guild_id=1, role_group="member", role_id=900))
    with pytest.raises(NotAllowed):
        await bid(stage, ANNA, cloak, 5)


async def test_a_bid_remembers_the_character_it_was_for(stage, cloak):
    anna = await member(stage, ANNA)
    for number, name in enumerate(("Annabell", "Annatwo")):
        values = {"owner_member_id": anna.member_id, "name": name, "name_key": name.lower(), "level": 60 - number}
        played = {"character_id": number + 1, "is_main": number == 0, "created_at": anna.joined_at}
        await write(stage, Character.__table__.insert().values(guild_id=1, **values, **played))
    first = await bid(stage, ANNA, cloak, 5)
    assert first.characters == ((1, "Annabell"), (2, "Annatwo"))
    await bid(stage, ANNA, cloak, 6, character_id=2)
    snapshots = [(b.character_name, b.character_level) for b in await rows(stage, select(Bid).order_by(Bid.sequence))]
    assert snapshots == [("Annabell", 60), ("Annatwo", 59)]
    with pytest.raises(NotFound):
        await bid(stage, BORIS, cloak, 7, character_id=2)


async def test_an_unknown_auction_is_said_to_be_unknown(stage):
    with pytest.raises(NotFound):
        await bid(stage, ANNA, 404, 5)


# --- who may bid ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def raid(stage) -> int:
    await give(stage, ANNA, 100)
    return (await evening.start_raid(stage, LEAD, event="Temple of Veeshan", channel_id=CHANNEL)).raid_id


async def test_who_is_not_at_the_raid_is_refused_and_may_check_in(stage, raid):
    auction_id = await up(stage)
    answer = await bid(stage, ANNA, auction_id, 5)
    assert (answer.code, answer.check_in_raid_id) == ("not_in_raid", raid)
    assert answer.sentence == "Only who is at Temple of Veeshan bids on **Cloak of Flames**: check in, then bid."
    await roster.check_in(stage, ANNA, raid)
    assert (await bid(stage, ANNA, auction_id, 5)).outcome == "accepted"


async def test_the_bench_bids_too(stage, raid):
    auction_id = await up(stage)
    await roster.stand_by(stage, ANNA, raid)
    assert (await bid(stage, ANNA, auction_id, 5)).outcome == "accepted"


async def test_who_left_the_raid_bids_only_with_a_tick_of_it(stage, raid):
    auction_id = await up(stage)
    await roster.check_in(stage, ANNA, raid)
    await roster.leave(stage, ANNA, raid)
    assert (await bid(stage, ANNA, auction_id, 5)).code == "not_in_raid"
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    await roster.leave(stage, ANNA, raid)
    assert (await bid(stage, ANNA, auction_id, 5)).outcome == "accepted"


async def test_an_undone_tick_gives_no_right_to_bid(stage, raid):
    auction_id = await up(stage)
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    await roster.leave(stage, ANNA, raid)
    await undo_tick(stage, LEAD, taken.tick_id, "wrong raid")
    assert (await bid(stage, ANNA, auction_id, 5)).code == "not_in_raid"


# --- ending ---------------------------------------------------------------------------------------------------------


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
    assert (ended.winner, ended.amount) == ("Anna", 45)
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


# --- own interest ---------------------------------------------------------------------------------------------------


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


# --- a standing bid disappears --------------------------------------------------------------------------------------


async def test_voiding_the_leaders_bid_makes_the_next_best_stand_again(stage, cloak):
    for who, amount in ((ANNA, 20), (BORIS, 30), (ANNA, 40)):
        await bid(stage, who, cloak, amount)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.amount, voided.leader, voided.price) == (40, "Boris", 30)
    assert await statuses(stage, cloak) == ["outbid", "standing", "voided"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 30))
    assert await told(stage, like="was voided: mistyped")
    assert await told(stage, like="Your bid of 30 leads **Cloak of Flames** again")
    await adds_up(stage)


async def test_who_can_no_longer_pay_is_skipped_and_told(stage, cloak, clock):
    ring = await up(stage, "Ring")
    for who, amount in ((CARA, 20), (BORIS, 50), (ANNA, 60)):
        await bid(stage, who, cloak, amount)
    await bid(stage, BORIS, ring, 20)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.leader, voided.price) == ("Cara", 20)
    assert await told(stage, like="you can no longer spend the 50")
    assert (await bid(stage, ANNA, cloak, 21)).outcome == "accepted"
    await adds_up(stage)


async def test_the_last_bid_voided_leads_back_to_the_minimum(stage, cloak):
    await bid(stage, ANNA, cloak, 40)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.leader, voided.price) == (None, None)
    assert await rows(stage, select(Hold)) == []
    assert (await bid(stage, BORIS, cloak, 1)).outcome == "accepted"


async def test_voiding_with_less_than_60_s_left_gives_60_s(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=10)
    await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    row = await auction(stage, cloak)
    assert row.ends_at == clock.now() + timedelta(seconds=60)
    [job] = await rows(stage, select(DueJob))
    assert job.due_at == row.ends_at + timedelta(seconds=1)


async def test_voiding_an_outbid_bid_moves_nothing(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    await bid(stage, BORIS, cloak, 50)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=10)
    before = (await auction(stage, cloak)).ends_at
    await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert await statuses(stage, cloak) == ["voided", "standing"]
    assert (await auction(stage, cloak)).ends_at == before


async def test_who_has_no_bid_has_none_to_void(stage, cloak):
    await bid(stage, ANNA, cloak, 40)
    with pytest.raises(NothingToVoid):
        await void_bid(stage, LEAD, cloak, "Boris", "mistyped")


async def test_a_leavers_bids_are_voided_in_every_auction_and_the_next_stands(stage, cloak):
    ring = await up(stage, "Ring")
    for auction_id in (cloak, ring):
        await bid(stage, BORIS, auction_id, 20)
        await bid(stage, ANNA, auction_id, 30)
    anna = await member(stage, ANNA)
    await stage.run(ITSELF, lambda session: people.leave(session, 1))
    for _ in range(2):
        await void_bids_of_leaver(stage, 1, anna.member_id)
    assert await standing(stage, cloak) == await standing(stage, ring) == ("Boris", 20)
    [account] = await rows(stage, select(Account).where(Account.member_id == anna.member_id))
    assert account.held == 0
    assert not await told(stage, like="was voided")
    await adds_up(stage)


async def test_who_has_left_does_not_stand_again_even_before_their_bids_are_voided(stage, cloak):
    await bid(stage, CARA, cloak, 20)
    await bid(stage, BORIS, cloak, 30)
    await bid(stage, ANNA, cloak, 40)
    await stage.run(ITSELF, lambda session: people.leave(session, BORIS.user_id))
    assert (await void_bid(stage, LEAD, cloak, "Anna", "mistyped")).leader == "Cara"


async def test_who_came_back_keeps_their_bids(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    await void_bids_of_leaver(stage, 1, (await member(stage, ANNA)).member_id)
    assert await standing(stage, cloak) == ("Anna", 30)


# --- raid cancelled, and down at the end ----------------------------------------------------------------------------


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


# --- looking --------------------------------------------------------------------------------------------------------


async def test_the_list_has_open_auctions_the_first_to_end_first(stage, cloak):
    await up(stage, "Ring", duration=timedelta(minutes=1))
    await bid(stage, ANNA, cloak, 30)
    lines = await stage.run(ITSELF, looking.list_open)
    assert [line.split(" · ")[:2] for line in lines] == [
        ["**Ring**", "begins at 1"],
        ["**Cloak of Flames**", "30 by Anna"],
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
    assert "You have **60**" in boris.sentence
    assert (boris.next_bid, boris.leads) == (31, False)


async def test_an_auction_is_found_by_its_number_or_its_item(stage, cloak):
    find = looking.find_auction
    assert await stage.run(ANNA, lambda session: find(session, f"#{cloak}")) == cloak
    assert await stage.run(ANNA, lambda session: find(session, " cloak OF flames")) == cloak
    with pytest.raises(NotFound, match="Did you mean Cloak of Flames"):
        await stage.run(ANNA, lambda session: find(session, "cloak of flame"))


async def test_the_doctor_sees_a_hold_that_is_missing(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    await write(stage, delete(Hold))
    assert await stage.run(ITSELF, looking.problems) == [f"auction {cloak} stands at 30.00 and holds None"]
