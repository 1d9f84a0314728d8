"""A standing bid disappears; and whole auctions against a reference that keeps only what happened."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import (
    Bid,
    BidAccepted,
    Bidder,
    after_bid,
    decide_bid,
)
from cogs.auctions.rules.ending import (
    decide_standing_after,
)
from tests.rules.test_auction_rules.pieces import ANNA, BORIS, CARA, END, D, auction, before_end, purse

LADDER = (Bid(1, ANNA, D(10)), Bid(2, BORIS, D(20)), Bid(3, CARA, D(30)), Bid(4, BORIS, D(40)))


def void(*sequences: int) -> list[Bid]:
    return [replace(bid, voided=bid.sequence in sequences) for bid in LADDER]


@pytest.mark.parametrize(
    ("bids", "spendable", "stands", "skipped"),
    [
        pytest.param(void(4), {ANNA: 99, BORIS: 99, CARA: 99}, 3, [], id="the next best stands"),
        pytest.param(void(4), {ANNA: 99, BORIS: 99, CARA: 29}, 2, [3], id="who cannot be held now is skipped"),
        pytest.param(void(4), {ANNA: 99, BORIS: 99}, 2, [3], id="who has no account is skipped"),
        pytest.param(
            void(), {ANNA: 99, BORIS: 25, CARA: 0}, 2, [4, 3], id="the same owner's lower bid may still stand"
        ),
        pytest.param(void(4), {ANNA: 9, BORIS: 9, CARA: 9}, None, [3, 2, 1], id="none: back to the minimum"),
        pytest.param(void(1, 2, 3, 4), {ANNA: 99, BORIS: 99, CARA: 99}, None, [], id="all voided"),
    ],
)
def test_a_standing_bid_disappears_and_the_best_that_can_be_held_now_stands(bids, spendable, stands, skipped):
    purses = {member: purse(amount) for member, amount in spendable.items()}
    after = decide_standing_after(auction(BORIS, "40"), bids, purses, now=before_end(90))
    assert (after.standing.sequence if after.standing else None) == stands
    assert [bid.sequence for bid in after.skipped] == skipped
    assert after.ends_at == END


@pytest.mark.parametrize(("left", "then_left"), [(61, 61), (60, 60), (59, 60), (1, 60), (-0.5, 60)])
def test_with_less_than_60_s_left_the_end_becomes_now_and_60_s(left, then_left):
    now = before_end(left)
    after = decide_standing_after(auction(BORIS, "40"), void(4), {}, now=now)
    assert after.ends_at - now == timedelta(seconds=then_left)


def test_of_two_equal_bids_the_earlier_stands():
    bids = [Bid(7, BORIS, D(30)), Bid(3, CARA, D(30))]
    purses = {BORIS: purse(99), CARA: purse(99)}
    after = decide_standing_after(auction(), bids, purses, now=before_end(90))
    assert after.standing == Bid(3, CARA, D(30))


bids_made = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6), st.booleans()), max_size=8).map(
    lambda made: [Bid(n, who, D(amount), voided) for n, (who, amount, voided) in enumerate(made)]
)


@given(bids=bids_made, spendable=st.dictionaries(st.integers(1, 4), st.integers(-2, 7)))
def test_the_standing_bid_agrees_with_brute_force(bids, spendable):
    purses = {member: purse(amount) for member, amount in spendable.items()}
    after = decide_standing_after(auction(), bids, purses, now=before_end(90))

    def beats(one: Bid, other: Bid) -> bool:
        return one.amount > other.amount or (one.amount == other.amount and one.sequence < other.sequence)

    alive = [bid for bid in bids if not bid.voided]
    able = [bid for bid in alive if bid.member_id in spendable and spendable[bid.member_id] >= bid.amount]
    best = [bid for bid in able if not any(beats(other, bid) for other in able)]
    assert after.standing == (best[0] if best else None)
    passed_over = {bid for bid in alive if not best or beats(bid, best[0])}
    assert set(after.skipped) == passed_over
    assert all(beats(one, other) for one, other in zip(after.skipped, after.skipped[1:], strict=False))


acts = st.lists(
    st.one_of(
        st.tuples(st.just("bid"), st.integers(1, 4), st.integers(1, 14)),
        st.tuples(st.just("void"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("spend"), st.integers(1, 4), st.integers(1, 5)),
    ),
    max_size=25,
)


@given(acts=acts, balances=st.lists(st.integers(0, 15), min_size=4, max_size=4))
def test_a_whole_auction_holds_exactly_the_standing_bid_and_nobody_below_the_floor(acts, balances):
    balance = dict(enumerate(balances, start=1))
    now, bids = auction(), []
    for turn, (act, who, amount) in enumerate(acts):
        held = {now.standing.member_id: now.standing.amount} if now.standing else {}
        leader, price = (now.standing.member_id, int(now.standing.amount)) if now.standing else (None, 0)
        if act == "bid":
            own = held.get(who, D(0))
            decision = decide_bid(
                now, Bidder(who, purse(balance[who], own), own), D(amount), received_at=before_end(90)
            )
            # An own standing bid is replaced, so what counts is the whole of it against the whole balance.
            assert isinstance(decision, BidAccepted) is (amount > price and amount <= balance[who])
            if isinstance(decision, BidAccepted):
                assert decision.changes_leader is (who != leader)
                bids.append(Bid(turn, who, D(amount)))
                now = after_bid(now, bids[-1], decision)
        elif act == "void":
            mine = [bid for bid in bids if bid.member_id == who and not bid.voided]
            if not mine:
                continue
            lost = max(mine, key=lambda bid: bid.amount)
            bids = [replace(bid, voided=bid.voided or bid == lost) for bid in bids]
            if lost == now.standing:
                purses = {member: purse(amount) for member, amount in balance.items()}
                after = decide_standing_after(now, bids, purses, now=before_end(90))
                now = replace(now, standing=after.standing, ends_at=after.ends_at)
                able = [bid.amount for bid in bids if not bid.voided and bid.amount <= balance[bid.member_id]]
                assert (now.standing.amount if now.standing else None) == max(able, default=None)
        else:
            balance[who] -= min(amount, max(0, balance[who] - int(held.get(who, 0))))
        assert now.standing is None or now.standing.amount <= balance[now.standing.member_id]
        assert now.standing is None or not next(b for b in bids if b.sequence == now.standing.sequence).voided
