"""The parts of the act: lock accounts, reverse entries, give back what was linked, mark everything, let people go."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import select, text, update

from bot.stage import Session
from cogs.moving.service.undoing.standing import IDLE, Key, given, is_now, links_of
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


_REVERSE = """
    WITH standing AS (
        SELECT e.entry_id, e.pool_id, e.member_id, e.kind, e.amount, m.display_name,
            a.balance - sum(e.amount) OVER (PARTITION BY e.pool_id, e.member_id ORDER BY e.entry_id) AS after
        FROM ledger_entry AS e
        JOIN account AS a USING (guild_id, pool_id, member_id)
        JOIN member AS m USING (guild_id, member_id)
        LEFT JOIN ledger_entry AS r ON r.guild_id = e.guild_id AND r.reverses_entry_id = e.entry_id
        WHERE e.guild_id = :guild_id AND e.source = 'import' AND e.source_id = :import_id AND r.entry_id IS NULL
    ), written AS (
        INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, source_id,
            reverses_entry_id, actor_user_id, created_at, idempotency_key)
        SELECT :guild_id, pool_id, member_id, 'reversal', -amount, after, 'entry', entry_id, entry_id,
            CAST(:actor AS bigint), CAST(:at AS timestamptz), 'reversal:' || entry_id
        FROM standing ORDER BY entry_id
        RETURNING entry_id, reverses_entry_id
    ), said AS (
        INSERT INTO entry_text (guild_id, entry_id, reason, member_name, actor_name)
        SELECT :guild_id, written.entry_id, :reason, standing.display_name, :actor_name
        FROM written JOIN standing ON standing.entry_id = written.reverses_entry_id
    ), sums AS (
        SELECT pool_id, member_id, sum(amount) AS total,
            coalesce(sum(amount) FILTER (WHERE kind IN ('attendance', 'bonus')), 0) AS earned,
            coalesce(sum(amount) FILTER (WHERE kind = 'loot'), 0) AS spent,
            coalesce(sum(amount) FILTER (WHERE kind = 'opening'), 0) AS opening
        FROM standing GROUP BY pool_id, member_id
    )
    UPDATE account SET balance = balance - sums.total, earned = account.earned - sums.earned,
        spent = account.spent + sums.spent, opening = account.opening - sums.opening,
        adjusted = account.adjusted - (sums.total - sums.earned - sums.spent - sums.opening)
    FROM sums
    WHERE account.guild_id = :guild_id AND account.pool_id = sums.pool_id AND account.member_id = sums.member_id
"""
"""One statement, whatever the size: the reversals, what they say, and the accounts' columns (`dkp.rules.COLUMN`)."""


async def reverse(session: Session, import_id: int, reason: str) -> None:
    await session.flush()
    given = {
        "guild_id": session.guild_id,
        "import_id": import_id,
        "actor": session.actor.user_id,
        "actor_name": session.actor.name,
        "at": session.now,
        "reason": reason,
    }
    await session.execute(text(_REVERSE), given)


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
    """Accounts that `lock_accounts` holds already, as they are after the reversals."""
    found = {}
    for pool_id, member_id in sorted(keys):
        account = await session.get(Account, (session.guild_id, pool_id, member_id), populate_existing=True)
        assert account is not None, "its account was locked before"
        found[pool_id, member_id] = account
    return found


async def _names(session: Session, member_ids: Collection[int]) -> dict[int, str]:
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(member_ids)
    )
    return {row.member_id: row.display_name for row in await session.execute(query)}


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
    """Mark them as left and their characters as retired, so that the names are free; returns how many."""
    known = await given(session, import_id)
    left = text(f"UPDATE member SET left_at = :at WHERE {IDLE} RETURNING member_id")
    ids = list((await session.execute(left, {**known, "at": session.now})).scalars())
    retired = text(
        "UPDATE character SET retired_at = :at, is_main = false"
        " WHERE guild_id = :guild_id AND owner_member_id = ANY (:ids) AND retired_at IS NULL"
    )
    await session.execute(retired, {"guild_id": session.guild_id, "at": session.now, "ids": ids})
    return len(ids)
