"""Who is at a raid, and who says so."""

import re

import pytest

from bot.people import MOST_NEAR, get_person
from bot.refusals import NotFound
from bot.stage import Actor
from bot.typed import Names
from cogs.raids.rules import (
    NotOnRoster,
    WasRemoved,
)
from cogs.raids.service import roster
from tests.conftest import person
from tests.services.test_raids.scene import ANNA, BERT, LEAD, known, look, standing


async def test_a_check_in_is_on_time_until_fifteen_minutes_after_the_start(stage, clock, raid):
    clock.move(minutes=15)
    assert not (await roster.check_in(stage, ANNA, raid)).late
    clock.move(seconds=1)
    assert (await roster.check_in(stage, BERT, raid)).late
    assert not (await roster.check_in(stage, ANNA, raid)).late


async def test_a_person_moves_between_present_standby_and_left(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.stand_by(stage, ANNA, raid)
    assert standing(await look(stage, raid)) == {"Anna": "standby"}
    await roster.leave(stage, ANNA, raid)
    assert standing(await look(stage, raid)) == {"Anna": "left"}
    await roster.check_in(stage, ANNA, raid)
    assert standing(await look(stage, raid)) == {"Anna": "present"}


async def test_leaving_a_raid_one_is_not_in_is_refused(stage, raid):
    with pytest.raises(NotOnRoster):
        await roster.leave(stage, ANNA, raid)


async def test_who_was_removed_cannot_press_themselves_back_but_a_leader_can_add_them(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    anna = await known(stage, ANNA)
    await roster.remove(stage, LEAD, raid, anna, "wrong raid")
    with pytest.raises(WasRemoved):
        await roster.check_in(stage, ANNA, raid)
    await roster.add_people(stage, LEAD, raid, (anna,))
    assert standing(await look(stage, raid)) == {"Anna": "present"}


@pytest.mark.parametrize(
    ("status", "stored", "late"),
    [
        ("present", "present", False),
        ("late", "present", True),
        ("left early", "left", False),
        ("standby", "standby", False),
        ("excused", "excused", False),
        ("absent", "absent", False),
    ],
)
async def test_a_leader_says_how_somebody_was_there(stage, raid, status, stored, late):
    await roster.add_people(stage, LEAD, raid, (await known(stage, ANNA),), status)
    (place,) = (await look(stage, raid)).places
    assert (place.status, place.late) == (stored, late)


async def test_bring_in_takes_from_the_bench_and_only_from_there(stage, clock, raid):
    await roster.stand_by(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    ids = (await known(stage, ANNA), await known(stage, BERT))
    assert (await roster.bring_in(stage, LEAD, raid, ids)).names == ("Anna",)
    with pytest.raises(NotOnRoster):
        await roster.bring_in(stage, LEAD, raid, ids)


async def test_named_people_are_found_kindly_and_unknown_ones_listed_with_near_names(stage, raid):
    await known(stage, ANNA)
    await known(stage, person(4, "Bert the Bold"))
    named = await stage.run(Actor.itself(1), lambda s: roster.named_people(s, 'ANNA, "bert the  bold" Ana zzz'))
    assert named.names == ("Anna", "Bert the Bold")
    assert [(unknown.name, unknown.near[:1]) for unknown in named.unknown] == [("Ana", ("Anna",)), ("zzz", ())]
    alone = await stage.run(Actor.itself(1), lambda s: roster.named_people(s, "bert the bold"))
    assert alone.names == ("Bert the Bold",)


async def test_who_leaves_the_server_leaves_the_raid(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.leave_running_raids(stage, 1, await known(stage, ANNA))
    assert standing(await look(stage, raid)) == {"Anna": "left"}


async def test_many_names_nobody_knows_cost_near_names_for_the_first_of_them_only(stage, raid, monkeypatch):
    asked = []
    monkeypatch.setattr(Names, "near", lambda self, typed, limit=5: asked.append(typed) or ["Anna"])
    many = " ".join(f"Stranger{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(100))
    named = await stage.run(Actor.itself(1), lambda s: roster.named_people(s, many))
    assert len(named.unknown) == 100
    assert len(asked) == sum(bool(one.near) for one in named.unknown) == MOST_NEAR


async def test_a_near_name_is_shown_safe(stage, raid):
    await known(stage, person(40, "**Thalia**"))
    with pytest.raises(NotFound, match=re.escape(r"Did you mean \*\*Thalia\*\*?")):
        await stage.run(Actor.itself(1), lambda s: get_person(s, "Thaila"))
