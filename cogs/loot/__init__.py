"""Loot: an award says who got an item, how, and what was paid.

An award that costs something has one ledger entry; undoing it writes the reversal and marks the award, which stays as
a row. No table holds a price for an item: what was paid is the record. What was decided outside an auction (bid for in
the game, rolled for, given) is recorded by leaders; the same item of one raid twice within 10 minutes is asked.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.kit.text import points, safe
from cogs.loot.cog import Loot
from cogs.loot.service import AwardUndo, keeping
from cogs.loot.service.explaining import explain_award

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
    registry = bot.stage.registry
    registry.explain["award"] = explain_award
    registry.undo["award"] = AwardUndo()
    registry.doctor["awards and their entries agree"] = keeping.doctor
    registry.exports["loot"] = keeping.export_awards
    registry.forget.append(keeping.forget)
    registry.sentences |= {"loot.awarded": _awarded, "loot.award.undone": _undone}
    await bot.add_cog(Loot(bot))
