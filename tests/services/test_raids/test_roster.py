"""Who is at a raid, and who says so."""

import pytest

from bot.stage import Actor
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
