"""Calls served together: each with its own answer and rights, once an interaction, and nobody pays for another."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from bot import log, people
from bot.refusals import NotAllowed, Refused
from bot.stage import Actor, Session, Stage
from bot.together import MOST
from tests.conftest import MovableClock, person
from tests.stock import POISON, StockTaken, Taken, TooMuch, lay_in, take


def raider(number: int, **more: Any) -> Actor:
    """With an interaction of the same number; an officer, as long as no role is mapped."""
    return person(1000 + number, f"Raider {number}", interaction_id=number, **more)


async def at_once(stage: Stage, *asked: tuple[Actor, int]) -> list[Taken | BaseException]:
    """Everybody's answer or exception; all are there before the first transaction begins."""
    return await asyncio.gather(*(take(stage, who, "potions", amount) for who, amount in asked), return_exceptions=True)


async def count(owner: asyncpg.Connection, table: str = "audit") -> Any:
    return await owner.fetchval(f"SELECT count(*) FROM {table}")


async def left(owner: asyncpg.Connection) -> Any:
    return await owner.fetchval("SELECT (payload ->> 'left')::int FROM due_job WHERE kind = 'stock'")


@pytest.fixture(autouse=True)
async def stock(stage: Stage) -> None:
    await lay_in(stage, 100)


async def test_calls_at_once_are_one_transaction_in_the_order_they_came_each_with_its_own_answer(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    answers = await at_once(stage, *((raider(number), number) for number in (5, 3, 4)))
    assert answers == [Taken(5, 95, 3), Taken(3, 92, 3), Taken(4, 88, 3)]
    assert await left(owner) == 88
    rows = await owner.fetch("SELECT actor_name, after ->> 'left' AS left FROM audit ORDER BY audit_id")
    assert [tuple(row) for row in rows] == [("Raider 5", "95"), ("Raider 3", "92"), ("Raider 4", "88")]
    letters = await owner.fetch("SELECT user_id, content, mention_user_ids, status FROM outbox ORDER BY outbox_id")
    assert tuple(letters[0]) == (1005, "Raider 5 took 5", "[]", "pending")
    assert stage.queues == {}, "who waits for nothing leaves no queue"


async def test_who_comes_while_a_batch_runs_is_served_with_the_next_and_no_batch_is_endless(stage: Stage) -> None:
    first = asyncio.create_task(take(stage, raider(1), "potions", 1))
    await asyncio.sleep(0.01)
    rest = await at_once(stage, *((raider(number + 2), 0) for number in range(MOST + 10)))
    assert (await first).together_with == 1
    assert [answer.together_with for answer in rest if isinstance(answer, Taken)] == [MOST] * MOST + [10] * 10


async def test_other_stocks_and_other_guilds_are_other_queues(stage: Stage) -> None:
    await lay_in(stage, 50, "scrolls")
    [potions, scrolls] = await asyncio.gather(
        take(stage, raider(1), "potions", 1), take(stage, raider(2), stock="scrolls", amount=1)
    )
    assert (potions.left, scrolls.left) == (99, 49)
    assert (potions.together_with, scrolls.together_with) == (1, 1)


# -- once an interaction -----------------------------------------------------------------------------------------------


async def test_a_repeat_in_the_same_batch_and_a_later_one_get_the_first_answer(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    first, repeat, other = await at_once(stage, (raider(1), 5), (raider(1), 50), (raider(2), 2))
    assert first == repeat == Taken(5, 95, 2)
    assert other == Taken(2, 93, 2)
    assert await at_once(stage, (raider(1), 50), (raider(3), 1)) == [first, Taken(1, 92, 1)]
    assert (await left(owner), await count(owner), await count(owner, "outbox")) == (92, 3, 3)


async def test_a_refusal_stays_one_when_it_is_repeated_and_the_others_are_served(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    wants, repeats, gets = await at_once(stage, (raider(1), 101), (raider(1), 1), (raider(2), 1))
    assert isinstance(wants, TooMuch)
    assert isinstance(repeats, Refused)
    assert str(wants) == str(repeats) == "100 left, you want 101."
    assert gets == Taken(1, 99, 2)
    with pytest.raises(Refused, match="100 left, you want 101"):
        await take(stage, raider(1), "potions", 1)
    assert (await left(owner), await count(owner)) == (99, 1)
    assert await owner.fetchval("SELECT count(*) FROM interaction_answer WHERE refused") == 1


async def test_the_same_person_may_call_twice_in_a_batch_and_calls_without_an_interaction_are_no_repeats(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    anna, quiet = raider(1), replace(raider(2), interaction_id=None)
    await at_once(stage, (anna, 1), (replace(anna, interaction_id=9), 1), (quiet, 1), (quiet, 1))
    assert await left(owner) == 96
    assert await count(owner, "member") == 2


# -- rights and people -------------------------------------------------------------------------------------------------


async def test_each_caller_has_the_rights_of_their_own(stage: Stage, owner: asyncpg.Connection) -> None:
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'member', 70)")
    member, stranger = raider(1, role_ids=frozenset({70})), raider(2)
    guild_admin = raider(3, role_ids=frozenset({70}), manage_guild=True)
    answers = await at_once(stage, (member, 1), (stranger, 1), (guild_admin, 1))
    assert [type(answer) for answer in answers] == [Taken, NotAllowed, Taken]
    assert await left(owner) == 98
    again = await at_once(stage, (replace(stranger, role_ids=frozenset({70})), 1))
    assert str(again[0]) == str(answers[1]), "a refusal is the first answer too"


async def test_everybody_in_a_batch_is_known_renamed_and_back(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    await at_once(stage, (raider(1), 1), (raider(2), 1))

    async def go(session: Session) -> None:
        await people.leave(session, 1002)

    clock.move(days=1)
    await stage.run(Actor.itself(1), go)
    clock.move(days=1)
    renamed = Actor(1, 1001, "Anna", interaction_id=11)
    await at_once(stage, (replace(raider(2), interaction_id=12), 1), (raider(3), 1), (renamed, 1))
    rows = await owner.fetch("SELECT display_name, left_at FROM member ORDER BY discord_user_id")
    assert [tuple(row) for row in rows] == [("Anna", None), ("Raider 2", None), ("Raider 3", None)]
    assert await count(owner, "stay") == 4


async def test_audit_rows_carry_each_callers_request(stage: Stage, owner: asyncpg.Connection) -> None:
    async def press(number: int, code: str) -> None:
        with log.request(1, 1000 + number, code):
            await take(stage, raider(number), "potions", 1)

    await asyncio.gather(press(1, "AAAA"), press(2, "BBBB"))
    rows = await owner.fetch("SELECT actor_user_id, request FROM audit ORDER BY audit_id")
    assert [tuple(row) for row in rows] == [(1001, "AAAA"), (1002, "BBBB")]


async def test_a_guild_seen_for_the_first_time_is_made(stage: Stage, owner: asyncpg.Connection) -> None:
    elsewhere = replace(raider(1), guild_id=2, guild_name="Circle")
    with pytest.raises(Exception, match="No row was found"):  # it has no stock
        await take(stage, elsewhere, "potions", 1)
    assert await count(owner, "guild") == 1
    await owner.execute(
        "INSERT INTO guild (guild_id, name, joined_at) VALUES (3, 'Old', now());"
        "INSERT INTO due_job (guild_id, kind, key, due_at, payload)"
        """ VALUES (3, 'stock', 'potions', now(), '{"left": 5}')"""
    )
    assert (await take(stage, replace(raider(1), guild_id=3), "potions", 1)).left == 4


# -- what breaks -------------------------------------------------------------------------------------------------------


async def test_only_who_breaks_a_batch_sees_it_break(
    stage: Stage, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []
    stage.tell = heard.append
    answers = await at_once(stage, (raider(1), 1), (raider(2), POISON), (raider(3), 2))
    assert answers[0] == Taken(1, 99, 1)
    assert "division by zero" in str(answers[1])
    assert answers[2] == Taken(2, 97, 1)
    assert (await left(owner), await count(owner), await count(owner, "interaction_answer")) == (97, 2, 2)
    assert heard == [StockTaken(99), StockTaken(97)]
    assert "a batch of 3 broke" in caplog.text
    assert stage.queues == {}


async def test_what_could_not_be_told_from_a_repeat_is_not_tried_twice(stage: Stage, owner: asyncpg.Connection) -> None:
    quiet = replace(raider(1), interaction_id=None)
    answers = await at_once(stage, (quiet, 1), (raider(2), POISON), (raider(3), 2))
    assert [isinstance(answer, Taken) for answer in answers] == [False, False, True]
    assert await left(owner) == 98


async def test_a_caller_that_is_cancelled_harms_nobody(stage: Stage, owner: asyncpg.Connection) -> None:
    async with hold_up(owner):
        running = asyncio.create_task(take(stage, raider(1), "potions", 1))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(take(stage, raider(number), "potions", 1)) for number in (2, 3)]
        await asyncio.sleep(0.1)
        running.cancel()
        waiting[0].cancel()
    assert (await waiting[1]).left == 98, "the running call counts, the waiting one was left out"
    assert await count(owner) == 2
    assert (await take(stage, raider(1), "potions", 1)).left == 99, "what it would have been answered"


async def test_a_process_that_stops_leaves_no_half_batch_and_nobody_waiting(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    async with hold_up(owner):
        running = asyncio.create_task(take(stage, raider(1), "potions", 1))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(take(stage, raider(2), "potions", 1))
        await asyncio.sleep(0.1)
        [queue] = stage.queues.values()
        queue.task.cancel()
        for task in (running, waiting):
            with pytest.raises(asyncio.CancelledError):
                await task
    assert (await left(owner), await count(owner), stage.queues) == (100, 0, {})
    assert (await take(stage, raider(1), "potions", 1)).left == 99


async def test_facts_and_redraws_come_once_a_batch_after_the_commit(stage: Stage, owner: asyncpg.Connection) -> None:
    heard: list[object] = []
    stage.tell = heard.append
    stage.redraw = lambda guild_id, kind, subject_id: heard.append((guild_id, kind))
    async with hold_up(owner):
        work = asyncio.create_task(at_once(stage, (raider(1), 1), (raider(2), 1)))
        await asyncio.sleep(0.1)
        assert heard == []
    await work
    assert heard == [StockTaken(99), StockTaken(98), (1, "stock")]


async def test_a_batch_of_known_people_enters_in_one_statement_and_writes_each_kind_of_row_in_one(stage: Stage) -> None:
    everybody = [raider(number) for number in range(1, 21)]
    await at_once(stage, *((who, 0) for who in everybody))
    sent: list[str] = []

    @event.listens_for(stage.db.engine.sync_engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    await lay_in(stage, 100)
    sent.clear()
    await at_once(stage, *((replace(who, interaction_id=500 + (who.user_id or 0)), 1) for who in everybody))
    first_words = [" ".join(statement.split()[:3]) for statement in sent]
    assert len(sent) == 6, first_words
    assert sorted(words for words in first_words if words.startswith("INSERT")) == [
        "INSERT INTO audit",
        "INSERT INTO interaction_answer",
        "INSERT INTO outbox",
    ]


@contextlib.asynccontextmanager
async def hold_up(owner: asyncpg.Connection):
    """Somebody else has the stock's row."""
    async with owner.transaction():
        await owner.execute("SELECT 1 FROM due_job WHERE kind = 'stock' FOR UPDATE")
        yield
