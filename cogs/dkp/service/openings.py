"""Start points: one entry a member and pool, when somebody first becomes trial or member, and never again."""

from collections.abc import Collection

from sqlalchemy import select, update

from bot.stage import Session
from cogs.dkp.service import ledger
from db.tables import Member, Pool


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
            Member.discord_user_id.is_not(None),  # imported and not claimed: never
        )
        .values(openings_settled_at=session.now)
        .returning(Member.member_id, Member.display_name)
        .execution_options(synchronize_session=False)
    )
    if member_ids is not None:
        fresh = fresh.where(Member.member_id.in_(member_ids))
    people = (await session.execute(fresh)).all()
    pools = select(Pool).where(
        Pool.guild_id == session.guild_id, Pool.start != 0, Pool.start_on == "join", Pool.archived_at.is_(None)
    )
    giving = list((await session.execute(pools)).scalars())
    accounts = await ledger.lock_accounts(
        session, [(pool.pool_id, person.member_id) for pool in giving for person in people]
    )
    entries = [opening(pool, person.member_id, person.display_name) for pool in giving for person in people]
    await ledger.post(session, entries, accounts)
    return len(people)


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
