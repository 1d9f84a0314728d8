"""The supervisor: become the server's owner, or attach to the server that runs."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

import asyncpg
from sqlalchemy import URL

from db.embedded import cluster, folders
from db.embedded.account import Account, server_account
from db.embedded.binaries import find_binaries
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.lock import HomeLock
from db.embedded.postmaster import Postmaster, postmaster

log = logging.getLogger(__name__)

DEFAULT_SETTINGS = {"max_connections": "50", "shared_buffers": "128MB", "timezone": "UTC"}  # a small bot host
ATTACH_SECONDS = 60  # the other process may be making the cluster
START_SECONDS = 300  # after a power cut the server first replays what was written since the last checkpoint
LONGEST_LOG = 10_000_000  # bytes; a start beyond it keeps the log as server.log.1 and begins another
_NOT_READY = (
    OSError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
)


class Endpoint(NamedTuple):
    """A socket folder, or an address on Windows, and what opens it."""

    host: str
    port: int
    password: str

    @property
    def is_socket(self) -> bool:
        return self.host.startswith("/")

    async def connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            user="postgres",
            password=self.password,
            database="postgres",
            timeout=10,
        )

    async def answers(self) -> bool:
        try:
            connection = await self.connect()
        except asyncpg.TooManyConnectionsError:
            return True
        except _NOT_READY:
            return False
        await connection.close()
        return True


class EmbeddedPostgres:
    """The server of one home folder, owned or attached to (see the package's own text).

    `settings` are PostgreSQL's, over `DEFAULT_SETTINGS`; an attached process lives with the owner's.
    """

    def __init__(self, home: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.resolve()
        self._settings = DEFAULT_SETTINGS | dict(settings or {})
        self._lock = HomeLock(self.home / "lock")
        self._postmaster: Postmaster | None = None
        self._endpoint: Endpoint | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def is_owner(self) -> bool:
        """Whether this process runs the server, and ends it."""
        return self._postmaster is not None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def url(self, database: str = "quartermaster", username: str = "postgres") -> URL:
        """For SQLAlchemy over asyncpg; it carries the superuser's password whatever the username."""
        host, port, password = endpoint = self._started()
        name = ("postgresql+asyncpg", username, password)
        if endpoint.is_socket:  # all in the query: so asyncpg and libpq understand the address too
            return URL.create(*name, database=database, query={"host": host, "port": str(port)})
        return URL.create(*name, host=host, port=port, database=database)

    async def start(self) -> None:
        """Returns when the server answers. Call it again when the server was lost: killed, or its owner gone."""
        async with self._one_at_a_time:
            try:
                await self._own_or_attach()
            except asyncpg.InvalidPasswordError as error:
                raise EmbeddedPostgresError(
                    f"The database in {self.home} does not take the password in {self.home / 'password'}: "
                    "put the right one back."
                ) from error
            except OSError as error:
                reason = f"{error.strerror or error}: {error.filename or self.home}"
                raise EmbeddedPostgresError(f"The database in {self.home} cannot start ({reason}).") from error

    async def stop(self) -> None:
        """Ends the server when this process owns it, otherwise only lets go of it."""
        async with self._one_at_a_time:
            await self._end()
            self._endpoint = None

    async def erase(self) -> None:
        """Stops, and removes for good what this class ever made, here and elsewhere; other files stay.

        Refused while another process runs the server.
        """
        async with self._one_at_a_time:
            await self._end()
            self._endpoint = None
            if self.home.exists():
                if not self._lock.acquire():
                    raise EmbeddedPostgresError(f"Another process uses the database in {self.home}: end it first.")
                folders.erase(self.home)
                self._lock.let_go()

    async def ensure_database(self, name: str) -> None:
        """Creates the database unless it exists; any number of processes may ask at once."""
        connection = await self._started().connect()
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                quoted = name.replace('"', '""')
                with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    await connection.execute(f'CREATE DATABASE "{quoted}"')
        finally:
            await connection.close()

    def _started(self) -> Endpoint:
        if self._endpoint is None:
            raise EmbeddedPostgresError(f"The database in {self.home} has not been started.")
        return self._endpoint

    async def _own_or_attach(self) -> None:
        clock = asyncio.get_running_loop().time
        if self._postmaster and await self._becomes_ready(self._postmaster, self._started()):
            return
        await self._end()
        self.home.mkdir(parents=True, exist_ok=True)
        give_up = clock() + ATTACH_SECONDS
        while not self._lock.acquire():
            endpoint = self._running_endpoint()
            if endpoint and await endpoint.answers():
                self._endpoint = endpoint
                log.info("attached to the database in %s", self.home)
                return
            if clock() > give_up:
                raise EmbeddedPostgresError(
                    f"Another process holds {self.home / 'lock'} and its database does not answer: "
                    "end that process and start again."
                )
            await asyncio.sleep(0.05)
        try:
            await self._become_owner()
        except BaseException:
            await self._end()
            raise
        log.info("started the database in %s", self.home)

    def _running_endpoint(self) -> Endpoint | None:
        """Where the server that holds the lock listens, as it wrote itself; None while it is being started."""
        try:
            lines = (self.home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            password = (self.home / "password").read_text(encoding="utf-8").strip()
            return Endpoint(lines[4] or lines[5], int(lines[3]), password)  # socket folder or address, port
        except (FileNotFoundError, IndexError, ValueError):
            return None

    async def _become_owner(self) -> None:
        """With the lock held, so no other process touches this home."""
        account = server_account(self.home / "data")
        data = folders.data_folder(self.home, account)
        programs = find_binaries(account)
        new = cluster.is_new(data)
        if not new:
            cluster.refuse_other_major(data, programs)
        password = folders.superuser_password(self.home, new_cluster=new)
        if new:
            durable = self._settings.get("fsync") != "off"
            await cluster.create(data, programs, account, password, self._lock, durable=durable)
        endpoint = _new_endpoint(data, account, password)
        server_log = self._rotated_log()
        said_before = server_log.stat().st_size
        self._postmaster = postmaster(programs, data, server_log, account)
        self._postmaster.clear_remains()
        listening = {
            "port": str(endpoint.port),
            "listen_addresses": "" if endpoint.is_socket else endpoint.host,
            "unix_socket_directories": endpoint.host if endpoint.is_socket else "",
        }
        self._postmaster.launch(self._settings | listening, self._lock)
        if not await self._becomes_ready(self._postmaster, endpoint):
            raise EmbeddedPostgresError(
                f"PostgreSQL did not start ({_why(server_log, said_before)}); {server_log} has more."
            )
        self._endpoint = endpoint

    async def _becomes_ready(self, server: Postmaster, endpoint: Endpoint) -> bool:
        """Waits as long as it lives, within `START_SECONDS`."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + START_SECONDS
        while server.alive and clock() < give_up:
            if await endpoint.answers():
                return True
            await asyncio.sleep(0.02)
        return False

    async def _end(self) -> None:
        server, self._postmaster = self._postmaster, None
        try:
            if server:
                await server.stop()
        finally:
            self._lock.let_go()

    def _rotated_log(self) -> Path:
        path = self.home / "server.log"
        path.touch(mode=0o600)
        if path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_name("server.log.1"))
            path.touch(mode=0o600)
        return path


def _new_endpoint(data: Path, account: Account | None, password: str) -> Endpoint:
    if sys.platform != "win32":
        return Endpoint(str(folders.socket_folder(data, account)), 5432, password)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Endpoint("127.0.0.1", free.getsockname()[1], password)


def _why(server_log: Path, said_before: int) -> str:
    """The last fatal line of this start, else its last line; what it told our own early calls does not count."""
    said = server_log.read_bytes()[said_before:].decode(errors="replace").splitlines()
    said = [line for line in said if "the database system is" not in line]
    fatal = [line for line in said if "FATAL" in line] or said
    return fatal[-1].strip() if fatal else f"no answer within {START_SECONDS} seconds"
