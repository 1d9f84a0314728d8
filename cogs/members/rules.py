"""What a character may be called, and what its class and level may be. Pure."""

from typing import Final

from bot.kit.text import clip, plain, safe, strip_invisible
from bot.refusals import Refused

NAME_LENGTH: Final = 40
"""The longest names games have, "Firstname Lastname@World" included."""
CLASS_LENGTH: Final = 30
LEVELS: Final = (1, 999)
MOST_CHARACTERS: Final = 50
"""Active ones, a person: beyond it no list shows them and no game has them."""
REASON_LENGTH: Final = 500
LEAST_REASON: Final = 3
MOST_CLAIMS: Final = 5
"""Open ones, a person: officers answer each by hand."""


class BadCharacter(Refused):
    """A name, class or level nobody could have."""

    code = "characters.bad"


class NameTaken(Refused):
    """Somebody here has an active character of that name."""

    code = "characters.taken"


class TooManyCharacters(Refused):
    code = "characters.too_many"


class AlreadyMain(Refused):
    code = "characters.already_main"


class NothingChanges(Refused):
    """An edit that would leave everything as it is, or a transfer to the owner."""

    code = "characters.nothing_changes"


class NotClaimable(Refused):
    """The character is nobody's to claim; the sentence says why and what to do."""

    code = "characters.not_claimable"


class AlreadyDecided(Refused):
    """Another officer was first."""

    code = "characters.claim_decided"


class NotLinkable(Refused):
    """These two cannot be one person; the sentence says why."""

    code = "members.not_linkable"


class NotForgettable(Refused):
    """Somebody cannot be forgotten now; the sentence says what to wait for."""

    code = "members.not_forgettable"


def check_name(typed: str) -> str:
    """The name on one line, without what cannot be seen. It needs a letter, so that no id or mention is one."""
    name = plain(typed)
    if not any(char.isalpha() for char in strip_invisible(typed)):
        raise BadCharacter("A character's name needs at least one letter; type it as the game shows it.")
    if len(name) > NAME_LENGTH:
        raise BadCharacter(f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}.")
    return name


def check_class(typed: str | None) -> str | None:
    """The class on one line; empty is none."""
    name = plain(typed or "")
    if not any(char.isalnum() for char in strip_invisible(typed or "")):
        return None
    if len(name) > CLASS_LENGTH:
        raise BadCharacter(f"A class has at most {CLASS_LENGTH} characters; this one has {len(name)}.")
    return name


def check_level(typed: int | str | None) -> int | None:
    """A whole number from 1 to 999, typed or chosen; empty is none."""
    text = strip_invisible(str("" if typed is None else typed)).strip()
    if not text:
        return None
    least, most = LEVELS
    try:
        level = int(text)
    except ValueError:
        level = least - 1
    if not least <= level <= most:
        shown = safe(clip(text, 20))
        raise BadCharacter(f"“{shown}” is no level: give a whole number from {least} to {most}, or leave it out.")
    return level


def check_reason(typed: str | None) -> str | None:
    """A reason that may be left out; at most 500 characters."""
    reason = " ".join((typed or "").split()) or None
    if reason is not None and len(reason) > REASON_LENGTH:
        raise BadCharacter(f"A reason has at most {REASON_LENGTH} characters; this one has {len(reason)}.")
    return reason


def check_given_reason(typed: str) -> str:
    """A reason that must be given."""
    reason = check_reason(strip_invisible(typed))
    if reason is None or len(reason) < LEAST_REASON:
        raise BadCharacter(f"Say why, in at least {LEAST_REASON} characters: it is kept with the change.")
    return reason
