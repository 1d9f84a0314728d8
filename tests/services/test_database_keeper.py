"""Who keeps the embedded database running goes on whatever happens to it."""

import asyncio

import pytest

from bot import database


class Server:
    """Breaks in a way nobody thought of, twice over, then runs."""

    def __init__(self) -> None:
        self.asked = self.started = 0
        self.runs = asyncio.Event()

    async def ensure_database(self, _: str) -> None:
        self.asked += 1
        if self.asked <= 2:
            raise RuntimeError("unheard of")
        self.runs.set()

    async def start(self) -> None:
        self.started += 1
        raise ValueError("unheard of either")


async def test_the_keeper_outlives_errors_nobody_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOOK_EVERY_SECONDS", 0)
    server = Server()
    keeper = asyncio.create_task(database._keep_running(server))  # type: ignore[arg-type]
    await asyncio.wait_for(server.runs.wait(), 5)
    assert (server.started, keeper.done()) == (2, False)
    keeper.cancel()
