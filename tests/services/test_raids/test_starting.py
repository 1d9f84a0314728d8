"""How a raid begins."""

import pytest
from sqlalchemy import select, update

from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor
from bot.typed import TooManyDecimals
from cogs.raids.service import evening, lookups
from db.tables import (
    Audit,
    Event,
    Guild,
    Pool,
)
from tests.conftest import person
from tests.services.test_raids.scene import ANNA, CHANNEL, begin, look, read, write


async def test_a_raid_begins_running_with_its_board_and_without_a_tick(stage, raid):
    shown = await look(stage, raid)
    assert (shown.name, shown.status, shown.tick_points, shown.ticks) == ("Temple of Veeshan", "running", 10, ())
    assert [row.action for row in await read(stage, select(Audit).where(Audit.guild_id == 1))] == ["raids.started"]


async def test_an_event_is_remembered_with_the_points_of_its_first_use(stage):
    await begin(stage, tick_points=25.0)
    again = await begin(stage, event="temple  of VEESHAN")
    other = await begin(stage, tick_points=5.0)
    assert (again.tick_points, other.tick_points, again.raid_name) == (25, 5, "Temple of Veeshan")
    assert len(await read(stage, select(Event).where(Event.guild_id == 1))) == 1
    (choice,) = await stage.run(Actor.itself(1), lookups.event_choices)
    assert (await begin(stage, event=choice.value)).raid_name == "Temple of Veeshan"
    with pytest.raises(NotFound):
        await begin(stage, event="#999")


async def test_points_come_from_the_event_else_the_pool_else_the_guild(stage):
    await begin(stage)
    await write(stage, update(Guild).where(Guild.guild_id == 1).values(tick_points=7))
    assert (await begin(stage, event="Kael")).tick_points == 7
    await write(stage, update(Pool).where(Pool.guild_id == 1).values(tick_points=8))
    assert (await begin(stage, event="Skyshrine")).tick_points == 8


async def test_points_finer_than_the_pool_are_refused_and_no_raid_begins(stage):
    with pytest.raises(TooManyDecimals):
        await begin(stage, tick_points=10.5)
    with pytest.raises(Refused):
        await begin(stage, tick_points=-5.0)
    assert await read(stage, select(Event).where(Event.guild_id == 1)) == []


async def test_only_leaders_begin_raids(stage):
    with pytest.raises(NotAllowed):
        await evening.start_raid(stage, ANNA, event="Kael", channel_id=CHANNEL)


async def test_the_same_interaction_begins_one_raid(stage):
    twice = person(100, "Lead", manage_guild=True, interaction_id=5)
    first = await evening.start_raid(stage, twice, event="Kael", channel_id=CHANNEL)
    assert await evening.start_raid(stage, twice, event="Kael", channel_id=CHANNEL) == first
