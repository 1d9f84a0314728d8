"""The stage: one transaction, one answer an interaction, nothing told before the commit."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy import select

from bot import audit, permissions
from bot.refusals import NotAllowed, Refused
from bot.registry import Registry
from bot.stage import Actor, Session, Stage, use_case
from db.scope import Database
from db.tables import Audit
from tests.conftest import MovableClock, person

OFFICER = person(1, "Anna", manage_guild=True)


@dataclass(frozen=True)
class Given:
    """An answer with everything that must survive being stored."""

    amount: Decimal
    at: datetime
    names: tuple[str, ...]


@dataclass(frozen=True)
class PrizeGiven:
    amount: Decimal


class Shy(Refused):
    code = "shy"


@use_case("dkp.adjust")
async def give(session: Session, amount: Decimal, meanwhile: asyncio.Event | None = None) -> Given:
    audit.record(session, "test.given", after={"amount": amount})
    await session.flush()
    session.tell(PrizeGiven(amount))
    session.redraw("prize", 7)
    session.redraw("prize", 7)
    if meanwhile is not None:
        await meanwhile.wait()
    return Given(amount, session.now, ("Anna", "Бэла"))


@use_case(None)
async def give_quietly(session: Session) -> None:
    audit.record(session, "test.given")


@use_case("dkp.view")
async def refuse_below(session: Session, amount: int) -> int:
    audit.record(session, "test.given")
    await session.flush()
    if amount < 10:
        raise Shy(f"{amount} is too little.")
    return amount


def pressed(actor: Actor, interaction_id: int = 500) -> Actor:
    return Actor(
        actor.guild_id, actor.user_id, actor.name, manage_guild=actor.manage_guild, interaction_id=interaction_id
    )


async def rows(owner: asyncpg.Connection, table: str = "audit") -> int:
    return await owner.fetchval(f"SELECT count(*) FROM {table}")


async def test_a_repeated_interaction_changes_nothing_and_gets_the_first_answer(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    first = await give(stage, pressed(OFFICER), amount=Decimal("12.50"))
    clock.move(minutes=3)
    again = await give(stage, pressed(OFFICER), amount=Decimal(99))
    assert again == first == Given(Decimal("12.50"), first.at, ("Anna", "Бэла"))
    assert await rows(owner) == 1
    assert (await give(stage, pressed(OFFICER, 501), amount=Decimal(99))).amount == 99
    assert await rows(owner) == 2


async def test_the_same_interaction_on_two_connections_at_once_is_served_once(
    stage: Stage, owner: asyncpg.Connection, database_url
) -> None:
    other_database = Database(database_url)
    other = Stage(other_database, stage.clock, Registry())
    hold_up = asyncio.Event()
    first = asyncio.create_task(give(stage, pressed(OFFICER), amount=Decimal(5), meanwhile=hold_up))
    await asyncio.sleep(0.2)
    second = asyncio.create_task(give(other, pressed(OFFICER), amount=Decimal(6)))
    await asyncio.sleep(0.2)
    assert not second.done(), "the second must wait to learn whether the first commits"
    hold_up.set()
    assert await first == await second
    assert await rows(owner) == 1
    await other_database.close()


async def test_when_the_first_of_two_deliveries_breaks_the_second_does_the_work(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    class Break(asyncio.Event):
        async def wait(self) -> bool:  # type: ignore[override]
            await super().wait()
            raise RuntimeError("broke before the commit")

    hold_up = Break()
    first = asyncio.create_task(give(stage, pressed(OFFICER), amount=Decimal(5), meanwhile=hold_up))
    await asyncio.sleep(0.2)
    second = asyncio.create_task(give(stage, pressed(OFFICER), amount=Decimal(6)))
    await asyncio.sleep(0.2)
    hold_up.set()
    with pytest.raises(RuntimeError):
        await first
    assert (await second).amount == 6
    assert await rows(owner) == 1


async def test_one_interaction_may_call_two_use_cases_each_once(stage: Stage, owner: asyncpg.Connection) -> None:
    for _ in range(2):
        assert (await give(stage, pressed(OFFICER), amount=Decimal(5))).amount == 5
        assert await give_quietly(stage, pressed(OFFICER)) is None
    assert await rows(owner) == 2


async def test_a_refusal_changes_nothing_and_stays_a_refusal_when_it_is_repeated(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    assert await refuse_below(stage, pressed(OFFICER, 499), amount=50) == 50
    with pytest.raises(Shy, match="5 is too little"):
        await refuse_below(stage, pressed(OFFICER), amount=5)
    assert await rows(owner) == 1
    with pytest.raises(Refused, match="5 is too little"):
        await refuse_below(stage, pressed(OFFICER), amount=50)
    assert await rows(owner) == 1
    assert await refuse_below(stage, pressed(OFFICER, 501), amount=50) == 50


async def test_a_refusal_in_a_guild_seen_for_the_first_time_leaves_no_row_at_all(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    with pytest.raises(Shy):
        await refuse_below(stage, pressed(OFFICER), amount=5)
    for table in ("guild", "member", "interaction_answer"):
        assert await rows(owner, table) == 0


async def test_quartermaster_itself_and_calls_without_an_interaction_are_never_taken_for_repetitions(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    for actor in (Actor.itself(1), Actor.itself(1), OFFICER, OFFICER):
        await give(stage, actor, amount=Decimal(1))
    assert await rows(owner) == 4


async def test_interactions_of_two_guilds_never_meet(stage: Stage, owner: asyncpg.Connection) -> None:
    elsewhere = person(1, "Anna", guild_id=2, manage_guild=True)
    assert (await give(stage, pressed(OFFICER), amount=Decimal(1))).amount == 1
    assert (await give(stage, pressed(elsewhere), amount=Decimal(2))).amount == 2
    assert await rows(owner) == 2


async def test_facts_and_redraws_come_after_the_commit_once_and_never_for_what_failed(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    heard: list[object] = []

    def tell(fact: object) -> None:
        heard.append(fact)

    stage.tell = tell
    stage.redraw = lambda guild_id, kind, subject_id: heard.append((guild_id, kind, subject_id))
    hold_up = asyncio.Event()
    work = asyncio.create_task(give(stage, pressed(OFFICER), amount=Decimal(5), meanwhile=hold_up))
    await asyncio.sleep(0.1)
    assert heard == []
    hold_up.set()
    await work
    assert heard == [PrizeGiven(Decimal(5)), (1, "prize", 7)]
    await give(stage, pressed(OFFICER), amount=Decimal(5))
    assert len(heard) == 2, "a repetition tells nothing"
    with pytest.raises(NotAllowed):
        await give(stage, person(2, "Bob"), amount=Decimal(5))
    assert len(heard) == 2


async def test_a_listener_that_breaks_does_not_make_the_committed_work_look_failed(
    stage: Stage, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("nobody listens")

    stage.tell = stage.redraw = broken
    assert (await give(stage, pressed(OFFICER), amount=Decimal(5))).amount == 5
    assert await rows(owner) == 1
    assert "PrizeGiven was not told" in caplog.text
    assert "board prize 7 was not marked" in caplog.text


async def test_the_audit_carries_who_and_under_which_request(stage: Stage, owner: asyncpg.Connection) -> None:
    from bot import log

    with log.request(1, 1, "7F3A"):
        await give(stage, pressed(OFFICER), amount=Decimal(5))
    row = await owner.fetchrow("SELECT * FROM audit")
    assert (row["actor_user_id"], row["actor_name"], row["request"]) == (1, "Anna", "7F3A")


async def test_what_is_only_written_is_seen_by_later_queries_and_undone_with_its_savepoint(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    async def work(session: Session) -> list[str]:
        audit.record(session, "test.before", after={"note": "“Бэла” \\ \n", "amount": Decimal("1.50"), "nothing": None})
        attempt = await session.begin_nested()
        audit.record(session, "test.undone")
        await attempt.rollback()
        audit.record(session, "test.after")
        return list(await session.scalars(select(Audit.action).order_by(Audit.audit_id)))

    assert await stage.run(OFFICER, work) == ["test.before", "test.after"]
    row = await owner.fetchrow("SELECT after, before, at FROM audit WHERE action = 'test.before'")
    assert json.loads(row["after"]) == {"note": "“Бэла” \\ \n", "amount": "1.50", "nothing": None}
    assert (row["before"], row["at"]) == (None, stage.clock.now())


async def test_people_are_known_renamed_and_back_by_what_they_do(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    from bot import people

    async def nothing(_: Session) -> None: ...

    async def leave(session: Session) -> None:
        await people.leave(session, 5)

    await stage.read(person(5, "Bela"), None, nothing)
    await stage.read(person(5, "Béla"), None, nothing)
    clock.move(days=1)
    await stage.run(Actor.itself(1), leave)
    clock.move(days=1)
    await stage.read(person(5, "Béla"), None, nothing)
    member = await owner.fetchrow("SELECT * FROM member")
    assert (member["display_name"], member["left_at"]) == ("Béla", None)
    stays = await owner.fetch("SELECT ended_at - started_at AS length FROM stay ORDER BY stay_id")
    assert [stay["length"] and stay["length"].days for stay in stays] == [1, None]


async def test_first_sight_by_many_at_once_makes_one_guild_one_pool_and_one_member_a_person(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    async def nothing(_: Session) -> None: ...

    actors = [person(user_id % 3 + 1, f"p{user_id % 3}", guild_name="Circle") for user_id in range(9)]
    await asyncio.gather(*(stage.read(actor, None, nothing) for actor in actors))
    assert await rows(owner, "guild") == 1
    assert await rows(owner, "pool") == 1
    assert await rows(owner, "member") == 3
    assert await rows(owner, "stay") == 3
    assert await owner.fetchval("SELECT name FROM guild") == "Circle"


async def test_a_database_that_went_away_for_a_moment_is_worked_with_again(
    stage: Stage, owner: asyncpg.Connection
) -> None:
    await give(stage, OFFICER, amount=Decimal(1))
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(Exception, match=r"connection|terminat|in progress"):  # by how far asyncpg had heard
        await give(stage, OFFICER, amount=Decimal(2))
    assert (await give(stage, OFFICER, amount=Decimal(3))).amount == 3
    assert await rows(owner) == 2


def test_a_use_case_with_an_unknown_capability_cannot_be_written() -> None:
    async def dance(session: Session) -> None: ...

    with pytest.raises(AssertionError, match=r"dkp\.dance"):
        use_case("dkp.dance")(dance)
    assert "dkp.dance" not in permissions.CAPABILITIES
