"""In time, anti-snipe, pauses, settling and downtime, a test a line."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.auctions.rules.bidding import BidAccepted, BidCode, BidRefused, Offer, decide_anti_snipe, decide_bid
from cogs.auctions.rules.ending import (
    AlreadyDone,
    Outage,
    SettleLater,
    SettleNow,
    decide_extension,
    decide_resumed_end,
    decide_settlement,
    decide_time_back,
    time_left,
)
from cogs.auctions.rules.terms import Kind, Status, Terms
from tests.rules.test_auction_rules.pieces import (
    ANNA,
    BORIS,
    CARA,
    END,
    D,
    accepted,
    auction,
    before_end,
    bidder,
    copies,
    sealed,
)

# --- in time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [auction(ANNA), sealed(), copies(2)], ids=["open", "sealed", "copies"])
@pytest.mark.parametrize(
    ("received_at", "code"),
    [
        pytest.param(END - timedelta(microseconds=1), None, id="received before ends_at"),
        pytest.param(END, BidCode.LATE, id="received at the end is late"),
        pytest.param(END + timedelta(milliseconds=500), BidCode.LATE, id="between the end and settling is late"),
    ],
)
def test_in_time_is_received_before_the_end(now, received_at, code):
    answer = decide_bid(now, bidder(), Offer(D(45)), sequence=2, received_at=received_at)
    assert (answer.code if isinstance(answer, BidRefused) else None) is code


def test_a_bid_that_gets_the_lock_after_settling_is_too_late_whatever_its_stamp():
    for status in (Status.WON, Status.NO_BIDS, Status.CANCELLED):
        answer = decide_bid(auction(status=status), bidder(), Offer(D(45)), sequence=2, received_at=before_end(60))
        assert isinstance(answer, BidRefused)
        assert answer.code is BidCode.CLOSED


def test_order_among_bids_is_the_order_of_locks_not_of_stamps():
    first = accepted(auction(), ANNA, "50", up_to=True, sequence=1, left=30)
    second = accepted(first.after, BORIS, "50", sequence=2, left=90)
    assert second.after.leader == first.bid


# --- anti-snipe -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "changes_leader", "moved", "counted"),
    [
        pytest.param(5, True, 15, 1, id="less than the window is left"),
        pytest.param(20, True, 0, 0, id="exactly the window is left"),
        pytest.param(19.5, True, 0.5, 1, id="just inside the window"),
        pytest.param(5, False, 0, 0, id="the leader does not change"),
    ],
)
def test_anti_snipe_moves_the_end_when_the_leader_changes_and_less_than_the_window_is_left(
    left, changes_leader, moved, counted
):
    ends_at, extensions = decide_anti_snipe(auction(ANNA), changes_leader=changes_leader, received_at=before_end(left))
    assert (ends_at - END, extensions) == (timedelta(seconds=moved), counted)


def test_exactly_the_window_is_left_is_not_less_than_the_window():
    longer = auction(ANNA, terms=Terms(snipe_extension=timedelta(seconds=60)))
    assert decide_anti_snipe(longer, changes_leader=True, received_at=before_end(20)) == (END, 0)
    assert decide_anti_snipe(longer, changes_leader=True, received_at=before_end(19))[0] == END + timedelta(seconds=41)


def test_only_a_move_counts_against_the_limit():
    short = auction(ANNA, terms=Terms(snipe_extension=timedelta(seconds=5)))
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(10)) == (END, 0)
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(5)) == (END, 0)
    assert decide_anti_snipe(short, changes_leader=True, received_at=before_end(2))[1] == 1


def test_after_20_extensions_the_end_stays():
    at = before_end(1)
    assert decide_anti_snipe(auction(ANNA, extensions=19), changes_leader=True, received_at=at)[1] == 20
    assert decide_anti_snipe(auction(ANNA, extensions=20), changes_leader=True, received_at=at) == (END, 20)


@pytest.mark.parametrize(
    ("now", "who", "amount", "up_to", "extends"),
    [
        pytest.param(auction(), BORIS, "1", False, True, id="the first bid leads"),
        pytest.param(auction(ANNA), BORIS, "45", False, True, id="a bid that leads"),
        pytest.param(auction(ANNA), BORIS, "60", True, True, id="a maximum that leads"),
        pytest.param(auction(ANNA, maximum="60"), BORIS, "61", False, True, id="a bid over a hidden maximum"),
        pytest.param(auction(ANNA), ANNA, "45", False, False, id="raising one's own bid does not extend"),
        pytest.param(auction(ANNA), ANNA, "60", True, False, id="setting a maximum on one's own bid does not extend"),
        pytest.param(
            auction(ANNA, maximum="60"), ANNA, "70", True, False, id="raising one's own maximum does not extend"
        ),
        pytest.param(auction(ANNA, maximum="60"), ANNA, "50", True, False, id="lowering one's own does not extend"),
        pytest.param(
            auction(ANNA, maximum="60"), BORIS, "59", False, False,
            id="a bid answered by a hidden maximum does not extend",
        ),
        pytest.param(
            auction(ANNA, maximum="60"), BORIS, "60", True, False,
            id="a maximum answered by an equal hidden maximum does not extend",
        ),
        pytest.param(copies(2, "50"), BORIS, "1", False, True, id="copies: one more who stands"),
        pytest.param(copies(2, "50", "40"), CARA, "41", False, True, id="copies: beating the lowest"),
        pytest.param(copies(2, "50", "40"), BORIS, "60", False, False, id="copies: raising one's own, even to the top"),
        pytest.param(sealed(), BORIS, "45", False, False, id="open auctions only: not sealed"),
        pytest.param(sealed(kind=Kind.SECOND_PRICE), BORIS, "45", False, False, id="nor second price"),
    ],
)  # fmt: skip
def test_anti_snipe_is_for_bids_that_change_the_leader_of_an_open_auction(now, who, amount, up_to, extends):
    answer = accepted(now, who, amount, up_to=up_to, left=5)
    assert (answer.after.ends_at, answer.after.extensions) == (
        (END + timedelta(seconds=15), 1) if extends else (END, 0)
    )
    if not now.terms.kind.is_sealed:
        assert answer.changes_leader is extends


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


def test_officer_extend_adds_and_is_not_counted():
    assert decide_extension(auction(ANNA), timedelta(minutes=2)) == END + timedelta(minutes=2)


# --- pause and resume -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "left_after"),
    [(90, 90), (30.5, 30.5), (30, 30), (29, 30), (0.1, 30), (-0.5, 30)],
)
def test_resume_gives_the_remaining_or_30_s(left, left_after):
    paused = auction(ANNA, paused_at=before_end(left))
    long_after = END + timedelta(hours=3)
    assert time_left(paused, long_after) == timedelta(seconds=left)
    assert decide_resumed_end(paused, long_after) == long_after + timedelta(seconds=left_after)


def test_an_auction_that_runs_has_what_is_left_until_its_end():
    assert time_left(auction(ANNA), before_end(12)) == timedelta(seconds=12)


# --- settling ---------------------------------------------------------------------------------------------------------


def test_settling_starts_at_the_end_and_1_s():
    due_at = END + timedelta(seconds=1)
    assert decide_settlement(auction(ANNA), now=due_at - timedelta(microseconds=1)) == SettleLater(due_at)
    assert decide_settlement(auction(ANNA), now=due_at) == SettleNow()


def test_settling_does_nothing_if_the_end_moved():
    moved = auction(ANNA, ends_at=END + timedelta(seconds=20))
    assert decide_settlement(moved, now=END + timedelta(seconds=1)) == SettleLater(END + timedelta(seconds=21))


def test_settling_does_nothing_while_it_is_paused_but_an_officer_may_close_it():
    paused = auction(ANNA, paused_at=before_end(5))
    assert decide_settlement(paused, now=END + timedelta(hours=1)) == AlreadyDone()
    assert decide_settlement(paused, now=END + timedelta(hours=1), closes_early=True) == SettleNow()


@pytest.mark.parametrize("status", [Status.WON, Status.NO_BIDS, Status.CANCELLED])
def test_settling_twice_does_nothing(status):
    over = auction(ANNA, status=status)
    assert decide_settlement(over, now=END + timedelta(seconds=9)) == AlreadyDone()
    assert decide_settlement(over, now=before_end(9), closes_early=True) == AlreadyDone()


def test_closing_early_settles_at_once():
    assert decide_settlement(auction(ANNA), now=before_end(90), closes_early=True) == SettleNow()


# --- down at the end --------------------------------------------------------------------------------------------------


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
        pytest.param([outage(20, -14), outage(50, -44)], 46, id="in whatever order they are read"),
        pytest.param([outage(30, -10), outage(-1, 300)], 50, id="an outage after the end moves nothing"),
    ],
)
def test_down_at_the_end_gives_the_time_back(outages, ends_after):
    new_end = decide_time_back(auction(ANNA), outages)
    assert new_end == (None if ends_after is None else END + timedelta(seconds=ends_after))


def test_time_is_given_back_once_and_only_to_open_auctions_that_run():
    down = [outage(60, 60)]
    assert decide_time_back(auction(ANNA), down) is not None
    assert decide_time_back(auction(ANNA, time_given_back=True), down) is None
    assert decide_time_back(auction(ANNA, status=Status.CANCELLED), down) is None
    assert decide_time_back(auction(ANNA, paused_at=before_end(90)), down) is None


@given(began=st.integers(-100, 200), length=st.integers(0, 400))
def test_time_back_agrees_with_counting_seconds(began, length):
    down = set(range(began, began - length, -1))  # the seconds before the end in which nobody lived
    lost = len(down & set(range(60, 0, -1)))
    new_end = decide_time_back(auction(), [outage(began, length - began)])
    assert (new_end is not None) is (lost > 10)
    assert new_end is None or new_end == END + timedelta(seconds=length - began + 60) > END


def test_an_accepted_bid_keeps_everything_else_of_the_auction():
    now = auction(ANNA, extensions=3, time_given_back=True)
    after = accepted(now, BORIS, "45").after
    assert isinstance(accepted(now, BORIS, "45"), BidAccepted)
    assert (after.terms, after.status, after.extensions, after.time_given_back, after.paused_at) == (
        now.terms, Status.OPEN, 3, True, None,
    )  # fmt: skip
