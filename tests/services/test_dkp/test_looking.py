"""Balances, standings and history: who sees what, and what it says."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import select

from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Session, Stage
from bot.typed import name_key
from cogs.dkp.service import balances, history, pools, undoing
from db.tables import Character, Member
from tests.conftest import MovableClock
from tests.services.test_dkp.words import (
    ANNA,
    BOB,
    CARL,
    balance,
    give,
    hold_for,
    labels_of,
    lines_of,
    member_id,
    own_points,
    table,
)


async def test_oneself_reads_balance_what_is_held_and_what_can_be_spent(guild: Stage):
    await give(guild, "Bob", 500)
    await hold_for(guild, BOB, "Cloak of Flames", 70)
    await hold_for(guild, BOB, "Ring *of* @everyone", 30)
    mine = await own_points(guild, BOB)
    assert (mine.balance, mine.held, mine.spendable) == (500, 100, 400)
    assert mine.in_words == await balance(guild, BOB) == await balance(guild, BOB, "bob")
    assert mine.in_words == "You have **500** DKP.\nYou can spend **400** (500 minus 100 held)."


async def test_of_another_only_the_balance_is_told_whoever_asks(guild: Stage):
    await give(guild, "Bob", 500)
    await hold_for(guild, BOB, "Cloak of Flames", 70)
    for asking in (CARL, ANNA):
        assert await balance(guild, asking, "Bob") == "Bob has **500** DKP."


async def test_my_points_answers_nobody_else_not_even_an_officer_or_a_job(guild: Stage):
    bob = await member_id(guild, BOB)
    for asking in (CARL, ANNA, Actor.itself(1)):
        with pytest.raises(NotAllowed):
            await guild.run(asking, lambda session: balances.points_of(session, bob))


async def test_who_has_no_account_yet_has_zero(guild: Stage):
    assert await balance(guild, BOB) == "You have **0** DKP.\nYou can spend **0**."
    assert await balance(guild, BOB, "Carl") == "Carl has **0** DKP."


async def test_a_pool_is_found_by_name_and_id_and_an_unknown_one_is_refused_with_those_there_are(guild: Stage):
    async def known(session: Session) -> list[tuple[str, str]]:
        return [(choice.label, choice.value) for choice in await pools.choices(session, "")]

    [(label, value)] = await guild.run(BOB, known)
    assert label == "DKP"
    for typed in ("dkp", " DKP ", value, "", None):
        assert await balance(guild, BOB, None, typed) == await balance(guild, BOB)
    for typed in ("gold", "#999999"):
        with pytest.raises(NotFound, match=r"no pool by that name\. Did you mean DKP"):
            await balance(guild, BOB, None, typed)


# --- standings --------------------------------------------------------------------------------------------------------


async def test_standings_go_by_balance_share_places_and_add_up(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Bob", 10)
    await give(guild, "Carl", 30)
    await give(guild, "Anna", 10)
    found = await table(guild)
    assert found == [(1, "Carl", 30), (2, "Anna", 10), (2, "Bob", 10)]
    assert sum(line[2] for line in found) == await owner.fetchval("SELECT sum(amount) FROM ledger_entry")


async def test_standings_leave_out_who_left_and_who_had_no_credit_for_60_days_unless_asked(
    guild: Stage, clock: MovableClock
):
    for who in ("Anna", "Bob", "Carl"):
        await give(guild, who, 10)
    clock.move(days=61)

    async def credit_bob_and_let_carl_go(session: Session) -> None:
        for member in (await session.execute(select(Member).where(Member.guild_id == session.guild_id))).scalars():
            if member.display_name == "Bob":
                member.last_credit_at = session.now - timedelta(days=60)
            if member.display_name == "Carl":
                member.last_credit_at, member.left_at = session.now, session.now

    await guild.run(Actor.itself(1), credit_bob_and_let_carl_go)
    assert [name for _, name, _ in await table(guild)] == ["Bob"]
    assert [name for _, name, _ in await table(guild, everyone=True)] == ["Anna", "Bob", "Carl"]


async def test_standings_of_a_class_show_the_mains_of_it_however_it_is_spelt(guild: Stage):
    async def play(session: Session) -> None:
        for name, spelt in (("Thorn", "Cleric"), ("Moss", "cleric"), ("Axe", "Warrior")):
            owner_id = session.member.member_id if name == "Axe" else others.pop(0)
            main = Character(guild_id=session.guild_id, owner_member_id=owner_id, name=name, name_key=name_key(name))
            main.character_class, main.is_main, main.created_at = spelt, True, session.now
            session.add(main)

    others = [await member_id(guild, BOB), await member_id(guild, CARL)]
    await guild.run(ANNA, play)
    for who, amount in (("Anna", 50), ("Bob", 10), ("Carl", 20)):
        await give(guild, who, amount)
    assert await table(guild, character_class="CLERIC") == [(1, "Carl", 20), (2, "Bob", 10)]
    with pytest.raises(NotFound, match="Did you mean Warrior"):
        await table(guild, character_class="warior")


async def test_standings_read_one_statement_that_never_touches_the_ledger(guild: Stage):
    await give(guild, "Bob", 10)
    seen: list[str] = []

    async def look(session: Session) -> None:
        pool = await pools.get_pool(session, None)
        real = session.execute

        async def counting(query, *args, **kwargs):
            seen.append(str(query))
            return await real(query, *args, **kwargs)

        session.execute = counting  # type: ignore[method-assign]
        await balances.standings(session, pool)

    await guild.run(BOB, look)
    assert len(seen) == 1
    assert "ledger_entry" not in seen[0]
    assert "held" not in seen[0]


# --- history ----------------------------------------------------------------------------------------------------------


async def test_history_explains_each_line_with_the_balance_after_it(guild: Stage, clock: MovableClock):
    await give(guild, "Bob", 10)
    taken = await give(guild, "Bob", 4, reason="late *again*", kind="penalty")
    await undoing.undo(guild, ANNA, f"entry:{taken.entry_id}", "it was Carl")
    at = f"<t:{int(clock.now().timestamp())}:d>"
    assert await lines_of(guild, BOB) == [
        f"#3 {at} **+4** → 10 · undone by Anna (“late \\*again\\*”): it was Carl",
        f"~~#2 {at} **-4** → 6 · penalty by Anna: late \\*again\\*~~ undone later",
        f"#1 {at} **+10** → 10 · adjustment by Anna: brought the cake",
    ]
    assert await labels_of(guild, BOB) == [
        "#3 +4 → 10 · undone: it was Carl",
        "#2 -4 → 6 · late *again*",
        "#1 +10 → 10 · brought the cake",
    ]
    assert await lines_of(guild, CARL, "Bob") == await lines_of(guild, BOB)
    assert await lines_of(guild, CARL) == []


async def test_history_goes_on_page_by_page_after_the_last_line(guild: Stage):
    for amount in range(1, 6):
        await give(guild, "Bob", amount)

    async def page(session: Session, before: int | None) -> list[history.HistoryLine]:
        return list((await history.find_history(session, None, None, before=before, most=2))[1])

    first = await guild.run(BOB, lambda session: page(session, None))
    second = await guild.run(BOB, lambda session: page(session, first[-1].entry_id))
    third = await guild.run(BOB, lambda session: page(session, second[-1].entry_id))
    assert [[line.amount for line in found] for found in (first, second, third)] == [[5, 4], [3, 2], [1]]
