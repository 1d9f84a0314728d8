"""The installed command `quartermaster` as a real process, with nothing of our own environment but what is given."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Self

from sqlalchemy import URL

SCRIPT = Path(sys.executable).with_name("quartermaster.exe" if sys.platform == "win32" else "quartermaster")
_INHERITED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")


def address(url: URL) -> str:
    """A database's URL as a person would write it into `.env`."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Quartermaster:
    """`async with Quartermaster(folder, "run", DISCORD_TOKEN=...) as bot`: ended by SIGKILL if it still runs."""

    def __init__(self, folder: Path, *arguments: str, **environment: object) -> None:
        self.folder, self.arguments = folder, arguments
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self.environment = inherited | {name: str(value) for name, value in environment.items()}
        self.lines: list[str] = []
        """What it wrote to standard error, the log included."""
        self._more, self._ended = asyncio.Condition(), False

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            SCRIPT, *self.arguments, cwd=self.folder, env=self.environment, stdout=pipe, stderr=pipe,
            stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            await self.kill()
        await self._reader

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._more:
                self.lines.append(line.decode().rstrip())
                self._more.notify_all()
        async with self._more:
            self._ended = True
            self._more.notify_all()

    async def writes(self, words: str, timeout: float = 30) -> str:
        """The first line with these words, waited for."""

        def found() -> str | None:
            return next((line for line in self.lines if words in line), None)

        async with self._more:
            try:
                await asyncio.wait_for(self._more.wait_for(lambda: found() or self._ended), timeout)
            except TimeoutError:
                pass
        line = found()
        assert line is not None, f"never wrote {words!r}:\n{self.said}"
        return line

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    async def kill(self) -> None:
        """As `kill -9` does: no clean-up of any kind runs."""
        self.process.kill()
        await self.process.wait()

    async def told(self, number: int = signal.SIGTERM, timeout: float = 30) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return await self.ends(timeout)

    async def ends(self, timeout: float = 60) -> int:
        status = await asyncio.wait_for(self.process.wait(), timeout)
        await self._reader
        return status


async def quartermaster(folder: Path, *arguments: str, **environment: object) -> tuple[int, str, str]:
    """Run it to its end: (exit status, standard output, standard error)."""
    async with Quartermaster(folder, *arguments, **environment) as process:
        assert process.process.stdout is not None
        output = await asyncio.wait_for(process.process.stdout.read(), 60)
        return await process.ends(), output.decode(), process.said
