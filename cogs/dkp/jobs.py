"""Due work of points: start points for who became a member, and decay."""

from bot import people
from bot.due import Job
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import decay_schedules, openings


async def became_member(stage: Stage, job: Job) -> None:
    """Somebody, or everybody at a mapping, may have become a member for the first time."""
    who = None if job.key == people.EVERYBODY else [int(job.key)]

    async def work(session: Session) -> None:
        await openings.grant(session, who)

    await stage.run(Actor.itself(job.guild_id), work)


async def decay(stage: Stage, job: Job) -> None:
    """A pool's schedule has come due; called twice it does nothing more."""
    await stage.run(Actor.itself(job.guild_id), lambda session: decay_schedules.run_due(session, int(job.key)))
