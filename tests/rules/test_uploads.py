"""Uploads: archives unpacked within limits, bytes read as text, a damaged one refused in a sentence."""

import gzip
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import uploads
from bot.refusals import Refused
from bot.uploads import UnreadableUpload, UploadTooLarge, check_size, read_text, unpack


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return packed.getvalue()


def test_a_file_alone_in_a_zip_or_gzip_is_that_file() -> None:
    assert unpack("a.zip", zipped(log=b"hello")) == uploads.Upload("log", b"hello")
    assert unpack("log.txt.gz", gzip.compress(b"hello")) == uploads.Upload("log.txt", b"hello")
    assert unpack("log.txt", b"hello") == uploads.Upload("log.txt", b"hello")


def test_what_a_mac_puts_beside_it_does_not_count() -> None:
    data = zipped(folder__log=b"hello", __MACOSX__folder__log=b"x", folder__b=b"")
    with pytest.raises(UnreadableUpload, match="holds"):
        unpack("a.zip", data)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/log", b"hello")
        archive.writestr("__MACOSX/folder/._log", b"x")
        archive.writestr("folder/.DS_Store", b"x")
    assert unpack("a.zip", packed.getvalue()) == uploads.Upload("log", b"hello")


def test_of_several_the_wanted_one_is_read_and_else_one_is_asked_for() -> None:
    data = zipped(one=b"1", two=b"2")
    assert unpack("a.zip", data, ("two",)).data == b"2"
    with pytest.raises(UnreadableUpload, match="holds 2 files"):
        unpack("a.zip", data)
    with pytest.raises(UnreadableUpload, match="holds no file"):
        unpack("a.zip", zipped())


@pytest.mark.parametrize("pack", [lambda data: zipped(log=data), gzip.compress])
def test_a_bomb_is_stopped_before_it_is_unpacked(pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UNPACKED", 3 * 1024 * 1024)
    bomb = pack(bytes(40 * 1024 * 1024))
    assert len(bomb) < 100_000
    with pytest.raises(UploadTooLarge, match="unpacks to more than 3 MB"):
        unpack("bomb", bomb)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_would_unpack_a_piece_at_once_is_not_opened(way: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", way) as archive:
        archive.writestr("log", bytes(1024 * 1024))
    with pytest.raises(UnreadableUpload, match="packed in a way I do not open"):
        unpack("bomb.zip", packed.getvalue())


def test_a_zip_of_very_many_files_is_refused_before_its_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(**{f"f{number}": b"" for number in range(1001)})
    monkeypatch.delattr(zipfile, "ZipFile")
    with pytest.raises(UnreadableUpload, match="holds over 1,000 files"):
        unpack("many.zip", data)


def test_what_is_too_large_is_refused_by_its_size_alone() -> None:
    with pytest.raises(UploadTooLarge, match="30 MB, and I take 25 MB: zip it"):
        check_size("log.txt", 30 * 1024 * 1024)
    check_size("log.txt", 25 * 1024 * 1024)


def test_a_password_is_refused_in_a_sentence() -> None:
    data = bytearray(zipped(log=b"hello"))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(mark)
        data[at + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    with pytest.raises(UnreadableUpload, match="password"):
        unpack("a.zip", bytes(data))


WHOLE = [zipped(log=b"Thorgrim 12\n" * 200), gzip.compress(b"Thorgrim 12\n" * 200)]


@given(st.sampled_from(WHOLE), st.integers(0, 10_000), st.integers(0, 7), st.booleans())
def test_a_damaged_archive_is_read_or_refused_and_never_breaks(whole: bytes, at: int, bit: int, cut: bool) -> None:
    at %= len(whole)
    damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    with suppress(Refused):
        unpack("a.zip", damaged)


@pytest.mark.parametrize(
    "data",
    ["Zoë\n".encode(), "\ufeffZoë\n".encode(), "Zoë\r\n".encode("cp1252"), "Zoë\n".encode("utf-16"), b"Zo\xc3\xab\r"],
)
def test_text_is_read_in_the_encodings_that_guilds_have(data: bytes) -> None:
    assert read_text("a.txt", data) == "Zoë\n"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"MZ\x90\0\x03", b"\x81\x8d\x8f"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableUpload, match="is not text"):
        read_text("a.bin", data)
