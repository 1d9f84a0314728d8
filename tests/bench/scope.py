"""What row-level security costs: the same work on two copies of one database, one of them without its policies.

Bare: a transaction's statements by plain asyncpg as the bot's role; with policies it names its guild in the message of
BEGIN, without them it does not. Served: a whole use case of ours, which names it always; what differs are the policies.
The copies take turns, so that whatever else the machine does burdens them alike.
"""

import itertools
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import adjustments, balances
from cogs.dkp.service.ledger import default_pool
from db.catalog import TENANT_TABLES
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import BOT_ROLE, Database
from tests.bench import points
from tests.bench.recording import percentile

ENTRIES = 10_000
ROUNDS = 1_000
BARE_ROUNDS = 5_000
COPIES = ("scope_on", "scope_off")
READ = "SELECT balance, held FROM account WHERE guild_id = $1 AND pool_id = $2 AND member_id = $3"
LOCK = READ + " FOR UPDATE"
CHANGE = """UPDATE account SET adjusted = adjusted + 1, balance = balance + 1
            WHERE guild_id = $1 AND pool_id = $2 AND member_id = $3"""
NOTE = "INSERT INTO audit (guild_id, at, actor_name, action) VALUES ($1, now(), 'bench', $2)"
_numbers = itertools.count()

Work = Callable[[], Awaitable[object]]


async def run(server: EmbeddedPostgres) -> None:
    on, off = COPIES
    await server.ensure_database(on)
    await migrate(server.url(on))
    stage = Stage(Database(server.url(on)), SystemClock(), Registry())
    await points.fill(stage, server, on, ENTRIES)

    async def pool_of(session: Session) -> int:
        return (await default_pool(session)).pool_id

    pool = await stage.run(Actor.itself(1), pool_of)
    await stage.db.close()
    keeper = await _connect(server, "postgres")
    await keeper.execute(f"CREATE DATABASE {off} TEMPLATE {on}")
    await keeper.close()
    owner = await _connect(server, off)
    for table in sorted(TENANT_TABLES):
        await owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    await owner.close()

    bare = [await _connect(server, name, role=BOT_ROLE) for name in COPIES]
    stages = [Stage(Database(server.url(name)), SystemClock(), Registry()) for name in COPIES]
    begins = ["BEGIN; SET LOCAL app.guild_id = '1'", "BEGIN"]
    await _compare(
        "bare point read", [_bare(c, b, [(READ, (1, pool, 7))]) for c, b in zip(bare, begins, strict=True)], BARE_ROUNDS
    )
    write = [(LOCK, (1, pool, 7)), (CHANGE, (1, pool, 7)), (NOTE, (1, "bench.written"))]
    await _compare("bare write", [_bare(c, b, write) for c, b in zip(bare, begins, strict=True)])
    await _compare("served point read", [_balance(stage) for stage in stages])
    await _compare("served write", [_adjust(stage) for stage in stages])
    for connection in bare:
        await connection.close()
    for stage in stages:
        await stage.db.close()


def _bare(connection: asyncpg.Connection, begin: str, statements: list[tuple[str, tuple[object, ...]]]) -> Work:
    async def work() -> None:
        await connection.execute(begin)
        for statement, values in statements:
            await connection.fetch(statement, *values)  # asyncpg keeps them prepared
        await connection.execute("COMMIT")

    return work


def _balance(stage: Stage) -> Work:
    async def look(session: Session) -> object:
        return await balances.points_of(session, 7)

    return lambda: stage.run(Actor(1, 7, "Raider 7", manage_guild=True), look)


def _adjust(stage: Stage) -> Work:
    async def work() -> object:
        actor = Actor(1, 8, "Raider 8", manage_guild=True, interaction_id=next(_numbers))
        return await adjustments.adjust(stage, actor, "#7", Decimal(1), "for the bench", None, "adjustment", None)

    return work


async def _compare(what: str, works: list[Work], rounds: int = ROUNDS) -> None:
    times: list[list[float]] = [[] for _ in works]
    both = list(zip(works, times, strict=True))
    for number in range(rounds):
        for work, taken in both if number % 2 else reversed(both):
            began = time.perf_counter()
            await work()
            taken.append(time.perf_counter() - began)
    for name, part in (("p50", 0.5), ("p10", 0.1)):  # the second says more on a busy machine
        with_policies, without = (percentile(taken, part) for taken in times)
        print(
            f"{what:18} {name} with policies {with_policies * 1e6:7.0f} µs, without {without * 1e6:7.0f} µs:"
            f" {(with_policies / without - 1) * 100:+.1f} %"
        )


async def _connect(server: EmbeddedPostgres, name: str, role: str | None = None) -> asyncpg.Connection:
    url = server.url(name).set(drivername="postgresql").render_as_string(hide_password=False)
    settings = {"role": role, "jit": "off"} if role else {}
    return await asyncpg.connect(url, server_settings=settings)
