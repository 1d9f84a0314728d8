"""The proof: every account's columns are the sums of its entries, in both directions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from bot.kit.text import points, safe
from cogs.moving.rules.amounts import read_amount
from cogs.moving.rules.document import ZERO, FileEntry, Totals, quoted, refuse_lies

_COLUMN_OF: Final = {"attendance": "earned", "bonus": "earned", "loot": "spent", "opening": "opening"}
"""The rest moves `adjusted`."""
COLUMNS: Final = ("opening", "earned", "spent", "adjusted", "balance")
Account = tuple[str, str]
"""(person, pool)"""
Sums = dict[Account, dict[str, Decimal]]


def come_to(entries: Iterable[FileEntry], pools: Iterable[str]) -> tuple[dict[str, Totals], Sums]:
    """What entries come to, by pool and by account."""
    sums: Sums = defaultdict(lambda: defaultdict(lambda: ZERO))
    totals: dict[str, dict[str, Decimal]] = {pool: defaultdict(lambda: ZERO) for pool in pools}
    for entry in entries:
        column = _COLUMN_OF.get(entry.kind, "adjusted")
        amount = -entry.amount if column == "spent" else entry.amount
        for one in (sums[entry.person, entry.pool], totals[entry.pool]):
            one[column] += amount
            one["balance"] += entry.amount
    made = {
        pool: Totals(one["earned"], one["spent"], one["opening"] + one["adjusted"], one["balance"])
        for pool, one in totals.items()
    }
    return made, sums


def prove(name: str, balances: Iterable[tuple[str, Mapping[str, Any]]], sums: Sums) -> None:
    """Compare with what the file's balances say: (person, row) each; several rows of one person are added."""
    claims: Sums = defaultdict(lambda: defaultdict(lambda: ZERO))
    rows: dict[Account, str] = {}
    for person, row in balances:
        key = person, row["pool"]
        rows[key] = row["row"]
        for column in COLUMNS:
            claims[key][column] += read_amount(row.get(column) or "0", row["row"], column)
    lies = []
    for key in dict.fromkeys([*claims, *sums]):
        for column in COLUMNS:
            claim, entries = claims[key][column], sums[key][column]
            if claim != entries:
                where = rows.get(key, f"member {key[0]} in pool {key[1]}, who has no balance")
                lies.append(f"{safe(where)}: {column} is {points(claim)}, and the entries come to {points(entries)}")
    refuse_lies(lies, quoted(name))
