"""OpenDKP exports (JSON): characters, raids with ticks and attendees, items, adjustments; keys in any spelling.

balance = ticks − items + adjustments. Where the file also says what somebody has, that is proved.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any, Final

from bot.kit.text import points, safe
from bot.typed import name_key
from cogs.moving.rules.amounts import read_moment
from cogs.moving.rules.document import (
    CHARACTER_LENGTH,
    ZERO,
    Document,
    FileCharacter,
    FileEntry,
    FilePerson,
    FilePool,
    Odd,
    Totals,
    UnreadableFile,
    check_amount_of_work,
    check_sums,
    clean,
    quoted,
    refuse_lies,
)
from cogs.moving.rules.opendkp.making import ITEMS, Known, Making
from cogs.moving.rules.opendkp.rows import as_row, rows_of, text_of, value_of

_CHARACTERS: Final = ("characters", "players", "members", "models")
_RAIDS: Final = ("raids",)
_ADJUSTMENTS: Final = ("adjustments",)


def looks_like(data: Any) -> bool:
    """Whether loaded JSON has what an OpenDKP export has."""
    root = as_row(data)
    return any(name in root for name in (*_CHARACTERS, *_RAIDS)) if root else False


def read(name: str, data: Any, zone: tzinfo) -> Document:
    root = as_row(data)
    if root is None or not looks_like(data):
        raise UnreadableFile(f"{quoted(name)} has neither characters nor raids: that is no OpenDKP export.")
    made = Making(name, zone)
    for number, row in enumerate(rows_of(root, _CHARACTERS, "characters"), 1):
        made.add_character(row, number)
    made.join_alts()
    for number, row in enumerate(rows_of(root, _RAIDS, "raids"), 1):
        made.add_raid(row, number)
    for number, row in enumerate(rows_of(root, ITEMS, "items"), 1):
        made.add_item_of_none(row, number)
    for number, row in enumerate(rows_of(root, _ADJUSTMENTS, "adjustments"), 1):
        made.add_adjustment(row, number)
    return _document(made, read_moment(text_of(value_of(root, "exportedat", "timestamp", "date")), zone))


def _document(made: Making, taken_at: datetime | None) -> Document:
    groups: dict[str, list[Known]] = defaultdict(list)
    for key, one in made.known.items():
        groups[made.mains[key]].append(one)
    claims = sum(one.claim is not None for one in made.known.values())
    refuse_lies(list(_lies(groups)), quoted(made.file_name))
    check_amount_of_work(len(made.entries) + len(made.awards))
    check_sums(made.entries)
    made.first_pool()
    people = tuple(_person(main, group) for main, group in groups.items())
    proofs = [f"balance = {sum(len(raid.ticks) for raid in made.raids.values()):,} ticks − {len(made.awards):,} items"]
    proofs[0] += f" + {sum(entry.kind == 'adjustment' for entry in made.entries):,} adjustments"
    if claims:
        proofs.append(f"the {claims:,} balances the file states are those")
    return Document(
        format="opendkp",
        pools=tuple(made.pools.values()),
        people=people,
        entries=tuple(made.entries),
        awards=tuple(made.awards),
        raids=tuple(made.raids.values()),
        totals=totals_of(made.entries, made.pools),
        odd=(*made.odd, *_oddities(groups)),
        taken_at=taken_at,
        rows=len(made.known) + len(made.entries),
        proofs=tuple(proofs),
    )


def totals_of(entries: list[FileEntry], pools: dict[str, FilePool]) -> dict[str, Totals]:
    """What entries come to by pool."""
    sums = {pool: {"attendance": ZERO, "loot": ZERO, "rest": ZERO} for pool in pools}
    for entry in entries:
        sums[entry.pool][entry.kind if entry.kind in ("attendance", "loot") else "rest"] += entry.amount
    return {
        pool: Totals(one["attendance"], -one["loot"], one["rest"], sum(one.values(), ZERO))
        for pool, one in sums.items()
    }


def _lies(groups: dict[str, list[Known]]) -> Iterator[str]:
    for group in groups.values():
        together = sum((one.sum for one in group), ZERO)
        for one in group:
            if one.claim is not None and one.claim not in (one.sum, together):
                yield (
                    f"{safe(one.row)}: ticks − items + adjustments is {points(one.sum)}, and the file says"
                    f" {points(one.claim)}"
                )


def _person(main: str, group: list[Known]) -> FilePerson:
    group = sorted(group, key=lambda one: one.key != main)
    active = [one.active for one in group if one.active is not None]
    return FilePerson(
        key=main,
        name=group[0].name,
        characters=tuple(
            FileCharacter(clean(one.name, CHARACTER_LENGTH, one.name), one.character_class, one.level, number == 0)
            for number, one in enumerate(group)
        ),
        active=any(active) if active else None,
        last_credit_at=max((one.last_at for one in group if one.last_at), default=None),
    )


def _oddities(groups: dict[str, list[Known]]) -> Iterator[Odd]:
    seen: dict[str, Known] = {}
    for group in groups.values():
        for one in group:
            other = seen.setdefault(name_key(one.name), one)
            if other is not one:
                names = f"{safe(other.name)} and {safe(one.name)}"
                yield Odd("names that differ only in case", f"{names}: each stays a person or character of its own")
        total = sum((one.sum for one in group), ZERO)
        if total < 0:
            yield Odd("negative balances", f"{safe(group[0].name)} has {points(total)}")
        if total % 1:
            yield Odd("fractional balances", f"{safe(group[0].name)} has {points(total)}")
