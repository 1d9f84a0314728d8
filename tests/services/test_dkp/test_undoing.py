"""Undoing: once, with what follows shown first, and never half of a tick or award."""

from decimal import Decimal

import asyncpg
import pytest

from bot.refusals import NotFound
from bot.stage import Session, Stage
from cogs.dkp.rules import AlreadyReversed, UndoneElsewhere
from cogs.dkp.service import ledger, undoing
from cogs.loot.service import NewAward, record_award
from db.tables import Award, Event, Pool, Raid, Tick, TickCredit
from tests.conftest import person
from tests.services.test_dkp.words import ANNA, BOB, HERE, give, hold_for, told


async def test_undoing_an_entry_puts_the_balance_back_and_can_be_undone_itself(guild: Stage, owner: asyncpg.Connection):
    wrong = await give(guild, "Bob", 5, kind="bonus")
    assert await undoing.undo(guild, ANNA, f"entry:{wrong.entry_id}", "wrong person") == (
        "Undone: +5 of Bob (brought the cake). Bob has 0 now."
    )
    reversal = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    assert (await undoing.undo(guild, ANNA, f"entry:{reversal}", "was right")).endswith("Bob has 5 now.")
    account = await owner.fetchrow("SELECT * FROM account")
    assert (account["earned"], account["adjusted"], account["balance"]) == (5, 0, 5)
    assert await guild.run(ANNA, ledger.imbalances) == []


async def test_an_entry_is_undone_once(guild: Stage, owner: asyncpg.Connection):
    wrong = await give(guild, "Bob", 5)
    await undoing.undo(guild, ANNA, f"entry:{wrong.entry_id}", "wrong person")
    with pytest.raises(AlreadyReversed):
        await undoing.undo(guild, ANNA, f"entry:{wrong.entry_id}", "wrong person")
    with pytest.raises(AlreadyReversed):
        await guild.run(ANNA, lambda session: undoing.preview_undo(session, f"entry:{wrong.entry_id}", "wrong"))
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == 0


async def test_what_follows_is_shown_first_and_changes_nothing(guild: Stage, owner: asyncpg.Connection):
    gift = await give(guild, "Bob", 50)
    await give(guild, "Bob", -20)
    await hold_for(guild, BOB, "Cloak of Flames", 10)
    words, follows = await guild.run(
        ANNA, lambda session: undoing.preview_undo(session, f"entry:{gift.entry_id}", "because")
    )
    assert words == "entry · Bob +50 (adjustment) by Anna, 06 Mar 19\\:00\\: brought the cake"
    assert list(follows) == ["Bob: 30 → -20, below the floor of 0; the open bid on Cloak of Flames stands"]
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'reversal'") == 0


async def test_recent_acts_are_offered_in_words_and_what_was_undone_no_more(guild: Stage):
    kept = await give(guild, "Bob", 5)
    gone = await give(guild, "Carl", -7, reason="broke the vase", kind="penalty")
    await undoing.undo(guild, ANNA, f"entry:{gone.entry_id}", "it was old")

    async def offered(session: Session) -> list[tuple[str, str]]:
        return [(choice.label, choice.value) for choice in await undoing.recent_acts(session, "")]

    [(newest, _), (oldest, value)] = await guild.run(ANNA, offered)
    assert newest == "entry · undo of -7 of Carl by Anna, 06 Mar 19:00: it was old"
    assert (oldest, value) == (
        "entry · Bob +5 (adjustment) by Anna, 06 Mar 19:00: brought the cake",
        f"entry:{kept.entry_id}",
    )
    assert (await undoing.undo(guild, ANNA, oldest, "typed it out")).endswith("Bob has 0 now.")


@pytest.mark.parametrize(
    "what", ["", "entry", "entry:", "entry:x", "entry:-1", "nothing:1", "@everyone", "entry:" + "9" * 30]
)
async def test_what_leads_nowhere_is_refused_with_the_way_to_go(guild: Stage, what):
    await give(guild, "Bob", 5)
    with pytest.raises(NotFound, match="Pick what to undo from the list"):
        await undoing.undo(guild, ANNA, what, "because")
    with pytest.raises(NotFound, match="no such entry"):
        await undoing.undo(guild, ANNA, "entry:999999", "because")


async def test_a_repeated_undo_answers_the_first_answer(guild: Stage, owner: asyncpg.Connection):
    wrong = await give(guild, "Bob", 5)
    twice = person(10, "Anna", manage_guild=True, interaction_id=778)
    first = await undoing.undo(guild, twice, f"entry:{wrong.entry_id}", "wrong person")
    assert await undoing.undo(guild, twice, f"entry:{wrong.entry_id}", "wrong person") == first
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 2


async def raid_of(session: Session, pool: Pool) -> Tick:
    event = Event(guild_id=session.guild_id, name="Plane of Fear", name_key="plane of fear", last_used_at=session.now)
    session.add(event)
    await session.flush()
    raid = Raid(
        guild_id=session.guild_id,
        event_id=event.event_id,
        pool_id=pool.pool_id,
        name="Plane of *Fear*",
        tick_points=Decimal(10),
        channel_id=1,
        started_at=session.now,
        started_by_user_id=10,
    )
    session.add(raid)
    await session.flush()
    tick = Tick(guild_id=session.guild_id, raid_id=raid.raid_id, number=2, value=Decimal(10), source="button")
    tick.taken_at = session.now
    session.add(tick)
    await session.flush()
    return tick


async def test_an_entry_of_a_tick_is_refused_with_the_way_to_go(guild: Stage, owner: asyncpg.Connection):
    async def credit(session: Session) -> int:
        pool = await ledger.default_pool(session)
        tick = await raid_of(session, pool)
        key = (pool.pool_id, session.member.member_id)
        accounts = await ledger.lock_accounts(session, [key])
        entry = ledger.NewEntry(*key, "attendance", Decimal(10), "tick 2", "tick", tick.tick_id, "t1", "Bob")
        [posted] = await ledger.post(session, [entry], accounts)
        entry_id = posted.entry_id
        credit = TickCredit(guild_id=session.guild_id, tick_id=tick.tick_id, member_id=key[1], entry_id=entry_id)
        credit.evidence = "button"
        session.add(credit)
        return entry_id

    entry_id = await guild.run(BOB, credit)
    for refused in (
        undoing.undo(guild, ANNA, f"entry:{entry_id}", "because"),
        guild.run(ANNA, lambda session: undoing.preview_undo(session, f"entry:{entry_id}", "because")),
    ):
        with pytest.raises(UndoneElsewhere, match=r"belongs to tick 2 of Plane of \\\*Fear\\\*: undo the whole tick"):
            await refused
    await guild.run(ANNA, lambda session: ledger.reverse(session, [entry_id], "the tick was undone"))
    reversal = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    with pytest.raises(UndoneElsewhere, match="cannot be brought back this way"):
        await undoing.undo(guild, ANNA, f"entry:{reversal}", "because")
    assert await owner.fetchval("SELECT balance FROM account") == 0


async def test_the_price_of_an_award_is_undone_with_its_award_and_told_when_it_is_ones_own(
    guild: Stage, owner: asyncpg.Connection
):
    async def award(session: Session) -> tuple[int, int]:
        pool = await ledger.default_pool(session)
        key = (pool.pool_id, session.member.member_id)
        accounts = await ledger.lock_accounts(session, [key])
        new = NewAward("Cloak of Flames", pool.pool_id, Decimal(40), "given")
        row = await record_award(session, new, session.member, accounts)
        assert row.entry_id is not None
        return row.award_id, row.entry_id

    await give(guild, "Anna", 100, here=HERE)
    award_id, entry_id = await guild.run(ANNA, award)
    _, follows = await guild.run(ANNA, lambda session: undoing.preview_undo(session, f"entry:{entry_id}", "because"))
    assert follows[0] == "It is the price of an award, which is undone with it."
    assert follows[-1] == "Anna: 60 → 100"
    await undoing.undo(guild, ANNA, f"entry:{entry_id}", "wrong person", here=HERE)
    row = await guild.run(ANNA, lambda session: session.get(Award, (1, award_id)))
    assert row is not None
    assert row.undone_at is not None
    assert await owner.fetchval("SELECT balance FROM account") == 100
    assert [content.split(".")[0] for _, content in await told(guild)] == [
        "Anna adjusted their own points",
        "Anna undid what moved their own points",
    ]
    with pytest.raises(UndoneElsewhere):
        await undoing.undo(guild, ANNA, f"entry:{entry_id}", "once more")
