"""Open auctions with everything that may happen to them, step by step; what must hold after each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import Auction, Bid, BidAccepted
from cogs.auctions.rules.resolving import resolve_open
from cogs.auctions.rules.standing import decide_standing_after
from cogs.auctions.rules.terms import Terms
from tests.rules.test_auction_rules.pieces import END, D, auction, bid, purse

PEOPLE = range(1, 6)


@dataclass
class House:
    """One auction, its live bids, and what everybody has; the points are held nowhere else."""

    now: Auction
    balance: dict[int, int]
    live: list[Bid] = field(default_factory=list)
    left: set[int] = field(default_factory=set)
    taken: int = 0
    at: int = 600
    """Seconds before the first end."""

    def bid(self, who: int, amount: int, is_maximum: bool) -> None:
        if who in self.left:
            return
        before, price, own = self.now.standing, self.now.price, self.now.of(who)
        answer = bid(
            self.now,
            who,
            self.now.next_bid(who) + amount,
            up_to=is_maximum and self.now.terms.takes_maximum,
            balance=D(self.balance[who]),
            sequence=self.taken,
            left=(self.now.ends_at - self.clock).total_seconds(),
        )
        if not isinstance(answer, BidAccepted):
            return
        self.now = answer.after
        self.taken += 1
        if own is not None and answer.bid.most < own.most:
            self.live = [each for each in self.live if each.member_id != who or each.most <= answer.bid.most]
        self.live.append(answer.bid)
        more = answer.bid.most - (own.most if own else 0)
        assert more <= 0 or answer.bid.most <= self.balance[who], "nobody bids what they do not have"
        assert price is None or (self.now.price or 0) >= price, "the price never falls in bidding"
        untouched = [each for each in before if each.member_id != who and each not in answer.outbid]
        assert all(each in self.now.standing for each in untouched)
        assert len(answer.outbid) <= 1, "a bid beats one at most"
        assert not (answer.outbid and not answer.changes_leader)

    def lose(self, gone: set[int]) -> None:
        stood, price, ends_at = self.now.standing, self.now.price, self.now.ends_at
        have = {who: purse(self.balance[who]) for who in PEOPLE if who not in self.left}
        after = decide_standing_after(self.now, gone, self.live, have, now=self.clock)
        self.live = [each for each in self.live if each.sequence not in gone]
        self.now = after.auction
        kept = [each for each in stood if each.sequence not in gone]
        assert [each for each in self.now.standing if each not in after.again] == kept, "who stood stands on"
        for again in after.again:
            assert again.member_id not in self.left
            assert again.most <= self.balance[again.member_id], "nobody stands who cannot be held"
        if len(self.now.standing) < self.now.terms.quantity:
            waiting = [each for each in self.live if self.now.of(each.member_id) is None]
            able = [each for each in waiting if each.member_id in have and each.most <= self.balance[each.member_id]]
            assert able == [], "no place is free while somebody who can be held waits"
        falls = False
        if kept and not after.again and price is not None:
            assert self.now.price is not None
            assert self.now.price <= price, "who leads on never pays more than before"
            falls = self.now.price < price
        if kept == list(stood) and not falls:
            assert self.now.ends_at == ends_at
        else:
            assert self.now.ends_at == max(ends_at, self.clock + timedelta(seconds=60))
        event(f"{len(after.again)} again, {len(after.skipped)} skipped")

    @property
    def clock(self):
        return END - timedelta(seconds=self.at)

    def check(self) -> None:
        standing, terms = self.now.standing, self.now.terms
        assert set(standing) <= set(self.live), "what stands is not taken out"
        assert len(standing) == len({each.member_id for each in standing}) <= terms.quantity
        assert list(standing) == sorted(standing, key=lambda each: (-each.most, each.sequence))
        assert not self.left & {each.member_id for each in standing}
        if not terms.takes_maximum:
            assert self.now.price is None
            assert all(each.maximum is None for each in self.live)
        elif standing:
            assert self.now.price is not None
            assert max(terms.minimum, standing[0].amount) <= self.now.price <= standing[0].most
        else:
            assert self.now.price is None
        outcome = resolve_open(self.now, len({each.member_id for each in self.live}))
        assert (outcome.trace == ()) is (standing == ())
        for win in outcome.wins:
            assert win.bid in standing
            assert terms.minimum <= win.price <= win.bid.most, "nobody pays more than is held of them"


def best(house: House, places: set[int]) -> set[int]:
    ranked = sorted(house.live, key=lambda each: each.rank)
    return {each.sequence for place, each in enumerate(ranked) if place in places}


def leave(house: House, who: int) -> None:
    house.left.add(who)
    house.lose({each.sequence for each in house.live if each.member_id == who})


def pay(house: House, who: int, amount: int) -> None:
    """A penalty: it may make the spendable negative, and open bids stand."""
    house.balance[who] -= amount


def wait(house: House, seconds: int) -> None:
    house.at -= min(seconds, max(0, int((house.now.ends_at - house.clock).total_seconds()) - 1))


PLACES = st.sets(st.integers(0, 3), min_size=1, max_size=2)
Act = Callable[[House], None]
WHO = st.sampled_from(PEOPLE)
BIDS = st.builds(
    lambda who, amount, is_maximum: lambda house: house.bid(who, amount, is_maximum),
    WHO,
    st.integers(-1, 8),
    st.booleans(),
)
ACTS: st.SearchStrategy[Act] = st.one_of(
    BIDS,
    BIDS,
    BIDS,
    BIDS,
    BIDS,
    BIDS,
    st.builds(lambda places: lambda house: house.lose(best(house, places)), PLACES),
    st.builds(lambda who: lambda house: leave(house, who), WHO),
    st.builds(lambda who, amount: lambda house: pay(house, who, amount), WHO, st.integers(1, 30)),
    st.builds(lambda who, amount: lambda house: pay(house, who, amount), WHO, st.integers(1, 30)),
    st.builds(lambda seconds: lambda house: wait(house, seconds), st.integers(1, 300)),
)


@settings(max_examples=300)
@given(
    quantity=st.integers(1, 3),
    increment=st.integers(1, 4),
    balances=st.lists(st.integers(10, 40), min_size=5, max_size=5),
    acts=st.lists(ACTS, min_size=10, max_size=30),
)
def test_after_every_step_exactly_who_may_stands_and_can_pay(quantity, increment, balances, acts):
    terms = Terms(quantity=quantity, minimum=D(2), increment=D(increment), snipe_limit=2)
    house = House(auction(terms=terms), dict(zip(PEOPLE, balances, strict=True)))
    for act in acts:
        act(house)
        house.check()
    assert house.now.extensions <= 2
