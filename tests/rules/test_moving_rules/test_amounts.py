"""Numbers and dates of files: exactly as written, or refused with their row."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.moving.rules.amounts import read_amount, read_moment
from cogs.moving.rules.document import BadRow, places

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.decimals("-9999999.99", "9999999.99", places=2), st.sampled_from(".,"))
def test_an_amount_is_read_to_the_last_decimal(amount: Decimal, mark: str) -> None:
    text = f"{amount:f}".replace(".", mark)
    if not amount and amount.is_signed():
        with pytest.raises(BadRow, match="minus zero"):
            read_amount(text, "line 3", "the amount")
    else:
        assert read_amount(text, "line 3", "the amount") == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4", "4"),
        ("0.25", "0.25"),
        (" -3,5 ", "-3.5"),
        ("+7", "7"),
        (".5", "0.5"),
        ("12.", "12"),
        ("−2", "-2"),
        ("0", "0"),
    ],
)
def test_amounts_as_programs_write_them(text: str, amount: str) -> None:
    assert read_amount(text, "line 3", "the amount") == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "nan", "NaN", "inf", "-inf", "1e9", "1E3", "-0", "-0.00", "0.125", "1.005", "1.000", "1,234", "1,234.50",
     "1'000", "12 5", "0x10", "١٢", "--4", "4-", "1.2.3", "ten", "99999999", "9" * 400, ".", "-", "1_000"],
)  # fmt: skip
def test_what_would_have_to_be_rounded_or_guessed_is_refused_with_its_row(text: str) -> None:
    with pytest.raises(BadRow, match=r"^line 3 \(Zed\): the amount "):
        read_amount(text, "line 3 (Zed)", "the amount")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1734443553", datetime(2024, 12, 17, 13, 52, 33, tzinfo=UTC)),
        ("1734443553000", datetime(2024, 12, 17, 13, 52, 33, tzinfo=UTC)),
        ("2024-12-17", datetime(2024, 12, 16, 23, tzinfo=UTC)),
        ("2024-07-01T20:00:00", datetime(2024, 7, 1, 18, tzinfo=UTC)),
        ("2024-07-01T20:00:00.123Z", datetime(2024, 7, 1, 20, tzinfo=UTC)),
        ("2024-07-01 20:00:00+0530", datetime(2024, 7, 1, 14, 30, tzinfo=UTC)),
        ("17.12.2024", datetime(2024, 12, 16, 23, tzinfo=UTC)),
        ("17.12.2024 13:52", datetime(2024, 12, 17, 12, 52, tzinfo=UTC)),
    ],
)
def test_moments_are_read_in_the_zone_of_who_brings_the_file(text: str, moment: datetime) -> None:
    assert read_moment(text, BERLIN) == moment


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "03/04/2024", "yesterday", "2024-13-01", "31.02.2024", "9" * 15, "1.1.24"]
)
def test_a_date_that_cannot_be_told_is_none(text: str) -> None:
    assert read_moment(text, BERLIN) is None


@given(st.text(max_size=40))
def test_no_text_breaks_a_reader(text: str) -> None:
    read_moment(text, BERLIN)
    try:
        amount = read_amount(text, "row", "it")
    except BadRow:
        return
    assert places(amount) <= 2
