"""A bid, service call to commit, beside the same statements sent by bare asyncpg in the same run.

Alone: one bidder after the other. 64 on one auction, and 64 over 100 auctions: as many bidders at once in one process,
who bid again as soon as they are answered; every bid leads. Beside each:

- bare: the very transactions of our run, sent again over bare connections, as many at once as ours were;
- one by one: the transactions of a run in which every bid had one of its own, over 64 bare connections. It is what a
  database could do for 64 bidders without settling those who wait together.

Then the same bids on auctions that many bids were made on before. Commits are real: the output says so.
"""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import asyncpg

from bot import together
from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.auctions.service import place_bid, start
from cogs.dkp.service.ledger import NewEntry, default_pool, lock_accounts, post
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import Transaction, percentile, recording, send_again

PEOPLE = 64
AUCTIONS = 100
POOL = 10
"""Connections of the bot, as `Database` has them."""
LOCK = "FROM auction JOIN pool"
"""What only the statement that locks the auction contains."""
SIZES = (0, 5_000, 50_000)
"""Bids made on an auction before."""
OFFERS = 200
_interactions = itertools.count(1)


@dataclass(frozen=True)
class Case:
    title: str
    at_once: int
    auctions: Sequence[int]
    bids: int
    one_by_one: int = 0
    """Bids of the comparison in which each has a transaction of its own; 0: there is none."""


@dataclass(frozen=True)
class Run:
    """Latencies of bids (or of transactions, where they are sent bare) and how long all of them took."""

    bids: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.bids / self.seconds

    def line(self, name: str, more: str = "") -> str:
        p50, p99 = (percentile(self.latencies, part) * 1e3 for part in (0.5, 0.99))
        return f"  {name:12}{self.rate:7.0f} bids/s, p50 {p50:7.1f} ms, p99 {p99:7.1f} ms{more}"


async def run(server: EmbeddedPostgres) -> None:
    await server.ensure_database("bids")
    await migrate(server.url("bids"))
    auctions = await _prepare(server)
    await _copy(server, "bids", "bids_start")
    for case in (
        Case("alone", 1, auctions[:1], 500),
        Case("64 on one auction", PEOPLE, auctions[:1], 6_400, one_by_one=640),
        Case("64 over 100 auctions", PEOPLE, auctions, 1_920, one_by_one=640),
    ):
        await _compare(server, case)
    print("bids made before on the auction: alone, and 64 at once")
    for size in SIZES:
        await _after(server, auctions[0], _BIDS_BEFORE, size, f"open, {size} before")
    await _after(server, auctions[0], _OFFERS_BEFORE, OFFERS, f"sealed, {OFFERS} offers")


async def _compare(server: EmbeddedPostgres, case: Case) -> None:
    ours, sent, warm = await _recorded(server, case, case.bids)
    timed = sent[warm:]
    statements, batch = sum(len(each.statements) for each in timed) / ours.bids, ours.bids / len(timed)
    print(f"{case.title}: {statements:.2f} statements a bid with BEGIN and COMMIT, {batch:.1f} bids a transaction")
    print(ours.line("ours"))
    at_once = 1 if len(case.auctions) == 1 else POOL
    bare = await _again(server, sent, warm, ours.bids, at_once)
    print(bare.line("bare", f" a transaction: ours/bare {ours.rate / bare.rate:.2f}"))
    if not case.one_by_one:
        return
    with mock.patch.object(together, "MOST", 1):
        _, sent, warm = await _recorded(server, case, case.one_by_one)
    single = await _again(server, sent, warm, case.one_by_one, case.at_once)
    print(single.line("one by one", f": ours/one by one {ours.rate / single.rate:.1f}"))


async def _recorded(server: EmbeddedPostgres, case: Case, bids: int) -> tuple[Run, list[Transaction], int]:
    """Our bids, their transactions, and how many of those were before the clock ran."""
    await _copy(server, "bids_start", "bids")
    with recording() as sent:
        async with _bidding(server, case) as bid:
            await bid(2 * case.at_once)  # connections and caches are warm in a running bot
            warm = sum(each.arguments(LOCK) is not None for each in sent)
            ours = await bid(bids)
        return ours, [each for each in sent if each.arguments(LOCK) is not None], warm


async def _again(server: EmbeddedPostgres, sent: Sequence[Transaction], warm: int, bids: int, at_once: int) -> Run:
    await _copy(server, "bids_start", "bids")
    connections = [await _bare(server, "bids", role="quartermaster_bot", jit="off") for _ in range(at_once)]
    seconds, latencies = await send_again(connections, sent, lock=LOCK, subject=_auction_of, untimed=warm)
    await asyncio.gather(*(connection.close() for connection in connections))
    return Run(bids, seconds, latencies)


def _auction_of(transaction: Transaction) -> Any:
    arguments = transaction.arguments(LOCK)
    return arguments and arguments[2]


async def _after(server: EmbeddedPostgres, auction_id: int, former: str, size: int, title: str) -> None:
    """Bids on an auction with `size` former ones; vacuumed and analysed, as an evening's autovacuum leaves it."""
    await _copy(server, "bids_start", "bids")
    connection = await _bare(server, "bids")
    async with connection.transaction():
        for statement in former.split(";"):
            await connection.execute(statement.format(auction_id=auction_id, size=size, people=PEOPLE))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    rates: list[str] = []
    for at_once, bids in ((1, 200), (PEOPLE, 1_920)):
        async with _bidding(server, Case(title, at_once, [auction_id], bids), above=(size + 1_000) * at_once) as bid:
            await bid(2 * at_once)
            rates.append(f"{(await bid(bids)).rate:7.0f}")
    print(f"  {title:20}{' and '.join(rates)} bids/s")


@asynccontextmanager
async def _bidding(
    server: EmbeddedPostgres, case: Case, above: int = 0
) -> AsyncIterator[Callable[[int], Awaitable[Run]]]:
    """A function that has that many bids made, `at_once` at a time, each higher than all before."""
    stage = Stage(Database(server.url("bids"), pool_size=POOL), SystemClock(), Registry())
    amounts = itertools.count(above + 1)
    people: Callable[[], int] = itertools.cycle(range(1, PEOPLE + 1)).__next__
    choice = random.Random(64)

    async def bid(count: int) -> Run:
        latencies: list[float] = []

        async def bidder() -> None:
            for _ in range(count // case.at_once):
                auction_id, amount, began = choice.choice(case.auctions), Decimal(next(amounts)), time.perf_counter()
                answer = await place_bid(stage, _actor(people()), auction_id=auction_id, amount=amount)
                latencies.append(time.perf_counter() - began)
                assert answer.outcome == "accepted", answer

        began = time.perf_counter()
        await asyncio.gather(*(bidder() for _ in range(case.at_once)))
        return Run(len(latencies), time.perf_counter() - began, latencies)

    yield bid
    await stage.db.close()


async def _prepare(server: EmbeddedPostgres) -> list[int]:
    """64 members with ten million points each, and 100 long auctions without anti-snipe in reach."""
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
                amount=Decimal(10_000_000),
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
    day = timedelta(days=1)
    up = [await start(stage, _actor(1), f"Item {n}", channel_id=5, duration=day) for n in range(AUCTIONS)]
    await stage.db.close()
    connection = await _bare(server, "bids")
    durable = [f"{name} {await connection.fetchval('SHOW ' + name)}" for name in ("fsync", "synchronous_commit")]
    print(", ".join(durable))
    await connection.execute(_BID_IDS)
    await connection.close()
    return [answer.started[0].auction_id for answer in up]


def _actor(number: int) -> Actor:
    return Actor(1, 1000 + number, f"Raider {number}", manage_guild=True, interaction_id=next(_interactions))


async def _nothing(session: Session) -> None:
    del session


async def _bare(server: EmbeddedPostgres, database: str, **settings: str) -> asyncpg.Connection:
    url = server.url(database).set(drivername="postgresql")
    return await asyncpg.connect(url.render_as_string(hide_password=False), server_settings=settings)


async def _copy(server: EmbeddedPostgres, source: str, target: str) -> None:
    connection = await _bare(server, "postgres")
    await connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")
    await connection.close()


# A bid names the one it beats by its number, so that must be the same when transactions of other auctions overlap in
# another order.
_BID_IDS = """
CREATE FUNCTION bench_bid_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.bid_id := NEW.auction_id * 1000000 + NEW.sequence;
    RETURN NEW;
END $$;
CREATE TRIGGER bench_bid_id BEFORE INSERT ON bid FOR EACH ROW EXECUTE FUNCTION bench_bid_id();
"""
_BEFORE = """
INSERT INTO bid (guild_id, auction_id, sequence, member_id, amount, status, balance, spendable, member_name,
                 received_at, placed_at)
SELECT 1, {{auction_id}}, n, {member}, {{size}} - n + 1, '{status}', 10000000, 10000000, 'Raider', now(), now()
  FROM generate_series(1, {{size}}) AS n;
UPDATE auction SET last_sequence = {{size}}{more} WHERE auction_id = {{auction_id}}"""
_BIDS_BEFORE = _BEFORE.format(member="1 + n % {people}", status="outbid", more="")
_OFFERS_BEFORE = """
INSERT INTO member (guild_id, member_id, discord_user_id, display_name, name_key, joined_at)
OVERRIDING SYSTEM VALUE
SELECT 1, 1000 + n, 9000 + n, 'Offerer ' || n, 'offerer ' || n, now() FROM generate_series(1, {size}) AS n;
INSERT INTO account (guild_id, pool_id, member_id, opening, balance, held)
SELECT 1, pool_id, 1000 + n, 10000000, 10000000, {size} - n + 1 FROM auction, generate_series(1, {size}) AS n
 WHERE auction_id = {auction_id};
INSERT INTO hold (guild_id, auction_id, member_id, pool_id, amount, placed_at)
SELECT 1, auction_id, 1000 + n, pool_id, {size} - n + 1, now() FROM auction, generate_series(1, {size}) AS n
 WHERE auction_id = {auction_id};
""" + _BEFORE.format(member="1000 + n", status="standing", more=", kind = 'sealed'")
