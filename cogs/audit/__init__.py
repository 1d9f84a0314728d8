"""The audit, read back: every change of every slice as a sentence, for officers.

Slices write their rows beside each change (`bot.audit.record`) and register how they read; here they are only found
and shown. No sentence tells what anybody holds for an open bid.
"""

from typing import TYPE_CHECKING

from cogs.audit import service
from cogs.audit.cog import AuditSearch

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    bot.stage.registry.exports["audit"] = service.export
    await bot.add_cog(AuditSearch(bot))
