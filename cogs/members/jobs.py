"""Due work of people and guilds: tell every slice that somebody left; erase a guild we were removed from."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from bot import people
from bot.due import Job
from bot.stage import Actor, Stage
from cogs.members.service import guild_life

if TYPE_CHECKING:
    from bot.app import Quartermaster

Who = TypeVar("Who", int, int | None)
"""A member's id; None, where a hook takes it, is everybody."""
_log = logging.getLogger(__name__)


async def member_left(stage: Stage, job: Job) -> None:
    """Tell every slice that somebody left."""
    await _tell_slices(stage, stage.registry.leavers, job, int(job.key))


async def rights_changed(stage: Stage, job: Job) -> None:
    """Tell every slice that somebody, or everybody, may do less than before."""
    who = None if job.key == people.EVERYBODY else int(job.key)
    await _tell_slices(stage, stage.registry.rights_lost, job, who)


async def _tell_slices(
    stage: Stage, hooks: Sequence[Callable[[Stage, int, Who], Awaitable[None]]], job: Job, who: Who
) -> None:
    """Call every slice's hook, each in its own transactions; one that fails stops no other and is tried again."""
    failed: list[Exception] = []
    for hook in hooks:
        try:
            await hook(stage, job.guild_id, who)
        except Exception as error:
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"not every slice could take {job.kind}", failed)


class EraseGuild:
    """Erases a guild 30 days after we were removed; never one that this process serves."""

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    async def __call__(self, stage: Stage, job: Job) -> None:
        itself = Actor.itself(job.guild_id)
        if (guild := self.bot.get_guild(job.guild_id)) is not None:
            await stage.run(itself, lambda session: guild_life.be_here(session, guild.name))
            return
        if await stage.run(itself, guild_life.erase):
            _log.info("erased guild %s, 30 days after we were removed from it", job.guild_id)
