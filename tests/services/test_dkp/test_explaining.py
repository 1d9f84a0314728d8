"""From a balance to its entries to their causes: what an entry says of itself, and the picture of all of them."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import decays, explaining, history, ledger, over_time
from cogs.dkp.service.decays import Asked
from db.tables import Member
from tests.services.test_dkp.crowds import crowd
from tests.services.test_dkp.test_undoing_acts import batch, post, transfer, undo
from tests.services.test_dkp.words import ANNA, BOB, CARL, HERE, give, hold_for, member_id


@pytest.fixture
async def guild(guild: Stage) -> Stage:
    guild.registry.explain |= explaining.SOURCES
    return guild


async def explain(stage: Stage, entry: object, by: Actor = CARL) -> list[str]:
    words = await stage.read(by, "dkp.view", lambda session: explaining.explain(session, str(entry)))
    return words.splitlines()


async def newest(owner: asyncpg.Connection) -> int:
    return await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")


async def test_an_officers_entry_says_who_and_why_and_the_balance_before_and_after(guild: Stage, clock):
    await give(guild, "Bob", 10)
    taken = await give(guild, "Bob", 4, reason="late *again*", kind="penalty")
    at = int(clock.now().timestamp())
    for typed in (taken.entry_id, f"#{taken.entry_id}", f" #{taken.entry_id} ", f"entry:{taken.entry_id}"):
        assert await explain(guild, typed) == [
            f"**#{taken.entry_id}** · Bob **-4** DKP, <t:{at}:f>",
            "Balance 10 → 6.",
            "An officer’s act: penalty by Anna.",
            "Reason: late \\*again\\*",
            "It stands.",
        ]


async def test_what_reversed_it_and_what_brought_it_back_are_told_from_every_end(guild: Stage, owner):
    first = (await give(guild, "Bob", 10)).entry_id
    await undo(guild, f"entry:{first}")
    second = await newest(owner)
    await undo(guild, f"entry:{second}")
    third = await newest(owner)
    lines = await explain(guild, first)
    assert lines[-2].startswith(f"Undone by #{second}, <t:")
    assert lines[-2].endswith(":f>, by Anna: a mistake")
    assert lines[-1].startswith(f"Brought back by #{third}, ")
    lines = await explain(guild, second)
    assert lines[2:5] == [
        f"It undid #{first}, by Anna: a mistake",
        f"What happened first, as #{first} (+10):",
        "An officer’s act: adjustment by Anna.",
    ]
    assert lines[-1].startswith(f"Brought back by #{third}")
    lines = await explain(guild, third)
    assert lines[2] == f"It brought back what was undone by #{second}, by Anna: a mistake"
    assert "Reason: brought the cake" in lines


async def test_each_source_of_points_tells_where_it_comes_from(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Bob", 100)
    _, (part, _) = await batch(guild, [BOB, CARL], 30)
    lines = await explain(guild, part)
    assert lines[2].startswith("One act on 2 people: bonus of +30 each by Anna, <t:")
    assert lines[3] == "Reason: because"
    _, (out, into) = await transfer(guild, BOB, CARL, 40)
    for half in (out, into):
        lines = await explain(guild, half)
        assert lines[2].startswith("Bob gave Carl 40, <t:")
        assert lines[3] == "Reason: a \\*gift\\*"
    bob = await member_id(guild, BOB)
    [opening] = await guild.run(ANNA, lambda session: post(session, "opening", "opening", 0, {bob: Decimal(5)}))
    assert (await explain(guild, opening))[2] == "Given once to who is new: because."
    [odd] = await guild.run(ANNA, lambda session: post(session, "import", "import", 3, {bob: Decimal(5)}))
    assert (await explain(guild, odd))[2] == "Import by Anna: because"


async def test_a_decay_tells_its_reckoning_but_not_what_was_bid(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Bob", 500)
    await hold_for(guild, BOB, "Cloak of Flames", 70)
    run = await decays.apply(guild, ANNA, Asked(10, floor=20, earned_only=False), 0, HERE)
    lines = await explain(guild, await newest(owner))
    assert lines[1] == "Balance 500 → 457."
    assert lines[2].endswith("Let decay by Anna.")
    assert lines[3:5] == [
        "10 % of the balance, without bids that stood on the boards, rounded to whole points, never below 20.",
        "The run took 43 points from 1 person.",
    ]
    assert not any("70" in line or "430" in line for line in lines[3:])
    await undo(guild, f"decay:{run.decay_run_id}")
    assert "As a whole it was undone." in await explain(guild, await newest(owner))


@pytest.mark.parametrize("typed", ["", "#", "999999", "#999999999999999999", "cake", "@everyone", "1.5"])
async def test_what_is_no_entry_is_refused_with_the_way_to_go(guild: Stage, typed):
    await give(guild, "Bob", 5)
    with pytest.raises(NotFound, match="pick one of yours from the list"):
        await explain(guild, typed)


async def test_ones_own_entries_are_offered_in_words_and_nobody_elses(guild: Stage):
    await give(guild, "Bob", 10)
    await give(guild, "Carl", 20)

    async def offered(session: Session) -> list[Choice]:
        return await explaining.own_entries(session, "")

    [choice] = await guild.run(BOB, offered)
    assert choice.label.startswith(f"{choice.value} +10 DKP, 06 Mar 19:00, adjustment: brought the cake")
    assert (await explain(guild, choice.value, by=BOB))[0].startswith(f"**{choice.value}** · Bob **+10** DKP")


# --- what an unclaimed member brought along ---------------------------------------------------------------------------


async def absorbed(stage: Stage) -> int:
    """Old Bob, imported with 300, turned out to be Bob, who got them by a pair of entries."""
    bob = await member_id(stage, BOB)

    async def work(session: Session) -> int:
        old = Member(guild_id=1, display_name="Old *Bob*", name_key="old *bob*", joined_at=session.now)
        session.add(old)
        await session.flush()
        await post(session, "import", "import", 1, {old.member_id: Decimal(300)})
        await post(session, "transfer", "claim", 1, {old.member_id: Decimal(-300), bob: Decimal(300)})
        old.absorbed_by_member_id = bob
        return old.member_id

    return await stage.run(ANNA, work)


async def page(stage: Stage, before: int | None, most: int) -> list[history.HistoryLine]:
    async def look(session: Session) -> list[history.HistoryLine]:
        whose = await history.find_whose(session, None, None)
        return await history.list_history(session, whose, before=before, most=most)

    return await stage.run(BOB, look)


async def test_history_shows_what_the_unclaimed_member_did_as_theirs_in_order_and_in_pages(guild: Stage):
    await absorbed(guild)
    await give(guild, "Bob", 10)
    lines = await page(guild, None, 10)
    assert [(line.was, line.amount) for line in lines] == [
        (None, 10),
        (None, 300),
        ("Old *Bob*", -300),
        ("Old *Bob*", 300),
    ]
    assert lines[-1].in_words().endswith("import: because (as Old \\*Bob\\*)")
    paged, before = [], None
    while found := await page(guild, before, 1):
        paged += found
        before = found[-1].entry_id
    assert paged == lines


# --- the chart --------------------------------------------------------------------------------------------------------


async def chart(stage: Stage, by: Actor = BOB, days: int | None = 90) -> over_time.BalanceOverTime:
    async def look(session: Session) -> over_time.BalanceOverTime:
        whose = await history.find_whose(session, "Bob", None)
        return await over_time.balance_over_time(session, whose, days)

    return await stage.read(by, "dkp.view", look)


async def test_the_balance_over_time_begins_where_it_stood_and_ends_now(guild: Stage, clock):
    began = clock.now()
    await give(guild, "Bob", 100)
    clock.move(days=100)
    await give(guild, "Bob", 20)
    then = clock.now()
    clock.move(days=5)
    found = await chart(guild)
    assert found.title == "Your DKP, the last 90 days"
    assert found.moments == ((clock.now() - timedelta(days=90), 100), (then, 120), (clock.now(), 120))
    everything = await chart(guild, CARL, None)
    assert everything.title == "Bob’s DKP, all time"
    assert everything.moments == ((began, 100), (then, 120), (clock.now(), 120))
    assert (await found.picture()).filename == "balance.png"
    clock.move(days=400)
    assert (await chart(guild)).moments == ((clock.now() - timedelta(days=90), 120), (clock.now(), 120))


async def test_nothing_to_draw_is_said_so_and_an_import_into_the_past_is_drawn_in_the_past(guild: Stage, clock):
    assert (await chart(guild)).moments == ()
    await give(guild, "Bob", 100)
    now, past = clock.now(), clock.now() - timedelta(days=30)

    async def import_it(session: Session) -> None:
        pool, bob = await ledger.default_pool(session), (await _bob(session))
        accounts = await ledger.lock_accounts(session, [(pool.pool_id, bob)])
        entry = ledger.NewEntry(pool.pool_id, bob, "import", Decimal(7), "moved in", "import", 1, "i1", "Bob", at=past)
        await ledger.post(session, [entry], accounts)

    await guild.run(ANNA, import_it)
    assert (await chart(guild, days=None)).moments == ((past, 7), (now, 107), (now, 107))


async def _bob(session: Session) -> int:
    return (await session.execute(Member.__table__.select().where(Member.display_name == "Bob"))).one().member_id


async def test_a_long_ledger_is_thinned_to_what_a_picture_can_show_and_keeps_its_end(
    guild: Stage, owner: asyncpg.Connection
):
    await absorbed(guild)
    await owner.execute(
        """
        INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, created_at,
                                  idempotency_key)
        SELECT 1, 1, member_id, 'bonus', 1, 300 + n, 'officer', '2026-01-01'::timestamptz + n * interval '1 minute',
               'many:' || n
        FROM member, generate_series(1, 7001) n WHERE display_name = 'Bob'"""
    )
    found = await chart(guild, days=None)
    assert 400 < len(found.moments) <= over_time.MOST_POINTS + 1
    assert found.moments[-1][1] == 7301
    assert [at for at, _ in found.moments] == sorted(at for at, _ in found.moments)


async def test_the_history_of_a_crowd_costs_a_page(guild: Stage, owner: asyncpg.Connection):
    """Among ten thousand people, one's own page reads a handful of rows."""
    await crowd(owner, 10_000)
    await give(guild, "Bob", 5)
    assert [line.amount for line in await page(guild, None, 10)] == [5]
