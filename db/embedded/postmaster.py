"""The running server process, which never outlives its owner."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from db.embedded.account import Account
from db.embedded.binaries import Binaries
from db.embedded.lock import HomeLock
from db.embedded.process import spawn

STOP_SECONDS = 30  # a fast shutdown writes everything back; after this long it is asked less kindly
_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


@dataclass
class PosixPostmaster:
    """A child of ours that inherits the lock, and with it keeps every other server out while it lives."""

    binaries: Binaries
    data: Path
    log: Path
    account: Account | None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _watcher: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def clear_remains(self) -> None:
        """Called under the lock, so no server lives: a pid file is stale, whoever has that number today."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def launch(self, settings: Mapping[str, str], lock: HomeLock) -> None:
        """Starts the server and hands it the lock; it is not ready yet."""
        command = [self.binaries.program("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # The signal comes when the *thread* that started the server ends, and only the main one lasts.
        by_signal = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
        options = lock.for_child | ({"preexec_fn": _ending_with(os.getpid())} if by_signal else {})
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = spawn(command, self.account, stdout=log, stderr=log, **options)
        finally:
            os.close(log)
        if not by_signal:
            self._watcher = self._watch(self._process)
        lock.let_go()

    def _watch(self, server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Where no signal comes: a shell that waits for our end of its pipe to close, as it does when we die."""
        command = ["/bin/sh", "-c", 'read _; kill -INT "$1"', "sh", str(server.pid)]
        return spawn(command, self.account, stdin=subprocess.PIPE)

    async def stop(self) -> None:
        if self._watcher:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None
        if self._process:
            for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, by force
                if self._process.poll() is None:
                    self._process.send_signal(request)
                try:
                    await asyncio.to_thread(self._process.wait, STOP_SECONDS)
                    return
                except subprocess.TimeoutExpired:
                    continue


def _ending_with(owner: int) -> Callable[[], None]:
    """What the child does before it becomes the server: ask for a shutdown when we die, even by kill -9."""
    prctl = ctypes.CDLL(None).prctl

    def between_fork_and_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != owner:  # we died meanwhile, and the signal will not come any more
            os._exit(1)

    return between_fork_and_exec


@dataclass
class WindowsPostmaster:
    """Through pg_ctl, which lays down an administrator's rights, as the server demands.

    The server is not our child there: a killed owner leaves it running, and the next owner ends it first.
    """

    binaries: Binaries
    data: Path
    log: Path
    account: Account | None

    @property
    def alive(self) -> bool:
        return self._control("status") == 0

    def clear_remains(self) -> None:
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            self._control("stop", "-m", "fast", "-t", str(STOP_SECONDS))
            pid_file.unlink(missing_ok=True)

    def launch(self, settings: Mapping[str, str], lock: HomeLock) -> None:
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._control("start", "-W", "-l", str(self.log), "-o", subprocess.list2cmdline(options))

    async def stop(self) -> None:
        await asyncio.to_thread(self._control, "stop", "-m", "fast", "-t", str(STOP_SECONDS))

    def _control(self, action: str, *arguments: str) -> int:
        command = [self.binaries.program("pg_ctl"), action, "-D", str(self.data), *arguments]
        # No pipe: the server would inherit it, and we would wait for its end.
        with spawn(command, self.account, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            return process.wait()


Postmaster = PosixPostmaster | WindowsPostmaster


def postmaster(binaries: Binaries, data: Path, log: Path, account: Account | None) -> Postmaster:
    kind = WindowsPostmaster if sys.platform == "win32" else PosixPostmaster
    return kind(binaries, data, log, account)
