"""Zip and gzip: one text file, a stated limit, and one sentence for everything else."""

import gzip
import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused
from cogs.raids.dumps import BadArchive, DumpNotText, DumpTooLarge, UnreadableDump, read_file
from tests.rules.test_dumps.evening import BEGINS, evening

LOG = evening().encode()
NAME = "eqlog_Anna_xegony.txt"


def zipped(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.zip", zipped((NAME, LOG))),
        ("log.zip", zipped((NAME, LOG), how=zipfile.ZIP_STORED)),
        ("log.zip", zipped((f"Logs/{NAME}", LOG), ("readme.txt", b"Read me"), ("__MACOSX/._x", b"\0"))),
        (f"{NAME}.gz", gzip.compress(LOG)),
        (f"{NAME}.gz", gzip.compress(LOG[:900]) + gzip.compress(LOG[900:])),
        ("renamed.txt", gzip.compress(LOG)),
    ],
    ids=["zip", "stored", "the one log of several", "gzip", "gzip in two parts", "by content, not by name"],
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


def locked() -> bytes:
    """A zip that says it is locked with a password."""
    content = bytearray(zipped((NAME, LOG)))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(sign)
        content[start + at] |= 1
    return bytes(content)


def lying(size: int) -> bytes:
    """A zip whose headers say another size than what is in it."""
    content = bytearray(zipped((NAME, LOG)))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.index(sign)
        struct.pack_into("<I", content, start + at, size)
    return bytes(content)


BOMB = b"[Sun Aug 02 20:00:00 2026] a turtle hits YOU for 12 points of damage.\r\n" * 2_000_000


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (zipped(("a.txt", LOG), ("b.txt", LOG)), BadArchive, "holds 2 files"),
        (zipped((NAME, LOG), ("eqlog_Bob_xegony.txt", LOG)), BadArchive, "holds 2 files"),
        (zipped(), BadArchive, "nothing in it"),
        (zipped(*[(f"{n}.txt", b"x") for n in range(1001)]), BadArchive, "more than 1,000 files"),
        (zipped(("inner.zip", zipped((NAME, LOG)))), BadArchive, "archive in an archive"),
        (gzip.compress(gzip.compress(LOG)), BadArchive, "archive in an archive"),
        (gzip.compress(zipped((NAME, LOG))), BadArchive, "archive in an archive"),
        (zipped((NAME, LOG), how=zipfile.ZIP_LZMA), BadArchive, "packed in a way"),
        (locked(), BadArchive, "password"),
        (lying(10), BadArchive, "broken"),
        (lying(2**31), BadArchive, "broken"),
        (zipped((NAME, LOG))[:-30], BadArchive, "broken"),
        (zipped((NAME, LOG))[:200], BadArchive, "broken"),
        (gzip.compress(LOG)[:-9], BadArchive, "broken"),
        (gzip.compress(LOG)[:-8] + b"\0" * 8, BadArchive, "broken"),
        (b"PK\x03\x04\x14\x00\x08\x00", BadArchive, "broken"),
        (b"Rar!\x1a\x07\x00", BadArchive, "I do not open"),
        (zipped(("picture.png", b"\x89PNG\r\n\x1a\n\0\0")), DumpNotText, "not a text file"),
        (gzip.compress(BOMB), DumpTooLarge, "more than 100 MB"),
        (zipped((NAME, BOMB)), DumpTooLarge, "more than 100 MB"),
        (zipped(("names.txt", b"Anna\n" * 1_000_000)), DumpTooLarge, "larger than 2 MB and no log"),
        (b"x" * (25 * 1024**2 + 1), DumpTooLarge, "larger than 25 MB"),
    ],
    ids=range(22),
)
def test_what_cannot_be_opened_is_refused_in_one_sentence(content, refusal, words):
    with pytest.raises(refusal, match=words) as refused:
        read_file("log.zip", content)
    assert refused.value.sentence.count(". ") == 0


def test_a_bomb_is_never_held_whole():
    bomb = gzip.compress(BOMB)
    tracemalloc.start()
    with pytest.raises(DumpTooLarge):
        read_file("log.gz", bomb, window=(BEGINS + timedelta(days=40), BEGINS + timedelta(days=41)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024**2


@given(st.data())
def test_no_broken_archive_breaks_the_reader(data):
    whole = data.draw(st.sampled_from([zipped((NAME, LOG)), gzip.compress(LOG), zipped(("a.txt", b"Anna\nBert\n"))]))
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        reading = read_file("log.zip", bytes(content))
        assert reading.moments or reading.loot


def test_a_broken_archive_is_told_from_a_file_that_is_none():
    with pytest.raises(UnreadableDump, match="nothing I can read"):
        read_file("log.zip", b"{json}")
