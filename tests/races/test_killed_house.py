"""Two processes serve 200 bidders in 30 auctions of every form and are killed at random, again and again."""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from bot import due
from bot.stage import Stage
from cogs.auctions import jobs
from cogs.auctions.service import SETTLE, start
from tests.conftest import MovableClock
from tests.races.conftest import process
from tests.races.house import House
from tests.races.house_process import PEOPLE
from tests.races.scene import CHANNEL, LEAD, acting, give

ROOT: Final = Path(__file__).parents[2]
AUCTIONS: Final = 30
KILLS: Final = 5


async def test_killed_at_random_nothing_is_lost_nothing_doubled_and_each_auction_ends_once(
    database_url: URL, house: House
):
    clock = MovableClock(datetime.now(UTC))
    async with process(database_url, clock) as stage:
        await give(stage, PEOPLE, 100)
        auctions = [await _put_up(stage, number) for number in range(AUCTIONS)]
        answered = await _serve_and_kill(database_url, auctions, house)
        stage.registry.due[SETTLE] = jobs.settle_due
        clock.moment = datetime.now(UTC) + timedelta(minutes=10)  # the leases of the killed have lapsed
        await due.run_once(stage)
    assert len(answered) > 100, "too little happened to prove anything"
    kept = {row["interaction_id"] for row in await house.all("SELECT interaction_id FROM bid")}
    assert answered <= kept, "who was told that a bid was taken has none"
    assert await house.wrongs() == []
    assert await house.overspent() == []
    assert await house.one("SELECT count(*) FROM auction WHERE status = 'open'") == 0
    assert await house.one("SELECT count(*) FROM hold") == await house.one("SELECT sum(held) FROM account") == 0
    awards = await house.one("SELECT count(*) FROM award")
    assert awards == await house.one("SELECT count(*) FROM audit WHERE action = 'auctions.won'") > 0
    assert awards == await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'award%'")
    ended = "SELECT count(*) FROM (SELECT DISTINCT target_id FROM audit WHERE action LIKE 'auctions.%won%') wins"
    assert await house.one(ended) == await house.one("SELECT count(*) FROM auction WHERE status = 'won'")


async def _put_up(stage: Stage, number: int) -> int:
    kind = ("open", "open", "sealed", "second-price")[number % 4]
    terms = {"kind": kind, "quantity": 1 + number % 3 // 2, "bidders": "members", "second_copy": True}
    duration = timedelta(seconds=15 + number % 10)
    started = await start(stage, acting(LEAD), f"Cloak {number}", channel_id=CHANNEL, duration=duration, **terms)
    return started.started[0].auction_id


async def _serve_and_kill(database_url: URL, auctions: list[int], house: House) -> set[int]:
    """Until every auction's time is over; answers with the interactions whose bids were said to be taken."""
    answered: set[int] = set()
    dice, first = random.Random(4), iter(range(1_000_000, 100_000_000, 1_000_000))
    running = [await _process(database_url, next(first), auctions, answered) for _ in range(2)]
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(0.5, 2.5))
        victim, reader = running.pop(dice.randrange(2))
        victim.kill()
        await victim.wait()
        await reader
        running.append(await _process(database_url, next(first), auctions, answered))
    for _ in range(60):  # late bids move the ends
        left = await house.one("SELECT greatest(0, extract(epoch FROM max(ends_at) - now())) FROM auction")
        await asyncio.sleep(min(1, float(left)))
    for process_, reader in running:
        process_.kill()
        await process_.wait()
        await reader
    return answered


async def _process(
    database_url: URL, first: int, auctions: list[int], answered: set[int]
) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
    address = database_url.render_as_string(hide_password=False)
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.races.house_process", str(first)),
        cwd=ROOT,
        env={**os.environ, "QM_RACE_DATABASE": address},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    assert (await started.stdout.readline()).strip() == b"ready"
    started.stdin.write(" ".join(map(str, auctions)).encode() + b"\n")
    return started, asyncio.create_task(_read(started.stdout, answered))


async def _read(lines: asyncio.StreamReader, answered: set[int]) -> None:
    """A line that was cut off by the kill may end in half a number: nobody was answered that."""
    async for line in lines:
        if line.endswith(b"\n"):
            answered.update(map(int, line.split()))
