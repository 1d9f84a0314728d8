"""The README's picture, taken from the demo's page: `uv run python -m cogs.demo.picture [file]`.

Plays the demo in a folder of its own, lets a headless Chromium or Chrome open the page, and takes the channel from it.
"""

import asyncio
import base64
import io
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

PICTURE = Path(__file__).resolve().parents[2] / ".github" / "demo.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, TALL, SCALE = 1010, 4000, 1.5
"""The window's pixels; tall enough for every message, and then cut to what there is."""
COMPOSER = 84
"""The message box below the last message."""
COLOURS = 160
PATIENCE_SECONDS = 90
STANDING_STILL_SECONDS = 4
"""Until the boards are posted, the notices sent, and the page has drawn them."""
LAST_MESSAGE = "document.getElementById('channel-message-list').lastElementChild.getBoundingClientRect().bottom"
CHANNEL = "JSON.stringify(document.getElementById('channel-layout').getBoundingClientRect())"


def main(arguments: list[str]) -> int:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.stderr.write("The picture needs a Chromium or Chrome on PATH: install one and run this again.\n")
        return 2
    target = Path(arguments[0]) if arguments else PICTURE
    shot = asyncio.run(asyncio.wait_for(_take(browser), PATIENCE_SECONDS))
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(shot)) as page:  # few colours: the page has no photographs
        page.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    sys.stdout.write(f"{target}: {target.stat().st_size // 1000} kB\n")
    return 0


async def _take(browser: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="qm-picture-") as name:
        folder = Path(name)
        async with _demo(folder) as url, _page(browser, folder) as ask:

            async def stretch(height: int) -> None:
                size = {"width": WIDTH, "height": height, "deviceScaleFactor": SCALE, "mobile": False}
                await ask("Emulation.setDeviceMetricsOverride", **size)
                await asyncio.sleep(STANDING_STILL_SECONDS)

            async def measure(expression: str) -> Any:
                return (await ask("Runtime.evaluate", expression=expression))["result"]["value"]

            await ask("Page.navigate", url=url)
            await stretch(TALL)
            await stretch(int(await measure(LAST_MESSAGE)) + COMPOSER)
            box = json.loads(await measure(CHANNEL))
            clip = {key: box[key] for key in ("x", "y", "width", "height")} | {"scale": 1}
            return base64.b64decode((await ask("Page.captureScreenshot", clip=clip))["data"])


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


@asynccontextmanager
async def _page(browser: str, folder: Path) -> AsyncIterator[Any]:
    """A headless browser's one page, driven over its DevTools protocol."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    profile = folder / "browser"
    command = (browser, "--headless", "--disable-gpu", "--hide-scrollbars", *quiet, *root)
    process = await asyncio.create_subprocess_exec(
        *command,
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        "about:blank",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        listening = profile / "DevToolsActivePort"
        while not listening.exists() or not listening.read_text().strip():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.1)
        port = listening.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                [target] = [one for one in await answer.json() if one["type"] == "page"]
            async with http.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                numbers = itertools.count(1)

                async def ask(method: str, **parameters: Any) -> dict[str, Any]:
                    number = next(numbers)
                    await socket.send_json({"id": number, "method": method, "params": parameters})
                    while (said := await socket.receive_json()).get("id") != number:
                        pass
                    return said["result"]

                yield ask
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
