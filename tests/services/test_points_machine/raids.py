"""Raid nights: ticks, credits afterwards, files with names nobody knows, claims, the end and the cancelling."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cogs.raids.dumps import Dump, read_file
from cogs.raids.service import claims, evening, imports, roster, ticks, unknown
from tests.services.test_points_machine.played import ANYBODY, CHANNEL, NAMES, TICK, WHICH, WHO, Played

SEAT = st.sampled_from((roster.check_in, roster.check_in, roster.stand_by, roster.leave))


class Raids(Played):
    def raid_that_runs(self, points: Decimal) -> int:
        """The one that runs, else a new one; two minutes since its last tick are over."""
        self.world.clock.move(minutes=3)
        if (raid := self.open_raid()) is not None:
            return raid
        terms = {"event": "Plane of Fear", "channel_id": CHANNEL, "tick_points": points}
        return self.does("raid", lambda: evening.start_raid(self.world.stage, self.officer, **terms)).raid_id

    @rule(seats=st.lists(st.tuples(WHO, SEAT), max_size=4), points=TICK)
    def takes_a_tick(self, seats: list[tuple[int, Any]], points: Decimal) -> None:
        """After some came, sat down or left."""
        raid = self.raid_that_runs(points)
        for who, act in seats:
            self.does("seat", lambda who=who, act=act: act(self.world.stage, self.raiders[who], raid))
        self.does("tick", lambda: ticks.take_tick(self.world.stage, self.officer, raid))

    @rule(who=ANYBODY, which=WHICH, standby=st.booleans())
    def credits_afterwards(self, who: int, which: int, standby: bool) -> None:
        tick = self.pick("SELECT tick_id FROM tick WHERE guild_id = $1 ORDER BY 1 DESC", which)
        if tick is not None:
            [row] = self.rows("SELECT raid_id FROM tick WHERE guild_id = $1 AND tick_id = $2", tick)
            back = (row["raid_id"], (tick,), (self.anybody(who),))
            self.does("credit", lambda: ticks.credit_people(self.world.stage, self.officer, *back, standby=standby))

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=2), points=TICK, who=st.one_of(st.none(), WHO))
    def takes_in_a_file(self, names: set[str], points: Decimal, who: int | None) -> None:
        """A roster with names that lead to nobody, or to whoever they turned out to be."""
        raid = self.raid_that_runs(points)
        file = self._roster(names)
        self.does("file", lambda: imports.import_dump(self.world.stage, self.officer, raid, *file))
        self._sort_out(0, who)

    def _roster(self, names: set[str]) -> tuple[str, Dump]:
        name = f"RaidRoster-{self.world.clock.now():%Y%m%d-%H%M%S}.txt"
        lines = "".join(f"1\t{who}\t60\tBard\t\t\t\r\n" for who in sorted(names))
        [dump] = read_file(name, lines.encode()).moments
        return name, dump

    @rule(which=WHICH, who=st.one_of(st.none(), WHO))
    def sorts_a_name_out(self, which: int, who: int | None) -> None:
        self._sort_out(which, who)

    def _sort_out(self, which: int, who: int | None) -> None:
        """It is somebody new, who has no Discord account here; or a raider's character."""
        waits = "SELECT unknown_name_id FROM unknown_name WHERE guild_id = $1 AND status = 'open' ORDER BY 1 DESC"
        name = self.pick(waits, which)
        if name is None:
            return
        if who is None:
            given = self.does("new person", lambda: unknown.make_person(self.world.stage, self.officer, name))
        else:
            given = self.does(
                "name linked", lambda: unknown.give_name(self.world.stage, self.officer, name, self.ids[who])
            )
        if given is not None:
            self.does("names credited", lambda: unknown.credit_given(self.world.stage, self.officer, given))

    @rule(who=WHO, accepts=st.booleans())
    def claims_to_have_been_there(self, who: int, accepts: bool) -> None:
        made = self.does(
            "raid claim", lambda: claims.make_claim(self.world.stage, self.raiders[who], "I was", channel_id=CHANNEL)
        )
        if made is not None:
            answer = claims.accept_claim if accepts else claims.refuse_claim
            name = "raid claim accepted" if accepts else "raid claim refused"
            self.does(name, lambda: answer(self.world.stage, self.officer, made.raid_claim_id))

    @rule()
    def ends_the_raid(self) -> None:
        if (raid := self.open_raid()) is not None:
            self.does("end", lambda: evening.end_raid(self.world.stage, self.officer, raid, without_tick=True))

    @rule(which=WHICH, act=st.sampled_from(("cancel", "reopen")))
    def cancels_or_reopens_a_raid(self, which: int, act: str) -> None:
        raid = self.pick("SELECT raid_id FROM raid WHERE guild_id = $1 ORDER BY 1 DESC", which)
        if raid is not None and act == "cancel":
            self.does("cancel", lambda: evening.cancel_raid(self.world.stage, self.officer, raid, "nobody came"))
        elif raid is not None:
            self.does("reopen", lambda: evening.reopen_raid(self.world.stage, self.officer, raid))
