"""An attachment that cannot be fetched is refused in a sentence that says so."""

from typing import Any, cast

import aiohttp
import pytest

from bot.kit.fetching import FileLost, fetch


class Attachment:
    filename = "points.xml"

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def read(self) -> bytes:
        raise self.error


@pytest.mark.parametrize("error", [aiohttp.ClientConnectionError(), OSError(), TimeoutError()])
async def test_a_file_that_is_lost_on_the_way_is_asked_for_again(error: Exception) -> None:
    with pytest.raises(FileLost, match="upload it again"):
        await fetch(cast(Any, Attachment(error)))
