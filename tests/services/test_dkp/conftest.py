"""A guild with an officer and two members."""

import pytest

from bot.stage import Stage
from cogs.dkp.service.undoing import EntryUndo, undoable_acts
from cogs.loot.service import AwardUndo
from tests.services.test_dkp.words import ANNA, BOB, CARL, meet


@pytest.fixture
async def guild(stage: Stage) -> Stage:
    """Anna, who may manage the server, Bob and Carl; entries and awards can be undone."""
    stage.registry.undo |= {"entry": EntryUndo(), "award": AwardUndo(), **undoable_acts()}
    await meet(stage, ANNA, BOB, CARL)
    return stage
