"""A guild with an officer and two members; links, entries and ticks can be undone."""

import pytest

from bot.stage import Stage
from cogs.dkp.service.undoing import EntryUndo
from cogs.members.service.unlinking import LinkUndo
from cogs.raids.service.undo import TickUndo
from tests.services.test_linking.scene import ANNA, BOB, CARL, meet


@pytest.fixture
async def guild(stage: Stage) -> Stage:
    stage.registry.undo |= {"entry": EntryUndo(), "claim": LinkUndo(), "tick": TickUndo()}
    await meet(stage, ANNA, BOB, CARL)
    return stage
