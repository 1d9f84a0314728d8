"""Any night at all: ticks, bids, voids, cancels, adjustments, undos, leaves and settlings, several at a time, by two
processes. After every moment the house is in order, and when the night is over nothing is held any more.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import due, people
from bot.stage import Actor, Stage
from cogs.auctions import jobs as auction_jobs
from cogs.auctions.service import (
    SETTLE,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    settle,
    void_bid,
    void_bids_without_right,
)
from cogs.dkp.service.adjustments import adjust
from cogs.dkp.service.undoing import EntryUndo, undo
from cogs.loot.service import AwardUndo
from cogs.members.jobs import member_left, rights_changed
from cogs.members.service import presence
from cogs.raids import jobs as raid_jobs
from cogs.raids.service import evening, roster, ticks
from cogs.raids.service.undo import TickUndo
from tests.conftest import MovableClock
from tests.races.house import House
from tests.races.scene import LEAD, Work, acting, all_at_once, begin_raid, bid, calm, give, put_up, raiders, tick

GUILDS = count(1000)
PEOPLE = 6
EVERY = timedelta(minutes=15)
WHO, WHICH = st.integers(0, PEOPLE - 1), st.integers(0, 20)
BID = st.tuples(st.just("bid"), WHO, WHICH, st.integers(1, 120))
ACT = st.one_of(
    st.tuples(st.just("adjust"), WHO, st.sampled_from([-40, -3, 5, 60])),
    st.tuples(st.just("undo"), st.sampled_from(["entry", "tick", "award"]), WHICH),
    st.tuples(st.sampled_from(["check_in", "leave", "depart"]), WHO),
    st.tuples(st.just("void"), WHICH, WHO),
    st.tuples(st.sampled_from(["settle", "close", "cancel", "extend"]), WHICH),
    st.tuples(st.sampled_from(["tick", "put_up", "due", "cancel_raid", "end_raid"])),
)
MOMENT = st.tuples(
    st.sampled_from([0, 1, 10, 30, 130]),
    st.lists(BID, min_size=2, max_size=6),
    st.lists(ACT, min_size=1, max_size=4),
)
NIGHT = st.lists(MOMENT, min_size=3, max_size=6)


@dataclass
class Night:
    """One guild's evening, played by two processes."""

    house: House
    processes: list[Stage]
    guild_id: int
    lead: Actor
    people: list[Actor]
    raid_id: int = 0

    async def numbers(self, query: str) -> list[int]:
        return [row[0] for row in await self.house.all(query + " WHERE guild_id = $1 ORDER BY 1", self.guild_id)]

    async def auctions(self) -> list[int]:
        """Those that run, else all there ever were."""
        rows = await self.house.all("SELECT auction_id, status FROM auction WHERE guild_id = $1", self.guild_id)
        return [number for number, status in rows if status == "open"] or [number for number, _ in rows]

    async def works(self, acts: list[tuple]) -> list[Work]:
        """Each act as somebody's press, in one of the processes; what it is about is chosen before they all begin."""
        auctions = await self.auctions()
        recent = {kind: await self.numbers(f"SELECT {kind}_id FROM {table}") for kind, table in _TABLES.items()}
        made: list[Work] = []
        for i, (what, *about) in enumerate(acts):
            stage, lead = self.processes[i % 2], acting(self.lead)
            if what == "undo" and (numbers := recent[about[0]]):
                act = f"{about[0]}:{numbers[about[1] % len(numbers)]}"
                made.append(lambda s=stage, a=act, w=lead: undo(s, w, a, "it was wrong"))
            elif what in _OF_AUCTIONS:
                made.append(_OF_AUCTIONS[what](self, stage, lead, auctions[about[0] % len(auctions)], *about[1:]))
            elif what == "bid":
                made.append(bid(stage, self.people[about[0]], auctions[about[1] % len(auctions)], about[2]))
            elif what != "undo":
                made.append(_OTHERS[what](self, stage, lead, *about))
        return made

    def itself(self) -> Actor:
        return Actor.itself(self.guild_id)


_TABLES = {"entry": "ledger_entry", "tick": "tick", "award": "award"}
_OF_AUCTIONS = {
    "void": lambda night, s, lead, a, who: lambda: void_bid(s, lead, a, night.people[who].name, "a slip"),
    "settle": lambda night, s, lead, a: lambda: s.run(night.itself(), lambda session: settle(session, a)),
    "close": lambda night, s, lead, a: lambda: close(s, lead, a, "all passed"),
    "cancel": lambda night, s, lead, a: lambda: cancel(s, lead, a, "wrong item"),
    "extend": lambda night, s, lead, a: lambda: extend(s, lead, a, timedelta(seconds=90)),
}
_OTHERS = {
    "adjust": lambda night, s, lead, who, by: lambda: adjust(s, lead, night.people[who].name, by, "for the guild"),
    "check_in": lambda night, s, lead, who: lambda: roster.check_in(s, acting(night.people[who]), night.raid_id),
    "leave": lambda night, s, lead, who: lambda: roster.leave(s, acting(night.people[who]), night.raid_id),
    "depart": lambda night, s, lead, who: (
        lambda: s.run(night.itself(), lambda session: presence.depart(session, night.people[who].user_id))
    ),
    "tick": lambda night, s, lead: tick(s, night.raid_id, night.lead),
    "put_up": lambda night, s, lead: lambda: put_up(s, 1, night.lead),
    "due": lambda night, s, lead: lambda: due.run_once(s),
    "cancel_raid": lambda night, s, lead: lambda: evening.cancel_raid(s, lead, night.raid_id, "wrong evening"),
    "end_raid": lambda night, s, lead: lambda: evening.end_raid(s, lead, night.raid_id, without_tick=True),
}


@pytest.fixture
def processes(crowd: Stage, other_process: Stage) -> list[Stage]:
    """With everything registered that the slices' `setup` registers for due work and undoing."""
    for stage in (crowd, other_process):
        stage.registry.undo |= {"entry": EntryUndo(), "tick": TickUndo(), "award": AwardUndo()}
        stage.registry.due |= {
            SETTLE: auction_jobs.settle_due,
            ticks.AUTOMATIC: raid_jobs.TickDue(lambda guild_id, channel_id: None),  # type: ignore[arg-type]
            evening.CANCELLED: raid_jobs.raid_cancelled,
            "member.left": member_left,
            people.RIGHTS_CHANGED: rights_changed,
        }
        stage.registry.leavers += [roster.leave_running_raids, void_bids_without_right]
        stage.registry.rights_lost.append(void_bids_without_right)
        stage.registry.cancelled_raids.append(cancel_auctions_of_raid)
    return [crowd, other_process]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=NIGHT)
async def test_whatever_happens_at_once_the_house_is_in_order(
    processes: list[Stage], house: House, clock: MovableClock, moments: list
):
    stage, guild_id = processes[0], next(GUILDS)
    night = Night(house, processes, guild_id, replace(LEAD, guild_id=guild_id), raiders(PEOPLE, guild_id))
    await give(stage, night.people, 100)
    await put_up(stage, 1, night.lead)
    night.raid_id = await begin_raid(stage, night.people, night.lead, every=EVERY)
    await put_up(stage, 2, night.lead)
    for seconds, bids, acts in moments:
        clock.move(seconds=seconds)
        await calm(house, await night.works([*bids, *acts]))
    for _ in range(3):  # auctions end, what that schedules is done too, and so on
        clock.move(minutes=20)
        assert all(isinstance(did, int) for did in await all_at_once([lambda s=s: due.run_once(s) for s in processes]))
        assert await house.wrongs() == []
    assert await night.numbers("SELECT auction_id FROM hold") == []
    assert await house.one("SELECT count(*) FROM auction WHERE status = 'open'") == 0
    assert await house.one("SELECT count(*) FROM account WHERE held <> 0") == 0
    assert await house.all("SELECT kind, key, last_error FROM due_job WHERE last_error IS NOT NULL") == []
    print({t: [tuple(r) for r in await house.all(q)] for t, q in {"bids":"SELECT status, refusal_code, count(*) FROM bid GROUP BY 1,2","auct":"SELECT status, count(*) FROM auction GROUP BY 1","due":"SELECT kind,count(*) FROM due_job GROUP BY 1","aw":"SELECT undone_at is null, count(*) FROM award GROUP BY 1","ticks":"SELECT source, undone_at is null, count(*) FROM tick GROUP BY 1,2","raid":"SELECT status,count(*) FROM raid GROUP BY 1","left":"SELECT left_at IS NULL,count(*) FROM member GROUP BY 1"}.items()})
    await house.connection.execute("UPDATE due_job SET done_at = now() WHERE guild_id = $1", guild_id)
