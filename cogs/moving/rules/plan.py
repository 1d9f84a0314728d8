"""What a document becomes here: who is somebody already, who is new, which pools, what characters are called.

Nobody is guessed: a person of the file is somebody here when one of their active characters has the main's name, or
when our own export names their Discord account; everybody else comes as a new, unclaimed member.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from bot.kit.text import clip, safe
from bot.refusals import Refused
from bot.typed import name_key
from cogs.moving.rules.document import CHARACTER_LENGTH, Document, FileCharacter, FilePerson, FilePool, Odd

UNNAMED_POOL: Final = "Pool"


class OnePoolOnly(Refused):
    code: ClassVar[str] = "moving.one_pool_only"


@dataclass(frozen=True, slots=True)
class PoolHere:
    pool_id: int
    name: str
    is_default: bool
    decimals: int
    untouched: bool
    """Nobody has an account in it, and no raid, event or auction names it."""


@dataclass(frozen=True, slots=True)
class Here:
    """The guild as it is: what a document is matched with."""

    pools: Sequence[PoolHere]
    characters: Mapping[str, tuple[int, str]]
    """Name key of an active character -> (owner, as it is spelt)."""
    members: Mapping[int, str]
    """Names by member."""
    by_display_name: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_discord: Mapping[int, int] = field(default_factory=dict)
    with_main: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """Where a pool of the file comes: `pool_id` None is a new one."""

    file: FilePool
    pool_id: int | None
    name: str
    decimals: int
    decimals_before: int | None
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """Who a person of the file is here: `member_id` None is a new, unclaimed member."""

    person: FilePerson
    member_id: int | None
    name: str
    characters: tuple[FileCharacter, ...]
    """Those to be made, named as they will be."""


@dataclass(frozen=True, slots=True)
class Plan:
    pools: dict[str, PoolPlan]
    people: tuple[PersonPlan, ...]
    odd: tuple[Odd, ...]

    @property
    def matched(self) -> list[PersonPlan]:
        return [one for one in self.people if one.member_id is not None]

    @property
    def fingerprint(self) -> str:
        """Two plans of one document are the same when this is: nobody and nothing here changed between."""
        pools = [(key, one.pool_id, one.name, one.decimals) for key, one in self.pools.items()]
        people = [(one.person.key, one.member_id, [c.name for c in one.characters]) for one in self.people]
        return hashlib.sha256(repr((pools, people)).encode("utf-8", "replace")).hexdigest()


def decide(document: Document, here: Here, into: PoolHere | None = None) -> Plan:
    """`into`: the pool somebody chose for the file's one."""
    odd: list[Odd] = []
    pools = _pools(document, here, into, odd)
    people = _people(document, here, odd)
    return Plan(pools, people, tuple(odd))


# --- pools ------------------------------------------------------------------------------------------------------------


def _pools(document: Document, here: Here, into: PoolHere | None, odd: list[Odd]) -> dict[str, PoolPlan]:
    if into is not None:
        if len(document.pools) > 1:
            names = ", ".join(safe(pool.name or f"number {pool.key}") for pool in document.pools[:10])
            raise OnePoolOnly(
                f"The file has {len(document.pools)} pools ({names}): leave `pool` out, and each comes into its own."
            )
        return {pool.key: _onto(document, pool, into) for pool in document.pools}
    by_name = {name_key(pool.name): pool for pool in here.pools}
    plans: dict[str, PoolPlan] = {}
    taken: set[int] = set()
    for pool in document.pools:
        known = by_name.get(name_key(pool.name or ""))
        if known is not None and known.pool_id not in taken:
            plans[pool.key] = _onto(document, pool, known)
            taken.add(known.pool_id)
    default = next(pool for pool in here.pools if pool.is_default)
    used = set(by_name)
    for pool in document.pools:
        if pool.key in plans:
            continue
        if pool.is_default and default.pool_id not in taken and (document.format != "quartermaster"):
            plans[pool.key] = _onto(document, pool, default)
            taken.add(default.pool_id)
            continue
        name = _free(pool.name or f"{UNNAMED_POOL} {pool.key}", used, 100)
        used.add(name_key(name))
        decimals = max(document.decimals(pool.key), pool.settings.decimals if pool.settings else 0)
        if pool.is_default and default.pool_id not in taken and default.untouched:
            taken.add(default.pool_id)
            plans[pool.key] = PoolPlan(pool, default.pool_id, name, decimals, decimals, renamed_from=default.name)
            odd.append(Odd("pools", f"the unused pool {safe(default.name)} becomes {safe(name)}"))
            continue
        plans[pool.key] = PoolPlan(pool, None, name, decimals, None)
        odd.append(
            Odd("pools", f"{safe(pool.name or f'multidkp pool {pool.key}')} comes into a new pool, {safe(name)}")
        )
    for plan in plans.values():
        if plan.decimals_before is not None and plan.decimals > plan.decimals_before:
            was = "whole points" if not plan.decimals_before else f"{plan.decimals_before} decimal"
            sentence = f"{safe(plan.name)} has {was} now; the file needs {plan.decimals}, and from then on it has them"
            odd.append(Odd("decimals", sentence))
    return {pool.key: plans[pool.key] for pool in document.pools}


def _onto(document: Document, pool: FilePool, known: PoolHere) -> PoolPlan:
    decimals = max(known.decimals, document.decimals(pool.key))
    return PoolPlan(pool, known.pool_id, known.name, decimals, known.decimals)


def _free(name: str, used: set[str], most: int) -> str:
    """The name, or with the first number behind it that makes it free."""
    number, free = 1, clip(name, most)
    while name_key(free) in used:
        number += 1
        free = f"{clip(name, most - 5)} ({number})"
    return free


# --- people -----------------------------------------------------------------------------------------------------------


def _people(document: Document, here: Here, odd: list[Odd]) -> tuple[PersonPlan, ...]:
    spelt = Counter(key for person in document.people for key in {name_key(name) for name in _names(document, person)})
    used = set(here.characters)
    with_main = set(here.with_main)
    plans = []
    met: dict[int, FilePerson] = {}
    for person in document.people:
        member_id = _who(document, person, here, spelt)
        if member_id is not None:
            first = met.setdefault(member_id, person)
            if first is not person:
                who = safe(here.members[member_id])
                sentence = f"{safe(first.name)} and {safe(person.name)} are both {who} here: they are added together"
                odd.append(Odd("people who are here", sentence))
        characters = _characters(person, member_id, here, used, odd, needs_main=member_id not in with_main)
        if member_id is not None and characters:
            with_main.add(member_id)
        name = here.members[member_id] if member_id is not None else person.name
        plans.append(PersonPlan(person, member_id, name, characters))
    return tuple(plans)


def _names(document: Document, person: FilePerson) -> list[str]:
    """What a person of the file may be called here; our own exports keep display names apart from characters."""
    mains = [character.name for character in person.characters if character.main]
    return mains if document.format == "quartermaster" else [*mains, person.name]


def _who(document: Document, person: FilePerson, here: Here, spelt: Mapping[str, int]) -> int | None:
    if person.discord_user_id is not None and person.discord_user_id in here.by_discord:
        return here.by_discord[person.discord_user_id]
    for name in _names(document, person):
        key = name_key(name)
        found = here.characters.get(key)
        # Of several who differ only in case, the one that is spelt alike is meant, and no other.
        if found is not None and (spelt[key] == 1 or found[1] == name):
            return found[0]
        if person.by_display_name and spelt[key] == 1 and len(here.by_display_name.get(key, ())) == 1:
            return here.by_display_name[key][0]
    return None


def _characters(
    person: FilePerson, member_id: int | None, here: Here, used: set[str], odd: list[Odd], *, needs_main: bool
) -> tuple[FileCharacter, ...]:
    made: list[FileCharacter] = []
    for character in person.characters:
        key = name_key(character.name)
        if not key:
            continue
        owner = here.characters.get(key)
        if owner is not None and owner[0] == member_id:
            continue  # theirs already
        if owner is not None and not character.main:
            whose = safe(here.members.get(owner[0], "somebody"))
            sentence = f"{safe(character.name)} is {whose}’s here and is not given to {safe(person.name)}"
            odd.append(Odd("characters that are here", sentence))
            continue
        name = _free(character.name, used, CHARACTER_LENGTH)
        if name != character.name and name_key(name) != key:
            odd.append(
                Odd("names that are taken", f"{safe(character.name)} of {safe(person.name)} becomes {safe(name)}")
            )
        used.add(name_key(name))
        main = needs_main and not made
        made.append(FileCharacter(name, character.character_class, character.level, main))
    return tuple(made)
