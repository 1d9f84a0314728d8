"""Files people upload: unpacked within limits, and their bytes read as text. Knows no format and no feature.

A zip or gzip that would grow beyond the limit is a bomb or a mistake: unpacking stops there, before memory is full.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, ClassVar, Final

from bot.kit.text import clip, safe
from bot.refusals import Refused

LARGEST_UPLOAD: Final = 25 * 1024 * 1024
LARGEST_UNPACKED: Final = 100 * 1024 * 1024
MOST_IN_ARCHIVE: Final = 100
"""Files a zip may list; an export or a log comes alone or with a few."""
_PIECE: Final = 1024 * 1024
_LISTED: Final = b"PK\x01\x02"
"""What begins each line of a zip's list of files."""
_MOST_LISTED: Final = 1000
"""Hidden ones included; the list is read whole before anything else."""


class UnreadableUpload(Refused):
    code: ClassVar[str] = "upload.unreadable"


class UploadTooLarge(UnreadableUpload):
    code: ClassVar[str] = "upload.too_large"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file's name and bytes, unpacked."""

    name: str
    data: bytes


def check_size(name: str, size: int) -> None:
    """Refuse a file before it is downloaded."""
    if size > LARGEST_UPLOAD:
        raise UploadTooLarge(
            f"{_quoted(name)} has {size / 1024**2:.0f} MB, and I take {LARGEST_UPLOAD // 1024**2} MB:"
            " zip it, text shrinks about twenty times."
        )


def unpack(name: str, data: bytes, prefer: Sequence[str] = ()) -> Upload:
    """The one file in a zip or gzip, or the file itself. Of a zip with several, the first that is in `prefer`."""
    check_size(name, len(data))
    if data.startswith(b"\x1f\x8b"):
        return Upload(_without(name, ".gz"), _gunzip(name, data))
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _unzip(name, data, prefer)
    return Upload(name, data)


def _gunzip(name: str, data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            return _limited(name, packed)
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(name, "gzip file") from error


def _unzip(name: str, data: bytes, prefer: Sequence[str]) -> Upload:
    if data.count(_LISTED) > _MOST_LISTED:
        raise UnreadableUpload(f"{_quoted(name)} holds over {_MOST_LISTED:,} files: zip the one I should read.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            if len(listed) > MOST_IN_ARCHIVE:
                raise UnreadableUpload(f"{_quoted(name)} holds {len(listed)} files: zip the one I should read.")
            files = [info for info in listed if not info.is_dir() and not _hidden(info.filename)]
            wanted = [info for kind in prefer for info in files if _base(info.filename).lower() == kind]
            if not wanted and len(files) != 1:
                holds = f"{len(files)} files" if files else "no file"
                raise UnreadableUpload(f"{_quoted(name)} holds {holds}: zip the one I should read.")
            chosen = (wanted or files)[0]
            if chosen.flag_bits & 1:
                raise UnreadableUpload(f"{_quoted(name)} has a password: zip it without one.")
            # The other ways unpack a whole piece at once, which 2 kB can make grow to gigabytes.
            if chosen.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise UnreadableUpload(f"{_quoted(name)} is packed in a way I do not open: zip it again, or use .gz.")
            with archive.open(chosen) as packed:
                return Upload(_base(chosen.filename), _limited(name, packed))
    except (
        zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError,
        IndexError, KeyError, OverflowError,
    ) as error:  # fmt: skip
        raise _broken(name, "zip file") from error


def _limited(name: str, packed: gzip.GzipFile | IO[bytes]) -> bytes:
    pieces, size = [], 0
    while piece := packed.read(_PIECE):
        size += len(piece)
        if size > LARGEST_UNPACKED:
            raise UploadTooLarge(
                f"{_quoted(name)} unpacks to more than {LARGEST_UNPACKED // 1024**2} MB, the most I read: split it."
            )
        pieces.append(piece)
    return b"".join(pieces)


def read_text(name: str, data: bytes) -> str:
    """The bytes as text: UTF-8 or UTF-16 with or without a BOM, else Windows-1252. Line ends become LF."""
    text = _decoded(data)
    if text is None or "\0" in text:
        raise UnreadableUpload(f"{_quoted(name)} is not text: attach the file as the program wrote it, or zipped.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str | None:
    sixteen = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if sixteen else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _broken(name: str, kind: str) -> UnreadableUpload:
    return UnreadableUpload(f"{_quoted(name)} is a damaged {kind}: make it again, or attach the file itself.")


def _quoted(name: str) -> str:
    return f"“{safe(clip(name, 60))}”"


def _base(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _hidden(path: str) -> bool:
    """What macOS and editors put beside the files one meant."""
    return path.startswith("__MACOSX/") or _base(path).startswith(".")


def _without(name: str, ending: str) -> str:
    return name[: -len(ending)] if name.lower().endswith(ending) else name
