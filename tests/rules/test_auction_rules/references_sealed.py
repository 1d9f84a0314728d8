"""Sealed auctions as RECKONING tells them: offers compared in pairs, winners found by trying every choice of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from random import Random
from typing import Literal

Rule = str


@dataclass(frozen=True)
class Made:
    """An offer, with what is known of its owner at settling."""

    order: int
    who: int
    amount: Decimal
    tier: str
    attended: int
    counted: int
    balance: Decimal
    wins: int


def compare(rule: Rule, one: Made, other: Made, rolls: Mapping[int, int]) -> Literal[-1, 0, 1]:
    """1: `one` is ahead by this rule; 0: they are equal by it; -1: it is behind."""
    if rule == "tier":  # main over alt over anyone
        places = {"main": 3, "alt": 2, "anyone": 1}
        difference = places[one.tier] - places[other.tier]
    elif rule == "amount":
        difference = one.amount - other.amount
    elif rule == "attendance":  # 30-day attendance; a of b against c of d without dividing; none counted is 0 of 1
        a, b = (one.attended, one.counted) if one.counted else (0, 1)
        c, d = (other.attended, other.counted) if other.counted else (0, 1)
        difference = a * d - c * b
    elif rule == "balance":
        difference = one.balance - other.balance
    elif rule == "wins":  # fewest
        difference = other.wins - one.wins
    elif rule == "earliest":
        difference = other.order - one.order
    else:
        assert rule == "roll"
        difference = rolls[one.order] - rolls[other.order]
    return 1 if difference > 0 else -1 if difference < 0 else 0


def deciding_rule(rules: Sequence[Rule], one: Made, other: Made, rolls: Mapping[int, int]) -> Rule | None:
    """The first rule by which they are not equal."""
    for rule in rules:
        if compare(rule, one, other, rolls) != 0:
            return rule
    return None


def beats(rules: Sequence[Rule], one: Made, other: Made, rolls: Mapping[int, int]) -> bool:
    rule = deciding_rule(rules, one, other, rolls)
    return rule is not None and compare(rule, one, other, rolls) == 1


def drawn(seed: int, made: Sequence[Made]) -> dict[int, int]:
    """The roll of every offer, by its place in the order of locks: different numbers of 1 to 1,000."""
    orders = sorted(each.order for each in made)
    return dict(zip(orders, Random(seed).sample(range(1, 1001), len(orders)), strict=True))


def winners(rules: Sequence[Rule], made: Sequence[Made], quantity: int, rolls: Mapping[int, int]) -> set[Made]:
    """The only choice of that many offers in which no loser beats a winner."""
    fitting = []
    for chosen in combinations(made, min(quantity, len(made))):
        losers = [each for each in made if each not in chosen]
        if not any(beats(rules, loser, winner, rolls) for loser in losers for winner in chosen):
            fitting.append(set(chosen))
    assert len(fitting) == 1
    return fitting[0]


def prices(
    second_price: bool,
    all_pay_lowest: bool,
    has_tiers: bool,
    won: set[Made],
    lost: Sequence[Made],
    minimum: Decimal,
    increment: Decimal,
) -> dict[int, Decimal]:
    """What each winner pays."""
    pays = {}
    for winner in won:
        rivals = [each.amount for each in lost if each.tier == winner.tier or not has_tiers]
        if not second_price:
            pays[winner.who] = winner.amount
        elif rivals:
            pays[winner.who] = min(winner.amount, max(rivals) + increment)
        else:
            pays[winner.who] = minimum
    if all_pay_lowest and pays:
        pays = dict.fromkeys(pays, min(pays.values()))
    return pays
