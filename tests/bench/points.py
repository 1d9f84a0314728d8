"""Balance, standings, history and explaining as the ledger grows: the cost must not grow with it.

10,000 entries against 200,000, or as many as QM_BENCH_ENTRIES says: 5,000,000 take minutes to make and 3 GB.
"""

import os
import time
from collections.abc import Awaitable, Callable

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import balances, over_time
from cogs.dkp.service.explaining import SOURCES, explain
from cogs.dkp.service.history import find_history, find_whose
from cogs.dkp.service.ledger import default_pool
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import percentile

MEMBERS = 200
ROUNDS = 300
SMALL, LARGE = 10_000, int(os.environ.get("QM_BENCH_ENTRIES", "200000"))
CHUNK = 250_000


async def run(server: EmbeddedPostgres) -> None:
    medians: dict[str, list[float]] = {}
    for total in (SMALL, LARGE):
        name = f"points_{total}"
        await server.ensure_database(name)
        await migrate(server.url(name))
        stage = Stage(Database(server.url(name)), SystemClock(), Registry())
        stage.registry.explain |= SOURCES
        began = time.perf_counter()
        await _fill(stage, server, name, total)
        print(f"{total:>9,} entries made in {time.perf_counter() - began:.0f} s")
        looks: dict[str, Callable[[Session], Awaitable[object]]] = {
            "balance": _balance,
            "standings": _standings,
            "history": _history,
            "explain": _explain,
        }
        for what, look in looks.items():
            times = await _time(stage, look)
            medians.setdefault(what, []).append(percentile(times, 0.5))
            print(f"{what:10} at {total:>9,} entries: p50 {percentile(times, 0.5) * 1e3:.2f} ms")
        times = await _time(stage, _chart, 5)
        print(
            f"{'chart':10} at {total:>9,} entries: p50 {percentile(times, 0.5) * 1e3:.2f} ms, of {total // MEMBERS:,}"
        )
        await stage.db.close()
    for what, (small, large) in medians.items():
        print(f"{what:10} ratio {LARGE:,} / {SMALL:,}: {large / small:.2f}")


async def _fill(stage: Stage, server: EmbeddedPostgres, name: str, total: int) -> None:
    """Everybody meets the bot; the owner then writes what years of ticks would have, without asking foreign keys."""
    for user_id in range(1, MEMBERS + 1):
        await stage.run(Actor(1, user_id, f"Raider {user_id}", manage_guild=True), _nothing)
    url = server.url(name).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    for start in range(0, total, CHUNK):
        rows = start, min(start + CHUNK, total) - 1
        await connection.execute(
            f"""
            INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, created_at,
                                      idempotency_key)
            SELECT 1, 1, 1 + n % {MEMBERS}, 'attendance', 10, 10 * (n / {MEMBERS} + 1), 'officer',
                   '2016-01-01'::timestamptz + n * interval '1 minute', 'bench:' || n
            FROM generate_series($1::int, $2::int) n ORDER BY n""",
            *rows,
        )
    await connection.execute(
        """
        INSERT INTO entry_text (guild_id, entry_id, reason, member_name, actor_name)
        SELECT guild_id, entry_id, 'tick', 'Raider ' || member_id, 'Raider 1' FROM ledger_entry ORDER BY entry_id"""
    )
    await connection.execute(
        """
        INSERT INTO account (guild_id, pool_id, member_id, earned, balance)
        SELECT guild_id, pool_id, member_id, sum(amount), sum(amount) FROM ledger_entry GROUP BY 1, 2, 3"""
    )
    await connection.execute("VACUUM (ANALYZE)", timeout=3600)
    await connection.close()


async def _nothing(session: Session) -> None:
    del session


async def _balance(session: Session) -> object:
    return await balances.points_of(session, 7)


async def _standings(session: Session) -> object:
    return await balances.standings(session, await default_pool(session))


async def _history(session: Session) -> object:
    return await find_history(session, None, None, before=None, most=15)


async def _explain(session: Session) -> object:
    return await explain(session, "#1007")


async def _chart(session: Session) -> object:
    return await over_time.balance_over_time(session, await find_whose(session, None, None), None)


async def _time(stage: Stage, look: Callable[[Session], Awaitable[object]], rounds: int = ROUNDS) -> list[float]:
    actor = Actor(1, 7, "Raider 7", manage_guild=True)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        await stage.run(actor, look)
        times.append(time.perf_counter() - began)
    return times
