"""Decay: what an account loses, and when the next run is."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.dkp.rules.decay import (
    BadPercent,
    Decaying,
    Terms,
    check_percent,
    decide_loss,
    floor_of,
    in_new_zone,
    is_protected,
    next_run,
    run_at,
    schedule_in_words,
)

BERLIN, AUCKLAND, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland"), ZoneInfo("America/New_York")
D = Decimal


def terms(percent="10", floor="0", *, earned_only=False, decimals=0) -> Terms:
    return Terms(D(percent), D(floor), earned_only, decimals)


@pytest.mark.parametrize(
    ("balance", "bid", "how", "loss"),
    [
        ("100", "0", terms(), "10"),
        ("100", "70", terms(), "3"),  # what a board shows as bid does not decay
        ("100", "100", terms(), "0"),
        ("100", "130", terms(), "0"),  # an officer took what was bid
        ("-50", "0", terms(), "0"),  # a debt is not decayed
        ("0", "0", terms(), "0"),
        ("30", "0", terms(floor="50"), "0"),  # nobody is raised to the floor
        ("50", "0", terms(floor="50"), "0"),
        ("52", "0", terms(floor="50"), "2"),
        ("100", "45", terms(floor="50"), "5"),
        ("25", "0", terms(), "2"),  # 2.5 and 3.5: half to even
        ("35", "0", terms(), "4"),
        ("4", "0", terms(), "0"),  # 0.4 of a whole point
        ("4", "0", terms(decimals=1), "0.4"),
        ("0.25", "0", terms(decimals=2), "0.02"),
        ("123.45", "0", terms("33.33", decimals=2), "41.15"),
        ("100", "0", terms("100"), "100"),
        ("100", "0", terms("100", floor="-20"), "100"),  # nor into a debt
        ("10.5", "0", terms("100", floor="10"), "0"),  # a pool of whole points writes no half one
        ("12.5", "0", terms("100", floor="10"), "2"),
    ],
)
def test_what_an_account_loses(balance, bid, how, loss):
    assert decide_loss(Decaying(D(balance), D(bid)), how) == D(loss)


@pytest.mark.parametrize(
    ("balance", "bid", "earned", "decayed", "loss"),
    [
        ("1000", "0", "200", "0", "20"),  # 800 were imported or given
        ("1000", "0", "200", "-20", "18"),  # less what decayed before
        ("1000", "0", "200", "-200", "0"),
        ("1000", "0", "200", "-500", "0"),  # other points decayed before
        ("1000", "0", "-10", "0", "0"),
        ("100", "0", "200", "0", "10"),  # the rest was spent
        ("100", "60", "200", "0", "4"),
        ("-5", "0", "200", "0", "0"),
    ],
)
def test_of_earned_points_only_no_more_decays_than_was_earned_and_has_not_decayed(balance, bid, earned, decayed, loss):
    account = Decaying(D(balance), D(bid), D(earned), D(decayed))
    assert decide_loss(account, terms(earned_only=True)) == D(loss)


CENTS = st.integers(-(10**7), 10**7).map(lambda cents: D(cents) / 100)
AMOUNTS = CENTS.map(abs)
PLACES = st.integers(0, 2)


@st.composite
def cases(draw) -> tuple[Decaying, Terms]:
    decimals = draw(PLACES)
    whole = D(1).scaleb(-decimals)
    account = Decaying(draw(CENTS), draw(AMOUNTS), draw(CENTS), -draw(AMOUNTS))
    percent = draw(st.integers(1, 10_000)).__truediv__(100)
    floor = draw(AMOUNTS).quantize(whole)
    return account, Terms(D(str(percent)), floor, draw(st.booleans()), decimals)


@given(cases())
def test_decay_never_raises_anybody_and_never_takes_what_is_bid_or_leads_below_the_floor(case):
    account, how = case
    loss = decide_loss(account, how)
    assert loss >= 0
    assert loss == loss.quantize(D(1).scaleb(-how.decimals))
    if loss:
        assert account.balance - loss >= account.bid + how.floor
    if account.balance <= how.floor or account.balance <= 0:
        assert loss == 0


@given(cases())
def test_it_is_what_the_rules_say_word_by_word(case):
    """RECKONING, read as slowly as it is written; floors here have the pool's places."""
    account, how = case
    base = account.balance - account.bid
    if how.earned_only:
        base = min(base, max(account.earned + account.decayed, D(0)))
    expected = min((base * how.percent / 100).quantize(D(1).scaleb(-how.decimals), ROUND_HALF_EVEN), base - how.floor)
    if base <= how.floor or expected <= 0:
        expected = D(0)
    found = decide_loss(account, how)
    step = D(1).scaleb(-how.decimals)
    assert found == expected or (found < expected < found + step and expected != expected.quantize(step))


@given(cases(), st.integers(1, 40))
def test_run_over_and_over_it_only_falls_and_stops_above_the_floor(case, times):
    account, how = case
    balance, decayed = account.balance, account.decayed
    for _ in range(times):
        loss = decide_loss(Decaying(balance, account.bid, account.earned, decayed), how)
        assert loss >= 0
        balance, decayed = balance - loss, decayed - loss
    assert balance <= account.balance
    if balance != account.balance:
        assert balance >= account.bid + how.floor


@given(cases())
def test_of_earned_points_all_of_it_decays_once(case):
    """100 % twice takes nothing the second time."""
    account, how = case
    all_of_it = Terms(D(100), D(0), True, how.decimals)
    loss = decide_loss(account, all_of_it)
    again = Decaying(account.balance - loss, account.bid, account.earned, account.decayed - loss)
    assert decide_loss(again, all_of_it) == 0 or decide_loss(again, all_of_it) < D(1)


def test_whom_the_floor_protects_would_lose_more_without_it():
    how = terms(floor="50")
    assert is_protected(Decaying(D(30), D(0)), how)
    assert is_protected(Decaying(D(52), D(0)), how)
    assert not is_protected(Decaying(D(500), D(0)), how)
    assert not is_protected(Decaying(D(-5), D(0)), how)
    assert not is_protected(Decaying(D(30), D(0)), terms())


def test_the_floor_is_the_pools_but_never_a_debt():
    assert floor_of(None, D(-100)) == 0
    assert floor_of(None, D(20)) == 20
    assert floor_of(D(5), D(20)) == 5


@pytest.mark.parametrize("typed", [0.0, -1.0, 100.01, 0.001, 1e-9, 12.345, float("nan"), float("inf"), 1e300])
def test_a_percentage_is_refused_beyond_its_range_and_when_it_is_too_fine(typed):
    with pytest.raises(BadPercent):
        check_percent(typed)


@pytest.mark.parametrize(("typed", "exact"), [(0.01, "0.01"), (10.0, "10"), (33.33, "33.33"), (100.0, "100")])
def test_a_percentage_is_read_exactly(typed, exact):
    assert check_percent(typed) == D(exact)


# --- the calendar -----------------------------------------------------------------------------------------------------


def local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("zone", [BERLIN, AUCKLAND, NEW_YORK])
def test_the_local_hour_stays_over_both_clock_changes_of_a_year(zone):
    offsets = set()
    for number in range(1, 60):
        moment = run_at(date(2026, 1, 2), "week", number, zone)
        assert local(moment, zone).endswith("06:00")
        offsets.add(moment.astimezone(zone).utcoffset())
    assert len(offsets) == 2


def test_a_month_keeps_its_day_and_a_shorter_one_its_last():
    days = [local(run_at(date(2027, 12, 31), "month", number, BERLIN), BERLIN)[:10] for number in (1, 2, 3, 4, 14)]
    assert days == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2029-02-28"]


def test_two_weeks_are_fourteen_days():
    assert local(run_at(date(2026, 3, 20), "two weeks", 1, BERLIN), BERLIN) == "2026-04-03 06:00"


@given(
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.sampled_from(["week", "two weeks", "month"]),
    st.sampled_from([BERLIN, AUCKLAND, NEW_YORK]),
    st.integers(-50, 3000),
)
def test_the_next_run_is_the_first_of_the_schedule_that_is_still_to_come(anchor, every, zone, days):
    after = datetime.combine(anchor, datetime.min.time(), UTC) + timedelta(days=days, hours=5)
    found = next_run(anchor, every, zone, after)
    grid = [run_at(anchor, every, number, zone) for number in range(1, 440)]
    assert found == min(moment for moment in grid if moment > after)


def test_exactly_at_a_moment_the_next_one_is_next():
    first = run_at(date(2026, 3, 6), "week", 1, BERLIN)
    assert next_run(date(2026, 3, 6), "week", BERLIN, first) == run_at(date(2026, 3, 6), "week", 2, BERLIN)


def test_in_a_new_zone_the_morning_stays_the_morning():
    moment = run_at(date(2026, 3, 6), "week", 1, BERLIN)
    assert local(in_new_zone(moment, BERLIN, AUCKLAND), AUCKLAND) == "2026-03-13 06:00"


@pytest.mark.parametrize(
    ("every", "day", "words"),
    [
        ("week", date(2026, 3, 6), "every week on Friday at 06:00"),
        ("two weeks", date(2026, 3, 6), "every two weeks on Friday at 06:00"),
        ("month", date(2026, 3, 2), "every month on the 2nd at 06:00"),
        ("month", date(2026, 3, 12), "every month on the 12th at 06:00"),
        ("month", date(2026, 3, 31), "every month on the 31st (the last day of a shorter month) at 06:00"),
    ],
)
def test_a_schedule_reads_as_a_sentence(every, day, words):
    assert schedule_in_words(every, day) == words
