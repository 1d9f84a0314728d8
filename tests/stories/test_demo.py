"""The demo as a stranger meets it: the real command in a process of its own, its page through the page's own HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import slices
from tests.stories.browser import Browser

pytestmark = pytest.mark.xdist_group("demo")
STARTS_WITHIN_SECONDS = 90
ITEM = "Lantern of the Last Watch"


class Demo:
    """`quartermaster demo` on a data folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "bot.cli", "demo", *arguments]
        surroundings = {**os.environ, "DATA_DIR": str(folder), "LOG_LEVEL": "INFO"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings
        )
        self.said = ""

    def url(self) -> str:
        """Where the page is, as printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                return next(word for word in self.said.split() if word.startswith("http://"))
        raise AssertionError(f"the demo ended early: {self.said}{self.process.stderr and self.process.stderr.read()}")

    def postgres(self) -> int:
        """The process of its PostgreSQL."""
        return int((self.folder / "demo" / "data" / "postmaster.pid").read_text().splitlines()[0])

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        out, troubles = self.process.communicate(timeout=60)
        self.said += out
        assert troubles == "", troubles
        return self.process.returncode


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    """A running demo; the module's first one plays the past, the later ones go on with its guild."""
    started = Demo(folder)
    yield started
    if started.process.poll() is None:
        started.end()


async def test_an_auction_ends_on_the_open_page_without_a_press(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        said = await page.types("auction start", item=ITEM, minimum="5", duration="10s")
        assert ITEM in said
        assert "Ends" in await page.sees(f"## {ITEM}")
        assert "nobody bid" in await page.sees(f"## {ITEM} Over", within=20)


async def test_a_member_presses_bid_and_the_board_of_everybody_follows(demo: Demo) -> None:
    url = demo.url()
    async with Browser(url) as leader, Browser(url) as page:
        await page.view_as("Sable")
        price = await page.sees("Bid")
        said = await page.presses("Bid", on="leads")
        assert "Sable" in await leader.sees("Sable (Sablewing) leads"), price
        assert said


async def test_a_command_is_typed_in_the_message_box(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        said = await page.types("dkp standings")
        assert "Hroth" in said


async def test_ctrl_c_leaves_nothing_running_and_the_next_start_goes_on_with_the_guild(folder: Path) -> None:
    first = Demo(folder)
    async with Browser(first.url()) as page:
        before = await page.types("dkp standings")
    postgres = first.postgres()
    assert first.end() == 0
    assert not lives(postgres)
    second = Demo(folder)
    async with Browser(second.url()) as page:
        assert await page.types("dkp standings") == before
    assert second.end(signal.SIGTERM) == 0


def test_a_channel_there_is_none_of_is_refused_in_one_sentence(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--channel", "nowhere")
    out, said = demo.process.communicate(timeout=30)
    assert (demo.process.returncode, out) == (2, "")
    assert said.count("\n") == 1
    assert "raid-night" in said


def test_production_never_loads_the_demo() -> None:
    assert not [name for name in slices() if name.startswith("cogs.demo")]
