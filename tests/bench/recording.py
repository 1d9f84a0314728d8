"""The same statements by bare asyncpg: what the bot's engine sends is recorded, then sent again without it.

A run of bids is recorded statement by statement with its arguments. The database is put back as it was, and the
transactions are sent again, verbatim, over plain asyncpg connections with prepared statements. What remains between
the two rates is Python of ours and SQLAlchemy's.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

import db.scope
from db.scope import TenantConnection


@dataclass
class Transaction:
    """One transaction's statements in order: (sql, arguments); BEGIN and COMMIT have none."""

    statements: list[tuple[str, Sequence[Any] | None]] = field(default_factory=list)

    def arguments(self, part: str) -> Sequence[Any] | None:
        """Of its first statement that contains `part`; None when there is none."""
        return next((args for sql, args in self.statements if part in sql), None)


_recorded: list[Transaction] = []


class _Statement:
    def __init__(self, connection: "RecordingConnection", sql: str, prepared: Any) -> None:
        self._connection, self._sql, self._prepared = connection, sql, prepared

    async def fetch(self, *args: Any) -> Any:
        self._connection.note(self._sql, args)
        return await self._prepared.fetch(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._prepared, name)


class RecordingConnection(TenantConnection):
    """Notes every statement of the bot's engine while recording is on."""

    __slots__ = ("running",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.running = Transaction()

    def note(self, sql: str, args: Sequence[Any] | None) -> None:
        self.running.statements.append((sql, args))

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        guild_id = self.next_guild_id
        if query.startswith("BEGIN"):
            self.running = Transaction()
            query_sent = query if guild_id is None else f"{query} SET LOCAL app.guild_id = '{guild_id:d}'"
            self.note(query_sent, None)
        else:
            self.note(query, args or None)
            if query.startswith("COMMIT"):
                _recorded.append(self.running)
        return await super().execute(query, *args, timeout=timeout)

    async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:
        rows = list(args)
        self.note(command, rows)
        await super().executemany(command, rows, timeout=timeout)

    async def prepare(self, query: str, **more: Any) -> Any:
        return _Statement(self, query, await super().prepare(query, **more))


@contextmanager
def recording() -> Any:
    """Engines made inside record; yields the list of transactions in the order of their commits."""
    plain = db.scope.TenantConnection
    db.scope.TenantConnection = RecordingConnection  # type: ignore[misc]
    _recorded.clear()
    try:
        yield _recorded
    finally:
        db.scope.TenantConnection = plain  # type: ignore[misc]


class _Bare:
    """One plain connection with its prepared statements."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.prepared: dict[str, Any] = {}

    async def prepare(self, transactions: Sequence[Transaction]) -> None:
        texts = {sql for each in transactions for sql, args in each.statements if isinstance(args, tuple)}
        for sql in texts:
            self.prepared[sql] = await self.connection.prepare(sql)

    async def send(self, sql: str, args: Sequence[Any] | None) -> None:
        if args is None:
            await self.connection.execute(sql)
        elif isinstance(args, list):
            await self.connection.executemany(sql, args)
        else:
            await self.prepared[sql].fetch(*args)


async def send_again(
    connections: Sequence[asyncpg.Connection],
    transactions: Sequence[Transaction],
    *,
    lock: str,
    subject: Callable[[Transaction], Hashable],
    untimed: int = 0,
) -> tuple[float, list[float]]:
    """Send recorded transactions over all connections at once; returns (seconds, latency of each).

    Transactions of one `subject` take its row's lock (the statement that contains `lock`) in the recorded order: each
    asks for it when the one before has got it. So one waits at the row, and PostgreSQL itself hands over. The first
    `untimed` are sent before the clock runs.
    """
    bare = [_Bare(connection) for connection in connections]
    await asyncio.gather(*(each.prepare(transactions) for each in bare))
    await _send(bare, transactions[:untimed], lock, subject)
    latencies: list[float] = []
    began = time.perf_counter()
    await _send(bare, transactions[untimed:], lock, subject, latencies)
    return time.perf_counter() - began, latencies


async def _send(
    connections: Sequence[_Bare],
    transactions: Sequence[Transaction],
    lock: str,
    subject: Callable[[Transaction], Hashable],
    latencies: list[float] | None = None,
) -> None:
    free = asyncio.Event()
    free.set()
    last: dict[Hashable, asyncio.Event] = defaultdict(lambda: free)
    turns: list[tuple[Transaction, asyncio.Event, asyncio.Event]] = []
    for transaction in transactions:
        of, locked = subject(transaction), asyncio.Event()
        turns.append((transaction, last[of], locked))
        last[of] = locked
    queue = iter(turns)

    async def work(bare: _Bare) -> None:
        for transaction, before, locked in queue:
            began = time.perf_counter()
            for sql, args in transaction.statements:
                if lock in sql:
                    await before.wait()
                await bare.send(sql, args)
                if lock in sql:
                    locked.set()
            if latencies is not None:
                latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(work(each) for each in connections))


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` (0 to 1) of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
