"""Attendance decided: what counts for whom, exact comparison, rounding down, days where clocks change, streaks."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.attendance.rules import (
    LIFETIME,
    Attendance,
    Calendar,
    CountedRaid,
    Figure,
    Span,
    Streak,
    away,
    counted_from,
    day_begins,
    places,
    roots,
    span_of,
    trend,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY_1 = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
EVER = Span(None, datetime(2100, 1, 1, tzinfo=UTC))


def day(number: int, hour: int = 20) -> datetime:
    return DAY_1.replace(hour=hour) + timedelta(days=number - 1)


def evenings(*ticks: int) -> list[CountedRaid]:
    """A raid a day from day 1 on, with so many ticks each; raid 1 on day 1."""
    return [CountedRaid(number, day(number), count) for number, count in enumerate(ticks, 1)]


def one(calendar: Calendar, credited: dict[int, int], **more) -> Attendance:
    return Attendance(calendar, **{"counts_from": day(1), "credited": credited} | more)


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attended", "total", "shown"),
    [
        (0, 0, "–"),
        (0, 9, "0.0 %"),
        (2, 3, "66.6 %"),
        (1, 3, "33.3 %"),
        (9999, 10000, "99.9 %"),
        (7, 7, "100.0 %"),
        (1, 2000, "0.0 %"),
        (3, 20, "15.0 %"),
    ],
)
def test_a_figure_is_shown_with_one_decimal_rounded_down(attended, total, shown):
    assert Figure(attended, total).in_words() == shown


@pytest.mark.parametrize(
    ("attended", "total", "percent", "reached"),
    [
        (3, 20, 15, True),
        (2999, 20000, 15, False),  # 14.995 %: shown as 14.9, and never rounded up to what is asked
        (3001, 20000, 15, True),
        (0, 0, 15, False),  # nothing of nothing is 0 %
        (0, 0, 0, True),
        (0, 5, 0, True),
        (1, 1, 100, True),
        (99, 100, 100, False),
    ],
)
def test_figures_compare_exactly(attended, total, percent, reached):
    assert Figure(attended, total).reaches(percent) is reached


@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 100))
def test_what_is_shown_is_never_more_than_what_is_true_and_reaching_is_exact(attended, missed, percent):
    figure = Figure(attended, attended + missed)
    assert Fraction(figure.percent) <= figure.share * 100 < Fraction(figure.percent) + Fraction(1, 10)
    assert figure.reaches(percent) == (figure.share >= Fraction(percent, 100))


# --- what counts for whom ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "figure"), [("raids", Figure(2, 3)), ("ticks", Figure(3, 8))])
def test_raids_weigh_one_each_or_as_much_as_their_ticks(count, figure):
    assert one(Calendar(evenings(4, 1, 3), count), {1: 2, 2: 1}).figure(EVER) == figure


@pytest.mark.parametrize(("count", "figure"), [("raids", Figure(1, 2)), ("ticks", Figure(1, 5))])
def test_an_excuse_leaves_both_sides_unless_there_is_any_credit(count, figure):
    calendar = Calendar(evenings(4, 3, 1), count)
    assert one(calendar, {1: 1}, excused={1, 2}).figure(EVER) == figure


@pytest.mark.parametrize(
    ("became", "first", "since"),
    [
        (day(3), None, day(3)),
        (None, day(5), day(5)),
        (day(3), day(5), day(3)),
        (day(5), day(3), day(3)),
        (None, None, None),
    ],
)
def test_it_counts_from_the_earlier_of_becoming_a_member_and_the_first_credit(became, first, since):
    assert counted_from(became, first) == since


def test_who_does_not_count_yet_has_nothing_of_nothing():
    nobody = one(Calendar(evenings(1, 1), "raids"), {}, counts_from=None)
    assert nobody.figure(EVER) == Figure(0, 0)
    assert nobody.streak(EVER) == Streak(0, 0)


def test_a_raid_that_began_before_somebody_counts_is_not_theirs_and_one_that_begins_with_it_is():
    calendar = Calendar(evenings(1, 1, 1), "raids")
    assert one(calendar, {}, counts_from=day(2)).figure(EVER) == Figure(0, 2)
    assert one(calendar, {}, counts_from=day(2) + timedelta(seconds=1)).figure(EVER) == Figure(0, 1)


@pytest.mark.parametrize(
    ("stays", "gaps"),
    [
        ([], []),
        ([(day(1), None)], []),
        ([(day(1), day(3))], [(day(3), None)]),
        ([(day(1), day(3)), (day(5), None)], [(day(3), day(5))]),
        ([(day(5), None), (day(1), day(3))], [(day(3), day(5))]),
        ([(day(1), day(3)), (day(3), None)], []),
        ([(day(1), day(6)), (day(2), day(4)), (day(8), None)], [(day(6), day(8))]),
        ([(day(1), None), (day(2), day(4))], []),
        ([(day(1), day(3)), (day(4), day(5)), (day(7), None)], [(day(3), day(4)), (day(5), day(7))]),
    ],
)
def test_time_between_leaving_and_returning_is_left_out_and_time_before_the_first_stay_is_not(stays, gaps):
    assert away(stays) == gaps


def test_raids_while_away_are_on_neither_side_unless_they_were_credited_there():
    calendar = Calendar(evenings(1, 1, 1, 1, 1), "raids")
    gone = [(day(2), day(4))]
    assert one(calendar, {1: 1}, gaps=gone).figure(EVER) == Figure(1, 3), "the moment of leaving is away, of return not"
    assert one(calendar, {1: 1, 3: 1}, gaps=gone).figure(EVER) == Figure(2, 4)
    assert one(calendar, {1: 1}, gaps=[(day(2), None)]).figure(EVER) == Figure(1, 1), "not returned yet"


def test_a_credit_in_a_raid_that_does_not_count_yet_is_no_raid_attended():
    assert one(Calendar(evenings(1), "raids"), {1: 1, 99: 5}).figure(EVER) == Figure(1, 1)


@pytest.mark.parametrize(
    ("absorbed", "persons"),
    [
        ({}, {}),
        ({2: 1}, {2: 1}),
        ({3: 2, 2: 1}, {3: 1, 2: 1}),
        ({2: 1, 1: 2}, {2: 2, 1: 1}),
        ({3: 2, 2: 1, 1: 2}, {3: 3, 2: 2, 1: 1}),
        ({1: 1}, {1: 1}),
    ],
)
def test_who_was_absorbed_is_who_they_turned_out_to_be_in_the_end(absorbed, persons):
    assert roots(absorbed) == persons


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "now", "since", "until"),
    [
        (1, "2026-03-06T19:00+00:00", "2026-03-05T23:00+00:00", "2026-03-06T23:00+00:00"),
        (7, "2026-03-06T22:59+00:00", "2026-02-27T23:00+00:00", "2026-03-06T23:00+00:00"),
        (7, "2026-03-06T23:00+00:00", "2026-02-28T23:00+00:00", "2026-03-07T23:00+00:00"),
        # Over both clock changes a day begins at the same local hour.
        (30, "2026-04-02T12:00+00:00", "2026-03-03T23:00+00:00", "2026-04-02T22:00+00:00"),
        (30, "2026-11-02T12:00+00:00", "2026-10-03T22:00+00:00", "2026-11-02T23:00+00:00"),
    ],
)
def test_a_window_is_whole_local_days_up_to_today_today_included(window, now, since, until):
    span = span_of(window, datetime.fromisoformat(now), BERLIN)
    assert (span.since, span.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))


def test_a_lifetime_has_no_beginning_and_ends_today():
    assert span_of(LIFETIME, day(6), BERLIN) == Span(None, day_begins(date(2026, 3, 7), BERLIN))


def test_the_thirty_days_before_end_where_the_last_thirty_begin():
    last, before = span_of(30, day(6), BERLIN), span_of(30, day(6), BERLIN, days_ago=30)
    assert before.until == last.since
    assert before.since == day_begins(date(2026, 1, 6), BERLIN)


@pytest.mark.parametrize("year", [2025, 2026])
def test_a_day_begins_with_its_first_moment_in_every_zone_there_is(year):
    """Also where midnight is skipped, or comes twice."""
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        first = date(year, 1, 1)
        offsets = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
        changes = {
            (first + timedelta(days=n + shift))
            for n, (a, b) in enumerate(itertools.pairwise(offsets))
            if a.astimezone(zone).utcoffset() != b.astimezone(zone).utcoffset()
            for shift in (-1, 0, 1, 2)
        }
        for day_of_change in changes:
            begins = day_begins(day_of_change, zone)
            assert begins.astimezone(zone).date() == day_of_change, (name, day_of_change)
            assert (begins - timedelta(seconds=1)).astimezone(zone).date() < day_of_change, (name, day_of_change)


# --- streaks, trends, places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "excused", "streak"),
    [
        ("xxxxxx", "", Streak(6, 6)),
        ("xx.xxx", "", Streak(3, 3)),
        ("xxx.xx", "", Streak(2, 3)),
        ("xxxxx.", "", Streak(0, 5)),
        ("xx.xxx", "3", Streak(5, 5)),
        ("xxxxx.", "6", Streak(5, 5)),
        ("......", "", Streak(0, 0)),
        ("x.x.x.", "246", Streak(3, 3)),
    ],
)
def test_a_streak_is_counted_raids_in_a_row_and_an_excuse_neither_adds_nor_breaks(there, excused, streak):
    credited = {number: 1 for number, sign in enumerate(there, 1) if sign == "x"}
    calendar = Calendar(evenings(2, 2, 2, 2, 2, 2), "ticks")
    assert one(calendar, credited, excused={int(number) for number in excused}).streak(EVER) == streak


def test_an_absence_from_the_server_does_not_break_a_streak():
    calendar = Calendar(evenings(1, 1, 1, 1), "raids")
    assert one(calendar, {1: 1, 4: 1}, gaps=[(day(2), day(4))]).streak(EVER) == Streak(2, 2)


@pytest.mark.parametrize(
    ("now", "before", "word"),
    [
        (Figure(2, 3), Figure(1, 3), "rising"),
        (Figure(1, 3), Figure(2, 3), "falling"),
        (Figure(2, 4), Figure(1, 2), "as before"),
        (Figure(333, 1000), Figure(1, 3), "falling"),
        (Figure(0, 0), Figure(1, 2), None),
        (Figure(1, 2), Figure(0, 0), None),
    ],
)
def test_a_trend_compares_exactly_and_needs_raids_on_both_sides(now, before, word):
    assert trend(now, before) == word


def test_equal_shares_are_on_one_place_and_nothing_of_nothing_is_zero():
    best_first = [Figure(5, 5), Figure(1, 1), Figure(2, 3), Figure(2, 4), Figure(1, 2), Figure(0, 9), Figure(0, 0)]
    assert places(best_first) == [1, 1, 3, 4, 4, 6, 6]
    assert places([]) == []
