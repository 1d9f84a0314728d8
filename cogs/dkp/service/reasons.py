"""Reasons officers gave lately, offered again while typing; any other can be typed."""

from sqlalchemy import select

from bot.kit.pickers import rank
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key
from db.tables import Audit

_ACTIONS = ("dkp.adjusted", "dkp.batch_posted")
_LOOK_BACK = 300
"""Acts looked through for reasons that differ."""


async def choices(session: Session, typed: str) -> list[Choice]:
    """This guild's own reasons for adjustments, the newest first, each once."""
    query = (
        select(Audit.reason)
        .where(Audit.guild_id == session.guild_id, Audit.action.in_(_ACTIONS), Audit.reason.is_not(None))
        .order_by(Audit.at.desc(), Audit.audit_id.desc())
        .limit(_LOOK_BACK)
    )
    known: dict[str, str] = {}
    for reason in (await session.execute(query)).scalars():
        known.setdefault(name_key(reason or ""), reason or "")
    return rank(typed, [Choice(reason, reason) for reason in known.values()])
