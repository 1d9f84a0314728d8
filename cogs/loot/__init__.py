"""Loot: an award says who got an item, how, and what was paid.

An award that costs something has one ledger entry; undoing it writes the reversal and marks the award, which stays as
a row. No table holds a price for an item: what was paid is the record.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.kit.text import points, safe
from cogs.loot.cog import Loot
from cogs.loot.service import AwardUndo, forget

if TYPE_CHECKING:
    from bot.app import Quartermaster
    from bot.registry import AuditLine


def _awarded(line: "AuditLine") -> str:
    cost = points(Decimal(line.after["cost"]))
    return f"{line.actor} awarded {safe(line.after['item'])} to {line.about} for {cost} ({line.after['how']})"


def _undone(line: "AuditLine") -> str:
    cost = points(Decimal(line.before["cost"]))
    return f"{line.actor} undid the award of {safe(line.before['item'])} to {line.about}, {cost}"


async def setup(bot: "Quartermaster") -> None:
    bot.stage.registry.undo["award"] = AwardUndo()
    bot.stage.registry.sentences |= {"loot.awarded": _awarded, "loot.award.undone": _undone}
    bot.stage.registry.forget.append(forget)
    await bot.add_cog(Loot(bot))
