"""What people press and type."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed import MOST_POINTS
from cogs.auctions.rules.bidding import (
    bid_amounts,
)
from cogs.auctions.rules.starting import (
    BadBatchLine,
    BadTerms,
    BatchLine,
    RunningAuction,
    check_terms,
    decide_second_copy,
    parse_batch,
)
from tests.rules.test_auction_rules.pieces import END, D, before_end


@pytest.mark.parametrize(
    ("minimum", "increment", "seconds", "problem"),
    [
        ("0.01", "0.01", 10, None),
        ("1", "1", 7 * 86400, None),
        ("0", "1", 180, "minimum must be more than 0"),
        ("1", "0", 180, "increment must be more than 0"),
        ("1", "1", 9.9, "An auction takes"),
        ("1", "1", 7 * 86400 + 1, "An auction takes"),
    ],
)
def test_a_minimum_and_an_increment_above_0_and_10_seconds_to_7_days(minimum, increment, seconds, problem):
    with nullcontext() if problem is None else pytest.raises(BadTerms, match=problem):
        check_terms(D(minimum), D(increment), timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("next_bid", "increment", "amounts"),
    [
        ("45", "1", ("45", "50")),
        ("1", "1", ("1", "5")),
        ("49", "1", ("49", "55")),
        ("440", "1", ("440", "450")),
        ("1200", "1", ("1200", "1400")),
        ("50", "5", ("50", "75")),
        ("0.5", "0.5", ("0.5", "2.5")),
        (str(MOST_POINTS), "1", (str(MOST_POINTS),)),
    ],
)
def test_the_buttons_bid_the_next_amount_and_a_rounder_second(next_bid, increment, amounts):
    assert bid_amounts(D(next_bid), D(increment)) == tuple(D(amount) for amount in amounts)


@given(next_bid=st.integers(1, 10**6), increment=st.integers(1, 1000), places=st.integers(0, 2))
def test_the_second_button_is_above_the_first_with_no_more_decimals(next_bid, increment, places):
    unit = D(1).scaleb(-places)
    amounts = bid_amounts(next_bid * unit, increment * unit)
    assert amounts[0] == next_bid * unit
    assert all(amount == round(amount, places) for amount in amounts)
    assert all(amount - amounts[0] >= 2 * increment * unit for amount in amounts[1:])


def running(started: float = 60, left: float = 120, item: str = "cloak", raid: int | None = 7, n: int = 1):
    """An auction as seen at END: started so many seconds ago, so many left."""
    return RunningAuction(n, item, raid, before_end(started), END + timedelta(seconds=left))


@pytest.mark.parametrize(
    ("up", "found"),
    [
        pytest.param([running()], 1, id="one item in one raid"),
        pytest.param([running(started=600)], None, id="10 minutes ago"),
        pytest.param([running(started=599)], 1, id="within 10 minutes"),
        pytest.param([running(item="ring")], None, id="another item"),
        pytest.param([running(raid=8)], None, id="another raid"),
        pytest.param([running(left=0)], None, id="over, only not settled yet"),
        pytest.param([running(), running(left=150, n=2)], 2, id="of two the later to end"),
    ],
)
def test_a_second_open_auction_of_one_item_in_one_raid_within_10_minutes_asks(up, found):
    copy = decide_second_copy("cloak", 7, up, now=END)
    assert (copy.auction_id if copy else None) == found


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Cloak of Flames", [("Cloak of Flames", None, 1)]),
        ("Cloak of Flames x2 @ 50", [("Cloak of Flames", "50", 2)]),
        ("Cloak of Flames X 3", [("Cloak of Flames", None, 3)]),
        ("Ring @5\n\n  Belt  of   Iron  x1 @ 10\n", [("Ring", "5", 1), ("Belt of Iron", "10", 1)]),
        ("Ring\nRing", [("Ring", None, 1)] * 2),
        ("Max2 Sword", [("Max2 Sword", None, 1)]),
        ("Phoenix2", [("Phoenix2", None, 1)]),
        ("Плащ ×50 @ 5", [("Плащ", "5", 50)]),
        ("I" * 100, [("I" * 100, None, 1)]),
    ],
)
def test_a_batch_is_an_item_a_line_with_copies_and_a_minimum(text, lines):
    assert parse_batch(text) == tuple(
        BatchLine(item, minimum and D(minimum), copies) for item, minimum, copies in lines
    )


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ("", 1, "no item"),
        ("Ring @ 0", 1, "more than 0"),
        ("Ring @ 2.5", 1, "whole points"),
        ("Ring @ nan", 1, "after @"),
        ("Ring @ １０", 1, "after @"),
        ("Ring @ -5", 1, "after @"),
        ("Ring x0", 1, "1 to 50"),
        ("Ring\nBelt x51", 2, "1 to 50"),
        ("\n".join(["Ring"] * 26), 26, "at most 25"),
        ("I" * 101, 1, "100 characters"),
        ("@ 50", 1, "name is missing"),
    ],
)
def test_a_bad_batch_line_says_which_and_why(text, number, problem):
    bad = parse_batch(text)
    assert isinstance(bad, BadBatchLine)
    assert bad.number == number
    assert problem in bad.problem


def test_a_batch_takes_as_many_decimals_as_the_pool():
    assert parse_batch("Ring @ 2,5", decimals=1) == (BatchLine("Ring", D("2.5")),)
    assert isinstance(parse_batch("Ring @ 2.55", decimals=1), BadBatchLine)


@given(st.text(max_size=200))
def test_whatever_is_typed_parses_or_names_a_line(text):
    parsed = parse_batch(text)
    if isinstance(parsed, BadBatchLine):
        assert parsed.problem
    else:
        assert 1 <= len(parsed) <= 25
        assert all(0 < len(line.item) <= 100 and 1 <= line.quantity <= 50 for line in parsed)
