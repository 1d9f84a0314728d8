"""Guilds of thousands, made by the owner in a few statements: what mass acts are tried on."""

import asyncpg


async def crowd(owner: asyncpg.Connection, people: int, balance: int = 100, guild_id: int = 1) -> None:
    """That many people without an account at Discord, each with one bonus entry of `balance` in the default pool."""
    await owner.execute(
        """
        INSERT INTO member (guild_id, display_name, name_key, joined_at)
        SELECT $1, 'Raider ' || n, 'raider ' || n, '2026-01-01' FROM generate_series(1, $2::int) n""",
        guild_id,
        people,
    )
    await owner.execute(
        """
        INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, created_at,
                                  idempotency_key)
        SELECT guild_id, pool_id, member_id, 'bonus', $2, $2, 'officer', '2026-01-01', 'crowd:' || member_id
        FROM member JOIN pool USING (guild_id)
        WHERE guild_id = $1 AND is_default AND display_name LIKE 'Raider %'""",
        guild_id,
        balance,
    )
    await owner.execute(
        """
        INSERT INTO entry_text (guild_id, entry_id, reason, member_name, actor_name)
        SELECT guild_id, entry_id, 'moved in', display_name, 'Anna'
        FROM ledger_entry JOIN member USING (guild_id, member_id)
        WHERE guild_id = $1 AND idempotency_key LIKE 'crowd:%'""",
        guild_id,
    )
    await owner.execute(
        """
        INSERT INTO account (guild_id, pool_id, member_id, earned, balance)
        SELECT guild_id, pool_id, member_id, amount, amount FROM ledger_entry
        WHERE guild_id = $1 AND idempotency_key LIKE 'crowd:%'""",
        guild_id,
    )
