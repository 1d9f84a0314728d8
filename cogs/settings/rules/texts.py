"""Texts a guild says of itself, and how points are given: short, on one line."""

from typing import Final

from bot.kit.text import plain, strip_invisible
from bot.refusals import Refused

LENGTH: Final = 60
TEXTS: Final = {
    "guild_name": "guild name",
    "game": "game",
    "server": "server",
    "region": "region",
    "faction": "faction",
}
"""Columns of the guild that hold free text, and what they are called."""
EMPTIES: Final = "-"


class BadText(Refused):
    code = "settings.text"


class RoleTwice(Refused):
    """One Discord role for two groups: nobody could tell which is meant."""

    code = "settings.role_twice"


class RoleTooWide(Refused):
    """@everyone as a group that may run things."""

    code = "settings.role_too_wide"


class CannotPost(Refused):
    """The bot lacks View Channel or Send Messages there."""

    code = "settings.cannot_post"


class NothingGiven(Refused):
    code = "settings.nothing_given"


def check_text(what: str, typed: str) -> str | None:
    """One line of at most 60 characters that can be seen; `-` empties it."""
    if typed.strip() == EMPTIES:
        return None
    text = plain(typed)
    if not strip_invisible(typed).strip():
        raise BadText(f"That {what} is blank; type something, or - to empty it.")
    if len(text) > LENGTH:
        raise BadText(f"A {what} has at most {LENGTH} characters; this one has {len(text)}.")
    return text
