"""A name of an imported file, once it leads to somebody: whether its line credits and seats them. Pure."""

from dataclasses import dataclass
from typing import ClassVar

from bot.refusals import Refused
from cogs.raids.rules import ABSENT, EXCUSED, REMOVED, Seat


class NameSortedOut(Refused):
    """Another leader was first."""

    code: ClassVar[str] = "raids.name.sorted_out"


class NameKnown(Refused):
    """Somebody here has an active character of that name."""

    code: ClassVar[str] = "raids.name.known"


@dataclass(frozen=True, slots=True)
class Found:
    """What a line does for the person it turned out to be."""

    credited: bool
    """Else the tick lists them: they are no member, or a leader took them off the roster."""
    joins: bool


def decide_found(seat: Seat | None, *, entitled: bool) -> Found:
    """As an import would have decided, had the name been known then."""
    removed = seat is not None and seat.status == REMOVED
    credited = not removed and (entitled or (seat is not None and seat.added))
    return Found(credited, credited and (seat is None or seat.status in {EXCUSED, ABSENT}))
