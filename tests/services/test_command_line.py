"""The command line, as real processes against a fake Discord and a real PostgreSQL."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL

from db.embedded.lock import HomeLock
from db.migrate import head
from tests.conftest import connect
from tests.fake_discord import FakeDiscord, FakeGuild
from tests.process import Quartermaster, address, quartermaster


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        yield made


@pytest.fixture
def given(discord: FakeDiscord, database_url: URL) -> dict[str, str]:
    """What every start needs."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DATABASE_URL": address(database_url),
    }


def in_one_sentence(said: str) -> str:
    """What was written besides the log, which must be a sentence and no traceback."""
    plain = [line for line in said.splitlines() if " INFO " not in line]
    assert "Traceback" not in said
    assert len(plain) == 1, said
    assert plain[0].endswith((".", ";"))
    return plain[0]


# -- run ---------------------------------------------------------------------------------------------------------------


async def test_run_serves_where_the_api_says_and_ends_cleanly_on_sigterm(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    guild = discord.add_guild("Crimson Circle")
    async with Quartermaster(tmp_path, "run", **given) as bot:
        ready = await bot.writes("ready as quartermaster")
        assert "1 servers, shards 0 of 1" in ready
        answer = await (await discord.slash(guild.owner, "dkp balance")).answered()
        assert await bot.told(signal.SIGTERM) == 0
    assert "0" in answer
    assert "Traceback" not in bot.said
    assert discord.sessions == []
    assert discord.unknown == []


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist there")
async def test_run_works_on_uvloop(discord: FakeDiscord, given: dict[str, str], tmp_path: Path) -> None:
    async with Quartermaster(tmp_path, "run", **given) as bot:
        assert (await bot.writes("ready as")).endswith("uvloop")
        assert await bot.told(signal.SIGINT) == 0


async def test_two_shards_in_one_process_serve_a_server_each(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    discord.shards_advised = 2
    first, second = discord.add_guild("Crimson Circle"), discord.add_guild("Azure Order")
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await discord.connected(2)
        assert "2 servers, shards 0,1 of 2" in await bot.writes("ready as")
        for guild in (first, second):
            await (await discord.slash(guild.owner, "dkp balance")).answered()
        assert await bot.told() == 0
    assert sorted(tuple(told["shard"]) for told in discord.identified) == [(0, 2), (1, 2)]


async def test_a_process_may_run_some_of_the_shards_and_still_asks_the_api_for_the_gateway(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    discord.add_guild("Crimson Circle"), discord.add_guild("Azure Order")
    async with Quartermaster(tmp_path, "run", **given, SHARD_COUNT=2, SHARD_IDS="1") as bot:
        assert "1 servers, shards 1 of 2" in await bot.writes("ready as")
    assert [told["shard"] for told in discord.identified] == [[1, 2]]


async def test_the_command_list_is_sent_once_and_not_again_at_the_next_start(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    for _ in range(2):
        async with Quartermaster(tmp_path, "run", **given) as bot:
            await bot.writes("ready as")
    sent = [request for request in discord.requests if request.method == "PUT"]
    assert len(sent) == 1
    assert discord.commands


async def test_a_lost_connection_is_made_again_at_the_same_gateway(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    guild = discord.add_guild("Crimson Circle")
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await bot.writes("ready as")
        await discord.hang_up()
        await discord.until(lambda: len(discord.identified) == 2, "a second session")
        await discord.connected()
        await (await discord.slash(guild.owner, "dkp balance")).answered()


async def write_letter(owner: asyncpg.Connection, guild: FakeGuild) -> None:
    """A message that waits in the outbox."""
    now = datetime.now(UTC)
    await owner.execute("INSERT INTO guild (guild_id, name, joined_at) VALUES ($1, 'x', $2)", guild.id, now)
    await owner.execute(
        "INSERT INTO outbox (guild_id, nonce, channel_id, content, created_at, next_at)"
        " VALUES ($1, 'won1', $2, 'You won.', $3, $3)",
        guild.id, guild.general.id, now,
    )  # fmt: skip


async def test_told_to_stop_in_the_middle_of_a_message_it_notes_it_as_sent_first(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection
) -> None:
    guild = discord.add_guild("Crimson Circle")
    await write_letter(owner, guild)
    discord.trouble("POST", r"/channels/\d+/messages", delay=2, times=9)
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await discord.until(lambda: discord.asked("POST", "You won."), "the message to be on its way")
        assert await bot.told() == 0
    assert discord.said(guild.general).count("You won.") == 1
    assert await owner.fetchval("SELECT status FROM outbox") == "sent"


async def test_what_waits_in_the_outbox_is_posted_once_though_the_answer_was_lost(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection
) -> None:
    guild = discord.add_guild("Crimson Circle")
    await write_letter(owner, guild)
    lost = discord.trouble("POST", r"/channels/\d+/messages", lose_answer=True)
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await asyncio.wait_for(lost.hit.wait(), 30)
        await bot.kill()
    assert await owner.fetchval("SELECT status FROM outbox") in ("sending", "pending")
    await owner.execute("UPDATE outbox SET next_at = now()")
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await bot.writes("ready as")
        async with asyncio.timeout(30):
            while await owner.fetchval("SELECT status FROM outbox") != "sent":  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.1)
    assert discord.said(guild.general).count("You won.") == 1


async def test_told_to_stop_while_it_starts_it_stops(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    never = asyncio.Event()
    discord.trouble("GET", "/users/@me", until=never)
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await discord.until(lambda: discord.requests, "the first request")
        assert await bot.told(signal.SIGTERM, timeout=10) == 0
    never.set()
    assert "Traceback" not in bot.said


async def test_told_twice_it_still_ends_in_order(discord: FakeDiscord, given: dict[str, str], tmp_path: Path) -> None:
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await bot.writes("ready as")
        bot.process.send_signal(signal.SIGINT)
        assert await bot.told(signal.SIGINT) == 0
    assert "Traceback" not in bot.said
    assert discord.sessions == []


async def test_without_a_database_url_it_brings_its_own_and_leaves_nothing_running(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    del given["DATABASE_URL"]
    data = tmp_path / "data"
    async with Quartermaster(tmp_path, "run", **given, DATA_DIR=data) as bot:
        await bot.writes("ready as", timeout=60)
        lock = HomeLock(data / "postgres" / "lock")
        assert not lock.acquire()
        assert await bot.told(signal.SIGTERM) == 0
    assert lock.acquire()
    lock.let_go()
    status, output, _ = await quartermaster(tmp_path, "migrate", DATA_DIR=data)
    assert (status, output) == (0, f"Already at {head()}.\n")


async def test_a_killed_database_of_its_own_is_started_again_under_the_running_bot(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    del given["DATABASE_URL"]
    guild = discord.add_guild("Crimson Circle")
    async with Quartermaster(tmp_path, "run", **given) as bot:
        await bot.writes("ready as", timeout=60)
        pid_file = tmp_path / "data" / "postgres" / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        await bot.writes("starting it again")
        async with asyncio.timeout(30):
            while "broke" in await (await discord.slash(guild.owner, "dkp balance")).answered():  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        assert await bot.told() == 0


async def test_settings_are_read_from_the_env_file(discord: FakeDiscord, given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in given.items()))
    async with Quartermaster(tmp_path, "run", LOG_FORMAT="json") as bot:
        assert '"level": "info"' in await bot.writes("ready as")


# -- what keeps it from starting ---------------------------------------------------------------------------------------


async def test_no_token_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    status, output, said = await quartermaster(tmp_path, "run")
    assert (status, output) == (2, "")
    assert "DISCORD_TOKEN" in in_one_sentence(said)


async def test_a_wrong_token_is_one_sentence_and_exit_2(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    status, _, said = await quartermaster(tmp_path, "run", **given | {"DISCORD_TOKEN": "of.another.bot"})
    assert status == 2
    assert "does not take this token" in in_one_sentence(said)
    assert "of.another.bot" not in said


async def test_the_members_intent_switched_off_is_one_sentence_and_exit_2(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    discord.members_intent = False
    status, _, said = await quartermaster(tmp_path, "run", **given)
    assert status == 2
    assert "Server Members Intent" in in_one_sentence(said)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [("/users/@me", 403, "GET /api/v10/users/@me with 403"), ("/gateway/bot", 404, "does not answer")],
)
async def test_discord_refusing_is_one_sentence_and_exit_2(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path, path: str, status: int, told: str
) -> None:
    discord.trouble("GET", path, status=status, times=9)
    exit_status, _, said = await quartermaster(tmp_path, "run", **given)
    assert exit_status == 2
    assert told in in_one_sentence(said)


async def test_discord_away_is_one_sentence_and_exit_2(given: dict[str, str], tmp_path: Path) -> None:
    given["DISCORD_API_URL"] = "http://127.0.0.1:9/api/v10"
    status, _, said = await quartermaster(tmp_path, "run", **given)
    assert status == 2
    assert "Discord does not answer at http://127.0.0.1:9/api/v10" in in_one_sentence(said)


def other_address(url: URL, **changes: Any) -> str:
    """The worker's database with something wrong in its address."""
    query = dict(url.query) | changes.pop("query", {})
    return address(url.set(query=query, **changes))


@pytest.mark.parametrize(
    ("command", "address", "told"),
    [
        ("run", "postgres://me:geheim@127.0.0.1:9/quartermaster", "does not answer"),
        (
            "migrate",
            "postgresql://me:geheim@127.0.0.1:9,127.0.0.1:10/house",
            "127.0.0.1:9,127.0.0.1:10 does not answer",
        ),
        ("run", "postgresql://me:geheim@nowhere.invalid/quartermaster", "is unknown"),
        ("migrate", "mysql://me:geheim@localhost/quartermaster", "DATABASE_URL must begin with postgresql://"),
    ],
)
async def test_a_database_out_of_reach_is_one_sentence_and_exit_2(
    tmp_path: Path, command: str, address: str, told: str
) -> None:
    status, output, said = await quartermaster(tmp_path, command, DISCORD_TOKEN="some.token", DATABASE_URL=address)
    assert (status, output) == (2, "")
    assert told in in_one_sentence(said)
    assert "geheim" not in said


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"password": "wrong"}, "user or password"), ({"database": "nothing_here"}, "no such database")],
)
async def test_a_database_that_says_no_is_one_sentence_and_exit_2(
    tmp_path: Path, database_url: URL, wrong: dict[str, str], told: str
) -> None:
    status, _, said = await quartermaster(
        tmp_path, "run", DISCORD_TOKEN="some.token", DATABASE_URL=other_address(database_url, **wrong)
    )
    assert status == 2
    assert told in in_one_sentence(said)


async def test_the_role_that_cannot_be_made_prints_the_line_to_run(
    tmp_path: Path, database_url: URL, owner: asyncpg.Connection
) -> None:
    await owner.execute("DROP ROLE IF EXISTS qm_weak")
    await owner.execute("CREATE ROLE qm_weak LOGIN PASSWORD 'weak'")
    try:
        weak = other_address(database_url, username="qm_weak", password="weak")
        status, _, said = await quartermaster(tmp_path, "run", DISCORD_TOKEN="some.token", DATABASE_URL=weak)
    finally:
        await owner.execute("DROP ROLE qm_weak")
    assert status == 2
    assert 'GRANT quartermaster_bot TO "qm_weak";' in in_one_sentence(said)


@pytest.mark.parametrize("command", ["run", "migrate"])
async def test_a_database_newer_than_the_code_is_left_alone(
    tmp_path: Path, database_url: URL, owner: asyncpg.Connection, command: str
) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    status, _, said = await quartermaster(
        tmp_path, command, DISCORD_TOKEN="some.token", DATABASE_URL=address(database_url)
    )
    assert status == 2
    assert "9999" in in_one_sentence(said)
    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "9999"


async def test_a_data_folder_that_cannot_be_used_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    status, _, said = await quartermaster(tmp_path, "run", DISCORD_TOKEN="some.token")
    assert status == 2
    assert str(tmp_path / "data") in in_one_sentence(said)


async def test_a_misspelt_command_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    status, _, said = await quartermaster(tmp_path, "rum")
    assert status == 2
    assert "run" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["0", "eighty"])
async def test_the_demo_refuses_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    status, _, said = await quartermaster(tmp_path, "demo", "--port", port)
    assert status == 2
    assert "must be a number from 1 to 65535" in said


def test_the_demo_without_simcord_says_how_to_get_it(tmp_path: Path) -> None:
    """A production installation leaves it out."""
    program = "import sys; sys.modules['simcord'] = None; from bot.cli import main; sys.exit(main(['demo']))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "uv sync --group demo" in in_one_sentence(done.stderr)


# -- migrate -----------------------------------------------------------------------------------------------------------


async def test_migrate_says_from_where_to_where(tmp_path: Path, database_url: URL) -> None:
    empty = database_url.set(database=f"{database_url.database}_empty")
    maintenance = await connect(database_url)
    await maintenance.execute(f"CREATE DATABASE {empty.database}")
    try:
        first = await quartermaster(tmp_path, "migrate", DATABASE_URL=address(empty))
        second = await quartermaster(tmp_path, "migrate", DATABASE_URL=address(empty))
    finally:
        await maintenance.execute(f"DROP DATABASE {empty.database} WITH (FORCE)")
        await maintenance.close()
    assert first[:2] == (0, f"Migrated: empty -> {head()}\n")
    assert second[:2] == (0, f"Already at {head()}.\n")


async def test_several_hosts_are_tried_in_turn(tmp_path: Path, database_url: URL) -> None:
    folder, port = database_url.query["host"], database_url.query.get("port", "5432")
    several = other_address(database_url, query={"host": f"/nowhere,{folder}", "port": f"{port},{port}"})
    status, output, said = await quartermaster(tmp_path, "migrate", DATABASE_URL=several)
    assert (status, output) == (0, f"Already at {head()}.\n"), said
