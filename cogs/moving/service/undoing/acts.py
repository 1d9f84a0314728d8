"""The parts of the act: lock accounts, reverse entries, give back what was linked, mark everything, let people go."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from bot.stage import Session
from cogs.dkp.rules import COLUMN
from cogs.moving.service.importing.rows import pieces, put, table_of
from cogs.moving.service.progress import Progress
from cogs.moving.service.undoing.standing import Key, is_now, links_of, made_and_idle
from db.tables import Account, Award, EntryText, LedgerEntry, Member, Raid, Tick


async def lock_accounts(session: Session, keys: set[Key]) -> None:
    """As `ledger.lock_accounts` does, in one statement however many there are."""
    wanted = {"guild_id": session.guild_id, "pools": [key[0] for key in keys], "members": [key[1] for key in keys]}
    pairs = "unnest(CAST(:pools AS bigint[]), CAST(:members AS bigint[])) AS wanted(pool_id, member_id)"
    await session.execute(
        text(
            "INSERT INTO account (guild_id, pool_id, member_id)"
            f" SELECT :guild_id, pool_id, member_id FROM {pairs} ON CONFLICT DO NOTHING"
        ),
        wanted,
    )
    await session.execute(
        text(
            f"SELECT 1 FROM account JOIN {pairs} USING (pool_id, member_id) WHERE account.guild_id = :guild_id"
            " ORDER BY account.pool_id, account.member_id FOR UPDATE OF account"
        ),
        wanted,
    )


async def reverse(session: Session, import_id: int, reason: str) -> None:
    """One reversal for each entry that stands, oldest first, on accounts that are held.

    In pieces and from here, not in one statement: nobody has analysed the tables since the import filled them, and
    PostgreSQL would join thousands of rows with thousands, one by one.
    """
    standing = (await session.execute(_STANDING, {"guild_id": session.guild_id, "import_id": import_id})).all()
    accounts = await _held(session, {(row.pool_id, row.member_id) for row in standing})
    names = await _names(session, {row.member_id for row in standing})
    query = insert(table_of(LedgerEntry)).returning(LedgerEntry.reverses_entry_id, LedgerEntry.entry_id)
    texts = []
    for _, piece in pieces(standing):
        written = await session.execute(query, [_reversal(session, row, accounts) for row in piece])
        ids = {row.reverses_entry_id: row.entry_id for row in written}
        texts += [
            {
                "guild_id": session.guild_id,
                "entry_id": ids[row.entry_id],
                "reason": reason,
                "member_name": names[row.member_id],
                "actor_name": session.actor.name,
            }
            for row in piece
        ]
    await put(session, EntryText, texts, "Reasons", Progress())
    await session.flush()


_STANDING = text(
    """
    SELECT e.entry_id, e.pool_id, e.member_id, e.kind, e.amount FROM ledger_entry AS e
    LEFT JOIN ledger_entry AS r ON r.guild_id = e.guild_id AND r.reverses_entry_id = e.entry_id
    WHERE e.guild_id = :guild_id AND e.source = 'import' AND e.source_id = :import_id AND r.entry_id IS NULL
    ORDER BY e.entry_id
    """
)


def _reversal(session: Session, row: Row[Any], accounts: dict[Key, Account]) -> dict[str, Any]:
    account, column = accounts[row.pool_id, row.member_id], COLUMN[row.kind]
    account.balance -= row.amount
    setattr(account, column, getattr(account, column) - (-row.amount if column == "spent" else row.amount))
    return {
        "guild_id": session.guild_id,
        "pool_id": row.pool_id,
        "member_id": row.member_id,
        "kind": "reversal",
        "amount": -row.amount,
        "balance_after": account.balance,
        "source": "entry",
        "source_id": row.entry_id,
        "reverses_entry_id": row.entry_id,
        "actor_user_id": session.actor.user_id,
        "created_at": session.now,
        "idempotency_key": f"reversal:{row.entry_id}",
    }


async def give_back_links(session: Session, import_id: int, moves: Mapping[Key, Decimal], reason: str) -> None:
    """What reversing took from people who were linked to somebody is taken from whoever they turned out to be.

    The pairs are the link's own (source `claim`), so that undoing the link later reverses them with the rest. They are
    written here: an absorbed member takes no other entries.
    """
    links = await links_of(session)
    linked = {key: amount for key, amount in moves.items() if key[1] in links and amount}
    if not linked:
        return
    ends = {key: (key[0], is_now(links, key[1])) for key in linked}
    accounts = await _held(session, {*linked, *ends.values()})
    names = await _names(session, {key[1] for key in accounts})
    rows = []
    for key, amount in linked.items():
        for side, end, moved in (("from", key, -amount), ("to", ends[key], amount)):
            account = accounts[end]
            account.balance += moved
            account.adjusted += moved
            rows.append(
                {
                    "guild_id": session.guild_id,
                    "pool_id": end[0],
                    "member_id": end[1],
                    "kind": "transfer",
                    "amount": moved,
                    "balance_after": account.balance,
                    "source": "claim",
                    "source_id": links[key[1]][1],
                    "actor_user_id": session.actor.user_id,
                    "created_at": session.now,
                    "idempotency_key": f"claim:{links[key[1]][1]}:unimport{import_id}:{key[0]}:{side}",
                }
            )
    entries = [LedgerEntry(**row) for row in rows]
    session.add_all(entries)
    await session.flush()
    for entry in entries:
        session.add(
            EntryText(
                guild_id=session.guild_id,
                entry_id=entry.entry_id,
                reason=reason,
                member_name=names[entry.member_id],
                actor_name=session.actor.name,
            )
        )
    await session.flush()


async def _held(session: Session, keys: Collection[Key]) -> dict[Key, Account]:
    """Accounts that `lock_accounts` holds already, as they are now."""
    found: dict[Key, Account] = {}
    for _, piece in pieces(sorted(keys)):
        query = select(Account).where(
            Account.guild_id == session.guild_id, tuple_(Account.pool_id, Account.member_id).in_(piece)
        )
        rows = (await session.execute(query.execution_options(populate_existing=True))).scalars()
        found |= {(account.pool_id, account.member_id): account for account in rows}
    assert len(found) == len(set(keys)), "its account was locked before"
    return found


async def _names(session: Session, member_ids: Collection[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for _, piece in pieces(sorted(member_ids)):
        query = select(Member.member_id, Member.display_name).where(
            Member.guild_id == session.guild_id, Member.member_id.in_(piece)
        )
        names |= {row.member_id: row.display_name for row in await session.execute(query)}
    return names


async def mark(session: Session, import_id: int, raid_ids: list[int], reason: str) -> None:
    here = {"undone_at": session.now, "undone_reason": reason}
    silent = {"synchronize_session": False}
    awards = update(Award).where(
        Award.guild_id == session.guild_id, Award.data_import_id == import_id, Award.undone_at.is_(None)
    )
    await session.execute(awards.values(here).execution_options(**silent))
    of_import = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.data_import_id == import_id)
    if raid_ids:
        ticks = update(Tick).where(
            Tick.guild_id == session.guild_id, Tick.raid_id.in_(of_import), Tick.undone_at.is_(None)
        )
        await session.execute(ticks.values(here).execution_options(**silent))
        raids = update(Raid).where(Raid.guild_id == session.guild_id, Raid.data_import_id == import_id)
        await session.execute(
            raids.values(status="cancelled", cancel_reason=reason, ended_at=session.now).execution_options(**silent)
        )


async def let_go(session: Session, import_id: int) -> int:
    """Mark who has nothing else as left and their characters as retired, so that names are free; how many."""
    ids = await made_and_idle(session, import_id)
    given = {"guild_id": session.guild_id, "at": session.now, "ids": ids}
    left = "UPDATE member SET left_at = :at WHERE guild_id = :guild_id AND member_id = ANY (:ids)"
    retired = (
        "UPDATE character SET retired_at = :at, is_main = false"
        " WHERE guild_id = :guild_id AND owner_member_id = ANY (:ids) AND retired_at IS NULL"
    )
    for statement in (left, retired):
        await session.execute(text(statement), given)
    return len(ids)
