"""Which raid is meant, who may lead, and what the audit keeps."""

import pytest
from sqlalchemy import func, select

from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Stage
from cogs.raids.rules import (
    WhichRaid,
)
from cogs.raids.service import card, evening, imports, lookups, roster, ticks, undo
from db.tables import (
    Audit,
    RaidImport,
    RaidMember,
    RoleMapping,
)
from tests.conftest import person
from tests.services.test_raids.scene import ANNA, CHANNEL, GUEST_ROLE, LEAD, begin, map_roles, read, roster_file, write


async def find(stage: Stage, typed, channel=CHANNEL, **more) -> int:
    found = await stage.run(Actor.itself(1), lambda session: lookups.find_raid(session, typed, channel, **more))
    return found.raid_id


async def test_the_running_raid_is_meant_else_this_channels_else_it_is_asked(stage):
    with pytest.raises(WhichRaid):
        await find(stage, None)
    one = (await begin(stage)).raid_id
    assert await find(stage, None, channel=1) == one
    two = (await begin(stage, event="Kael", channel_id=78)).raid_id
    assert (await find(stage, None, 77), await find(stage, None, 78)) == (one, two)
    with pytest.raises(WhichRaid, match="2 raids are running"):
        await find(stage, None, 1)
    assert await find(stage, "kael", 1) == two
    assert await find(stage, f"#{one}", 1) == one
    with pytest.raises(NotFound, match="Did you mean Kael"):
        await find(stage, "Kaell", 1)
    for raid in (one, two):
        await evening.end_raid(stage, LEAD, raid, without_tick=True)
    assert await find(stage, None, 78) == two
    with pytest.raises(WhichRaid):
        await find(stage, None, 78, running=True)


async def test_a_tick_is_found_by_its_number_or_from_the_list(stage, raid):
    taken = await ticks.take_tick(stage, LEAD, raid)

    async def numbered(session):
        return (await lookups.find_tick(session, "1", CHANNEL)).tick_id, await lookups.tick_choices(session)

    found, choices = await stage.run(Actor.itself(1), numbered)
    assert found == taken.tick_id
    assert choices[0].value == f"#{taken.tick_id}"
    with pytest.raises(NotFound):
        await stage.run(Actor.itself(1), lambda session: lookups.find_tick(session, "7", CHANNEL))


async def test_lists_count_people_and_ticks_that_stand(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    await ticks.take_tick(stage, LEAD, raid, again=True)
    await undo.undo_tick(stage, LEAD, taken.tick_id, "one too many")
    (line,) = await stage.run(Actor.itself(1), lambda session: card.list_raids(session, 30))
    assert (line.people, line.ticks) == (1, 1)


@pytest.mark.parametrize(
    "press",
    [
        lambda stage, raid: ticks.take_tick(stage, ANNA, raid),
        lambda stage, raid: roster.add_people(stage, ANNA, raid, (1,)),
        lambda stage, raid: roster.bring_in(stage, ANNA, raid, (1,)),
        lambda stage, raid: roster.remove(stage, ANNA, raid, 1),
        lambda stage, raid: evening.end_raid(stage, ANNA, raid),
        lambda stage, raid: evening.reopen_raid(stage, ANNA, raid),
        lambda stage, raid: evening.cancel_raid(stage, ANNA, raid, "because"),
        lambda stage, raid: evening.bring_down(stage, ANNA, raid),
        lambda stage, raid: undo.undo_tick(stage, ANNA, 1, "because"),
        lambda stage, raid: ticks.credit_people(stage, ANNA, raid, (1,), (1,)),
        lambda stage, raid: ticks.credit_seen(stage, ANNA, 1),
        lambda stage, raid: imports.import_dump(stage, ANNA, raid, *roster_file("Anna")),
    ],
)
async def test_members_do_not_lead(stage, raid, press):
    with pytest.raises(NotAllowed):
        await press(stage, raid)


async def test_raid_leaders_lead_but_do_not_cancel(stage, raid):
    await map_roles(stage)
    await write(stage, RoleMapping.__table__.insert().values(guild_id=1, role_group="raid_leader", role_id=GUEST_ROLE))
    leader = person(60, "Leader", role_ids=frozenset({GUEST_ROLE}))
    await ticks.take_tick(stage, leader, raid)
    with pytest.raises(NotAllowed):
        await evening.cancel_raid(stage, leader, raid, "because")


async def test_every_use_case_of_a_raid_leaves_an_audit_row(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")
    await evening.end_raid(stage, LEAD, raid, without_tick=True)
    await evening.reopen_raid(stage, LEAD, raid)
    await evening.cancel_raid(stage, LEAD, raid, "never happened")
    actions = await read(stage, select(Audit.action).where(Audit.guild_id == 1).order_by(Audit.audit_id))
    assert actions == [
        "raids.started",
        "raids.checked_in",
        "raids.tick.taken",
        "raids.tick.undone",
        "raids.ended",
        "raids.reopened",
        "raids.cancelled",
    ]
    assert await read(stage, select(func.count()).select_from(RaidImport).where(RaidImport.guild_id == 1)) == [0]
    assert len(await read(stage, select(RaidMember).where(RaidMember.guild_id == 1))) == 1
