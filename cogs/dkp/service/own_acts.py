"""What somebody undid to themselves is told where everybody reads it."""

from sqlalchemy import func, literal_column, select

from bot.kit.text import safe
from bot.stage import Session
from cogs.dkp.service.adjustments import tell_own_act
from db.tables import LedgerEntry, Pool


async def tell_own_reversal(session: Session, sentence: str, reason: str, here: int | None) -> None:
    """Call it once, last, in a transaction that reversed entries: whoever acts and moved points of their own is told
    of in the audit channel, else `here`. `sentence` says what was undone, made safe."""
    own = await _own_reversal(session)
    if own is not None:
        did = f"undid what moved their own points. {sentence} Reason: {safe(reason)}"
        tell_own_act(session, f"ownu{own}", did, here)


async def _own_reversal(session: Session) -> int | None:
    """The last reversal that the acting member posted on themselves in this transaction.

    Not "since it began": another undo of theirs may have been committed meanwhile, and tells of itself.
    """
    if session.me is None:
        return None
    pools = select(Pool.pool_id).where(Pool.guild_id == session.guild_id)
    query = select(func.max(LedgerEntry.entry_id)).where(
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.pool_id.in_(pools),
        LedgerEntry.member_id == session.me.member_id,
        LedgerEntry.kind == "reversal",
        LedgerEntry.actor_user_id == session.actor.user_id,
        literal_column("ledger_entry.xmin") == literal_column("pg_current_xact_id()::xid"),
    )
    return (await session.execute(query)).scalar_one()
