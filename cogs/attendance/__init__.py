"""Attendance: of the raids that count for somebody, how many they were at. Reckoned from the raids' rows, never stored.

A raid counts once it ended, was not cancelled and has a tick that stands; the guild counts raids (the default) or
their ticks. Who was excused without any credit, or was away between leaving and returning, has that raid on neither
side; nobody has those before they became trial or member or were first credited. A person who absorbed others
(imported, then claimed) has their credits, each raid and tick once. Main changes and transfers of characters alter
nothing.

This is the one definition used everywhere, voting rights included. It follows that a later correction changes the past:
a tick undone, a raid cancelled or reopened, a credit given afterwards.
"""

from typing import TYPE_CHECKING

from cogs.attendance.cog import AttendanceCog
from cogs.attendance.service import exports
from cogs.attendance.service.facts import circles

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.exports["attendance"] = exports.rows_of
    registry.doctor["nobody was absorbed in a circle"] = circles
    await bot.add_cog(AttendanceCog(bot))
