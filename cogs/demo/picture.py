"""The README's picture, taken from the demo's page: `uv run python -m cogs.demo.picture [file]`.

Plays the demo in a folder of its own, lets a headless Chromium or Chrome open the page, and takes the channel from it.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from cogs.demo.chromium import MISSING, browse, find_browser, save

PICTURE = Path(__file__).resolve().parents[2] / ".github" / "demo.png"
WIDTH, TALL, SCALE = 1010, 4000, 1.5
"""The window's pixels; tall enough for every message, and then cut to what there is."""
COMPOSER = 84
"""The message box below the last message."""
PATIENCE_SECONDS = 90
STANDING_STILL_SECONDS = 4
"""Until the boards are posted, the notices sent, and the page has drawn them."""
LAST_MESSAGE = "document.getElementById('channel-message-list').lastElementChild.getBoundingClientRect().bottom"
CHANNEL = "JSON.stringify(document.getElementById('channel-layout').getBoundingClientRect())"


def main(arguments: list[str]) -> int:
    browser = find_browser()
    if browser is None:
        sys.stderr.write(MISSING)
        return 2
    shot = asyncio.run(asyncio.wait_for(_take(browser), PATIENCE_SECONDS))
    sys.stdout.write(save(shot, Path(arguments[0]) if arguments else PICTURE))
    return 0


async def _take(browser: str) -> Image.Image:
    with tempfile.TemporaryDirectory(prefix="qm-picture-") as name:
        folder = Path(name)
        async with _demo(folder) as url, browse(browser, folder) as page:
            await page.open(url)
            await page.resize(WIDTH, TALL, SCALE)
            await asyncio.sleep(STANDING_STILL_SECONDS)
            await page.resize(WIDTH, int(await page.measure(LAST_MESSAGE)) + COMPOSER, SCALE)
            await asyncio.sleep(STANDING_STILL_SECONDS)
            return await page.shoot(json.loads(await page.measure(CHANNEL)))


@asynccontextmanager
async def _demo(folder: Path) -> AsyncIterator[str]:
    """A demo of its own; the address of its page."""
    surroundings = {**os.environ, "DATA_DIR": str(folder / "data")}
    command = (sys.executable, "-m", "bot.cli", "demo")
    demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=surroundings)
    assert demo.stdout is not None
    try:
        async for line in demo.stdout:
            if line.strip().startswith(b"http://127.0.0.1"):
                yield line.strip().decode()
                break
        else:
            raise RuntimeError("the demo ended before it said where its page is")
    finally:
        if demo.returncode is None:
            demo.send_signal(signal.SIGINT)
            await demo.communicate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
