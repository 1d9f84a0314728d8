"""The data folder: made by initdb, refused when another major version made it."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from db.embedded.account import Account, give
from db.embedded.binaries import Binaries
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.folders import write_private
from db.embedded.lock import HomeLock
from db.embedded.process import spawn


def is_new(data: Path) -> bool:
    """Whether a cluster has still to be made; a folder with anything else in it is refused."""
    if (data / "PG_VERSION").exists():
        return False
    if data.exists() and any(data.iterdir()):
        raise EmbeddedPostgresError(f"{data} holds something that is not a database: move it away first.")
    return True


def refuse_other_major(data: Path, programs: Binaries) -> None:
    made_by = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != str(programs.major):
        raise EmbeddedPostgresError(
            f"The database in {data} was made by PostgreSQL {made_by} and this is PostgreSQL {programs.major}: "
            "carry it over with pg_dump and pg_restore, or choose another data folder; nothing was changed."
        )


async def create(
    data: Path, programs: Binaries, account: Account | None, password: str, lock: HomeLock, *, durable: bool
) -> None:
    """Made beside its place and renamed when complete, so an interrupted initdb never looks finished.

    initdb inherits the lock: when we are killed, nobody starts over before it has ended too.
    """
    unfinished, password_file = data.with_name("data.new"), data.with_name("data.password")
    process = _initdb(unfinished, password_file, programs, account, password, lock, durable=durable)
    try:
        output, _ = await asyncio.to_thread(process.communicate)
    finally:
        if process.poll() is None:
            process.kill()
        password_file.unlink(missing_ok=True)
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()
        reason = next((line for line in lines if "error" in line or "FATAL" in line), "it said nothing")
        raise EmbeddedPostgresError(f"The database in {data} could not be made ({reason.strip()}).")
    unfinished.rename(data)


def _initdb(
    target: Path,
    password_file: Path,
    programs: Binaries,
    account: Account | None,
    password: str,
    lock: HomeLock,
    *,
    durable: bool,
) -> subprocess.Popen[bytes]:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    give(target, account)
    write_private(password_file, password)  # a copy: the server's account cannot read our own
    give(password_file, account)
    command = [programs.program("initdb"), "-D", str(target), "-U", "postgres", "-E", "UTF8", "--no-instructions"]
    command += ["-A", "scram-sha-256", f"--pwfile={password_file}", "--locale=C"]
    if programs.major >= 17:  # Unicode's upper and lower case, the same on every machine
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if not durable:
        command.append("--no-sync")
    return spawn(command, account, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **lock.for_child)
