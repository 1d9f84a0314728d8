"""What any export comes to: people with their characters, pools, movements, awards, raids, and what is odd about it.

Every reader makes one of these, whatever the file's format; what follows knows no format. Sums are proved before it is
made: a document's entries add up to what its file claims.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final, Literal

from bot.kit.text import clip, plain, safe, storable
from bot.refusals import Refused

Format = Literal["eqdkp", "opendkp", "csv", "quartermaster"]
FORMATS: Final[dict[str, str]] = {
    "eqdkp": "an EQdkp Plus points export",
    "opendkp": "an OpenDKP export",
    "csv": "a CSV table",
    "quartermaster": "a Quartermaster export",
}
ZERO: Final = Decimal(0)
NAME_LENGTH: Final = 100
CHARACTER_LENGTH: Final = 40
CLASS_LENGTH: Final = 30
ITEM_LENGTH: Final = 200
REASON_LENGTH: Final = 500
MOST_ROWS: Final = 300_000
"""Movements, credits and awards of one import: twenty years of a large guild."""
MOST_IN_ALL: Final = Decimal("999999999.99")
"""What may move on one account altogether; a column of the database holds ten times more."""
LIES_NAMED: Final = 10


class UnreadableFile(Refused):
    """The file is not what it should be; the sentence says what is wrong and what to do."""

    code: ClassVar[str] = "moving.unreadable"


class BadRow(UnreadableFile):
    """One row cannot be read; the sentence names it."""

    code: ClassVar[str] = "moving.bad_row"


class DoesNotAddUp(Refused):
    """The file contradicts itself: the rows that lie are named, the first ten, and counted."""

    code: ClassVar[str] = "moving.does_not_add_up"


@dataclass(frozen=True, slots=True)
class FileCharacter:
    name: str
    character_class: str | None = None
    level: int | None = None
    main: bool = False


@dataclass(frozen=True, slots=True)
class FilePerson:
    """Somebody of the file. `key` is the file's own name for them; names are not keys."""

    key: str
    name: str
    characters: tuple[FileCharacter, ...] = ()
    active: bool | None = None
    """Whether they show in standings; None: as their last credit says."""
    group: str = "member"
    discord_user_id: int | None = None
    joined_at: datetime | None = None
    became_member_at: datetime | None = None
    last_credit_at: datetime | None = None
    stays: tuple[tuple[datetime, datetime | None], ...] = ()
    """When they were in the server it comes from, if they ever left it: times between do not count in attendance."""
    by_display_name: bool = False
    """The file may mean a display name: it matches one here, too."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How a pool of ours was set up where it comes from."""

    decimals: int
    floor: Decimal
    cap: Decimal | None
    start: Decimal
    start_on: str
    tick_points: Decimal | None
    transfers: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class FilePool:
    key: str
    name: str | None
    """None: the file does not name it."""
    is_default: bool = False
    settings: PoolSettings | None = None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A movement of points. `row` says where the file has it, by numbers alone: it goes into the ledger for good, where
    nobody's name may be."""

    person: str
    pool: str
    kind: str
    amount: Decimal
    reason: str
    row: str
    at: datetime | None = None
    character: FileCharacter | None = None


@dataclass(frozen=True, slots=True)
class FileAward:
    """An item's outcome. `entry` is the place of its movement among the entries; none when it cost nothing."""

    person: str
    pool: str
    item: str
    cost: Decimal
    row: str
    entry: int | None = None
    how: str = "bid in game"
    raid: str | None = None
    note: str | None = None
    at: datetime | None = None
    character: FileCharacter | None = None


@dataclass(frozen=True, slots=True)
class FileCredit:
    """One person at one tick; `entry` as in an award."""

    person: str
    entry: int | None
    character: str | None = None
    standby: bool = False
    line: str | None = None


@dataclass(frozen=True, slots=True)
class FileTick:
    number: int
    value: Decimal
    at: datetime | None
    note: str | None = None
    credits: tuple[FileCredit, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRoster:
    """How somebody's evening went, where the file says more than credits do."""

    person: str
    status: str
    late: bool = False
    character: str | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileRaid:
    key: str
    name: str
    event: str
    pool: str
    started_at: datetime | None
    ended_at: datetime | None = None
    note: str | None = None
    outcome: str | None = None
    tick_points: Decimal = ZERO
    ticks: tuple[FileTick, ...] = ()
    roster: tuple[FileRoster, ...] = ()


@dataclass(frozen=True, slots=True)
class Odd:
    """Something an officer should know before importing. `kind` groups what is alike."""

    kind: str
    sentence: str
    """Safe to show."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the file claims of one pool; the import is checked against it."""

    earned: Decimal = ZERO
    spent: Decimal = ZERO
    adjusted: Decimal = ZERO
    balance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Document:
    """An export, proved."""

    format: Format
    pools: tuple[FilePool, ...]
    people: tuple[FilePerson, ...]
    entries: tuple[FileEntry, ...]
    awards: tuple[FileAward, ...] = ()
    raids: tuple[FileRaid, ...] = ()
    totals: dict[str, Totals] = field(default_factory=dict)
    """By pool key."""
    odd: tuple[Odd, ...] = ()
    taken_at: datetime | None = None
    """When the file was made, as it says itself: the date of what it dates no closer."""
    rows: int = 0
    """Rows of the file: players, lines, entries."""
    proofs: tuple[str, ...] = ()
    """What was checked, in words."""

    @property
    def credits(self) -> int:
        return sum(len(tick.credits) for raid in self.raids for tick in raid.ticks)

    def decimals(self, pool: str) -> int:
        """The places the entries of a pool need: 0 to 2."""
        return max((places(entry.amount) for entry in self.entries if entry.pool == pool), default=0)


def places(amount: Decimal) -> int:
    """How many decimals an amount needs: 2 for 0.25, 0 for 4.00."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def clean(text: str | None, most: int, otherwise: str) -> str:
    """A name of the file on one line, storable, at most so long; what draws nothing becomes `otherwise`."""
    line = clip(plain(storable(text or "")), most)
    return line if line.strip() else otherwise


def quoted(text: str) -> str:
    return f"“{safe(clip(text, 60))}”"


def refuse_lies(lies: Sequence[str], what: str) -> None:
    """Refuse a file that contradicts itself; every lie is a sentence that names its row, safe to show."""
    if not lies:
        return
    shown = "\n".join(f"- {lie}" for lie in lies[:LIES_NAMED])
    rest = f"\n… and {len(lies) - LIES_NAMED} more" if len(lies) > LIES_NAMED else ""
    rows = "1 row does" if len(lies) == 1 else f"{len(lies)} rows do"
    raise DoesNotAddUp(
        f"{what} does not add up, so nothing was imported: {rows} not fit. Export it again, or have them mended"
        f" where they come from.\n{shown}{rest}",
        lies=list(lies),
    )


def check_amount_of_work(rows: int) -> None:
    if rows > MOST_ROWS:
        raise UnreadableFile(f"That is {rows:,} rows, and I import up to {MOST_ROWS:,} at once: split the file.")


def check_sums(entries: Iterable[FileEntry]) -> None:
    """No account may move more altogether than the database can hold, in any order."""
    moved: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        key = entry.person, entry.pool
        moved[key] = moved.get(key, ZERO) + abs(entry.amount)
        if moved[key] > MOST_IN_ALL:
            raise BadRow(f"{safe(clip(entry.row, 60))}: more points move there than I can hold; mend the file.")
