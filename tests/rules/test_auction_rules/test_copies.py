"""Several copies, open: the N best stand, one a person, and each pays their own."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import BidAccepted, BidCode
from cogs.auctions.rules.resolving import resolve_open
from cogs.auctions.rules.terms import Terms
from tests.rules.test_auction_rules.pieces import (
    ANNA,
    BORIS,
    CARA,
    DORA,
    D,
    accepted,
    auction,
    bid,
    copies,
    played,
    refused,
)
from tests.rules.test_auction_rules.references_open import SlowCopies

STEPS = ((D(45), D(5)),)


@pytest.mark.parametrize(
    ("now", "member_id", "next_bid"),
    [
        pytest.param(copies(3), ANNA, "1", id="the minimum while nobody stands"),
        pytest.param(copies(3, "50", "40"), CARA, "1", id="the minimum while fewer than that many stand"),
        pytest.param(copies(2, "50", "40"), CARA, "41", id="Bid N beats the lowest of them once N stand"),
        pytest.param(copies(2, "50", "40"), None, "41", id="for somebody new"),
        pytest.param(copies(2, "50", "40"), ANNA, "51", id="who stands already raises over their own"),
        pytest.param(copies(2, "50", "40"), BORIS, "41", id="the lowest raises over their own"),
        pytest.param(copies(3, "50", "40"), ANNA, "51", id="and does so while copies are free"),
        pytest.param(copies(2, "50", "45", increment=D(3), steps=STEPS), CARA, "50", id="by the step at the lowest"),
        pytest.param(copies(2, "50", "40", increment=D(3), steps=STEPS), ANNA, "55", id="by the step at one's own"),
    ],
)
def test_bid_n_beats_the_lowest_of_those_standing_once_n_stand(now, member_id, next_bid):
    assert now.next_bid(member_id) == D(next_bid)
    who = member_id or DORA
    assert accepted(now, who, next_bid).stands
    code = refused(now, who, D(next_bid) - 1).code
    assert code is (BidCode.BAD_AMOUNT if next_bid == "1" else BidCode.TOO_LOW)


def test_one_a_person_the_lowest_makes_room():
    now = copies(2, "50", "40")
    answer = accepted(now, CARA, "45")
    assert [(stood.member_id, stood.amount) for stood in answer.after.standing] == [(ANNA, 50), (CARA, 45)]
    assert [beaten.member_id for beaten in answer.outbid] == [BORIS]
    assert answer.changes_leader
    assert answer.after.price is None
    again = accepted(answer.after, CARA, "60")
    assert [(stood.member_id, stood.amount) for stood in again.after.standing] == [(CARA, 60), (ANNA, 50)]
    assert (again.outbid, again.changes_leader) == ((), False)


def test_of_equal_lowest_bids_the_later_makes_room():
    now = played(copies(2), "A 10", "B 10", "C 11")
    assert [stood.member_id for stood in now.standing] == [CARA, ANNA]


@pytest.mark.parametrize(("balance", "taken"), [("60", True), ("59", False)])
def test_raising_needs_new_minus_old(balance, taken):
    answer = bid(copies(2, "50", "40"), ANNA, "60", balance=balance)
    assert isinstance(answer, BidAccepted) is taken


def test_each_pays_their_own():
    outcome = resolve_open(played(copies(3), "A 10", "B 20", "C 30", "D 25"), people=4)
    assert [(win.bid.member_id, win.price) for win in outcome.wins] == [(CARA, 30), (DORA, 25), (BORIS, 20)]
    assert outcome.trace == ("4 people bid for 3 copies: the highest bids stood, and each pays their own.",)
    assert resolve_open(copies(3), people=0) == resolve_open(auction(), people=0)


bids = st.lists(st.tuples(st.integers(1, 5), st.integers(-3, 8), st.integers(0, 60)), max_size=20)


@given(
    bids=bids,
    quantity=st.integers(2, 4),
    minimum=st.integers(1, 8),
    steps=st.sampled_from([(), ((10, 3),), ((5, 4), (12, 1))]),
    unit=st.sampled_from([Decimal(1), Decimal("0.25")]),
)
def test_open_with_copies_agrees_with_the_slow_reference(bids, quantity, minimum, steps, unit):
    slow = SlowCopies(quantity, minimum * unit, 2 * unit, [(a * unit, b * unit) for a, b in steps])
    terms = Terms(
        quantity=quantity, minimum=slow.minimum, increment=slow.increment, steps=tuple(slow.steps), decimals=2
    )
    now = auction(terms=terms)
    for sequence, (who, offset, balance) in enumerate(bids):
        least = slow.least(who)
        assert now.next_bid(who) == least
        amount = least + offset * unit
        may = amount >= least and slow.can_pay(who, amount, balance * unit)
        before = dict(slow.standing())
        answer = bid(now, who, amount, balance=balance * unit, sequence=sequence)
        assert isinstance(answer, BidAccepted) is may
        if not isinstance(answer, BidAccepted):
            continue
        slow.say(who, amount)
        now = answer.after
        assert [(stood.member_id, stood.amount) for stood in now.standing] == slow.standing()
        assert answer.stands, "who bids over the lowest stands"
        assert answer.changes_leader is (who not in before)
        assert {beaten.member_id for beaten in answer.outbid} == before.keys() - dict(slow.standing()).keys()
        assert now.price is None
