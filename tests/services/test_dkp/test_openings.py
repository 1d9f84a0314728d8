"""Start points: one entry a member and pool, on becoming a member or with the first tick, and never again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import asyncpg
import pytest

from bot import due, people
from bot.people import Seen
from bot.stage import Actor, Stage
from cogs.dkp import jobs
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import pooling
from cogs.members.service import presence
from cogs.raids.service import evening, roster, ticks, undo
from cogs.settings.service.roles import map_roles
from tests.services.test_dkp.words import ANNA, BOB, CARL, get_own_id
from tests.services.test_raids.scene import adds_up

D = Decimal
MEMBERS, OFFICERS = 700, 701
AS_MEMBER = frozenset({1, MEMBERS})
ITSELF = Actor.itself(1)


@pytest.fixture
def guild(guild: Stage) -> Stage:
    guild.registry.due |= {people.BECAME_MEMBER: jobs.became_member, people.RIGHTS_CHANGED: _nothing}
    guild.registry.due["member.left"] = _nothing
    return guild


async def _nothing(stage: Stage, job: due.Job) -> None:
    pass


async def given(stage: Stage, owner: asyncpg.Connection) -> dict[str, list[Decimal]]:
    """Start points by member, after everything due was done."""
    await due.run_once(stage)
    rows = await owner.fetch(
        """SELECT display_name, amount FROM ledger_entry JOIN member USING (guild_id, member_id)
           WHERE kind = 'opening' ORDER BY entry_id"""
    )
    found: dict[str, list[Decimal]] = {}
    for row in rows:
        found.setdefault(row["display_name"], []).append(row["amount"])
    await adds_up(stage)
    return found


async def set_start(stage: Stage, start: int, on: str = "join") -> None:
    await pooling.edit_pool(stage, ANNA, "DKP", Given(start=start, start_on=on))


async def adopt(stage: Stage, *members: Actor) -> None:
    """Map the member role, held by these."""
    here = [Seen(ANNA.user_id or 0, "Anna", frozenset({1, OFFICERS}))]
    here += [Seen(who.user_id or 0, who.name, AS_MEMBER) for who in members]
    await map_roles(stage, ANNA, {"member": MEMBERS, "officer": OFFICERS}, here)


async def by_discord(
    stage: Stage, what: Callable[..., Awaitable[None]], who: Actor, *roles: int, **more: object
) -> None:
    seen = Seen(who.user_id or 0, who.name, frozenset({1, *roles}))
    await stage.run(ITSELF, lambda session: what(session, seen, **more))


# --- on becoming a member ---------------------------------------------------------------------------------------------


async def test_who_becomes_a_member_by_the_mapping_starts_with_points_once(guild: Stage, owner):
    await set_start(guild, 50)
    assert await given(guild, owner) == {}, "nobody is a member before a role is mapped"
    await adopt(guild, BOB)
    assert await given(guild, owner) == {"Anna": [50], "Bob": [50]}
    await adopt(guild, BOB, CARL)
    assert await given(guild, owner) == {"Anna": [50], "Bob": [50], "Carl": [50]}


async def test_who_joins_as_a_member_starts_with_points_and_a_guest_does_not(guild: Stage, owner):
    await adopt(guild)
    await given(guild, owner)
    await set_start(guild, 50)
    dora, emil = Actor(1, 20, "Dora"), Actor(1, 21, "Emil")
    await by_discord(guild, presence.arrive, dora, MEMBERS)
    await by_discord(guild, presence.arrive, emil)
    assert await given(guild, owner) == {"Dora": [50]}
    await by_discord(guild, presence.change, emil, MEMBERS, roles_moved=frozenset({MEMBERS}))
    assert await given(guild, owner) == {"Dora": [50], "Emil": [50]}


async def test_demoted_and_promoted_gone_and_back_nobody_starts_twice(guild: Stage, owner):
    await set_start(guild, 50)
    await adopt(guild, BOB)
    once = await given(guild, owner)
    moved = frozenset({MEMBERS})
    await by_discord(guild, presence.change, BOB, roles_moved=moved)
    await given(guild, owner)
    await by_discord(guild, presence.change, BOB, MEMBERS, roles_moved=moved)
    assert await given(guild, owner) == once
    await guild.run(ITSELF, lambda session: presence.depart(session, BOB.user_id or 0))
    await given(guild, owner)
    await by_discord(guild, presence.arrive, BOB, MEMBERS)
    assert await given(guild, owner) == once


async def test_changing_the_start_changes_nobody_and_a_new_pool_neither(guild: Stage, owner):
    await adopt(guild, BOB)
    await given(guild, owner)
    await set_start(guild, 50)
    await pooling.create_pool(guild, ANNA, Given(name="Alts", start=30))
    moved = frozenset({MEMBERS})
    await by_discord(guild, presence.change, BOB, roles_moved=moved)
    await by_discord(guild, presence.change, BOB, MEMBERS, roles_moved=moved)
    assert await given(guild, owner) == {}
    await by_discord(guild, presence.change, CARL, MEMBERS, roles_moved=moved)
    assert await given(guild, owner) == {"Carl": [50, 30]}, "of every pool"


async def test_the_cap_holds_for_what_an_archived_pool_does_not_give(guild: Stage, owner):
    await pooling.create_pool(guild, ANNA, Given(name="Old", start=30))
    await pooling.archive_pool(guild, ANNA, "Old")
    await adopt(guild, BOB)
    assert await given(guild, owner) == {}


async def test_the_unclaimed_get_none_also_once_they_are_claimed(guild: Stage, owner):
    await set_start(guild, 50)
    await owner.execute(
        "UPDATE member SET discord_user_id = NULL, became_member_at = now() WHERE display_name = 'Carl'"
    )
    await adopt(guild, BOB)
    assert await given(guild, owner) == {"Anna": [50], "Bob": [50]}
    await owner.execute("UPDATE member SET discord_user_id = 12 WHERE display_name = 'Carl'")
    await by_discord(guild, presence.change, CARL, MEMBERS, roles_moved=frozenset({MEMBERS}))
    assert await given(guild, owner) == {"Anna": [50], "Bob": [50]}


# --- with the first tick ---------------------------------------------------------------------------------------------


async def raid(stage: Stage, *there: Actor, **more: object) -> int:
    terms: dict = {"event": "Plane of Fear", "channel_id": 1} | more
    begun = await evening.start_raid(stage, ANNA, **terms)
    for who in there:
        await roster.check_in(stage, who, begun.raid_id)
    return begun.raid_id


async def tick(stage: Stage, raid_id: int, **more: object) -> ticks.TickTaken:
    return await ticks.take_tick(stage, ANNA, raid_id, again=True, **more)


async def test_the_first_tick_brings_start_points_and_the_second_none(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    evening_ = await raid(guild, BOB)
    taken = await tick(guild, evening_)
    assert taken.total == 10, "start points are none of the tick's"
    assert await given(guild, owner) == {"Bob": [50]}
    await roster.check_in(guild, CARL, evening_)
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50], "Carl": [50]}
    order = await owner.fetch("SELECT kind, balance_after FROM ledger_entry WHERE member_id = $1 ORDER BY entry_id",
                              await guild.run(BOB, get_own_id))  # fmt: skip
    assert [(row["kind"], row["balance_after"]) for row in order] == [
        ("opening", 50), ("attendance", 60), ("attendance", 70),
    ]  # fmt: skip


async def test_a_tick_worth_nothing_is_a_first_tick_too(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    evening_ = await raid(guild, BOB)
    await tick(guild, evening_, value=0)
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50]}


async def test_who_was_credited_before_the_start_was_set_gets_none(guild: Stage, owner):
    evening_ = await raid(guild, BOB)
    await tick(guild, evening_, value=0)
    await set_start(guild, 50, "first_raid")
    await roster.check_in(guild, CARL, evening_)
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Carl": [50]}


async def test_another_pool_is_another_first_raid_and_back_credit_counts(guild: Stage, owner):
    first = await raid(guild, BOB)
    taken = await tick(guild, first)
    await set_start(guild, 50, "first_raid")
    await pooling.create_pool(guild, ANNA, Given(name="Alts", start=30, start_on="first_raid"))
    other = await raid(guild, BOB, event="Plane of Air", pool="Alts")
    await tick(guild, other)
    assert await given(guild, owner) == {"Bob": [30]}
    carl = await guild.run(CARL, get_own_id)
    await ticks.credit_people(guild, ANNA, first, (taken.tick_id,), (carl,))
    assert await given(guild, owner) == {"Bob": [30], "Carl": [50]}


async def test_an_undone_first_tick_leaves_the_start_points_and_the_next_brings_none(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    evening_ = await raid(guild, BOB)
    taken = await tick(guild, evening_)
    await undo.undo_tick(guild, ANNA, taken.tick_id, "pressed by mistake")
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50]}


async def test_a_guest_whom_a_leader_adds_starts_when_they_are_a_member(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    await adopt(guild, BOB)
    evening_ = await raid(guild, BOB)
    carl = await guild.run(CARL, get_own_id)
    await roster.add_people(guild, replace(ANNA, role_ids=frozenset({OFFICERS})), evening_, (carl,))
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50]}
    await by_discord(guild, presence.change, CARL, MEMBERS, roles_moved=frozenset({MEMBERS}))
    await owner.execute("UPDATE member SET became_member_at = became_member_at + interval '1 second'")
    await tick(guild, evening_)
    await owner.execute("UPDATE tick SET taken_at = taken_at + interval '1 minute'")
    assert await given(guild, owner) == {"Bob": [50], "Carl": [50]}


async def test_unclaimed_people_and_who_turned_out_to_be_somebody_known_here_get_none(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    evening_ = await raid(guild, BOB, CARL)
    bob, carl = await guild.run(BOB, get_own_id), await guild.run(CARL, get_own_id)
    await owner.execute("UPDATE member SET discord_user_id = NULL WHERE member_id = $1", carl)
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50]}
    dora = Actor(1, 20, "Dora")
    await roster.check_in(guild, dora, evening_)
    await owner.execute(
        "UPDATE member SET absorbed_by_member_id = $1 WHERE member_id = $2", await guild.run(dora, get_own_id), carl
    )
    await tick(guild, evening_)
    assert await given(guild, owner) == {"Bob": [50]}, "Dora was Carl, who raided in this pool before"
    assert bob != carl


async def test_start_points_are_cut_at_the_cap_like_any_credit(guild: Stage, owner):
    await set_start(guild, 50, "first_raid")
    await pooling.edit_pool(guild, ANNA, "DKP", Given(cap=55))
    evening_ = await raid(guild, BOB)
    taken = await tick(guild, evening_)
    assert (taken.total, taken.cut) == (5, 5)
    assert await given(guild, owner) == {"Bob": [50]}
    assert (await tick(guild, evening_)).total == 0
