"""A bid, service call to commit, against the same statements sent by bare asyncpg in the same run.

Alone: one bidder after the other. Sixty-four: as many bidders at once on one auction, each on a connection of its own.
Every bid leads: two people who outbid each other by one, so that each bid moves a hold.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.auctions.service import place_bid, start
from cogs.dkp.service.ledger import NewEntry, default_pool, lock_accounts, post
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import percentile, recording, send_again

PEOPLE = 64
BIDS = 1_500
LOCK = "FROM auction"
"""What only the statement that locks the auction contains."""
_interactions = itertools.count(1)


async def run(server: EmbeddedPostgres) -> None:
    await server.ensure_database("bids")
    await migrate(server.url("bids"))
    auction_id = await _prepare(server)
    await _copy(server, "bids", "bids_start")
    for title, at_once in (("alone", 1), ("64 on one auction", PEOPLE)):
        await _copy(server, "bids_start", "bids")
        with recording() as sent:
            ours, ours_latencies = await _ours(server, auction_id, at_once)
        bids = [transaction for transaction in sent if any(LOCK in sql for sql, _ in transaction.statements)]
        await _copy(server, "bids_start", "bids")
        connections = [await _bare(server) for _ in range(at_once)]
        bare, bare_latencies = await send_again(connections, bids, serial_after=LOCK)
        await asyncio.gather(*(connection.close() for connection in connections))
        statements = percentile([len(transaction.statements) for transaction in bids], 0.5)
        print(f"{title}: {statements:.0f} statements a bid, BEGIN and COMMIT included")
        rates = []
        for name, seconds, latencies in (("ours", ours, ours_latencies), ("bare", bare, bare_latencies)):
            rates.append(len(latencies) / seconds)
            print(
                f"  {name}: {rates[-1]:7.0f} bids/s,"
                f" p50 {percentile(latencies, 0.5) * 1e3:6.1f} ms, p99 {percentile(latencies, 0.99) * 1e3:6.1f} ms"
            )
        print(f"  ratio ours/bare: {rates[0] / rates[1]:.2f}")


async def _prepare(server: EmbeddedPostgres) -> int:
    """64 members with a million points each, and one long auction without anti-snipe in reach."""
    stage = Stage(Database(server.url("bids")), SystemClock(), Registry())
    for number in range(1, PEOPLE + 1):
        await stage.run(_actor(number), _nothing)

    async def pay(session: Session) -> None:
        pool = await default_pool(session)
        members = range(1, PEOPLE + 1)
        accounts = await lock_accounts(session, [(pool.pool_id, member) for member in members])
        entries = [
            NewEntry(
                pool_id=pool.pool_id,
                member_id=member,
                kind="bonus",
                amount=Decimal(1_000_000),
                reason="bench",
                source="officer",
                source_id=None,
                key=f"bench:{member}",
                member_name=f"Raider {member}",
            )
            for member in members
        ]
        await post(session, entries, accounts)

    await stage.run(Actor.itself(1), pay)
    answer = await start(stage, _actor(1), "Cloak of Flames", channel_id=5, duration=timedelta(days=1))
    await stage.db.close()
    return answer.started[0].auction_id


def _actor(number: int) -> Actor:
    return Actor(1, 1000 + number, f"Raider {number}", manage_guild=True, interaction_id=next(_interactions))


async def _nothing(session: Session) -> None:
    del session


async def _ours(server: EmbeddedPostgres, auction_id: int, at_once: int) -> tuple[float, list[float]]:
    stage = Stage(Database(server.url("bids"), pool_size=at_once), SystemClock(), Registry())
    amounts = itertools.count(1)
    people: Callable[[], int] = itertools.cycle(range(1, PEOPLE + 1)).__next__
    latencies: list[float] = []

    async def bidder(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            await place_bid(stage, _actor(people()), auction_id=auction_id, amount=Decimal(next(amounts)))
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(bidder(2) for _ in range(at_once)))  # connections and caches are warm in a running bot
    latencies.clear()
    began = time.perf_counter()
    await asyncio.gather(*(bidder(BIDS // at_once) for _ in range(at_once)))
    seconds = time.perf_counter() - began
    await stage.db.close()
    return seconds * 1.0, latencies


async def _bare(server: EmbeddedPostgres) -> asyncpg.Connection:
    url = server.url("bids").set(drivername="postgresql")
    return await asyncpg.connect(
        url.render_as_string(hide_password=False), server_settings={"role": "quartermaster_bot", "jit": "off"}
    )


async def _copy(server: EmbeddedPostgres, source: str, target: str) -> None:
    url = server.url("postgres").set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")
    await connection.close()
