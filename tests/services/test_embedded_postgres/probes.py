"""What these tests look at from outside: processes, locks, permissions, answers."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.embedded.lock import HomeLock

REPOSITORY = Path(__file__).parents[3]
NOBODY = 65534
AM_ROOT = os.geteuid() == 0


class OtherProcess:
    """`other_process.py`, in a session of its own so that signals to its group stay there."""

    def __init__(self, home: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.services.test_embedded_postgres.other_process", str(home), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )

    def ask(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    async def hear(self) -> str:
        assert self.process.stdout
        return (await asyncio.to_thread(self.process.stdout.readline)).strip()

    async def tell(self, command: str) -> str:
        self.ask(command)
        return await self.hear()

    def kill(self) -> None:
        """As `kill -9` does: no clean-up of any kind runs."""
        self.process.kill()
        self.process.communicate()

    def quit(self) -> None:
        """Ends it without stopping the server first."""
        if self.process.returncode is None:
            self.process.communicate("quit\n")


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - other processes send no events
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"waited {seconds} seconds for {what}")


def homes_below(folder: Path) -> list[Path]:
    return [lock.parent for lock in folder.rglob("lock")]


def processes_below(folder: Path) -> list[str]:
    """Command lines that name the folder, other than those of the processes the test itself started."""
    listing = subprocess.run(["ps", "-axo", "args="], capture_output=True, text=True, check=True)
    return [line for line in listing.stdout.splitlines() if str(folder) in line and "other_process" not in line]


def is_free(home: Path) -> bool:
    """No server of this home lives, nor a backend of it: they all hold the lock."""
    lock = HomeLock(home / "lock")
    free = lock.acquire()
    lock.let_go()
    return free


def postmaster_pid(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def access(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid


def identity(pid: int) -> tuple[list[str], list[str], list[str]]:
    """Every user, group and further group id of a Linux process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    return fields["Uid"], fields["Gid"], fields["Groups"]


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))


async def value(server: EmbeddedPostgres | str, query: str) -> object:
    """The one value of a query, over a connection of its own."""
    url = server if isinstance(server, str) else server.url("postgres").render_as_string(hide_password=False)
    connection = await connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below with its size, change and mode; the log and the lock may be touched."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in folder.rglob("*")
        if path.name not in ("server.log", "lock")
    }
