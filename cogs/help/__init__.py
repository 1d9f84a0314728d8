"""Help: by what somebody wants, and only what they may do.

A topic is a wish with two or three sentences and the commands that fulfil it; the words about each command are its own
description, so they are never out of date. Every command a person can type is in some topic (a test checks).
"""

from typing import TYPE_CHECKING

from cogs.help.cog import Help

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    await bot.add_cog(Help(bot))
