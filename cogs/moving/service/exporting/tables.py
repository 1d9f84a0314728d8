"""Four tables in a zip, for spreadsheets: ledger.csv, balances.csv, attendance.csv, loot.csv."""

from collections.abc import AsyncIterator
from typing import Final

from bot.kit.cells import BOM, csv_lines
from cogs.moving.service.exporting.reading import Scope

_LEDGER: Final = (
    "entry", "date", "pool", "member", "character", "kind", "amount", "balance after", "reason", "source", "officer",
    "reverses",
)  # fmt: skip
_BALANCES: Final = ("member", "character", "pool", "balance", "earned", "spent", "adjusted", "start")
_ATTENDANCE: Final = (
    "raid", "event", "status", "started", "tick", "taken", "value", "undone", "member", "character", "standby",
    "evidence",
)  # fmt: skip
_LOOT: Final = ("date", "item", "member", "character", "cost", "pool", "how", "raid", "note", "undone")


async def tables(scope: Scope) -> AsyncIterator[tuple[str, str]]:
    """(file name, piece of its text)"""
    pools = {row[0].pool_id: row[0].name for row in await scope.all(scope.pools())}
    names = {row[0].member_id: row[0].display_name for row in await scope.all(scope.members())}
    mains = {row[0].owner_member_id: row[0].name for row in await scope.all(scope.characters()) if row[0].is_main}
    raids = {row[0].raid_id: (row[0], row[1]) for row in await scope.all(scope.raids())}

    yield "ledger.csv", BOM + csv_lines([_LEDGER])
    async for piece in scope.ledger():
        yield (
            "ledger.csv",
            csv_lines(
                (
                    entry.entry_id, entry.created_at, pools[entry.pool_id], names.get(entry.member_id, ""),
                    text.character_name if text else None, entry.kind, entry.amount, entry.balance_after,
                    text.reason if text else None, entry.source, text.actor_name if text else None,
                    entry.reverses_entry_id,
                )
                for entry, text, _ in piece
            ),
        )  # fmt: skip

    yield "balances.csv", BOM + csv_lines([_BALANCES])
    yield (
        "balances.csv",
        csv_lines(
            (
                names.get(member_id, ""), mains.get(member_id), pools[pool_id], one["balance"], one["earned"],
                one["spent"], one["adjusted"], one["opening"],
            )
            for (pool_id, member_id), one in sorted(scope.accounts.items())
        ),
    )  # fmt: skip

    yield "attendance.csv", BOM + csv_lines([_ATTENDANCE])
    ticks = {row[0].tick_id: row[0] for row in await scope.all(scope.ticks())}
    async for piece in scope.rows(scope.credits()):
        shown = [(row[0], ticks[row[0].tick_id]) for row in piece if row[0].tick_id in ticks]
        yield (
            "attendance.csv",
            csv_lines(
                (
                    raids[tick.raid_id][0].name, raids[tick.raid_id][1], raids[tick.raid_id][0].status,
                    raids[tick.raid_id][0].started_at, tick.number, tick.taken_at, tick.value,
                    tick.undone_at is not None, names.get(credit.member_id, ""), credit.character_name,
                    credit.standby, credit.evidence,
                )
                for credit, tick in shown
                if tick.raid_id in raids
            ),
        )  # fmt: skip

    yield "loot.csv", BOM + csv_lines([_LOOT])
    async for piece in scope.rows(scope.awards()):
        yield (
            "loot.csv",
            csv_lines(
                (
                    award.awarded_at, award.item_name, award.member_name, award.character_name, award.cost,
                    pools[award.pool_id], award.how, raids[award.raid_id][0].name if award.raid_id in raids else None,
                    award.note, award.undone_at is not None,
                )
                for (award,) in piece
            ),
        )  # fmt: skip
