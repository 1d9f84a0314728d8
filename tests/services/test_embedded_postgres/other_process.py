"""Another process that uses an embedded PostgreSQL: it obeys on stdin, answers a line on stdout.

    python -m tests.services.test_embedded_postgres.other_process HOME [UID]

With a UID it gives up root's rights first. Commands: start, start in a thread, stop, url, quit.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
from pathlib import Path

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries
from db.embedded.account import Account

FAST = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "16MB", "max_connections": "20"}


def give_up_root(uid: int) -> None:
    """What root can read may be closed to the account: the programs, and modules imported only when needed."""
    for needed_later in ("concurrent.futures.thread", "encodings.idna"):
        importlib.import_module(needed_later)
    programs = binaries.find_binaries(Account("the test's", uid, uid)).folder
    binaries.candidates = lambda: iter([programs])
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def answer(command: str, server: EmbeddedPostgres) -> str:
    try:
        if command == "start in a thread":
            thread = threading.Thread(target=lambda: asyncio.run(server.start()))
            thread.start()
            thread.join()
        elif command == "start":
            asyncio.run(server.start())
        elif command == "stop":
            asyncio.run(server.stop())
        elif command == "url":
            return server.url("postgres").render_as_string(hide_password=False)
    except EmbeddedPostgresError as refusal:
        return f"refused: {refusal}"
    return "owner" if server.is_owner else "not owner"


def main() -> None:
    signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
    home, *uid = sys.argv[1:]
    if uid:
        give_up_root(int(uid[0]))
    server = EmbeddedPostgres(Path(home), settings=FAST)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        print(answer(line.strip(), server), flush=True)


if __name__ == "__main__":
    main()
