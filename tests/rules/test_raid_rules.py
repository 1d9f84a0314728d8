"""Ticks, credit and dumps, line by line as the reckoning has them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.raids.rules import (
    BadInterval,
    BadTickValue,
    RaidNotOver,
    RaidWasCancelled,
    ReopenTooLate,
    Seat,
    TickTooSoon,
    check_every,
    check_not_too_soon,
    check_reopen,
    check_tick_value,
    decide_import,
    decide_tick,
    is_late,
    nearest_tick,
    next_automatic,
    standby_share,
    tick_value,
)

START = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
ANNA, BERT, CARL, DORA, GUEST = 1, 2, 3, 4, 9
MEMBERS = {ANNA, BERT, CARL, DORA}


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def tick(seats, *, voice=None, required=False, entitled=MEMBERS, since=START):
    return decide_tick(
        seats,
        voice=voice,
        voice_required=required,
        entitled=entitled,
        value=Decimal(10),
        standby_value=Decimal(5),
        seen_since=since,
    )


def paid(plan):
    return {credit.member_id: credit.amount for credit in plan.credits}


def evidence(plan):
    return {credit.member_id: credit.evidence for credit in plan.credits}


@pytest.mark.parametrize(
    ("candidates", "value"),
    [
        ((Decimal(7), Decimal(8), Decimal(9)), 7),
        ((None, Decimal(8), Decimal(9)), 8),
        ((None, None, Decimal(9)), 9),
        ((None, None, None), 10),
        ((Decimal(0), Decimal(8)), 0),
    ],
)
def test_a_tick_is_worth_its_own_value_else_the_events_else_the_pools_else_ten(candidates, value):
    assert tick_value(*candidates) == value


def test_a_tick_below_zero_is_refused():
    check_tick_value(Decimal(0))
    with pytest.raises(BadTickValue, match="-5"):
        check_tick_value(Decimal(-5))


@pytest.mark.parametrize("every", [timedelta(minutes=15), timedelta(hours=2), None])
def test_automatic_ticks_come_every_15_minutes_to_2_hours(every):
    check_every(every)


@pytest.mark.parametrize("every", [timedelta(minutes=14, seconds=59), timedelta(hours=2, seconds=1)])
def test_other_intervals_are_refused(every):
    with pytest.raises(BadInterval, match="15m to 2h"):
        check_every(every)


@pytest.mark.parametrize(
    ("value", "percent", "decimals", "share"),
    [
        ("10", 50, 0, "5"),
        ("15", 50, 0, "8"),
        ("5", 50, 0, "2"),
        ("15", 50, 1, "7.5"),
        ("10", 33, 2, "3.30"),
        ("10", 0, 0, "0"),
    ],
)
def test_standby_is_paid_its_percentage_half_even_to_the_pools_decimals(value, percent, decimals, share):
    assert standby_share(Decimal(value), percent, decimals) == Decimal(share)


def test_on_time_ends_after_fifteen_minutes():
    assert not is_late(minutes(15), START, 900)
    assert is_late(minutes(15) + timedelta(seconds=1), START, 900)


def test_a_second_tick_within_120_seconds_is_answered_with_the_first():
    ticks = [(3, minutes(0)), (4, minutes(30))]
    with pytest.raises(TickTooSoon, match="Tick 4 was taken 40 seconds ago") as refused:
        check_not_too_soon(minutes(30) + timedelta(seconds=40), ticks)
    assert refused.value.data == {"number": 4, "seconds": 40}
    check_not_too_soon(minutes(32), ticks)
    check_not_too_soon(minutes(0), [])


def test_checked_in_are_paid_in_full_and_the_bench_its_share():
    plan = tick([Seat(ANNA, "present"), Seat(BERT, "standby")])
    assert paid(plan) == {ANNA: 10, BERT: 5}
    assert plan.total == 15
    assert {credit.member_id for credit in plan.credits if credit.standby} == {BERT}


@pytest.mark.parametrize("status", ["left", "removed", "excused", "absent"])
def test_who_is_not_here_is_not_paid(status):
    assert paid(tick([Seat(ANNA, status)])) == {}


def test_voice_adds_members_who_did_not_check_in():
    plan = tick([Seat(ANNA, "present")], voice={ANNA, BERT})
    assert paid(plan) == {ANNA: 10, BERT: 10}
    assert evidence(plan) == {ANNA: "voice", BERT: "voice"}
    assert plan.joins == (BERT,)


def test_voice_brings_back_who_was_marked_absent_but_not_who_left_or_was_removed():
    plan = tick([Seat(ANNA, "absent"), Seat(BERT, "left"), Seat(CARL, "removed")], voice={ANNA, BERT, CARL})
    assert paid(plan) == {ANNA: 10}
    assert plan.joins == (ANNA,)


def test_required_voice_leaves_out_who_is_elsewhere_but_not_the_bench():
    seats = [Seat(ANNA, "present"), Seat(BERT, "present"), Seat(CARL, "standby")]
    plan = tick(seats, voice={ANNA, DORA}, required=True)
    assert paid(plan) == {ANNA: 10, CARL: 5}
    assert plan.out_of_voice == (BERT,)
    assert plan.strangers == (DORA,)


def test_required_voice_without_a_channel_leaves_nobody_out():
    assert paid(tick([Seat(ANNA, "present")], voice=None, required=True)) == {ANNA: 10}


def test_guests_are_listed_and_not_credited():
    plan = tick([Seat(ANNA, "present"), Seat(8, "present")], voice={GUEST})
    assert paid(plan) == {ANNA: 10}
    assert plan.strangers == (8, GUEST)


def test_a_guest_whom_a_leader_added_is_credited():
    plan = tick([Seat(GUEST, "present", added=True)])
    assert paid(plan) == {GUEST: 10}
    assert evidence(plan) == {GUEST: "officer"}


def test_ticks_without_being_seen_are_counted_and_forgiven_on_sight():
    seats = [
        Seat(ANNA, "present", last_seen_at=minutes(-1), unseen_ticks=2),
        Seat(BERT, "present", last_seen_at=minutes(1), unseen_ticks=2),
        Seat(CARL, "present", last_seen_at=None, unseen_ticks=2),
    ]
    assert dict(tick(seats, voice={CARL}).unseen) == {ANNA: 3, BERT: 0, CARL: 0}


STATUSES = st.sampled_from(["present", "standby", "left", "excused", "absent", "removed"])
SEATS = st.dictionaries(st.integers(1, 12), st.tuples(STATUSES, st.booleans()), max_size=12).map(
    lambda seats: [Seat(member_id, status, added) for member_id, (status, added) in seats.items()]
)
PEOPLE = st.frozensets(st.integers(1, 12), max_size=12)


@given(SEATS, st.one_of(st.none(), PEOPLE), st.booleans(), PEOPLE)
def test_a_tick_credits_each_person_at_most_once_and_nobody_both_ways(seats, voice, required, entitled):
    plan = tick(seats, voice=voice, required=required, entitled=entitled)
    members = [credit.member_id for credit in plan.credits]
    assert len(members) == len(set(members))
    assert not set(members) & (set(plan.strangers) | set(plan.out_of_voice))
    added = {seat.member_id for seat in seats if seat.added}
    assert set(members) <= entitled | added


def imported(seats, named, *, credited=(), bench=(), credits=True, entitled=MEMBERS):
    return decide_import(
        seats,
        named,
        entitled=entitled,
        credited=credited,
        value=Decimal(10),
        standby_value=Decimal(5),
        bench=bench,
        credits=credits,
    )


def test_a_dump_credits_whom_it_names_and_not_who_is_merely_checked_in():
    plan = imported([Seat(ANNA, "present"), Seat(BERT, "present")], {ANNA, CARL})
    assert paid(plan) == {ANNA: 10, CARL: 10}
    assert evidence(plan) == {ANNA: "dump", CARL: "dump"}
    assert plan.joins == (CARL,)


def test_a_dump_pays_the_bench_its_share_and_who_it_names_in_full():
    plan = imported([Seat(ANNA, "standby"), Seat(BERT, "standby")], {ANNA}, bench={ANNA, BERT})
    assert paid(plan) == {ANNA: 10, BERT: 5}


def test_a_dump_credits_nobody_twice():
    plan = imported([], {ANNA, BERT}, credited={ANNA}, bench={ANNA})
    assert paid(plan) == {BERT: 10}
    assert plan.already == (ANNA,)


def test_a_dump_for_the_roster_only_seats_and_pays_nothing():
    plan = imported([], {ANNA}, credits=False, bench={BERT})
    assert (paid(plan), plan.joins) == ({}, (ANNA,))


def test_a_dump_lists_guests_and_who_was_removed():
    plan = imported([Seat(ANNA, "removed")], {ANNA, GUEST})
    assert plan.strangers == (ANNA, GUEST)
    assert paid(plan) == {}


@pytest.mark.parametrize(
    ("at", "tick_id"),
    [(28, 2), (33, 2), (33.01, None), (29.5, 2), (0, 1), (15, None)],
)
def test_a_dump_belongs_to_the_nearest_tick_within_five_minutes(at, tick_id):
    assert nearest_tick({1: minutes(1), 2: minutes(28)}, minutes(at)) == tick_id


def test_of_two_ticks_as_near_the_earlier_takes_the_dump():
    assert nearest_tick({1: minutes(4), 2: minutes(0)}, minutes(2)) == 2


def test_automatic_ticks_keep_step_and_missed_ones_are_not_made_up_for():
    every = timedelta(minutes=30)
    assert next_automatic(minutes(30), every, minutes(30)) == minutes(60)
    assert next_automatic(minutes(30), every, minutes(31)) == minutes(60)
    assert next_automatic(minutes(30), every, minutes(125)) == minutes(150)
    assert next_automatic(minutes(30), every, minutes(60)) == minutes(90)


def test_a_raid_reopens_for_24_hours():
    check_reopen("ended", START, START + timedelta(hours=24))
    with pytest.raises(ReopenTooLate):
        check_reopen("ended", START, START + timedelta(hours=24, seconds=1))
    with pytest.raises(RaidNotOver):
        check_reopen("running", None, START)
    with pytest.raises(RaidWasCancelled):
        check_reopen("cancelled", START, START)
