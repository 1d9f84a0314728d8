"""Whatever happens to points, in any order: balance = sum of entries, held = sum of holds, nothing is rewritten."""

from collections import defaultdict
from decimal import Decimal
from itertools import count

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from bot.stage import Actor, Session, Stage
from cogs.dkp.rules import AlreadyReversed
from cogs.dkp.service import ledger
from db.tables import Auction, LedgerEntry, Member
from tests.conftest import person

GUILDS = count(1000)
PEOPLE, AUCTIONS = 3, 2
KINDS = ("attendance", "bonus", "loot", "adjustment", "penalty", "correction", "decay", "opening", "import")
WHO = st.integers(0, PEOPLE - 1)
CENTS = st.integers(-(10**6), 10**6).filter(bool).map(lambda cents: Decimal(cents) / 100)

POST = st.tuples(st.just("post"), WHO, st.sampled_from(KINDS), CENTS)
REVERSE = st.tuples(st.just("reverse"), st.sets(st.integers(0, 8), min_size=1, max_size=4))
HOLD = st.tuples(st.just("hold"), WHO, st.integers(0, AUCTIONS - 1), CENTS.map(abs))
RELEASE = st.tuples(st.just("release"), WHO, st.integers(0, AUCTIONS - 1))
CRASH = st.tuples(st.just("crash"), st.one_of(POST, HOLD, RELEASE, REVERSE))
STEPS = st.lists(st.one_of(POST, REVERSE, HOLD, RELEASE, CRASH), min_size=1, max_size=14)


class Crash(Exception):
    pass


class Guild:
    """A guild with three people and two auctions, and what a plain sum says they should have."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.actor = stage, Actor.itself(next(GUILDS))
        self.entries: list[int] = []
        self.amounts: dict[int, tuple[int, Decimal]] = {}
        self.reversed: set[int] = set()
        self.balance: dict[int, Decimal] = defaultdict(Decimal)
        self.holds: dict[tuple[int, int], Decimal] = {}

    async def fill(self, session: Session) -> None:
        self.pool_id = (await ledger.default_pool(session)).pool_id
        people = [
            Member(guild_id=session.guild_id, display_name=f"P{i}", name_key=f"p{i}", joined_at=session.now)
            for i in range(PEOPLE)
        ]
        auctions = [
            Auction(
                guild_id=session.guild_id,
                pool_id=self.pool_id,
                item_name=f"Item {i}",
                item_key=f"item {i}",
                minimum=Decimal(1),
                increment=Decimal(1),
                bidders="members",
                channel_id=1,
                started_at=session.now,
                started_by_user_id=1,
                ends_at=session.now,
                snipe_window_seconds=20,
                snipe_extension_seconds=20,
                snipe_limit=20,
            )
            for i in range(AUCTIONS)
        ]
        session.add_all([*people, *auctions])
        await session.flush()
        self.people = [member.member_id for member in people]
        self.auctions = [auction.auction_id for auction in auctions]

    async def play(self, step: tuple) -> None:
        crashing = step[0] == "crash"
        done = []

        async def work(session: Session) -> None:
            done.append(await self.do(session, *(step[1] if crashing else step)))
            if crashing:
                raise Crash

        try:
            await self.stage.run(self.actor, work)
        except (Crash, AlreadyReversed):
            return
        done[0]()

    async def do(self, session: Session, what: str, *how):
        """Do it in the database; returns what to note once it is committed."""
        return await getattr(self, what)(session, *how)

    async def post(self, session: Session, who: int, kind: str, amount: Decimal):
        member_id = self.people[who]
        key = (self.pool_id, member_id)
        accounts = await ledger.lock_accounts(session, [key])
        number = len(self.entries)
        entry = ledger.NewEntry(
            self.pool_id,
            member_id,
            kind,
            amount,
            "because",
            "officer",
            None,
            f"e{number}",
            f"P{who}",  # type: ignore[arg-type]
        )
        [posted] = await ledger.post(session, [entry], accounts)
        entry_id = posted.entry_id

        def note() -> None:
            self.entries.append(entry_id)
            self.amounts[entry_id] = (who, amount)
            self.balance[who] += amount

        return note

    async def reverse(self, session: Session, which: set[int]):
        chosen = {self.entries[i] for i in which if i < len(self.entries)}
        fresh = chosen - self.reversed
        if chosen:
            await ledger.reverse(session, chosen, "a mistake")
        query = select(LedgerEntry.entry_id, LedgerEntry.reverses_entry_id).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id.in_(fresh)
        )
        written = (await session.execute(query)).all()
        assert {row.reverses_entry_id for row in written} == fresh

        def note() -> None:
            for reversal_id, entry_id in written:  # a reversal is an entry, and can be reversed itself
                who, amount = self.amounts[entry_id]
                self.balance[who] -= amount
                self.entries.append(reversal_id)
                self.amounts[reversal_id] = (who, -amount)
            self.reversed.update(fresh)

        return note

    async def hold(self, session: Session, who: int, which: int, amount: Decimal):
        key = (self.pool_id, self.people[who])
        account = (await ledger.lock_accounts(session, [key]))[key]
        await ledger.hold(session, account, self.auctions[which], amount)
        return lambda: self.holds.__setitem__((who, which), amount)

    async def release(self, session: Session, who: int, which: int):
        key = (self.pool_id, self.people[who])
        account = (await ledger.lock_accounts(session, [key]))[key]
        given_back = await ledger.release(session, account, self.auctions[which])
        assert given_back == self.holds.get((who, which), 0)
        return lambda: self.holds.pop((who, which), None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_sequence_keeps_balances_and_holds_equal_to_their_sums(
    stage: Stage, owner: asyncpg.Connection, steps: list[tuple]
):
    guild = Guild(stage)
    await stage.run(guild.actor, guild.fill)
    for step in steps:
        await guild.play(step)

    rows = await owner.fetch(
        """
        SELECT member_id, balance, held, opening + earned - spent + adjusted AS columns,
            (SELECT coalesce(sum(amount), 0) FROM ledger_entry e
             WHERE (e.guild_id, e.pool_id, e.member_id) = (a.guild_id, a.pool_id, a.member_id)) AS entries,
            (SELECT coalesce(sum(amount), 0) FROM hold h
             WHERE (h.guild_id, h.pool_id, h.member_id) = (a.guild_id, a.pool_id, a.member_id)) AS holds,
            (SELECT balance_after FROM ledger_entry e
             WHERE (e.guild_id, e.pool_id, e.member_id) = (a.guild_id, a.pool_id, a.member_id)
             ORDER BY entry_id DESC LIMIT 1) AS last
        FROM account a WHERE guild_id = $1
        """,
        guild.actor.guild_id,
    )
    for row in rows:
        who = guild.people.index(row["member_id"])
        held = sum((amount for (holder, _), amount in guild.holds.items() if holder == who), Decimal(0))
        assert row["balance"] == row["entries"] == row["columns"] == guild.balance[who]
        assert row["last"] in (None, row["balance"])
        assert row["held"] == row["holds"] == held
    assert await stage.run(guild.actor, ledger.imbalances) == []


async def one_entry(stage: Stage) -> Guild:
    guild = Guild(stage)
    await stage.run(guild.actor, guild.fill)
    await guild.play(("post", 0, "bonus", Decimal(5)))
    return guild


REWRITES = (
    "UPDATE ledger_entry SET amount = 500",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry CASCADE",
)


@pytest.mark.parametrize("rewrite", REWRITES)
async def test_the_bot_may_not_rewrite_the_ledger(stage: Stage, rewrite: str):
    guild = await one_entry(stage)
    with pytest.raises(DBAPIError, match="permission denied"):
        await stage.run(guild.actor, lambda session: session.execute(text(rewrite)))


@pytest.mark.parametrize("rewrite", REWRITES)
async def test_the_owner_is_refused_too_and_told_what_to_do(stage: Stage, owner: asyncpg.Connection, rewrite: str):
    await one_entry(stage)
    with pytest.raises(asyncpg.PostgresError, match="append-only: write a reversal entry"):
        await owner.execute(rewrite)
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == 5


async def test_pretending_to_erase_a_guild_does_not_let_the_bot_delete_an_entry(stage: Stage):
    guild = await one_entry(stage)

    async def sneak(session: Session) -> None:
        await session.execute(text(f"SET LOCAL app.erasing = '{guild.actor.guild_id}'"))
        await session.execute(text("DELETE FROM ledger_entry"))

    with pytest.raises(DBAPIError, match="permission denied"):
        await stage.run(guild.actor, sneak)


async def test_the_same_movement_posted_twice_is_a_defect_that_changes_nothing(stage: Stage, owner: asyncpg.Connection):
    guild = await one_entry(stage)
    guild.entries.clear()  # the next one reuses the first one's key
    with pytest.raises(ledger.DoubleEntry):
        await guild.play(("post", 0, "bonus", Decimal(5)))
    assert await owner.fetchval("SELECT balance FROM account WHERE guild_id = $1", guild.actor.guild_id) == 5


async def test_the_doctor_sees_a_balance_and_a_hold_that_do_not_add_up_and_tells_no_held_amount(
    stage: Stage, owner: asyncpg.Connection
):
    guild = await one_entry(stage)
    await guild.play(("hold", 0, 0, Decimal(4)))
    await guild.play(("hold", 1, 1, Decimal(3)))
    await owner.execute("UPDATE account SET balance = balance + 2, adjusted = adjusted + 2 WHERE earned = 5")
    await owner.execute("UPDATE auction SET status = 'cancelled' WHERE item_name = 'Item 1'")
    first, second = guild.people[:2]
    cancelled = await owner.fetchval("SELECT auction_id FROM auction WHERE status = 'cancelled'")
    assert await stage.run(guild.actor, ledger.imbalances) == [
        f"member {first}: the balance is off by 2 from the sum of its entries",
        f"member {second}: what is held is not the sum of the open holds (holds for auction {cancelled})",
    ]


async def test_another_guild_sees_and_moves_nothing_of_it(stage: Stage):
    guild = await one_entry(stage)
    stranger = person(5, "Stranger", guild_id=next(GUILDS), manage_guild=True)
    assert await stage.run(stranger, lambda session: ledger.load_entries(session, guild.entries)) == []
    assert await stage.run(stranger, lambda session: ledger.reverse(session, guild.entries, "mine now")) == []
