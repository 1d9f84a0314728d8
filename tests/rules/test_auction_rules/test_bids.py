"""Bids, and how they move the end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import (
    BidAccepted,
    BidCode,
    Bidders,
    BidQuestioned,
    BidRefused,
    Status,
    Terms,
    decide_anti_snipe,
    decide_bid,
    decide_who_may_bid,
    is_surprisingly_high,
)
from tests.rules.test_auction_rules.pieces import ANNA, END, D, auction, before_end, bidder


def test_the_defaults_are_minimum_1_increment_1_window_20_extension_20_limit_20():
    assert Terms() == Terms(D(1), D(1), 0, timedelta(seconds=20), timedelta(seconds=20), 20)


@pytest.mark.parametrize(
    ("now", "next_bid"),
    [
        pytest.param(auction(), "1", id="nobody bid: the minimum"),
        pytest.param(auction(terms=Terms(minimum=D(50))), "50", id="nobody bid: this auction's minimum"),
        pytest.param(auction(ANNA, "44"), "45", id="the price and one increment"),
        pytest.param(auction(ANNA, "44", terms=Terms(increment=D(5))), "49", id="the increment is the auction's"),
    ],
)
def test_the_next_bid_is_the_minimum_or_the_price_and_one_increment(now, next_bid):
    assert now.next_bid == D(next_bid)
    accepted = decide_bid(now, bidder(), D(next_bid), received_at=before_end(60))
    assert accepted == BidAccepted(D(next_bid), changes_leader=True, ends_at=END, extensions=0)
    refused = decide_bid(now, bidder(), D(next_bid) - 1, received_at=before_end(60))
    assert isinstance(refused, BidRefused)


@pytest.mark.parametrize(
    ("now", "who", "amount", "received_at", "code"),
    [
        pytest.param(
            auction(ANNA, status=Status.WON), bidder(), "45", before_end(5), BidCode.CLOSED,
            id="a bid that gets the lock after settling is too late whatever its stamp",
        ),
        pytest.param(auction(ANNA), bidder(), "45", END, BidCode.LATE, id="received at the end is late"),
        pytest.param(
            auction(ANNA), bidder(), "45", END + timedelta(milliseconds=500), BidCode.LATE,
            id="between the end and settling is late",
        ),
        pytest.param(auction(ANNA), bidder(), "44", before_end(60), BidCode.TOO_LOW, id="the price itself"),
        pytest.param(
            auction(ANNA), bidder(ANNA, held="44", own="44"), "44", before_end(60), BidCode.TOO_LOW,
            id="the leader's own price again",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="44"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="more than the balance",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="100", held="56"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="what is held in other auctions cannot be bid",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="100", floor="56"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="the floor binds bids",
        ),
        pytest.param(
            auction(ANNA), bidder(ANNA, balance="100", held="90", own="44"), "55", before_end(60),
            BidCode.CANNOT_AFFORD, id="raising needs new - old <= spendable: 11 of 10",
        ),
        pytest.param(
            auction(ANNA), bidder(barred=BidCode.NOT_IN_RAID), "45", before_end(60), BidCode.NOT_IN_RAID,
            id="who may bid",
        ),
        pytest.param(auction(), bidder(), "0", before_end(60), BidCode.BAD_AMOUNT, id="0"),
        pytest.param(auction(), bidder(), "-5", before_end(60), BidCode.BAD_AMOUNT, id="-5"),
        pytest.param(auction(), bidder(), "nan", before_end(60), BidCode.BAD_AMOUNT, id="nan"),
        pytest.param(auction(), bidder(), "inf", before_end(60), BidCode.BAD_AMOUNT, id="inf"),
        pytest.param(auction(), bidder(), "1e12", before_end(60), BidCode.BAD_AMOUNT, id="1e12"),
        pytest.param(auction(), bidder(), "10.005", before_end(60), BidCode.TOO_FINE, id="10.005"),
        pytest.param(auction(), bidder(), "10.5", before_end(60), BidCode.TOO_FINE, id="10.5"),
    ],
)  # fmt: skip
def test_a_bid_is_refused_with_its_code_and_the_numbers(now, who, amount, received_at, code):
    refused = decide_bid(now, who, D(amount), received_at=received_at)
    assert isinstance(refused, BidRefused)
    assert refused.code is code
    assert refused.price == (now.standing.amount if now.standing else None)
    assert refused.next_bid == now.next_bid
    assert (refused.balance, refused.spendable) == (who.purse.balance, who.purse.spendable)


@pytest.mark.parametrize(
    ("now", "who", "amount", "received_at", "changes_leader"),
    [
        pytest.param(auction(ANNA), bidder(balance="45"), "45", before_end(60), True, id="all one has"),
        pytest.param(
            auction(ANNA), bidder(balance="0", floor="-45"), "45", before_end(60), True,
            id="a negative floor means debt is allowed",
        ),
        pytest.param(
            auction(ANNA), bidder(ANNA, balance="100", held="90", own="44"), "54", before_end(60), False,
            id="raising needs new - old <= spendable: 10 of 10",
        ),
        pytest.param(
            auction(ANNA), bidder(), "45", END - timedelta(microseconds=1), True,
            id="in time is received before ends_at",
        ),
        pytest.param(
            auction(terms=Terms(decimals=2)), bidder(), "10.05", before_end(60), True, id="decimals"
        ),
        pytest.param(auction(), bidder(), "10.00", before_end(60), True, id="10.00 is a whole number"),
    ],
)  # fmt: skip
def test_a_bid_is_accepted(now, who, amount, received_at, changes_leader):
    accepted = decide_bid(now, who, D(amount), received_at=received_at)
    assert isinstance(accepted, BidAccepted)
    assert accepted.changes_leader is changes_leader


@pytest.mark.parametrize(
    ("amount", "next_bid", "asks"),
    [("19", "1", False), ("20", "9", True), ("20", "10", False), ("21", "10", True), ("500", "45", True)],
)
def test_a_typed_bid_of_20_or_more_that_is_over_twice_the_next_bid_asks_once(amount, next_bid, asks):
    assert is_surprisingly_high(D(amount), D(next_bid)) is asks
    now = auction(terms=Terms(minimum=D(next_bid)))
    typed = decide_bid(now, bidder(), D(amount), received_at=before_end(60), ask_if_high=True)
    assert isinstance(typed, BidQuestioned) is asks
    confirmed = decide_bid(now, bidder(), D(amount), received_at=before_end(60))
    assert isinstance(confirmed, BidAccepted)


def test_what_cannot_be_bid_is_refused_rather_than_asked_about():
    refused = decide_bid(auction(), bidder(balance="40"), D(50), received_at=before_end(60), ask_if_high=True)
    assert isinstance(refused, BidRefused)


@pytest.mark.parametrize(
    ("bidders", "in_raid", "barred"),
    [
        (Bidders.RAID, True, None),
        (Bidders.RAID, False, BidCode.NOT_IN_RAID),
        (Bidders.MEMBERS, True, None),
        (Bidders.MEMBERS, False, None),
    ],
)
def test_who_may_bid_is_the_raid_or_the_members(bidders, in_raid, barred):
    assert decide_who_may_bid(bidders, in_raid=in_raid) is barred


@pytest.mark.parametrize(
    ("left", "changes_leader", "moved", "counted"),
    [
        pytest.param(5, True, 15, 1, id="less than the window is left"),
        pytest.param(20, True, 0, 0, id="exactly the window is left"),
        pytest.param(19.5, True, 0.5, 1, id="just inside the window"),
        pytest.param(5, False, 0, 0, id="raising one's own bid does not extend"),
    ],
)
def test_anti_snipe_moves_the_end_when_the_leader_changes_and_less_than_the_window_is_left(
    left, changes_leader, moved, counted
):
    ends_at, extensions = decide_anti_snipe(auction(ANNA), changes_leader=changes_leader, received_at=before_end(left))
    assert (ends_at - END, extensions) == (timedelta(seconds=moved), counted)


def test_only_a_move_counts_against_the_limit():
    short = auction(ANNA, terms=Terms(snipe_extension=timedelta(seconds=5)))
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(10)) == (END, 0)
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(2))[1] == 1


def test_after_20_extensions_the_end_stays():
    at = before_end(1)
    assert decide_anti_snipe(auction(ANNA, extensions=19), changes_leader=True, received_at=at)[1] == 20
    assert decide_anti_snipe(auction(ANNA, extensions=20), changes_leader=True, received_at=at) == (END, 20)


def test_a_refused_bid_does_not_extend():
    assert isinstance(decide_bid(auction(ANNA), bidder(), D(44), received_at=before_end(1)), BidRefused)


@given(
    left=st.integers(1, 60_000),
    window=st.integers(0, 60_000),
    extension=st.integers(0, 60_000),
    done=st.integers(0, 3),
    limit=st.integers(0, 3),
    changes=st.booleans(),
)
def test_anti_snipe_agrees_with_the_reference_in_milliseconds(left, window, extension, done, limit, changes):
    terms = Terms(
        snipe_window=timedelta(milliseconds=window),
        snipe_extension=timedelta(milliseconds=extension),
        snipe_limit=limit,
    )
    ends_at, extensions = decide_anti_snipe(
        auction(ANNA, terms=terms, extensions=done),
        changes_leader=changes,
        received_at=END - timedelta(milliseconds=left),
    )
    moves = changes and left < window and done < limit and extension > left
    assert ends_at == END + timedelta(milliseconds=extension - left if moves else 0)
    assert extensions == done + moves
