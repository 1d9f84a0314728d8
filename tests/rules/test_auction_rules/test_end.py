"""Settling, outages, extensions and own interest."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import (
    Bid,
    Status,
    is_own_interest,
)
from cogs.auctions.rules.ending import (
    AlreadyDone,
    Outage,
    Settled,
    SettleLater,
    decide_extension,
    decide_settlement,
    decide_time_back,
)
from tests.rules.test_auction_rules.pieces import ANNA, END, D, auction, before_end


def test_settling_starts_at_the_end_and_1_s():
    due_at = END + timedelta(seconds=1)
    early = decide_settlement(auction(ANNA), now=due_at - timedelta(microseconds=1))
    assert early == SettleLater(due_at)
    assert decide_settlement(auction(ANNA), now=due_at) == Settled(Bid(1, ANNA, D(44)), Status.WON)


def test_settling_does_nothing_if_the_end_moved():
    moved = auction(ANNA, ends_at=END + timedelta(seconds=20))
    assert decide_settlement(moved, now=END + timedelta(seconds=1)) == SettleLater(END + timedelta(seconds=21))


def test_nobody_bids_is_recorded():
    assert decide_settlement(auction(), now=END + timedelta(seconds=1)) == Settled(None, Status.NO_BIDS)


@pytest.mark.parametrize("status", [Status.WON, Status.NO_BIDS, Status.CANCELLED])
def test_settling_twice_does_nothing(status):
    over = auction(ANNA, status=status)
    assert decide_settlement(over, now=END + timedelta(seconds=9)) == AlreadyDone()
    assert decide_settlement(over, now=before_end(9), closes_early=True) == AlreadyDone()


def test_closing_early_settles_at_once():
    assert decide_settlement(auction(ANNA), now=before_end(90), closes_early=True) == Settled(
        Bid(1, ANNA, D(44)), Status.WON
    )


def outage(began: float, ready: float) -> Outage:
    """From `began` seconds before the end to `ready` seconds after it."""
    return Outage(before_end(began), END + timedelta(seconds=ready))


@pytest.mark.parametrize(
    ("outages", "ends_after"),
    [
        pytest.param([], None, id="never down"),
        pytest.param([outage(10, 300)], None, id="10 s are not more than 10 s"),
        pytest.param([outage(10.001, 300)], 360, id="more than 10 s: ready + 60 s"),
        pytest.param([outage(3600, 7200)], 7260, id="down for hours over the end"),
        pytest.param([outage(3600, -61)], None, id="up again before the last 60 s"),
        pytest.param([outage(3600, -49)], 11, id="up again within the last 60 s, 11 s of them lost"),
        pytest.param([outage(3600, -50)], None, id="up again within the last 60 s, 10 s of them lost"),
        pytest.param([outage(-1, 300)], None, id="down only after the end"),
        pytest.param([outage(50, -44), outage(20, -14)], 46, id="two outages add up, the later ready counts"),
    ],
)
def test_down_at_the_end_gives_the_time_back(outages, ends_after):
    new_end = decide_time_back(auction(ANNA), outages)
    assert new_end == (None if ends_after is None else END + timedelta(seconds=ends_after))


def test_time_is_given_back_once_and_only_to_open_auctions():
    assert decide_time_back(auction(ANNA, time_given_back=True), [outage(60, 60)]) is None
    assert decide_time_back(auction(ANNA, status=Status.CANCELLED), [outage(60, 60)]) is None


@given(began=st.integers(-100, 200), length=st.integers(0, 400))
def test_time_back_agrees_with_counting_seconds(began, length):
    down = set(range(began, began - length, -1))  # the seconds before the end in which nobody lived
    lost = len(down & set(range(60, 0, -1)))
    new_end = decide_time_back(auction(), [outage(began, length - began)])
    assert (new_end is not None) is (lost > 10)
    assert new_end is None or new_end > END


def test_an_officers_extension_adds():
    assert decide_extension(auction(ANNA), timedelta(minutes=2)) == END + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("has_open_bid", "another", "barred"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_who_has_an_open_bid_may_not_act_on_it_while_another_with_the_right_exists(has_open_bid, another, barred):
    assert is_own_interest(has_open_bid=has_open_bid, another_has_right=another) is barred
