"""The service against the plain, slow reckoning, on random histories with all that can happen in them."""

from random import Random

import asyncpg
import pytest

from bot.stage import Actor, Session, Stage
from cogs.attendance.rules import WINDOWS
from cogs.attendance.service.figures import eligible, figures, raids_lately, reaches, record_of
from cogs.attendance.service.standings import leaderboard
from db.tables import Member
from tests.conftest import MovableClock
from tests.services.test_attendance import history as by_hand
from tests.services.test_attendance.history import History

HISTORIES = 10
"""A block; each costs some twenty statements of looks, for either count, before and after the edits."""
EDITS = 1


async def compare(stage: Stage, history: History, count: str) -> int:
    """Every figure of a guild both ways; returns how many were compared. What is asked in turns is drawn."""
    turn = Random(f"{history.guild_id} {count} {history.now}")
    ids = [person.member_id for person in history.people]
    persons = [person.member_id for person in history.people if person.absorbed_by is None]
    compared = 0

    async def look(session: Session) -> None:
        nonlocal compared
        expected = {
            member: {window: by_hand.figure(history, member, window, count) for window in WINDOWS} for member in ids
        }
        together = await figures(session, ids, WINDOWS)
        for window in turn.sample(WINDOWS, 2):
            alone = await figures(session, ids, [window])
            for member in ids:
                for found in (together[member][window], alone[member][window]):
                    assert (found.attended, found.total) == expected[member][window], (member, window)
                    compared += 1
        one = turn.choice(ids)
        [own] = (await figures(session, [one], [30, 60])).values()
        assert [(f.attended, f.total) for f in own.values()] == [expected[one][30], expected[one][60]]

        def over(member: int, percent: int) -> bool:
            attended, total = expected[member][30]
            return total > 0 and attended / total * 100 >= percent

        for percent in turn.sample((15, 50, 76), 1):
            assert set(await eligible(session, percent)) == {member for member in persons if over(member, percent)}
            assert (await reaches(session, one, percent))[0] == over(one, percent)
        assert await raids_lately(session) == by_hand.held(history, 30)
        for member in turn.sample(ids, 2):
            row = await session.get(Member, (session.guild_id, member))
            assert row is not None
            record = await record_of(session, row)
            assert record.member_id == by_hand.person_of(history, member)
            assert record.counts_from == by_hand.counts_from(history, member)
            assert {w: (f.attended, f.total) for w, f in record.windows.items()} == expected[member]
            assert (record.before.attended, record.before.total) == by_hand.figure(
                history, member, 30, count, days_ago=30
            )
            assert (record.streak.current, record.streak.best) == by_hand.streak(history, member)
            assert record.raids_lately == by_hand.held(history, 30)
        for window in turn.sample(WINDOWS, 1):
            lines = await leaderboard(session, window)
            counted = [member for member in persons if by_hand.counts_from(history, member) is not None]
            assert sorted(line.member_id for line in lines) == counted
            shares = [a / t if t else 0 for a, t in (expected[line.member_id][window] for line in lines)]
            assert [line.place for line in lines] == [1 + sum(other > share for other in shares) for share in shares]

    await stage.run(Actor.itself(history.guild_id), look)
    return compared


@pytest.mark.parametrize("block", range(4))
async def test_every_figure_agrees_with_the_plain_reckoning_and_later_edits_change_the_past(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection, block: int
) -> None:
    """Each history is a guild of its own, and all have rows of the same ids: what mixes two would be found too."""
    compared = 0
    histories = [by_hand.make(seed, Random(seed)) for seed in range(1 + block * HISTORIES, 1 + (block + 1) * HISTORIES)]
    for history in histories:
        await by_hand.write(owner, history, "raids")
    for history in histories:
        random = Random(-history.guild_id)
        for _ in range(1 + EDITS):
            for count in ("raids", "ticks"):
                await by_hand.write(owner, history, count)
                clock.moment = history.now
                compared += await compare(stage, history, count)
            by_hand.correct(history, random)
    assert compared > HISTORIES * 50


def test_the_histories_hold_what_can_go_wrong() -> None:
    """Or agreement would say nothing: figures that are not trivial, of people with each kind of past."""
    seen: set[str] = set()
    for seed in range(1, 1 + 4 * HISTORIES):
        history = by_hand.make(seed, Random(seed))
        for person in history.people:
            attended, total = by_hand.figure(history, person.member_id, 30, "raids")
            seen.add("some of them" if 0 < attended < total else "all or none")
            since = by_hand.counts_from(history, person.member_id)
            if since is not None and person.became_member_at is not None:
                seen.add("first credit is first" if since < person.became_member_at else "became member first")
            counted = by_hand.on_either_side(history, person.member_id)
            excused = [raid for _, _, _, raid in counted if raid.roster.get(person.member_id) == "excused"]
            seen.add("credited though excused" if excused else "excused from nothing")
            if person.absorbed_by is not None:
                seen.add("absorbed")
            if any(end is not None for _, end in person.stays):
                seen.add("left")
    assert seen >= {
        "some of them", "first credit is first", "became member first", "credited though excused", "absorbed", "left",
    }  # fmt: skip
