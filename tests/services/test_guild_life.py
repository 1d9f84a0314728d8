"""We are removed from a server, invited again, or forget it: every table is filled for two guilds, one is erased."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Numeric, text
from sqlalchemy.schema import CheckConstraint, Column, Table

from bot import due
from bot.stage import Actor, Stage
from cogs.members import jobs
from cogs.members.service import guild_life
from cogs.members.service.guild_life import KEPT
from db.catalog import TENANT_TABLES
from db.tables import Base

ITSELF = Actor.itself(1, "Crimson Circle")


async def fill(owner: asyncpg.Connection, guild_id: int) -> None:
    """A row of this guild in every tenant table, foreign keys aside."""
    await owner.execute("SET session_replication_role = replica")
    for name in sorted(TENANT_TABLES):
        table = Base.metadata.tables[name]
        if await owner.fetchval(f'SELECT count(*) FROM "{name}" WHERE guild_id = $1', guild_id):
            continue
        given = {"guild_id": guild_id}
        for column in table.columns:
            if column.name not in given and not column.nullable and column.server_default is None:
                given[column.name] = some_value(table, column)
        columns = ", ".join(given)
        places = ", ".join(f"${number}" for number in range(1, len(given) + 1))
        await owner.execute(f'INSERT INTO "{name}" ({columns}) VALUES ({places})', *given.values())
    await owner.execute("SET session_replication_role = origin")


def some_value(table: Table, column: Column[Any]) -> Any:
    """What the column takes: the first word its check knows, else a value of its type."""
    for check in table.constraints:
        known = isinstance(check, CheckConstraint) and re.match(rf"{column.name} IN \('(\w+)'", str(check.sqltext))
        if known:
            return known[1]
    if isinstance(column.type, Numeric):
        return 1
    kind = column.type.python_type
    return {int: 1, str: "x", bool: True, dict: "{}", datetime: datetime(2026, 1, 1, tzinfo=UTC)}.get(kind, "{}")


async def counts(owner: asyncpg.Connection, guild_id: int) -> dict[str, int]:
    return {
        name: await owner.fetchval(f'SELECT count(*) FROM "{name}" WHERE guild_id = $1', guild_id)
        for name in sorted(TENANT_TABLES)
    }


def without_us(stage: Stage, *here: int) -> Stage:
    """A process whose Discord knows only these servers."""
    servers = {guild_id: SimpleNamespace(name="Crimson Circle") for guild_id in here}
    stage.registry.due["guild.erase"] = jobs.EraseGuild(SimpleNamespace(get_guild=servers.get))  # type: ignore[arg-type]
    return stage


async def here(stage: Stage) -> None:
    await stage.run(ITSELF, lambda session: guild_life.be_here(session, "Crimson Circle"))


async def removed(stage: Stage) -> None:
    await stage.run(ITSELF, guild_life.be_removed)


async def test_thirty_days_after_our_removal_nothing_of_the_guild_is_left_and_nothing_of_another_is_touched(
    stage, clock, owner
):
    without_us(stage)
    for guild_id in (1, 2):
        await stage.run(Actor.itself(guild_id, "Crimson Circle"), lambda session: guild_life.be_here(session, "x"))
        await fill(owner, guild_id)
    # Due work of the filler is nobody's.
    await owner.execute("UPDATE due_job SET done_at = now() WHERE kind = 'x'")
    await removed(stage)
    filled, other = await counts(owner, 1), await counts(owner, 2)
    assert all(filled.values()), filled
    assert all(other.values()), other
    clock.moment += KEPT - timedelta(seconds=1)
    await due.run_once(stage)
    assert await counts(owner, 1) == filled
    clock.move(seconds=1)
    await due.run_once(stage)
    await due.run_once(stage)
    assert not any((await counts(owner, 1)).values()), await counts(owner, 1)
    assert await counts(owner, 2) == other


async def test_invited_again_in_time_all_is_there_and_nothing_is_erased(stage, clock, owner):
    without_us(stage)
    await here(stage)
    await fill(owner, 1)
    before = await counts(owner, 1)
    await removed(stage)
    clock.moment += KEPT - timedelta(minutes=1)
    await here(stage)
    clock.moment += KEPT * 2
    await due.run_once(stage)
    after = await counts(owner, 1)
    assert all(after[name] >= before[name] for name in before)
    assert await owner.fetchval("SELECT removed_at FROM guild") is None
    assert [row["action"] for row in await owner.fetch("SELECT action FROM audit WHERE action LIKE 'guild%'")] == [
        "guild.removed",
        "guild.returned",
    ]


async def test_removed_twice_the_days_count_from_the_second_time(stage, clock, owner):
    without_us(stage)
    await here(stage)
    await removed(stage)
    clock.moment += timedelta(days=20)
    await here(stage)
    await removed(stage)
    clock.moment += timedelta(days=20)
    await due.run_once(stage)
    assert await owner.fetchval("SELECT count(*) FROM guild") == 1
    clock.moment += timedelta(days=10)
    await due.run_once(stage)
    assert await owner.fetchval("SELECT count(*) FROM guild") == 0


async def test_erasing_work_that_comes_too_early_or_for_a_guild_we_are_in_does_nothing(stage, clock, owner):
    await here(stage)
    assert not await stage.run(ITSELF, guild_life.erase)
    await removed(stage)
    clock.moment += KEPT - timedelta(seconds=1)
    assert not await stage.run(ITSELF, guild_life.erase)
    assert await owner.fetchval("SELECT count(*) FROM guild") == 1


async def test_a_server_this_process_serves_is_never_erased(stage, clock, owner):
    without_us(stage, 1)
    await here(stage)
    await removed(stage)
    clock.moment += KEPT
    await due.run_once(stage)
    assert await owner.fetchval("SELECT removed_at IS NULL FROM guild")


async def test_what_waited_to_be_posted_is_not_posted_after_the_return(stage, clock, owner):
    await here(stage)
    await owner.execute(
        "INSERT INTO outbox (guild_id, nonce, content, status, created_at, next_at)"
        " VALUES (1, 'a', 'x', 'pending', now(), now()), (1, 'b', 'x', 'sent', now(), now())"
    )
    await removed(stage)
    await here(stage)
    rows = await owner.fetch("SELECT nonce, status FROM outbox ORDER BY nonce")
    assert [tuple(row) for row in rows] == [("a", "failed"), ("b", "sent")]


async def test_the_database_itself_refuses_to_erase_a_guild_that_was_not_removed_or_is_not_the_scopes(stage, owner):
    await here(stage)
    await stage.run(Actor.itself(2, "Other"), lambda session: guild_life.be_here(session, "Other"))
    await owner.execute("UPDATE guild SET removed_at = now() WHERE guild_id = 2")
    for guild_id in (1, 2):
        with pytest.raises(Exception, match=r"erased in its own scope|was not removed"):
            async with stage.db.guild(1) as session:
                await session.execute(text("SELECT erase_guild(:guild_id)"), {"guild_id": guild_id})
    assert await owner.fetchval("SELECT count(*) FROM guild") == 2


async def test_a_start_names_every_guild_we_believe_to_be_in(stage, clock):
    await here(stage)
    await stage.run(Actor.itself(2, "Other"), lambda session: guild_life.be_here(session, "Other"))
    assert await stage.db.guilds_across(clock.now()) == [1, 2]
    await removed(stage)
    assert await stage.db.guilds_across(clock.now()) == [2]
