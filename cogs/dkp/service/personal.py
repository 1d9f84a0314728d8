"""What points keep of a person: handed out with `/me export`, left without names by `/me forget`.

The ledger itself is never changed: names and words stand beside it.
"""

from typing import Any

from sqlalchemy import or_, select, update

from bot import personal
from bot.stage import Session
from db.tables import Account, Batch, DecayRun, DecaySchedule, EntryText, LedgerEntry, Pool, Transfer

_SAYS_NOTHING_OF_THEM = ("attendance", "loot", "opening", "decay")
"""Kinds whose reason is a raid, an item or a rule."""


async def export_points(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """What they have in each pool; what is held is their own to see."""
    query = (
        select(
            Pool.name.label("pool"),
            Account.opening,
            Account.earned,
            Account.spent,
            Account.adjusted,
            Account.balance,
            Account.held,
        )
        .join(Pool, (Pool.guild_id == Account.guild_id) & (Pool.pool_id == Account.pool_id))
        .where(Account.guild_id == session.guild_id, Account.member_id.in_(member_ids))
        .order_by(Account.pool_id, Account.member_id)
    )
    return await personal.rows(session, query)


async def export_ledger(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """Every movement of their points, with its words, oldest first."""
    query = (
        select(
            LedgerEntry.entry_id,
            LedgerEntry.created_at,
            Pool.name.label("pool"),
            LedgerEntry.kind,
            LedgerEntry.amount,
            LedgerEntry.balance_after,
            LedgerEntry.source,
            LedgerEntry.reverses_entry_id,
            EntryText.reason,
            EntryText.actor_name.label("by"),
            EntryText.member_name,
            EntryText.character_name,
            EntryText.character_class,
            EntryText.character_level,
        )
        .join(EntryText, (EntryText.guild_id == LedgerEntry.guild_id) & (EntryText.entry_id == LedgerEntry.entry_id))
        .join(Pool, (Pool.guild_id == LedgerEntry.guild_id) & (Pool.pool_id == LedgerEntry.pool_id))
        .where(LedgerEntry.guild_id == session.guild_id, LedgerEntry.member_id.in_(member_ids))
        .order_by(LedgerEntry.entry_id)
    )
    return await personal.rows(session, query)


async def forget(session: Session, member_ids: list[int]) -> None:
    """Names and words of their entries, and their name where they acted. Their number stays in entries they made."""
    theirs = select(LedgerEntry.entry_id).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.member_id.in_(member_ids)
    )
    texts = update(EntryText).where(EntryText.guild_id == session.guild_id)
    unnamed = {
        "member_name": personal.SOMEBODY,
        "character_name": None,
        "character_class": None,
        "character_level": None,
    }
    quiet = {"synchronize_session": False}
    await session.execute(texts.where(EntryText.entry_id.in_(theirs)).values(unnamed).execution_options(**quiet))
    told = theirs.where(LedgerEntry.kind.not_in(_SAYS_NOTHING_OF_THEM))
    # Of points given to or by them, and of a link, the other side's words name them too.
    pairs = select(LedgerEntry.source, LedgerEntry.source_id).where(
        LedgerEntry.guild_id == session.guild_id,
        LedgerEntry.member_id.in_(member_ids),
        LedgerEntry.source.in_(("transfer", "claim")),
    )
    sources = {(row.source, row.source_id) for row in await session.execute(pairs)}
    for source in ("transfer", "claim"):
        ids = [source_id for kind, source_id in sources if kind == source]
        both = select(LedgerEntry.entry_id).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.source == source, LedgerEntry.source_id.in_(ids)
        )
        wordless = texts.where(EntryText.entry_id.in_(both)).values(reason=personal.NO_WORDS)
        await session.execute(wordless.execution_options(**quiet))
    wordless = texts.where(EntryText.entry_id.in_(told)).values(reason=personal.NO_WORDS)
    await session.execute(wordless.execution_options(**quiet))
    users = await personal.users_of(session, member_ids)
    made = select(LedgerEntry.entry_id).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.actor_user_id.in_(users)
    )
    nameless = texts.where(EntryText.entry_id.in_(made)).values(actor_name=personal.SOMEBODY)
    await session.execute(nameless.execution_options(**quiet))
    given = update(Transfer).where(
        Transfer.guild_id == session.guild_id,
        or_(Transfer.from_member_id.in_(member_ids), Transfer.to_member_id.in_(member_ids)),
    )
    await session.execute(given.values(reason=personal.NO_WORDS).execution_options(**quiet))
    await personal.unsign(
        session,
        member_ids,
        Batch.made_by_user_id,
        DecayRun.run_by_user_id,
        DecaySchedule.set_by_user_id,
    )
