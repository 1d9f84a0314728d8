"""The guarded command tree: every slash command and autocomplete goes through here."""

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import log
from bot.kit.door import Door, answer_error, guarded

if TYPE_CHECKING:
    from discord.ext.commands import AutoShardedBot

_log = logging.getLogger(__name__)


class GuardedTree(app_commands.CommandTree["AutoShardedBot"]):
    """Runs each command under `guarded`; an autocomplete that fails offers nothing and is logged."""

    def __init__(self, client: "AutoShardedBot") -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            interaction.extras["taken"] = True
            with log.request(interaction.guild_id, interaction.user.id, log.new_code()):
                try:
                    await super()._call(interaction)
                    if not interaction.response.is_done():  # discord.py logged why
                        await interaction.response.autocomplete([])
                except discord.HTTPException as error:
                    _log.warning("autocomplete was not answered: %s", error)
                except Exception:
                    _log.exception("autocomplete failed")
            return

        async def invoke(_: Door) -> None:
            await super(GuardedTree, self)._call(interaction)

        await guarded(interaction, invoke)

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        await answer_error(interaction, error)
