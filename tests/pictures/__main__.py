"""The README's picture of auction cards, one of each form: `uv run python -m tests.pictures [file]`.

Posts cards drawn by the auctions' own view into a simulated channel, looks at it at a phone's width in a headless
Chromium or Chrome, and lays them side by side.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import discord
import simcord
from discord.ext import commands
from PIL import Image

from bot.app import intents
from cogs.auctions.views.board import board
from cogs.demo import world
from cogs.demo.chromium import MISSING, browse, find_browser, save
from tests.pictures.examples import cards

PICTURE = Path(__file__).resolve().parents[2] / ".github" / "auctions.png"
PHONE, TALL, SCALE = 390, 9000, 1.5
COLUMNS, GAP, BEHIND = 3, 16, (49, 51, 56)
PATIENCE_SECONDS = 90
STANDING_STILL_SECONDS = 4
BOXES = "JSON.stringify([...document.querySelectorAll('.component-container')].map(b => b.getBoundingClientRect()))"


def main(arguments: list[str]) -> int:
    browser = find_browser()
    if browser is None:
        sys.stderr.write(MISSING)
        return 2
    shots = asyncio.run(asyncio.wait_for(_take(browser), PATIENCE_SECONDS))
    sys.stdout.write(save(side_by_side(shots), Path(arguments[0]) if arguments else PICTURE))
    return 0


async def _take(browser: str) -> list[Image.Image]:
    env = simcord.Env(commands.Bot("", intents=intents()), check_errors=False)
    made = world.build(env)
    here = made.channels["raid-night"]
    await env.start()
    try:
        with tempfile.TemporaryDirectory(prefix="qm-cards-") as name, env.time_context():
            channel = env.bot.get_channel(here.id)
            assert isinstance(channel, discord.TextChannel)
            for card in cards(made.clock.now(), made.roles["member"].id):
                await channel.send(view=board(card))
            preview = env.preview(here, viewers=made.viewers("raid-night"), layout="channel", assets=made.faces)
            async with preview, browse(browser, Path(name)) as page:
                await page.open(preview.url)
                await page.resize(PHONE, TALL, SCALE)
                await asyncio.sleep(STANDING_STILL_SECONDS)
                return [await page.shoot(box) for box in json.loads(await page.measure(BOXES))]
    finally:
        await env.shutdown()


def side_by_side(shots: Sequence[Image.Image]) -> Image.Image:
    """Each card into the column that is shortest so far."""
    width = max(shot.width for shot in shots)
    gap = int(GAP * SCALE)
    ends, places = [gap] * COLUMNS, []
    for shot in shots:
        column = ends.index(min(ends))
        places.append((gap + column * (width + gap), ends[column]))
        ends[column] += shot.height + gap
    picture = Image.new("RGB", (gap + COLUMNS * (width + gap), max(ends)), BEHIND)
    for shot, place in zip(shots, places, strict=True):
        picture.paste(shot, place)
    return picture


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
