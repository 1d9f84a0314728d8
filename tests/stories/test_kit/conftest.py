"""The kit on a bot without slices."""

import pytest

from tests.stories.conftest import Night
from tests.stories.test_kit.pieces import Kit, pressed


@pytest.fixture(autouse=True)
def no_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit alone: no feature is loaded."""
    monkeypatch.setattr("bot.app.slices", list)


@pytest.fixture
async def kit(night: Night) -> Kit:
    made = Kit(night)
    await made.install()
    pressed.clear()
    return made
