"""What happens to auctions by themselves: their time runs out."""

from bot.due import Job
from bot.stage import Actor, Stage
from cogs.auctions.service import settle


async def settle_due(stage: Stage, job: Job) -> None:
    """End an auction when its time is over; called twice, or too early, it does nothing."""
    await stage.run(Actor.itself(job.guild_id), lambda session: settle(session, int(job.key)))
