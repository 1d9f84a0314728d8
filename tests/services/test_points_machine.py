"""Any sequence of what a guild does with points, played by the real use cases: every figure stays the sum of its parts.

To add an act: a method with `@rule`, which calls the use case through `self.does`. What must always be true is in
`everything_adds_up`; what an act itself must keep is asserted in its rule.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL

from bot import due, people
from bot.refusals import Refused
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.auctions import jobs as auction_jobs
from cogs.auctions import service as auctions
from cogs.dkp import jobs as dkp_jobs
from cogs.dkp.rules import COLUMN
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import adjustments, batches, ledger, pooling, transfers, undoing
from cogs.loot.service import AwardUndo
from cogs.members import jobs as member_jobs
from cogs.members.service import presence
from cogs.raids import jobs as raid_jobs
from cogs.raids.service import evening, roster, ticks
from cogs.raids.service.undo import TickUndo
from db.scope import Database
from tests.conftest import MovableClock, connect, person

D = Decimal
GUILDS = count(5000)
RAIDERS = 4
FLOOR, CAP, START = D(-10), D(150), D(20)
CREDITS = ("attendance", "bonus", "opening", "adjustment", "correction")
WHO, WHICH = st.integers(0, RAIDERS - 1), st.integers(0, 5)
KIND = st.sampled_from(("adjustment", "bonus", "penalty", "correction"))
AMOUNT = st.integers(-600, 600).map(lambda tenths: D(tenths) / 10)
ABOVE_ZERO = st.integers(1, 900).map(lambda tenths: D(tenths) / 10)
TICK = st.integers(0, 400).map(lambda tenths: D(tenths) / 10)
STAKE = st.one_of(ABOVE_ZERO, st.sampled_from(("all they can spend", "a tenth more", "all they have")))
"""What somebody bids or gives away: mostly an amount, often just at the border of what they may."""
SEAT = st.sampled_from((roster.check_in, roster.check_in, roster.stand_by, roster.leave))


@dataclass
class World:
    """One database and loop for every guild that is played."""

    runner: asyncio.Runner
    stage: Stage
    clock: MovableClock
    owner: asyncpg.Connection


class PointsMachine(RuleBasedStateMachine):
    world: World

    @initialize(start_on=st.sampled_from(("join", "first_raid")))
    def a_guild(self, start_on: str) -> None:
        self.guild_id = next(GUILDS)
        self.officer = person(100, "Anna", guild_id=self.guild_id, manage_guild=True)
        self.raiders = [person(1 + i, f"Raider {i}", guild_id=self.guild_id) for i in range(RAIDERS)]
        self.last_entry = 0
        self.ids = [self.run(self.world.stage.run(who, _own_id)) for who in self.raiders]
        terms = Given(start=START, start_on=start_on, floor=FLOOR, cap=CAP, decimals=1, transfers=True)
        self.does(lambda: pooling.edit_pool(self.world.stage, self.officer, "DKP", terms))
        begin = (tuple(self.ids), D(60), "to begin with")
        self.does(lambda: batches.adjust_many(self.world.stage, self.officer, *begin))

    # --- playing --------------------------------------------------------------------------------------------------

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.world.runner.run(awaited())

    def does(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, or None when a rule of ours said no: then nothing may have changed. Anything else is a defect."""
        try:
            return self.run(act())
        except Refused:
            return None

    def rows(self, query: str, *more: object) -> list[asyncpg.Record]:
        return self.run(self.world.owner.fetch(query, self.guild_id, *more))

    def pick(self, query: str, which: int) -> int | None:
        """One id of those a query finds, newest first."""
        found = self.rows(query)
        return found[which % len(found)][0] if found else None

    def open_raid(self) -> int | None:
        return self.pick("SELECT raid_id FROM raid WHERE guild_id = $1 AND status = 'running' ORDER BY 1 DESC", 0)

    def open_auction(self, which: int) -> int | None:
        return self.pick(
            "SELECT auction_id FROM auction WHERE guild_id = $1 AND status = 'open' ORDER BY 1 DESC", which
        )

    def stake(self, member_id: int, stake: Decimal | str) -> Decimal:
        """The amount somebody means, at least a tenth."""
        if isinstance(stake, Decimal):
            return stake
        [row] = self.rows("SELECT balance FROM account WHERE guild_id = $1 AND member_id = $2", member_id)
        free = self.spendable(member_id)
        amounts = {"all they can spend": free, "a tenth more": free + D("0.1"), "all they have": row["balance"]}
        return max(amounts[stake], D("0.1"))

    def spendable(self, member_id: int) -> Decimal:
        [row] = self.rows(
            "SELECT balance - held AS free FROM account WHERE guild_id = $1 AND member_id = $2", member_id
        )
        return row["free"] - FLOOR

    # --- raids ----------------------------------------------------------------------------------------------------

    @rule(
        seats=st.lists(st.tuples(WHO, SEAT), max_size=4), points=st.integers(0, 400).map(lambda tenths: D(tenths) / 10)
    )
    def takes_a_tick(self, seats: list[tuple[int, Any]], points: Decimal) -> None:
        """At the raid that runs, else at a new one, after some came, sat down or left."""
        raid = self.open_raid()
        if raid is None:
            terms = {"event": "Plane of Fear", "channel_id": 1, "tick_points": points}
            raid = self.does(lambda: evening.start_raid(self.world.stage, self.officer, **terms)).raid_id
        for who, act in seats:
            self.does(lambda who=who, act=act: act(self.world.stage, self.raiders[who], raid))
        self.world.clock.move(minutes=3)
        self.does(lambda: ticks.take_tick(self.world.stage, self.officer, raid))

    @rule(who=WHO, which=WHICH, standby=st.booleans())
    def credits_afterwards(self, who: int, which: int, standby: bool) -> None:
        tick = self.pick("SELECT tick_id, raid_id FROM tick WHERE guild_id = $1 ORDER BY 1 DESC", which)
        if tick is not None:
            [row] = self.rows("SELECT raid_id FROM tick WHERE guild_id = $1 AND tick_id = $2", tick)
            back = (row["raid_id"], (tick,), (self.ids[who],))
            self.does(lambda: ticks.credit_people(self.world.stage, self.officer, *back, standby=standby))

    @rule()
    def ends_the_raid(self) -> None:
        if (raid := self.open_raid()) is not None:
            self.does(lambda: evening.end_raid(self.world.stage, self.officer, raid, without_tick=True))

    @rule(which=WHICH)
    def cancels_a_raid(self, which: int) -> None:
        raid = self.pick("SELECT raid_id FROM raid WHERE guild_id = $1 ORDER BY 1 DESC", which)
        if raid is not None:
            self.does(lambda: evening.cancel_raid(self.world.stage, self.officer, raid, "nobody came"))

    # --- auctions -------------------------------------------------------------------------------------------------

    @rule(which=WHICH, offers=st.lists(st.tuples(WHO, STAKE), min_size=1, max_size=4), new=st.booleans())
    def bid(self, which: int, offers: list[tuple[int, Decimal | str]], new: bool) -> None:
        """On an auction that is open, else on a new one."""
        auction = (None if new else self.open_auction(which)) or self.new_auction()
        for who, stake in offers:
            self.bids(who, auction, stake)

    @rule(who=WHO, stakes=st.lists(st.tuples(st.booleans(), STAKE), min_size=2, max_size=4))
    def wants_to_spend_the_same_points_again(self, who: int, stakes: list[tuple[bool, Decimal | str]]) -> None:
        """One person who bids in several auctions and gives points away meanwhile."""
        for bids, stake in stakes:
            if bids:
                self.bids(who, self.new_auction(), stake)
            else:
                self.gives(who, (who + 1) % RAIDERS, stake)

    def new_auction(self) -> int:
        terms = {"channel_id": 1, "bidders": "members", "second_copy": True}
        started = self.does(lambda: auctions.start(self.world.stage, self.officer, "Cloak of Flames", **terms))
        return started.started[0].auction_id

    def bids(self, who: int, auction: int, stake: Decimal | str) -> None:
        amount = self.stake(self.ids[who], stake)
        answer = self.does(lambda: auctions.place_bid(self.world.stage, self.raiders[who], auction, amount))
        if answer is not None and answer.outcome == "accepted":
            assert self.spendable(self.ids[who]) >= 0, "a bid took what could not be spent"

    @rule(who=WHO, which=WHICH)
    def voids_a_bid(self, who: int, which: int) -> None:
        if (auction := self.open_auction(which)) is not None:
            name = self.raiders[who].name
            self.does(lambda: auctions.void_bid(self.world.stage, self.officer, auction, name, "mistyped"))

    @rule(which=WHICH, act=st.sampled_from((auctions.close, auctions.cancel)))
    def stops_an_auction(self, which: int, act: Any) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does(lambda: act(self.world.stage, self.officer, auction, "it is late"))

    @rule()
    def time_passes(self) -> None:
        """Auctions end, start points are given, who left loses their bids."""
        self.world.clock.move(minutes=4)
        self.run(due.run_once(self.world.stage))

    # --- people ---------------------------------------------------------------------------------------------------

    @rule(who=WHO)
    def becomes_a_member(self, who: int) -> None:
        async def promote(session: Session) -> None:
            member = await people.get_member(session, self.ids[who])
            member.became_member_at = member.became_member_at or session.now
            await people.give_openings(session, self.ids[who], "member")

        self.does(lambda: self.world.stage.run(Actor.itself(self.guild_id), promote))

    @rule(who=WHO)
    def leaves_the_server(self, who: int) -> None:
        """They come back with whatever they do next."""
        user_id = self.raiders[who].user_id or 0
        itself = Actor.itself(self.guild_id)
        self.does(lambda: self.world.stage.run(itself, lambda session: presence.depart(session, user_id)))

    # --- points by hand -------------------------------------------------------------------------------------------

    @rule(who=WHO, amount=AMOUNT, kind=KIND)
    def adjusts(self, who: int, amount: Decimal, kind: Any) -> None:
        reason = "a good night"
        self.does(
            lambda: adjustments.adjust(self.world.stage, self.officer, f"#{self.ids[who]}", amount, reason, kind=kind)
        )

    @rule(who=st.sets(WHO, min_size=1), amount=AMOUNT, kind=KIND)
    def adjusts_many(self, who: set[int], amount: Decimal, kind: Any) -> None:
        ids = tuple(self.ids[i] for i in who)
        posted = self.does(
            lambda: batches.adjust_many(self.world.stage, self.officer, ids, amount, "a good night", kind=kind)
        )
        if posted is not None:
            [row] = self.rows(
                "SELECT sum(amount), count(*) FROM ledger_entry WHERE guild_id = $1 AND source = 'batch'"
                " AND source_id = $2",
                posted.batch_id,
            )
            assert (row["sum"], row["count"] <= len(ids)) == (posted.total, True)

    @rule(giver=WHO, to=WHO, stake=STAKE)
    def gives_points_away(self, giver: int, to: int, stake: Decimal | str) -> None:
        self.gives(giver, to, stake)

    def gives(self, giver: int, to: int, stake: Decimal | str) -> None:
        before, amount = self.total(), self.stake(self.ids[giver], stake)
        given = self.does(lambda: transfers.transfer(self.world.stage, self.raiders[giver], f"#{self.ids[to]}", amount))
        assert self.total() == before, "a transfer neither makes nor loses points"
        if given is not None:
            assert given.left == self.spendable(self.ids[giver]) >= 0, "a transfer took what could not be spent"
            [row] = self.rows("SELECT balance FROM account WHERE guild_id = $1 AND member_id = $2", self.ids[to])
            assert row["balance"] <= CAP

    def total(self) -> Decimal:
        [row] = self.rows("SELECT coalesce(sum(balance), 0) AS total FROM account WHERE guild_id = $1")
        return row["total"]

    # --- undoing --------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(("entry", "tick", "award")), which=WHICH)
    def undoes(self, kind: str, which: int) -> None:
        """Entries, ticks and awards; reversals of entries are among the entries that can be undone."""

        async def recent(session: Session) -> list[Any]:
            return await session.stage.registry.undo[kind].recent(session, "")

        found = self.run(self.world.stage.run(self.officer, recent))
        if found:
            what = f"{kind}:{found[which % len(found)].value}"
            self.does(lambda: undoing.undo(self.world.stage, self.officer, what, "it was wrong"))

    # --- always ---------------------------------------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "ids"):
            return
        replayed = self.replay()
        holds = {
            (row["pool_id"], row["member_id"]): row["held"]
            for row in self.rows(
                """SELECT pool_id, member_id, sum(amount) AS held FROM hold
                   JOIN auction USING (guild_id, auction_id, pool_id)
                   WHERE guild_id = $1 AND status = 'open' GROUP BY 1, 2"""
            )
        }
        for row in self.rows("SELECT * FROM account WHERE guild_id = $1"):
            key = (row["pool_id"], row["member_id"])
            columns = replayed.pop(key, dict.fromkeys(("opening", "earned", "spent", "adjusted"), D(0)))
            assert {name: row[name] for name in columns} == columns, "replaying the ledger gives another account"
            assert row["balance"] == row["opening"] + row["earned"] - row["spent"] + row["adjusted"]
            assert row["held"] == holds.pop(key, 0), "what is held is not the sum of the open holds"
        assert not replayed
        assert not holds
        assert self.run(self.world.stage.run(Actor.itself(self.guild_id), ledger.imbalances)) == []

    def replay(self) -> dict[tuple[int, int], dict[str, Decimal]]:
        """The four columns of every account, from the entries alone in their order; each is checked on the way."""
        accounts: dict[tuple[int, int], dict[str, Decimal]] = {}
        balances: dict[tuple[int, int], Decimal] = {}
        column_of: dict[int, str] = {}
        amounts: dict[int, Decimal] = {}
        reversed_: set[int] = set()
        openings: set[tuple[int, int]] = set()
        for entry in self.rows("SELECT * FROM ledger_entry WHERE guild_id = $1 ORDER BY entry_id"):
            key, amount, cause = (entry["pool_id"], entry["member_id"]), entry["amount"], entry["reverses_entry_id"]
            column = column_of[entry["entry_id"]] = COLUMN[entry["kind"]] if cause is None else column_of[cause]
            amounts[entry["entry_id"]] = amount
            account = accounts.setdefault(key, dict.fromkeys(("opening", "earned", "spent", "adjusted"), D(0)))
            account[column] += -amount if column == "spent" else amount
            balances[key] = balances.get(key, D(0)) + amount
            assert entry["balance_after"] == balances[key], "the balance after an entry is not the running sum"
            assert amount == round(amount, 1) != 0, "finer than the pool"
            if cause is not None:
                assert cause not in reversed_, "reversed twice"
                assert amount == -amounts[cause]
                reversed_.add(cause)
            if entry["kind"] in CREDITS and amount > 0:
                assert entry["balance_after"] <= CAP, "a credit passed the cap"
            if entry["kind"] == "opening":
                assert key not in openings, "start points twice"
                openings.add(key)
        return accounts


async def _own_id(session: Session) -> int:
    return session.member.member_id


@pytest.fixture
def world(database_url: URL) -> Iterator[World]:
    with asyncio.Runner() as runner:
        clock = MovableClock()

        async def build() -> tuple[Database, asyncpg.Connection]:
            return Database(database_url), await connect(database_url)

        database, owner = runner.run(build())
        stage = Stage(database, clock, Registry())
        registry = stage.registry
        registry.undo |= {"entry": undoing.EntryUndo(), "tick": TickUndo(), "award": AwardUndo()}
        registry.due |= {
            auctions.SETTLE: auction_jobs.settle_due,
            evening.CANCELLED: raid_jobs.raid_cancelled,
            people.BECAME_MEMBER: dkp_jobs.became_member,
            people.RIGHTS_CHANGED: member_jobs.rights_changed,
            "member.left": member_jobs.member_left,
        }
        registry.cancelled_raids.append(auctions.cancel_auctions_of_raid)
        registry.rights_lost.append(auctions.void_bids_without_right)
        registry.leavers += [auctions.void_bids_without_right, roster.leave_running_raids]
        yield World(runner, stage, clock, owner)
        runner.run(owner.close())
        runner.run(database.close())


def test_whatever_a_guild_does_with_points_every_figure_stays_the_sum_of_its_parts(world: World) -> None:
    machine = type("Played", (PointsMachine,), {"world": world})
    how = settings(
        max_examples=45,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=how)
