"""Files for spreadsheets: texts stay texts, whatever they begin with, and read back as they were written."""

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit import sheets


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 30", "-x", "@SUM(A1)", "=HYPERLINK(0)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "－1", "＠x"],
)
def test_what_a_spreadsheet_would_reckon_is_led_by_an_apostrophe(text):
    assert sheets.harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Anna", "a=b", "1. x", "'=1", "(=1)", "Ärger", "🐉"])
def test_other_texts_stay_as_they_are(text):
    assert sheets.harmless(text) == text


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.floats(0, 100)), max_size=5))
def test_a_table_reads_back_cell_by_cell(rows):
    written = sheets.csv_bytes(["name", "number", "share"], rows)
    assert written.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert table[0] == ["name", "number", "share"]
    for (name, number, share), cells in zip(rows, table[1:], strict=True):
        assert cells == [sheets.harmless(name), str(number), "" if share is None else str(share)]


def test_a_file_too_large_for_discord_goes_packed(monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST_FILE", 100)
    small, large = sheets.attachment("a.csv", b"x" * 100), sheets.attachment("a.csv", b"x" * 101)
    assert (small.filename, small.fp.read()) == ("a.csv", b"x" * 100)
    assert large.filename == "a.csv.zip"
    with zipfile.ZipFile(large.fp) as archive:
        assert archive.read("a.csv") == b"x" * 101
