"""Names nobody knew: queued by an import, sorted out by a leader, credited once in every raid where they waited."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from bot.personal import NO_WORDS
from bot.refusals import NotAllowed
from bot.stage import Stage
from cogs.members.service.characters import add_character
from cogs.raids.rules import AlreadyImported
from cogs.raids.rules.names import NameKnown, NameSortedOut
from cogs.raids.service import checking, evening, imports, personal, roster, ticks, undo, unknown
from db.tables import (
    Audit,
    Character,
    CharacterOwner,
    LedgerEntry,
    Member,
    RaidImport,
    RaidMember,
    Tick,
    TickCredit,
    UnknownName,
)
from tests.conftest import person
from tests.services.test_raids.scene import (
    ANNA,
    BERT,
    LEAD,
    adds_up,
    balance,
    begin,
    known,
    map_roles,
    read,
    roster_file,
    write,
)

VERA = person(101, "Vera", manage_guild=True)
AT = "RaidRoster-20260306-{:02d}{:02d}00.txt"


async def take_in(stage: Stage, raid: int, *names: str, at: tuple[int, int] = (19, 30), **more):
    return await imports.import_dump(stage, LEAD, raid, *roster_file(*names, name=AT.format(*at)), **more)


async def waiting(stage: Stage, raid: int) -> list[unknown.Waiting]:
    return await stage.run(LEAD, lambda session: unknown.waiting_names(session, raid))


async def link(stage: Stage, raid: int, name: str, member_id: int) -> unknown.NamesCredited:
    [row] = [one for one in await waiting(stage, raid) if one.name == name]
    given = await unknown.give_name(stage, LEAD, row.unknown_name_id, member_id)
    return await unknown.credit_given(stage, LEAD, given)


async def gain(stage: Stage, key: str, actor=None) -> tuple[int, int]:
    async def look(session):
        member = await session.get(Member, (1, await _id(session, actor))) if actor else None
        found = await unknown.gain_of(session, key, member)
        return found.credits, found.points

    return await stage.run(LEAD, look)


async def _id(session, actor) -> int:
    query = select(Member.member_id).where(Member.discord_user_id == actor.user_id)
    return (await session.execute(query)).scalar_one()


async def test_a_name_waits_once_for_each_tick_that_shows_it(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(hours=2)
    await take_in(stage, raid, "Anna", "Thalai")
    await take_in(stage, raid, "Thalai", "thalai", at=(20, 0))
    [name] = await waiting(stage, raid)
    assert (name.name, name.character_class, name.level, name.tick_numbers) == ("Thalai", "Bard", 60, (1, 2))
    rows = await read(stage, select(UnknownName).order_by(UnknownName.unknown_name_id))
    files = await read(stage, select(RaidImport.raid_import_id).order_by(RaidImport.raid_import_id))
    assert [row.raid_import_id for row in rows] == files
    assert rows[0].seen_at == datetime(2026, 3, 6, 19, 30, tzinfo=UTC)


async def test_two_leaders_files_of_one_moment_make_one_row(stage, clock, raid):
    clock.move(hours=2)
    done = await take_in(stage, raid, "Thalai")
    await take_in(stage, raid, "Thalai", "Zed", at=(19, 31), tick_id=done.tick_id)
    names = await read(stage, select(UnknownName.name).order_by(UnknownName.unknown_name_id))
    assert names == ["Thalai", "Zed"]


async def test_a_linked_name_is_credited_in_every_raid_and_leads_to_its_owner_from_then_on(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=3)
    await take_in(stage, raid, "Thalai")
    await take_in(stage, raid, "Thalai", at=(20, 0))
    await evening.end_raid(stage, LEAD, raid)
    other = (await begin(stage, event="Kael", tick_points=7)).raid_id
    await take_in(stage, other, "Thalai", at=(21, 0))
    assert await gain(stage, "thalai", ANNA) == (3, 27)
    done = await link(stage, raid, "Thalai", anna)
    assert (done.names, done.credits, done.points) == (1, 3, 27)
    assert await balance(stage, ANNA) == 27
    assert await waiting(stage, raid) == await waiting(stage, other) == []
    rows = await read(stage, select(UnknownName))
    assert {(row.status, row.member_id, row.decided_by_user_id) for row in rows} == {("linked", anna, 100)}
    [played] = await read(stage, select(Character))
    assert (played.name, played.character_class, played.level, played.is_main) == ("Thalai", "Bard", 60, True)
    assert played.created_at == datetime(2026, 3, 6, 19, 30, tzinfo=UTC)
    await take_in(stage, other, "THALAI", at=(21, 30))
    assert await balance(stage, ANNA) == 34
    with pytest.raises(AlreadyImported):
        await take_in(stage, other, "Thalai", at=(21, 0), again=True)
    assert await waiting(stage, other) == []
    await adds_up(stage)
    assert await stage.run(LEAD, checking.doctor) == []


async def test_the_credit_names_the_file_and_the_line_it_rests_on(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    await link(stage, raid, "Thalai", anna)
    [credit] = await read(stage, select(TickCredit))
    [file] = await read(stage, select(RaidImport))
    assert (credit.evidence, credit.line, credit.raid_import_id, credit.character_name) == (
        "dump",
        "1\tThalai\t60\tBard",
        file.raid_import_id,
        "Thalai",
    )
    assert await read(stage, select(RaidMember.status)) == ["present"]
    await write(stage, update(RaidImport).values(kind="log"))
    await take_in(stage, raid, "Zed", at=(19, 50))
    await write(stage, update(RaidImport).values(kind="log"))
    await link(stage, raid, "Zed", anna)
    assert set(await read(stage, select(TickCredit.evidence))) == {"dump", "log"}


async def test_who_is_credited_by_that_tick_already_gets_nothing_more(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Anna", "Thalai")
    assert await gain(stage, "thalai", ANNA) == (0, 0)
    assert await gain(stage, "thalai", None) == (1, 10)
    done = await link(stage, raid, "Thalai", anna)
    assert (done.credits, done.points) == (0, 0)
    assert await balance(stage, ANNA) == 10
    [main] = await read(stage, select(Character))
    assert main.is_main


async def test_two_names_of_one_person_at_one_tick_are_one_credit(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai", "Zed")
    await link(stage, raid, "Thalai", anna)
    await link(stage, raid, "Zed", anna)
    assert await balance(stage, ANNA) == 10
    assert {(c.name, c.is_main) for c in await read(stage, select(Character))} == {("Thalai", True), ("Zed", False)}


async def test_a_new_person_is_unclaimed_has_the_main_and_never_gets_start_points(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    [row] = await waiting(stage, raid)
    given = await unknown.make_person(stage, LEAD, row.unknown_name_id)
    done = await unknown.credit_given(stage, LEAD, given)
    assert (done.credits, done.points) == (1, 10)
    [new] = await read(stage, select(Member).where(Member.discord_user_id.is_(None)))
    assert (new.display_name, new.role_group, new.openings_settled_at) == ("Thalai", "member", clock.now())
    [main] = await read(stage, select(Character))
    assert (main.owner_member_id, main.is_main) == (new.member_id, True)
    [owner] = await read(stage, select(CharacterOwner))
    assert (owner.from_member_id, owner.to_member_id, owner.at) == (None, new.member_id, row.seen_at)
    assert [r.status for r in await read(stage, select(UnknownName))] == ["created"]
    assert (await read(stage, select(LedgerEntry.kind))) == ["attendance"]
    await adds_up(stage)


async def test_ignored_names_go_and_come_back_with_another_raid_only(stage, clock, raid):
    clock.move(hours=3)
    await take_in(stage, raid, "Thalai")
    [row] = await waiting(stage, raid)
    assert await unknown.ignore_name(stage, LEAD, row.unknown_name_id) == "Thalai"
    await take_in(stage, raid, "Thalai", at=(20, 0))
    assert await waiting(stage, raid) == []
    await evening.end_raid(stage, LEAD, raid)
    other = (await begin(stage, event="Kael")).raid_id
    await take_in(stage, other, "Thalai", at=(21, 0))
    assert [name.name for name in await waiting(stage, other)] == ["Thalai"]


async def test_an_ignored_name_is_brought_back_in_every_raid_it_was_ignored_with(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=3)
    await take_in(stage, raid, "Thalai")
    await evening.end_raid(stage, LEAD, raid)
    other = (await begin(stage, event="Kael")).raid_id
    await take_in(stage, other, "Thalai", at=(21, 0))
    [row] = await waiting(stage, raid)
    await unknown.ignore_name(stage, LEAD, row.unknown_name_id)
    assert await unknown.bring_back(stage, LEAD, other) == ("Thalai",)
    assert await unknown.bring_back(stage, LEAD, other) == ()
    assert (await link(stage, raid, "Thalai", anna)).credits == 2


async def test_a_character_added_since_is_known_now_and_credited_by_one_press(stage, clock, raid):
    await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai", "Zed")
    await add_character(stage, ANNA, "Thalai", "Bard", 60)
    found = await stage.run(LEAD, lambda session: unknown.known_now(session, raid))
    assert [name.name for name in found] == ["Thalai"]
    done = await unknown.credit_known(stage, LEAD, raid)
    assert (done.names, done.credits, done.points) == (1, 1, 10)
    assert await balance(stage, ANNA) == 10
    assert [name.name for name in await waiting(stage, raid)] == ["Zed"]
    assert (await unknown.credit_known(stage, LEAD, raid)).names == 0
    assert await balance(stage, ANNA) == 10


async def test_a_name_that_became_somebodys_meanwhile_is_not_given_to_another(stage, clock, raid):
    bert = await known(stage, BERT)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    await add_character(stage, ANNA, "Thalai")
    [row] = await waiting(stage, raid)
    for act in (
        lambda: unknown.give_name(stage, LEAD, row.unknown_name_id, bert),
        lambda: unknown.make_person(stage, LEAD, row.unknown_name_id),
    ):
        with pytest.raises(NameKnown, match="is a character of Anna here"):
            await act()
    assert len(await read(stage, select(Member))) == 3, "nobody new is left behind"
    assert (await link(stage, raid, "Thalai", await known(stage, ANNA))).credits == 1


async def test_the_second_leader_is_told_who_it_is(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    [row] = await waiting(stage, raid)
    await link(stage, raid, "Thalai", anna)
    with pytest.raises(NameSortedOut, match="it leads to Anna"):
        await unknown.ignore_name(stage, VERA, row.unknown_name_id)


async def test_a_crash_after_the_name_was_given_loses_no_credit(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    [row] = await waiting(stage, raid)
    await unknown.give_name(stage, LEAD, row.unknown_name_id, anna)
    assert await balance(stage, ANNA) == 0
    await unknown.credit_known(stage, LEAD, raid)
    assert await balance(stage, ANNA) == 10


async def test_names_of_undone_ticks_and_cancelled_raids_do_not_wait_and_are_not_paid(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=2)
    done = await take_in(stage, raid, "Thalai")
    await undo.undo_tick(stage, LEAD, done.tick_id, "wrong file")
    assert await waiting(stage, raid) == []
    await take_in(stage, raid, "Thalai")
    assert await gain(stage, "thalai", ANNA) == (1, 10)
    assert (await link(stage, raid, "Thalai", anna)).credits == 1
    await take_in(stage, raid, "Zed", at=(20, 30))
    await evening.cancel_raid(stage, LEAD, raid, "wrong evening")
    assert await waiting(stage, raid) == []
    assert await gain(stage, "zed", ANNA) == (0, 0)


async def test_a_guest_is_listed_and_credited_by_add(stage, clock, raid):
    await known(stage, LEAD)
    anna = await known(stage, ANNA)
    await map_roles(stage)
    await write(stage, update(Member).where(Member.member_id == anna).values(role_group="guest"))
    clock.move(hours=1)
    done = await take_in(stage, raid, "Thalai")
    credited = await link(stage, raid, "Thalai", anna)
    assert (credited.credits, credited.listed) == (0, 1)
    assert await read(stage, select(Tick.not_credited)) == [{"members": [anna]}]
    assert await stage.run(LEAD, checking.doctor) == []
    await ticks.credit_seen(stage, LEAD, done.tick_id)
    assert await balance(stage, ANNA) == 10


async def test_who_was_removed_stays_removed(stage, clock, raid):
    anna = await known(stage, ANNA)
    await roster.check_in(stage, ANNA, raid)
    await roster.remove(stage, LEAD, raid, anna)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    assert (await link(stage, raid, "Thalai", anna)).listed == 1
    assert await balance(stage, ANNA) == 0


async def test_a_name_for_the_roster_only_takes_a_seat(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai", roster_only=True)
    assert (await link(stage, raid, "Thalai", anna)).credits == 0
    assert await read(stage, select(RaidMember.status)) == ["present"]


async def test_members_sort_nothing_out(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    [row] = await waiting(stage, raid)
    for act in (
        lambda: unknown.give_name(stage, ANNA, row.unknown_name_id, anna),
        lambda: unknown.make_person(stage, ANNA, row.unknown_name_id),
        lambda: unknown.ignore_name(stage, ANNA, row.unknown_name_id),
        lambda: unknown.credit_known(stage, ANNA, raid),
        lambda: unknown.bring_back(stage, ANNA, raid),
        lambda: unknown.credit_given(stage, ANNA, unknown.NameGiven("thalai", "Thalai", anna, "Anna", False, (raid,))),
    ):
        with pytest.raises(NotAllowed):
            await act()


async def test_forgetting_empties_how_files_spelt_somebody(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    await link(stage, raid, "Thalai", anna)
    await stage.run(ANNA, lambda session: personal.forget(session, [anna]))
    [row] = await read(stage, select(UnknownName))
    assert (row.name, row.line, row.character_class) == (NO_WORDS, None, None)
    [credit] = await read(stage, select(TickCredit))
    assert (credit.character_name, credit.line) == (None, None)


async def test_the_audit_tells_of_each_step(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai", "Zed")
    await link(stage, raid, "Thalai", anna)
    [row] = await waiting(stage, raid)
    await unknown.ignore_name(stage, LEAD, row.unknown_name_id)
    actions = await read(stage, select(Audit.action).where(Audit.action.like("raids.name%")).order_by(Audit.audit_id))
    assert actions == ["raids.name.linked", "raids.name.credited", "raids.name.ignored"]


async def test_the_doctor_finds_a_sorted_out_name_that_its_tick_does_not_credit(stage, clock, raid):
    anna = await known(stage, ANNA)
    clock.move(hours=1)
    await take_in(stage, raid, "Thalai")
    await write(stage, update(UnknownName).values(status="linked", member_id=anna))
    assert await stage.run(LEAD, checking.doctor) == ["name 1 was sorted out, but tick 1 does not credit it"]
