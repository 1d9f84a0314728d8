"""Files of who was there: shown first, taken in once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.refusals import Refused
from bot.stage import Actor, Stage
from cogs.raids.dumps import read_pasted
from cogs.raids.rules import (
    AlreadyImported,
    TickTooSoon,
)
from cogs.raids.service import imports, roster, ticks, undo
from db.tables import (
    Character,
    CharacterOwner,
    Member,
    Pool,
)
from tests.services.test_raids.scene import (
    ANNA,
    BERT,
    CARL,
    LEAD,
    adds_up,
    balance,
    known,
    look,
    map_roles,
    roster_file,
    standing,
    write,
)


async def preview(stage: Stage, raid: int, dump) -> imports.ImportPreview:
    return await stage.read(LEAD, "raids.manage", lambda session: imports.preview_import(session, raid, dump))


async def test_a_dump_becomes_a_tick_at_its_own_time(stage, clock, raid):
    await known(stage, ANNA)
    await roster.check_in(stage, BERT, raid)
    clock.move(minutes=45)
    name, dump = roster_file("Anna", "Thalai")
    shown = await preview(stage, raid, dump)
    assert shown.chosen is None
    assert (shown.new_tick.people, shown.new_tick.total) == (1, 10)
    assert shown.taken_at == datetime(2026, 3, 6, 19, 30, tzinfo=UTC)
    assert (shown.not_in_file, [unknown.name for unknown in shown.unknown]) == (("Bert",), ["Thalai"])
    done = await imports.import_dump(stage, LEAD, raid, name, dump)
    assert (done.number, done.people, done.seated, done.unknown) == (1, 1, 1, 1)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 0)
    (tick,) = (await look(stage, raid)).ticks
    assert tick.taken_at == shown.taken_at
    await adds_up(stage)


async def test_a_dump_near_a_tick_goes_into_it_and_credits_nobody_twice(stage, clock, raid):
    await known(stage, BERT)
    await roster.check_in(stage, ANNA, raid)
    clock.move(minutes=28)
    taken = await ticks.take_tick(stage, LEAD, raid)
    clock.move(minutes=10)
    name, dump = roster_file("Anna", "Bert")
    shown = await preview(stage, raid, dump)
    assert shown.chosen == taken.tick_id
    assert (shown.into_ticks[0].people, shown.into_ticks[0].already) == (1, 1)
    done = await imports.import_dump(stage, LEAD, raid, name, dump, tick_id=taken.tick_id)
    assert (done.number, done.people) == (1, 1)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 10)


async def test_the_same_dump_twice_changes_nothing(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(hours=1)
    name, dump = roster_file("Anna")
    await imports.import_dump(stage, LEAD, raid, name, dump)
    assert (await preview(stage, raid, dump)).already_in == "into tick 1"
    with pytest.raises(AlreadyImported, match="into tick 1; nothing changed"):
        await imports.import_dump(stage, LEAD, raid, "other name.txt", dump, again=True)
    assert await balance(stage, ANNA) == 10


async def test_after_its_tick_was_undone_a_dump_may_be_imported_again(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(hours=1)
    name, dump = roster_file("Anna")
    done = await imports.import_dump(stage, LEAD, raid, name, dump)
    await undo.undo_tick(stage, LEAD, done.tick_id, "wrong raid")
    await imports.import_dump(stage, LEAD, raid, name, dump)
    assert await balance(stage, ANNA) == 10


async def test_a_dump_for_the_roster_only_pays_nothing(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(minutes=40)
    name, dump = roster_file("Anna")
    done = await imports.import_dump(stage, LEAD, raid, name, dump, roster_only=True)
    assert (done.number, done.people, done.seated) == (None, 0, 1)
    assert standing(await look(stage, raid)) == {"Anna": "present"}
    assert await balance(stage, ANNA) == 0
    with pytest.raises(AlreadyImported, match="for the roster only"):
        await imports.import_dump(stage, LEAD, raid, name, dump, roster_only=True)
    await imports.import_dump(stage, LEAD, raid, name, dump)
    assert await balance(stage, ANNA) == 10


async def test_a_new_tick_beside_another_must_be_meant(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(minutes=30)
    await ticks.take_tick(stage, LEAD, raid)
    name, dump = roster_file("Anna")
    with pytest.raises(TickTooSoon):
        await imports.import_dump(stage, LEAD, raid, name, dump)
    assert (await imports.import_dump(stage, LEAD, raid, name, dump, again=True)).number == 2


async def test_a_dump_pays_the_bench_of_that_time_its_share(stage, clock, raid):
    await known(stage, ANNA)
    await roster.stand_by(stage, BERT, raid)
    clock.move(minutes=40)
    await roster.stand_by(stage, CARL, raid)
    name, dump = roster_file("Anna")
    await imports.import_dump(stage, LEAD, raid, name, dump)
    assert [await balance(stage, who) for who in (ANNA, BERT, CARL)] == [10, 5, 0]


async def test_a_character_stands_for_its_owner_at_the_files_time(stage, clock, raid):
    anna, bert = await known(stage, ANNA), await known(stage, BERT)

    async def hand_over(session):
        played = Character(
            guild_id=1,
            owner_member_id=bert,
            name="Thalia",
            name_key="thalia",
            is_main=True,
            created_at=clock.now(),
        )
        session.add(played)
        await session.flush()
        for at, giver, taker in ((clock.now(), None, anna), (clock.now() + timedelta(minutes=35), anna, bert)):
            session.add(
                CharacterOwner(
                    guild_id=1,
                    character_id=played.character_id,
                    from_member_id=giver,
                    to_member_id=taker,
                    by_user_id=1,
                    at=at,
                )
            )

    await stage.run(Actor.itself(1), hand_over)
    clock.move(hours=1)
    await imports.import_dump(stage, LEAD, raid, *roster_file("THALIA"))
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 0)
    await imports.import_dump(stage, LEAD, raid, *roster_file("Thalia", name="RaidRoster-20260306-194500.txt"))
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 10)


async def test_a_file_is_read_in_the_uploaders_zone_once_told(stage, clock, raid):
    clock.move(hours=3)
    _, dump = roster_file("Anna", name="RaidRoster-20260306-203000.txt")
    assert (await preview(stage, raid, dump)).taken_at == datetime(2026, 3, 6, 20, 30, tzinfo=UTC)
    assert await imports.set_file_zone(stage, LEAD, "europe/berlin") == "Europe/Berlin"
    assert (await preview(stage, raid, dump)).taken_at == datetime(2026, 3, 6, 19, 30, tzinfo=UTC)
    with pytest.raises(Refused, match="Europe/Berlin"):
        await imports.set_file_zone(stage, LEAD, "Europe/Berlim")


async def test_a_file_from_the_future_or_another_evening_is_pointed_out(stage, clock, raid):
    _, ahead = roster_file("Anna", name="RaidRoster-20260306-235900.txt")
    assert "future" in (await preview(stage, raid, ahead)).warning
    assert (await preview(stage, raid, ahead)).taken_at == clock.now()
    _, old = roster_file("Anna", name="RaidRoster-20260301-193000.txt")
    assert "another time" in (await preview(stage, raid, old)).warning


async def test_guests_in_a_dump_are_listed_and_credited_by_add(stage, clock, raid):
    await known(stage, ANNA)
    await map_roles(stage)
    await known(stage, BERT)
    await write(stage, update(Member).where(Member.discord_user_id == 2).values(role_group="guest"))
    clock.move(hours=1)
    done = await imports.import_dump(stage, LEAD, raid, *roster_file("Anna", "Bert"))
    assert (done.people, done.not_credited) == (1, ("Bert",))
    await ticks.credit_seen(stage, LEAD, done.tick_id)
    assert await balance(stage, BERT) == 10


async def test_pasted_names_are_taken_at_this_moment(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(minutes=20)
    done = await imports.import_dump(stage, LEAD, raid, "pasted", read_pasted("anna, nobody").moments[0])
    assert (done.people, done.unknown, done.taken_at) == (1, 1, clock.now())


async def test_a_dump_shows_that_somebody_was_on_time_after_all(stage, clock, raid):
    clock.move(minutes=40)
    assert (await roster.check_in(stage, ANNA, raid)).late
    await imports.import_dump(stage, LEAD, raid, *roster_file("Anna", name="RaidRoster-20260306-191000.txt"))
    (place,) = (await look(stage, raid)).places
    assert not place.late


async def test_the_preview_reckons_start_points_in_that_come_with_the_first_raid(stage, clock, raid):
    await write(stage, update(Pool).values(start=95, start_on="first_raid", cap=100))
    await known(stage, ANNA)
    clock.move(hours=1)
    name, dump = roster_file("Anna")
    shown = await stage.run(LEAD, lambda session: imports.preview_import(session, raid, dump))
    done = await imports.import_dump(stage, LEAD, raid, name, dump)
    assert shown.new_tick.total == done.total == 5
