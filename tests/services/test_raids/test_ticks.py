"""Ticks: whom they pay, whom they list, when they are refused."""

import pytest
from sqlalchemy import select, update

from bot.refusals import NotFound, Refused
from cogs.raids.rules import (
    RaidOver,
    TickTooSoon,
)
from cogs.raids.service import card, evening, roster, ticks, undo
from cogs.raids.service.ticks import Heard
from db.tables import (
    Guild,
    LedgerEntry,
    Member,
    TickCredit,
)
from tests.services.test_raids.scene import (
    ANNA,
    BERT,
    LEAD,
    MEMBER_ROLE,
    adds_up,
    balance,
    begin,
    known,
    look,
    map_roles,
    read,
    standing,
    write,
)


async def test_a_tick_pays_who_is_there_and_the_bench_half(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.stand_by(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    assert (taken.number, taken.people, taken.standby, taken.total) == (1, 2, 1, 15)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 5)
    await adds_up(stage)


async def test_a_credit_says_when_somebody_was_last_around(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    await known(stage, BERT)
    await ticks.take_tick(stage, LEAD, raid)
    seen = await read(stage, select(Member.last_credit_at).where(Member.guild_id == 1).order_by(Member.name_key))
    assert seen == [clock.now(), None, None]


async def test_crediting_somebody_unknown_is_refused(stage, raid):
    taken = await ticks.take_tick(stage, LEAD, raid)
    with pytest.raises(NotFound):
        await ticks.credit_people(stage, LEAD, raid, (taken.tick_id,), (999,))


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


async def test_a_guest_on_the_bench_is_added_with_standbys_share_and_stays_there(stage, raid):
    await known(stage, ANNA)
    await roster.stand_by(stage, BERT, raid)
    await map_roles(stage)
    await write(stage, update(Member).where(Member.discord_user_id == 2).values(role_group="guest"))
    taken = await ticks.take_tick(stage, LEAD, raid)
    assert taken.not_credited == ("Bert",)
    added = await ticks.credit_seen(stage, LEAD, taken.tick_id)
    assert (added.total, await balance(stage, BERT)) == (5, 5)
    assert standing(await look(stage, raid)) == {"Bert": "standby"}


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
