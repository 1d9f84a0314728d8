"""Offers in sealed forms: one a person, the new one replaces the old."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import Bid, BidAccepted, BidCode, BidRefused
from cogs.auctions.rules.terms import Kind, Retract, Terms, Tie, Tier
from tests.rules.test_auction_rules.pieces import ANNA, BORIS, CARA, D, accepted, bid, refused, sealed

BOTH = pytest.mark.parametrize("kind", [Kind.SEALED, Kind.SECOND_PRICE])
OFFERED = Bid(1, ANNA, D(50), tier=Tier.ALT)


@BOTH
def test_the_first_offer_stands_beside_every_other(kind):
    now = sealed(OFFERED, kind=kind)
    answer = accepted(now, BORIS, "20", tier=Tier.MAIN, sequence=2)
    assert answer.after.standing == (OFFERED, Bid(2, BORIS, D(20), tier=Tier.MAIN))
    assert (answer.stands, answer.outbid, answer.after.price, answer.after.leader) == (True, (), None, None)
    assert answer.changes_leader, "somebody stands who did not"


@BOTH
def test_every_offer_stands_however_few_copies_there_are(kind):
    now = sealed(kind=kind, quantity=2)
    for member_id in range(1, 6):
        now = accepted(now, member_id, "9", sequence=member_id).after
    assert [offer.member_id for offer in now.standing] == [1, 2, 3, 4, 5]


@BOTH
def test_the_next_bid_is_the_minimum_whatever_others_offered(kind):
    now = sealed(OFFERED, kind=kind, minimum=D(10))
    assert now.next_bid() == now.next_bid(ANNA) == now.next_bid(BORIS) == 10
    assert refused(now, BORIS, "9").code is BidCode.TOO_LOW
    assert accepted(now, BORIS, "10").stands
    assert accepted(now, CARA, "50").stands, "an equal offer is an offer"


@pytest.mark.parametrize(
    ("retract", "amount", "tier", "code"),
    [
        pytest.param(Retract.NEVER, "51", Tier.ALT, None, id="never: it may be raised"),
        pytest.param(Retract.NEVER, "49", Tier.ALT, BidCode.NO_LOWERING, id="never: it may not be lowered"),
        pytest.param(Retract.NEVER, "49", Tier.MAIN, BidCode.NO_LOWERING, id="never: for another character neither"),
        pytest.param(Retract.NEVER, "50", Tier.MAIN, None, id="never: the character may change"),
        pytest.param(Retract.NOT_LEADING, "51", Tier.ALT, None, id="not leading: raise"),
        pytest.param(Retract.NOT_LEADING, "49", Tier.ALT, None, id="not leading: lower"),
        pytest.param(Retract.ALWAYS, "51", Tier.ALT, None, id="always: raise"),
        pytest.param(Retract.ALWAYS, "49", Tier.ALT, None, id="always: lower"),
        pytest.param(Retract.ALWAYS, "9", Tier.ALT, BidCode.TOO_LOW, id="but not under the minimum"),
        pytest.param(Retract.NEVER, "9", Tier.ALT, BidCode.TOO_LOW, id="never: under the minimum is too low first"),
        pytest.param(Retract.NEVER, "50", Tier.ALT, BidCode.UNCHANGED, id="never: the same again"),
        pytest.param(Retract.ALWAYS, "50", Tier.ALT, BidCode.UNCHANGED, id="always: the same again"),
    ],
)
@BOTH
def test_raise_or_lower_an_offer(kind, retract, amount, tier, code):
    now = sealed(OFFERED, Bid(2, BORIS, D(50)), kind=kind, minimum=D(10), retract=retract)
    answer = bid(now, ANNA, amount, tier=tier, sequence=3)
    if code is not None:
        assert isinstance(answer, BidRefused)
        assert answer.code is code
        assert (answer.price, answer.next_bid, answer.own_hold) == (None, 10, 50)
        return
    assert isinstance(answer, BidAccepted)
    assert set(answer.after.standing) == {Bid(2, BORIS, D(50)), Bid(3, ANNA, D(amount), tier=tier)}, "it replaces"
    assert (answer.outbid, answer.changes_leader) == ((), False)


@pytest.mark.parametrize(
    ("who", "amount", "balance", "taken"),
    [
        pytest.param(BORIS, "60", "60", True, id="the full offer is held until settled"),
        pytest.param(BORIS, "60", "59", False, id="so it must be there"),
        pytest.param(ANNA, "60", "60", True, id="raising needs new - old <= spendable"),
        pytest.param(ANNA, "60", "59", False, id="10 of 9"),
        pytest.param(ANNA, "40", "0", True, id="lowering needs nothing, in debt too"),
    ],
)
@BOTH
def test_an_offer_must_be_spendable(kind, who, amount, balance, taken):
    answer = bid(sealed(OFFERED, kind=kind), who, amount, balance=balance)
    assert isinstance(answer, BidAccepted) is taken


def test_tiers_exist_in_sealed_forms_only():
    assert Terms(kind=Kind.SEALED).has_tiers
    assert Terms(kind=Kind.SECOND_PRICE).has_tiers
    assert not Terms().has_tiers
    assert not Terms(kind=Kind.SEALED, ties=(Tie.AMOUNT, Tie.EARLIEST)).has_tiers


@given(
    offers=st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 9), st.sampled_from(Tier), st.integers(3, 9)), max_size=15
    ),
    kind=st.sampled_from([Kind.SEALED, Kind.SECOND_PRICE]),
    retract=st.sampled_from(Retract),
    quantity=st.integers(1, 3),
)
def test_any_offers_agree_with_keeping_the_last_of_each(offers, kind, retract, quantity):
    now, last = sealed(kind=kind, retract=retract, quantity=quantity, minimum=D(3)), {}
    for sequence, (who, amount, tier, balance) in enumerate(offers):
        old, old_tier, _ = last.get(who, (0, None, None))
        may = (
            amount >= 3
            and (amount, tier) != (old, old_tier)
            and (amount >= old or retract is not Retract.NEVER)
            and (amount <= balance or amount <= old)
        )
        answer = bid(now, who, D(amount), tier=tier, balance=D(balance), sequence=sequence)
        assert isinstance(answer, BidAccepted) is may
        if isinstance(answer, BidAccepted):
            last[who] = (amount, tier, sequence)
            now = answer.after
        assert {offer.member_id: (offer.amount, offer.tier, offer.sequence) for offer in now.standing} == last
        assert len(now.standing) == len(last)
        assert now.price is None
