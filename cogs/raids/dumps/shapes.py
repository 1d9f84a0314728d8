"""What every file becomes: moments with the people seen in them, loot, what was left out; and why one is refused."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final, Literal

from bot.kit.text import clip
from bot.refusals import Refused

Kind = Literal["raid roster", "raid tick", "guild dump", "log", "names"]
Window = tuple[datetime, datetime]
"""From and to, local times without a zone, as files have them."""

LONGEST_NAME: Final = 40
LONGEST_LINE_KEPT: Final = 200
"""Characters of a line that are kept as evidence; a `/who` line has about 80."""
_SHOWN_OF_A_LINE: Final = 100


class UnreadableDump(Refused):
    code: ClassVar[str] = "raids.dump.unreadable"


class DumpTooLarge(UnreadableDump):
    code: ClassVar[str] = "raids.dump.too_large"


class DumpEmpty(UnreadableDump):
    code: ClassVar[str] = "raids.dump.empty"


@dataclass(frozen=True, slots=True)
class DumpLine:
    """One person as the file has them; `None` where this kind of file does not say."""

    name: str
    level: int | None = None
    character_class: str | None = None
    rank: str | None = None
    group: int | None = None
    points: Decimal | None = None
    linkdead: bool = False
    anonymous: bool = False
    text: str = field(default="", compare=False)
    """The line as it was written, without notes that are nobody else's business: the evidence."""


@dataclass(frozen=True, slots=True)
class UnreadLine:
    number: int
    text: str
    """Empty where it may be something that people said to each other."""


@dataclass(frozen=True, slots=True)
class Dump:
    """One moment: who was seen then. `taken_at` is local time without a zone, None where the file does not tell."""

    kind: Kind
    taken_at: datetime | None
    lines: tuple[DumpLine, ...]
    not_understood: tuple[UnreadLine, ...] = ()
    server: str | None = None
    zone: str | None = None
    """The place in the game they were seen in."""
    call: str | None = None
    """The call of attendance that was made then ("Fifth Call")."""
    content_hash: str = field(default="", compare=False)
    """The same for the same people at the same time, whatever the line endings, encoding or file name."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.name for line in self.lines))


@dataclass(frozen=True, slots=True)
class LootLine:
    """One item as a log tells of it: `spent` has a cost; `given` (by the Master Looter), `roll` and `looted` have none.

    `name` is empty for `rot`, and where the log says "You" and its file's name does not tell who that is.
    """

    at: datetime
    how: Literal["spent", "given", "roll", "looted", "rot"]
    item: str
    name: str = ""
    cost: Decimal | None = None
    number: int = 0
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds."""

    kind: Kind
    file_name: str
    moments: tuple[Dump, ...]
    loot: tuple[LootLine, ...] = ()
    lone_calls: tuple[Call, ...] = ()
    """Calls of attendance without a list of people within 5 minutes."""
    not_understood: tuple[UnreadLine, ...] = ()
    lines: int = 0
    outside: int = 0
    """Lines of other days, not looked at."""
    notes: tuple[str, ...] = ()
    """What was left out or looks odd, a sentence each; names in them are safe to show."""


def content_hash(taken_at: datetime | None, lines: Sequence[DumpLine], zone: str | None = None) -> str:
    people = sorted(f"{line.name}\t{line.level}\t{line.group}\t{line.points}" for line in lines)
    where = [zone] if zone else []
    return hashlib.sha256("\n".join([str(taken_at), *where, *people]).encode(errors="replace")).hexdigest()


# --- what people say to each other ------------------------------------------------------------------------------------

_SAID = re.compile(
    r"\b(?:tells?|told|says?|said|shouts?|shouted|auctions?|auctioned|whispers?|whispered|repl(?:y|ies|ied))\b"
    r"[^'\"]{0,80}[,:]?\s*['\"]",
    re.IGNORECASE,
)
_LOGGED = re.compile(r"\s*\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]")


def is_chat(line: str) -> bool:
    """Whether a line may be something that somebody said: it is dropped unread wherever no such line belongs."""
    return _SAID.search(line) is not None or _LOGGED.match(line) is not None


def unread(number: int, line: str) -> UnreadLine:
    return UnreadLine(number, "" if is_chat(line) else clip(line.strip(), _SHOWN_OF_A_LINE))


# --- cells ------------------------------------------------------------------------------------------------------------

_NAME = re.compile(r"[^\W\d_][\w'’`.\-]*(?: [\w'’`.\-]+){0,2}")


def is_name(cell: str) -> bool:
    return len(cell) <= LONGEST_NAME and _NAME.fullmatch(cell) is not None


def is_words(cell: str) -> bool:
    return len(cell) <= LONGEST_NAME and not re.search(r"[\d<>\[\]|]", cell)


def whole(cell: str, most: int) -> bool:
    return re.fullmatch(r"\d{1,3}", cell, re.ASCII) is not None and int(cell) <= most


def stamp(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the file's own local time; its zone is the uploader's
    except ValueError:
        return None


def time_in_name(file_name: str) -> datetime | None:
    """When a file says in its name that it was written."""
    tick = re.search(r"RaidTick-(\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2})(?=\D|$)", file_name, re.ASCII | re.IGNORECASE)
    if tick:
        return stamp(tick[1], "%Y-%m-%d_%H-%M-%S")
    dump = re.search(r"-(\d{8}-\d{6})(?=\D|$)", file_name, re.ASCII)
    return stamp(dump[1], "%Y%m%d-%H%M%S") if dump else None
