"""Files for spreadsheets: texts stay texts, whatever they begin with, and read back as they were written."""

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit import cells, sheets


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 30", "-x", "@SUM(A1)", "=HYPERLINK(0)", "\t1", "\r1", "\n1", "  =1", "＝1+1", "－1", "＠x"],
)
def test_what_a_spreadsheet_would_reckon_is_led_by_an_apostrophe(text):
    assert cells.harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Bob;=cmd()", "Bob;'=cmd()"),
        ("Bob; +1;-2", "Bob; '+1;'-2"),
        ("Bob\n@x", "Bob\n'@x"),
        ("\t=1", "'\t'=1"),
        ("=a;=b", "'=a;'=b"),
        ("a; b-c", "a; b-c"),
    ],
)
def test_a_formula_behind_a_semicolon_or_a_line_is_led_too(text, written):
    assert cells.harmless(text) == written
    assert cells.as_it_was(written) == text


@given(st.text(alphabet="ab =+-@;\n\t", max_size=12))
def test_no_cell_is_a_formula_however_a_spreadsheet_splits_and_it_reads_back(text):
    written = cells.csv_lines([(1, text, 2)])
    [row] = csv.reader(io.StringIO(written, newline=""))
    assert cells.as_it_was(row[1]) == text
    for cell in re.split(r"[;\r\n\t]", written)[1:]:  # the quotes not heeded
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_amounts_moments_and_yes_are_written_for_people_and_programs():
    at = datetime(2026, 3, 6, 19, 30, tzinfo=UTC)
    assert cells.csv_lines([(Decimal("-1E+2"), at, True, False, None)]) == '-100,"2026-03-06 19:30:00Z","yes","",""\r\n'


@pytest.mark.parametrize("text", ["", "Anna", "a=b", "1. x", "'=1", "(=1)", "Ärger", "🐉"])
def test_other_texts_stay_as_they_are(text):
    assert cells.harmless(text) == text


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.floats(0, 100)), max_size=5))
def test_a_table_reads_back_cell_by_cell(rows):
    written = cells.csv_bytes(["name", "number", "share"], rows)
    assert written.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert table[0] == ["name", "number", "share"]
    for (name, number, share), row in zip(rows, table[1:], strict=True):
        assert row == [cells.harmless(name), str(number), "" if share is None else str(share)]


def test_a_file_too_large_for_discord_goes_packed(monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST_FILE", 100)
    small, large = sheets.attachment("a.csv", b"x" * 100), sheets.attachment("a.csv", b"x" * 101)
    assert (small.filename, small.fp.read()) == ("a.csv", b"x" * 100)
    assert large.filename == "a.csv.zip"
    with zipfile.ZipFile(large.fp) as archive:
        assert archive.read("a.csv") == b"x" * 101
