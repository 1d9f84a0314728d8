"""Attendance through what leaders and members do: ticks, ends, undone, reopened, cancelled, excused, standby."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from bot.stage import Actor, Session, Stage
from cogs.attendance.rules import WINDOWS
from cogs.attendance.service.exports import rows_of
from cogs.attendance.service.facts import circles
from cogs.attendance.service.figures import few_raids, figures, raids_lately, reaches, record_of
from cogs.raids.service import evening, roster, ticks, undo
from db.tables import Character, Guild, Member, Tick
from tests.conftest import MovableClock
from tests.services.test_raids.scene import ANNA, BERT, CARL, LEAD, begin, known, read, write


class Guildlife:
    """Evenings of guild 1, a day apart; and what attendance says after them."""

    def __init__(self, stage: Stage, clock: MovableClock) -> None:
        self.stage, self.clock = stage, clock

    async def evening(self, *there: Actor, ended: bool = True, standby: tuple[Actor, ...] = (), value=None) -> int:
        """A raid with one tick; the next day comes."""
        raid = (await begin(self.stage)).raid_id
        for who in there:
            await roster.check_in(self.stage, who, raid)
        for who in standby:
            await roster.stand_by(self.stage, who, raid)
        await ticks.take_tick(self.stage, LEAD, raid, value=value)
        if ended:
            await evening.end_raid(self.stage, LEAD, raid)
        self.clock.move(days=1)
        return raid

    async def of(self, who: Actor, window: int | None = 30) -> tuple[int, int]:
        member_id = await known(self.stage, who)

        async def look(session: Session) -> tuple[int, int]:
            figure = (await figures(session, [member_id], [window]))[member_id][window]
            return figure.attended, figure.total

        return await self.stage.run(Actor.itself(1), look)

    async def first_tick(self, raid: int) -> int:
        [tick_id] = await read(self.stage, select(Tick.tick_id).where(Tick.guild_id == 1, Tick.raid_id == raid))
        return tick_id


@pytest.fixture
def life(stage: Stage, clock: MovableClock) -> Guildlife:
    return Guildlife(stage, clock)


async def test_a_raid_counts_once_it_has_ended_and_not_while_it_runs_again(life: Guildlife):
    await life.evening(ANNA, BERT)
    raid = await life.evening(ANNA, ended=False)
    assert (await life.of(ANNA), await life.of(BERT)) == ((1, 1), (1, 1))
    await evening.end_raid(life.stage, LEAD, raid)
    assert (await life.of(ANNA), await life.of(BERT)) == ((2, 2), (1, 2))
    await evening.reopen_raid(life.stage, LEAD, raid)
    assert (await life.of(ANNA), await life.of(BERT)) == ((1, 1), (1, 1))


async def test_a_raid_without_a_tick_or_cancelled_counts_for_nobody(life: Guildlife):
    await life.evening(ANNA, BERT)
    empty = (await begin(life.stage)).raid_id
    await evening.end_raid(life.stage, LEAD, empty, without_tick=True)
    cancelled = await life.evening(BERT)
    assert await life.of(ANNA) == (1, 2)
    await evening.cancel_raid(life.stage, LEAD, cancelled, "nobody came")
    assert (await life.of(ANNA), await life.of(BERT)) == ((1, 1), (1, 1))


async def test_an_undone_tick_changes_the_past(life: Guildlife):
    await life.evening(ANNA, BERT)
    raid = await life.evening(ANNA, BERT)
    assert await life.of(ANNA) == (2, 2)
    await undo.undo_tick(life.stage, LEAD, await life.first_tick(raid), "it was the wrong evening")
    assert await life.of(ANNA) == (1, 1)


async def test_standby_and_a_tick_worth_nothing_count_in_full(life: Guildlife):
    await life.evening(ANNA, standby=(BERT,))
    await life.evening(ANNA, standby=(BERT,), value=0)
    assert (await life.of(ANNA), await life.of(BERT)) == ((2, 2), (2, 2))


async def test_an_excuse_after_the_end_leaves_both_sides_and_a_later_credit_takes_it_back(life: Guildlife):
    await life.evening(ANNA, BERT)
    raid = await life.evening(ANNA)
    assert await life.of(BERT) == (1, 2)
    bert = await known(life.stage, BERT)
    await roster.add_people(life.stage, LEAD, raid, (bert,), "excused")
    assert await life.of(BERT) == (1, 1)
    await ticks.credit_people(life.stage, LEAD, raid, (await life.first_tick(raid),), (bert,))
    assert await life.of(BERT) == (2, 2)


async def test_absent_removed_and_late_matter_through_credits_alone(life: Guildlife):
    await life.evening(ANNA, BERT, CARL)
    raid = (await begin(life.stage)).raid_id
    await roster.check_in(life.stage, ANNA, raid)
    await roster.check_in(life.stage, CARL, raid)
    await ticks.take_tick(life.stage, LEAD, raid)
    await roster.remove(life.stage, LEAD, raid, await known(life.stage, CARL), "left without a word")
    await roster.add_people(life.stage, LEAD, raid, (await known(life.stage, BERT),), "absent")
    await evening.end_raid(life.stage, LEAD, raid)
    assert (await life.of(ANNA), await life.of(BERT), await life.of(CARL)) == ((2, 2), (1, 2), (2, 2))


async def test_by_ticks_each_tick_that_stands_weighs(life: Guildlife):
    raid = await life.evening(ANNA, BERT, ended=False)
    await roster.leave(life.stage, BERT, raid)
    await ticks.take_tick(life.stage, LEAD, raid)
    await ticks.take_tick(life.stage, LEAD, raid, again=True)
    await evening.end_raid(life.stage, LEAD, raid)
    assert (await life.of(ANNA), await life.of(BERT)) == ((1, 1), (1, 1))
    await write(life.stage, update(Guild).where(Guild.guild_id == 1).values(attendance_count="ticks"))
    assert (await life.of(ANNA), await life.of(BERT)) == ((3, 3), (1, 3))


async def test_another_main_and_another_owner_of_a_character_alter_nothing(life: Guildlife):
    anna, bert = await known(life.stage, ANNA), await known(life.stage, BERT)

    async def play(session: Session) -> None:
        names = {"guild_id": 1, "owner_member_id": anna, "created_at": session.now}
        session.add(Character(**names, name="Annabel", name_key="annabel", is_main=True))
        session.add(Character(**names, name="Bela", name_key="bela"))

    await life.stage.run(Actor.itself(1), play)
    await life.evening(ANNA)
    await life.evening(BERT)
    was = await life.of(ANNA), await life.of(BERT)
    assert was == ((1, 2), (1, 1))
    mine = update(Character).where(Character.guild_id == 1)
    await write(life.stage, mine.values(is_main=False))
    await write(life.stage, mine.where(Character.name == "Bela").values(is_main=True))
    await write(life.stage, mine.where(Character.name == "Annabel").values(owner_member_id=bert))
    assert (await life.of(ANNA), await life.of(BERT)) == was


async def test_who_was_absorbed_brings_their_evenings_each_once_and_takes_them_along_again(life: Guildlife):
    """An imported Bert turns out to be Anna: two raids of one, one of both."""
    await life.evening(BERT)
    await life.evening(BERT)
    await life.evening(ANNA, BERT)
    await life.evening(ANNA)
    assert (await life.of(ANNA), await life.of(BERT)) == ((2, 2), (3, 4))
    anna, bert = await known(life.stage, ANNA), await known(life.stage, BERT)
    absorb = update(Member).where(Member.guild_id == 1, Member.member_id == bert)
    await write(life.stage, absorb.values(absorbed_by_member_id=anna))
    assert (await life.of(ANNA), await life.of(BERT)) == ((4, 4), (4, 4))
    await write(life.stage, absorb.values(absorbed_by_member_id=None))
    assert (await life.of(ANNA), await life.of(BERT)) == ((2, 2), (3, 4))


async def test_a_raid_belongs_to_the_local_day_it_began_on(life: Guildlife, clock: MovableClock):
    """Half past eleven in the evening in New York is the next day in UTC, and seven days there end at its midnight."""
    await known(life.stage, LEAD)
    await write(life.stage, update(Guild).where(Guild.guild_id == 1).values(timezone="America/New_York"))
    clock.moment = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)  # 1 March, 23:30
    await life.evening(ANNA)
    clock.moment = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)  # 2 March, 00:30
    await life.evening(ANNA)
    for moment, within in (
        (datetime(2026, 3, 8, 4, 59, tzinfo=UTC), 2),  # 7 March, 23:59
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), 1),  # 8 March, 00:00; the clocks change at two
        (datetime(2026, 3, 9, 3, 59, tzinfo=UTC), 1),  # still 8 March, by an hour less
        (datetime(2026, 3, 9, 4, 0, tzinfo=UTC), 0),
    ):
        clock.moment = moment
        assert (await life.of(ANNA, 7))[1] == within, moment


async def test_fewer_than_four_raids_in_thirty_days_is_a_fact_of_its_own(life: Guildlife, clock: MovableClock):
    async def facts(session: Session) -> tuple[int, bool]:
        return await raids_lately(session), await few_raids(session)

    for _ in range(3):
        await life.evening(ANNA)
    assert await life.stage.run(Actor.itself(1), facts) == (3, True)
    await life.evening(BERT)
    assert await life.stage.run(Actor.itself(1), facts) == (4, False)
    clock.move(days=26)
    assert await life.stage.run(Actor.itself(1), facts) == (3, True), "30 days hold today and 29 before it"


async def test_who_was_never_there_reaches_nothing_but_zero_percent(life: Guildlife):
    carl = await known(life.stage, CARL)
    await life.evening(ANNA)

    async def look(session: Session) -> list[bool]:
        return [(await reaches(session, carl, percent))[0] for percent in (0, 1, 15)]

    assert await life.stage.run(Actor.itself(1), look) == [True, False, False]


async def test_a_record_has_every_window_and_the_export_of_oneself_has_every_raid(life: Guildlife):
    await life.evening(ANNA, BERT)
    second = await life.evening(ANNA)
    bert = await known(life.stage, BERT)
    await roster.add_people(life.stage, LEAD, second, (bert,), "excused")

    async def look(session: Session):
        member = await session.get(Member, (1, bert))
        assert member is not None
        return await record_of(session, member), await rows_of(session, [bert])

    record, rows = await life.stage.run(Actor.itself(1), look)
    assert {window: (f.attended, f.total) for window, f in record.windows.items()} == dict.fromkeys(WINDOWS, (1, 1))
    assert (record.streak.current, record.raids_lately, record.reaches_vote_by_raids) == (1, 2, False)
    assert [(row["raid_id"], row["ticks_credited"], row["excused"]) for row in rows] == [
        (second - 1, 1, False),
        (second, 0, True),
    ]
    assert rows[0]["raid"] == "Temple of Veeshan"


async def test_the_doctor_finds_people_who_absorbed_each_other(life: Guildlife):
    anna, bert, carl = [await known(life.stage, who) for who in (ANNA, BERT, CARL)]
    await life.evening(ANNA)
    absorb = update(Member).where(Member.guild_id == 1)
    await write(life.stage, absorb.where(Member.member_id == carl).values(absorbed_by_member_id=anna))
    assert await life.stage.run(Actor.itself(1), circles) == []
    await write(life.stage, absorb.where(Member.member_id == anna).values(absorbed_by_member_id=bert))
    await write(life.stage, absorb.where(Member.member_id == bert).values(absorbed_by_member_id=anna))
    assert len(await life.stage.run(Actor.itself(1), circles)) == 3
    assert await life.of(ANNA) == (1, 1), "a circle stops nobody's reckoning"
