"""Max bid: open auctions of one copy. In shorthand "A 44" is Anna's plain bid and "B <60" Boris's maximum."""

import pytest

from cogs.auctions.rules.bidding import Bid, BidCode, least_maximum, price_of
from cogs.auctions.rules.terms import Kind, Retract
from tests.rules.test_auction_rules.pieces import (
    ANNA,
    BORIS,
    D,
    accepted,
    auction,
    copies,
    played,
    refused,
    sealed,
    terms,
)

TEN_BELOW_50 = terms("10", "10", steps=((D(50), D(5)),))
"""An increment that shrinks: over 45 is 55, and over 50 is 55."""


@pytest.mark.parametrize(
    ("bids", "leader", "price", "held"),
    [
        pytest.param(["A 44"], ANNA, 44, 44, id="a plain bid of N is a maximum of N shown in full"),
        pytest.param(["A <60"], ANNA, 10, 60, id="a first maximum: the price is the minimum"),
        pytest.param(["A <60", "B 40"], ANNA, 45, 60, id="best other maximum + increment"),
        pytest.param(["A <60", "B <40"], ANNA, 45, 60, id="a hidden maximum drives the price as a plain bid does"),
        pytest.param(["A <60", "B 58"], ANNA, 60, 60, id="the last step may be short"),
        pytest.param(["A <60", "B 60"], ANNA, 60, 60, id="a bid of the maximum: the earlier leads at that amount"),
        pytest.param(["A <60", "B <60"], ANNA, 60, 60, id="equal maxima: the earlier leads at that amount"),
        pytest.param(["A <60", "B 61"], BORIS, 61, 61, id="a plain bid over it, by less than an increment"),
        pytest.param(["A <60", "B <61"], BORIS, 61, 61, id="a maximum over it: the last step is short"),
        pytest.param(["A <60", "B <90"], BORIS, 65, 90, id="a maximum over a maximum"),
        pytest.param(["A 44", "B <90"], BORIS, 49, 90, id="a maximum over a plain bid"),
        pytest.param(["A <60", "B 70"], BORIS, 70, 70, id="a plain bid is shown in full"),
        pytest.param(["A <60", "B 20", "C 30"], ANNA, 35, 60, id="answered twice"),
        pytest.param(["A <60", "A <90"], ANNA, 10, 90, id="raise the maximum: the price stays"),
        pytest.param(["A <60", "B 40", "A <90"], ANNA, 45, 90, id="raise it with others behind: the price stays"),
        pytest.param(["A <42", "B 40", "A <90"], ANNA, 42, 90, id="raise it after a short step: the price stays"),
        pytest.param(["A <42", "B 40", "A <90", "C 47"], ANNA, 52, 90, id="and the next bid makes full steps again"),
        pytest.param(["A 44", "A <90"], ANNA, 44, 90, id="a maximum on the own plain bid: the price stays"),
        pytest.param(["A 44", "A <46"], ANNA, 44, 46, id="a maximum within the next increment"),
        pytest.param(["A <60", "B 40", "A <50"], ANNA, 45, 50, id="lower the maximum"),
        pytest.param(["A <60", "B 40", "A <45"], ANNA, 45, 45, id="lower it to the price"),
        pytest.param(["A <60", "B 40", "A <45", "B 50"], BORIS, 50, 50, id="what was lowered does not answer any more"),
        pytest.param(["A <60", "A 30"], ANNA, 30, 60, id="a plain raise by a leader keeps the higher maximum"),
        pytest.param(["A <60", "B 40", "A 50"], ANNA, 50, 60, id="a plain raise over the price, under the maximum"),
        pytest.param(["A <60", "A 30", "B 40"], ANNA, 45, 60, id="and the maximum still answers"),
        pytest.param(["A <60", "A 60"], ANNA, 60, 60, id="a plain raise to the maximum shows it"),
        pytest.param(["A <60", "A 80"], ANNA, 80, 80, id="a plain raise over the own maximum"),
        pytest.param(["A 30", "A <60", "A <50"], ANNA, 30, 50, id="what was bid aloud stays the price when lowered"),
        pytest.param(["A 44", "B <90", "A 60", "A <99"], ANNA, 95, 99, id="to and fro"),
    ],
)
def test_max_bid(bids, leader, price, held):
    """Price = min(leader's maximum, best other maximum + increment), at least the minimum."""
    now = played(auction(terms=terms("10", "5")), *bids)
    assert now.leader is not None
    assert (now.leader.member_id, now.price, now.leader.most) == (leader, D(price), D(held))
    assert now.standing == (now.leader,), "nobody but the leader holds anything"


@pytest.mark.parametrize(
    ("amount", "up_to", "next_bid"),
    [("45", False, "47"), ("45", True, "47"), ("59", False, "61"), ("60", False, "61"), ("60", True, "61")],
)
def test_a_bid_at_or_under_a_hidden_maximum_loses_at_once_holds_nothing_and_is_told_next_47(amount, up_to, next_bid):
    now = played(auction(), "A <60", "B 43")
    answer = accepted(now, BORIS, amount, up_to=up_to)
    assert answer.bid.most == D(amount), "it is recorded"
    assert (answer.stands, answer.changes_leader, answer.outbid) == (False, False, ())
    assert answer.after.standing == now.standing
    assert answer.after.next_bid(BORIS) == D(next_bid)


def test_a_plain_raise_to_the_own_maximum_is_a_plain_bid():
    assert accepted(auction(ANNA, "44", maximum="60"), ANNA, "59").bid.maximum == 60
    assert accepted(auction(ANNA, "44", maximum="60"), ANNA, "60").bid.maximum is None


def test_the_price_is_at_least_the_minimum_whatever_was_said():
    assert price_of(terms("10"), Bid(1, ANNA, D(5), D(60)), ()) == 10


def test_a_maximum_shows_no_more_than_the_minimum_or_what_was_bid_aloud():
    assert accepted(auction(terms=terms("10")), ANNA, "60", up_to=True).bid.amount == 10
    assert accepted(auction(ANNA, "44"), ANNA, "60", up_to=True).bid.amount == 44
    assert accepted(auction(ANNA, "44", maximum="60"), ANNA, "50", up_to=True).bid.amount == 44
    assert accepted(auction(ANNA, "44"), BORIS, "60", up_to=True).bid.amount == 1


@pytest.mark.parametrize(
    ("who", "amount", "up_to", "code"),
    [
        pytest.param(ANNA, "60", True, BidCode.UNCHANGED, id="the maximum it is already"),
        pytest.param(ANNA, "43", True, BidCode.TOO_LOW, id="a leader cannot lower it under the price"),
        pytest.param(ANNA, "44", False, BidCode.TOO_LOW, id="a leader's plain bid must be over the price"),
        pytest.param(BORIS, "44", True, BidCode.TOO_LOW, id="others must beat the price with a maximum too"),
        pytest.param(BORIS, "44", False, BidCode.TOO_LOW, id="or with a plain bid"),
        pytest.param(BORIS, "45.5", True, BidCode.TOO_FINE, id="a maximum has the pool's decimals"),
        pytest.param(BORIS, "0", True, BidCode.BAD_AMOUNT, id="a maximum of 0"),
    ],
)
def test_refused_maxima(who, amount, up_to, code):
    answer = refused(auction(ANNA, "44", maximum="60"), who, amount, up_to=up_to)
    assert answer.code is code
    assert answer.next_bid == (44 if who == ANNA and up_to else 45), "the least of the kind that was tried"
    assert answer.price == 44


def test_on_a_plain_bid_the_same_maximum_changes_nothing():
    assert refused(auction(ANNA, "44"), ANNA, "44", up_to=True).code is BidCode.UNCHANGED


def test_the_least_maximum_is_the_price_for_the_leader_and_the_next_bid_for_others():
    now = auction(ANNA, "44", maximum="60")
    assert (least_maximum(now, ANNA), least_maximum(now, BORIS)) == (44, 45)
    assert least_maximum(auction(terms=terms("10")), BORIS) == 10


@pytest.mark.parametrize(
    ("now", "who", "amount", "up_to", "balance", "taken"),
    [
        pytest.param(auction(), ANNA, "60", True, "60", True, id="the whole maximum is held"),
        pytest.param(auction(), ANNA, "60", True, "59", False, id="so it must be there"),
        pytest.param(auction(ANNA, "44", "60"), ANNA, "70", True, "70", True, id="raising needs new - old"),
        pytest.param(auction(ANNA, "44", "60"), ANNA, "70", True, "69", False, id="10 of 9"),
        pytest.param(auction(ANNA, "44", "60"), ANNA, "50", True, "0", True, id="lowering needs nothing, in debt too"),
        pytest.param(auction(ANNA, "44", "60"), ANNA, "50", False, "0", True, id="nor does a raise under the maximum"),
        pytest.param(auction(ANNA, "44", "60"), ANNA, "61", False, "60", False, id="a raise over it needs the rest"),
        pytest.param(auction(ANNA, "44", "60"), BORIS, "50", False, "49", False, id="what loses at once must be there"),
    ],
)  # fmt: skip
def test_a_raise_alone_must_be_spendable(now, who, amount, up_to, balance, taken):
    if taken:
        accepted(now, who, amount, up_to=up_to, balance=balance)
    else:
        assert refused(now, who, amount, up_to=up_to, balance=balance).code is BidCode.CANNOT_AFFORD


@pytest.mark.parametrize(
    "now",
    [copies(2), copies(2, "50"), sealed(), sealed(kind=Kind.SECOND_PRICE), sealed(retract=Retract.ALWAYS)],
    ids=["copies", "copies, one stands", "sealed", "second price", "sealed, always"],
)
def test_no_maximum_with_several_copies_nor_in_sealed_forms(now):
    assert refused(now, ANNA, "60", up_to=True).code is BidCode.NO_MAXIMUM
    assert now.leader is None


@pytest.mark.parametrize(
    ("bids", "leader", "price"),
    [
        pytest.param(["A <90", "B 45"], ANNA, 55, id="45 + 10"),
        pytest.param(["A <90", "B 50"], ANNA, 55, id="50 + 5"),
        pytest.param(["A <52", "B 49"], ANNA, 52, id="49 + 10, cut at 52"),
        pytest.param(["A <52", "B 49", "A <90", "C 57"], ANNA, 62, id="then 52 + 5 is taken, and answered with 57 + 5"),
        pytest.param(["A <90", "B 45", "C 60"], ANNA, 65, id="55 + 5 is taken"),
        pytest.param(["A 45", "B <90"], BORIS, 55, id="over a plain bid"),
    ],
)
def test_an_increment_that_shrinks_never_makes_the_price_fall(bids, leader, price):
    prices = [played(auction(terms=TEN_BELOW_50), *bids[:count]).price or D(0) for count in range(len(bids) + 1)]
    assert prices == sorted(prices)
    now = played(auction(terms=TEN_BELOW_50), *bids)
    assert now.leader is not None
    assert (now.leader.member_id, now.price) == (leader, price)


def test_decimals_are_steps_like_any_other():
    now = played(auction(terms=terms("0.5", "0.25", decimals=2)), "A <1.1", "B 0.9")
    assert now.price == D("1.1")
    now = played(auction(terms=terms("0.5", "0.25", decimals=2)), "A <1.1", "B 0.8")
    assert now.price == D("1.05")
