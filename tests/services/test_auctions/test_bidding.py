"""Bids: who leads, what is held, who is told, who may."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.refusals import NotAllowed, NotFound
from bot.typed import BadAmount
from cogs.raids.service import roster, ticks
from cogs.raids.service.undo import undo_tick
from db.tables import (
    Bid,
    Character,
    DueJob,
    Hold,
    Member,
    Outbox,
    Pool,
    RoleMapping,
)
from tests.conftest import person
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    CHANNEL,
    LEAD,
    D,
    adds_up,
    auction,
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

# --- bidding ----------------------------------------------------------------------------------------------------------


async def test_a_bid_leads_and_holds_its_amount(stage, cloak):
    answer = await bid(stage, ANNA, cloak, 45)
    assert (answer.outcome, answer.panel.next_bid, answer.panel.leads) == ("accepted", 46, True)
    assert "You lead **Cloak of Flames** at 45" in answer.panel.sentence
    assert "55 (100 minus 45 held)" in answer.panel.sentence
    assert await standing(stage, cloak) == ("Anna", 45)
    assert await money(stage, ANNA) == (100, 45)
    await adds_up(stage)


async def test_a_higher_bid_frees_the_points_of_the_outbid(stage, cloak):
    await bid(stage, ANNA, cloak, 45)
    await bid(stage, BORIS, cloak, 50)
    assert await standing(stage, cloak) == ("Boris", 50)
    assert await statuses(stage, cloak) == ["outbid", "standing"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 50))
    assert await rows(stage, select(Outbox)) == [], "in a quick auction everybody watches the board"


async def test_who_is_outbid_in_an_auction_of_over_ten_minutes_is_told(stage, cloak):
    slow = await up(stage, "Ring of Fire", duration=timedelta(minutes=11))
    await bid(stage, ANNA, slow, 45)
    await bid(stage, BORIS, slow, 50)
    [notice] = await rows(stage, select(Outbox))
    assert (notice.user_id, notice.channel_id) == (ANNA.user_id, CHANNEL)
    assert "Boris outbid your 45 on **Ring of Fire**: it is at 50, the next bid is 51" in notice.content
    await adds_up(stage)


async def test_who_wants_it_always_is_told_in_a_quick_auction_and_who_never_does_is_not_in_a_long_one(stage, cloak):
    slow = await up(stage, "Ring of Fire", duration=timedelta(minutes=11))
    await bid(stage, ANNA, slow, 10)
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(wanted=["outbid"]))
    await write(stage, update(Member).where(Member.discord_user_id == 2).values(muted=["outbid"], wanted=["outbid"]))
    for who, amount in ((ANNA, 45), (BORIS, 46), (CARA, 11), (BORIS, 12)):
        await bid(stage, who, slow if amount < 20 else cloak, amount)
    await bid(stage, CARA, slow, 13)
    told_of = [(message.user_id, message.content.split("**")[1]) for message in await rows(stage, select(Outbox))]
    assert told_of == [(1, "Cloak of Flames"), (1, "Ring of Fire"), (3, "Ring of Fire")], "Boris never is"


async def test_who_chose_pings_is_told_where_the_auction_is_and_alone_is_pinged(stage, cloak):
    slow = await up(stage, "Ring of Fire", duration=timedelta(minutes=11))
    await bid(stage, ANNA, slow, 45)
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(pinged=True))
    await bid(stage, BORIS, slow, 50)
    [notice] = await rows(stage, select(Outbox))
    assert (notice.user_id, notice.channel_id, notice.mention_user_ids) == (None, CHANNEL, [1])
    assert notice.content.startswith("<@1> Boris outbid your 45 on **Ring of Fire**")


@pytest.mark.parametrize("pinged", [True, False])
async def test_where_names_are_hidden_no_channel_reads_who_was_outbid(stage, cloak, pinged):
    slow = await up(stage, "Ring of Fire", duration=timedelta(minutes=11), names="hidden")
    await bid(stage, ANNA, slow, 45)
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(pinged=pinged))
    await bid(stage, BORIS, slow, 50)
    [notice] = await rows(stage, select(Outbox))
    assert (notice.user_id, notice.channel_id, notice.mention_user_ids) == (1, None, [])
    assert "Somebody outbid your 45" in notice.content


async def test_a_stale_press_is_refused_with_the_new_price(stage, cloak):
    await bid(stage, ANNA, cloak, 45)
    answer = await bid(stage, BORIS, cloak, 45)
    assert (answer.outcome, answer.code, answer.panel.next_bid, answer.panel.can_bid) == (
        "refused",
        "too_low",
        46,
        True,
    )
    assert answer.panel.sentence == "**Cloak of Flames** is at 45 now. The next bid is 46."
    assert await money(stage, ANNA) == (100, 45)


async def test_a_refused_bid_is_a_row_with_what_was_spendable_then(stage, cloak):
    await write(stage, update(Member).where(Member.discord_user_id == 3).values(display_name="Cara"))
    answer = await bid(stage, CARA, cloak, 31)
    assert answer.panel.sentence == "You can spend 30. The next bid is 1."
    [row] = await rows(stage, select(Bid))
    assert (row.status, row.refusal_code, row.amount, row.sequence) == ("refused", "cannot_afford", 31, 1)
    assert (row.balance, row.spendable, row.member_name) == (30, 30, "Cara")
    assert await rows(stage, select(Hold)) == []


async def test_the_same_points_cannot_back_two_bids(stage, cloak):
    ring = await up(stage, "Ring of *Fire*")
    await bid(stage, ANNA, cloak, 70)
    answer = await bid(stage, ANNA, ring, 31)
    assert answer.code == "cannot_afford"
    assert answer.panel.sentence == "You can spend 30 (100 minus 70 held on Cloak of Flames). The next bid is 1."
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
    assert too_much.panel.sentence.startswith("Raising your bid to 101 takes 1 more. You can spend 0")
    await adds_up(stage)


async def test_a_snipe_moves_the_end_and_the_due_work(stage, cloak, clock):
    ends_at = (await auction(stage, cloak)).ends_at
    clock.moment = ends_at - timedelta(seconds=5)
    answer = await bid(stage, ANNA, cloak, 10)
    row = await auction(stage, cloak)
    assert row.ends_at == ends_at + timedelta(seconds=15)
    assert row.snipe_moves == 1
    assert "It ends" in answer.panel.sentence
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
    assert (late.code, late.panel.can_bid) == ("late", False)


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
    assert "50 is more than twice the next bid" in asked.panel.sentence
    assert await rows(stage, select(Bid)) == []
    assert (await bid(stage, ANNA, cloak, 50)).outcome == "accepted"


@pytest.mark.parametrize("amount", ["0", "-5", "nan", "inf", "1e12", "10.005", "10.5"])
async def test_what_is_no_amount_is_refused_and_changes_nothing(stage, cloak, amount):
    with pytest.raises(BadAmount):
        await bid(stage, ANNA, cloak, amount)
    assert await rows(stage, select(Bid)) == []


async def test_a_bid_takes_the_pools_decimals(stage, cloak):
    await write(stage, update(Pool).values(decimals=1))
    assert (await bid(stage, ANNA, cloak, "10.5")).panel.next_bid == D("11.5")
    assert await money(stage, ANNA) == (100, D("10.5"))


async def test_the_floor_binds_bids_and_a_negative_one_allows_debt(stage, cloak):
    await write(stage, update(Pool).values(floor=D(95)))
    assert (await bid(stage, ANNA, cloak, 6)).code == "cannot_afford"
    await write(stage, update(Pool).values(floor=D(-20)))
    assert (await bid(stage, CARA, cloak, 50)).outcome == "accepted"


async def test_who_never_had_points_is_refused_with_the_number(stage, cloak):
    answer = await bid(stage, person(9, "New"), cloak, 5)
    assert answer.panel.sentence == "You can spend 0. The next bid is 1."


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
    assert first.panel.characters == ((1, "Annabell"), (2, "Annatwo"))
    await bid(stage, ANNA, cloak, 6, character_id=2)
    snapshots = [(b.character_name, b.character_level) for b in await rows(stage, select(Bid).order_by(Bid.sequence))]
    assert snapshots == [("Annabell", 60), ("Annatwo", 59)]
    with pytest.raises(NotFound):
        await bid(stage, BORIS, cloak, 7, character_id=2)


async def test_an_unknown_auction_is_said_to_be_unknown(stage):
    with pytest.raises(NotFound):
        await bid(stage, ANNA, 404, 5)


# --- who may bid ------------------------------------------------------------------------------------------------------


async def test_who_is_not_at_the_raid_is_refused_and_may_check_in(stage, raid):
    auction_id = await up(stage)
    answer = await bid(stage, ANNA, auction_id, 5)
    assert (answer.code, answer.check_in_raid_id) == ("not_in_raid", raid)
    assert answer.panel.sentence == "Only who is at Temple of Veeshan bids on **Cloak of Flames**: check in, then bid."
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
