"""What a pool may be, and what its cap lets through."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused
from bot.typed import BadAmount
from cogs.dkp.rules import Purse, within_cap
from cogs.dkp.rules.pools import BadPool, FinerAmounts, Given, Terms, decide_terms, in_words
from cogs.dkp.rules.transfers import BadTransfer, CannotAfford, NoRoom, check_amount, check_receiver, check_transfer

D = Decimal
AMOUNTS = st.decimals(-10_000, 10_000, places=2)
CREDITS = ("attendance", "bonus", "opening", "adjustment", "correction")
NEVER_CUT = ("reversal", "transfer", "loot", "penalty", "decay", "import")
DKP = Terms("DKP")


@given(st.sampled_from(CREDITS), AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_credit_never_leads_above_the_cap_and_never_takes_anything(kind, amount, balance, cap):
    moved = within_cap(kind, "officer", amount, balance, cap)
    if amount <= 0:
        assert moved == amount, "a loss is no matter of the cap"
    else:
        assert 0 <= moved <= amount
        assert moved == amount or balance + moved == max(balance, cap), "cut to the cap and no further"
        assert balance + moved <= max(balance, cap)


@given(st.sampled_from(NEVER_CUT), AMOUNTS, AMOUNTS, AMOUNTS)
def test_reversals_imports_and_what_is_no_credit_are_never_cut(kind, amount, balance, cap):
    assert within_cap(kind, "entry", amount, balance, cap) == amount


@given(st.sampled_from(CREDITS), AMOUNTS, AMOUNTS)
def test_without_a_cap_and_from_imports_and_claims_nothing_is_cut(kind, amount, balance):
    assert within_cap(kind, "officer", amount, balance, None) == amount
    for source in ("import", "claim"):
        assert within_cap(kind, source, amount, balance, D(0)) == amount


MANY = st.lists(st.tuples(st.sampled_from(CREDITS), st.decimals("0.01", 500, places=2)), max_size=30)


@given(MANY, st.integers(1, 999))
def test_no_sequence_of_credits_passes_the_cap(credits, cap):
    balance = D(0)
    for kind, amount in credits:
        balance += within_cap(kind, "batch", amount, balance, D(cap))
        assert balance <= cap
    assert balance == min(sum((amount for _, amount in credits), D(0)), D(cap))


def test_what_is_left_out_stays_and_a_cap_of_0_is_none():
    full = Terms("DKP", D(50), "first_raid", D(-20), D(500), 1, True)
    assert decide_terms(full, Given()) == full
    assert decide_terms(full, Given(cap=0)).cap is None
    assert decide_terms(full, Given(floor=0.5, name=" Main  pool ")) == Terms(
        "Main pool", D("50.0"), "first_raid", D("0.5"), D("500.0"), 1, True
    )


@pytest.mark.parametrize(
    ("before", "given_", "why"),
    [
        (DKP, Given(cap=10, floor=10), "not above the floor of 10"),
        (DKP, Given(cap=-5), "not above the floor"),
        (DKP, Given(cap=10, start=10), "not above the start points, 10"),
        (Terms("DKP", cap=D(100)), Given(start=200), "not above the start points, 200"),
        (DKP, Given(start=-1), "begins with 0 or more"),
        (DKP, Given(start=0.5), "whole points"),
        (DKP, Given(decimals=3), "0, 1 or 2 decimals"),
        (DKP, Given(start_on="noon"), "join or first_raid"),
        (DKP, Given(name="\u200b"), "needs a name"),
        (DKP, Given(name="#3"), "needs a name"),
        (DKP, Given(name="x" * 61), "at most 60"),
        (Terms("DKP", start=D("2.5"), decimals=1), Given(decimals=0), "start is 2.5"),
    ],
)
def test_what_makes_no_pool_is_refused_with_what_to_type(before, given_, why):
    with pytest.raises(Refused, match=why) as refused:
        decide_terms(before, given_)
    assert isinstance(refused.value, BadPool | BadAmount | FinerAmounts)


def test_a_pool_reads_as_plain_words():
    terms = Terms("Alts", D(50), "first_raid", D(-20), D(500), 1, True)
    assert in_words(terms, is_default=True, archived=False, tick=D(10), people=1, total=D("12.5")) == (
        "**Alts** (the default): one decimal; a tick gives 10; new people start with 50 with their first tick in it;"
        " bids down to -20 (debt is allowed); nobody earns above 500; members may give each other points;"
        " 1 person has 12.5 in all."
    )
    plain = in_words(DKP, is_default=False, archived=True, tick=D(10), people=0, total=D(0))
    assert "**DKP** (archived): whole points; a tick gives 10; no start points; bids down to 0; no cap" in plain


@given(AMOUNTS, st.decimals(0, 5000, places=2), st.decimals(-500, 500, places=2), st.decimals("0.01", 5000, places=2))
def test_a_transfer_never_leaves_the_giver_unable_to_cover_holds_and_floor(balance, held, floor, amount):
    purse = Purse(balance, held, floor)
    try:
        check_transfer(amount, purse, [], "Bob", D(0), None)
    except CannotAfford:
        assert balance - amount - held < floor
    else:
        assert Purse(balance - amount, held, floor).spendable >= 0


def test_a_transfer_says_how_much_fits_under_the_receivers_cap():
    rich = Purse(D(1000), D(0), D(0))
    with pytest.raises(NoRoom, match="Bob has 90 and may have 100 at most: 10 more fits"):
        check_transfer(D(11), rich, [], "Bob", D(90), D(100))
    with pytest.raises(NoRoom, match="nothing more fits"):
        check_transfer(D(1), rich, [], "Bob", D(120), D(100))
    check_transfer(D(10), rich, [], "Bob", D(90), D(100))


@pytest.mark.parametrize("amount", [D(0), D(-5)])
def test_nobody_takes_points_by_a_transfer(amount):
    with pytest.raises(BadTransfer, match="more than 0"):
        check_amount(amount)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"oneself": True, "left": False, "claimed": True}, "yours already"),
        ({"oneself": False, "left": True, "claimed": True}, "left the server"),
        ({"oneself": False, "left": False, "claimed": False}, "claimed"),
    ],
)
def test_points_are_given_to_somebody_else_who_is_here(how, why):
    with pytest.raises(BadTransfer, match=why):
        check_receiver("Bob", **how)
