"""Which of a server's roles and channels are meant for what, guessed by their names. Shown before anything is done."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.typed import name_key

_ROLE_WORDS: Final = {
    "raid_leader": ("raid leader", "raid lead", "raidleader", "raid captain", "raidleiter", "raidleitung", "rl"),
    "developer": ("developer", "dev", "bot developer"),
    "recruiter": ("recruiter", "recruitment officer", "recruitment", "rekrutierung"),
    "officer": (
        "officer", "offizier", "officier", "oficial", "guild master", "guildmaster", "gm", "guild leader", "council",
        "leadership", "leader", "admin", "administrator", "moderator", "mod", "staff",
    ),
    "applicant": (
        "applicant", "trial", "trialist", "recruit", "initiate", "candidate", "prospect", "bewerber", "candidat", "app",
    ),
    "member": (
        "member", "guild member", "raider", "core raider", "guildie", "mitglied", "membre", "miembro", "clan member",
    ),
    "guest": ("guest", "visitor", "friend", "ally", "gast", "pug", "public"),
}  # fmt: skip
"""The particular before the general: a Raid Leader is no leader of the guild."""

_CHANNEL_WORDS: Final = {
    "raids": ("raids", "raid", "raid board", "raid night", "raiding"),
    "auctions": ("auctions", "auction", "bidding", "bids", "auction house"),
    "loot": ("loot", "loot log", "drops", "awards"),
    "recruitment": ("recruitment", "applications", "recruiting", "apply"),
    "votes": ("votes", "voting", "vote", "ballots"),
    "events": ("events", "event", "calendar", "schedule"),
    "audit": ("audit", "audit log", "bot log", "officer log", "mod log", "logs", "log"),
    "welcome": ("welcome", "lobby", "arrivals", "hello"),
}  # fmt: skip

CHANNELS: Final = tuple(_CHANNEL_WORDS)


@dataclass(frozen=True, slots=True)
class RoleSeen:
    """A role as a guess looks at it; bots' own roles and @everyone are left out before."""

    role_id: int
    name: str
    holders: int
    manages: bool
    """Manage Server or Administrator."""


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A text channel we may post in."""

    channel_id: int
    name: str


def guess_roles(roles: Sequence[RoleSeen], mapped: dict[str, int]) -> dict[str, int]:
    """Roles for the groups that have none; none at all where nobody would be an officer and could run things.

    Where no role that somebody holds is called officer, it is the most held of those that may Manage Server.
    """
    guess: dict[str, int] = {}
    free = [role for role in roles if role.role_id not in mapped.values()]
    for group, words in _ROLE_WORDS.items():
        if group in mapped:
            continue
        named = [role for role in free if role.holders] if group == "officer" else free
        best = _best(named, words, lambda role: role.name, lambda role: -role.holders)
        if best is not None:
            guess[group] = best.role_id
            free.remove(best)
    if "officer" not in mapped and "officer" not in guess:
        managing = [role for role in free if role.manages and role.holders]
        if not managing:
            return {}
        guess["officer"] = max(managing, key=lambda role: role.holders).role_id
    return guess


def guess_channels(channels: Sequence[ChannelSeen], chosen: Collection[str]) -> dict[str, int]:
    """Channels for the kinds that have none, each channel for one kind."""
    guess: dict[str, int] = {}
    free = list(channels)
    for kind, words in _CHANNEL_WORDS.items():
        if kind in chosen:
            continue
        best = _best(free, words, lambda channel: channel.name, lambda _: 0)
        if best is not None:
            guess[kind] = best.channel_id
            free.remove(best)
    return guess


T = TypeVar("T")


def _best(things: Iterable[T], words: Sequence[str], name: Callable[[T], str], then: Callable[[T], int]) -> T | None:
    """Whose name is one of the words, else contains one; the earlier word first."""
    ranked: list[tuple[int, int, int, T]] = []
    for thing in things:
        spoken = _spoken(name(thing))
        for place, word in enumerate(words):
            if spoken == _spoken(word):
                ranked.append((0, place, then(thing), thing))
            elif f" {_spoken(word)} " in f" {spoken} ":
                ranked.append((1, place, then(thing), thing))
    return min(ranked, key=lambda found: found[:3])[3] if ranked else None


def _spoken(name: str) -> str:
    """Words alone, in the singular: "⚔️・Raid-Leaders" is "raid leader"."""
    words = re.findall(r"[^\W_]+", name_key(name))
    return " ".join(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words
    )
