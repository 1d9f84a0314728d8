"""Files people upload, plain, zipped or gzipped: one text file, piece by piece. Knows no format and no feature.

Never more at a time than a piece. What a header says of a file's size is not believed: what comes out is counted.
"""

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, ClassVar, Final

from bot.kit.text import clip, safe
from bot.refusals import Refused

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
_CONTROLS = "".join(chr(code) for code in range(32) if chr(code) not in "\t\r\n\f\v\x1a")


class UnreadableUpload(Refused):
    code: ClassVar[str] = "upload.unreadable"


class UploadTooLarge(UnreadableUpload):
    code: ClassVar[str] = "upload.too_large"


class BadArchive(UnreadableUpload):
    code: ClassVar[str] = "upload.bad_archive"


class NotText(UnreadableUpload):
    code: ClassVar[str] = "upload.not_text"


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file: its own name, its name as messages show it, and its content, piece by piece."""

    name: str
    shown: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file's name and bytes, unpacked."""

    name: str
    data: bytes


def shown_name(name: str) -> str:
    return f"“{safe(clip(name, 60))}”"


def check_size(name: str, size: int) -> None:
    """Refuses what is too large before it is fetched."""
    if size > LARGEST_UPLOAD:
        raise UploadTooLarge(
            f"{shown_name(name)} is larger than 25 MB: zip it, which makes text some twenty times smaller.",
            file_name=name,
        )


def open_file(name: str, content: bytes, among: Sequence[str] = ()) -> TextFile:
    """The file in an upload. Refuses encrypted and nested archives, and those with several files to choose from.

    `among`: patterns that tell which of several files in a zip is meant, the first that fits one alone. Reading the
    pieces refuses what unpacks to more than 100 MB, and what turns out to be broken on the way.
    """
    check_size(name, len(content))
    shown = shown_name(name)
    try:
        if content.startswith((_ZIP, _EMPTY_ZIP)):
            return _open_zip(shown, content, among)
        if content.startswith(_GZIP):
            inner = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
            return TextFile(inner, shown, _pieces(shown, gzip.GzipFile(fileobj=io.BytesIO(content)), packed=True))
    except _BROKEN:
        raise _broken(shown) from None
    if content.startswith(_OTHERS):
        raise BadArchive(f"{shown} is an archive I do not open: upload the file itself, or a .zip or .gz of it.")
    return TextFile(name, shown, _pieces(shown, io.BytesIO(content), packed=False))


def unpack(name: str, content: bytes, among: Sequence[str] = ()) -> Upload:
    """The file in an upload, whole."""
    file = open_file(name, content, among)
    return Upload(file.name, b"".join(file.pieces))


def _open_zip(shown: str, content: bytes, among: Sequence[str]) -> TextFile:
    if content.count(_LISTED) > MOST_FILES:
        raise BadArchive(f"{shown} holds more than {MOST_FILES:,} files: zip the one to import.")
    archive = zipfile.ZipFile(io.BytesIO(content))
    files = [info for info in archive.infolist() if not info.is_dir() and not _HIDDEN.search(info.filename)]
    chosen = _choose(shown, files, among)
    if chosen.flag_bits & 1:
        raise BadArchive(f"{shown} is locked with a password: zip the file without one.")
    if chosen.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(f"{shown} is packed in a way I do not open: zip the file again, or use .gz.")
    name = re.split(r"[/\\]", chosen.filename)[-1]
    return TextFile(name, f"{shown_name(name)} in {shown}", _unzipped(shown, archive.open(chosen), chosen.file_size))


def _choose(shown: str, files: list[zipfile.ZipInfo], among: Sequence[str]) -> zipfile.ZipInfo:
    """The only file, else the only one that a pattern fits; never one of several."""
    for pattern in ("", *among):
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
                raise UploadTooLarge(
                    f"{shown} unpacks to more than 100 MB: keep the part I should read (of a log the days of the"
                    " raid), then zip that."
                )
            yield piece


def _broken(shown: str) -> BadArchive:
    return BadArchive(f"{shown} is a broken archive: zip the file again, then upload that.")


def read_text(shown: str, content: bytes) -> str:
    """The text of a file held whole: UTF-8 or UTF-16 with its mark, UTF-8 without, else Windows-1252. Lines end in LF.

    Refuses what is no text.
    """
    text = _decoded(content)
    if text is None or "\0" in text or sum(map(text.count, _CONTROLS)) > len(text) // 100:
        raise NotText(f"{shown} is not a text file: upload what the program or the game wrote, as it is or zipped.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str | None:
    sixteen = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if sixteen else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
