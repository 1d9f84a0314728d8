"""A headless Chromium or Chrome, driven over its DevTools protocol: what the pictures are taken with."""

import asyncio
import base64
import io
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
COLOURS = 160
MISSING = "The picture needs a Chromium or Chrome on PATH: install one and run this again.\n"


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """The one page of a headless browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._numbers = socket, itertools.count(1)

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (said := await self._socket.receive_json()).get("id") != number:
            pass
        return said["result"]

    async def open(self, url: str) -> None:
        await self.ask("Page.navigate", url=url)

    async def resize(self, width: int, height: int, scale: float) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        await self.ask("Emulation.setDeviceMetricsOverride", **size)

    async def measure(self, expression: str) -> Any:
        return (await self.ask("Runtime.evaluate", expression=expression))["result"]["value"]

    async def shoot(self, box: dict[str, float]) -> Image.Image:
        """What is in a box of the page."""
        clip = {key: box[key] for key in ("x", "y", "width", "height")} | {"scale": 1}
        shot = await self.ask("Page.captureScreenshot", clip=clip)
        return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")


def save(picture: Image.Image, target: Path) -> str:
    """Write it with few colours, as the page has no photographs; what was written, in words."""
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    return f"{target}: {target.stat().st_size // 1000} kB\n"


@asynccontextmanager
async def browse(browser: str, folder: Path) -> AsyncIterator[Page]:
    """Start the browser with a profile in `folder`; it ends with the block."""
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
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()
