"""The demo as a stranger meets it: the real command in a process of its own, its page through the page's own HTTP."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import slices
from tests.stories.browser import Browser

pytestmark = pytest.mark.xdist_group("demo")
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
        if "Ctrl-C" in self.said:
            return next(word for word in self.said.split() if word.startswith("http://"))
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                return self.url()
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


def refusal(folder: Path, *arguments: str) -> str:
    """The one sentence of a demo that cannot start."""
    refused = Demo(folder, *arguments)
    _, said = refused.process.communicate(timeout=60)
    assert refused.process.returncode == 2
    assert said.count("\n") == 1, said
    return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def running() -> Iterator[list[Demo]]:
    """The demo these tests share, as long as it runs: starting one takes its time."""
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGINT)
            demo.process.communicate(timeout=60)


@pytest.fixture
def demo(folder: Path, running: list[Demo]) -> Demo:
    if not running or running[-1].process.poll() is not None:
        running.append(Demo(folder))
    return running[-1]


async def test_an_auction_ends_on_the_open_page_without_a_press(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        said = await page.types("auction start", item=ITEM, minimum="5", duration="10s")
        assert ITEM in said
        assert "Ends" in await page.sees(f"## {ITEM}")
        assert "nobody bid" in await page.sees(f"## {ITEM} Over", within=20)


async def test_a_member_presses_bid_and_the_board_follows_on_everybody_elses_page(demo: Demo) -> None:
    async with Browser(demo.url()) as leader, Browser(demo.url()) as page:
        await page.view_as("Nettle")
        assert "You lead" in await page.presses("Bid", on="leads")
        assert "Bid" in await leader.sees("Nettle (Nettlesong) leads")


async def test_a_press_is_taken_though_the_board_was_redrawn_and_the_page_has_not_heard_of_it(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        await page.view_as("Sable")
        await page.presses("Bid", on="leads")
        await asyncio.sleep(4)  # the board is redrawn when it is its turn, and this page does not look
        await page.presses("Bid", on="leads")
        await page.sees("You still lead")


async def test_an_applicant_is_told_who_may_bid(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        await page.view_as("Larkin")
        assert "may bid" in await page.presses("Bid", on="leads")


async def test_what_officers_are_asked_is_posted_in_their_hidden_channel(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        await page.view_as("Larkin")
        assert "An officer is asked" in await page.types("character claim", character="Merrowen")
        await asyncio.sleep(2)  # a card that may not be posted there is posted where the command was typed
        assert "## A claim" not in await page.look()


async def test_a_command_is_typed_in_the_message_box(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        assert "Maelis" in await page.types("dkp standings")


def test_a_second_demo_on_the_same_folder_is_refused(demo: Demo) -> None:
    demo.url()
    assert "already running" in refusal(demo.folder)


async def test_ctrl_c_leaves_nothing_running_and_the_next_start_goes_on_with_the_guild(demo: Demo) -> None:
    async with Browser(demo.url()) as page:
        before = await page.types("dkp standings")
    postgres = demo.postgres()
    assert demo.end() == 0
    assert not lives(postgres)
    again = Demo(demo.folder)
    async with Browser(again.url()) as page:
        assert await page.types("dkp standings") == before
        assert "Temple of Veeshan" in page.text
    assert again.end(signal.SIGTERM) == 0


def test_a_channel_there_is_none_of_is_refused(tmp_path: Path) -> None:
    assert "raid-night" in refusal(tmp_path, "--channel", "nowhere")


def test_a_taken_port_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in refusal(tmp_path, "--port", port)
    assert list(tmp_path.iterdir()) == []


def test_production_never_loads_the_demo() -> None:
    assert not [name for name in slices() if name.startswith("cogs.demo")]
