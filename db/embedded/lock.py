"""The lock of a home folder, which the server inherits."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class HomeLock:
    """Held by an open handle, not by the file's existence: a killed holder frees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def for_child(self) -> dict[str, tuple[int, ...]]:
        """The `subprocess` option with which the lock stays held as long as the child or its children live.

        Empty on Windows, where a child cannot inherit it: there the owner holds it until `let_go`.
        """
        return {"pass_fds": (self._handle,)} if os.name == "posix" and self._handle is not None else {}

    def acquire(self) -> bool:
        """True when it is ours; False, at once, when somebody has it."""
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def let_go(self) -> None:
        """Closes our handle; a child that inherited it keeps the lock held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
