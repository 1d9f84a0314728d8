"""Paths, other versions, interrupted creation, removal."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, folders, supervisor
from tests.services.test_embedded_postgres.other_process import FAST
from tests.services.test_embedded_postgres.probes import (
    AM_ROOT,
    NOBODY,
    is_free,
    mode,
    snapshot,
    until,
    value,
)


@pytest.mark.parametrize("name", ["x" * 120, "ü" * 40, 'a, "b": c'], ids=["long", "bytes", "separators"])
async def test_a_path_no_socket_can_have_works_all_the_same(folder: Path, name: str):
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


def test_a_socket_folder_somebody_else_made_is_refused(folder: Path):
    data = folder / ("x" * 120) / "data"
    taken = folders._short_socket_folder(data)
    taken.symlink_to(folder)
    with pytest.raises(EmbeddedPostgresError, match="belongs to somebody else"):
        folders.socket_folder(data, None)
    taken.unlink()
    if AM_ROOT:
        taken.mkdir()
        os.chown(taken, NOBODY, NOBODY)
        with pytest.raises(EmbeddedPostgresError, match="belongs to somebody else"):
            folders.socket_folder(data, None)
        assert taken.stat().st_uid == NOBODY
        taken.rmdir()


async def test_another_major_version_is_refused_and_its_data_untouched(home: Path):
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


async def test_a_data_folder_with_something_else_in_it_is_refused_untouched(folder: Path):
    data = folder / "home" / "data"
    data.mkdir(parents=True)
    (data / "photo.jpg").write_text("dear to me")
    with pytest.raises(EmbeddedPostgresError, match="is not a database"):
        await EmbeddedPostgres(folder / "home", settings=FAST).start()
    assert [each.name for each in data.iterdir()] == ["photo.jpg"]


async def test_a_home_that_cannot_be_made_is_one_sentence(folder: Path):
    (folder / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot start \(Not a directory"):
        await EmbeddedPostgres(folder / "file" / "home").start()


async def test_a_server_that_refuses_its_settings_says_why_and_leaves_nothing(home: Path):
    server = EmbeddedPostgres(home, settings=FAST | {"shared_buffers": "many"})
    with pytest.raises(EmbeddedPostgresError, match=r'did not start \(.*FATAL.*"shared_buffers": "many"'):
        await server.start()
    assert not server.is_owner
    assert is_free(home)


async def test_erasing_removes_what_was_made_and_nothing_else(folder: Path):
    home = folder / "home"
    async with EmbeddedPostgres(home, settings=FAST) as server:
        with pytest.raises(EmbeddedPostgresError, match="Another process uses"):
            await EmbeddedPostgres(home).erase()
        (home / "notes.txt").write_text("mine")
        await server.erase()
    assert [each.name for each in home.iterdir()] == ["notes.txt"]


async def test_a_long_log_is_put_aside_at_the_next_start(home: Path, monkeypatch):
    monkeypatch.setattr(supervisor, "LONGEST_LOG", 10)
    (home / "server.log").write_text("what was said long ago\n")
    async with EmbeddedPostgres(home, settings=FAST):
        assert (home / "server.log.1").read_text() == "what was said long ago\n"
        assert "long ago" not in (home / "server.log").read_text()


async def test_a_kill_during_initdb_leaves_nothing_that_looks_finished(folder: Path, another):
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


async def test_a_cancelled_start_takes_initdb_with_it(folder: Path):
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


async def test_the_rest_of_an_older_attempt_is_replaced(folder: Path):
    home = folder / "home"
    (home / "data.new" / "base").mkdir(parents=True)
    (home / "data.new" / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(home, settings=FAST) as server:
        assert await value(server, "SELECT 1") == 1
