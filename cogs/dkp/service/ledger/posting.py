"""Accounts locked in the one order, and entries posted to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, bindparam, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.selectable import TableValuedAlias

from bot.kit.text import points
from bot.stage import Session
from cogs.dkp.rules import COLUMN, EntryKind, LinkedMeanwhile, Purse, within_cap
from db.tables import Account, EntryText, LedgerEntry, Member, Pool

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
    at: datetime | None = None
    """Only for imports: when it happened elsewhere; empty is now."""
    column: str | None = None
    """Only for reversals: the account column that the reversed entry moved."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a movement: `cut` is what the pool's cap took of it; an entry of nothing is not written."""

    entry_id: int | None
    amount: Decimal
    cut: Decimal


_MANY = 500
"""Accounts from which on their keys are sent as arrays: PostgreSQL takes 32,767 parameters, and reads few faster."""
_MAKE_ACCOUNTS = insert(Account.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]
_POST = (
    insert(LedgerEntry.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing()
    .returning(LedgerEntry.idempotency_key, LedgerEntry.entry_id)
)
_ABSORBED = (
    select(Member.member_id)
    .where(
        Member.guild_id == bindparam("guild"),
        Member.member_id.in_(bindparam("members", expanding=True)),
        Member.absorbed_by_member_id.is_not(None),
    )
    .limit(1)
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
    many = keys_table(wanted) if len(wanted) > _MANY else None
    if not made and many is not None:
        given = select(literal(session.guild_id, BigInteger), many.c.pool_id, many.c.member_id)
        make = insert(Account).from_select(["guild_id", "pool_id", "member_id"], given)
        await session.execute(make.on_conflict_do_nothing())
    elif not made:
        rows = [{"guild_id": session.guild_id, "pool_id": pool, "member_id": member} for pool, member in wanted]
        await session.execute(_MAKE_ACCOUNTS, rows)
    key = tuple_(Account.pool_id, Account.member_id)
    these = key.in_(wanted) if many is None else key.in_(select(many.c.pool_id, many.c.member_id))
    found = await _lock(session, select(Account).where(Account.guild_id == session.guild_id, these))
    assert len(found) == len(wanted), "an account of this guild is missing"
    return found


async def lock_pool(session: Session, pool_id: int) -> dict[Key, Account]:
    """Lock every account of a pool, in the one order, instead of `lock_accounts`.

    Who held one of them while we waited may have moved its points to an account made only then, as a link does. So it
    is begun anew until none is missing: locked one by one at the end they would deadlock.
    """
    of_pool = (Account.guild_id == session.guild_id, Account.pool_id == pool_id)
    while True:
        attempt = await session.begin_nested()
        found = await _lock(session, select(Account).where(*of_pool))
        there_are = select(func.count()).select_from(Account).where(*of_pool)
        if len(found) == (await session.execute(there_are)).scalar_one():
            await attempt.commit()
            return found
        await attempt.rollback()  # lets go of the locks


async def _lock(session: Session, accounts: Select[Account]) -> dict[Key, Account]:
    query = (
        accounts.order_by(Account.pool_id, Account.member_id)
        .with_for_update(of=Account)
        .execution_options(populate_existing=True)
    )
    return {(account.pool_id, account.member_id): account for account in (await session.execute(query)).scalars()}


def keys_table(keys: Iterable[Key]) -> TableValuedAlias:
    """Keys as two arrays that a statement reads like a table: `pool_id`, `member_id`."""
    pairs = list(keys)
    columns = (literal([pair[place] for pair in pairs], ARRAY(BigInteger)) for place in (0, 1))
    return func.unnest(*columns).table_valued("pool_id", "member_id", name="wanted").render_derived()


def ids_array(ids: Iterable[int]) -> ColumnElement[Any]:
    """`LedgerEntry.entry_id == ids_array(ids)`: one parameter however many they are."""
    return any_(literal(list(ids), ARRAY(BigInteger)))


def purse(account: Account, pool: Pool) -> Purse:
    return Purse(account.balance, account.held, pool.floor)


async def post(
    session: Session, entries: Sequence[NewEntry], accounts: dict[Key, Account], *, to_absorbed: bool = False
) -> list[Posted]:
    """Write entries and move their accounts, which the caller has locked. Answers in the given order.

    A credit that would lead above the pool's cap is cut (`rules.within_cap`), and its reason says by how much.
    Refuses `LinkedMeanwhile` for a member who was absorbed: their points are somebody else's (`ledger.carrying`).
    """
    if entries and not to_absorbed:
        await _refuse_absorbed(session, entries)
    caps = await _caps(session, entries)
    posted: dict[str, Posted] = {}
    rows, texts = [], []
    for entry in entries:
        account = accounts[entry.pool_id, entry.member_id]
        amount = within_cap(entry.kind, entry.source, entry.amount, account.balance, caps.get(entry.pool_id))
        cut = entry.amount - amount
        posted[entry.key] = Posted(None, amount, cut)
        if not amount:
            continue
        _move(account, entry.column or COLUMN[entry.kind], amount)
        rows.append(
            {
                "guild_id": session.guild_id,
                "pool_id": entry.pool_id,
                "member_id": entry.member_id,
                "kind": entry.kind,
                "amount": amount,
                "balance_after": account.balance,
                "source": entry.source,
                "source_id": entry.source_id,
                "reverses_entry_id": entry.reverses_entry_id,
                "actor_user_id": session.actor.user_id,
                "created_at": entry.at or session.now,
                "idempotency_key": entry.key,
            }
        )
        texts.append(
            {
                "guild_id": session.guild_id,
                "reason": f"{entry.reason} ({points(cut)} above the cap were cut)" if cut else entry.reason,
                "member_name": entry.member_name,
                "actor_name": session.actor.name,
                "character_name": entry.character.name,
                "character_class": entry.character.character_class,
                "character_level": entry.character.level,
            }
        )
    if not rows:
        return [posted[entry.key] for entry in entries]
    written = await session.execute(_POST, rows)
    ids = {row.idempotency_key: row.entry_id for row in written}
    if len(ids) != len(rows):
        raise DoubleEntry([row["idempotency_key"] for row in rows if row["idempotency_key"] not in ids])
    for row, line in zip(rows, texts, strict=True):
        line["entry_id"] = ids[row["idempotency_key"]]
    await session.execute(_POST_TEXT, texts)
    return [replace(posted[entry.key], entry_id=ids.get(entry.key)) for entry in entries]


async def _refuse_absorbed(session: Session, entries: Sequence[NewEntry]) -> None:
    """Under the accounts' locks, which linking takes too: nobody of these is absorbed before we commit."""
    given = {"guild": session.guild_id, "members": sorted({entry.member_id for entry in entries})}
    if (await session.execute(_ABSORBED, given)).first() is not None:
        raise LinkedMeanwhile("Somebody was linked to their Discord account just now: do that again.")


async def _caps(session: Session, entries: Sequence[NewEntry]) -> dict[int, Decimal | None]:
    """The caps of the pools that these entries credit; a pool this transaction has loaded costs no round trip."""
    caps = {}
    for pool_id in {entry.pool_id for entry in entries if entry.amount > 0}:
        pool = await session.get(Pool, (session.guild_id, pool_id))
        caps[pool_id] = pool.cap if pool else None
    return caps


def _move(account: Account, column: str, amount: Decimal) -> None:
    """`spent` grows when points go; every other column moves with the amount."""
    setattr(account, column, getattr(account, column) + (-amount if column == "spent" else amount))
    account.balance += amount
