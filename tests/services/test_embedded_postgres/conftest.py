"""Homes to start from, cold and warm, each checked afterwards for what still runs."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres
from tests.services.test_embedded_postgres.other_process import FAST
from tests.services.test_embedded_postgres.probes import (
    OtherProcess,
    homes_below,
    is_free,
    processes_below,
    until,
    value,
)


@pytest.fixture
def another() -> Iterator[Callable[..., OtherProcess]]:
    """Makes other processes; those still there at the end are told to quit."""
    made: list[OtherProcess] = []

    def make(home: Path, *arguments: str) -> OtherProcess:
        made.append(OtherProcess(home, *arguments))
        return made[-1]

    yield make
    for other in made:
        other.quit()


def new_folder() -> Path:
    """Not pytest's tmp_path: that is closed to every account but ours, which is a case of its own here."""
    folder = Path(tempfile.mkdtemp(prefix="quartermaster-test-")).resolve()
    folder.chmod(0o755)
    return folder


async def remove(folder: Path) -> None:
    """Checks that nothing runs on a folder's homes any more, then removes it."""
    await until(lambda: not processes_below(folder), "the processes of this test to be gone")
    await until(lambda: all(map(is_free, homes_below(folder))), "the locks to be free: no backend lives")
    shutil.rmtree(folder)


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """An empty folder for cold starts."""
    made = new_folder()
    yield made
    await remove(made)


@pytest.fixture
def open_folder(folder: Path) -> Path:
    """One in which any account may make its home."""
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="session")
def cold_started() -> Iterator[Path]:
    """One cluster for all tests that start from a warm one: it keeps a note and stands still."""
    base = new_folder()

    async def prepare() -> None:
        async with EmbeddedPostgres(base / "home", settings=FAST) as server:
            await value(server, "CREATE TABLE note AS SELECT 'kept' AS body")

    asyncio.run(prepare())
    yield base / "home"
    asyncio.run(remove(base))


@pytest.fixture
async def home(cold_started: Path) -> AsyncIterator[Path]:
    yield cold_started
    await until(lambda: is_free(cold_started), "the server of this test to be gone")
    assert not processes_below(cold_started)
