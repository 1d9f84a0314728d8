"""What is killed, and what another process then does."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, supervisor
from db.embedded.account import server_account
from db.embedded.lock import HomeLock
from db.embedded.process import spawn
from tests.services.test_embedded_postgres.other_process import FAST
from tests.services.test_embedded_postgres.probes import connect, is_free, postmaster_pid, processes_below, until, value


async def test_a_killed_server_comes_back_with_the_data_at_the_same_address(home: Path):
    async with EmbeddedPostgres(home, settings=FAST) as server:
        url, pid = server.url(), postmaster_pid(home)
        os.kill(pid, signal.SIGKILL)
        await server.start()
        assert server.is_owner
        assert server.url() == url
        assert postmaster_pid(home) != pid
        assert await value(server, "SELECT body FROM note") == "kept"


async def test_a_killed_owner_takes_the_server_with_it(home: Path, another):
    other = another(home)
    assert await other.tell("start") == "owner"
    connection = await connect(await other.tell("url"))
    other.kill()
    await until(connection.is_closed, "the server to end our connection")
    await until(lambda: is_free(home), "the server to end")
    async with EmbeddedPostgres(home, settings=FAST) as server:
        assert server.is_owner
        assert await value(server, "SELECT body FROM note") == "kept"


async def test_an_owner_that_just_exits_takes_the_server_with_it(home: Path, another):
    other = another(home)
    assert await other.tell("start") == "owner"
    other.quit()
    await until(lambda: is_free(home), "the server to end")


async def test_started_in_a_thread_it_outlives_the_thread_but_not_the_process(home: Path, another):
    other = another(home)
    assert await other.tell("start in a thread") == "owner"
    url = await other.tell("url")
    watcher = f'read _; kill -INT "$1" sh {postmaster_pid(home)}'
    assert processes_below(Path(watcher))
    assert await value(url, "SELECT body FROM note") == "kept"
    other.kill()
    await until(lambda: is_free(home), "the server to end")
    await until(lambda: not processes_below(Path(watcher)), "the watcher to end")


async def test_stopping_ends_the_watcher_of_a_thread_too(home: Path, another):
    other = another(home)
    assert await other.tell("start in a thread") == "owner"
    watcher = f'read _; kill -INT "$1" sh {postmaster_pid(home)}'
    assert await other.tell("stop") == "not owner"
    assert not processes_below(Path(watcher))
    assert is_free(home)


async def test_a_stale_pid_file_with_the_number_of_a_living_process_is_no_obstacle(home: Path):
    # One of the server's own account: PostgreSQL itself sees through all others.
    with spawn(["/bin/cat"], server_account(home / "data"), stdin=subprocess.PIPE) as stranger:
        rest = f"{home / 'data'}\n1700000000\n5432\n{home / 'run'}\n\n 1 1\nready\n"
        (home / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
        async with EmbeddedPostgres(home, settings=FAST) as server:
            assert server.is_owner
            assert await value(server, "SELECT body FROM note") == "kept"
        assert stranger.poll() is None


async def test_ctrl_c_reaches_us_and_not_the_server(home: Path, another):
    other = another(home)
    assert await other.tell("start") == "owner"
    pid = postmaster_pid(home)
    os.killpg(other.process.pid, signal.SIGINT)  # what a terminal does to all it shows
    assert await other.hear() == "interrupted"
    assert os.getsid(pid) != os.getsid(other.process.pid)
    assert await value(await other.tell("url"), "SELECT body FROM note") == "kept"
    assert postmaster_pid(home) == pid
    assert await other.tell("stop") == "not owner"


async def test_the_second_attaches_and_leaves_the_server_to_the_first(home: Path, another):
    other = another(home)
    async with EmbeddedPostgres(home, settings=FAST) as server:
        assert await other.tell("start") == "not owner"
        assert await other.tell("url") == server.url("postgres").render_as_string(hide_password=False)
        assert await value(await other.tell("url"), "SELECT body FROM note") == "kept"
        assert await other.tell("stop") == "not owner"
        assert await value(server, "SELECT body FROM note") == "kept"


async def test_when_the_first_ends_the_second_starts_again_and_owns_it(home: Path, another):
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


async def test_when_the_first_is_killed_the_second_starts_again_and_owns_it(home: Path, another):
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


async def test_of_many_cold_starts_at_once_one_owns_and_the_others_attach(folder: Path, another):
    others = [another(folder / "home") for _ in range(4)]
    for other in others:
        other.ask("start")
    answers = [await other.hear() for other in others]
    assert sorted(answers) == ["not owner"] * 3 + ["owner"]
    for url in [await other.tell("url") for other in others]:
        assert await value(url, "SELECT 1") == 1
    for other in others:
        await other.tell("stop")


async def test_a_lock_without_a_server_is_refused_after_a_while(home: Path, monkeypatch):
    monkeypatch.setattr(supervisor, "ATTACH_SECONDS", 0.2)
    strange = HomeLock(home / "lock")
    assert strange.acquire()
    with pytest.raises(EmbeddedPostgresError, match="Another process holds"):
        await EmbeddedPostgres(home, settings=FAST).start()
    strange.let_go()
