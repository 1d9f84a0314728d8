"""Plain bids: the next one, refusals with their numbers, the question, and who may bid."""

from datetime import timedelta

import pytest

from bot.typed import MOST_POINTS
from cogs.auctions.rules.bidding import (
    BidAccepted,
    BidCode,
    BidQuestioned,
    BidRefused,
    Offer,
    decide_bid,
    decide_notice,
    decide_who_may_bid,
    is_own_interest,
    is_surprisingly_high,
)
from cogs.auctions.rules.terms import TIES, Bidders, Kind, Pay, Retract, Status, Terms, Tie
from tests.rules.test_auction_rules.pieces import (
    ANNA,
    BORIS,
    END,
    D,
    accepted,
    auction,
    before_end,
    bidder,
    copies,
    refused,
    sealed,
    terms,
)

STEPPED = terms(steps=((D(50), D(5)), (D(100), D(10))))


def test_the_defaults_are_open_minimum_1_increment_1_window_20_extension_20_limit_20():
    seconds = timedelta(seconds=20)
    assert Terms() == Terms(Kind.OPEN, 1, D(1), D(1), (), 0, TIES, Pay.OWN, Retract.NOT_LEADING, seconds, seconds, 20)
    assert TIES == (Tie.TIER, Tie.AMOUNT, Tie.ATTENDANCE, Tie.BALANCE, Tie.WINS, Tie.EARLIEST)


@pytest.mark.parametrize(
    ("now", "next_bid"),
    [
        pytest.param(auction(), "1", id="nobody bid: the minimum"),
        pytest.param(auction(terms=terms("50")), "50", id="nobody bid: this auction's minimum"),
        pytest.param(auction(ANNA, "44"), "45", id="the price and one increment"),
        pytest.param(auction(ANNA, "44", terms=terms(increment="5")), "49", id="the increment is the auction's"),
        pytest.param(auction(ANNA, "49", terms=STEPPED), "50", id="below the first step it is the increment"),
        pytest.param(auction(ANNA, "50", terms=STEPPED), "55", id="from a price on the increment is the step's"),
        pytest.param(auction(ANNA, "99", terms=STEPPED), "104", id="up to the next step"),
        pytest.param(auction(ANNA, "100", terms=STEPPED), "110", id="from the next step on"),
        pytest.param(auction(ANNA, "0.5", terms=terms("0.5", "0.25", decimals=2)), "0.75", id="decimals"),
    ],
)
def test_the_next_bid_is_the_minimum_or_the_price_and_one_increment(now, next_bid):
    assert now.next_bid() == now.next_bid(BORIS) == D(next_bid)
    taken = accepted(now, BORIS, next_bid)
    assert (taken.after.leader, taken.after.price) == (taken.bid, D(next_bid))
    assert (taken.bid.amount, taken.bid.maximum, taken.bid.most) == (D(next_bid), None, D(next_bid))
    assert taken.outbid == now.standing
    assert refused(now, BORIS, D(next_bid) - D("0.25" if now.terms.decimals else "1")).code in (
        BidCode.TOO_LOW,
        BidCode.BAD_AMOUNT,
    )


@pytest.mark.parametrize(
    ("now", "who", "amount", "received_at", "code"),
    [
        pytest.param(
            auction(ANNA, status=Status.WON), bidder(), "45", before_end(5), BidCode.CLOSED,
            id="a bid that gets the lock after settling is too late whatever its stamp",
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
        pytest.param(
            auction(ANNA, paused_at=before_end(90)), bidder(), "45", before_end(60), BidCode.PAUSED, id="paused"
        ),
        pytest.param(auction(), bidder(), "0", before_end(60), BidCode.BAD_AMOUNT, id="0"),
        pytest.param(auction(), bidder(), "-5", before_end(60), BidCode.BAD_AMOUNT, id="-5"),
        pytest.param(auction(), bidder(), "nan", before_end(60), BidCode.BAD_AMOUNT, id="nan"),
        pytest.param(auction(), bidder(), "snan", before_end(60), BidCode.BAD_AMOUNT, id="snan"),
        pytest.param(auction(), bidder(), "inf", before_end(60), BidCode.BAD_AMOUNT, id="inf"),
        pytest.param(auction(), bidder(), "1e12", before_end(60), BidCode.BAD_AMOUNT, id="1e12"),
        pytest.param(auction(), bidder(), "10000000", before_end(60), BidCode.BAD_AMOUNT, id="over 9,999,999.99"),
        pytest.param(auction(), bidder(), "10.005", before_end(60), BidCode.TOO_FINE, id="10.005"),
        pytest.param(auction(), bidder(), "10.5", before_end(60), BidCode.TOO_FINE, id="10.5"),
        pytest.param(auction(), bidder(), "1e-40", before_end(60), BidCode.TOO_FINE, id="1e-40"),
    ],
)  # fmt: skip
def test_a_bid_is_refused_with_its_code_and_the_numbers(now, who, amount, received_at, code):
    answer = decide_bid(now, who, Offer(D(amount)), sequence=2, received_at=received_at)
    assert isinstance(answer, BidRefused)
    assert answer.code is code
    assert (answer.price, answer.next_bid) == (now.price, now.next_bid())
    assert (answer.balance, answer.spendable) == (who.purse.balance, who.purse.spendable)
    assert (answer.leads, answer.own_hold) == (who.member_id == ANNA, who.own_hold)


@pytest.mark.parametrize(
    ("now", "who", "price"),
    [
        pytest.param(copies(2, "50", "40"), ANNA, "50", id="copies: one's own, where one stands"),
        pytest.param(copies(2, "50", "40"), 9, "40", id="copies: the lowest standing"),
        pytest.param(copies(2), 9, None, id="copies: nobody bid"),
        pytest.param(sealed(), 9, None, id="sealed: none"),
    ],
)
def test_a_refusal_names_the_price_that_is_to_be_beaten(now, who, price):
    assert refused(now, who, "0").price == (price and D(price))


@pytest.mark.parametrize(
    ("now", "who", "amount"),
    [
        pytest.param(auction(ANNA), bidder(balance="45"), "45", id="all one has"),
        pytest.param(auction(ANNA), bidder(balance="0", floor="-45"), "45", id="debt with a negative floor"),
        pytest.param(
            auction(ANNA), bidder(ANNA, balance="100", held="90", own="44"), "54",
            id="raising needs new - old <= spendable: 10 of 10",
        ),
        pytest.param(auction(terms=terms(decimals=2)), bidder(), "10.05", id="decimals"),
        pytest.param(auction(), bidder(), "10.00", id="10.00 is a whole number"),
        pytest.param(
            auction(terms=terms(decimals=2)), bidder(balance="99999999"), str(MOST_POINTS), id="the most there is"
        ),
    ],
)  # fmt: skip
def test_a_bid_is_accepted(now, who, amount):
    answer = decide_bid(now, who, Offer(D(amount)), sequence=2, received_at=before_end(60))
    assert isinstance(answer, BidAccepted)
    assert answer.stands
    assert answer.changes_leader is (who.member_id != ANNA)
    assert (answer.bid.sequence, answer.bid.member_id) == (2, who.member_id)


def test_nothing_beats_9_999_999_99():
    top = accepted(auction(terms=terms(decimals=2)), ANNA, MOST_POINTS, up_to=True).after
    top = accepted(top, BORIS, MOST_POINTS).after
    assert (top.leader and top.leader.member_id, top.price) == (ANNA, MOST_POINTS)
    assert refused(top, BORIS, MOST_POINTS).code is BidCode.TOO_LOW
    assert refused(top, BORIS, top.next_bid()).code is BidCode.BAD_AMOUNT


@pytest.mark.parametrize(
    ("amount", "next_bid", "asks"),
    [("19", "1", False), ("20", "9", True), ("20", "10", False), ("21", "10", True), ("500", "45", True)],
)
def test_a_typed_bid_of_20_or_more_that_is_over_twice_the_next_bid_asks_once(amount, next_bid, asks):
    assert is_surprisingly_high(D(amount), D(next_bid)) is asks
    now, who = auction(terms=terms(next_bid)), bidder()
    typed = decide_bid(now, who, Offer(D(amount)), sequence=1, received_at=before_end(60), ask_if_high=True)
    assert isinstance(typed, BidQuestioned) is asks
    if isinstance(typed, BidQuestioned):
        assert typed == BidQuestioned(D(amount), D(next_bid))
    confirmed = decide_bid(now, who, Offer(D(amount)), sequence=1, received_at=before_end(60))
    assert isinstance(confirmed, BidAccepted)


@pytest.mark.parametrize(
    ("now", "offer"),
    [
        pytest.param(auction(), Offer(D(500), is_maximum=True), id="a maximum is meant to be high"),
        pytest.param(sealed(), Offer(D(500)), id="a sealed form has no price to compare with"),
    ],
)
def test_a_maximum_and_a_sealed_offer_are_not_asked_about(now, offer):
    typed = decide_bid(now, bidder(), offer, sequence=1, received_at=before_end(60), ask_if_high=True)
    assert isinstance(typed, BidAccepted)


def test_what_cannot_be_bid_is_refused_rather_than_asked_about():
    poor = bidder(balance="40")
    typed = decide_bid(auction(), poor, Offer(D(50)), sequence=1, received_at=before_end(60), ask_if_high=True)
    assert isinstance(typed, BidRefused)


@pytest.mark.parametrize(
    ("bidders", "facts", "barred"),
    [
        (Bidders.RAID, {"in_raid": True}, None),
        (Bidders.RAID, {"in_role": True, "reaches": True}, BidCode.NOT_IN_RAID),
        (Bidders.MEMBERS, {}, None),
        (Bidders.ROLE, {"in_role": True}, None),
        (Bidders.ROLE, {"in_raid": True, "reaches": True}, BidCode.NOT_IN_ROLE),
        (Bidders.ATTENDANCE, {"reaches": True}, None),
        (Bidders.ATTENDANCE, {"in_raid": True, "in_role": True}, BidCode.LOW_ATTENDANCE),
        (Bidders.MEMBERS, {"one_win": True}, None),
        (Bidders.MEMBERS, {"won_tonight": True}, None),
        (Bidders.MEMBERS, {"one_win": True, "won_tonight": True}, BidCode.WON_TONIGHT),
        (Bidders.RAID, {"one_win": True, "won_tonight": True, "in_raid": True}, BidCode.WON_TONIGHT),
    ],
)
def test_who_may_bid_is_the_raid_or_the_members_or_a_role_or_who_reaches_the_attendance(bidders, facts, barred):
    assert decide_who_may_bid(bidders, **facts) is barred


@pytest.mark.parametrize(("minutes", "told"), [(3, False), (10, False), (10.01, True), (1440, True)])
def test_notices_are_on_by_default_only_for_auctions_over_ten_minutes(minutes, told):
    assert decide_notice(END - timedelta(minutes=minutes), END) is told


@pytest.mark.parametrize(
    ("has_open_bid", "another", "barred"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_who_has_an_open_bid_may_not_act_on_it_while_another_with_the_right_exists(has_open_bid, another, barred):
    assert is_own_interest(has_open_bid=has_open_bid, another_has_right=another) is barred


def test_the_bid_of_one_never_touches_what_others_hold():
    """The outbid are handed back whole, so that their holds can be released; the own former bid is not among them."""
    raised = accepted(auction(ANNA, "44"), ANNA, "50")
    assert (raised.outbid, raised.changes_leader) == ((), False)
    assert accepted(auction(ANNA, "44"), BORIS, "50").outbid == auction(ANNA, "44").standing
