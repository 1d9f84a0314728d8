"""An auction, and a raid, to begin with."""

import pytest

from cogs.raids.service import evening
from tests.services.test_auctions.house import ANNA, BORIS, CARA, CHANNEL, LEAD, give, up


@pytest.fixture
async def cloak(stage) -> int:
    """An auction without a raid; Anna has 100, Boris 60, Cara 30."""
    for who, amount in ((ANNA, 100), (BORIS, 60), (CARA, 30)):
        await give(stage, who, amount)
    return await up(stage)


@pytest.fixture
async def raid(stage) -> int:
    await give(stage, ANNA, 100)
    return (await evening.start_raid(stage, LEAD, event="Temple of Veeshan", channel_id=CHANNEL)).raid_id
