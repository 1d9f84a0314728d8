"""Members who give each other points."""

from dataclasses import replace
from decimal import Decimal

import asyncpg
import pytest

from bot import people
from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Stage
from bot.typed import TooManyDecimals
from cogs.dkp.rules.pools import ArchivedPool, Given
from cogs.dkp.rules.transfers import BadTransfer, CannotAfford, NoRoom, TransfersOff
from cogs.dkp.service import ledger, pooling, transfers
from db.tables import Outbox, RoleMapping
from tests.services.test_dkp.words import ANNA, BOB, CARL, give, hold_for, lines_of, member_id, own_points
from tests.services.test_raids.scene import adds_up, read, write

D = Decimal


@pytest.fixture
async def guild(guild: Stage) -> Stage:
    """Members may give each other points, and Bob has 100."""
    await pooling.edit_pool(guild, ANNA, "DKP", Given(transfers=True))
    await give(guild, "Bob", 100)
    return guild


async def hand(stage: Stage, to: str, amount: float, by: Actor = BOB, **more) -> transfers.Transferred:
    return await transfers.transfer(stage, by, to, amount, **more)


async def test_a_transfer_is_a_pair_of_entries_under_one_row(guild: Stage, owner: asyncpg.Connection):
    done = await hand(guild, "carl", 30, reason="for the flask")
    assert done.in_words() == "Gave Carl 30 DKP. You can spend 70 now."
    pair = await owner.fetch("SELECT * FROM ledger_entry WHERE kind = 'transfer' ORDER BY entry_id")
    assert [(e["amount"], e["source"], e["source_id"]) for e in pair] == [
        (D(-30), "transfer", done.transfer_id),
        (D(30), "transfer", done.transfer_id),
    ]
    row = await owner.fetchrow("SELECT * FROM transfer")
    bob, carl = await member_id(guild, BOB), await member_id(guild, CARL)
    assert (row["from_member_id"], row["to_member_id"], row["amount"]) == (bob, carl, 30)
    assert "transfer: to Carl (for the flask)" in (await lines_of(guild, BOB))[0]
    assert "transfer: from Bob (for the flask)" in (await lines_of(guild, CARL))[0]
    [audit] = await owner.fetch("SELECT * FROM audit WHERE action = 'dkp.transferred'")
    assert (audit["about_member_id"], audit["reason"]) == (carl, "for the flask")
    await adds_up(guild)


async def test_who_receives_is_told_unless_they_would_rather_not(guild: Stage, owner: asyncpg.Connection):
    await hand(guild, "Carl", 30, reason="for the flask")
    [letter] = await read(guild, Outbox.__table__.select().with_only_columns(Outbox.content))
    assert letter == "Bob gave you 30 DKP. “for the flask” You have 30 now."
    assert await owner.fetchval("SELECT user_id FROM outbox") == CARL.user_id
    await owner.execute("""UPDATE member SET muted = '["transfer"]' WHERE display_name = 'Carl'""")
    await hand(guild, "Carl", 30)
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 1


async def test_what_is_held_and_what_is_under_the_floor_cannot_be_given(guild: Stage, owner: asyncpg.Connection):
    await hold_for(guild, BOB, "Cloak", 60)
    with pytest.raises(CannotAfford, match=r"You can give 40 \(100 minus 60 held on Cloak\), not 41"):
        await hand(guild, "Carl", 41)
    await pooling.edit_pool(guild, ANNA, "DKP", Given(floor=20))
    with pytest.raises(CannotAfford, match="with the floor at 20"):
        await hand(guild, "Carl", 21)
    await hand(guild, "Carl", 20)
    assert (await own_points(guild, BOB)).spendable == 0
    await pooling.edit_pool(guild, ANNA, "DKP", Given(floor=-50))
    await hand(guild, "Carl", 70)
    assert (await own_points(guild, BOB)).balance == 10, "debt is allowed down to the floor"
    await adds_up(guild)


async def test_the_cap_of_who_receives_is_not_passed(guild: Stage):
    await pooling.edit_pool(guild, ANNA, "DKP", Given(cap=100))
    await give(guild, "Carl", 90)
    with pytest.raises(NoRoom, match="Carl has 90 and may have 100 at most: 10 more fits"):
        await hand(guild, "Carl", 11)
    await hand(guild, "Carl", 10)
    with pytest.raises(NoRoom, match="nothing more fits"):
        await hand(guild, "Carl", 1)
    assert (await own_points(guild, BOB)).balance == 90


async def test_it_goes_to_somebody_else_who_is_here(guild: Stage, owner: asyncpg.Connection):
    with pytest.raises(BadTransfer, match="yours already"):
        await hand(guild, "Bob", 5)
    with pytest.raises(BadTransfer, match="more than 0"):
        await hand(guild, "Carl", -5)
    with pytest.raises(TooManyDecimals):
        await hand(guild, "Carl", 0.5)
    with pytest.raises(NotFound):
        await hand(guild, "Nobody", 5)
    await guild.run(Actor.itself(1), lambda session: people.leave(session, CARL.user_id or 0))
    with pytest.raises(BadTransfer, match="Carl left the server"):
        await hand(guild, "Carl", 5)
    await owner.execute("UPDATE member SET left_at = NULL, discord_user_id = NULL WHERE display_name = 'Carl'")
    with pytest.raises(BadTransfer, match="claimed Carl yet"):
        await hand(guild, "Carl", 5)


async def test_only_where_the_pool_allows_it(guild: Stage):
    await pooling.edit_pool(guild, ANNA, "DKP", Given(transfers=False))
    with pytest.raises(TransfersOff, match="do not give each other DKP"):
        await hand(guild, "Carl", 5)
    await pooling.create_pool(guild, ANNA, Given(name="Old", transfers=True))
    await give(guild, "Bob", 5, pool="Old")
    await hand(guild, "Carl", 2, pool="Old")
    await pooling.archive_pool(guild, ANNA, "Old")
    with pytest.raises(ArchivedPool):
        await hand(guild, "Carl", 2, pool="Old")


async def test_a_guest_gives_nothing(guild: Stage):
    await write(guild, RoleMapping.__table__.insert().values(guild_id=1, role_group="member", role_id=7))
    with pytest.raises(NotAllowed, match="may give points"):
        await hand(guild, "Carl", 5)


async def test_repeated_it_is_done_once(guild: Stage):
    pressing = replace(BOB, interaction_id=5)
    first = await hand(guild, "Carl", 30, by=pressing)
    assert await hand(guild, "Carl", 30, by=pressing) == first
    assert (await own_points(guild, BOB)).balance == 70


async def test_forgetting_either_of_the_two_takes_both_names_out_of_both_histories(guild: Stage):
    await hand(guild, "Carl", 30, reason="for the flask")
    carl = await member_id(guild, CARL)
    await guild.run(Actor.itself(1), lambda session: transfers.forget(session, [carl]))
    assert "transfer: between members" in (await lines_of(guild, BOB))[0]
    assert "Bob" not in (await lines_of(guild, CARL))[0]
    assert await guild.run(Actor.itself(1), ledger.imbalances) == []
