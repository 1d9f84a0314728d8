"""A raid that runs."""

import pytest

from bot.stage import Stage
from tests.services.test_raids.scene import begin


@pytest.fixture
async def raid(stage: Stage) -> int:
    return (await begin(stage)).raid_id
