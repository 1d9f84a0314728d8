"""Who wins a sealed auction, for how much, and the trace that says why."""

import pytest

from cogs.auctions.rules.bidding import Bid
from cogs.auctions.rules.resolving import Facts, Outcome, Step, resolve, resolve_open
from cogs.auctions.rules.terms import TIES, Kind, Pay, Terms, Tie, Tier
from tests.rules.test_auction_rules.pieces import ANNA, BORIS, CARA, DORA, D, auction, played

FIRST, SECOND = Kind.SEALED, Kind.SECOND_PRICE


def offer(member_id: int, amount: str, tier: Tier = Tier.MAIN, sequence: int | None = None) -> Bid:
    return Bid(member_id if sequence is None else sequence, member_id, D(amount), tier=tier)


def ties(words: str) -> tuple[Tie, ...]:
    return tuple(map(Tie, words.split()))


def won(outcome: Outcome) -> list[tuple[int, int]]:
    return [(win.bid.member_id, int(win.price)) for win in outcome.wins]


# --- each tie rule, alone ---------------------------------------------------------------------------------------------

ANNA_BEFORE_BORIS = (offer(ANNA, "50"), offer(BORIS, "50"))


@pytest.mark.parametrize(
    ("offers", "facts", "step", "words"),
    [
        pytest.param(
            (offer(ANNA, "90", Tier.ALT), offer(BORIS, "5", Tier.MAIN)), {},
            Step(Tie.TIER, Tier.MAIN, Tier.ALT), "2 offers; tier main against tier alt", id="main over alt",
        ),
        pytest.param(
            (offer(ANNA, "90", Tier.ANYONE), offer(BORIS, "5", Tier.ALT)), {},
            Step(Tie.TIER, Tier.ALT, Tier.ANYONE), "2 offers; tier alt against tier anyone", id="alt over anyone",
        ),
        pytest.param(
            (offer(ANNA, "50"), offer(BORIS, "51")), {}, Step(Tie.AMOUNT, D(51), D(50)),
            "tier main: 2 offers; 51 against 50", id="the higher amount",
        ),
        pytest.param(
            ANNA_BEFORE_BORIS, {ANNA: Facts(9, 14), BORIS: Facts(14, 17)}, Step(Tie.ATTENDANCE, (14, 17), (9, 14)),
            "30-day attendance 82.3 % (14 of 17) against 64.2 % (9 of 14)", id="the higher attendance",
        ),
        pytest.param(
            ANNA_BEFORE_BORIS, {ANNA: Facts(823, 1000), BORIS: Facts(14, 17)},
            Step(Tie.ATTENDANCE, (14, 17), (823, 1000)),
            "30-day attendance 82.3 % (14 of 17) against 82.3 % (823 of 1000)", id="compared exactly, however shown",
        ),
        pytest.param(
            ANNA_BEFORE_BORIS, {ANNA: Facts(0, 0), BORIS: Facts(1, 9)}, Step(Tie.ATTENDANCE, (1, 9), (0, 0)),
            "30-day attendance 11.1 % (1 of 9) against –", id="nothing counted is 0 %",
        ),
        pytest.param(
            ANNA_BEFORE_BORIS, {ANNA: Facts(balance=D(-5)), BORIS: Facts(balance=D("12.5"))},
            Step(Tie.BALANCE, D("12.5"), D(-5)), "balance 12.5 against -5", id="the higher balance",
        ),
        pytest.param(
            ANNA_BEFORE_BORIS, {ANNA: Facts(wins=2), BORIS: Facts(wins=1)}, Step(Tie.WINS, 1, 2),
            "wins in 30 days 1 against 2", id="the fewest wins",
        ),
        pytest.param(
            (offer(ANNA, "50", sequence=8), offer(BORIS, "50", sequence=3)), {}, Step(Tie.EARLIEST, 3, 8),
            "the earlier offer", id="the earlier in the order of locks",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_each_tie_rule(offers, facts, step, words, turned):
    """Boris wins by this rule; the trace names it, and before it nothing differs."""
    outcome = resolve(Terms(kind=FIRST), offers[::-1] if turned else offers, facts)
    assert won(outcome) == [(BORIS, int(offers[1].amount))]
    assert outcome.steps[-1] == step
    assert [each.tie for each in outcome.steps] == list(TIES[: TIES.index(step.tie) + 1])
    assert outcome.trace[0].endswith(f"{words}: the first wins.")


def test_the_whole_trace_as_people_read_it():
    facts = {ANNA: Facts(9, 14), BORIS: Facts(14, 17)}
    offers = (offer(ANNA, "55"), offer(BORIS, "55"), offer(CARA, "90", Tier.ALT))
    assert resolve(Terms(kind=FIRST), offers, facts).trace == (
        "tier main: 2 offers; 55 against 55; 30-day attendance 82.3 % (14 of 17) against 64.2 % (9 of 14):"
        " the first wins.",
    )
    equal = {ANNA: Facts(1, 2, D(9), 1), BORIS: Facts(2, 4, D(9), 1)}
    assert resolve(Terms(kind=FIRST), offers[:2], equal).trace == (
        "tier main: 2 offers; 55 against 55; 30-day attendance 50 % (1 of 2) against 50 % (2 of 4);"
        " balance 9 against 9; wins in 30 days 1 against 1; the earlier offer: the first wins.",
    )


@pytest.mark.parametrize(
    ("order", "winner"),
    [
        pytest.param("tier amount earliest", ANNA, id="tier first"),
        pytest.param("amount tier earliest", CARA, id="amount first"),
        pytest.param("attendance earliest", BORIS, id="without amount"),
        pytest.param("wins attendance earliest", CARA, id="wins first"),
        pytest.param("balance earliest", DORA, id="balance only"),
        pytest.param("earliest", DORA, id="nothing but the earliest"),
    ],
)
def test_the_guild_orders_the_tie_rules(order, winner):
    offers = [
        offer(ANNA, "10", Tier.MAIN, sequence=3),
        offer(BORIS, "20", Tier.ALT, sequence=2),
        offer(CARA, "30", Tier.ANYONE, sequence=4),
        offer(DORA, "5", Tier.ALT, sequence=1),
    ]
    facts = {
        ANNA: Facts(1, 2, D(10), 2),
        BORIS: Facts(9, 9, D(20), 2),
        CARA: Facts(2, 3, D(30), 1),
        DORA: Facts(0, 3, D(40), 2),
    }
    outcome = resolve(Terms(kind=FIRST, ties=ties(order)), offers, facts)
    assert outcome.wins[0].bid.member_id == winner
    assert outcome.wins[0].price == outcome.wins[0].bid.amount, "the own offer, even where amounts decide nothing"


def test_an_order_that_ends_in_neither_ends_in_earliest():
    offers = [offer(ANNA, "50", sequence=2), offer(BORIS, "50", sequence=1)]
    for order in ("", "amount", "amount wins"):
        outcome = resolve(Terms(kind=FIRST, ties=ties(order)), offers, {})
        assert won(outcome) == [(BORIS, 50)]
        assert outcome.steps[-1] == Step(Tie.EARLIEST, 1, 2)


# --- roll -------------------------------------------------------------------------------------------------------------

ROLL = Terms(kind=FIRST, ties=ties("amount roll"))


def test_a_roll_is_drawn_from_the_stored_seed_so_that_it_can_be_drawn_again():
    offers = [offer(ANNA, "50"), offer(BORIS, "50"), offer(CARA, "50")]
    outcome = resolve(ROLL, offers, {}, seed=42)
    assert outcome == resolve(ROLL, offers, {}, seed=42)
    assert outcome.trace == ("3 offers; 50 against 50; a roll of 655 against 115: the first wins.",)
    assert won(outcome) == [(ANNA, 50)]
    assert resolve(ROLL, offers[::-1], {}, seed=42) == outcome, "in whatever order they are read"


def test_every_seed_may_roll_otherwise_and_no_two_rolls_are_alike():
    offers = [offer(ANNA, "50"), offer(BORIS, "50"), offer(CARA, "50")]
    winners = set()
    for seed in range(60):
        outcome = resolve(ROLL, offers, {}, seed=seed)
        winners.add(outcome.wins[0].bid.member_id)
        first, second = outcome.steps[-1].first, outcome.steps[-1].second
        assert 1000 >= first > second >= 1  # type: ignore[operator]
    assert winners == {ANNA, BORIS, CARA}


def test_over_a_thousand_offers_can_still_be_rolled_for():
    offers = [offer(member_id, "50") for member_id in range(1, 1202)]
    assert len(resolve(ROLL, offers, {}, seed=1).wins) == 1


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offers", "price", "line"),
    [
        pytest.param("A 90, B 50", 55, "The best losing offer of tier main was 50: 50 + 5 = 55, at most the own"
                     " offer.", id="best losing offer + increment"),
        pytest.param("A 90, B 50, C 40", 55, "of tier main was 50", id="the best of the losing offers"),
        pytest.param("A 53, B 50", 53, "50 + 5 = 55, at most the own offer.", id="at most the own offer"),
        pytest.param("A 50, B 50", 50, "50 + 5 = 55, at most the own offer.", id="equal best offers: own offer"),
        pytest.param("A 90", 20, "No losing offer of tier main: the minimum, 20.", id="nobody else: the minimum"),
        pytest.param("A 90, b 80", 20, "No losing offer of tier main: the minimum, 20.", id="of the winner's tier"),
        pytest.param("A 90, b 80, C 30", 35, "of tier main was 30", id="not the best of another tier"),
        pytest.param("a 40, ? 90", 20, "No losing offer of tier alt: the minimum, 20.", id="an alt over anyone"),
        pytest.param("A 250, B 200", 220, "200 + 20 = 220", id="increment steps by price"),
        pytest.param("A 90, B 10", 20, "10 + 5 = 15", id="at least the minimum"),
    ],
)  # fmt: skip
def test_second_price(offers, price, line):
    """min(own offer, best losing offer of the winner's tier + increment), at least the minimum."""
    terms = Terms(kind=SECOND, minimum=D(20), increment=D(5), steps=((D(100), D(20)),))
    outcome = resolve(terms, _offers(offers), {})
    assert won(outcome) == [(ANNA, price)]
    assert line in outcome.trace[1]


def _offers(text: str) -> list[Bid]:
    """ "A 90, b 50, ? 9": for a main, an alt, no character; the members are 1, 2, 3 as they come."""
    offers = []
    for member_id, each in enumerate(text.split(", "), start=1):
        letter, amount = each.split()
        tier = Tier.ANYONE if letter == "?" else Tier.MAIN if letter.isupper() else Tier.ALT
        offers.append(offer(member_id, amount, tier))
    return offers


def test_second_price_without_tiers_is_of_all_losing_offers():
    terms = Terms(kind=SECOND, ties=ties("amount earliest"))
    outcome = resolve(terms, _offers("a 90, B 80, ? 30"), {})
    assert won(outcome) == [(ANNA, 81)]
    assert outcome.trace == (
        "3 offers; 90 against 80: the first wins.",
        "The best losing offer was 80: 80 + 1 = 81, at most the own offer.",
    )


def test_second_price_without_tiers_is_said_once_for_all_copies():
    terms = Terms(kind=SECOND, quantity=2, ties=ties("amount earliest"))
    assert resolve(terms, _offers("a 90, B 80, ? 30"), {}).trace == (
        "3 offers; 80 against 30: the first wins the last copy.",
        "The best losing offer was 30: 30 + 1 = 31, at most the own offer.",
    )


def test_second_price_where_amounts_do_not_decide_is_the_own_offer():
    facts = {ANNA: Facts(1, 1)}
    outcome = resolve(Terms(kind=SECOND, ties=ties("attendance earliest")), _offers("A 40, B 80"), facts)
    assert won(outcome) == [(ANNA, 40)]


@pytest.mark.parametrize(
    ("kind", "pays", "offers", "prices"),
    [
        pytest.param(FIRST, Pay.OWN, "A 90, B 80, C 50", [90, 80], id="sealed: each their own price"),
        pytest.param(FIRST, Pay.LOWEST, "A 90, B 80, C 50", [80, 80], id="sealed: all the lowest winning one"),
        pytest.param(FIRST, Pay.LOWEST, "A 90, b 30, b 20", [30, 30], id="lowest: whatever the tier"),
        pytest.param(FIRST, Pay.LOWEST, "A 30, b 90, b 20", [30, 30], id="lowest: not the last winner's"),
        pytest.param(SECOND, Pay.OWN, "A 90, B 80, C 50", [51, 51], id="second price: over the best that lost"),
        pytest.param(SECOND, Pay.OWN, "A 90, b 80, C 50, b 10", [1, 1], id="second price: no main lost, two won"),
        pytest.param(SECOND, Pay.OWN, "A 90, b 80, b 10", [1, 11], id="second price: each by the own tier"),
        pytest.param(SECOND, Pay.LOWEST, "A 90, b 80, b 10", [1, 1], id="second price: all the lowest of these"),
        pytest.param(SECOND, Pay.OWN, "A 90, B 80", [1, 1], id="a copy for everybody: the minimum"),
        pytest.param(FIRST, Pay.OWN, "A 90", [90], id="more copies than offers"),
    ],
)  # fmt: skip
def test_copies_pay(kind, pays, offers, prices):
    outcome = resolve(Terms(kind=kind, quantity=2, copies_pay=pays), _offers(offers), {})
    assert [price for _, price in won(outcome)] == prices
    lowest = [line for line in outcome.trace if line.startswith("All pay")]
    assert lowest == ([f"All pay the lowest winning price, {prices[0]}."] if pays is Pay.LOWEST else [])


@pytest.mark.parametrize(
    ("quantity", "offers", "trace"),
    [
        pytest.param(1, "A 90", ("1 offer: it wins.",), id="one offer"),
        pytest.param(3, "A 90", ("1 offer: it wins.",), id="one offer for three copies"),
        pytest.param(2, "A 90, B 80", ("2 offers for 2 copies: all win.",), id="as many as copies"),
        pytest.param(3, "A 90, B 80", ("2 offers for 3 copies: all win.",), id="fewer than copies"),
        pytest.param(2, "A 90, B 80, C 70", ("tier main: 3 offers; 80 against 70: the first wins the last copy.",),
                     id="the last winner against the best loser"),
        pytest.param(2, "A 90, b 80, ? 70", ("3 offers; tier alt against tier anyone: the first wins the last copy.",),
                     id="decided by the tier alone"),
    ],
)  # fmt: skip
def test_the_trace_of_copies(quantity, offers, trace):
    assert resolve(Terms(kind=FIRST, quantity=quantity), _offers(offers), {}).trace == trace


def test_nobody_offered():
    assert resolve(Terms(kind=FIRST), (), {}) == Outcome((), (), ())


# --- open auctions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "people", "winner", "price", "trace"),
    [
        pytest.param(["A 44"], 1, ANNA, 44, "1 person bid. 44: nobody else bid.", id="alone"),
        pytest.param(["A <90"], 1, ANNA, 1, "1 person bid. 1: nobody else bid.", id="alone with a maximum"),
        pytest.param(["A 44", "B 50"], 2, BORIS, 50, "2 people bid. 50: bid aloud, and nobody bid more.", id="aloud"),
        pytest.param(
            ["A 44", "B <90"], 2, BORIS, 45,
            "2 people bid. 45: the best bid, at most one increment over the next best.", id="by a maximum",
        ),
        pytest.param(
            ["A <60", "B 60"], 2, ANNA, 60,
            "2 people bid. 60: the best bid, at most one increment over the next best.", id="of equal ones",
        ),
        pytest.param(["A <60", "B 40", "A 50"], 2, ANNA, 50, "2 people bid. 50: bid aloud, and nobody bid more.",
                     id="aloud under a maximum"),
    ],
)  # fmt: skip
def test_who_stands_wins_an_open_auction_for_the_price_it_stands_at(bids, people, winner, price, trace):
    outcome = resolve_open(played(auction(), *bids), people)
    assert (won(outcome), outcome.trace) == ([(winner, price)], (trace,))


@pytest.mark.parametrize("people", [1, 2, 7])
@pytest.mark.parametrize("price", ["1", "44", "60"])
def test_a_maximum_is_never_in_the_trace(price, people):
    """The same price, the same words, whether the maximum was just reached or is far."""
    traces = set()
    for maximum in (price, "61", "777"):
        leads = Bid(1, ANNA, D(1), D(maximum))
        traces.add(resolve_open(auction(ANNA, price, standing=(leads,)), people).trace)
    [[line]] = traces
    assert "777" not in line
    assert "61" not in line
