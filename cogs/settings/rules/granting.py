"""What a guild may let a Discord role do, found by what people type. Pure."""

from collections.abc import Mapping

from bot import permissions
from bot.kit.text import clip, safe
from bot.refusals import NotFound, Refused
from bot.typed import name_key, near_names


class NotGrantable(Refused):
    """What takes Manage Server stays with it; what moves points or runs things is not for @everyone."""

    code = "settings.not_grantable"


def grantable() -> dict[str, str]:
    """Capabilities a role may be given, with what each lets one do."""
    return {name: words for name, (words, _) in permissions.CAPABILITIES.items() if permissions.may_be_granted(name)}


def find_capability(typed: str) -> str:
    """The capability somebody means: picked from the list, or in the list's words. Refuses what cannot be granted."""
    key, words = name_key(typed), grantable()
    for name, doing in words.items():
        if key in (name, name_key(doing)):
            return name
    if any(key in (name, name_key(doing)) for name, (doing, _) in permissions.CAPABILITIES.items()):
        raise NotGrantable("That stays with who may Manage Server in Discord: no role can be given it here.")
    near = near_names(typed, list(words.values()), 3)
    raise NotFound(f"There is nothing called {safe(clip(typed, 40))} to allow: pick it from the list.", near=near)


def check_for(capability: str, *, everyone: bool) -> None:
    if everyone and not permissions.may_be_everybodys(capability):
        doing = permissions.CAPABILITIES[capability][0]
        raise NotGrantable(f"To {doing} is not for @\u200beveryone: choose a role that those people hold.")


def groups_anyway(capability: str, role_id: int, mapping: Mapping[str, int]) -> tuple[str, ...]:
    """The groups this role stands for that have the capability whatever is granted."""
    has = permissions.CAPABILITIES[capability][1]
    return tuple(group for group, mapped in mapping.items() if mapped == role_id and group in has)
