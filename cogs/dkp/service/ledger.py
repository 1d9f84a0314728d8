"""The ledger's own functions: lock accounts, post entries, reverse them, hold and release points.

All of them join the caller's transaction. Locks are taken in one order, written here: raids, then applications, then
auctions, each kind by ascending id, ALL parents before ANY account; then, in one statement, every account the work
can touch, ordered by pool and member. Found one by one they deadlock (929 times in 1,200 batches; 0 locked up front).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from bot.kit.text import points, safe
from bot.stage import Session
from cogs.dkp.rules import COLUMN, AlreadyReversed, EntryKind, Purse
from db.tables import Account, Auction, EntryText, Hold, LedgerEntry, Member, Pool

Key = tuple[int, int]
"""(pool_id, member_id)"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A character's name, class and level as they were: history is not rewritten when it changes."""

    name: str | None = None
    character_class: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A movement to post. `key` is unique in the guild: the same movement twice is refused by the database."""

    pool_id: int
    member_id: int
    kind: EntryKind
    amount: Decimal
    reason: str
    source: str
    source_id: int | None
    key: str
    member_name: str
    character: Snapshot = field(default=Snapshot())
    reverses_entry_id: int | None = None
    column: str | None = None
    """Only for reversals: the account column that the reversed entry moved."""


_MAKE_ACCOUNTS = insert(Account.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]
_POST = (
    insert(LedgerEntry.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing()
    .returning(LedgerEntry.idempotency_key, LedgerEntry.entry_id)
)
_POST_TEXT = insert(EntryText.__table__)  # type: ignore[arg-type]


class DoubleEntry(Exception):
    """An idempotency key was posted before: a guard above failed. The transaction must not go on."""


async def default_pool(session: Session) -> Pool:
    """The guild's default pool; there is always one."""
    query = select(Pool).where(Pool.guild_id == session.guild_id, Pool.is_default)
    return (await session.execute(query)).scalar_one()


async def lock_accounts(session: Session, keys: Iterable[Key], *, made: bool = False) -> dict[Key, Account]:
    """Lock every account the work can touch, in the one order; missing accounts are made first.

    Call it once a transaction, after all parents are locked. `made`: the caller knows that all of them exist, which
    saves a round trip.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    if not made:
        rows = [{"guild_id": session.guild_id, "pool_id": pool, "member_id": member} for pool, member in wanted]
        await session.execute(_MAKE_ACCOUNTS, rows)
    query = (
        select(Account)
        .where(Account.guild_id == session.guild_id, tuple_(Account.pool_id, Account.member_id).in_(wanted))
        .order_by(Account.pool_id, Account.member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {(account.pool_id, account.member_id): account for account in (await session.execute(query)).scalars()}
    assert len(found) == len(wanted), "an account of this guild is missing"
    return found


def purse(account: Account, pool: Pool) -> Purse:
    return Purse(account.balance, account.held, pool.floor)


async def post(session: Session, entries: Sequence[NewEntry], accounts: dict[Key, Account]) -> list[int]:
    """Write entries and move their accounts, which the caller has locked. Returns entry ids in the given order."""
    if not entries:
        return []
    rows = []
    for entry in entries:
        account = accounts[entry.pool_id, entry.member_id]
        _move(account, entry.column or COLUMN[entry.kind], entry.amount)
        rows.append(
            {
                "guild_id": session.guild_id,
                "pool_id": entry.pool_id,
                "member_id": entry.member_id,
                "kind": entry.kind,
                "amount": entry.amount,
                "balance_after": account.balance,
                "source": entry.source,
                "source_id": entry.source_id,
                "reverses_entry_id": entry.reverses_entry_id,
                "actor_user_id": session.actor.user_id,
                "created_at": session.now,
                "idempotency_key": entry.key,
            }
        )
    written = await session.execute(_POST, rows)
    by_key = {row.idempotency_key: row.entry_id for row in written}
    if len(by_key) != len(entries):
        raise DoubleEntry([entry.key for entry in entries if entry.key not in by_key])
    texts = [
        {
            "guild_id": session.guild_id,
            "entry_id": by_key[entry.key],
            "reason": entry.reason,
            "member_name": entry.member_name,
            "actor_name": session.actor.name,
            "character_name": entry.character.name,
            "character_class": entry.character.character_class,
            "character_level": entry.character.level,
        }
        for entry in entries
    ]
    await session.execute(_POST_TEXT, texts)
    return [by_key[entry.key] for entry in entries]


def _move(account: Account, column: str, amount: Decimal) -> None:
    """`spent` grows when points go; every other column moves with the amount."""
    setattr(account, column, getattr(account, column) + (-amount if column == "spent" else amount))
    account.balance += amount


# --- reversals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reversed:
    """What a reversal did to one person."""

    member_id: int
    member_name: str
    amount: Decimal
    balance: Decimal


async def load_entries(session: Session, entry_ids: Collection[int]) -> list[LedgerEntry]:
    query = select(LedgerEntry).where(LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id.in_(entry_ids))
    return list((await session.execute(query.order_by(LedgerEntry.entry_id))).scalars())


async def reversed_among(session: Session, entry_ids: Collection[int]) -> set[int]:
    """Which of these entries were reversed already."""
    query = select(LedgerEntry.reverses_entry_id).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id.in_(entry_ids)
    )
    return {row for row in (await session.execute(query)).scalars() if row is not None}


async def reverse(session: Session, entry_ids: Collection[int], reason: str) -> list[Reversed]:
    """One reversal entry for each entry that has none yet; an entry is reversed at most once.

    Parents are locked by the caller. Raises `AlreadyReversed` when nothing is left to reverse.
    """
    entries = await load_entries(session, entry_ids)
    accounts = await lock_accounts(session, {(entry.pool_id, entry.member_id) for entry in entries})
    done = await reversed_among(session, [entry.entry_id for entry in entries])  # under the lock: nobody adds one now
    todo = [entry for entry in entries if entry.entry_id not in done]
    if entries and not todo:
        raise AlreadyReversed("That was undone already; nothing changed.")
    columns = await _columns(session, todo)
    names = await _names(session, {entry.member_id for entry in todo})
    await post(
        session,
        [
            NewEntry(
                pool_id=entry.pool_id,
                member_id=entry.member_id,
                kind="reversal",
                amount=-entry.amount,
                reason=reason,
                source="entry",
                source_id=entry.entry_id,
                key=f"reversal:{entry.entry_id}",
                member_name=names[entry.member_id],
                reverses_entry_id=entry.entry_id,
                column=columns[entry.entry_id],
            )
            for entry in todo
        ],
        accounts,
    )
    after: dict[Key, Reversed] = {}
    for entry in todo:
        key = (entry.pool_id, entry.member_id)
        account, before = accounts[key], after.get(key)
        amount = -entry.amount + (before.amount if before else 0)
        after[key] = Reversed(entry.member_id, names[entry.member_id], amount, account.balance)
    return list(after.values())


async def what_follows(session: Session, entry_ids: Collection[int]) -> list[str]:
    """Before a reversal is committed: who ends where, who falls below the floor, whose open bids stand all the same."""
    entries = await load_entries(session, entry_ids)
    done = await reversed_among(session, [entry.entry_id for entry in entries])
    moves: dict[Key, Decimal] = {}
    for entry in entries:
        if entry.entry_id not in done:
            key = (entry.pool_id, entry.member_id)
            moves[key] = moves.get(key, Decimal(0)) - entry.amount
    return await what_moves_do(session, moves)


async def what_moves_do(session: Session, moves: Mapping[Key, Decimal]) -> list[str]:
    """What these movements would lead to, a line a person, first those whom a loss leaves in trouble.

    Open bids are named for everybody who loses points and has some: a line that appeared only where they are not
    covered would tell how much is held.
    """
    if not moves:
        return []
    query = (
        select(Member.display_name, Pool.pool_id, Pool.floor, Member.member_id, func.coalesce(Account.balance, 0))
        .join(Pool, Pool.guild_id == Member.guild_id)
        .outerjoin(
            Account,
            (Account.guild_id == Member.guild_id)
            & (Account.pool_id == Pool.pool_id)
            & (Account.member_id == Member.member_id),
        )
        .where(Member.guild_id == session.guild_id, tuple_(Pool.pool_id, Member.member_id).in_(list(moves)))
        .order_by(Member.name_key, Member.member_id)
    )
    bids = await _open_bids(session, moves)
    calm, troubled = [], []
    for name, pool_id, floor, member_id, balance in await session.execute(query):
        amount = moves[pool_id, member_id]
        line = f"{safe(name)}: {points(balance)} → {points(balance + amount)}"
        trouble = ""
        if amount < 0 and balance + amount < floor:
            trouble += f", below the floor of {points(floor)}"
        if amount < 0 and (on := bids.get((pool_id, member_id))):
            trouble += f"; the open bid on {' and '.join(on)} stands"
        (troubled if trouble else calm).append(line + trouble)
    return troubled + calm


async def _open_bids(session: Session, keys: Collection[Key]) -> dict[Key, list[str]]:
    """On what these people have bids that count now: item names, never amounts."""
    query = (
        select(Hold.pool_id, Hold.member_id, Auction.item_name)
        .join(Auction, (Auction.guild_id == Hold.guild_id) & (Auction.auction_id == Hold.auction_id))
        .where(Hold.guild_id == session.guild_id, tuple_(Hold.pool_id, Hold.member_id).in_(list(keys)))
        .order_by(Hold.auction_id)
    )
    bids: dict[Key, list[str]] = {}
    for pool_id, member_id, item in await session.execute(query):
        bids.setdefault((pool_id, member_id), []).append(safe(item))
    return bids


async def _columns(session: Session, entries: Sequence[LedgerEntry]) -> dict[int, str]:
    """The account column each entry moved: its kind's; for a reversal that of what it reversed, to the first."""
    columns: dict[int, str] = {}
    for entry in entries:
        first = entry
        while first.reverses_entry_id is not None:
            cause = await session.get(LedgerEntry, (session.guild_id, first.reverses_entry_id))
            assert cause is not None
            first = cause
        columns[entry.entry_id] = COLUMN[first.kind]
    return columns


async def _names(session: Session, member_ids: Collection[int]) -> dict[int, str]:
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(member_ids)
    )
    return {row.member_id: row.display_name for row in await session.execute(query)}


# --- holds ----------------------------------------------------------------------------------------------------------


async def hold(session: Session, account: Account, auction_id: int, amount: Decimal) -> None:
    """Reserve exactly `amount` of a locked account for an auction, replacing what it held there."""
    await release(session, account, auction_id)
    session.add(
        Hold(
            guild_id=session.guild_id,
            auction_id=auction_id,
            member_id=account.member_id,
            pool_id=account.pool_id,
            amount=amount,
            placed_at=session.now,
        )
    )
    account.held += amount


async def release(session: Session, account: Account, auction_id: int) -> Decimal:
    """Give back what a locked account holds for an auction; returns how much that was."""
    gone = await session.execute(
        delete(Hold)
        .where(
            Hold.guild_id == session.guild_id,
            Hold.auction_id == auction_id,
            Hold.member_id == account.member_id,
        )
        .returning(Hold.amount)
    )
    amount = gone.scalar_one_or_none() or Decimal(0)
    account.held -= amount
    return amount


async def holders(session: Session, auction_id: int) -> list[int]:
    """Members with an open hold in an auction; exact while the auction is locked."""
    query = select(Hold.member_id).where(Hold.guild_id == session.guild_id, Hold.auction_id == auction_id)
    return list((await session.execute(query)).scalars())


# --- what must always be true -----------------------------------------------------------------------------------------


async def imbalances(session: Session) -> list[str]:
    """Accounts that are not the sum of their entries and open holds. Says by how much, never what anybody holds."""
    entries = (
        select(LedgerEntry.pool_id, LedgerEntry.member_id, func.sum(LedgerEntry.amount).label("total"))
        .where(LedgerEntry.guild_id == session.guild_id)
        .group_by(LedgerEntry.pool_id, LedgerEntry.member_id)
        .subquery()
    )
    holds = (
        select(Hold.pool_id, Hold.member_id, func.sum(Hold.amount).label("total"))
        .join(Auction, (Auction.guild_id == Hold.guild_id) & (Auction.auction_id == Hold.auction_id))
        .where(Hold.guild_id == session.guild_id, Auction.status == "open")
        .group_by(Hold.pool_id, Hold.member_id)
        .subquery()
    )
    accounts = select(Account).where(Account.guild_id == session.guild_id).subquery()
    member_id = func.coalesce(accounts.c.member_id, entries.c.member_id, holds.c.member_id)
    off_balance = func.coalesce(accounts.c.balance, 0) - func.coalesce(entries.c.total, 0)
    off_held = func.coalesce(accounts.c.held, 0) - func.coalesce(holds.c.total, 0)
    query = (
        select(member_id, off_balance, off_held)
        .select_from(accounts)
        .join(
            entries,
            (entries.c.pool_id == accounts.c.pool_id) & (entries.c.member_id == accounts.c.member_id),
            full=True,
        )
        .join(holds, (holds.c.pool_id == accounts.c.pool_id) & (holds.c.member_id == accounts.c.member_id), full=True)
        .where(or_(off_balance != 0, off_held != 0))
        .order_by(member_id)
    )
    wrong = []
    for member, balance, held in await session.execute(query):
        if balance:
            wrong.append(f"member {member}: the balance is off by {points(balance)} from the sum of its entries")
        if held:
            wrong.append(f"member {member}: what is held is off by {points(held)} from the sum of the open holds")
    return wrong
