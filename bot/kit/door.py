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
LAPSES_AFTER_SECONDS = 900
"""Discord lets us edit a private answer for 15 minutes."""
_ANSWERED_ELSEWHERE = (10062, 40060)
"""Discord's codes for an interaction whose time is over, and one that another delivery answered."""
_Answer = discord.InteractionResponseType
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
            joined_at=getattr(user, "joined_at", None),
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
        content, files = _fitted(content, file)
        sent: dict[str, Any] = {"ephemeral": True, "allowed_mentions": discord.AllowedMentions.none()}
        sent |= {k: v for k, v in (("content", content), ("view", view), ("files", files)) if v}
        async with self._answering:
            if not self.interaction.response.is_done():
                return (await self.interaction.response.send_message(**sent)).message_id
        self._thinking = False
        return (await self.interaction.followup.send(**sent, wait=True)).id

    async def update(self, content: str | None = None, *, view: discord.ui.View | discord.ui.LayoutView | None) -> None:
        """Change the private message whose button was pressed (or, after a command, the answer given).

        A press on a public message is answered beside it: what everybody sees is drawn from the rows.
        """
        response, pressed = self.interaction.response, self.interaction.message
        ours = response.type in (_Answer.channel_message, _Answer.deferred_channel_message)
        if not ours and (pressed is None or not pressed.flags.ephemeral):
            await self.say(content, view=view)
            return
        changed: dict[str, Any] = {"view": view}
        if not isinstance(view, discord.ui.LayoutView):
            changed["content"], files = _fitted(content, None)
            changed |= {"attachments": files} if files else {}
        async with self._answering:
            if not response.is_done():
                await response.edit_message(**changed)
                return
        self._thinking = False
        await self.interaction.edit_original_response(**changed)

    async def form(self, form: discord.ui.Modal) -> None:
        """Open a form. Discord takes one as the first answer only; later it is one more press away."""
        async with self._answering:
            if not self.interaction.response.is_done():
                await self.interaction.response.send_modal(form)
                return
        await self.say("Press to open the form.", view=OneButton("Open the form", lambda door: door.form(form)))

    async def later(self) -> None:
        """Something slow follows: acknowledge now (privately; a press leaves its message as it is)."""
        async with self._answering:
            if self.interaction.response.is_done():
                return
            if self.interaction.type is discord.InteractionType.application_command:
                await self.interaction.response.defer(ephemeral=True)
                self._thinking = True
            else:
                await self.interaction.response.defer()

    async def end(self) -> None:
        """The work is over: whoever was not answered is acknowledged, and Discord stops showing that we think."""
        if self.interaction.extras.get("failed"):
            return  # its sentence was said, or could not be
        if self._thinking or not self.interaction.response.is_done():
            if self.interaction.type is discord.InteractionType.application_command:
                await self.say("Done.")
            else:
                await self.later()

    @property
    def _thinking(self) -> bool:
        """A command was deferred and has no answer yet; every door of this interaction knows."""
        return self.interaction.extras.get("thinking", False)

    @_thinking.setter
    def _thinking(self, value: bool) -> None:
        self.interaction.extras["thinking"] = value

    @property
    def _answering(self) -> asyncio.Lock:
        """The watchdog below and the callback must not both send the first answer."""
        return self.interaction.extras.setdefault("answering", asyncio.Lock())


def _fitted(content: str | None, file: discord.File | None) -> tuple[str | None, list[discord.File]]:
    files = [file] if file is not None else []
    if content is not None and len(content) > MESSAGE_TEXT:
        files.append(discord.File(io.BytesIO(content.encode()), "answer.txt"))
        content = "That is too long for a message; here it is as a file."
    return content, files


class OneButton(discord.ui.View):
    """A private message's one button, kept in memory for 15 minutes."""

    def __init__(self, label: str, then: Callable[[Door], Awaitable[None]]) -> None:
        super().__init__(timeout=LAPSES_AFTER_SECONDS)
        self.add_item(_One(label, then))


class _One(discord.ui.Button[OneButton]):
    def __init__(self, label: str, then: Callable[[Door], Awaitable[None]]) -> None:
        super().__init__(label=label, style=discord.ButtonStyle.primary)
        self.then = then

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await guarded(interaction, self.then)


async def guarded(interaction: discord.Interaction, work: Callable[[Door], Awaitable[None]]) -> None:
    """Run a door's work: logged under a code, acknowledged in time, every error answered in one private sentence."""
    interaction.extras["taken"] = True
    with log.request(interaction.guild_id, interaction.user.id, log.new_code()):
        watchdog: asyncio.Task[None] | None = None
        try:
            if interaction.guild is None:
                raise app_commands.NoPrivateMessage
            door = Door(interaction)
            watchdog = asyncio.create_task(_acknowledge_in_time(door))
            await work(door)
            await door.end()
        except Exception as error:
            await answer_error(interaction, error)
        finally:
            if watchdog is not None:
                watchdog.cancel()


async def _acknowledge_in_time(door: Door) -> None:
    await asyncio.sleep(DEFER_AFTER_SECONDS)
    try:
        await door.later()
    except discord.HTTPException:
        _log.warning("could not acknowledge in time", exc_info=True)


async def answer_error(
    interaction: discord.Interaction, error: BaseException, view: discord.ui.View | None = None
) -> None:
    """One private sentence: a refusal's own, or "Something broke on our side (code 7F3A)" with the traceback logged.

    `view` goes under it: what was typed is given back there.
    """
    interaction.extras["failed"] = True
    cause = error
    while isinstance(cause, app_commands.CommandInvokeError | app_commands.TransformerError) and cause.__cause__:
        cause = cause.__cause__
    if isinstance(cause, discord.HTTPException) and cause.code in _ANSWERED_ELSEWHERE:
        _log.warning("could not answer %s: %s", interaction.id, cause)
        return
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
            await Door(interaction).say(sentence, view=view)
        elif not interaction.response.is_done():
            await interaction.response.send_message(sentence, ephemeral=True)
    except Exception:
        _log.warning("could not answer %s", interaction.id, exc_info=True)
