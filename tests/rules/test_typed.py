"""What people type is read kindly, and never guessed."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused, either
from bot.typed import (
    AmountTooLarge,
    BadAmount,
    BadDuration,
    BadTime,
    TooManyDecimals,
    format_duration,
    name_key,
    near_names,
    parse_amount,
    parse_duration,
    parse_time,
    split_names,
)

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY_EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)  # 19:00 in Berlin


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("10", "10"),
        ("１０", "10"),
        (" +10 ", "10"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("0", "0"),
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        (".5", "0.5"),
        ("0,50", "0.5"),
        ("0,500", "0.5"),
        ("10.00", "10"),
        ("1,234", "1234"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1 234", "1234"),
        ("1'234", "1234"),
        ("1\u00a0234,25", "1234.25"),
        ("9999999.99", "9999999.99"),
        ("\u202e10\u202c", "10"),
        (10.0, "10"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (-3.25, "-3.25"),
    ],
)
def test_an_amount_is_read_exactly(typed, amount):
    assert parse_amount(typed, decimals=2) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["nan", "inf", "-inf", "∞", "", "abc", "1.2.3", "1,23,456", "0x10", "1e5", "5k", "-0", "--5", "5-", "٣"],
)
def test_what_is_no_amount_is_refused_in_one_sentence(typed):
    with pytest.raises(BadAmount) as refused:
        parse_amount(typed, decimals=2)
    assert "type" in refused.value.sentence
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("typed", [float("nan"), float("inf"), float("-inf"), -0.0])
def test_a_number_option_that_is_no_amount_is_refused(typed):
    with pytest.raises(BadAmount):
        parse_amount(typed, decimals=2)


@pytest.mark.parametrize("typed", [1e12, "10000000", "9,999,999.995", "-10000000", "9" * 400, 1.7e308])
def test_more_than_the_ledger_holds_is_refused(typed):
    with pytest.raises(AmountTooLarge):
        parse_amount(typed, decimals=2)


@pytest.mark.parametrize(
    ("typed", "decimals"),
    [("10.005", 2), ("10.5", 0), (0.125, 2), ("1.25", 1), ("1." + "0" * 40 + "1", 2), (1e-7, 2)],
)
def test_more_decimals_than_the_pool_has_are_refused_and_never_rounded(typed, decimals):
    with pytest.raises(TooManyDecimals) as refused:
        parse_amount(typed, decimals=decimals)
    assert refused.value.data["decimals"] == decimals


def test_a_refusal_that_quotes_what_was_typed_pings_nobody():
    with pytest.raises(BadAmount) as refused:
        parse_amount("@everyone **now**", decimals=0)
    assert "@everyone" not in refused.value.sentence
    assert "**" not in refused.value.sentence


@given(st.decimals(min_value="-9999999.99", max_value="9999999.99", places=2))
def test_every_exact_amount_comes_back_as_typed(amount):
    if amount or not amount.is_signed():
        assert parse_amount(str(amount), decimals=2) == amount
        assert parse_amount(f"{amount:,}", decimals=2) == amount


@given(st.one_of(st.text(), st.floats(), st.from_regex(r"[-+]?[\d.,' ]{1,20}")), st.integers(0, 2))
def test_no_input_breaks_the_reading_of_amounts(typed, decimals):
    with suppress(Refused):
        amount = parse_amount(typed, decimals=decimals)
        assert abs(amount) <= Decimal("9999999.99")
        assert -int(amount.as_tuple().exponent) <= decimals


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90s", 90),
        ("2m", 120),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1 hour and 30 minutes", 5400),
        ("1.5h", 5400),
        ("1,5 h", 5400),
        ("3d", 259200),
        ("2 weeks", 1209600),
        ("２Ｍ", 120),
        ("15 Min", 900),
    ],
)
def test_a_duration_is_read_as_people_type_it(typed, seconds):
    assert parse_duration(typed) == timedelta(seconds=seconds)


def test_a_bare_number_is_refused_with_both_readings():
    with pytest.raises(BadDuration, match="90s for seconds or 90m for minutes"):
        parse_duration("90")


@pytest.mark.parametrize("typed", ["", "0s", "0.4s", "-5m", "5x", "m", "1h1h", "400d", "99999999999999999d", "1h foo"])
def test_what_is_no_duration_is_refused(typed):
    with pytest.raises(BadDuration):
        parse_duration(typed)


@given(st.integers(1, 366 * 86400))
def test_a_shown_duration_reads_back_as_itself(seconds):
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@given(st.text())
def test_no_text_breaks_the_reading_of_durations(typed):
    with suppress(Refused):
        assert parse_duration(typed) > timedelta(0)


@pytest.mark.parametrize(
    ("typed", "local"),
    [
        ("20:00", "2026-11-20 20:00"),
        ("18:00", "2026-11-21 18:00"),
        ("8pm", "2026-11-20 20:00"),
        ("at 8:30 pm", "2026-11-20 20:30"),
        ("20h", "2026-11-20 20:00"),
        ("tonight 21:00", "2026-11-20 21:00"),
        ("tomorrow 20:00", "2026-11-21 20:00"),
        ("Tomorrow at 20.00", "2026-11-21 20:00"),
        ("tomorrow noon", "2026-11-21 12:00"),
        ("midnight", "2026-11-21 00:00"),
        ("yesterday 20:00", "2026-11-19 20:00"),
        ("fri 8pm", "2026-11-20 20:00"),
        ("fri 6pm", "2026-11-27 18:00"),
        ("next friday 8pm", "2026-11-27 20:00"),
        ("on thu 20:00", "2026-11-26 20:00"),
        ("sunday, 12am", "2026-11-22 00:00"),
        ("24 dec 19:00", "2026-12-24 19:00"),
        ("dec 24 7pm", "2026-12-24 19:00"),
        ("24th of December 2027 19:00", "2027-12-24 19:00"),
        ("1 jan 20:00", "2027-01-01 20:00"),
        ("24.12. 19:00", "2026-12-24 19:00"),
        ("5.6.2027 19:00", "2027-06-05 19:00"),
        ("2026-12-24 19:30", "2026-12-24 19:30"),
        ("2026-12-24T19:30", "2026-12-24 19:30"),
        ("in 2 hours", "2026-11-20 21:00"),
    ],
)
def test_a_time_is_read_in_the_guilds_zone(typed, local):
    moment = parse_time(typed, zone=BERLIN, now=FRIDAY_EVENING)
    assert moment.tzinfo is UTC
    assert f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M}" == local


def test_a_time_with_its_own_offset_keeps_it():
    assert parse_time("2026-12-24T19:30Z", zone=BERLIN, now=FRIDAY_EVENING) == datetime(
        2026, 12, 24, 19, 30, tzinfo=UTC
    )


def test_the_same_local_hour_is_meant_on_both_sides_of_the_clock_change():
    before = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)  # clocks go back on the 25th
    assert parse_time("today 20:00", zone=BERLIN, now=before) == datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
    assert parse_time("tomorrow 20:00", zone=BERLIN, now=before) == datetime(2026, 10, 25, 19, 0, tzinfo=UTC)


def test_an_hour_the_clock_change_skips_moves_forward():
    before = datetime(2026, 3, 28, 10, 0, tzinfo=UTC)
    assert parse_time("tomorrow 2:30", zone=BERLIN, now=before) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "5", "tomorrow", "12/25 20:00", "25:00", "fri 20:61", "31.2. 20:00", "2026-13-01 20:00"],
)
def test_a_time_that_could_mean_two_things_or_nothing_is_refused(typed):
    with pytest.raises(BadTime, match="type one like"):
        parse_time(typed, zone=BERLIN, now=FRIDAY_EVENING)


@given(st.one_of(st.text(), st.from_regex(r"[a-z0-9 .:\-/]{1,25}", fullmatch=True)))
def test_no_text_breaks_the_reading_of_times(typed):
    with suppress(Refused):
        assert parse_time(typed, zone=BERLIN, now=FRIDAY_EVENING).tzinfo is UTC


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thalia", "thalia"),
        ("ＴＨＡＬＩＡ", "thalia"),
        ("  Cloak   of\tFlames ", "cloak of flames"),
        ("Straße", "STRASSE"),
        ("Tha\u200blia\u202e", "Thalia"),
        ("Élan", "E\u0301lan"),
    ],
)
def test_spellings_of_one_name_share_a_key(one, other):
    assert name_key(one) == name_key(other)


def test_different_names_keep_different_keys():
    assert name_key("Cloak") != name_key("Cloa")


@given(st.text())
def test_a_key_is_its_own_key(text):
    assert name_key(name_key(text)) == name_key(text)


def test_near_names_come_nearest_first_and_far_ones_not_at_all():
    assert near_names("thaila", ["Brann", "Thalia", "Thalion"], 2)[0] == "Thalia"
    assert near_names("zzzz", ["Brann", "Thalia"], 5) == []
    assert near_names("THALIA", ["Thalion", "Thalia"], 1) == ["Thalia"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Anna Bert", ["Anna", "Bert"]),
        ("Anna, Bert;Carl\nDora", ["Anna", "Bert", "Carl", "Dora"]),
        ('"Anna Bell" Bert', ["Anna Bell", "Bert"]),
        ("“Anna  Bell”,Bert", ["Anna Bell", "Bert"]),
        ("Anna anna ANNA", ["Anna"]),
        ('Anna "Bert', ["Anna", "Bert"]),
        ("<@1> <@!2>", ["<@1>", "<@!2>"]),
        (" ,;\n", []),
    ],
)
def test_a_list_of_names_is_taken_apart(typed, names):
    assert split_names(typed) == names


@given(st.text())
def test_no_text_breaks_the_list_of_names(text):
    assert all(name.strip() for name in split_names(text))


def test_near_names_are_offered_as_one_would_say_them():
    assert [either(["A", "B", "C"][:n]) for n in (1, 2, 3)] == ["A", "A or B", "A, B or C"]
