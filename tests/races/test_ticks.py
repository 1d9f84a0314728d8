"""Ticks at once: two leaders, two clocks, people who come and go meanwhile, accounts that nobody had before."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import due
from bot.people import Seen
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import adjust
from cogs.members.service import presence
from cogs.raids.jobs import TickDue
from cogs.raids.rules import TickTooSoon
from cogs.raids.service import evening, roster, ticks
from cogs.raids.service.ticks import Heard, TickTaken
from cogs.settings.service.roles import map_roles
from tests.conftest import MovableClock, person
from tests.races.house import House
from tests.races.scene import (
    ITSELF,
    LEAD,
    VERA,
    Work,
    acting,
    all_at_once,
    begin_raid,
    bid,
    calm,
    defects,
    disorder,
    give,
    known,
    put_up,
    raiders,
    tick,
)

EVERY = timedelta(minutes=15)


def taken(results: list) -> list[TickTaken]:
    return [result for result in results if isinstance(result, TickTaken)]


# --- one tick -------------------------------------------------------------------------------------------------------


async def test_without_the_lock_two_leaders_take_two_ticks(unlocked: Stage, crowd: Stage, house: House):
    people = raiders(5)

    async def both():
        raid_id = await begin_raid(crowd, people)
        return await all_at_once([tick(unlocked, raid_id), tick(unlocked, raid_id, VERA)])

    assert await disorder(house, both)


async def test_a_tick_pressed_by_two_leaders_at_once_is_one_tick(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(12)
    raid_id = await begin_raid(crowd, people)
    for number in range(1, 6):
        clock.move(minutes=5)
        presses = [tick(crowd, raid_id), tick(other_process, raid_id, VERA), tick(other_process, raid_id)]
        results = await calm(house, presses)
        assert [result.number for result in taken(results)] == [number]
        assert sum(isinstance(result, TickTooSoon) for result in results) == 2
    assert await house.one("SELECT count(*) FROM ledger_entry") == 5 * len(people)


def clock_ticks(stage: Stage, clock: MovableClock, raid_id: int) -> list[Work]:
    """One due tick in two processes: the first was so slow that its lease lapsed, and the second does it again."""
    due_at, later = clock.now(), MovableClock(clock.now() + timedelta(minutes=3))
    return [
        lambda: ticks.take_automatic_tick(stage, ITSELF, raid_id, due_at, None, False),
        lambda: ticks.take_automatic_tick(replace(stage, clock=later), ITSELF, raid_id, due_at, None, True),
    ]


async def test_without_the_lock_a_due_tick_is_taken_twice(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    taken_of: list[int] = []
    while len(taken_of) < 6 and 2 not in taken_of:
        raid_id = await begin_raid(crowd, raiders(3), every=EVERY)
        clock.move(minutes=15)
        assert defects(await all_at_once(clock_ticks(unlocked, clock, raid_id))) == []
        taken_of.append(await house.one("SELECT count(*) FROM tick WHERE raid_id = $1", raid_id))
    assert 2 in taken_of


async def test_a_due_tick_whose_lease_lapsed_in_the_middle_is_taken_once(
    crowd: Stage, house: House, clock: MovableClock
):
    for _ in range(4):
        raid_id = await begin_raid(crowd, raiders(3), every=EVERY)
        clock.move(minutes=15)
        await calm(house, clock_ticks(crowd, clock, raid_id))
        assert await house.one("SELECT count(*) FROM tick WHERE raid_id = $1", raid_id) == 1


async def test_a_tick_due_in_two_processes_is_taken_and_told_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    for stage in (crowd, other_process):
        stage.registry.due[ticks.AUTOMATIC] = TickDue(lambda guild_id, channel_id: None)  # type: ignore[arg-type]
    raid_id = await begin_raid(crowd, raiders(6), every=EVERY)
    for number in range(1, 5):
        clock.move(minutes=15)
        results = await calm(house, [lambda s=s: due.run_once(s) for s in (crowd, other_process, crowd)])
        assert sum(results) == 1
        assert await house.one("SELECT count(*) FROM tick WHERE raid_id = $1", raid_id) == number
        assert await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'tick%'") == number
    assert await house.one("SELECT count(*) FROM due_job WHERE last_error IS NOT NULL OR done_at IS NOT NULL") == 0


async def test_without_the_lock_a_leader_and_the_clock_take_the_same_tick(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    async def both():
        raid_id = await begin_raid(crowd, raiders(3), every=EVERY)
        clock.move(minutes=15)
        return await all_at_once([tick(unlocked, raid_id), clock_ticks(unlocked, clock, raid_id)[0]])

    assert await disorder(house, both)


async def test_a_leader_who_presses_when_the_clock_ticks_gets_one_tick(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    raid_id = await begin_raid(crowd, raiders(6), every=EVERY)
    for number in range(1, 6):
        clock.move(minutes=15)
        await calm(house, [clock_ticks(other_process, clock, raid_id)[0], tick(crowd, raid_id)])
        assert await house.one("SELECT count(*) FROM tick WHERE raid_id = $1", raid_id) == number


# --- people meanwhile -----------------------------------------------------------------------------------------------


async def test_people_come_and_go_while_ticks_are_taken(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(18)
    await known(crowd, people)
    raid_id = await begin_raid(crowd, people[:12])
    moves = [roster.check_in, roster.stand_by, roster.leave]
    for wave in range(5):
        clock.move(minutes=5)
        works: list[Work] = [tick(crowd, raid_id), tick(other_process, raid_id, VERA)]
        for i, actor in enumerate(people):
            move, stage = moves[(i + wave) % 3], (crowd, other_process)[i % 2]
            works.append(lambda stage=stage, actor=acting(actor), move=move: move(stage, actor, raid_id))
        results = await calm(house, works)
        assert len(taken(results)) == 1
    paid = (
        "SELECT sum(value * CASE WHEN standby THEN 0.5 ELSE 1 END) FROM tick_credit JOIN tick USING (guild_id, tick_id)"
    )
    assert await house.one("SELECT sum(balance) FROM account") == await house.one(paid)


async def test_somebody_new_presses_check_in_while_a_tick_hears_them(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    """Both make the same member row, and each has what the other waits for, unless the row is made first."""
    raid_id = await begin_raid(crowd, raiders(2))
    for wave in range(5):
        clock.move(minutes=5)
        strangers = [person(5000 + wave * 10 + i, f"Stranger {wave}.{i}") for i in range(6)]
        heard = [Heard(actor.user_id or 0, actor.name) for actor in strangers]
        come = [
            lambda actor=acting(actor), stage=stage: roster.check_in(stage, actor, raid_id)
            for actor, stage in zip(strangers, [crowd, other_process] * 3, strict=True)
        ]
        [first, *_] = results = await calm(house, [tick(crowd, raid_id, heard=heard), *come])
        assert taken(results) == [first]
        assert first.people >= 2 + len(strangers)
    assert await house.one("SELECT count(*) FROM stay") == await house.one("SELECT count(*) FROM member")


async def test_the_roster_is_brought_in_line_with_the_server_while_ticks_are_taken(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    """A start of the bot: some left, some came, some were renamed, while a raid pays and people bid."""

    def called(actor: Actor, wave: int) -> str:
        return actor.name if actor in (LEAD, VERA) else f"{actor.name} {wave}"

    def role_of(actor: Actor) -> frozenset[int]:
        return frozenset({900 if actor in (LEAD, VERA) else 901})

    people = raiders(12)
    await give(crowd, people, 50)
    [up] = await put_up(crowd)
    raid_id = await begin_raid(crowd, people)
    for wave in range(4):
        clock.move(minutes=0.1)
        newcomers = [person(6000 + wave * 10 + i, f"New {wave}.{i}") for i in range(5)]
        here = [*newcomers, *(actor for i, actor in enumerate(people) if i % 5 != wave % 5), VERA, LEAD]
        seen = [Seen(actor.user_id or 0, called(actor, wave), role_of(actor)) for actor in here]
        heard = [Heard(actor.user_id or 0, actor.name) for actor in newcomers]

        in_line = [
            lambda stage=stage, seen=order: stage.run(
                ITSELF, lambda session: presence.reconcile(session, seen, frozenset())
            )
            for stage, order in ((crowd, seen), (other_process, seen[::-1]))
        ]
        roles = {"officer": 900, "member": 901} if wave % 2 else {"officer": None, "member": None}
        mapping = [lambda roles=roles, seen=seen: map_roles(crowd, acting(LEAD), roles, seen)]
        ticking = [
            lambda s=stage, who=acting(who), heard=heard: ticks.take_tick(s, who, raid_id, heard=heard, again=True)
            for stage, who in ((crowd, LEAD), (other_process, VERA))
        ]
        bids = [bid(other_process, actor, up, 1 + wave * 5 + i) for i, actor in enumerate(people[:5])]
        results = await all_at_once([*in_line, *mapping, *ticking, *bids])
        assert defects(results) == []
        assert len(taken(results)) == 2


# --- the raid's end -------------------------------------------------------------------------------------------------


async def test_a_raid_that_is_cancelled_or_ended_while_ticks_are_taken(
    crowd: Stage, other_process: Stage, house: House
):
    people = raiders(8)
    for _ in range(4):
        raid_id = await begin_raid(crowd, people)
        await calm(
            house,
            [
                tick(crowd, raid_id),
                lambda raid_id=raid_id: evening.cancel_raid(other_process, acting(VERA), raid_id, "wrong evening"),
                tick(other_process, raid_id, VERA),
                lambda raid_id=raid_id: evening.end_raid(crowd, acting(LEAD), raid_id, without_tick=True),
            ],
        )
        assert await house.one("SELECT status FROM raid WHERE raid_id = $1", raid_id) == "cancelled"
        assert await house.one("SELECT count(*) FROM tick WHERE raid_id = $1 AND undone_at IS NULL", raid_id) == 0
    assert await house.one("SELECT sum(balance) FROM account") in (None, 0)


# --- accounts that nobody had before --------------------------------------------------------------------------------


async def test_without_the_lock_first_points_from_two_raids_are_lost(unlocked: Stage, crowd: Stage, house: House):
    people = raiders(5)

    async def both():
        raids = [await begin_raid(crowd, people), await begin_raid(crowd, people)]
        return await all_at_once([tick(unlocked, raid_id) for raid_id in raids])

    assert await disorder(house, both)


async def test_without_the_one_order_two_raids_that_pay_the_same_people_deadlock(
    crowd: Stage, other_process: Stage, monkeypatch: pytest.MonkeyPatch
):
    """Accounts are locked in one statement by pool and member; found one by one they are found in any order."""
    lock, met = ledger.lock_accounts, asyncio.Barrier(2)

    async def one_by_one(session: Session, keys: Iterable[ledger.Key], *, made: bool = False) -> dict:
        first, *others = sorted(keys, reverse=session.actor.name == VERA.name)
        accounts = await lock(session, [first], made=made)
        await met.wait()
        for key in others:
            accounts |= await lock(session, [key], made=made)
        return accounts

    people = raiders(6)
    await give(crowd, people, 1)
    raids = [await begin_raid(crowd, people), await begin_raid(crowd, people)]
    monkeypatch.setattr(ledger, "lock_accounts", one_by_one)
    results = await all_at_once([tick(crowd, raids[0]), tick(other_process, raids[1], VERA)])
    assert defects(results) == ["deadlock"]


async def test_the_first_accounts_of_forty_people_are_made_from_six_sides_at_once(
    crowd: Stage, other_process: Stage, house: House
):
    up = await put_up(crowd, 2)
    for wave in range(2):
        people = [person(7000 + wave * 100 + i, f"Fresh {wave}.{i}") for i in range(40)]
        members = list((await known(crowd, people)).values())
        # Two raids that were checked in to in opposite orders.
        raids = [await begin_raid(crowd), await begin_raid(crowd)]
        for raid_id, order in zip(raids, (members, members[::-1]), strict=True):
            for member_id in order[::8]:
                await roster.add_people(crowd, acting(LEAD), raid_id, (member_id,))
            await roster.add_people(crowd, acting(LEAD), raid_id, tuple(order))
        works = [tick(crowd, raids[0]), tick(other_process, raids[1], VERA)]
        for i, actor in enumerate(people[::-1]):
            stage = (crowd, other_process)[i % 2]
            works.append(bid(stage, actor, up[i % 2], 1 + wave * 5))
            works.append(lambda stage=stage, name=actor.name: adjust(stage, acting(LEAD), name, 1, "welcome here"))
        results = await calm(house, works)
        assert len(taken(results)) == 2
    assert await house.one("SELECT sum(balance) FROM account") == 2 * 40 * (10 + 10 + 1)
