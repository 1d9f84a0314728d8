"""What a pool may be, decided; and what it is, in plain words. Pure."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, get_args

from bot.kit.text import plain, points, safe, strip_invisible
from bot.refusals import Refused
from bot.typed import TooManyDecimals, parse_amount

LONGEST_NAME: Final = 60
StartOn = Literal["join", "first_raid"]
Number = float | Decimal
_PLACES: Final = {0: "whole points", 1: "one decimal", 2: "two decimals"}
_STARTS: Final = {"join": "on becoming a member", "first_raid": "with their first tick in it"}
SETTLED: Final = "Start points come once, to who is new: nobody who is a member already gets them."
SETTLED_AT_FIRST_RAID: Final = (
    "Start points come once, with the first tick in this pool: who was credited in it gets none."
)


class BadPool(Refused):
    """Terms that make no pool; the sentence says which and what to type."""

    code = "pools.bad"


class NothingToChange(Refused):
    code = "pools.nothing_to_change"


class PoolNameTaken(Refused):
    code = "pools.name_taken"


class PoolInUse(Refused):
    """It is the default, or a raid or an auction runs in it."""

    code = "pools.in_use"


class FinerAmounts(Refused):
    """Something in the pool has more places than it would allow."""

    code = "pools.finer_amounts"


class ArchivedPool(Refused):
    code = "pools.archived"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool is."""

    name: str
    start: Decimal = Decimal(0)
    start_on: StartOn = "join"
    floor: Decimal = Decimal(0)
    cap: Decimal | None = None
    decimals: int = 0
    transfers: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed for a pool; None: left out. A cap of 0 takes the cap away."""

    name: str | None = None
    start: Number | None = None
    start_on: StartOn | None = None
    floor: Number | None = None
    cap: Number | None = None
    decimals: int | None = None
    transfers: bool | None = None
    default: bool | None = None

    @property
    def nothing(self) -> bool:
        return self == Given()


def check_name(typed: str) -> str:
    """One line of at most 60 characters that can be seen."""
    name = plain(typed)
    if not strip_invisible(typed).strip() or typed.strip().startswith("#"):
        raise BadPool("A pool needs a name with letters, such as DKP.")
    if len(name) > LONGEST_NAME:
        raise BadPool(f"A pool's name has at most {LONGEST_NAME} characters; this one has {len(name)}.")
    return name


def decide_terms(before: Terms, given: Given) -> Terms:
    """The pool as it would be. Refuses amounts finer than its decimals, and a cap at or under its floor or start."""
    decimals = before.decimals if given.decimals is None else given.decimals
    if decimals not in _PLACES:
        raise BadPool("A pool has 0, 1 or 2 decimals.")
    if given.start_on is not None and given.start_on not in get_args(StartOn):
        raise BadPool(f"Start points come on {' or '.join(get_args(StartOn))}; pick one.")
    cap = _exact("cap", before.cap, given.cap, decimals)
    after = replace(
        before,
        name=before.name if given.name is None else check_name(given.name),
        start=_exact("start", before.start, given.start, decimals) or Decimal(0),
        start_on=given.start_on or before.start_on,
        floor=_exact("floor", before.floor, given.floor, decimals) or Decimal(0),
        cap=cap or None,
        decimals=decimals,
        transfers=before.transfers if given.transfers is None else given.transfers,
    )
    if after.start < 0:
        raise BadPool("Somebody new begins with 0 or more: type a start that is not below 0.")
    if after.cap is not None and after.cap <= after.floor:
        raise BadPool(
            f"A cap of {points(after.cap)} is not above the floor of {points(after.floor)}:"
            " type a higher one, or 0 for none."
        )
    if after.cap is not None and after.cap <= after.start:
        raise BadPool(
            f"A cap of {points(after.cap)} is not above the start points, {points(after.start)}:"
            " type a higher one, or 0 for none."
        )
    return after


def _exact(what: str, before: Decimal | None, given: Number | None, decimals: int) -> Decimal | None:
    """An amount with the pool's places: the given one, else what it was."""
    if given is not None:
        return parse_amount(given, decimals=decimals)
    if before is None:
        return None
    try:
        return parse_amount(before, decimals=decimals)
    except TooManyDecimals as error:
        raise FinerAmounts(
            f"The pool's {what} is {points(before)}, which has more than {_PLACES[decimals]}: type a {what}, too."
        ) from error


def has_places(amount: Decimal, decimals: int) -> bool:
    """Whether an amount has at most so many places."""
    return amount == amount.quantize(Decimal(1).scaleb(-decimals))


def floor_in_words(floor: Decimal) -> str:
    return f"bids down to {points(floor)}{' (debt is allowed)' if floor < 0 else ''}"


def in_words(terms: Terms, *, is_default: bool, archived: bool, tick: Decimal, people: int, total: Decimal) -> str:
    """Everything about a pool in one line."""
    marks = [*(["the default"] if is_default else []), *(["archived"] if archived else [])]
    parts = [
        _PLACES[terms.decimals],
        f"a tick gives {points(tick)}",
        f"new people start with {points(terms.start)} {_STARTS[terms.start_on]}" if terms.start else "no start points",
        floor_in_words(terms.floor),
        "no cap" if terms.cap is None else f"nobody earns above {points(terms.cap)}",
        "members may give each other points" if terms.transfers else "members may not give each other points",
        f"{'1 person has' if people == 1 else f'{people} people have'} {points(total)} in all",
    ]
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"**{safe(terms.name)}**{marked}: {'; '.join(parts)}."
