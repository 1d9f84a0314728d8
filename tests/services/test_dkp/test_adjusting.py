"""What officers post by hand: amounts, reasons, names, and acts on themselves."""

from decimal import Decimal

import asyncpg
import pytest

from bot.refusals import NotAllowed, NotFound
from bot.stage import Session, Stage
from bot.typed import AmountTooLarge, BadAmount, TooManyDecimals
from cogs.dkp.rules import BadKind, BadReason, ZeroAmount
from cogs.dkp.service import adjustments, ledger, undoing
from tests.conftest import MovableClock, person
from tests.services.test_dkp.words import (
    ANNA,
    AUDIT_CHANNEL,
    BOB,
    CARL,
    HERE,
    balance,
    give,
    hold_for,
    meet,
    member_id,
    told,
)


@pytest.mark.parametrize(
    ("kind", "amount", "ends_at", "column"),
    [
        ("adjustment", -5, 95, "adjusted"),
        ("bonus", -5, 105, "earned"),
        ("penalty", 5, 95, "adjusted"),
        ("correction", 5, 105, "adjusted"),
    ],
)
async def test_an_adjustment_moves_the_account_as_its_kind_says(
    guild: Stage, owner: asyncpg.Connection, kind, amount, ends_at, column
):
    await give(guild, "Bob", 100)
    done = await give(guild, "Bob", amount, kind=kind)
    assert (done.balance, done.kind) == (ends_at, kind)
    account = await owner.fetchrow("SELECT * FROM account WHERE balance <> 0")
    assert account["balance"] == ends_at
    assert account[column] == (ends_at - 100 if column != "adjusted" else ends_at)


async def test_the_answer_and_the_audit_say_what_was_done_and_why(guild: Stage, owner: asyncpg.Connection):
    done = await give(guild, "bob", 5, reason="brought  the\ncake", kind="bonus")
    assert done.in_words() == "Gave Bob 5 DKP (bonus): 0 → 5. Reason: brought the cake"
    row = await owner.fetchrow("SELECT * FROM audit WHERE action = 'dkp.adjusted'")
    assert (row["reason"], row["actor_name"]) == ("brought the cake", "Anna")
    assert row["target_id"] == done.entry_id
    assert row["about_member_id"] == await member_id(guild, BOB)


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (float("nan"), BadAmount),
        (float("inf"), BadAmount),
        (float("-inf"), BadAmount),
        (1e12, AmountTooLarge),
        (-1e12, AmountTooLarge),
        (0.0, ZeroAmount),
        (-0.0, BadAmount),
        (10.005, TooManyDecimals),
        (0.5, TooManyDecimals),
    ],
)
async def test_an_amount_that_is_none_is_refused_and_nothing_changes(guild: Stage, owner, amount, refusal):
    with pytest.raises(refusal):
        await give(guild, "Bob", amount)
    for left in ("ledger_entry", "account", "outbox", "audit"):
        assert await owner.fetchval(f"SELECT count(*) FROM {left}") == 0


async def test_a_pool_with_decimals_takes_them_and_no_display_rounds_them(guild: Stage):
    async def allow_cents(session: Session) -> None:
        (await ledger.default_pool(session)).decimals = 2

    await guild.run(ANNA, allow_cents)
    assert (await give(guild, "Bob", 10.05)).balance == Decimal("10.05")
    assert (await give(guild, "Bob", -0.1)).in_words().startswith("Took 0.1 DKP from Bob (adjustment): 10.05 → 9.95.")
    with pytest.raises(TooManyDecimals):
        await give(guild, "Bob", 10.005)


@pytest.mark.parametrize("reason", ["", "no", "x" * 501, "\u200b" * 9, "\x00\x00\x00\x00"])
async def test_a_reason_too_short_or_too_long_is_refused_and_nothing_changes(guild: Stage, owner, reason):
    with pytest.raises(BadReason):
        await give(guild, "Bob", 5, reason=reason)
    with pytest.raises(BadReason):
        await undoing.undo(guild, ANNA, "entry:1", reason)
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 0


async def test_a_kind_no_officer_posts_is_refused(guild: Stage):
    with pytest.raises(BadKind):
        await give(guild, "Bob", 5, kind="loot")


@pytest.mark.parametrize("who", ["Nobody", "#999999", "<@123456789012345678>", "@everyone", "", "x" * 100])
async def test_somebody_who_is_not_here_is_refused(guild: Stage, who):
    with pytest.raises(NotFound):
        await give(guild, who, 5)


@pytest.mark.parametrize(
    "name", ["**Bo*ld**", "@everyone", "\u05d0\u05d1\u05d2 \u202e evil", "x" * 100, "🐉", "[a](http://b)"]
)
async def test_a_name_of_any_kind_is_adjusted_and_shown_safely(guild: Stage, name):
    odd = person(50, name)
    await meet(guild, odd)
    words = (await give(guild, f"#{await member_id(guild, odd)}", 5)).in_words()
    assert "@everyone" not in words
    assert "\u202e" not in words
    assert "[" not in words.replace("\\[", "")
    assert "**" not in words
    assert words.endswith("0 → 5. Reason: brought the cake")
    assert (await balance(guild, CARL, f"#{await member_id(guild, odd)}")).endswith("has **5** DKP.")


async def test_who_may_not_adjust_is_told_who_may(guild: Stage, owner: asyncpg.Connection):
    for act in (give(guild, "Bob", 5, by=BOB), undoing.undo(guild, BOB, "entry:1", "because")):
        with pytest.raises(NotAllowed, match="Only officers may"):
            await act
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 0


async def test_a_repeated_interaction_posts_once_and_gets_the_first_answer(guild: Stage, owner: asyncpg.Connection):
    twice = person(10, "Anna", manage_guild=True, interaction_id=777)
    first = await give(guild, "Bob", 5, by=twice)
    again = await give(guild, "Bob", 5, by=twice)
    assert again == first
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == 5


async def test_points_of_people_who_left_stay_and_can_be_adjusted(guild: Stage, clock: MovableClock):
    async def go(session: Session) -> None:
        session.member.left_at = session.now

    await guild.run(BOB, go)
    assert (await give(guild, "Bob", 5)).balance == 5
    assert await balance(guild, ANNA, "Bob") == "Bob (left the server) has **5** DKP."


async def test_an_officers_act_on_themselves_is_posted_in_the_audit_channel(guild: Stage):
    async def choose(session: Session) -> None:
        session.guild.audit_channel_id = AUDIT_CHANNEL

    await give(guild, "Bob", 5)
    assert await told(guild) == []
    mine = await give(guild, "Anna", 5, here=HERE)
    await guild.run(ANNA, choose)
    await undoing.undo(guild, ANNA, f"entry:{mine.entry_id}", "too generous", here=HERE)
    assert await told(guild) == [
        (HERE, "Anna adjusted their own points. Gave Anna 5 DKP (adjustment): 0 → 5. Reason: brought the cake"),
        (
            AUDIT_CHANNEL,
            "Anna undid what moved their own points."
            " Undone: +5 of Anna (brought the cake). Anna has 0 now. Reason: too generous",
        ),
    ]


async def test_taking_points_tells_the_officer_of_the_floor_and_names_open_bids_but_no_amount(guild: Stage):
    async def troubles(amount: int) -> list[str]:
        return await guild.run(
            ANNA, lambda session: adjustments.adjustment_troubles(session, "Bob", amount, "because", None, "adjustment")
        )

    await give(guild, "Bob", 100)
    assert await troubles(-100) == []
    assert await troubles(-101) == ["Bob: 100 → -1, below the floor of 0"]
    assert await troubles(5) == []
    await hold_for(guild, BOB, "Cloak of Flames", 70)
    # The same words whether or not the bid stays covered: else asking often enough would tell the amount.
    assert await troubles(-1) == ["Bob: 100 → 99; the open bid on Cloak of Flames stands"]
    assert await troubles(-50) == ["Bob: 100 → 50; the open bid on Cloak of Flames stands"]
    assert await troubles(5) == []
