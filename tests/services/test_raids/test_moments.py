"""Logs and guild dumps: their moments become ticks with their evidence, together, once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.stage import Stage
from cogs.raids.dumps import Reading, read_file
from cogs.raids.rules import AlreadyImported, ImportChanged
from cogs.raids.service import imports, roster, ticks, undo
from db.tables import Character, Member, Pool, RaidImport, Tick, TickCredit
from tests.rules.test_dumps.evening import SECRETS, WHO, evening, seen, who
from tests.services.test_raids.scene import ANNA, BERT, CARL, LEAD, adds_up, balance, known, read, roster_file, write

BEGINS = datetime.fromisoformat("2026-03-06 19:30:00")
"""The guild's zone is UTC; the raid began at 19:00."""
LOG = "eqlog_Anna_xegony.txt"


def reading(text: str, name: str = LOG) -> Reading:
    return read_file(name, text.encode())


def three_ticks() -> Reading:
    """Anna at all of three ticks, Bert at the first two, Carl at the first."""
    names = ("Anna", "Bert", "Carl")
    return reading("".join(who(BEGINS + timedelta(minutes=30 * n), *seen(*names[: 3 - n])) for n in range(3)))


async def preview(stage: Stage, raid: int, dumps) -> imports.MomentsPreview:
    return await stage.read(LEAD, "raids.manage", lambda session: imports.preview_moments(session, raid, dumps))


async def take(stage: Stage, raid: int, dumps, name: str = LOG) -> imports.MomentsImported:
    shown = await preview(stage, raid, dumps)
    return await imports.import_moments(stage, LEAD, raid, name, dumps, shown.ticks)


@pytest.fixture
async def three(stage, clock, raid) -> int:
    """The raid two and a half hours later, with Anna, Bert and Carl known."""
    for who_ in (ANNA, BERT, CARL):
        await known(stage, who_)
    clock.move(minutes=150)
    return raid


async def test_the_moments_of_a_log_become_ticks_in_one_act(stage, three):
    moments = three_ticks().moments
    shown = await preview(stage, three, moments)
    assert [(m.outcome.people, m.outcome.total) for m in shown.moments] == [(3, 30), (2, 20), (1, 10)]
    assert (shown.people, shown.total, shown.ticks) == (3, 60, (None, None, None))
    done = await imports.import_moments(stage, LEAD, three, LOG, moments, shown.ticks)
    assert [(one.number, one.people, one.total) for one in done.moments] == [(1, 3, 30), (2, 2, 20), (3, 1, 10)]
    assert [await balance(stage, who_) for who_ in (ANNA, BERT, CARL)] == [30, 20, 10]
    taken = await read(stage, select(Tick).order_by(Tick.number))
    assert [tick.taken_at for tick in taken] == [
        (BEGINS + timedelta(minutes=30 * n)).replace(tzinfo=UTC) for n in range(3)
    ]
    assert {tick.source for tick in taken} == {"log"}
    await adds_up(stage)


async def test_each_credit_keeps_its_line_its_character_and_its_file(stage, clock, three):
    anna = await known(stage, ANNA)
    await write(
        stage,
        Character.__table__.insert().values(
            guild_id=1,
            owner_member_id=anna,
            name="Ogey",
            name_key="ogey",
            is_main=False,
            created_at=clock.now() - timedelta(days=9),
        ),
    )
    [moment] = reading(who(BEGINS, *WHO, *seen("Anna"))).moments
    await imports.import_dump(stage, LEAD, three, LOG, moment)
    (credit,) = await read(stage, select(TickCredit))
    (row,) = await read(stage, select(RaidImport))
    assert (credit.evidence, credit.character_name, credit.raid_import_id) == ("log", "Ogey", row.raid_import_id)
    assert credit.line == "[Fri Mar 06 19:30:00 2026]  <LINKDEAD>[60 Arch Mage] Ogey (Gnome) <Venerate>"
    assert (row.kind, row.file_name, row.sha256) == ("log", LOG, moment.content_hash)
    assert await balance(stage, ANNA) == 10, "two of one person's names are one credit"


async def test_a_roster_file_keeps_its_line_too(stage, three):
    name, dump = roster_file("Anna")
    await imports.import_dump(stage, LEAD, three, name, dump)
    (credit,) = await read(stage, select(TickCredit))
    (row,) = await read(stage, select(RaidImport))
    (tick,) = await read(stage, select(Tick))
    assert (credit.evidence, credit.line, credit.character_name) == ("dump", "1\tAnna\t60\tBard", None)
    assert (row.kind, tick.source) == ("raid roster", "dump")


async def test_the_call_is_the_ticks_note(stage, three):
    moments = reading(evening(BEGINS)).moments
    await take(stage, three, moments)
    taken = await read(stage, select(Tick).order_by(Tick.number))
    assert [tick.note for tick in taken] == ["First Call", "Second Call", "Third Call"]


async def test_two_leaders_files_of_one_moment_merge(stage, three):
    await take(stage, three, three_ticks().moments)
    name, dump = roster_file("Anna", "Bert", "Carl", name="RaidRoster-20260306-203300.txt")
    shown = await stage.read(LEAD, "raids.manage", lambda session: imports.preview_import(session, three, dump))
    assert shown.chosen is not None
    assert shown.into_ticks[0].number == 3
    done = await imports.import_dump(stage, LEAD, three, name, dump, tick_id=shown.chosen)
    assert (done.number, done.people) == (3, 2)
    assert [await balance(stage, who_) for who_ in (ANNA, BERT, CARL)] == [30, 30, 20]
    assert len(await read(stage, select(Tick))) == 3


async def test_a_moment_near_a_tick_goes_into_it_and_its_neighbours_do_not(stage, clock, raid):
    for who_ in (ANNA, BERT, CARL):
        await known(stage, who_)
    await roster.check_in(stage, ANNA, raid)
    clock.move(minutes=58)
    taken = await ticks.take_tick(stage, LEAD, raid)
    clock.move(minutes=90)
    shown = await preview(stage, raid, three_ticks().moments)
    assert shown.ticks == (None, taken.tick_id, None)
    assert [m.outcome.already for m in shown.moments] == [0, 1, 0]
    await take(stage, raid, three_ticks().moments)
    assert [await balance(stage, who_) for who_ in (ANNA, BERT, CARL)] == [30, 20, 10]


async def test_moments_within_five_minutes_become_one_new_tick(stage, three):
    text = who(BEGINS, *seen("Anna")) + who(BEGINS + timedelta(minutes=4), *seen("Anna", "Bert"))
    done = await take(stage, three, reading(text).moments)
    assert [(one.number, one.people) for one in done.moments] == [(1, 1), (1, 1)]
    assert [await balance(stage, who_) for who_ in (ANNA, BERT)] == [10, 10]
    credits = await read(stage, select(TickCredit).order_by(TickCredit.member_id))
    assert len({credit.raid_import_id for credit in credits}) == 2


async def test_the_bench_is_paid_once_and_in_full_when_a_later_file_of_the_tick_shows_them(stage, clock, raid):
    await known(stage, ANNA)
    for who_ in (BERT, CARL):
        await roster.stand_by(stage, who_, raid)
    clock.move(minutes=150)
    text = who(BEGINS, *seen("Anna")) + who(BEGINS + timedelta(minutes=4), *seen("Bert"))
    await take(stage, raid, reading(text).moments)
    assert [await balance(stage, who_) for who_ in (ANNA, BERT, CARL)] == [10, 10, 5]


async def test_the_same_log_again_changes_nothing(stage, three):
    moments = three_ticks().moments
    await take(stage, three, moments[:2])
    shown = await preview(stage, three, moments)
    assert (len(shown.moments), shown.skipped) == (1, ("into tick 1", "into tick 2"))
    done = await take(stage, three, moments)
    assert (len(done.moments), done.skipped) == (1, 2)
    with pytest.raises(AlreadyImported, match="nothing changed"):
        await take(stage, three, moments)
    assert await balance(stage, ANNA) == 30


async def test_what_changed_since_the_preview_is_shown_again_first(stage, clock, three):
    moments = three_ticks().moments
    shown = await preview(stage, three, moments)
    await imports.import_dump(stage, LEAD, three, *roster_file("Anna", name="RaidRoster-20260306-193100.txt"))
    with pytest.raises(ImportChanged, match="import the file again"):
        await imports.import_moments(stage, LEAD, three, LOG, moments, shown.ticks)
    assert await balance(stage, ANNA) == 10


async def test_after_its_ticks_were_undone_a_log_may_come_again(stage, three):
    moments = three_ticks().moments
    done = await take(stage, three, moments)
    for one in done.moments:
        await undo.undo_tick(stage, LEAD, one.tick_id, "wrong raid")
    await take(stage, three, moments)
    assert await balance(stage, ANNA) == 30


async def test_the_preview_reckons_with_the_cap(stage, three):
    await write(stage, update(Pool).where(Pool.guild_id == 1).values(cap=Decimal(25)))
    shown = await preview(stage, three, three_ticks().moments)
    assert (shown.total, shown.cut) == (55, 5)
    done = await take(stage, three, three_ticks().moments)
    assert sum(one.total for one in done.moments) == 55
    assert sum(one.cut for one in done.moments) == 5
    assert await balance(stage, ANNA) == 25


async def test_moments_are_offered_nearest_first_with_where_they_go(stage, three):
    names = [f"Person{letter}" for letter in "abcdefgh"]
    day_before = "".join(who(BEGINS - timedelta(hours=30, minutes=n), *seen(*names)) for n in range(5))
    crowd = "".join(who(BEGINS + timedelta(minutes=2 * n), *seen(*names[: n % 7 + 1])) for n in range(40))
    log = reading(day_before + crowd + evening(BEGINS + timedelta(minutes=81)))
    await take(stage, three, log.moments[8:9])
    offered = await stage.read(LEAD, "raids.manage", lambda session: imports.offer_moments(session, three, log))
    assert (len(offered.moments), offered.more, offered.elsewhere, offered.far) == (25, 18, 5, False)
    assert [m.taken_at for m in offered.moments] == sorted(m.taken_at for m in offered.moments)
    assert [m.call for m in offered.moments if m.call] == ["First Call", "Second Call", "Third Call"]
    by_index = {m.index: m for m in offered.moments}
    assert (by_index[8].already_in, by_index[9].already_in, by_index[9].into) == ("into tick 1", None, 1)


async def test_a_log_of_another_clock_is_offered_and_pointed_out(stage, three):
    log = reading("".join(who(BEGINS + timedelta(hours=9, minutes=n), *seen("Anna")) for n in range(2)))
    offered = await stage.read(LEAD, "raids.manage", lambda session: imports.offer_moments(session, three, log))
    assert len(offered.moments) == 2, "the future is shown as now, which is near"
    log = reading("".join(who(BEGINS - timedelta(hours=9, minutes=n), *seen("Anna")) for n in range(2)))
    offered = await stage.read(LEAD, "raids.manage", lambda session: imports.offer_moments(session, three, log))
    assert offered.far
    assert len(offered.moments) == 2
    await imports.set_file_zone(stage, LEAD, "America/Los_Angeles")
    offered = await stage.read(LEAD, "raids.manage", lambda session: imports.offer_moments(session, three, log))
    assert not offered.far


async def test_the_window_holds_the_evening_in_every_zone(stage, three):
    begins, ends = await stage.read(LEAD, "raids.manage", lambda session: imports.window_of(session, three))
    at = datetime.fromisoformat("2026-03-06 19:00:00")
    assert begins <= at - timedelta(hours=12 + 6)
    assert ends >= at + timedelta(minutes=150) + timedelta(hours=14 + 6)


async def test_linkdead_and_anonymous_people_are_credited_and_marked(stage, three):
    text = who(BEGINS, " <LINKDEAD>[60 Bard] Anna (Human)", "[ANONYMOUS] Bert", *seen("Carl"))
    [moment] = reading(text).moments
    shown = await stage.read(LEAD, "raids.manage", lambda session: imports.preview_import(session, three, moment))
    assert (shown.about.linkdead, shown.about.anonymous) == (("Anna",), ("Bert",))
    assert shown.new_tick.people == 3


async def test_a_guild_dump_credits_who_is_in_the_chosen_place(stage, three):
    cells = "\t60\tBard\tMember\t\t03/06/26\t{}\t\t\toff\toff\t0\t\t\t\n"
    text = "Anna" + cells.format("Plane of Fear") + "Bert" + cells.format("Bazaar")
    dump = reading(text, "Wolf Pack-20260306-193000.txt")
    fear = next(moment for moment in dump.moments if moment.zone == "Plane of Fear")
    await imports.import_dump(stage, LEAD, three, dump.file_name, fear)
    assert [await balance(stage, who_) for who_ in (ANNA, BERT)] == [10, 0]
    (row,) = await read(stage, select(RaidImport))
    assert row.kind == "guild dump"


async def test_whoever_was_taken_over_by_somebody_leads_to_them(stage, clock, three):
    anna, bert = await known(stage, ANNA), await known(stage, BERT)
    await write(stage, update(Member).where(Member.member_id == bert).values(absorbed_by_member_id=anna))
    await imports.import_dump(stage, LEAD, three, *roster_file("Bert"))
    assert [await balance(stage, who_) for who_ in (ANNA, BERT)] == [10, 0]
    await write(stage, update(Member).where(Member.member_id == bert).values(display_name="Anna", name_key="anna"))
    await imports.import_dump(stage, LEAD, three, *roster_file("Anna", name="RaidRoster-20260306-201500.txt"))
    assert await balance(stage, ANNA) == 20, "one person twice is not two people of one name"


async def test_nothing_of_a_tell_reaches_a_row(stage, owner, three):
    await take(stage, three, reading(evening(BEGINS)).moments)
    tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await owner.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table['tablename']} t")
        assert [row["row"] for row in rows if any(secret in row["row"] for secret in SECRETS)] == []


async def test_later_ticks_say_by_what_somebody_is_here(stage, clock, three):
    """Nobody pressed: who a log seated stays a log's at the next tick, until a press says otherwise."""
    [moment] = reading(who(BEGINS, *seen("Anna", "Bert"))).moments
    await imports.import_dump(stage, LEAD, three, LOG, moment)
    await imports.import_dump(stage, LEAD, three, *roster_file("Carl", name="RaidRoster-20260306-200000.txt"))
    await roster.check_in(stage, BERT, three)
    taken = await ticks.take_tick(stage, LEAD, three)
    credits = await read(
        stage, select(TickCredit).where(TickCredit.tick_id == taken.tick_id).order_by(TickCredit.member_id)
    )
    assert [credit.evidence for credit in credits] == ["log", "button", "dump"]


async def test_each_way_of_taking_a_tick_is_told_truly(stage, clock, raid):
    await known(stage, CARL)
    await roster.check_in(stage, ANNA, raid)
    await roster.add_people(stage, LEAD, raid, (await known(stage, BERT),))
    heard = [ticks.Heard(3, "Carl")]
    first = await ticks.take_tick(stage, LEAD, raid, heard=heard)
    clock.move(minutes=5)
    second = await ticks.take_tick(stage, LEAD, raid, heard=[], source="button")
    for taken in (first, second):
        credits = await read(
            stage, select(TickCredit).where(TickCredit.tick_id == taken.tick_id).order_by(TickCredit.member_id)
        )
        by_member = {credit.member_id: credit.evidence for credit in credits}
        assert [by_member[await known(stage, who_)] for who_ in (ANNA, BERT, CARL)] == ["button", "officer", "voice"]
    sources = await read(stage, select(Tick.source).order_by(Tick.number))
    assert sources == ["command", "button"]
