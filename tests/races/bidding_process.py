"""A process of its own that bids, ticks and settles: `python -m tests.races.bidding_process guest|host`, told by stdin.

Reads a line of JSON (auctions, raid), does everything at once, prints a line of JSON. What it presses first has the
same interaction ids as its twin's presses: Discord delivered them to both.
"""

import asyncio
import json
import os
import random
import sys

from sqlalchemy import make_url

from bot import due
from cogs.auctions import jobs
from cogs.auctions.service import SETTLE, BidAnswer
from tests.conftest import MovableClock
from tests.races.conftest import process
from tests.races.scene import LEAD, all_at_once, bid, defects, interactions_from, raiders, tick

PEOPLE = raiders(12)


async def main(name: str) -> None:
    clock = MovableClock()
    async with process(make_url(os.environ["QM_RACE_DATABASE"]), clock) as stage:
        stage.registry.due[SETTLE] = jobs.settle_due
        await all_at_once([lambda: stage.read(LEAD, None, nothing)] * 20)  # connections are made before the start
        print("ready", flush=True)
        todo = json.loads(await asyncio.to_thread(sys.stdin.readline))
        auctions, dice = todo["auctions"], random.Random(7)
        interactions_from(10_000)
        twins = [bid(stage, who, dice.choice(auctions), dice.randint(1, 60)) for who in PEOPLE * 2]
        answers = await all_at_once(twins)
        interactions_from(20_000 if name == "host" else 30_000)
        dice = random.Random(name)
        own = [bid(stage, who, dice.choice(auctions), dice.randint(20, 90)) for who in PEOPLE * 3]
        ticks = await all_at_once([*own, *[tick(stage, todo["raid"])] * 2])
        clock.move(minutes=10)
        ends = await all_at_once([lambda: due.run_once(stage)] * 3)
        said = [answer.panel.sentence if isinstance(answer, BidAnswer) else str(answer) for answer in answers]
        print(json.dumps({"answers": said, "defects": defects([*answers, *ticks, *ends])}), flush=True)


async def nothing(session: object) -> None:
    del session


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
