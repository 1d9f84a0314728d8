"""The guild itself: we are removed from a server, invited again, or forget it for good 30 days later."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select, text, update

from bot import audit, due, people
from bot.stage import Session
from db.tables import Guild, Outbox

KEPT: Final = timedelta(days=30)
"""How long a server's data outlives our removal."""


async def be_here(session: Session, name: str) -> None:
    """We are in this server, now or again: nothing is erased, and everything is as it was."""
    guild = await _lock(session)
    if guild is None:  # erased while we waited for its row
        await people.ensure_guild(session, session.guild_id, name)
        return
    if guild.removed_at is not None:
        await due.cancel(session, "guild.erase", session.guild_id)
        audit.record(session, "guild.returned", before={"removed_at": guild.removed_at})
        guild.removed_at = None
    guild.name = name


async def be_removed(session: Session) -> None:
    """We were removed: what is here is erased in 30 days, and what was waiting to be posted never will be."""
    guild = await _lock(session)
    if guild is None or guild.removed_at is not None:
        return
    guild.removed_at = session.now
    audit.record(session, "guild.removed")
    waiting = update(Outbox).where(Outbox.guild_id == session.guild_id, Outbox.status.in_(("pending", "sending")))
    await session.execute(waiting.values(status="failed", error="removed from the server"))
    await due.schedule(session, "guild.erase", session.guild_id, session.now + KEPT)


async def erase(session: Session) -> bool:
    """Delete every row of this guild, unless it was invited again or the 30 days are not over."""
    guild = await _lock(session, deleting=True)
    if guild is None or guild.removed_at is None or guild.removed_at + KEPT > session.now:
        return False
    session.expunge_all()  # nothing of it may be written again
    await session.execute(text("SELECT erase_guild(:guild_id)"), {"guild_id": session.guild_id})
    return True


async def _lock(session: Session, *, deleting: bool = False) -> Guild | None:
    """Lock the guild's row; unless it is to be deleted, the guild's other work goes on meanwhile."""
    query = select(Guild).where(Guild.guild_id == session.guild_id).with_for_update(key_share=not deleting)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
