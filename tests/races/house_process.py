"""A process that serves an auction house until it is killed: `python -m tests.races.house_process <first interaction>`.

It bids for many people in every form and settles what is due. What it prints is what people were answered: a line of
the interactions whose bids were taken.
"""

import asyncio
import os
import random
import sys
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import make_url

from bot import due
from bot.clock import SystemClock
from bot.refusals import Refused
from bot.stage import Stage
from cogs.auctions import jobs
from cogs.auctions.service import SETTLE, BidAnswer, place_bid
from tests.races.conftest import process
from tests.races.scene import raiders

PEOPLE = raiders(200)
AT_ONCE = 25


async def main(first: int) -> None:
    async with process(make_url(os.environ["QM_RACE_DATABASE"]), SystemClock()) as stage:
        stage.registry.due[SETTLE] = jobs.settle_due
        print("ready", flush=True)
        auctions = [int(number) for number in sys.stdin.readline().split()]
        dice, interaction = random.Random(first), first
        while True:
            bids = []
            for _ in range(AT_ONCE):
                interaction += 1
                bids.append(_bid(stage, interaction, dice, auctions))
            answered = await asyncio.gather(*bids, due.run_once(stage))
            taken = [number for number in answered[:-1] if number]
            print(*taken, flush=True)


async def _bid(stage: Stage, interaction: int, dice: random.Random, auctions: list[int]) -> int:
    """The interaction's number when its bid was taken; now and then it is delivered twice."""
    actor = replace(dice.choice(PEOPLE), interaction_id=interaction)
    asked = (dice.choice(auctions), Decimal(dice.randint(1, 90)))
    is_maximum, twice = dice.random() < 0.3, dice.random() < 0.2
    try:
        answers = await asyncio.gather(
            *[place_bid(stage, actor, *asked, is_maximum=is_maximum) for _ in range(2 if twice else 1)]
        )
    except Refused:
        return 0
    assert all(answer == answers[0] for answer in answers), "a repetition is answered otherwise"
    return interaction if isinstance(answers[0], BidAnswer) and answers[0].outcome == "accepted" else 0


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
