"""Start points: one entry a member and pool, when somebody first becomes trial or member, and never again.

With `start_on` first_raid they come with the first tick in that pool instead, in the tick's own transaction.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, and_, exists, func, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from bot.stage import Session
from cogs.dkp.service import ledger
from db.tables import Account, LedgerEntry, Member, Pool, Raid, Tick, TickCredit


async def grant(session: Session, member_ids: Collection[int] | None = None) -> int:
    """Give start points to whoever became a member and was not settled yet (of these; None: of all); how many were.

    Settled is for good, also where no pool gives any: changing a pool's start, leaving and returning change nobody.
    """
    fresh = (
        update(Member)
        .where(
            Member.guild_id == session.guild_id,
            Member.became_member_at.is_not(None),
            Member.openings_settled_at.is_(None),
        )
        .values(openings_settled_at=session.now)
        .returning(Member.member_id, Member.display_name, Member.discord_user_id)
        .execution_options(synchronize_session=False)
    )
    if member_ids is not None:
        fresh = fresh.where(Member.member_id.in_(member_ids))
    settled = (await session.execute(fresh)).all()
    people = [person for person in settled if person.discord_user_id is not None]  # the unclaimed get none
    pools = select(Pool).where(
        Pool.guild_id == session.guild_id, Pool.start != 0, Pool.start_on == "join", Pool.archived_at.is_(None)
    )
    giving = list((await session.execute(pools)).scalars())
    accounts = await ledger.lock_accounts(
        session, [(pool.pool_id, person.member_id) for pool in giving for person in people]
    )
    entries = [opening(pool, person.member_id, person.display_name) for pool in giving for person in people]
    await ledger.post(session, entries, accounts)
    return len(settled)


def starts_with_a_raid(pool: Pool) -> bool:
    """Whether somebody's first tick in this pool brings start points."""
    return pool.start != 0 and pool.start_on == "first_raid"


async def grant_first_raid(
    session: Session, pool: Pool, names: Mapping[int, str], accounts: dict[ledger.Key, Account]
) -> None:
    """Give start points to those of these people whose first tick in the pool this is.

    One round trip finds them; their accounts are locked, so nobody else credits them meanwhile.
    """
    fresh = await first_here(session, pool, names)
    await ledger.post(session, [opening(pool, member_id, names[member_id]) for member_id in fresh], accounts)


async def first_here(session: Session, pool: Pool, member_ids: Collection[int]) -> list[int]:
    """Whose first tick in this pool the next one is."""
    return list((await session.execute(_first_here(session, pool, member_ids))).scalars())


def _first_here(session: Session, pool: Pool, member_ids: Collection[int]) -> Select[Any]:
    """Which of these people never had attendance or start points in this pool, nor did who they turned out to be.

    Guests whom a leader adds get none yet: what they were credited with before they became members does not count
    against them. Before the member role is mapped everybody counts as a member.
    """
    since = func.coalesce(Member.became_member_at, literal_column("'-infinity'::timestamptz"))
    own = (LedgerEntry.guild_id == Member.guild_id, LedgerEntry.member_id == Member.member_id)
    had_points = exists().where(
        *own,
        LedgerEntry.pool_id == pool.pool_id,
        or_(LedgerEntry.kind == "opening", and_(LedgerEntry.kind == "attendance", LedgerEntry.created_at >= since)),
    )
    had_a_tick = exists().where(
        TickCredit.guild_id == Member.guild_id,
        TickCredit.member_id == Member.member_id,
        Tick.guild_id == TickCredit.guild_id,
        Tick.tick_id == TickCredit.tick_id,
        Tick.taken_at >= since,
        Raid.guild_id == Tick.guild_id,
        Raid.raid_id == Tick.raid_id,
        Raid.pool_id == pool.pool_id,
    )
    earlier = aliased(Member)
    was_here_before = exists().where(
        earlier.guild_id == Member.guild_id,
        earlier.absorbed_by_member_id == Member.member_id,
        LedgerEntry.guild_id == Member.guild_id,
        LedgerEntry.member_id == earlier.member_id,
        LedgerEntry.pool_id == pool.pool_id,
    )
    query = select(Member.member_id).where(
        Member.guild_id == session.guild_id,
        Member.member_id.in_(member_ids),
        Member.discord_user_id.is_not(None),
        ~had_points,
        ~had_a_tick,
        ~was_here_before,
    )
    return query if "member" not in session.mapping else query.where(Member.became_member_at.is_not(None))


def opening(pool: Pool, member_id: int, member_name: str) -> ledger.NewEntry:
    return ledger.NewEntry(
        pool_id=pool.pool_id,
        member_id=member_id,
        kind="opening",
        amount=pool.start,
        reason="start points",
        source="opening",
        source_id=None,
        key=f"opening:{pool.pool_id}:{member_id}",
        member_name=member_name,
    )
