"""Statistics: what became of a pool's points, and who won how much, beside how often they were there.

All of it is reckoned from rows that every member may read one by one: balances, ledger entries, awards that stand,
attendance. No hold, maximum or offer is read here, so nothing shown can tell one. A window is so many local days up
to today, the same days for loot as for attendance.
"""

from typing import TYPE_CHECKING

from cogs.stats.cog import Stats

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    await bot.add_cog(Stats(bot))
