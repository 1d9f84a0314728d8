"""Starting a program as the server's account, out of the terminal's reach."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from db.embedded.account import Account

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def spawn(command: list[str], account: Account | None, **options: Any) -> subprocess.Popen[bytes]:
    """`subprocess.Popen`, not the event loop's own: uvloop refuses `user` and `group`.

    Ctrl-C in the terminal does not reach the program, and of our environment it gets only what it needs:
    PG* variables would redirect it, and it has no use for our secrets.
    """
    arguments: dict[str, Any] = {"stdin": subprocess.DEVNULL} | options
    if sys.platform == "win32":
        arguments["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    else:
        arguments["start_new_session"] = True
    if account:
        arguments |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    root = Path(command[0]).anchor or None  # the account may not be able to enter the folder we are in
    return subprocess.Popen[bytes](command, env=environment, cwd=root, **arguments)
