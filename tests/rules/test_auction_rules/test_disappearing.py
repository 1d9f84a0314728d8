"""A standing bid disappears: voided, retracted where allowed, its owner left, or the right was lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import Auction, Bid
from cogs.auctions.rules.standing import decide_standing_after, may_retract
from cogs.auctions.rules.terms import Kind, Retract, Terms
from tests.rules.test_auction_rules.pieces import (
    ANNA,
    BORIS,
    CARA,
    DORA,
    END,
    D,
    auction,
    before_end,
    copies,
    purse,
    sealed,
)

LADDER = (Bid(1, ANNA, D(10)), Bid(2, BORIS, D(20)), Bid(3, CARA, D(30)), Bid(4, BORIS, D(40)))
LED = Auction(Terms(), END, standing=(LADDER[3],), price=D(40))
RICH = {member_id: purse(9999) for member_id in (ANNA, BORIS, CARA, DORA)}


def purses(**spendable: int):
    by_name = {"anna": ANNA, "boris": BORIS, "cara": CARA, "dora": DORA}
    return {by_name[name]: purse(amount) for name, amount in spendable.items()}


@pytest.mark.parametrize(
    ("gone", "have", "stands", "again", "skipped"),
    [
        pytest.param({4}, purses(anna=99, boris=99, cara=99), 3, [3], [], id="the next best stands again"),
        pytest.param({4}, purses(anna=99, boris=99, cara=30), 3, [3], [], id="who has just enough can be held"),
        pytest.param({4}, purses(anna=99, boris=99, cara=29), 2, [2], [3], id="who cannot be held now is skipped"),
        pytest.param({4}, purses(anna=99, boris=99), 2, [2], [3], id="whose right is lost is skipped"),
        pytest.param({4, 3}, purses(anna=99, boris=20), 2, [2], [], id="one's own lower bid may still stand"),
        pytest.param({4}, purses(anna=9, boris=9, cara=9), None, [], [3, 2, 1], id="none: back to the minimum"),
        pytest.param({1, 2, 3, 4}, RICH, None, [], [], id="all voided: back to the minimum"),
        pytest.param({2}, RICH, 4, [], [], id="an outbid one disappears: who stands, stands on"),
        pytest.param({2}, {}, 4, [], [], id="and need not be held anew"),
    ],
)
def test_a_standing_bid_disappears_and_the_best_that_can_be_held_now_stands(gone, have, stands, again, skipped):
    after = decide_standing_after(LED, gone, LADDER, have, now=before_end(90))
    assert [bid.sequence for bid in after.auction.standing] == ([] if stands is None else [stands])
    assert [bid.sequence for bid in after.again] == again
    assert [bid.sequence for bid in after.skipped] == skipped
    assert after.auction.next_bid() == (1 if stands is None else after.auction.standing[0].amount + 1)
    assert after.auction.ends_at == END


def test_somebody_who_cannot_be_held_for_the_higher_may_be_for_the_lower():
    bids = [Bid(1, BORIS, D(20)), Bid(2, BORIS, D(40)), Bid(3, CARA, D(50))]
    now = Auction(Terms(), END, standing=(bids[2],), price=D(50))
    after = decide_standing_after(now, {3}, bids, purses(boris=25), now=before_end(90))
    assert (after.again, after.skipped) == ((bids[0],), (bids[1],))


def test_of_two_equal_bids_the_earlier_stands():
    bids = [Bid(7, BORIS, D(30)), Bid(3, CARA, D(30)), Bid(9, ANNA, D(50))]
    after = decide_standing_after(auction(ANNA, "50"), {1}, bids[:2], RICH, now=before_end(90))
    assert after.auction.standing == (bids[1],)
    assert after.auction.price == 30, "the other drives the price to the same amount"


@pytest.mark.parametrize(("left", "then_left"), [(61, 61), (60, 60), (59, 60), (1, 60), (-0.5, 60)])
def test_with_less_than_60_s_left_the_end_becomes_now_and_60_s(left, then_left):
    now = before_end(left)
    for have in (RICH, {}):
        after = decide_standing_after(LED, {4}, LADDER, have, now=now)
        assert after.auction.ends_at - now == timedelta(seconds=then_left)
        assert after.auction.extensions == 0, "it is not counted"


def test_while_it_is_paused_60_s_are_left_of_when_that_began():
    paused = replace(LED, paused_at=before_end(5))
    after = decide_standing_after(paused, {4}, LADDER, RICH, now=END + timedelta(hours=2))
    assert after.auction.ends_at == before_end(5) + timedelta(seconds=60)


def test_a_bid_that_did_not_stand_moves_no_end():
    assert decide_standing_after(LED, {3}, LADDER, RICH, now=before_end(1)).auction.ends_at == END


def test_where_the_price_falls_there_is_a_minute_to_answer():
    """A friend's high bid that is taken back at the last moment has shielded nobody."""
    shielded = Auction(Terms(), END, standing=(Bid(1, ANNA, D(1), D(100)),), price=D(100))
    after = decide_standing_after(shielded, {2}, [*shielded.standing, Bid(2, BORIS, D(99))], RICH, now=before_end(1))
    assert (after.auction.price, after.auction.ends_at) == (1, before_end(1) + timedelta(seconds=60))
    paused = replace(shielded, paused_at=before_end(5))
    after = decide_standing_after(
        paused, {2}, [*shielded.standing, Bid(2, BORIS, D(99))], RICH, now=END + timedelta(hours=2)
    )
    assert after.auction.ends_at == before_end(5) + timedelta(seconds=60), "of when it was paused"


# --- what it costs then -----------------------------------------------------------------------------------------------

CUT = [Bid(1, ANNA, D(1), D(60)), Bid(2, BORIS, D(40)), Bid(3, CARA, D(1), D(50)), Bid(4, DORA, D(90))]


def standing(bid: Bid, price: str, **changes) -> Auction:
    return Auction(Terms(increment=D(5), **changes), END, standing=(bid,), price=D(price))


@pytest.mark.parametrize(
    ("now", "gone", "have", "live", "price"),
    [
        pytest.param(standing(CUT[3], "90"), {4}, RICH, CUT, 55, id="best other maximum + increment"),
        pytest.param(standing(CUT[3], "90"), {4, 3}, RICH, CUT, 45, id="of what is left"),
        pytest.param(standing(CUT[3], "90"), {4, 3, 2}, RICH, CUT, 1, id="nobody else bid: the minimum"),
        pytest.param(standing(CUT[3], "90"), {4}, purses(boris=99, cara=99), CUT, 45, id="the skipped drive nothing"),
        pytest.param(
            standing(CUT[3], "90"), {4}, purses(boris=99), [CUT[0], Bid(2, BORIS, D(1), D(60)), CUT[3]], 1,
            id="not with an equal maximum either",
        ),
        pytest.param(standing(CUT[0], "55"), {3}, RICH, CUT[:3], 45, id="who leads on pays what others drive it to"),
        pytest.param(standing(CUT[0], "55"), {2}, RICH, CUT[:3], 55, id="which may be as much as before"),
        pytest.param(standing(CUT[0], "52"), {2}, RICH, CUT[:3], 52, id="never more than before"),
        pytest.param(
            standing(Bid(5, ANNA, D(30), D(60)), "55"), {3, 2}, RICH, [*CUT[1:3], Bid(5, ANNA, D(30), D(60))], 30,
            id="what was bid aloud is still said",
        ),
        pytest.param(
            standing(CUT[3], "90"), {4}, RICH,
            [Bid(1, ANNA, D(30)), Bid(2, BORIS, D(5)), Bid(3, ANNA, D(1), D(60)), CUT[3]], 30,
            id="also what was bid aloud before somebody else led",
        ),
        pytest.param(
            standing(CUT[3], "90"), {4}, purses(anna=50), [Bid(1, ANNA, D(1), D(40)), Bid(2, ANNA, D(80)), CUT[3]], 1,
            id="but not what one was passed over with",
        ),
        pytest.param(
            standing(Bid(4, ANNA, D(1), D(60)), "60"), {9}, RICH,
            [Bid(1, BORIS, D(60)), Bid(4, ANNA, D(1), D(60)), Bid(9, CARA, D(20))], 60,
            id="an equal bid drives it to the maximum, whichever came first",
        ),
        pytest.param(
            standing(Bid(4, ANNA, D(1), D(60)), "25"), {9}, RICH,
            [Bid(1, BORIS, D(99)), Bid(4, ANNA, D(1), D(60)), Bid(9, CARA, D(20))], 1,
            id="who was passed over before with a higher bid drives nothing",
        ),
    ],
)  # fmt: skip
def test_the_price_is_worked_out_anew(now, gone, have, live, price):
    assert decide_standing_after(now, gone, live, have, now=before_end(90)).auction.price == price


# --- several copies, sealed forms -------------------------------------------------------------------------------------


def test_with_several_copies_every_free_place_is_filled():
    now = copies(3, "50", "40", "30")
    live = [*now.standing, Bid(7, DORA, D(25)), Bid(8, CARA, D(20)), Bid(9, BORIS, D(10))]
    after = decide_standing_after(now, {1, 2}, live, RICH, now=before_end(30))
    assert [(bid.member_id, bid.amount) for bid in after.auction.standing] == [(CARA, 30), (DORA, 25), (BORIS, 10)]
    assert [bid.member_id for bid in after.again] == [DORA, BORIS]
    assert after.skipped == ()
    assert after.auction.price is None
    assert after.auction.ends_at == END + timedelta(seconds=30)


def test_with_several_copies_who_stands_already_takes_no_second_place():
    now = copies(2, "50", "40")
    live = [*now.standing, Bid(7, ANNA, D(30))]
    after = decide_standing_after(now, {2}, live, RICH, now=before_end(90))
    assert (after.auction.standing, after.again, after.skipped) == (now.standing[:1], (), ())


@pytest.mark.parametrize("kind", [Kind.SEALED, Kind.SECOND_PRICE])
def test_in_sealed_forms_nobody_is_waiting(kind):
    now = sealed(Bid(1, ANNA, D(50)), Bid(2, BORIS, D(40)), kind=kind)
    after = decide_standing_after(now, {1}, now.standing, {}, now=before_end(5))
    assert (after.auction, after.again, after.skipped) == (replace(now, standing=now.standing[1:]), (), ())


# --- who may take a bid back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retract", "leader_may", "outbid_may", "sealed_may"),
    [
        (Retract.NEVER, False, False, False),
        (Retract.NOT_LEADING, False, True, True),
        (Retract.ALWAYS, True, True, True),
    ],
)
def test_who_may_retract(retract, leader_may, outbid_may, sealed_may):
    now = auction(ANNA, terms=Terms(retract=retract))
    assert (may_retract(now, ANNA), may_retract(now, BORIS)) == (leader_may, outbid_may)
    of_two = copies(2, "50", "40", retract=retract)
    assert (may_retract(of_two, BORIS), may_retract(of_two, CARA)) == (leader_may, outbid_may)
    assert may_retract(sealed(Bid(1, ANNA, D(50)), retract=retract), ANNA) is sealed_may


def test_by_default_a_leading_bid_cannot_be_retracted():
    assert not may_retract(auction(ANNA), ANNA)


# --- against a plain loop ---------------------------------------------------------------------------------------------

OFFERS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(0, 4)), max_size=9)


@settings(max_examples=300)
@given(
    offers=OFFERS,
    quantity=st.integers(1, 3),
    stood=st.sets(st.integers(0, 8), max_size=3),
    gone=st.sets(st.integers(0, 8), max_size=4),
    spendable=st.dictionaries(st.integers(1, 5), st.integers(-2, 14)),
    price=st.integers(1, 14),
)
def test_who_stands_is_what_a_plain_loop_says(offers, quantity, stood, gone, spendable, price):
    bids = [
        Bid(n, who, D(amount), D(amount + more) if more and quantity == 1 else None)
        for n, (who, amount, more) in enumerate(offers)
    ]
    before: list[Bid] = []
    for bid in bids:
        if bid.sequence in stood and len(before) < quantity and bid.member_id not in [b.member_id for b in before]:
            before.append(bid)
    before.sort(key=lambda bid: (-bid.most, bid.sequence))
    was = D(price) if quantity == 1 and before else None
    now = Auction(Terms(quantity=quantity), END, standing=tuple(before), price=was)

    after = decide_standing_after(
        now, gone, bids, {who: purse(amount) for who, amount in spendable.items()}, now=before_end(90)
    )

    standing = [bid for bid in before if bid.sequence not in gone]
    again, skipped = [], []
    for bid in sorted(bids, key=lambda bid: (-bid.most, bid.sequence)):
        if len(standing) == quantity:
            break
        if bid.sequence in gone or bid.member_id in [each.member_id for each in standing]:
            continue
        if bid.member_id in spendable and spendable[bid.member_id] >= bid.most:
            standing.append(bid)
            again.append(bid)
        else:
            skipped.append(bid)
    event(f"{len(again)} again, {len(skipped)} skipped")
    assert set(after.auction.standing) == set(standing)
    assert list(after.auction.standing) == sorted(standing, key=lambda bid: (-bid.most, bid.sequence))
    assert (list(after.again), list(after.skipped)) == (again, skipped)
    for bid in after.auction.standing:
        assert bid in before or spendable[bid.member_id] >= bid.most, "nobody stands who cannot be held"
    if quantity > 1 or not standing:
        assert after.auction.price is None
        return
    [leader] = standing
    least = D(1)
    for bid in bids:
        if bid.sequence in gone or bid in skipped or bid.most > leader.most:
            continue
        least = max(least, bid.amount if bid.member_id == leader.member_id else bid.most + 1)
    least = min(least, leader.most)
    assert after.auction.price == (least if was is None or again else min(least, was)), "never more for who leads on"


@given(offers=OFFERS, quantity=st.integers(1, 3))
def test_when_every_bid_is_gone_it_is_back_to_the_minimum(offers, quantity):
    bids = [Bid(n, who, D(amount)) for n, (who, amount, _) in enumerate(offers)]
    now = Auction(Terms(quantity=quantity, minimum=D(3)), END, standing=tuple(bids[:1]), price=D(7))
    after = decide_standing_after(now, set(range(9)), bids, {n: purse(99) for n in range(6)}, now=before_end(90))
    assert (after.auction.standing, after.auction.price, after.auction.next_bid()) == ((), None, 3)
