"""Where a home keeps its data and its socket, and what only its owner may read."""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from db.embedded.account import Account, give
from db.embedded.binaries import system_folder
from db.embedded.errors import EmbeddedPostgresError

LONGEST_SOCKET_FOLDER = 85  # sun_path has 104 bytes on macOS, 108 on Linux; `/.s.PGSQL.5432.lock` takes 19
_PREFIX = "quartermaster-"
_SEPARATORS = frozenset(',:"')  # PostgreSQL splits lists of socket folders at these, SQLAlchemy lists of hosts


def data_folder(home: Path, account: Account | None) -> Path:
    """The real path of `home/data`. It need not exist yet; its parent does, and the account can enter it.

    A home the account cannot enter (root's own) stays as closed as it is: the data goes elsewhere and
    `home/data` becomes a symbolic link, for whoever looks for the data and for the next start.
    """
    link = home / "data"
    if account and not link.is_symlink() and not account.can_enter(home):
        if link.exists():
            raise EmbeddedPostgresError(
                f"The database in {link} must run as {account.name} when Quartermaster is started as root, and "
                f"that account cannot enter {home}: open the folders above it or start as another user."
            )
        link.symlink_to(_folder_elsewhere(home) / "data")
    return link.resolve()


def _folder_elsewhere(home: Path) -> Path:
    """A new folder everybody can enter; a temporary one when the home is temporary itself."""
    temporary = Path(tempfile.gettempdir()).resolve()
    parent = temporary if home.is_relative_to(temporary) else system_folder()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    folder.chmod(0o711)
    return folder


def socket_folder(data: Path, account: Account | None) -> Path:
    """Where the server listens, for its owner alone: the same for every process and after every restart."""
    folder = data.with_name("run")
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or _SEPARATORS & set(str(folder)):
        folder = _short_socket_folder(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    expected = {os.getuid(), account.uid if account else os.getuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in expected:
        raise EmbeddedPostgresError(f"{folder} belongs to somebody else: remove it and start again.")
    give(folder, account)
    folder.chmod(0o700)
    return folder


def _short_socket_folder(data: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(f"/tmp/{_PREFIX}{os.getuid()}-{digest}")


def erase(home: Path) -> None:
    """Removes what a home consists of, and the folders made for it when nothing else is in them."""
    data = (home / "data").resolve()
    made = [data, data.with_name("data.new"), data.with_name("run")]
    if sys.platform != "win32":
        made.append(_short_socket_folder(data))
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("data", "data.password", "password", "server.log", "server.log.1", "lock"):
        with contextlib.suppress(OSError):  # on Windows, the lock we hold
            (home / name).unlink()
    with contextlib.suppress(OSError):
        if data.parent != home and data.parent.name.startswith(_PREFIX):
            data.parent.rmdir()
        home.rmdir()


def write_private(path: Path, text: str) -> None:
    """A file no other account can read, never seen half written."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)


def superuser_password(home: Path, *, new_cluster: bool) -> str:
    """Made up for a new cluster; refused when an existing one has lost its own."""
    path = home / "password"
    if not path.exists():
        if not new_cluster:
            raise EmbeddedPostgresError(f"{path} is missing and the database in {home} needs it: put it back.")
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8").strip()
