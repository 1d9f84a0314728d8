"""One guild of a database, what all its acts share, and how they are counted.

Use cases are called through `does`, which says what was done under a name: a play in which some kind of act never came
about proves nothing of it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, run_state_machine_as_test

from bot.refusals import Refused
from bot.stage import Actor, Session, Stage
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import batches, pooling
from tests.conftest import MovableClock, person

D = Decimal
GUILDS = count(5000)
RAIDERS = 4
FLOOR, CAP, START = D(-10), D(150), D(20)
CHANNEL = 1
NAMES = ("Thalai", "Zedbrave", "Morwen", "Kithra", "Oldfang", "Rhunn")
"""Characters that files name; the first two are brought by a file to begin with, the others are nobody's."""
WHO, ANYBODY, WHICH = st.integers(0, RAIDERS - 1), st.integers(0, RAIDERS + 3), st.integers(0, 5)
"""One of the raiders; one of them or of the unclaimed, if there are any; one of the newest of something."""
AMOUNT = st.integers(-600, 600).map(lambda tenths: D(tenths) / 10)
ABOVE_ZERO = st.integers(1, 900).map(lambda tenths: D(tenths) / 10)
TICK = st.integers(0, 400).map(lambda tenths: D(tenths) / 10)


@dataclass
class World:
    """One database and loop for every guild that is played."""

    runner: asyncio.Runner
    stage: Stage
    clock: MovableClock
    owner: asyncpg.Connection
    done: Counter[str] = field(default_factory=Counter)
    """How often each kind of act came about, over all plays."""


class Played(RuleBasedStateMachine):
    world: World

    @initialize(start_on=st.sampled_from(("join", "first_raid")))
    def a_guild(self, start_on: str) -> None:
        self.guild_id = next(GUILDS)
        self.itself = Actor.itself(self.guild_id)
        self.officer = person(100, "Anna", guild_id=self.guild_id, manage_guild=True)
        self.raiders = [person(1 + i, f"Raider {i}", guild_id=self.guild_id) for i in range(RAIDERS)]
        self.ids = [self.run(self.world.stage.run(who, _own_id)) for who in self.raiders]
        terms = Given(start=START, start_on=start_on, floor=FLOOR, cap=CAP, decimals=1, transfers=True)  # type: ignore
        self.does("pool", lambda: pooling.edit_pool(self.world.stage, self.officer, "DKP", terms))
        begin = (tuple(self.ids), D(60), "to begin with")
        self.does("batch", lambda: batches.adjust_many(self.world.stage, self.officer, *begin))
        self.who_waits_at_first()

    def who_waits_at_first(self) -> None:
        """Unclaimed people with points, so that there is somebody to link from the first step on."""

    # --- playing ------------------------------------------------------------------------------------------------------

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.world.runner.run(awaited())

    def does(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, or None when a rule of ours said no: then nothing may have changed. Anything else is a defect."""
        try:
            answer = self.run(act())
        except Refused as refusal:
            self.world.done[f"{name} refused: {refusal.code}"] += 1
            return None
        self.world.done[name] += 1
        return answer

    def looks(self, look: Callable[[Session], Awaitable[Any]]) -> Any:
        return self.run(self.world.stage.run(self.itself, look))

    # --- what there is ------------------------------------------------------------------------------------------------

    def rows(self, query: str, *more: object) -> list[asyncpg.Record]:
        return self.run(self.world.owner.fetch(query, self.guild_id, *more))

    def pick(self, query: str, which: int) -> int | None:
        """One id of those a query finds, newest first."""
        found = self.rows(query)
        return found[which % len(found)][0] if found else None

    def open_raid(self) -> int | None:
        return self.pick("SELECT raid_id FROM raid WHERE guild_id = $1 AND status = 'running' ORDER BY 1 DESC", 0)

    def unclaimed(self, which: int) -> int | None:
        return self.pick(
            "SELECT member_id FROM member WHERE guild_id = $1 AND discord_user_id IS NULL AND left_at IS NULL"
            " AND absorbed_by_member_id IS NULL ORDER BY 1 DESC",
            which,
        )

    def anybody(self, who: int) -> int:
        """A raider, or somebody unclaimed."""
        return self.ids[who] if who < RAIDERS else self.unclaimed(who - RAIDERS) or self.ids[who % RAIDERS]

    def balances(self) -> dict[int, Decimal]:
        return {
            row["member_id"]: row["balance"]
            for row in self.rows("SELECT member_id, balance FROM account WHERE guild_id = $1")
        }

    def total(self) -> Decimal:
        return sum(self.balances().values(), D(0))

    def spendable(self, member_id: int) -> Decimal:
        query = "SELECT balance - held AS free FROM account WHERE guild_id = $1 AND member_id = $2"
        [row] = self.rows(query, member_id)
        return row["free"] - FLOOR


async def _own_id(session: Session) -> int:
    return session.member.member_id


def play(
    world: World, machine: type[Played], examples: int, *, always: Sequence[str], sometimes: Sequence[str]
) -> None:
    """25 plays, the same each time, or `examples` others. A kind of act that never came about is a failure.

    In few plays some of the rules are switched off: only `always` must come about; from 200 on `sometimes`, too.
    """
    how = settings(
        max_examples=examples or 25,
        stateful_step_count=45,
        deadline=None,
        derandomize=not examples,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(type("Played", (machine,), {"world": world}), settings=how)
    wanted = sometimes if examples >= 200 else always
    missing = [name for name in wanted if not world.done[name]]
    assert not missing, f"{missing} never came about: {world.done}"
