"""Uploads: zip and gzip within a stated limit, bytes read as text, and one sentence for everything else."""

import gzip
import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import uploads
from bot.refusals import Refused
from bot.uploads import (
    BadArchive,
    NotText,
    UnreadableUpload,
    Upload,
    UploadTooLarge,
    check_size,
    open_file,
    read_text,
    unpack,
)

LOG = b"[Sun Aug 02 20:00:00 2026] Thorgrim hits YOU for 12 points of damage.\r\n" * 40
NAME = "eqlog_Anna_xegony.txt"
A_LOG = (r"(?:^|[/\\])eqlog_[^/\\]*\.txt$", r"\.txt$")


def zipped(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, LOG),
        ("log.zip", zipped((NAME, LOG))),
        ("log.zip", zipped((NAME, LOG), how=zipfile.ZIP_STORED)),
        ("log.zip", zipped((f"folder/{NAME}", LOG), ("__MACOSX/folder/._log", b"x"), ("folder/.DS_Store", b"x"))),
        (f"{NAME}.gz", gzip.compress(LOG)),
        (f"{NAME}.gz", gzip.compress(LOG[:900]) + gzip.compress(LOG[900:])),
        (NAME, gzip.compress(LOG)),
    ],
    ids=["plain", "zip", "stored", "beside what a Mac puts there", "gzip", "gzip in two parts", "by content, not name"],
)
def test_a_file_alone_in_a_zip_or_gzip_is_that_file(name: str, content: bytes) -> None:
    assert unpack(name, content) == Upload(NAME, LOG)


def test_a_file_in_a_zip_is_shown_with_the_zip() -> None:
    assert open_file("a*b.zip", zipped((NAME, LOG))).shown == "“eqlog\\_Anna\\_xegony.txt” in “a\\*b.zip”"


def test_of_several_the_meant_one_is_read_and_else_one_is_asked_for() -> None:
    three = zipped(("readme.txt", b"Read me"), (f"Logs/{NAME}", LOG), ("balances.csv", b"a,b"))
    assert unpack("a.zip", three, A_LOG).data == LOG
    assert unpack("a.zip", three, (r"(?:^|[/\\])balances\.csv$",)).data == b"a,b"
    assert unpack("a.zip", zipped(("one.txt", b"1"), ("two.png", b"2")), A_LOG).data == b"1"
    with pytest.raises(BadArchive, match="holds 3 files"):
        unpack("a.zip", three)


def changed(*places: tuple[bytes, int, bytes]) -> bytes:
    """A zip with other bytes so far behind these signs."""
    content = bytearray(zipped((NAME, LOG)))
    for sign, at, new in places:
        start = content.index(sign) + at
        content[start : start + len(new)] = new
    return bytes(content)


def lying(size: int) -> bytes:
    """A zip whose headers say another size than what is in it."""
    new = struct.pack("<I", size)
    return changed((b"PK\x03\x04", 22, new), (b"PK\x01\x02", 24, new))


LOCKED = changed((b"PK\x03\x04", 6, b"\x01"), (b"PK\x01\x02", 8, b"\x01"))
BOMB = LOG[:72] * 1_500_000


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
        (LOCKED, BadArchive, "password"),
        (lying(10), BadArchive, "broken"),
        (lying(2**31), BadArchive, "broken"),
        (zipped((NAME, LOG))[:-30], BadArchive, "broken"),
        (zipped((NAME, LOG))[:150], BadArchive, "broken"),
        (gzip.compress(LOG)[:-9], BadArchive, "broken"),
        (gzip.compress(LOG)[:-8] + b"\0" * 8, BadArchive, "broken"),
        (b"PK\x03\x04\x14\x00\x08\x00", BadArchive, "broken"),
        (b"Rar!\x1a\x07\x00", BadArchive, "I do not open"),
        (gzip.compress(BOMB, 1), UploadTooLarge, "more than 100 MB"),
        (zipped((NAME, BOMB)), UploadTooLarge, "more than 100 MB"),
        (b"x" * (25 * 1024**2 + 1), UploadTooLarge, "larger than 25 MB"),
    ],
    ids=range(20),
)
def test_what_cannot_be_opened_is_refused_in_one_sentence(
    content: bytes, refusal: type[UnreadableUpload], words: str
) -> None:
    with pytest.raises(refusal, match=words) as refused:
        unpack("log.zip", content, A_LOG)
    assert refused.value.sentence.count(". ") == 0


def test_a_bomb_is_never_held_whole() -> None:
    bomb = gzip.compress(BOMB, 1)
    tracemalloc.start()
    with pytest.raises(UploadTooLarge):
        for _ in open_file("log.gz", bomb).pieces:
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024**2


def test_a_bomb_held_whole_is_stopped_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UNPACKED", 3 * 1024**2)
    with pytest.raises(UploadTooLarge):
        unpack("bomb", gzip.compress(bytes(3 * 1024**2 + 1)))
    assert len(unpack("no bomb", gzip.compress(bytes(3 * 1024**2))).data) == 3 * 1024**2


def test_what_is_too_large_is_refused_by_its_size_alone() -> None:
    with pytest.raises(UploadTooLarge, match="larger than 25 MB: zip it"):
        check_size("log.txt", 25 * 1024**2 + 1)
    check_size("log.txt", 25 * 1024**2)


@given(st.data())
def test_no_damaged_archive_breaks_the_reader(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([zipped((NAME, LOG)), gzip.compress(LOG), zipped(("a.txt", b"Anna\nBert\n"))]))
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        unpack("log.zip", bytes(content))


@pytest.mark.parametrize(
    "content",
    ["Zoë\n".encode(), "\ufeffZoë\n".encode(), "Zoë\r\n".encode("cp1252"), "Zoë\n".encode("utf-16"), b"Zo\xc3\xab\r"],
)
def test_text_is_read_in_the_encodings_that_guilds_have(content: bytes) -> None:
    assert read_text("a.txt", content) == "Zoë\n"


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\0\0", b"MZ\x90\0\x03", b"\x81\x8d\x8f", bytes(range(1, 32)) * 10, b"\xff\xfea"]
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(NotText, match="is not a text file"):
        read_text("a.bin", content)
