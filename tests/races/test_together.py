"""Two processes serve many callers together, from one stock: nothing lost, nothing taken twice, no deadlock."""

from random import Random

import pytest

from bot.refusals import Refused
from bot.stage import Actor, Stage
from tests.conftest import person
from tests.races.house import House
from tests.races.scene import Work, all_at_once, defects
from tests.stock import POISON, Taken, lay_in, take

CALLERS = 200
DICE = Random(7)


def taking(stage: Stage, actor: Actor, amount: int) -> Work:
    return lambda: take(stage, actor, "potions", amount)


def callers(first: int = 1, *, people: int = 40) -> list[Actor]:
    """New people with other names for the same user now and then, so that rows of members are made and renamed."""
    return [
        person(1000 + DICE.randrange(people), f"Raider {DICE.randrange(people)}", interaction_id=number)
        for number in range(first, first + CALLERS)
    ]


async def in_order(house: House, began_with: int) -> int:
    """What is left; what each took is in the audit, once an answered interaction."""
    left = await house.one("SELECT (payload ->> 'left')::int FROM due_job WHERE kind = 'stock'")
    taken = await house.one("SELECT coalesce(sum((after ->> 'amount')::int), 0) FROM audit")
    assert left == began_with - taken >= 0
    served = await house.one("SELECT count(*) FROM interaction_answer WHERE NOT refused")
    assert await house.one("SELECT count(*) FROM audit") == served
    assert await house.one("SELECT count(*) FROM outbox") == served
    return left


async def test_without_the_lock_two_processes_take_the_same_twice(unlocked: Stage, house: House, crossing) -> None:
    """The unlocked process and a second queue of its own stand for two."""
    second = Stage(unlocked.db, unlocked.clock, unlocked.registry)
    crossing.parties = 2
    await lay_in(unlocked, 100)
    works = [taking(stage, person(1000 + i, "Anna", interaction_id=i), 1) for i, stage in enumerate((unlocked, second))]
    await all_at_once(works)
    assert (
        await house.one("SELECT (payload ->> 'left')::int FROM due_job") + await house.one("SELECT count(*) FROM audit")
        > 100
    )


async def test_two_processes_lose_and_double_nothing(crowd: Stage, other_process: Stage, house: House) -> None:
    await lay_in(crowd, 500)
    here, there = callers(1), callers(10_000)
    works = [taking(crowd, actor, DICE.randint(0, 4)) for actor in here]
    works += [taking(other_process, actor, DICE.randint(0, 4)) for actor in there]
    answers = await all_at_once(works)
    assert defects(answers) == []
    assert len([answer for answer in answers if isinstance(answer, Taken)]) == await house.one(
        "SELECT count(*) FROM interaction_answer WHERE NOT refused"
    )
    assert any(answer.together_with > 1 for answer in answers if isinstance(answer, Taken))
    assert await in_order(house, 500) < 5 or not any(isinstance(answer, Refused) for answer in answers)


@pytest.mark.parametrize("poisoned", [False, True])
async def test_interactions_delivered_to_both_processes_are_served_once(
    crowd: Stage, other_process: Stage, house: House, poisoned: bool
) -> None:
    await lay_in(crowd, 300)
    twins = callers()
    asked = [POISON if poisoned and number % 50 == 7 else DICE.randint(0, 4) for number in range(CALLERS)]
    orders = [list(range(CALLERS)), sorted(range(CALLERS), key=lambda _: DICE.random())]
    works = [
        taking(stage, twins[number], asked[number])
        for stage, order in zip((crowd, other_process), orders, strict=True)
        for number in order
    ]
    answers = await all_at_once(works)
    assert len(defects(answers)) == 2 * asked.count(POISON)
    assert not any("deadlock" in defect for defect in defects(answers))
    for number in range(CALLERS):
        one, two = answers[number], answers[CALLERS + orders[1].index(number)]
        assert one == two or str(one) == str(two), (one, two)
    await in_order(house, 300)
