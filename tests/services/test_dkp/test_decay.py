"""Decay as officers run it: what it takes, what the preview tells, and what it keeps to itself."""

import time
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy import select, update

from bot import due
from bot.refusals import NotAllowed
from bot.stage import Session, Stage
from cogs.dkp import jobs
from cogs.dkp.rules.decay import BadPercent, DecayedMeanwhile, NothingToDecay
from cogs.dkp.rules.pools import ArchivedPool
from cogs.dkp.service import decay_schedules, decays, ledger, undoing
from cogs.dkp.service.decays import Asked, Decayed, DecayPreview
from db.tables import Account, Member, Pool
from tests.conftest import person
from tests.services.test_dkp.crowds import crowd
from tests.services.test_dkp.words import ANNA, AUDIT_CHANNEL, BOB, CARL, HERE, give, hold_for, lines_of, told


async def preview(stage: Stage, percent: float = 10, **more) -> DecayPreview:
    return await stage.read(ANNA, "dkp.decay", lambda session: decays.preview(session, Asked(percent, **more)))


async def apply(stage: Stage, percent: float = 10, *, by=ANNA, **more) -> Decayed:
    seen = (await preview(stage, percent, **more)).last_run
    return await decays.apply(stage, by, Asked(percent, **more), seen, HERE)


async def balances(stage: Stage) -> dict[str, Decimal]:
    async def look(session: Session) -> dict[str, Decimal]:
        query = select(Member.display_name, Account.balance).join(Account, Account.member_id == Member.member_id)
        return {row[0]: row[1] for row in await session.execute(query)}

    return await stage.run(ANNA, look)


async def change_pool(stage: Stage, **values) -> None:
    await stage.run(ANNA, lambda session: session.execute(update(Pool).values(**values)))


async def test_everybody_loses_a_share_and_it_is_told_once(guild: Stage, owner: asyncpg.Connection):
    await owner.execute("UPDATE guild SET audit_channel_id = $1", AUDIT_CHANNEL)
    await give(guild, "Anna", 100, here=HERE)
    await give(guild, "Bob", 55)
    await give(guild, "Carl", -20)
    run = await apply(guild)
    assert run.in_words() == "Decay of **DKP** (10 %) took 16 points from 2 people."
    assert await balances(guild) == {"Anna": 90, "Bob": 49, "Carl": -20}
    assert (await told(guild))[1:] == [
        (
            AUDIT_CHANNEL,
            "Decay of **DKP** (10 %) took 16 points from 2 people. Applied by Anna; /dkp undo takes it back.",
        )
    ]
    assert "decay: 10 %" in (await lines_of(guild, BOB))[0]
    row = await owner.fetchrow("SELECT * FROM decay_run")
    assert (row["people"], row["total"], row["scheduled_for"]) == (2, 16, None)
    assert await guild.run(ANNA, ledger.imbalances) == []


async def test_the_preview_says_what_follows_and_changes_nothing(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Anna", 100, here=HERE)
    await give(guild, "Bob", 52)
    await give(guild, "Carl", 30)
    found = await preview(guild, floor=50)
    assert found.in_words().splitlines() == [
        "Decay of **DKP**: 10 %, never below 50.",
        "It takes **12** points from **2 people**.",
        "The floor protects 2 people: Bob, Carl.",
    ]
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'decay'") == 0
    assert (await apply(guild, floor=50)).total == 12


async def test_what_a_board_shows_as_bid_stays_and_the_preview_is_exact(guild: Stage):
    await give(guild, "Bob", 500)
    await hold_for(guild, BOB, "Cloak of Flames", 70)
    await hold_for(guild, BOB, "Ring of Fire", 30, quantity=2, price=None)
    found = await preview(guild)
    assert found.in_words().splitlines()[1:] == [
        "It takes **40** points from **1 person**.",
        "Bids that the boards show do not decay; who bids before it runs changes these numbers.",
    ]
    assert (await apply(guild)).total == found.total == 40
    assert (await balances(guild))["Bob"] == 460


async def test_a_schedule_takes_what_the_preview_says_whatever_is_held_in_secret(guild: Stage, owner, clock):
    guild.registry.due[decay_schedules.DECAY] = jobs.decay
    await give(guild, "Bob", 1000)
    await hold_for(guild, BOB, "Orb", 777, kind="sealed", price=None)
    await hold_for(guild, BOB, "Cloak", 123, price=10)
    assert (await preview(guild)).total == 99
    await decay_schedules.schedule(guild, ANNA, "week", Asked(10))
    clock.move(days=7)
    await due.run_once(guild)
    assert await owner.fetchval("SELECT total FROM decay_run") == 99


async def test_of_earned_points_only_a_decay_that_was_undone_counts_as_none(guild: Stage, owner: asyncpg.Connection):
    """Bob earned 100 and was given 900; decay so far is looked up through undo, and undo of that."""
    await give(guild, "Bob", 100, kind="bonus")
    await give(guild, "Bob", 900)
    assert (await apply(guild, earned_only=True)).total == 10
    assert (await apply(guild, earned_only=True)).total == 9
    entry = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    await undoing.undo(guild, ANNA, f"entry:{entry}", "it was too much")
    assert (await preview(guild, earned_only=True)).total == 9
    reversal = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    await undoing.undo(guild, ANNA, f"entry:{reversal}", "it was not")
    assert (await preview(guild, earned_only=True)).total == 8
    assert (await apply(guild, 100, earned_only=True)).total == 81
    with pytest.raises(NothingToDecay):
        await apply(guild, 100, earned_only=True)
    assert (await balances(guild))["Bob"] == 900


async def test_a_bonus_that_was_undone_is_not_earned(guild: Stage):
    bonus = await give(guild, "Bob", 100, kind="bonus")
    await give(guild, "Bob", 50)
    await undoing.undo(guild, ANNA, f"entry:{bonus.entry_id}", "wrong person")
    assert (await preview(guild, earned_only=True)).total == 0
    assert (await preview(guild)).total == 5


async def test_the_floor_is_the_pools_and_its_decimals_count(guild: Stage):
    await change_pool(guild, floor=95, decimals=1)
    await give(guild, "Bob", 100)
    assert (await apply(guild, 0.25)).total == Decimal("0.2")
    assert (await apply(guild, 50)).total == Decimal("4.8")
    await change_pool(guild, floor=-95)
    assert (await apply(guild, 100)).total == 95


async def test_two_officers_who_mean_the_same_decay_make_one(guild: Stage):
    await give(guild, "Bob", 100)
    seen = (await preview(guild)).last_run
    await decays.apply(guild, ANNA, Asked(10), seen, HERE)
    with pytest.raises(DecayedMeanwhile, match="DKP decayed a moment ago"):
        await decays.apply(guild, ANNA, Asked(10), seen, HERE)
    assert (await balances(guild))["Bob"] == 90


async def test_a_repeated_press_shows_the_first_answer(guild: Stage):
    await give(guild, "Bob", 100)
    twice = person(10, "Anna", manage_guild=True, interaction_id=779)
    first = await decays.apply(guild, twice, Asked(10), 0, HERE)
    assert await decays.apply(guild, twice, Asked(10), 0, HERE) == first
    assert (await balances(guild))["Bob"] == 90


async def test_what_cannot_decay_is_refused(guild: Stage, owner: asyncpg.Connection):
    with pytest.raises(NothingToDecay):
        await apply(guild)
    await give(guild, "Bob", 100)
    with pytest.raises(NotAllowed, match="let points decay"):
        await decays.apply(guild, CARL, Asked(10), 0, HERE)
    for percent in (0.0, 101.0, 0.123):
        with pytest.raises(BadPercent):
            await apply(guild, percent)
    await owner.execute("UPDATE pool SET archived_at = now()")
    with pytest.raises(ArchivedPool):
        await apply(guild)
    assert await owner.fetchval("SELECT count(*) FROM decay_run") == 0


async def test_four_thousand_accounts_decay_in_one_transaction(guild: Stage, owner: asyncpg.Connection, capsys):
    await crowd(owner, 4000)
    began = time.perf_counter()
    run = await apply(guild, 7.5, earned_only=True)
    with capsys.disabled():
        print(f"\n4,000 accounts decayed in {time.perf_counter() - began:.2f} s, with a preview")
    assert (run.people, run.total) == (4000, 4000 * 8)  # 7.5 goes to the even 8
    assert await guild.run(ANNA, ledger.imbalances) == []
