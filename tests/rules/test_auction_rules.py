"""The auction rules, each case named after its line; resolvers against a brute-force reference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed import MOST_POINTS
from cogs.auctions.rules.bidding import (
    Auction,
    Bid,
    BidAccepted,
    BidCode,
    Bidder,
    Bidders,
    BidQuestioned,
    BidRefused,
    Status,
    Terms,
    after_bid,
    bid_amounts,
    decide_anti_snipe,
    decide_bid,
    decide_who_may_bid,
    is_own_interest,
    is_surprisingly_high,
)
from cogs.auctions.rules.ending import (
    AlreadyDone,
    Outage,
    Settled,
    SettleLater,
    decide_extension,
    decide_settlement,
    decide_standing_after,
    decide_time_back,
)
from cogs.auctions.rules.starting import BadBatchLine, BatchLine, RunningAuction, decide_second_copy, parse_batch
from cogs.dkp.rules import Purse

D = Decimal
END = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
ANNA, BORIS, CARA = 1, 2, 3


def before_end(seconds: float) -> datetime:
    return END - timedelta(seconds=seconds)


def auction(leader: int | None = None, price: str = "44", **changes) -> Auction:
    standing = None if leader is None else Bid(1, leader, D(price))
    return replace(Auction(Terms(), END, standing=standing), **changes)


def purse(balance: int, held: Decimal = D(0)) -> Purse:
    return Purse(D(balance), held, D(0))


def bidder(member_id: int = BORIS, balance: str = "500", held: str = "0", floor: str = "0", own: str = "0", **more):
    return Bidder(member_id, Purse(D(balance), D(held), D(floor)), D(own), **more)


# Bids


def test_the_defaults_are_minimum_1_increment_1_window_20_extension_20_limit_20():
    assert Terms() == Terms(D(1), D(1), 0, timedelta(seconds=20), timedelta(seconds=20), 20)


@pytest.mark.parametrize(
    ("now", "next_bid"),
    [
        pytest.param(auction(), "1", id="nobody bid: the minimum"),
        pytest.param(auction(terms=Terms(minimum=D(50))), "50", id="nobody bid: this auction's minimum"),
        pytest.param(auction(ANNA, "44"), "45", id="the price and one increment"),
        pytest.param(auction(ANNA, "44", terms=Terms(increment=D(5))), "49", id="the increment is the auction's"),
    ],
)
def test_the_next_bid_is_the_minimum_or_the_price_and_one_increment(now, next_bid):
    assert now.next_bid == D(next_bid)
    accepted = decide_bid(now, bidder(), D(next_bid), received_at=before_end(60))
    assert accepted == BidAccepted(D(next_bid), changes_leader=True, ends_at=END, extensions=0)
    refused = decide_bid(now, bidder(), D(next_bid) - 1, received_at=before_end(60))
    assert isinstance(refused, BidRefused)


@pytest.mark.parametrize(
    ("now", "who", "amount", "received_at", "code"),
    [
        pytest.param(
            auction(ANNA, status=Status.WON), bidder(), "45", before_end(5), BidCode.CLOSED,
            id="a bid that gets the lock after settling is too late whatever its stamp",
        ),
        pytest.param(auction(ANNA), bidder(), "45", END, BidCode.LATE, id="received at the end is late"),
        pytest.param(
            auction(ANNA), bidder(), "45", END + timedelta(milliseconds=500), BidCode.LATE,
            id="between the end and settling is late",
        ),
        pytest.param(auction(ANNA), bidder(), "44", before_end(60), BidCode.TOO_LOW, id="the price itself"),
        pytest.param(
            auction(ANNA), bidder(ANNA, held="44", own="44"), "44", before_end(60), BidCode.TOO_LOW,
            id="the leader's own price again",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="44"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="more than the balance",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="100", held="56"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="what is held in other auctions cannot be bid",
        ),
        pytest.param(
            auction(ANNA), bidder(balance="100", floor="56"), "45", before_end(60), BidCode.CANNOT_AFFORD,
            id="the floor binds bids",
        ),
        pytest.param(
            auction(ANNA), bidder(ANNA, balance="100", held="90", own="44"), "55", before_end(60),
            BidCode.CANNOT_AFFORD, id="raising needs new - old <= spendable: 11 of 10",
        ),
        pytest.param(
            auction(ANNA), bidder(barred=BidCode.NOT_IN_RAID), "45", before_end(60), BidCode.NOT_IN_RAID,
            id="who may bid",
        ),
        pytest.param(auction(), bidder(), "0", before_end(60), BidCode.BAD_AMOUNT, id="0"),
        pytest.param(auction(), bidder(), "-5", before_end(60), BidCode.BAD_AMOUNT, id="-5"),
        pytest.param(auction(), bidder(), "nan", before_end(60), BidCode.BAD_AMOUNT, id="nan"),
        pytest.param(auction(), bidder(), "inf", before_end(60), BidCode.BAD_AMOUNT, id="inf"),
        pytest.param(auction(), bidder(), "1e12", before_end(60), BidCode.BAD_AMOUNT, id="1e12"),
        pytest.param(auction(), bidder(), "10.005", before_end(60), BidCode.TOO_FINE, id="10.005"),
        pytest.param(auction(), bidder(), "10.5", before_end(60), BidCode.TOO_FINE, id="10.5"),
    ],
)  # fmt: skip
def test_a_bid_is_refused_with_its_code_and_the_numbers(now, who, amount, received_at, code):
    refused = decide_bid(now, who, D(amount), received_at=received_at)
    assert isinstance(refused, BidRefused)
    assert refused.code is code
    assert refused.price == (now.standing.amount if now.standing else None)
    assert refused.next_bid == now.next_bid
    assert (refused.balance, refused.spendable) == (who.purse.balance, who.purse.spendable)


@pytest.mark.parametrize(
    ("now", "who", "amount", "received_at", "changes_leader"),
    [
        pytest.param(auction(ANNA), bidder(balance="45"), "45", before_end(60), True, id="all one has"),
        pytest.param(
            auction(ANNA), bidder(balance="0", floor="-45"), "45", before_end(60), True,
            id="a negative floor means debt is allowed",
        ),
        pytest.param(
            auction(ANNA), bidder(ANNA, balance="100", held="90", own="44"), "54", before_end(60), False,
            id="raising needs new - old <= spendable: 10 of 10",
        ),
        pytest.param(
            auction(ANNA), bidder(), "45", END - timedelta(microseconds=1), True,
            id="in time is received before ends_at",
        ),
        pytest.param(
            auction(terms=Terms(decimals=2)), bidder(), "10.05", before_end(60), True, id="decimals"
        ),
        pytest.param(auction(), bidder(), "10.00", before_end(60), True, id="10.00 is a whole number"),
    ],
)  # fmt: skip
def test_a_bid_is_accepted(now, who, amount, received_at, changes_leader):
    accepted = decide_bid(now, who, D(amount), received_at=received_at)
    assert isinstance(accepted, BidAccepted)
    assert accepted.changes_leader is changes_leader


@pytest.mark.parametrize(
    ("amount", "next_bid", "asks"),
    [("19", "1", False), ("20", "9", True), ("20", "10", False), ("21", "10", True), ("500", "45", True)],
)
def test_a_typed_bid_of_20_or_more_that_is_over_twice_the_next_bid_asks_once(amount, next_bid, asks):
    assert is_surprisingly_high(D(amount), D(next_bid)) is asks
    now = auction(terms=Terms(minimum=D(next_bid)))
    typed = decide_bid(now, bidder(), D(amount), received_at=before_end(60), ask_if_high=True)
    assert isinstance(typed, BidQuestioned) is asks
    confirmed = decide_bid(now, bidder(), D(amount), received_at=before_end(60))
    assert isinstance(confirmed, BidAccepted)


def test_what_cannot_be_bid_is_refused_rather_than_asked_about():
    refused = decide_bid(auction(), bidder(balance="40"), D(50), received_at=before_end(60), ask_if_high=True)
    assert isinstance(refused, BidRefused)


@pytest.mark.parametrize(
    ("bidders", "in_raid", "barred"),
    [
        (Bidders.RAID, True, None),
        (Bidders.RAID, False, BidCode.NOT_IN_RAID),
        (Bidders.MEMBERS, True, None),
        (Bidders.MEMBERS, False, None),
    ],
)
def test_who_may_bid_is_the_raid_or_the_members(bidders, in_raid, barred):
    assert decide_who_may_bid(bidders, in_raid=in_raid) is barred


# Anti-snipe


@pytest.mark.parametrize(
    ("left", "changes_leader", "moved", "counted"),
    [
        pytest.param(5, True, 15, 1, id="less than the window is left"),
        pytest.param(20, True, 0, 0, id="exactly the window is left"),
        pytest.param(19.5, True, 0.5, 1, id="just inside the window"),
        pytest.param(5, False, 0, 0, id="raising one's own bid does not extend"),
    ],
)
def test_anti_snipe_moves_the_end_when_the_leader_changes_and_less_than_the_window_is_left(
    left, changes_leader, moved, counted
):
    ends_at, extensions = decide_anti_snipe(auction(ANNA), changes_leader=changes_leader, received_at=before_end(left))
    assert (ends_at - END, extensions) == (timedelta(seconds=moved), counted)


def test_only_a_move_counts_against_the_limit():
    short = auction(ANNA, terms=Terms(snipe_extension=timedelta(seconds=5)))
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(10)) == (END, 0)
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(2))[1] == 1


def test_after_20_extensions_the_end_stays():
    at = before_end(1)
    assert decide_anti_snipe(auction(ANNA, extensions=19), changes_leader=True, received_at=at)[1] == 20
    assert decide_anti_snipe(auction(ANNA, extensions=20), changes_leader=True, received_at=at) == (END, 20)


def test_a_refused_bid_does_not_extend():
    assert isinstance(decide_bid(auction(ANNA), bidder(), D(44), received_at=before_end(1)), BidRefused)


@given(
    left=st.integers(1, 60_000),
    window=st.integers(0, 60_000),
    extension=st.integers(0, 60_000),
    done=st.integers(0, 3),
    limit=st.integers(0, 3),
    changes=st.booleans(),
)
def test_anti_snipe_agrees_with_the_reference_in_milliseconds(left, window, extension, done, limit, changes):
    terms = Terms(
        snipe_window=timedelta(milliseconds=window),
        snipe_extension=timedelta(milliseconds=extension),
        snipe_limit=limit,
    )
    ends_at, extensions = decide_anti_snipe(
        auction(ANNA, terms=terms, extensions=done),
        changes_leader=changes,
        received_at=END - timedelta(milliseconds=left),
    )
    moves = changes and left < window and done < limit and extension > left
    assert ends_at == END + timedelta(milliseconds=extension - left if moves else 0)
    assert extensions == done + moves


# A standing bid disappears

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


# Whole auctions against a reference that keeps nothing but the list of what happened

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


# The end


def test_settling_starts_at_the_end_and_1_s():
    due_at = END + timedelta(seconds=1)
    early = decide_settlement(auction(ANNA), now=due_at - timedelta(microseconds=1))
    assert early == SettleLater(due_at)
    assert decide_settlement(auction(ANNA), now=due_at) == Settled(Bid(1, ANNA, D(44)), Status.WON)


def test_settling_does_nothing_if_the_end_moved():
    moved = auction(ANNA, ends_at=END + timedelta(seconds=20))
    assert decide_settlement(moved, now=END + timedelta(seconds=1)) == SettleLater(END + timedelta(seconds=21))


def test_nobody_bids_is_recorded():
    assert decide_settlement(auction(), now=END + timedelta(seconds=1)) == Settled(None, Status.NO_BIDS)


@pytest.mark.parametrize("status", [Status.WON, Status.NO_BIDS, Status.CANCELLED])
def test_settling_twice_does_nothing(status):
    over = auction(ANNA, status=status)
    assert decide_settlement(over, now=END + timedelta(seconds=9)) == AlreadyDone()
    assert decide_settlement(over, now=before_end(9), closes_early=True) == AlreadyDone()


def test_closing_early_settles_at_once():
    assert decide_settlement(auction(ANNA), now=before_end(90), closes_early=True) == Settled(
        Bid(1, ANNA, D(44)), Status.WON
    )


def outage(began: float, ready: float) -> Outage:
    """From `began` seconds before the end to `ready` seconds after it."""
    return Outage(before_end(began), END + timedelta(seconds=ready))


@pytest.mark.parametrize(
    ("outages", "ends_after"),
    [
        pytest.param([], None, id="never down"),
        pytest.param([outage(10, 300)], None, id="10 s are not more than 10 s"),
        pytest.param([outage(10.001, 300)], 360, id="more than 10 s: ready + 60 s"),
        pytest.param([outage(3600, 7200)], 7260, id="down for hours over the end"),
        pytest.param([outage(3600, -61)], None, id="up again before the last 60 s"),
        pytest.param([outage(3600, -49)], 11, id="up again within the last 60 s, 11 s of them lost"),
        pytest.param([outage(3600, -50)], None, id="up again within the last 60 s, 10 s of them lost"),
        pytest.param([outage(-1, 300)], None, id="down only after the end"),
        pytest.param([outage(50, -44), outage(20, -14)], 46, id="two outages add up, the later ready counts"),
    ],
)
def test_down_at_the_end_gives_the_time_back(outages, ends_after):
    new_end = decide_time_back(auction(ANNA), outages)
    assert new_end == (None if ends_after is None else END + timedelta(seconds=ends_after))


def test_time_is_given_back_once_and_only_to_open_auctions():
    assert decide_time_back(auction(ANNA, time_given_back=True), [outage(60, 60)]) is None
    assert decide_time_back(auction(ANNA, status=Status.CANCELLED), [outage(60, 60)]) is None


@given(began=st.integers(-100, 200), length=st.integers(0, 400))
def test_time_back_agrees_with_counting_seconds(began, length):
    down = set(range(began, began - length, -1))  # the seconds before the end in which nobody lived
    lost = len(down & set(range(60, 0, -1)))
    new_end = decide_time_back(auction(), [outage(began, length - began)])
    assert (new_end is not None) is (lost > 10)
    assert new_end is None or new_end > END


def test_an_officers_extension_adds():
    assert decide_extension(auction(ANNA), timedelta(minutes=2)) == END + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("has_open_bid", "another", "barred"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_who_has_an_open_bid_may_not_act_on_it_while_another_with_the_right_exists(has_open_bid, another, barred):
    assert is_own_interest(has_open_bid=has_open_bid, another_has_right=another) is barred


# What people press and type


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
        ("Cloak of Flames", [("Cloak of Flames", None)]),
        ("Cloak of Flames x2 @ 50", [("Cloak of Flames", "50")] * 2),
        ("Cloak of Flames X 3", [("Cloak of Flames", None)] * 3),
        ("Ring @5\n\n  Belt  of   Iron  x1 @ 10\n", [("Ring", "5"), ("Belt of Iron", "10")]),
        ("Max2 Sword", [("Max2 Sword", None)]),
        ("Phoenix2", [("Phoenix2", None)]),
        ("Плащ ×2 @ 5", [("Плащ", "5")] * 2),
        ("I" * 100, [("I" * 100, None)]),
    ],
)
def test_a_batch_is_an_item_a_line_with_copies_and_a_minimum(text, lines):
    assert parse_batch(text) == tuple(BatchLine(item, minimum and D(minimum)) for item, minimum in lines)


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ("", 1, "no item"),
        ("Ring @ 0", 1, "more than 0"),
        ("Ring @ 2.5", 1, "whole points"),
        ("Ring @ nan", 1, "after @"),
        ("Ring @ １０", 1, "after @"),
        ("Ring @ -5", 1, "after @"),
        ("Ring x0", 1, "1 or more"),
        ("Ring\nBelt x9999", 2, "at most 25"),
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
        assert all(0 < len(line.item) <= 100 for line in parsed)
