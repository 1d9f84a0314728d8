"""The one way a tick pays: accounts locked together, one entry and one credit row a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import people
from bot.stage import Session
from cogs.dkp.service import ledger, openings
from cogs.dkp.service.ledger import NewEntry, Snapshot
from cogs.dkp.service.pools import lock_open
from cogs.raids.rules import Credit
from db.tables import Member, Pool, Raid, Tick, TickCredit


@dataclass(frozen=True, slots=True)
class Paid:
    """What credits came to: points by member, and what caps cut; both by (tick_id, member_id) too."""

    by_member: dict[int, Decimal]
    cut: Decimal
    each: dict[tuple[int, int], ledger.Posted] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum(self.by_member.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a file shows of a credit: the line as it was written, the character in it, and the import it came by."""

    line: str
    character: Snapshot
    raid_import_id: int | None


async def get_pool(session: Session, raid: Raid) -> Pool:
    """The pool a raid pays in. Of a raid that is over it may be archived meanwhile: then it pays nobody any more."""
    if raid.status != "running":
        return await lock_open(session, raid.pool_id)
    pool = await session.get(Pool, (session.guild_id, raid.pool_id))
    assert pool is not None
    return pool


async def credited(session: Session, tick_ids: Collection[int]) -> set[tuple[int, int]]:
    """(tick_id, member_id) of everybody these ticks credit; exact while their raid is locked.

    A credit of somebody absorbed since is the absorber's: a tick credits a person once.
    """
    query = (
        select(TickCredit.tick_id, func.coalesce(Member.absorbed_by_member_id, TickCredit.member_id).label("member_id"))
        .join(Member, (Member.guild_id == TickCredit.guild_id) & (Member.member_id == TickCredit.member_id))
        .where(TickCredit.guild_id == session.guild_id, TickCredit.tick_id.in_(tick_ids))
    )
    return {(row.tick_id, row.member_id) for row in await session.execute(query)}


async def evidence_of(session: Session, tick_ids: Collection[int], member_id: int) -> dict[int, str]:
    """By which evidence these ticks credit somebody, for those that do."""
    query = select(TickCredit.tick_id, TickCredit.evidence).where(
        TickCredit.guild_id == session.guild_id, TickCredit.tick_id.in_(tick_ids), TickCredit.member_id == member_id
    )
    return {row.tick_id: row.evidence for row in await session.execute(query)}


async def pay(
    session: Session,
    raid: Raid,
    paid: Sequence[tuple[Tick, Credit]],
    evidence: Mapping[tuple[int, int], Evidence] | None = None,
) -> Paid:
    """Write the credits of one or several ticks of a locked raid. `evidence`: files', by (tick_id, member_id).

    A credit worth nothing counts as attendance and has no entry; the same where the cap left nothing of it.
    """
    if not paid:
        return Paid({}, Decimal(0))
    ids = sorted({credit.member_id for _, credit in paid})
    pool = await get_pool(session, raid)
    starts = openings.starts_with_a_raid(pool)
    accounts = await ledger.lock_accounts(session, [(raid.pool_id, c.member_id) for _, c in paid if c.amount or starts])
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(ids)
    )
    names = {row.member_id: row.display_name for row in await session.execute(query)}
    if starts:
        await openings.grant_first_raid(session, pool, names, accounts)
    mains = await people.mains(session, ids)

    shown = evidence or {}

    def snapshot(tick: Tick, member_id: int) -> Snapshot:
        """The character a file shows; else the main."""
        seen, main = shown.get((tick.tick_id, member_id)), mains.get(member_id)
        if seen is not None and seen.character.name:
            return seen.character
        return Snapshot(main.name, main.character_class, main.level) if main else Snapshot()

    worth = [(tick, credit) for tick, credit in paid if credit.amount]
    entries = await ledger.post(
        session,
        [
            NewEntry(
                pool_id=raid.pool_id,
                member_id=credit.member_id,
                kind="attendance",
                amount=credit.amount,
                reason=f"{raid.name}, tick {tick.number}{' on standby' if credit.standby else ''}",
                source="tick",
                source_id=tick.tick_id,
                key=f"tick:{tick.tick_id}:{credit.member_id}",
                member_name=names[credit.member_id],
                character=snapshot(tick, credit.member_id),
            )
            for tick, credit in worth
        ],
        accounts,
    )
    entry_of = {(t.tick_id, c.member_id): posted for (t, c), posted in zip(worth, entries, strict=True)}
    nothing = ledger.Posted(None, Decimal(0), Decimal(0))
    rows = [
        {
            "guild_id": session.guild_id,
            "tick_id": tick.tick_id,
            "member_id": credit.member_id,
            "entry_id": entry_of.get((tick.tick_id, credit.member_id), nothing).entry_id,
            "standby": credit.standby,
            "evidence": credit.evidence,
            "character_name": snapshot(tick, credit.member_id).name,
            "line": seen.line if seen else None,
            "raid_import_id": seen.raid_import_id if seen else None,
        }
        for tick, credit in paid
        for seen in [shown.get((tick.tick_id, credit.member_id))]
    ]
    await session.execute(insert(TickCredit), rows)
    await _note_last_credit(session, ids)
    each: dict[int, Decimal] = {}
    for (_, member_id), posted in entry_of.items():
        each[member_id] = each.get(member_id, Decimal(0)) + posted.amount
    return Paid(each, sum((posted.cut for posted in entry_of.values()), Decimal(0)), entry_of)


async def _note_last_credit(session: Session, member_ids: Collection[int]) -> None:
    """Who was credited lately is active. Rows in somebody else's hands are skipped: the next tick notes them."""
    free = (
        select(Member.member_id)
        .where(Member.guild_id == session.guild_id, Member.member_id.in_(member_ids))
        .order_by(Member.member_id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    ids = list((await session.execute(free)).scalars())
    await session.execute(
        update(Member)
        .where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
        .values(last_credit_at=session.now)
        .execution_options(synchronize_session=False)
    )


async def entries_of(session: Session, tick_ids: Collection[int]) -> list[int]:
    query = select(TickCredit.entry_id).where(
        TickCredit.guild_id == session.guild_id,
        TickCredit.tick_id.in_(tick_ids),
        TickCredit.entry_id.is_not(None),
    )
    return [entry_id for entry_id in (await session.execute(query)).scalars() if entry_id is not None]


async def standing_ticks(session: Session, raid_id: int) -> Sequence[Tick]:
    """Ticks of a raid that were not undone, by number."""
    query = (
        select(Tick)
        .where(Tick.guild_id == session.guild_id, Tick.raid_id == raid_id, Tick.undone_at.is_(None))
        .order_by(Tick.number)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()
