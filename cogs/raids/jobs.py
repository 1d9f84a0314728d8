"""What comes due at raids: automatic ticks, claims that lapse, and telling the slices above of a cancelled raid."""

from collections.abc import Awaitable, Callable, Sequence

from bot.due import Job
from bot.stage import Actor, Session, Stage
from cogs.raids.service import claims, ticks
from cogs.raids.service.ticks import Heard
from db.tables import Raid

Listen = Callable[[int, int], Awaitable[Sequence[Heard] | None]]
"""(guild_id, voice_channel_id) -> who is in the channel now; None when the channel cannot be seen."""


class TickDue:
    """Takes the tick that is due, with whoever is in the raid's voice channel at that moment."""

    def __init__(self, listen: Listen) -> None:
        self.listen = listen

    async def __call__(self, stage: Stage, job: Job) -> None:
        itself, raid_id = Actor.itself(job.guild_id), int(job.key)

        async def look(session: Session) -> int | None:
            raid = await session.get(Raid, (session.guild_id, raid_id))
            return raid.voice_channel_id if raid else None

        channel_id = await stage.run(itself, look)
        heard = await self.listen(job.guild_id, channel_id) if channel_id else None
        await ticks.take_automatic_tick(stage, itself, raid_id, job.due_at, heard, job.late)


async def raid_cancelled(stage: Stage, job: Job) -> None:
    """Each listener does its own work in its own transactions, and bears being called twice."""
    for listener in stage.registry.cancelled_raids:
        await listener(stage, job.guild_id, int(job.key), job.payload["reason"])


async def claim_lapsed(stage: Stage, job: Job) -> None:
    """Nobody answered it in time."""
    await claims.lapse_claim(stage, Actor.itself(job.guild_id), int(job.key))
