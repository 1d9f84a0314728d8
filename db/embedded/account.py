"""The account the server runs as: ours, or an unprivileged one when we are root (PostgreSQL refuses root)."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from db.embedded.errors import EmbeddedPostgresError

if sys.platform != "win32":
    import pwd


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder down to this one, links followed, lets the account pass."""
        folder = folder.resolve()
        return all(self._passes(each) for each in (folder, *folder.parents))

    def _passes(self, folder: Path) -> bool:
        status = folder.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return bool(status.st_mode >> shift & 1)


def server_account(data: Path) -> Account | None:
    """None (run as ourselves) unless we are root; then who owns the data already, else `postgres` or `nobody`."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(f"uid {owner.st_uid}", owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root and there is no account 'postgres' or 'nobody' to run it as: "
        "start Quartermaster as an ordinary user."
    )


def give(path: Path, account: Account | None) -> None:
    """Makes the account the owner of a file or folder of ours; nothing to do when the server runs as us."""
    if account and sys.platform != "win32":
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
