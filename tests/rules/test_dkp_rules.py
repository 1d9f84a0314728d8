"""Points, decided: signs, reasons, rounding, shares, what is spendable, who is active."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.dkp.rules import (
    COLUMN,
    BadReason,
    Purse,
    ZeroAmount,
    active_since,
    check_reason,
    rounded,
    share,
    signed,
    spendable_in_words,
)
from db.tables.points import ENTRY_KINDS

CENTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("kind", "typed", "posted"),
    [
        ("penalty", "5", "-5"),
        ("penalty", "-5", "-5"),
        ("bonus", "5", "5"),
        ("bonus", "-5", "5"),
        ("correction", "-5", "-5"),
        ("correction", "5", "5"),
        ("adjustment", "-0.01", "-0.01"),
    ],
)
def test_a_penalty_takes_a_bonus_gives_and_the_others_keep_the_sign(kind, typed, posted):
    assert signed(kind, Decimal(typed)) == Decimal(posted)


@pytest.mark.parametrize("kind", ["adjustment", "bonus", "penalty", "correction"])
def test_zero_changes_nothing_and_is_refused(kind):
    with pytest.raises(ZeroAmount):
        signed(kind, Decimal("0.00"))


@pytest.mark.parametrize("reason", ["", "ab", " a ", "x" * 501, "\u200b\u200b\u200b\u200b", "a\x00\x00b", "\u202eab"])
def test_a_reason_too_short_too_long_or_unseen_is_refused(reason):
    with pytest.raises(BadReason):
        check_reason(reason)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("abc", "abc"),
        ("x" * 500, "x" * 500),
        ("  two \n lines ", "two lines"),
        ("a\x00bc\u202e", "abc"),
        ("👨‍👩‍👧 ok", "👨‍👩‍👧 ok"),
    ],
)
def test_a_reason_is_kept_in_one_line_without_what_draws_nothing(typed, kept):
    assert check_reason(typed) == kept


def test_every_kind_of_entry_moves_one_column_and_a_reversal_that_of_its_cause():
    assert set(COLUMN) == set(ENTRY_KINDS) - {"reversal"}


@pytest.mark.parametrize(
    ("amount", "decimals", "is_"),
    [
        ("2.5", 0, "2"),
        ("3.5", 0, "4"),
        ("-2.5", 0, "-2"),
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("7.25", 1, "7.2"),
    ],
)
def test_rounding_is_half_even_to_the_pools_places(amount, decimals, is_):
    assert rounded(Decimal(amount), decimals) == Decimal(is_)


@given(CENTS, st.integers(0, 2))
def test_rounding_never_moves_more_than_half_a_step(amount, decimals):
    assert abs(rounded(amount, decimals) - amount) * 2 <= Decimal(1).scaleb(-decimals)


@given(
    total=st.integers(-(10**9), 10**9),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any),
    decimals=st.integers(0, 2),
)
def test_shares_add_up_to_the_cent_and_each_is_within_a_step_of_exact(total, weights, decimals):
    step = Decimal(1).scaleb(-decimals)
    amount, exact_weights = total * step, [Decimal(weight) for weight in weights]
    shares = share(amount, exact_weights, decimals)
    assert sum(shares) == amount
    assert all(part == part.quantize(step) for part in shares)
    for part, weight in zip(shares, exact_weights, strict=True):
        assert abs(part - amount * weight / sum(exact_weights)) < step


def test_what_is_left_over_goes_to_the_largest_remainder_and_to_the_earlier_of_equals():
    assert share(Decimal(10), [Decimal(1)] * 3, 0) == [4, 3, 3]
    assert share(Decimal(10), [Decimal(1), Decimal(2), Decimal(4)], 0) == [1, 3, 6]


@given(balance=CENTS, held=CENTS.map(abs), floor=CENTS)
def test_spendable_is_balance_less_held_and_floor(balance, held, floor):
    assert Purse(balance, held, floor).spendable == balance - held - floor


@pytest.mark.parametrize(
    ("purse", "words"),
    [
        (Purse(Decimal(500), Decimal(70), Decimal(0)), "430 (500 minus 70 held on Cloak of Flames)"),
        (Purse(Decimal("12.50"), Decimal(0), Decimal(0)), "12.5"),
        (Purse(Decimal(10), Decimal(0), Decimal(-50)), "60 (10 with the floor at -50)"),
    ],
)
def test_a_refusal_can_say_where_the_number_comes_from(purse, words):
    assert spendable_in_words(purse, ["Cloak of Flames"]) == words


def test_activity_changes_at_midnight_of_the_guilds_own_day_and_across_a_clock_change():
    berlin = ZoneInfo("Europe/Berlin")
    before = active_since(datetime(2026, 4, 30, 21, 59, tzinfo=UTC), berlin)
    after = active_since(datetime(2026, 4, 30, 22, 1, tzinfo=UTC), berlin)
    assert before == datetime(2026, 3, 1, 0, 0, tzinfo=berlin)
    assert after == datetime(2026, 3, 2, 0, 0, tzinfo=berlin)
