"""Packed files: the log or roster in them is what is read. How archives are opened is tested with `bot.uploads`."""

import gzip
import tracemalloc
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused
from bot.uploads import NotText, UploadTooLarge
from cogs.raids.dumps import DumpTooLarge, UnreadableDump, read_file
from tests.rules.test_dumps.evening import BEGINS, evening
from tests.rules.test_uploads import zipped

LOG = evening().encode()
NAME = "eqlog_Anna_xegony.txt"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.zip", zipped((NAME, LOG))),
        ("log.zip", zipped((f"Logs/{NAME}", LOG), ("readme.txt", b"Read me"), ("__MACOSX/._x", b"\0"))),
        (f"{NAME}.gz", gzip.compress(LOG[:900]) + gzip.compress(LOG[900:])),
        ("renamed.txt", gzip.compress(LOG)),
    ],
    ids=["zip", "the one log of several", "gzip in two parts", "by content, not by name"],
)
def test_a_packed_log_is_the_log(name, content):
    plain, packed = read_file(NAME, LOG), read_file(name, content)
    assert [m.content_hash for m in packed.moments] == [m.content_hash for m in plain.moments]


def test_the_packed_file_tells_its_own_name():
    roster = b"1\tOzan\t60\tBard\t\t\t\r\n"
    name = "RaidRoster-20260802-200000.txt"
    for packed in (("x.zip", zipped((name, roster))), (f"{name}.gz", gzip.compress(roster))):
        reading = read_file(*packed)
        assert reading.file_name == name
        assert str(reading.moments[0].taken_at) == "2026-08-02 20:00:00"


BOMB = b"[Sun Aug 02 20:00:00 2026] a turtle hits YOU for 12 points of damage.\r\n" * 1_500_000


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (zipped(("picture.png", b"\x89PNG\r\n\x1a\n\0\0")), NotText, "“picture.png” in “log.zip” is not a text file"),
        (zipped((NAME, BOMB)), UploadTooLarge, "more than 100 MB"),
        (zipped(("names.txt", b"Anna\n" * 1_000_000)), DumpTooLarge, "larger than 2 MB and no log"),
        (b"{json}", UnreadableDump, "nothing I can read"),
    ],
    ids=range(4),
)
def test_what_is_nothing_of_ours_is_refused_in_one_sentence(content, refusal, words):
    with pytest.raises(refusal, match=words) as refused:
        read_file("log.zip", content, window=(BEGINS + timedelta(days=40), BEGINS + timedelta(days=41)))
    assert refused.value.sentence.count(". ") == 0


@given(st.data())
def test_no_broken_archive_breaks_the_reader(data):
    whole = data.draw(st.sampled_from([zipped((NAME, LOG)), gzip.compress(LOG), zipped(("a.txt", b"Anna\nBert\n"))]))
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        reading = read_file("log.zip", bytes(content))
        assert reading.moments or reading.loot


def test_a_log_that_is_a_bomb_is_never_held_whole():
    bomb = gzip.compress(BOMB, 1)
    tracemalloc.start()
    with pytest.raises(UploadTooLarge):
        read_file("log.gz", bomb, window=(BEGINS + timedelta(days=40), BEGINS + timedelta(days=41)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024**2
