"""Balance and standings at 10,000 and 100,000 ledger entries: the cost must not grow with the ledger."""

import itertools
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import balances
from cogs.dkp.service.history import find_history
from cogs.dkp.service.ledger import NewEntry, default_pool, lock_accounts, post
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import percentile

MEMBERS = 200
ROUNDS = 300


async def run(server: EmbeddedPostgres) -> None:
    medians: dict[str, list[float]] = {}
    for total in (10_000, 100_000):
        name = f"points_{total}"
        await server.ensure_database(name)
        await migrate(server.url(name))
        stage = Stage(Database(server.url(name)), SystemClock(), Registry())
        await fill(stage, total)
        await tidy(server, name)
        looks: dict[str, Callable[[Session], Awaitable[object]]] = {
            "balance": _balance,
            "standings": _standings,
            "history": _history,
        }
        for what, look in looks.items():
            times = await _time(stage, look)
            medians.setdefault(what, []).append(percentile(times, 0.5))
            print(f"{what:10} at {total:>7,} entries: p50 {percentile(times, 0.5) * 1e3:.2f} ms")
        await stage.db.close()
    for what, (small, large) in medians.items():
        print(f"{what:10} ratio 100,000 / 10,000: {large / small:.2f}")


async def fill(stage: Stage, total: int) -> None:
    for user_id in range(1, MEMBERS + 1):
        await stage.run(Actor(1, user_id, f"Raider {user_id}", manage_guild=True), _nothing)

    async def one_batch(session: Session) -> None:
        batch = next(batches)
        pool = await default_pool(session)
        members = range(1, MEMBERS + 1)
        accounts = await lock_accounts(session, [(pool.pool_id, member) for member in members])
        await post(
            session,
            [
                NewEntry(
                    pool_id=pool.pool_id,
                    member_id=member,
                    kind="attendance",
                    amount=Decimal(10),
                    reason="tick",
                    source="officer",
                    source_id=None,
                    key=f"bench:{batch}:{member}",
                    member_name=f"Raider {member}",
                )
                for member in members
            ],
            accounts,
        )

    batches = itertools.count()
    for _ in range(total // MEMBERS):
        await stage.run(Actor.itself(1), one_batch)


async def tidy(server: EmbeddedPostgres, name: str) -> None:
    """Filling at once bloats what autovacuum keeps small over the months such a ledger takes."""
    url = server.url(name).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute("VACUUM (FULL, ANALYZE)")
    await connection.close()


async def _nothing(session: Session) -> None:
    del session


async def _balance(session: Session) -> object:
    return await balances.points_of(session, 7)


async def _standings(session: Session) -> object:
    return await balances.standings(session, await default_pool(session))


async def _history(session: Session) -> object:
    return await find_history(session, None, None, before=None, most=15)


async def _time(stage: Stage, look: Callable[[Session], Awaitable[object]]) -> list[float]:
    actor = Actor(1, 7, "Raider 7", manage_guild=True)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await stage.run(actor, look)
        times.append(time.perf_counter() - began)
    return times
