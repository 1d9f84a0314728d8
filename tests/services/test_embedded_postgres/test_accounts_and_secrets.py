"""Who the server runs as, and what stays the owner's."""

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from db.embedded.process import spawn
from tests.services.test_embedded_postgres.other_process import FAST
from tests.services.test_embedded_postgres.probes import (
    AM_ROOT,
    NOBODY,
    access,
    identity,
    is_free,
    mode,
    postmaster_pid,
    value,
)

if AM_ROOT:

    async def test_root_starts_it_as_an_unprivileged_account_without_roots_groups(home: Path):
        groups_before = os.getgroups()
        os.setgroups([0, 4])
        try:
            async with EmbeddedPostgres(home, settings=FAST):
                uids, gids, groups = identity(postmaster_pid(home))
        finally:
            os.setgroups(groups_before)
        assert "0" not in uids + gids
        assert groups == []

    async def test_root_keeps_to_the_account_that_owns_the_data(open_folder: Path, another):
        folder = open_folder
        first = another(folder / "home", str(NOBODY))
        assert await first.tell("start") == "owner"
        assert await first.tell("stop") == "not owner"
        async with EmbeddedPostgres(folder / "home", settings=FAST) as server:
            assert set(identity(postmaster_pid(folder / "home"))[0]) == {str(NOBODY)}
            assert await value(server, "SELECT 1") == 1

    async def test_a_home_below_a_closed_folder_stays_closed_and_works(folder: Path):
        closed = folder / "roots own"
        closed.mkdir(mode=0o700)
        home = closed / "home"
        server = EmbeddedPostgres(home, settings=FAST)
        await server.start()
        await value(server, "CREATE TABLE note AS SELECT 'kept' AS body")
        await server.stop()
        assert mode(closed) == 0o700
        elsewhere = (home / "data").readlink().parent
        async with EmbeddedPostgres(home, settings=FAST) as again:
            assert await value(again, "SELECT body FROM note") == "kept"
            assert mode(elsewhere / "run") == 0o700
        await server.erase()
        assert not home.exists()
        assert not elsewhere.exists()


async def test_an_ordinary_user_starts_it_cold_and_warm(open_folder: Path, another):
    home = open_folder / "home"
    other = another(home, *([str(NOBODY)] if AM_ROOT else []))
    assert await other.tell("start") == "owner"
    assert await value(await other.tell("url"), "CREATE TABLE note (body text)") is None
    assert await other.tell("stop") == "not owner"
    assert await other.tell("start") == "owner"
    assert await value(await other.tell("url"), "SELECT count(*) FROM note") == 0
    assert (home / "data").stat().st_uid == (NOBODY if AM_ROOT else os.getuid())
    assert await other.tell("stop") == "not owner"


async def test_password_data_and_socket_are_the_owners_alone(home: Path):
    async with EmbeddedPostgres(home, settings=FAST):
        assert mode(home / "password") == 0o600
        assert mode(home / "lock") == 0o600
        assert mode(home / "server.log") == 0o600
        assert mode(home / "data") == 0o700
        assert mode(home / "run") == 0o700
        assert not (home / "data.password").exists()


async def test_the_home_keeps_its_permissions(folder: Path):
    home = folder / "home"
    home.mkdir()
    home.chmod(0o751)
    before = [(path, *access(path)) for path in (home, *home.parents)]
    async with EmbeddedPostgres(home, settings=FAST):
        pass
    assert [(path, *access(path)) for path in (home, *home.parents)] == before


async def test_nobody_connects_without_the_password(home: Path):
    async with EmbeddedPostgres(home, settings=FAST) as server:
        url = server.url("postgres").set(password="wrong").render_as_string(hide_password=False)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(url, "SELECT 1")


async def test_a_redirection_in_our_environment_is_not_followed(home: Path, monkeypatch):
    for name, value_of_it in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "/nowhere"}.items():
        monkeypatch.setenv(name, value_of_it)
    async with EmbeddedPostgres(home, settings=FAST) as server:
        assert await value(server, "SELECT body FROM note") == "kept"


def test_the_server_does_not_get_our_secrets(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    with spawn(["/usr/bin/env"], None, stdout=subprocess.PIPE) as process:
        output, _ = process.communicate()
    assert b"PATH=" in output
    assert b"hush" not in output


async def test_a_lost_password_is_named_and_nothing_is_made_up(home: Path):
    kept = (home / "password").rename(home / "password.away")
    with pytest.raises(EmbeddedPostgresError, match=r"password is missing .* put it back"):
        await EmbeddedPostgres(home, settings=FAST).start()
    assert not (home / "password").exists()
    kept.rename(home / "password")


async def test_a_wrong_password_is_named_and_the_server_ends(home: Path):
    right = (home / "password").read_text()
    (home / "password").write_text("wrong")
    with pytest.raises(EmbeddedPostgresError, match="put the right one back"):
        await EmbeddedPostgres(home, settings=FAST).start()
    (home / "password").write_text(right)
    assert is_free(home)
