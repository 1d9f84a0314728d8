"""Balance, standings, history and explaining as the ledger grows: the cost must not grow with it.

10,000 entries against 200,000, or as many as QM_BENCH_ENTRIES says: 5,000,000 take minutes to make and 3 GB.
"""

import os
import time
from collections.abc import Awaitable, Callable, Sequence

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
WARM = 5
"""Rounds that are not counted: statements are prepared, pages come into memory."""


async def run(server: EmbeddedPostgres) -> None:
    stages = [await _made(server, total) for total in (SMALL, LARGE)]
    looks: dict[str, tuple[Callable[[Session], Awaitable[object]], int]] = {
        "balance": (_balance, ROUNDS),
        "standings": (_standings, ROUNDS),
        "history": (_history, ROUNDS),
        "explain": (_explain, ROUNDS),
        f"chart of {SMALL // MEMBERS:,} and {LARGE // MEMBERS:,} entries": (_chart, 10),
    }
    for what, (look, rounds) in looks.items():
        small, large = await _time(stages, look, rounds)
        print(
            f"{what}: p50 {small * 1e3:.2f} ms at {SMALL:,} entries, {large * 1e3:.2f} ms at {LARGE:,};"
            f" ratio {large / small:.2f}"
        )
    for stage in stages:
        await stage.db.close()


async def _made(server: EmbeddedPostgres, total: int) -> Stage:
    name, began = f"points_{total}", time.perf_counter()
    await server.ensure_database(name)
    await migrate(server.url(name))
    stage = Stage(Database(server.url(name)), SystemClock(), Registry())
    stage.registry.explain |= SOURCES
    await fill(stage, server, name, total)
    print(f"{total:,} entries made in {time.perf_counter() - began:.0f} s", flush=True)
    return stage


async def fill(stage: Stage, server: EmbeddedPostgres, name: str, total: int) -> None:
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


async def _time(stages: Sequence[Stage], look: Callable[[Session], Awaitable[object]], rounds: int) -> list[float]:
    """The median for each stage, taken in turns: whatever else the machine does, it does to both."""
    actor = Actor(1, 7, "Raider 7", manage_guild=True)
    times: list[list[float]] = [[] for _ in stages]
    for round_ in range(rounds + WARM):
        for stage, taken in zip(stages, times, strict=True):
            began = time.perf_counter()
            await stage.run(actor, look)
            if round_ >= WARM:
                taken.append(time.perf_counter() - began)
    return [percentile(taken, 0.5) for taken in times]
