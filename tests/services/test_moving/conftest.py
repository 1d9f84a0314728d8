"""A guild with an officer."""

import pytest

from bot.stage import Stage
from cogs.dkp.service.undoing import EntryUndo
from cogs.loot.service import AwardUndo
from cogs.members.service.unlinking import LinkUndo
from cogs.moving.service.undoing import ImportUndo
from tests.services.test_dkp.words import meet
from tests.services.test_moving.house import OFFICER


@pytest.fixture
async def guild(stage: Stage) -> Stage:
    stage.registry.undo |= {"entry": EntryUndo(), "award": AwardUndo(), "import": ImportUndo(), "claim": LinkUndo()}
    await meet(stage, OFFICER)
    return stage
