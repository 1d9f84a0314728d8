""" "I was there": what may be claimed, until when, and by whom it is decided. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from bot.kit.text import safe, strip_invisible
from bot.refusals import Refused

CLAIM_WITHIN: Final = timedelta(hours=72)
"""After a raid's end it can be claimed for so long, and a claim waits as long for an answer."""
NOTE_LENGTH: Final = (3, 500)
OPEN, ACCEPTED, REFUSED, LAPSED = "open", "accepted", "refused", "lapsed"
_JOINERS: Final = "\u200c\u200d"  # emoji and several scripts are spelt with them


class BadNote(Refused):
    code: ClassVar[str] = "raids.claim.note"


class ClaimTooLate(Refused):
    code: ClassVar[str] = "raids.claim.too_late"


class NothingToClaim(Refused):
    """No tick stands that the person could be credited with."""

    code: ClassVar[str] = "raids.claim.nothing"


class CreditedAlready(Refused):
    code: ClassVar[str] = "raids.claim.credited"


class AlreadyClaimed(Refused):
    code: ClassVar[str] = "raids.claim.open"


class OwnClaim(Refused):
    code: ClassVar[str] = "raids.claim.own"


class ClaimDecided(Refused):
    """Somebody else, or time, was first."""

    code: ClassVar[str] = "raids.claim.decided"


@dataclass(frozen=True, slots=True)
class StandingTick:
    """A tick that was not undone, as claims see it."""

    tick_id: int
    number: int
    taken_at: datetime


def check_note(typed: str) -> str:
    """What somebody says in 3 to 500 characters that can be seen, on one line, without what draws nothing."""
    note = " ".join(strip_invisible(typed, keep=_JOINERS).split())
    least, most = NOTE_LENGTH
    if len(strip_invisible(note)) < least or len(note) > most:
        raise BadNote(f"Say in {least} to {most} characters where you were, such as: zoning when the dump was made.")
    return note


def check_claim(
    raid_name: str,
    status: str,
    ended_at: datetime | None,
    now: datetime,
    standing: Sequence[StandingTick],
    credited: Collection[int],
    tick_id: int | None,
) -> None:
    """Whether somebody credited with these ticks may claim one (`tick_id`) or every tick of this raid, now."""
    name = safe(raid_name)
    if status == "cancelled":
        raise NothingToClaim(f"{name} was cancelled, so it pays nobody: nothing is left to claim.")
    if ended_at is not None and now - ended_at > CLAIM_WITHIN:
        raise ClaimTooLate(
            f"{name} ended more than 72 hours ago: ask a raid leader, who can still credit you with /raid add."
        )
    if tick_id is not None and all(tick.tick_id != tick_id for tick in standing):
        raise NothingToClaim(f"That tick of {name} was undone, so it pays nobody: claim another one.")
    claimed = claimed_ticks(standing, tick_id, now)
    if not claimed:
        raise NothingToClaim(f"{name} has no tick yet: check in on its board, and the next one counts for you.")
    if all(tick.tick_id in credited for tick in claimed):
        what = {1: f"tick {claimed[0].number}", 2: "both ticks"}.get(len(claimed), f"all {len(claimed)} ticks")
        raise CreditedAlready(f"You are credited with {what} of {name} already: /dkp history shows it.")


def claimed_ticks(standing: Sequence[StandingTick], tick_id: int | None, made_at: datetime) -> list[StandingTick]:
    """The ticks a claim is about: the one it names, else those of moments before it was made.

    Who says at nine "I was there" says nothing about the tick of ten.
    """
    if tick_id is not None:
        return [tick for tick in standing if tick.tick_id == tick_id]
    return [tick for tick in standing if tick.taken_at <= made_at]


def check_decidable(
    raid_name: str,
    *,
    raid_status: str,
    status: str,
    lapses_at: datetime,
    now: datetime,
    decider: str | None,
    own: bool,
    accepting: bool,
) -> None:
    """Whether an open claim may be decided now; by its own maker never, after its time never."""
    name = safe(raid_name)
    if status == LAPSED or (status == OPEN and now >= lapses_at):
        raise ClaimDecided(f"That claim lapsed after 72 hours: /raid add still credits people at {name}.")
    if status != OPEN:
        by = f" by {safe(decider)}" if decider else ""
        raise ClaimDecided(f"That claim was {status} already{by}; nothing changed.")
    if own:
        raise OwnClaim("That is your own claim: another raid leader or officer decides it.")
    if accepting and raid_status == "cancelled":
        raise NothingToClaim(f"{name} was cancelled, so it pays nobody: refuse the claim, or let it lapse.")
