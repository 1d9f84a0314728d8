"""The door every interaction comes through: who is it, how to answer, and what an error looks like to a member.

Answers to interactions are private. What the guild should see is a board or an outbox message.
"""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import log
from bot.kit.text import MESSAGE_TEXT
from bot.refusals import Refused
from bot.stage import Actor, Stage

if TYPE_CHECKING:
    from bot.app import Quartermaster

DEFER_AFTER_SECONDS = 1.5
"""Discord waits 3 s for an acknowledgement; half of it is left for the network."""
_log = logging.getLogger(__name__)


class Door:
    """One interaction: the actor, the stage, and the private answer."""

    def __init__(self, interaction: discord.Interaction) -> None:
        self.interaction = interaction
        self.bot: Quartermaster = interaction.client  # type: ignore[assignment]
        self.stage: Stage = self.bot.stage
        user = interaction.user
        assert interaction.guild is not None, "commands are guild-only"
        self.guild: discord.Guild = interaction.guild
        self.actor = Actor(
            guild_id=self.guild.id,
            user_id=user.id,
            name=user.display_name,
            manage_guild=interaction.permissions.manage_guild or self.guild.owner_id == user.id,
            role_ids=frozenset(role.id for role in getattr(user, "roles", ())),
            interaction_id=interaction.id,
            received_at=interaction.extras.get("received_at"),
            guild_name=self.guild.name,
        )

    @property
    def channel_id(self) -> int:
        assert self.interaction.channel_id is not None
        return self.interaction.channel_id

    async def say(
        self,
        content: str | None = None,
        *,
        view: discord.ui.View | discord.ui.LayoutView | None = None,
        file: discord.File | None = None,
    ) -> int | None:
        """Answer privately: the first time as the response, later as a follow-up. Returns the message's id.

        What is too long for a message becomes a file.
        """
        if content is not None and len(content) > MESSAGE_TEXT:
            file = discord.File(io.BytesIO(content.encode()), "answer.txt")
            content = "That is too long for a message; here it is as a file."
        sent: dict[str, Any] = {"ephemeral": True, "allowed_mentions": discord.AllowedMentions.none()}
        sent |= {k: v for k, v in (("content", content), ("view", view), ("file", file)) if v is not None}
        async with self._answering:
            if not self.interaction.response.is_done():
                return (await self.interaction.response.send_message(**sent)).message_id
        return (await self.interaction.followup.send(**sent, wait=True)).id

    async def update(self, content: str | None = None, *, view: discord.ui.View | discord.ui.LayoutView | None) -> None:
        """Change the private message whose button was pressed (or, after a command, the answer given)."""
        changed: dict[str, Any] = {"view": view}
        if not isinstance(view, discord.ui.LayoutView):
            changed["content"] = content
        async with self._answering:
            if not self.interaction.response.is_done():
                await self.interaction.response.edit_message(**changed)
                return
        await self.interaction.edit_original_response(**changed)

    async def form(self, form: discord.ui.Modal) -> None:
        """Open a form; must be the first answer."""
        async with self._answering:
            await self.interaction.response.send_modal(form)

    async def later(self) -> None:
        """Something slow follows: acknowledge now (privately; a press leaves its message as it is)."""
        async with self._answering:
            if self.interaction.response.is_done():
                return
            if self.interaction.type is discord.InteractionType.application_command:
                await self.interaction.response.defer(ephemeral=True)
            else:
                await self.interaction.response.defer()

    @property
    def _answering(self) -> asyncio.Lock:
        """The watchdog below and the callback must not both send the first answer."""
        return self.interaction.extras.setdefault("answering", asyncio.Lock())


async def guarded(interaction: discord.Interaction, work: Callable[[Door], Awaitable[None]]) -> None:
    """Run a door's work: logged under a code, acknowledged in time, every error answered in one private sentence."""
    interaction.extras["taken"] = True
    if interaction.guild is None:
        await interaction.response.send_message("I work inside a server: use me there.", ephemeral=True)
        return
    with log.request(interaction.guild.id, interaction.user.id, log.new_code()):
        door = Door(interaction)
        watchdog = asyncio.create_task(_acknowledge_in_time(door))
        try:
            await work(door)
        except Exception as error:
            await answer_error(interaction, error)
        finally:
            watchdog.cancel()


async def _acknowledge_in_time(door: Door) -> None:
    await asyncio.sleep(DEFER_AFTER_SECONDS)
    try:
        await door.later()
    except discord.HTTPException:
        _log.warning("could not acknowledge in time", exc_info=True)


async def answer_error(interaction: discord.Interaction, error: BaseException) -> None:
    """One private sentence: a refusal's own, or "Something broke on our side (code 7F3A)" with the traceback logged."""
    cause = error
    while isinstance(cause, app_commands.CommandInvokeError | app_commands.TransformerError) and cause.__cause__:
        cause = cause.__cause__
    if isinstance(cause, Refused):
        sentence = cause.sentence
    elif isinstance(cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        sentence = "That command changed a moment ago; wait a minute, then type it again."
    elif isinstance(cause, app_commands.NoPrivateMessage):
        sentence = "I work inside a server: use me there."
    elif isinstance(cause, app_commands.CheckFailure):
        sentence = "You may not do that here."
    else:
        code = log.request_code() or log.new_code()
        _log.error("request %s failed", code, exc_info=cause)
        sentence = f"Something broke on our side (code {code}). Nothing was changed by half; an officer can look it up."
    try:
        if interaction.guild is not None:
            await Door(interaction).say(sentence)
        elif not interaction.response.is_done():
            await interaction.response.send_message(sentence, ephemeral=True)
    except discord.HTTPException:
        _log.warning("could not answer %s", interaction.id, exc_info=True)
