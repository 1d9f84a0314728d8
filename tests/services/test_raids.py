"""Raid nights on a real database: what people did, what it paid, and what the rows say afterwards."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from bot import due
from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor, Stage
from bot.typed import TooManyDecimals
from cogs.dkp.service import ledger
from cogs.raids import jobs
from cogs.raids.dumps import read_dump, read_pasted
from cogs.raids.rules import (
    AlreadyImported,
    NoTickYet,
    NotOnRoster,
    RaidOver,
    RaidWasCancelled,
    ReopenTooLate,
    TickTooSoon,
    TickUndone,
    WasRemoved,
    WhichRaid,
)
from cogs.raids.service import card, evening, imports, lookups, roster, ticks, undo
from cogs.raids.service.ticks import Heard
from db.tables import (
    Account,
    Audit,
    Character,
    CharacterOwner,
    DueJob,
    Event,
    Guild,
    LedgerEntry,
    Member,
    Outbox,
    Pool,
    RaidImport,
    RaidMember,
    RoleMapping,
    Tick,
    TickCredit,
)
from tests.conftest import person

CHANNEL = 77
LEAD = person(100, "Lead", manage_guild=True)
ANNA, BERT, CARL = person(1, "Anna"), person(2, "Bert"), person(3, "Carl")
MEMBER_ROLE, GUEST_ROLE = 900, 901


async def begin(stage: Stage, **more) -> evening.RaidStarted:
    return await evening.start_raid(stage, LEAD, **({"event": "Temple of Veeshan", "channel_id": CHANNEL} | more))


async def known(stage: Stage, actor: Actor) -> int:
    """The member id of somebody, met if need be."""

    async def look(session):
        return session.member.member_id

    return await stage.read(actor, None, look)


async def read(stage: Stage, query):
    async def look(session):
        return list((await session.execute(query)).scalars())

    return await stage.run(Actor.itself(1), look)


async def write(stage: Stage, statement) -> None:
    async def work(session):
        await session.execute(statement)

    await stage.run(Actor.itself(1), work)


async def balance(stage: Stage, actor: Actor) -> Decimal:
    rows = await read(
        stage,
        select(Account.balance)
        .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
        .where(Account.guild_id == 1, Member.discord_user_id == actor.user_id),
    )
    return sum(rows, Decimal(0))


async def adds_up(stage: Stage) -> None:
    assert await stage.run(Actor.itself(1), ledger.imbalances) == []


async def look(stage: Stage, raid_id: int) -> card.RaidCard:
    return await stage.run(Actor.itself(1), lambda session: card.load_card(session, raid_id))


def standing(shown: card.RaidCard) -> dict[str, str]:
    return {place.name: place.status for place in shown.places}


@pytest.fixture
async def raid(stage: Stage) -> int:
    return (await begin(stage)).raid_id


# --- starting ---------------------------------------------------------------------------------------------------------


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


# --- the roster -------------------------------------------------------------------------------------------------------


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


# --- ticks ------------------------------------------------------------------------------------------------------------


async def test_a_tick_pays_who_is_there_and_the_bench_half(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.stand_by(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    assert (taken.number, taken.people, taken.standby, taken.total) == (1, 2, 1, 15)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 5)
    await adds_up(stage)


async def test_a_tick_has_its_own_value_if_given(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid, value=3.0, note="trash")
    assert await balance(stage, ANNA) == 3


async def test_a_tick_worth_nothing_counts_as_attendance_without_an_entry(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid, value=0.0)
    (credit,) = await read(stage, select(TickCredit).where(TickCredit.guild_id == 1))
    assert credit.entry_id is None
    assert await read(stage, select(LedgerEntry).where(LedgerEntry.guild_id == 1)) == []


async def test_a_second_tick_within_two_minutes_needs_to_be_meant(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    clock.move(seconds=40)
    with pytest.raises(TickTooSoon, match="Tick 1 was taken 40 seconds ago"):
        await ticks.take_tick(stage, LEAD, raid)
    await ticks.take_tick(stage, LEAD, raid, again=True)
    assert await balance(stage, ANNA) == 20


async def test_an_undone_tick_does_not_stand_in_the_way_of_the_next(stage, raid):
    first = await ticks.take_tick(stage, LEAD, raid)
    await undo.undo_tick(stage, LEAD, first.tick_id, "pressed by mistake")
    assert (await ticks.take_tick(stage, LEAD, raid)).number == 2


async def test_voice_adds_members_and_meets_strangers(stage, raid):
    await known(stage, ANNA)
    taken = await ticks.take_tick(stage, LEAD, raid, heard=[Heard(1, "Anna"), Heard(50, "Newcomer")])
    assert taken.people == 2
    assert standing(await look(stage, raid)) == {"Anna": "present", "Newcomer": "present"}


async def map_roles(stage: Stage) -> None:
    async def work(session):
        session.add(RoleMapping(guild_id=1, role_group="member", role_id=MEMBER_ROLE))
        session.add(RoleMapping(guild_id=1, role_group="officer", role_id=902))

    await stage.run(Actor.itself(1), work)
    await write(stage, update(Member).where(Member.guild_id == 1).values(role_group="member"))
    await write(stage, update(Member).where(Member.discord_user_id == 100).values(role_group="officer"))


async def test_guests_in_voice_are_listed_and_credited_by_add(stage, raid):
    await known(stage, ANNA)
    await map_roles(stage)
    heard = [Heard(1, "Anna"), Heard(50, "Guest *One*"), Heard(51, "Raider", frozenset({MEMBER_ROLE}))]
    taken = await ticks.take_tick(stage, LEAD, raid, heard=heard)
    assert (taken.people, taken.not_credited) == (2, ("Guest \\*One\\*",))
    added = await ticks.credit_seen(stage, LEAD, taken.tick_id)
    assert (added.names, added.total) == (("Guest \\*One\\*",), 10)
    with pytest.raises(Refused):
        await ticks.credit_seen(stage, LEAD, taken.tick_id)
    assert (await ticks.take_tick(stage, LEAD, raid, heard=heard, again=True)).people == 3
    await adds_up(stage)


async def test_required_voice_credits_only_who_is_checked_in_and_heard(stage):
    await begin(stage, event="warm-up")
    await write(stage, update(Guild).where(Guild.guild_id == 1).values(voice_mode="required"))
    raid = (await begin(stage, event="Kael", voice_channel_id=9)).raid_id
    await roster.check_in(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid, heard=[Heard(1, "Anna"), Heard(3, "Carl")])
    assert (taken.people, taken.out_of_voice, taken.not_credited) == (1, ("Bert",), ("Carl",))


async def test_unseen_for_three_ticks_is_marked_and_a_press_forgives(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    for _ in range(4):
        await ticks.take_tick(stage, LEAD, raid)
        clock.move(minutes=30)
    assert [place.unseen for place in (await look(stage, raid)).places] == [True]
    assert await balance(stage, ANNA) == 40
    await stage.run(ANNA, lambda session: card.my_evening(session, raid))
    assert [place.unseen for place in (await look(stage, raid)).places] == [False]


async def test_a_tick_of_a_raid_that_is_over_is_refused(stage, raid):
    await evening.end_raid(stage, LEAD, raid, without_tick=True)
    with pytest.raises(RaidOver):
        await ticks.take_tick(stage, LEAD, raid)
    with pytest.raises(RaidOver):
        await roster.check_in(stage, ANNA, raid)


async def test_my_points_say_what_this_raid_brought(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    mine = await stage.run(ANNA, lambda session: card.my_evening(session, raid))
    assert (mine.earned, mine.ticks, mine.status) == (10, 1, "present")
    assert "**10**" in mine.points_in_words


# --- ticks by the clock -----------------------------------------------------------------------------------------------


@pytest.fixture
async def ticking(stage: Stage) -> int:
    """A raid with automatic ticks every 30 minutes; nobody is heard in voice."""

    async def nobody(guild_id, channel_id):
        return None

    stage.registry.due[ticks.AUTOMATIC] = jobs.TickDue(nobody)
    raid_id = (await begin(stage, every=timedelta(minutes=30))).raid_id
    await roster.check_in(stage, ANNA, raid_id)
    return raid_id


async def test_automatic_ticks_come_in_step_and_are_announced_with_undo(stage, clock, ticking):
    clock.move(minutes=29)
    assert await due.run_once(stage) == 0
    clock.move(minutes=1, seconds=2)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert await balance(stage, ANNA) == 10
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "tick 1 by the clock, 1 person, 10 points" in notice.content
    assert [button["label"] for button in notice.buttons] == ["Undo"]
    (job,) = await read(stage, select(DueJob).where(DueJob.guild_id == 1))
    assert job.due_at == datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


async def test_after_downtime_one_tick_comes_late_and_says_so(stage, clock, ticking):
    clock.move(minutes=125)
    assert await due.run_once(stage) == 1
    assert await due.run_once(stage) == 0
    assert await balance(stage, ANNA) == 10
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "It comes late" in notice.content


async def test_a_tick_due_twice_is_taken_once(stage, clock, ticking):
    clock.move(minutes=30)
    (job,) = await read(stage, select(DueJob).where(DueJob.guild_id == 1))
    for _ in range(2):
        await ticks.take_automatic_tick(stage, Actor.itself(1), ticking, job.due_at, None, False)
    assert await balance(stage, ANNA) == 10


async def test_the_clock_takes_no_tick_beside_a_leaders_or_when_nobody_is_there(stage, clock, ticking):
    clock.move(minutes=29)
    await ticks.take_tick(stage, LEAD, ticking)
    clock.move(minutes=1)
    await due.run_once(stage)
    assert await balance(stage, ANNA) == 10
    await roster.leave(stage, ANNA, ticking)
    clock.move(minutes=30)
    await due.run_once(stage)
    assert len(await read(stage, select(Tick).where(Tick.guild_id == 1))) == 1


async def test_the_end_stops_the_clock_and_reopening_starts_it_again(stage, clock, ticking):
    await evening.end_raid(stage, LEAD, ticking, without_tick=True)
    clock.move(minutes=30)
    assert await due.run_once(stage) == 0
    await evening.reopen_raid(stage, LEAD, ticking)
    clock.move(minutes=30)
    assert await due.run_once(stage) == 1


# --- credit afterwards and undo ---------------------------------------------------------------------------------------


async def test_people_are_credited_for_past_ticks_once(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    one = await ticks.take_tick(stage, LEAD, raid)
    two = await ticks.take_tick(stage, LEAD, raid, again=True)
    await evening.end_raid(stage, LEAD, raid)
    both = (await known(stage, ANNA), await known(stage, BERT))
    credited = await ticks.credit_people(stage, LEAD, raid, (one.tick_id, two.tick_id), both)
    assert (credited.total, credited.already) == (20, 2)
    again = await ticks.credit_people(stage, LEAD, raid, (one.tick_id, two.tick_id), both)
    assert (again.total, again.already) == (0, 4)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (20, 20)


async def test_undoing_a_tick_takes_its_points_back_once(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    preview = await stage.run(Actor.itself(1), lambda session: undo.preview_undo(session, taken.tick_id))
    assert (preview.people, preview.total) == (2, 20)
    assert preview.follows == ("Anna: 10 → 0", "Bert: 10 → 0")
    undone = await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")
    assert (undone.people, undone.total) == (2, 20)
    with pytest.raises(TickUndone):
        await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")
    assert await balance(stage, ANNA) == 0
    await adds_up(stage)


async def test_undoing_a_tick_skips_entries_that_were_undone_before(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    entries = await read(stage, select(LedgerEntry.entry_id).where(LedgerEntry.guild_id == 1))

    async def one(session):
        await ledger.reverse(session, entries[:1], "first alone")

    await stage.run(LEAD, one)
    assert (await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")).total == 10
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (0, 0)


async def test_ticks_can_be_undone_by_the_officers_undo_command(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    kind = undo.TickUndo()
    (choice,) = await stage.run(LEAD, lambda session: kind.recent(session, "veeshan"))
    assert (choice.value, choice.label.startswith("Tick 1 · Temple of Veeshan")) == (str(taken.tick_id), True)
    assert await stage.run(LEAD, lambda session: kind.recent(session, "kael")) == []
    lines = await stage.run(LEAD, lambda session: kind.preview(session, taken.tick_id))
    assert lines == ["Tick 1 of Temple of Veeshan: 1 person, 10 points taken back.", "Anna: 10 → 0"]
    said = await stage.run(LEAD, lambda session: kind.undo(session, taken.tick_id, "wrong boss"))
    assert said == "Tick 1 of Temple of Veeshan is undone: 10 points taken back from 1 person."
    assert await balance(stage, ANNA) == 0


async def test_the_doctor_finds_undone_ticks_whose_points_stand(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    assert await stage.run(Actor.itself(1), undo.doctor) == []
    await write(stage, update(Tick).where(Tick.tick_id == taken.tick_id).values(undone_at=taken.taken_at))
    assert await stage.run(Actor.itself(1), undo.doctor) == [
        "tick 1 of Temple of Veeshan was undone, but 1 of its entries stand"
    ]


async def test_every_audit_row_reads_as_a_sentence():
    from bot.registry import AuditLine
    from cogs.raids import _SENTENCES, _sentence

    after = {"raid": "*Kael*", "points": "10.00", "people": 2, "ticks": 1, "number": 3, "status": "late", "zone": "UTC"}
    for template in _SENTENCES.values():
        line = AuditLine("a", "Lead", "Anna", 1, {}, after, "be*cause")
        sentence = _sentence(template, line)
        assert sentence.endswith("(be\\*cause)")
        assert "10.00" not in sentence


async def test_a_reason_is_asked_for(stage, raid):
    taken = await ticks.take_tick(stage, LEAD, raid)
    with pytest.raises(Refused, match="3 to 500"):
        await undo.undo_tick(stage, LEAD, taken.tick_id, "x")


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_the_end_asks_once_when_no_tick_was_taken(stage, raid):
    with pytest.raises(NoTickYet):
        await evening.end_raid(stage, LEAD, raid)
    assert (await evening.end_raid(stage, LEAD, raid, without_tick=True)).ticks == 0


async def test_the_end_is_one_card_with_people_ticks_and_points(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    ended = await evening.end_raid(stage, LEAD, raid, "win")
    assert (ended.people, ended.ticks, ended.points_paid, ended.open_auctions) == (1, 1, 10, 0)
    (notice,) = await read(stage, select(Outbox).where(Outbox.guild_id == 1))
    assert "**Temple of Veeshan** is over (win)." in notice.content
    assert "1 person · 1 tick · 10 points paid" in notice.content
    assert notice.content.endswith("```")
    with pytest.raises(RaidOver):
        await evening.end_raid(stage, LEAD, raid)


async def test_a_raid_is_reopened_within_24_hours_and_ended_anew(stage, clock, raid):
    await ticks.take_tick(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    clock.move(hours=24)
    await evening.reopen_raid(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    assert len(await read(stage, select(Outbox).where(Outbox.guild_id == 1))) == 2
    clock.move(hours=24, seconds=1)
    with pytest.raises(ReopenTooLate):
        await evening.reopen_raid(stage, LEAD, raid)


async def test_cancelling_reverses_every_tick_and_tells_the_slices_above_once(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    await ticks.take_tick(stage, LEAD, raid, again=True)
    told = []

    async def hear(stage, guild_id, raid_id, reason):
        told.append((guild_id, raid_id, reason))

    stage.registry.cancelled_raids.append(hear)
    stage.registry.due[evening.CANCELLED] = jobs.raid_cancelled
    cancelled = await evening.cancel_raid(stage, LEAD, raid, "server crash")
    assert (cancelled.ticks, cancelled.total) == (2, 20)
    assert await balance(stage, ANNA) == 0
    await due.run_once(stage)
    await due.run_once(stage)
    assert told == [(1, raid, "server crash")]
    with pytest.raises(RaidWasCancelled):
        await evening.cancel_raid(stage, LEAD, raid, "server crash")
    with pytest.raises(RaidWasCancelled):
        await evening.reopen_raid(stage, LEAD, raid)
    await adds_up(stage)


async def test_an_ended_raid_can_be_cancelled(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await ticks.take_tick(stage, LEAD, raid)
    await evening.end_raid(stage, LEAD, raid)
    await evening.cancel_raid(stage, LEAD, raid, "it was a test")
    assert await balance(stage, ANNA) == 0


# --- dumps ------------------------------------------------------------------------------------------------------------

AT_1930 = "RaidRoster-20260306-193000.txt"


def roster_file(*names: str, name: str = AT_1930):
    rows = "".join(f"1\t{who}\t60\tBard\t\t\t\r\n" for who in names)
    return name, read_dump(name, rows.encode())


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
    done = await imports.import_dump(stage, LEAD, raid, "pasted", read_pasted("anna, nobody"))
    assert (done.people, done.unknown, done.taken_at) == (1, 1, clock.now())


async def test_a_dump_shows_that_somebody_was_on_time_after_all(stage, clock, raid):
    clock.move(minutes=40)
    assert (await roster.check_in(stage, ANNA, raid)).late
    await imports.import_dump(stage, LEAD, raid, *roster_file("Anna", name="RaidRoster-20260306-191000.txt"))
    (place,) = (await look(stage, raid)).places
    assert not place.late


# --- finding ----------------------------------------------------------------------------------------------------------


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
