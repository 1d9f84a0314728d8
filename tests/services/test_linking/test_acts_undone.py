"""Batches and decay of people who were unclaimed then and are somebody now: undone, brought back, and unlinked."""

from decimal import Decimal

import pytest

from bot.stage import Stage
from cogs.dkp.service import adjustments, batches, decays, undoing
from cogs.dkp.service.decays import Asked
from cogs.members.service.linking import link_member
from cogs.raids.service import ticks
from cogs.raids.service.roster import add_people
from tests.services.test_linking.scene import ANNA, BOB, SEEN_BOB, balances, imported, own_id, sound
from tests.services.test_raids.scene import begin


@pytest.fixture
async def acts(guild: Stage) -> Stage:
    guild.registry.undo |= undoing.undoable_acts()
    return guild


async def undo(stage: Stage, what: str) -> str:
    return await undoing.undo(stage, ANNA, what, "it was wrong")


async def dkp(stage: Stage, *members: int) -> list[Decimal]:
    return [(await balances(stage, member)).get("DKP", Decimal(0)) for member in members]


async def decay(stage: Stage, percent: int, **more) -> tuple[int, Decimal]:
    """What a run took: (run, points), after a preview that must say the same."""
    asked = Asked(percent, **more)
    seen = await stage.read(ANNA, "dkp.decay", lambda session: decays.preview(session, asked))
    run = await decays.apply(stage, ANNA, asked, seen.last_run)
    assert run.total == seen.total
    return run.decay_run_id, run.total


async def earn(stage: Stage, *members: int, ticks_of: int = 50) -> None:
    """A raid night with one tick for these people."""
    raid = (await begin(stage, tick_points=ticks_of)).raid_id
    await add_people(stage, ANNA, raid, members)
    await ticks.take_tick(stage, ANNA, raid)


async def test_a_batch_is_undone_and_brought_back_after_one_of_its_people_was_linked(acts):
    old, bob = await imported(acts, "Thrall", 40), await own_id(acts, BOB)
    given = await batches.adjust_many(acts, ANNA, (old, bob), Decimal(10), "held the line")
    assert await dkp(acts, old, bob) == [50, 10]
    link = await link_member(acts, ANNA, "thrall", SEEN_BOB)
    assert await dkp(acts, old, bob) == [0, 60]

    await undo(acts, f"batch:{given.batch_id}")
    assert await dkp(acts, old, bob) == [0, 40], "both their shares go from Bob"
    await undo(acts, f"undo of batch:{given.batch_id}")
    assert await dkp(acts, old, bob) == [0, 60]
    await undo(acts, f"batch:{given.batch_id}")
    await undo(acts, f"claim:{link.link_id}")
    assert await dkp(acts, old, bob) == [40, 0], "each has what is theirs"
    await undo(acts, f"undo of batch:{given.batch_id}")
    assert await dkp(acts, old, bob) == [50, 10]
    await sound(acts)


async def test_a_batch_undone_before_the_link_is_brought_back_to_who_they_are_now(acts):
    old, bob = await imported(acts, "Thrall", 40), await own_id(acts, BOB)
    given = await batches.adjust_many(acts, ANNA, (old, bob), Decimal(10), "held the line")
    await undo(acts, f"batch:{given.batch_id}")
    link = await link_member(acts, ANNA, "thrall", SEEN_BOB)
    await undo(acts, f"undo of batch:{given.batch_id}")
    assert await dkp(acts, old, bob) == [0, 60]
    await undo(acts, f"claim:{link.link_id}")
    assert await dkp(acts, old, bob) == [50, 10]
    again = await link_member(acts, ANNA, "thrall", SEEN_BOB)
    await undo(acts, f"batch:{given.batch_id}")
    assert (await dkp(acts, old, bob), again.points) == ([0, 40], (("DKP", Decimal(50)),))
    await sound(acts)


async def test_what_was_earned_before_a_link_decays_with_the_person(acts):
    """The earned column stays on the row that was absorbed: both rows of a person count together."""
    old, bob = await imported(acts, "Thrall"), await own_id(acts, BOB)
    await earn(acts, old, bob)
    await adjustments.adjust(acts, ANNA, "Bob", 100, "not earned")
    link = await link_member(acts, ANNA, "thrall", SEEN_BOB)
    assert await dkp(acts, old, bob) == [0, 200]

    assert (await decay(acts, 10, earned_only=True))[1] == 10, "of the 100 earned, half of it as Thrall"
    assert (await decay(acts, 10, earned_only=True))[1] == 9, "of the 90 that are left of it"
    await undo(acts, f"claim:{link.link_id}")
    assert await dkp(acts, old, bob) == [50, 131]
    assert (await decay(acts, 10, earned_only=True))[1] == 8, "5 of Thrall's 50, 3 of the 31 left of Bob's"


async def test_what_decayed_before_a_link_decayed_from_the_person(acts):
    old, bob = await imported(acts, "Thrall"), await own_id(acts, BOB)
    await earn(acts, old)
    run, taken = await decay(acts, 20, earned_only=True)
    assert taken == 10
    link = await link_member(acts, ANNA, "thrall", SEEN_BOB)
    assert (await decay(acts, 50, earned_only=True))[1] == 20, "of the 40 that are left"
    await undo(acts, f"decay:{run}")
    assert await dkp(acts, old, bob) == [0, 30]
    assert (await decay(acts, 50, earned_only=True))[1] == 15, "the run that was undone took nothing"
    await undo(acts, f"undo of decay:{run}")
    await undo(acts, f"claim:{link.link_id}")
    assert await dkp(acts, old, bob) == [40, -35], "decay that came after the link was Bob's"
    await sound(acts)
