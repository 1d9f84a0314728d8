"""Bytes as uploaded, plain, zipped or gzipped, become pieces of one text file, never more at a time than a piece.

What a header says of a file's size is not believed: what comes out is counted.
"""

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from cogs.raids.dumps.shapes import BadArchive, DumpNotText, DumpTooLarge, shown_name

LARGEST_UPLOAD: Final = 25 * 1024**2
LARGEST_UNPACKED: Final = 100 * 1024**2
"""Some 1,300,000 lines of a log: months of it."""
PIECE: Final = 1024**2
MOST_FILES: Final = 1000
"""In one zip; its list of files is read before anything else."""

_ZIP, _EMPTY_ZIP, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
_OTHERS = (b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_LISTED = b"PK\x01\x02"
_BROKEN = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, struct.error, LookupError,
    OverflowError,
)  # fmt: skip
"""What the libraries say of files that are cut off, forged or made by something unheard of."""
_HIDDEN = re.compile(r"(?:^|/)(?:__MACOSX/|\.|desktop\.ini$|Thumbs\.db$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextFile:
    """One text file: its own name, its name as messages show it, and its content, piece by piece."""

    name: str
    shown: str
    pieces: Iterator[bytes]


def check_size(file_name: str, size: int) -> None:
    """Refuses what is too large before it is fetched."""
    if size > LARGEST_UPLOAD:
        raise DumpTooLarge(
            f"{shown_name(file_name)} is larger than 25 MB: zip it, which makes a log some twenty times smaller.",
            file_name=file_name,
        )


def open_file(file_name: str, content: bytes) -> TextFile:
    """The text file in an upload. Refuses encrypted and nested archives, and those with several files to choose from.

    Reading its pieces refuses what unpacks to more than 100 MB, and what turns out to be broken on the way.
    """
    check_size(file_name, len(content))
    shown = shown_name(file_name)
    try:
        if content.startswith((_ZIP, _EMPTY_ZIP)):
            return _open_zip(shown, content)
        if content.startswith(_GZIP):
            name = re.sub(r"\.gz$", "", file_name, flags=re.IGNORECASE)
            return TextFile(name, shown, _pieces(shown, gzip.GzipFile(fileobj=io.BytesIO(content)), packed=True))
    except _BROKEN:
        raise _broken(shown) from None
    if content.startswith(_OTHERS):
        raise BadArchive(f"{shown} is an archive I do not open: upload the file itself, or a .zip or .gz of it.")
    return TextFile(file_name, shown, _pieces(shown, io.BytesIO(content), packed=False))


def _open_zip(shown: str, content: bytes) -> TextFile:
    if content.count(_LISTED) > MOST_FILES:
        raise BadArchive(f"{shown} holds more than {MOST_FILES:,} files: zip the one to import.")
    archive = zipfile.ZipFile(io.BytesIO(content))
    files = [info for info in archive.infolist() if not info.is_dir() and not _HIDDEN.search(info.filename)]
    chosen = _choose(shown, files)
    if chosen.flag_bits & 1:
        raise BadArchive(f"{shown} is locked with a password: zip the file without one.")
    if chosen.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(f"{shown} is packed in a way I do not open: zip the file again, or use .gz.")
    name = re.split(r"[/\\]", chosen.filename)[-1]
    return TextFile(name, f"{shown_name(name)} in {shown}", _unzipped(shown, archive.open(chosen), chosen.file_size))


def _choose(shown: str, files: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """The only file, else the only log, else the only .txt; never one of several."""
    for pattern in (r"", r"(?:^|[/\\])eqlog_[^/\\]*\.txt$", r"\.txt$"):
        found = [info for info in files if re.search(pattern, info.filename, re.IGNORECASE)]
        if len(found) == 1:
            return found[0]
    if not files:
        raise BadArchive(f"{shown} is an archive with nothing in it: zip the file to import.")
    raise BadArchive(f"{shown} holds {len(files):,} files: zip only the one to import.")


def _unzipped(shown: str, source: IO[bytes], size: int) -> Iterator[bytes]:
    """The pieces of a file in a zip, which must come to what its header says."""
    total = 0
    for piece in _pieces(shown, source, packed=True):
        total += len(piece)
        yield piece
    if total != size:
        raise _broken(shown)


def _pieces(shown: str, source: IO[bytes] | gzip.GzipFile, *, packed: bool) -> Iterator[bytes]:
    total = 0
    with source:
        while True:
            try:
                piece = source.read(PIECE)
            except _BROKEN:
                raise _broken(shown) from None
            if not piece:
                return
            if packed and not total and piece.startswith((_ZIP, _GZIP, *_OTHERS)):
                raise BadArchive(f"{shown} is an archive in an archive: upload the inner one, or the file itself.")
            total += len(piece)
            if total > LARGEST_UNPACKED:
                raise DumpTooLarge(
                    f"{shown} unpacks to more than 100 MB: cut the log down to the days of the raid, then zip it."
                )
            yield piece


def _broken(shown: str) -> BadArchive:
    return BadArchive(f"{shown} is a broken archive: zip the file again, then upload that.")


def decode(shown: str, content: bytes) -> str:
    """The text of a small file: UTF-8, with or without its mark, else Windows-1252. Refuses what is no text."""
    refusal = DumpNotText(f"{shown} is not a text file: upload the .txt file the game wrote.")
    if b"\0" in content:
        raise refusal
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise refusal from None
    if sum(char < " " and char not in "\t\r\n\f\v\x1a" for char in text) > len(text) // 100:
        raise refusal
    return text


def decode_line(line: bytes) -> str | None:
    """One line of a log, in which both encodings occur; None where it is neither."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            pass
    return None


def in_words(size: int) -> str:
    """ "18 MB", "12 kB" """
    return f"{size / 1024**2:.0f} MB" if size >= 1024**2 else f"{max(size // 1024, 1)} kB"
