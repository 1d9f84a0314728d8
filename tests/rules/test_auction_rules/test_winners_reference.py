"""Sealed and second-price auctions in every tie order against the brute force; the trace against the outcome."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bot.kit.text import points
from cogs.auctions.rules.bidding import Bid
from cogs.auctions.rules.resolving import Facts, Outcome, resolve
from cogs.auctions.rules.terms import Kind, Pay, Terms, Tie, Tier
from tests.rules.test_auction_rules import references_sealed as slow
from tests.rules.test_auction_rules.references_sealed import Made

BODIES = ("tier", "amount", "attendance", "balance", "wins")
ORDERS = [(*body, last) for count in range(6) for body in permutations(BODIES, count) for last in ("earliest", "roll")]
"""All 652 orders a guild may set."""
WORDS = {
    "tier": r"tier (main|alt|anyone) against tier (main|alt|anyone)",
    "amount": r"[\d.]+ against [\d.]+",
    "attendance": r"30-day attendance .+ against .+",
    "balance": r"balance -?[\d.]+ against -?[\d.]+",
    "wins": r"wins in 30 days \d+ against \d+",
    "earliest": r"the earlier offer",
    "roll": r"a roll of \d+ against \d+",
}
"""How the trace names each rule."""


@dataclass(frozen=True)
class Case:
    order: tuple[str, ...]
    made: tuple[Made, ...]
    terms: Terms
    seed: int

    @property
    def rolls(self) -> dict[int, int]:
        return slow.drawn(self.seed, self.made)

    @property
    def has_tiers(self) -> bool:
        return "tier" in self.order

    def outcome(self) -> Outcome:
        offers = [Bid(each.order, each.who, each.amount, tier=Tier(each.tier)) for each in self.made]
        facts = {each.who: Facts(each.attended, each.counted, each.balance, each.wins) for each in self.made}
        return resolve(self.terms, offers, facts, self.seed)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    order = draw(st.sampled_from(ORDERS))
    unit = draw(st.sampled_from([Decimal(1), Decimal("0.5")]))
    places = draw(st.permutations(range(1, 6)))[: draw(st.sampled_from([0, 1, 2, 3, 3, 4, 5]))]

    def each(*values):
        """One of the values for every offer, or for all of them the same, so that later rules are reached."""
        alike = draw(st.booleans())
        drawn = [draw(st.sampled_from(values)) for _ in (places[:1] if alike else places)]
        return drawn * len(places) if alike else drawn

    columns = zip(
        places,
        each(3 * unit, 4 * unit, 5 * unit),
        each("main", "alt", "anyone"),
        # The same attendance in other numbers is the same attendance; none counted is none.
        each((0, 0), (0, 3), (1, 2), (2, 4), (3, 6), (2, 3), (665, 1000)),
        each(-unit, 0 * unit, 9 * unit),
        each(0, 1, 2),
        strict=True,
    )
    made = tuple(
        Made(place, 10 + place, amount, tier, counts[0], counts[1], balance, wins)
        for place, amount, tier, counts, balance, wins in columns
    )
    terms = Terms(
        kind=draw(st.sampled_from([Kind.SEALED, Kind.SECOND_PRICE])),
        quantity=draw(st.integers(1, 4)),
        minimum=2 * unit,
        increment=draw(st.integers(1, 2)) * unit,
        decimals=1,
        ties=tuple(map(Tie, order)),
        copies_pay=draw(st.sampled_from(Pay)),
    )
    return Case(order, made, terms, draw(st.integers(0, 99)))


@settings(max_examples=500)
@given(cases())
def test_the_winners_and_what_they_pay_agree_with_trying_every_choice(case):
    outcome = case.outcome()
    won = slow.winners(case.order, case.made, case.terms.quantity, case.rolls)
    assert {win.bid.member_id for win in outcome.wins} == {each.who for each in won}
    assert len(outcome.wins) == len(won), "one a person"
    paid = slow.prices(
        case.terms.kind is Kind.SECOND_PRICE,
        case.terms.copies_pay is Pay.LOWEST,
        case.has_tiers,
        won,
        [each for each in case.made if each not in won],
        case.terms.minimum,
        case.terms.increment,
    )
    assert {win.bid.member_id: win.price for win in outcome.wins} == paid
    for win in outcome.wins:
        assert case.terms.minimum <= win.price <= win.bid.amount
    event(f"{len(case.made)} offers, {len(won)} win")


@settings(max_examples=500)
@given(cases())
def test_the_trace_always_agrees_with_the_outcome(case):
    outcome = case.outcome()
    assert (outcome.trace == ()) is (case.made == ()), "it is empty only when nobody offered"
    won = slow.winners(case.order, case.made, case.terms.quantity, case.rolls)
    lost = [each for each in case.made if each not in won]
    if not lost:
        assert outcome.steps == ()
        return
    # The last winner is the one every other winner beats; the best loser beats every other loser.
    [last] = [w for w in won if all(slow.beats(case.order, o, w, case.rolls) for o in won if o != w)]
    [best] = [b for b in lost if all(slow.beats(case.order, b, o, case.rolls) for o in lost if o != b)]
    rule = slow.deciding_rule(case.order, last, best, case.rolls)
    assert rule is not None
    event(f"decided by {rule}")
    assert [step.tie for step in outcome.steps] == list(case.order[: case.order.index(rule) + 1])
    for step in outcome.steps:
        figures = [_figure(step.tie, each, case.rolls) for each in (last, best)]
        assert [step.first, step.second] == figures
        ahead = slow.compare(step.tie, last, best, case.rolls)
        assert ahead == (1 if step is outcome.steps[-1] else 0)
    said = outcome.trace[0]
    assert re.search(rf"(^|; ){WORDS[rule]}: the first wins( the last copy)?\.$", said)
    assert said.endswith("the last copy.") is (case.terms.quantity > 1)
    for step in outcome.steps[:-1]:
        if step.tie is not Tie.TIER:
            assert re.search(rf"(^|; ){WORDS[step.tie]};", said), "each rule that was asked is named"
    if rule != "tier" and "tier" in case.order[: case.order.index(rule)]:
        of_tier = sum(each.tier == last.tier for each in case.made)
        assert f"tier {last.tier}: {of_tier} offers" in said


def _figure(rule: str, made: Made, rolls: dict[int, int]) -> object:
    return {
        "tier": made.tier,
        "amount": made.amount,
        "attendance": (made.attended, made.counted),
        "balance": made.balance,
        "wins": made.wins,
        "earliest": made.order,
        "roll": rolls[made.order],
    }[rule]


@given(cases())
def test_the_trace_says_what_was_paid_and_why(case):
    outcome = case.outcome()
    lines = outcome.trace[1:]
    paid = [win.price for win in outcome.wins]
    if case.terms.copies_pay is Pay.LOWEST and len(paid) > 1:
        *lines, last = lines
        assert last == f"All pay the lowest winning price, {points(min(paid))}."
    if case.terms.kind is Kind.SEALED or not paid:
        assert list(lines) == []
        return
    won = {win.bid.member_id for win in outcome.wins}
    groups = [tier for tier in Tier if any(win.bid.tier is tier for win in outcome.wins)] if case.has_tiers else [None]
    assert len(lines) == len(groups), "a line for every tier that won"
    for tier in groups:
        rivals = [each.amount for each in case.made if each.who not in won and tier in (None, each.tier)]
        of_tier = "" if tier is None else f" of tier {tier}"
        if rivals:
            best, by = max(rivals), case.terms.increment
            line = (
                f"The best losing offer{of_tier} was {points(best)}: {points(best)} + {points(by)} ="
                f" {points(best + by)}, at most the own offer."
            )
        else:
            line = f"No losing offer{of_tier}: the minimum, {points(case.terms.minimum)}."
        assert line in lines


@pytest.mark.parametrize("last", ["earliest", "roll"])
def test_every_order_of_all_the_rules(last):
    """Five offers of which each is the best by another rule: in all 120 orders the first rule decides."""
    leads = {
        "tier": Made(1, 1, Decimal(5), "main", 1, 2, Decimal(5), 1),
        "amount": Made(2, 2, Decimal(6), "alt", 1, 2, Decimal(5), 1),
        "attendance": Made(3, 3, Decimal(5), "alt", 2, 2, Decimal(5), 1),
        "balance": Made(4, 4, Decimal(5), "alt", 1, 2, Decimal(6), 1),
        "wins": Made(5, 5, Decimal(5), "alt", 1, 2, Decimal(5), 0),
    }
    for body in permutations(BODIES):
        order = (*body, last)
        case = Case(order, tuple(leads.values()), Terms(kind=Kind.SEALED, ties=tuple(map(Tie, order))), seed=7)
        assert [win.bid.member_id for win in case.outcome().wins] == [leads[body[0]].who]


@given(cases(), st.randoms())
def test_the_order_in_which_offers_are_read_changes_nothing(case, random):
    shuffled = list(case.made)
    random.shuffle(shuffled)
    again = Case(case.order, tuple(shuffled), case.terms, case.seed)
    assert again.outcome() == case.outcome()
