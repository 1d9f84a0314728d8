"""Whatever officers do, in whatever order: replaying the ledger gives the same accounts; decay never raises anyone."""

from collections import defaultdict
from decimal import Decimal
from itertools import count

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.refusals import Refused
from bot.stage import Actor, Session, Stage
from cogs.dkp.rules import COLUMN
from cogs.dkp.service import decays, ledger, undoing
from cogs.dkp.service.decays import Asked
from db.tables import Batch, Transfer
from tests.conftest import person
from tests.services.test_dkp.test_undoing_acts import post
from tests.services.test_dkp.words import get_own_id, give, hold_for

GUILDS = count(5000)
WHO = st.integers(0, 2)
AMOUNT = st.integers(-300, 300).filter(bool)
STEP = st.one_of(
    st.tuples(st.just("adjust"), WHO, AMOUNT, st.sampled_from(["bonus", "adjustment", "penalty"])),
    st.tuples(st.just("batch"), AMOUNT),
    st.tuples(st.just("transfer"), WHO, WHO, AMOUNT.map(abs)),
    st.tuples(st.just("hold"), WHO, AMOUNT.map(abs)),
    st.tuples(st.just("decay"), st.integers(1, 100), st.sampled_from([None, 0, 40]), st.booleans()),
    st.tuples(st.just("undo_entry"), st.integers(0, 30)),
    st.tuples(st.just("undo_act"), st.sampled_from(["batch", "transfer", "decay"]), st.integers(0, 3), st.booleans()),
)


class Officers:
    """A guild of three, the first of whom is the officer who does it all."""

    def __init__(self, stage: Stage, owner: asyncpg.Connection) -> None:
        self.stage, self.owner, self.guild_id = stage, owner, next(GUILDS)
        self.people = [
            person(10 + i, name, guild_id=self.guild_id, manage_guild=not i)
            for i, name in enumerate(("Ann", "Bo", "Cy"))
        ]
        self.holds = count(1)

    @property
    def officer(self) -> Actor:
        return self.people[0]

    async def meet(self) -> None:
        self.members = [await self.stage.run(actor, get_own_id) for actor in self.people]

    async def balances(self) -> dict[int, tuple[Decimal, Decimal]]:
        rows = await self.owner.fetch("SELECT * FROM account WHERE guild_id = $1", self.guild_id)
        return {row["member_id"]: (row["balance"], row["held"]) for row in rows}

    async def adjust(self, who: int, amount: int, kind: str) -> None:
        await give(self.stage, self.people[who].name, amount, by=self.officer, kind=kind)

    async def batch(self, amount: int) -> None:
        async def work(session: Session) -> None:
            row = Batch(
                guild_id=session.guild_id, pool_id=(await ledger.default_pool(session)).pool_id, kind="adjustment",
                amount=Decimal(amount), reason="all of you", people=3, made_at=session.now,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            amounts = dict.fromkeys(self.members, Decimal(amount))
            await post(session, "adjustment", "batch", row.batch_id, amounts)

        await self.stage.run(self.officer, work)

    async def transfer(self, giver: int, taker: int, amount: int) -> None:
        if giver == taker:
            return

        async def work(session: Session) -> None:
            one, two = self.members[giver], self.members[taker]
            row = Transfer(
                guild_id=session.guild_id, pool_id=(await ledger.default_pool(session)).pool_id, from_member_id=one,
                to_member_id=two, amount=Decimal(amount), reason="a gift", made_at=session.now,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            await post(session, "transfer", "transfer", row.transfer_id, {one: Decimal(-amount), two: Decimal(amount)})

        await self.stage.run(self.officer, work)

    async def hold(self, who: int, amount: int) -> None:
        balance, held = (await self.balances()).get(self.members[who], (Decimal(0), Decimal(0)))
        if balance - held >= amount:
            await hold_for(self.stage, self.people[who], f"Item {next(self.holds)}", amount)

    async def decay(self, percent: int, floor: int | None, earned_only: bool) -> None:
        asked, before = Asked(percent, floor, earned_only), await self.balances()
        seen = await self.stage.read(self.officer, "dkp.decay", lambda session: decays.preview(session, asked))
        try:
            run = await decays.apply(self.stage, self.officer, asked, seen.last_run)
        finally:
            after = await self.balances()
        assert run.total == seen.total, "the preview is exact"
        assert run.total == sum(before[member][0] - after[member][0] for member in before)
        for member, (balance, held) in after.items():
            assert balance <= before[member][0]
            if balance != before[member][0]:
                assert balance >= held + (floor or 0)

    async def undo_entry(self, which: int) -> None:
        ids = await self.owner.fetch("SELECT entry_id FROM ledger_entry WHERE guild_id = $1 ORDER BY 1", self.guild_id)
        if ids:
            await self.undo(f"#{ids[which % len(ids)]['entry_id']}")

    async def undo_act(self, kind: str, which: int, back: bool) -> None:
        table = {"batch": "batch", "transfer": "transfer", "decay": "decay_run"}[kind]
        query = f"SELECT {table}_id FROM {table} WHERE guild_id = $1 ORDER BY 1"
        ids = [row[0] for row in await self.owner.fetch(query, self.guild_id)]
        if ids:
            number = ids[which % len(ids)]
            await self.undo(f"{'undo of ' if back else ''}{kind}:{number}")
            own = await self.owner.fetch(
                "SELECT entry_id FROM ledger_entry WHERE guild_id = $1 AND source = $2 AND source_id = $3"
                " AND kind <> 'reversal'", self.guild_id, table, number,
            )  # fmt: skip
            lasts = await self.stage.run(
                self.officer, lambda session: ledger.lasts(session, [row["entry_id"] for row in own])
            )
            if not back:
                assert not any(last.stands for last in lasts.values()), "all of it is undone"

    async def undo(self, what: str) -> None:
        _, lines = await self.stage.read(
            self.officer, "dkp.undo", lambda session: undoing.preview_undo(session, what, "a mistake")
        )
        await undoing.undo(self.stage, self.officer, what, "a mistake")
        for actor, member in zip(self.people, self.members, strict=True):
            said = [line for line in lines if line.startswith(f"{actor.name}: ")]
            balance = (await self.balances()).get(member, (Decimal(0), Decimal(0)))[0]
            assert all(line.split("→ ")[1].split(",")[0].split(";")[0] == f"{balance:f}"[:-3] for line in said), lines


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=14))
async def test_replaying_the_ledger_gives_the_same_accounts(
    stage: Stage, owner: asyncpg.Connection, steps: list[tuple]
):
    stage.registry.undo |= {"entry": undoing.EntryUndo(), **undoing.undoable_acts()}
    guild = Officers(stage, owner)
    await guild.meet()
    for what, *how in steps:
        try:
            await getattr(guild, what)(*how)
        except Refused:
            pass
    entries = await owner.fetch("SELECT * FROM ledger_entry WHERE guild_id = $1 ORDER BY entry_id", guild.guild_id)
    by_id = {row["entry_id"]: row for row in entries}
    accounts: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    reversed_: set[int] = set()
    for row in entries:
        first = row
        if row["kind"] == "reversal":
            cause = by_id[row["reverses_entry_id"]]
            assert (cause["member_id"], -cause["amount"]) == (row["member_id"], row["amount"])
            assert cause["entry_id"] not in reversed_
            reversed_.add(cause["entry_id"])
        while first["reverses_entry_id"] is not None:
            first = by_id[first["reverses_entry_id"]]
        account, column = accounts[row["member_id"]], COLUMN[first["kind"]]
        account[column] += -row["amount"] if column == "spent" else row["amount"]
        account["balance"] += row["amount"]
        assert account["balance"] == row["balance_after"]
    for row in await owner.fetch("SELECT * FROM account WHERE guild_id = $1", guild.guild_id):
        replayed = accounts[row["member_id"]]
        for column in ("opening", "earned", "spent", "adjusted", "balance"):
            assert row[column] == replayed[column]
    assert await stage.run(guild.officer, ledger.imbalances) == []
