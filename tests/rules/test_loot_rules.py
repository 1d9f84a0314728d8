"""Awards, decided: how and for what; prices summed up exactly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.loot.rules import BadCost, BadItem, check_item, decide_how, in_a_line, summed_up

D = Decimal
START = datetime(2026, 3, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("how", "cost", "decided"),
    [
        (None, None, ("given", 0)),
        (None, D(45), ("bid in game", 45)),
        (None, D(0), ("given", 0)),
        ("bid in game", D(45), ("bid in game", 45)),
        ("bid in game", D(0), ("bid in game", 0)),
        ("roll", None, ("roll", 0)),
        ("roll", D(0), ("roll", 0)),
        ("given", None, ("given", 0)),
    ],
)
def test_only_a_bid_costs_something(how, cost, decided):
    assert decide_how(how, cost) == decided


@pytest.mark.parametrize(
    ("how", "cost", "words"),
    [
        ("bid in game", None, "What was bid?"),
        ("roll", D(5), "rolled for costs nothing"),
        ("given", D(5), "given costs nothing"),
        (None, D(-5), "0 or more"),
        ("bid in game", D("-0.5"), "0 or more"),
    ],
)
def test_a_cost_that_cannot_be_is_refused(how, cost, words):
    with pytest.raises(BadCost, match=words):
        decide_how(how, cost)


def test_an_item_has_a_name_that_can_be_seen():
    assert check_item("  Cloak\n of  Flames ") == "Cloak of Flames"
    for typed in ("", " \u200b\u3164 ", "x" * 101):
        with pytest.raises(BadItem):
            check_item(typed)


@given(st.lists(st.decimals(0, 9_999_999, places=2), min_size=1, max_size=30))
def test_prices_are_summed_up_without_rounding(costs):
    paid = [(START + timedelta(days=n), cost) for n, cost in enumerate(costs)]
    found = summed_up(paid)
    assert (found.count, found.least, found.most, found.last) == (len(costs), min(costs), max(costs), costs[-1])
    assert found.median == median(costs)
    assert found.last_at == paid[-1][0]


@pytest.mark.parametrize(
    ("costs", "line"),
    [
        ((60, 40, 75, 50, 60, 60), "Went for 40 to 75 lately, median 60 (6 sold), last 60"),
        ((40, 75), "Went for 40 to 75 lately, median 57.5 (2 sold), last 75"),
        ((50, 50, 50), "Went for 50 each of the last 3 times"),
        (("12.5",), "Went for 12.5 the one time it was sold"),
    ],
)
def test_an_items_prices_in_a_line(costs, line):
    assert in_a_line(summed_up([(START + timedelta(days=n), D(cost)) for n, cost in enumerate(costs)])) == line
