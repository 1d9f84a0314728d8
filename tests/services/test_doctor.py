"""`quartermaster doctor`, as a real process: what it finds, what it says to do, how it exits."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import URL

from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import BOT_ROLE
from tests.conftest import FAST, connect
from tests.fake_discord import FakeDiscord
from tests.process import address, quartermaster


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        yield made


@pytest.fixture
def given(discord: FakeDiscord, database_url: URL) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DATABASE_URL": address(database_url),
    }


def wrong(report: str) -> list[str]:
    """The checks that failed, with what to do."""
    return [line.removeprefix("WRONG ") for line in report.splitlines() if line.startswith("WRONG ")]


async def test_a_healthy_house_is_told_so_line_by_line(given: dict[str, str], tmp_path: Path) -> None:
    status, report, said = await quartermaster(tmp_path, "doctor", **given)
    assert (status, wrong(report)) == (0, []), report + said
    checks = [line.removeprefix("ok").split(":")[0].strip() for line in report.splitlines()]
    assert checks == [
        "settings", "token", "intents", "gateway", "database", "migrations", "bot role", "tenants", "guilds"
    ]  # fmt: skip


async def test_malformed_settings_are_exit_2(given: dict[str, str], tmp_path: Path) -> None:
    status, report, said = await quartermaster(tmp_path, "doctor", **given, SHARD_COUNT="many")
    assert (status, report) == (2, "")
    assert said.startswith("SHARD_COUNT must be")


async def test_a_wrong_token_is_found_and_the_database_is_looked_at_all_the_same(
    given: dict[str, str], tmp_path: Path
) -> None:
    status, report, _ = await quartermaster(tmp_path, "doctor", **given | {"DISCORD_TOKEN": "of.another.bot"})
    assert status == 2
    assert [line.split(":")[0] for line in wrong(report)] == ["token"]
    assert "ok    guilds" in report


async def test_the_members_intent_switched_off_is_found(
    discord: FakeDiscord, given: dict[str, str], tmp_path: Path
) -> None:
    discord.members_intent = False
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 2
    assert "Server Members Intent" in wrong(report)[0]


async def test_a_database_away_is_found(given: dict[str, str], tmp_path: Path) -> None:
    given["DATABASE_URL"] = "postgresql://me:geheim@127.0.0.1:9/quartermaster"
    status, report, said = await quartermaster(tmp_path, "doctor", **given)
    assert status == 2
    assert "does not answer" in wrong(report)[0]
    assert "geheim" not in report + said


async def test_nothing_is_made_where_there_is_no_database_yet(given: dict[str, str], tmp_path: Path) -> None:
    del given["DATABASE_URL"]
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 1
    assert "quartermaster migrate" in wrong(report)[0]
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_database_behind_is_told_to_migrate(
    given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = '0001'")
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 1
    assert "run `quartermaster migrate`" in wrong(report)[0]


async def test_an_open_table_is_found(given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection) -> None:
    await owner.execute("ALTER TABLE ledger_entry DISABLE ROW LEVEL SECURITY")
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 1
    assert "row-level security is off on ledger_entry" in wrong(report)[0]


async def test_an_open_table_with_rows_is_seen_through_the_bots_own_eyes(
    given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection
) -> None:
    await owner.execute("INSERT INTO guild (guild_id, name, joined_at) VALUES (1, 'x', now())")
    await owner.execute("ALTER TABLE guild DISABLE ROW LEVEL SECURITY")
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 1
    assert "reads rows of guild outside every guild" in wrong(report)[0]


async def test_a_bot_role_that_is_not_bound_is_found(given: dict[str, str], tmp_path: Path) -> None:
    """On a server of its own: roles belong to a server, and other tests work as this role meanwhile."""
    async with EmbeddedPostgres(tmp_path / "server", settings=FAST) as server:
        await server.ensure_database("unbound")
        await migrate(server.url("unbound"))
        admin = await connect(server.url("unbound"))
        await admin.execute(f"ALTER ROLE {BOT_ROLE} BYPASSRLS")
        await admin.close()
        given |= {"DATABASE_URL": address(server.url("unbound"))}
        status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    await server.erase()
    assert status == 2
    assert f"ALTER ROLE {BOT_ROLE} NOSUPERUSER NOBYPASSRLS;" in wrong(report)[0]


async def test_books_that_do_not_add_up_are_found_in_their_own_server(
    given: dict[str, str], tmp_path: Path, owner: asyncpg.Connection
) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    for guild_id in (1, 2):
        await owner.execute("INSERT INTO guild (guild_id, name, joined_at) VALUES ($1, 'x', $2)", guild_id, now)
        pool = await owner.fetchval(
            "INSERT INTO pool (guild_id, name, name_key, is_default, created_at)"
            " VALUES ($1, 'DKP', 'dkp', true, $2) RETURNING pool_id",
            guild_id, now,
        )  # fmt: skip
        member = await owner.fetchval(
            "INSERT INTO member (guild_id, display_name, name_key, joined_at)"
            " VALUES ($1, 'Anna', 'anna', $2) RETURNING member_id",
            guild_id, now,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO account (guild_id, pool_id, member_id, earned, balance) VALUES ($1, $2, $3, $4, $4)",
            guild_id, pool, member, 10 if guild_id == 2 else 0,
        )  # fmt: skip
    status, report, _ = await quartermaster(tmp_path, "doctor", **given)
    assert status == 1
    assert len(wrong(report)) == 1
    assert "server 2" in wrong(report)[0]
    assert "the balance is off by 10" in wrong(report)[0]
