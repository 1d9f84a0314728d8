"""Two real processes of the operating system: they bid in the same auctions, take the same tick, settle together."""

import asyncio
import json
import os
import sys
from pathlib import Path

from sqlalchemy import URL

from bot.stage import Stage
from tests.races.bidding_process import PEOPLE
from tests.races.house import House
from tests.races.scene import begin_raid, give, put_up

ROOT = Path(__file__).parents[2]


async def test_two_processes_that_do_the_same_night_at_once_agree(crowd: Stage, house: House, database_url: URL):
    await give(crowd, PEOPLE, 100)
    auctions = await put_up(crowd, 5)
    raid_id = await begin_raid(crowd, PEOPLE)
    processes = [await _start(name, database_url) for name in ("host", "guest")]
    try:
        for process in processes:
            assert await _line(process) == "ready"
        told = json.dumps({"auctions": auctions, "raid": raid_id}) + "\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(told.encode())
        one, two = [json.loads(line) for line in await asyncio.gather(*map(_line, processes))]
        assert [await process.wait() for process in processes] == [0, 0]
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert one["defects"] == two["defects"] == []
    assert one["answers"] == two["answers"]
    assert all(one["answers"])
    assert await house.wrongs() == []
    assert await house.one("SELECT count(*) FROM bid") == 2 * len(PEOPLE) + 2 * 3 * len(PEOPLE)
    assert await house.one("SELECT count(*) FROM tick") == 1
    assert await house.one("SELECT count(*) FROM auction WHERE status = 'won'") == len(auctions)
    assert await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'award%'") == len(auctions)
    assert await house.one("SELECT count(*) FROM hold") == await house.one("SELECT sum(held) FROM account") == 0


async def _start(name: str, database_url: URL) -> asyncio.subprocess.Process:
    address = database_url.render_as_string(hide_password=False)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.races.bidding_process", name),
        cwd=ROOT,
        env={**os.environ, "QM_RACE_DATABASE": address},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
