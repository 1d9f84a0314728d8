"""Open auctions of one copy, bid by bid, against the slow reference that works everything out anew."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import Auction, Bid, BidAccepted, BidRefused
from cogs.auctions.rules.standing import decide_standing_after
from cogs.auctions.rules.terms import Terms
from tests.rules.test_auction_rules.pieces import D, auction, before_end, bid, purse
from tests.rules.test_auction_rules.references_open import SlowOpen

STEPS = st.sampled_from(
    [
        (),
        ((10, 3), (20, 6)),
        ((8, 5),),
        ((12, 1),),  # the increment shrinks: over 11 is more than over 12
        ((5, 6), (15, 1), (25, 4)),
    ]
)
UNITS = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.01")])
"""All amounts are whole multiples of it."""

BID = st.tuples(st.just("bid"), st.integers(1, 4), st.booleans(), st.integers(-4, 12), st.integers(-3, 15))
"""Who; a maximum; by how much over the next bid; with a balance that is by how much over the next bid."""
VOID = st.tuples(st.just("void"), st.sets(st.integers(0, 6), min_size=1, max_size=3))
"""Which of the live bids, best first."""


@dataclass
class Game:
    """The rules and the reference play one auction; `live` are the bids not taken out, as the database has them."""

    now: Auction
    slow: SlowOpen
    live: list[Bid]
    unit: Decimal

    def bid(self, sequence: int, who: int, is_maximum: bool, offset: int, balance: int | None) -> None:
        amount = self.slow.next_bid + offset * self.unit
        has = D(10**6) if balance is None else self.slow.next_bid + balance * self.unit
        leader, own, price = self.now.leader, self.now.of(who), self.now.price
        why_not = self.slow.why_not(who, amount, is_maximum, has)
        answer = bid(self.now, who, amount, up_to=is_maximum, balance=has, sequence=sequence)
        event(f"bid: {why_not or 'taken'}")
        if isinstance(answer, BidRefused):
            assert answer.code == why_not
            return
        assert isinstance(answer, BidAccepted)
        assert why_not is None
        said = self.slow.say(sequence, who, amount, is_maximum)
        assert (answer.bid.amount, answer.bid.most) == (said.aloud, said.most)
        if own is not None and said.most < own.most:
            self.live = [each for each in self.live if each.member_id != who or each.most <= said.most]
        self.live.append(answer.bid)
        self.now = answer.after
        assert answer.stands is (self.slow.leader is said)
        assert answer.changes_leader is (answer.stands and own is None)
        assert answer.outbid == ((leader,) if answer.changes_leader and leader is not None else ())
        assert price is None or (self.now.price or 0) >= price, "the price never falls in bidding"
        self.check()

    def void(self, places: set[int]) -> None:
        ranked = sorted(self.live, key=lambda each: each.rank)
        orders = {each.sequence for place, each in enumerate(ranked) if place in places}
        stood, price = self.now.leader, self.now.price
        self.slow.void(orders)
        after = decide_standing_after(
            self.now, orders, self.live, {who: purse(10**6) for who in range(1, 5)}, now=before_end(600)
        )
        self.live = [each for each in self.live if each.sequence not in orders]
        self.now = after.auction
        assert after.skipped == ()
        if stood is not None and self.now.leader == stood and price is not None:
            assert (self.now.price or 0) <= price, "who leads on never pays more than before"
        event(f"void: {'leads on' if self.now.leader == stood else 'another' if self.live else 'nobody'}")
        self.check()

    def check(self) -> None:
        said = self.slow.leader
        if said is None:
            assert (self.now.standing, self.now.price, self.now.next_bid()) == ((), None, self.slow.minimum)
            return
        [leader] = self.now.standing
        assert self.now.leader == leader, "nobody but the leader holds anything"
        assert (leader.sequence, leader.member_id, leader.most) == (said.order, said.who, said.most)
        assert self.now.price == self.slow.price
        assert self.now.next_bid() == self.slow.next_bid
        assert self.now.price is not None
        assert self.slow.minimum <= self.now.price <= leader.most


@st.composite
def games(draw: st.DrawFn) -> Game:
    unit = draw(UNITS)
    terms = Terms(
        minimum=draw(st.integers(1, 6)) * unit,
        increment=draw(st.integers(1, 5)) * unit,
        steps=tuple((price * unit, by * unit) for price, by in draw(STEPS)),
        decimals=2,
    )
    slow = SlowOpen(terms.minimum, terms.increment, list(terms.steps))
    return Game(auction(terms=terms), slow, [], unit)


@settings(max_examples=300)
@given(play=games(), bids=st.lists(BID, min_size=4, max_size=20))
def test_any_bids_maxima_raises_and_lowerings_agree_with_the_slow_reference(play, bids):
    for sequence, (_, *what) in enumerate(bids):
        play.bid(sequence, *what)


@settings(max_examples=400)
@given(play=games(), acts=st.lists(st.one_of(BID, BID, BID, VOID), min_size=4, max_size=25))
def test_with_bids_voided_in_between_the_auction_is_resolved_anew(play, acts):
    for sequence, act in enumerate(acts):
        if act[0] == "bid":
            play.bid(sequence, act[1], act[2], act[3], None)
        else:
            play.void(act[1])
