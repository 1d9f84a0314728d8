"""One amount for many: whom it means, what it would do, one act, told when it is one's own; reasons remembered."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import asyncpg
import pytest

from bot.people import Seen
from bot.refusals import NotAllowed, NotFound
from bot.stage import Stage
from bot.typed import TooManyDecimals
from cogs.dkp.rules import AtTheCap, BadReason, ZeroAmount
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import batches, pooling, reasons
from tests.services.test_dkp.words import ANNA, AUDIT_CHANNEL, BOB, CARL, HERE, give, hold_for, member_id, told
from tests.services.test_raids.scene import adds_up

D = Decimal
RAIDERS = 700
DORA = Seen(20, "Dora", frozenset({1, RAIDERS}))


async def meant(stage: Stage, holders: Sequence[Seen] | None, named: str | None) -> batches.Meant:
    return await stage.read(ANNA, "dkp.adjust", lambda session: batches.find_meant(session, holders, named))


async def preview(stage: Stage, who: Sequence[int], amount: float, **more) -> batches.BatchPreview:
    terms = {"reason": "a good night", "pool": None, "kind": "adjustment"} | more
    return await stage.read(ANNA, "dkp.adjust", lambda session: batches.preview_batch(session, who, amount, **terms))


async def post(stage: Stage, who: Sequence[int], amount: float, **more) -> batches.BatchPosted:
    terms = {"reason": "a good night"} | more
    return await batches.adjust_many(stage, terms.pop("by", ANNA), tuple(who), amount, **terms)


@pytest.fixture
async def both(guild: Stage) -> tuple[int, int]:
    """Bob and Carl."""
    return await member_id(guild, BOB), await member_id(guild, CARL)


async def balances(owner: asyncpg.Connection) -> dict[str, Decimal]:
    rows = await owner.fetch("SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id)")
    return {row["display_name"]: row["balance"] for row in rows}


async def test_a_role_and_names_together_are_everybody_once(guild: Stage, both, owner):
    bob, carl = both
    holders = [Seen(11, "Bob", frozenset({RAIDERS})), DORA]
    found = await meant(guild, holders, "CARL bob, Bobb")
    dora = await owner.fetchval("SELECT member_id FROM member WHERE display_name = 'Dora'")
    assert set(found.member_ids) == {bob, carl, dora}, "Dora is met now"
    assert [(name.name, name.near) for name in found.unknown] == [("Bobb", ("Bob",))]
    assert (await meant(guild, holders[:1], None)).member_ids == (bob,)
    with pytest.raises(NotFound, match="Nobody holds that role"):
        await meant(guild, [], None)
    with pytest.raises(NotFound, match="a role, names, or both"):
        await meant(guild, None, None)


async def test_the_preview_shows_before_and_after_of_each_and_writes_nothing(guild: Stage, both, owner):
    await give(guild, "Bob", 10)
    shown = await preview(guild, both, 5, kind="bonus")
    assert shown.heading == "Give 5 DKP each to 2 people (bonus)? 10 in all. Reason: a good night"
    assert shown.lines == ("Bob: 10 → 15", "Carl: 0 → 5")
    assert await owner.fetchval("SELECT count(*) FROM batch") == 0
    assert await balances(owner) == {"Bob": 10}


async def test_the_preview_names_who_falls_below_the_floor_and_whose_bids_stand(guild: Stage, both):
    await give(guild, "Bob", 10)
    await hold_for(guild, BOB, "Cloak", 8)
    shown = await preview(guild, both, 5, kind="penalty")
    assert "Take 5 DKP each from 2 people (penalty)?" in shown.heading
    assert "1 of them ends below the floor of 0." in shown.heading
    assert "1 of them has open bids, which stand." in shown.heading
    assert shown.lines == (
        "Bob: 10 → 5; the open bid on Cloak stands",
        "Carl: 0 → -5, below the floor of 0",
    )


async def test_the_preview_says_what_the_cap_cuts_and_the_act_cuts_the_same(guild: Stage, both, owner):
    await pooling.edit_pool(guild, ANNA, "DKP", Given(cap=12))
    await give(guild, "Bob", 10)
    shown = await preview(guild, both, 5)
    assert "7 in all" in shown.heading
    assert "3 above the cap are cut." in shown.heading
    assert shown.lines == ("Bob: 10 → 12 (3 above the cap are cut)", "Carl: 0 → 5")
    done = await post(guild, both, 5)
    assert "7 in all. 3 above the cap were cut." in done.in_words()
    assert await balances(owner) == {"Bob": 12, "Carl": 5}
    with pytest.raises(AtTheCap, match="at the cap of DKP, 12: nothing was given"):
        await post(guild, both[:1], 5)
    assert await owner.fetchval("SELECT count(*) FROM batch") == 1, "nothing given leaves no batch"


async def test_one_act_is_one_batch_one_audit_row_and_an_entry_each(guild: Stage, both, owner):
    done = await post(guild, both, 5, kind="bonus", reason="brought  the\ncake")
    assert done.in_words() == "Gave 5 DKP each to 2 people (bonus): 10 in all. Reason: brought the cake"
    batch = await owner.fetchrow("SELECT * FROM batch")
    assert (batch["people"], batch["amount"], batch["kind"], batch["reason"]) == (2, 5, "bonus", "brought the cake")
    entries = await owner.fetch("SELECT * FROM ledger_entry ORDER BY entry_id")
    assert {(e["source"], e["source_id"], e["kind"], e["amount"]) for e in entries} == {
        ("batch", done.batch_id, "bonus", D(5))
    }
    [row] = await owner.fetch("SELECT * FROM audit WHERE action = 'dkp.batch_posted'")
    assert (row["target_id"], row["reason"]) == (done.batch_id, "brought the cake")
    await adds_up(guild)


async def test_the_same_interaction_twice_is_one_batch_and_the_first_answer(guild: Stage, both, owner):
    pressing = replace(ANNA, interaction_id=77)
    first = await post(guild, both, 5, by=pressing)
    assert await post(guild, both, 5, by=pressing) == first
    assert await balances(owner) == {"Bob": 5, "Carl": 5}


async def test_what_is_wrong_with_one_is_refused_for_all(guild: Stage, both, owner):
    for amount, more, refusal in (
        (0, {}, ZeroAmount),
        (0.5, {}, TooManyDecimals),
        (5, {"reason": "x"}, BadReason),
        (5, {"pool": "nothing"}, NotFound),
        (5, {"by": BOB}, NotAllowed),
    ):
        with pytest.raises(refusal):
            await post(guild, both, amount, **more)
    with pytest.raises(NotFound, match="is not here any more"):
        await post(guild, (*both, 10**6), 5)
    assert await balances(owner) == {}


async def test_an_officer_among_them_is_told_of_where_officers_look(guild: Stage, both, owner):
    anna = await member_id(guild, ANNA)
    await post(guild, both, 5, here=HERE)
    assert await told(guild) == []
    await owner.execute("UPDATE guild SET audit_channel_id = $1", AUDIT_CHANNEL)
    await post(guild, (*both, anna), 5, here=HERE)
    [(channel, words)] = await told(guild)
    assert channel == AUDIT_CHANNEL
    assert words.startswith("Anna adjusted the points of several people, their own among them. Gave 5 DKP each to 3")


async def test_reasons_given_before_are_offered_again_newest_first_and_only_here(guild: Stage, both):
    await give(guild, "Bob", 5, reason="brought the cake")
    await post(guild, both, 5, reason="helped an alt")
    await give(guild, "Bob", 5, reason="Brought the  Cake")
    await give(guild, "Carl", 5, reason="a long one, " * 20)
    offered = [choice.label for choice in await guild.read(ANNA, None, lambda s: reasons.choices(s, ""))]
    assert offered[1:] == ["Brought the Cake", "helped an alt"]
    found = [choice.label for choice in await guild.read(ANNA, None, lambda s: reasons.choices(s, "alt"))]
    assert found[0] == "helped an alt"
    stranger = replace(ANNA, guild_id=2)
    assert await guild.read(stranger, None, lambda s: reasons.choices(s, "")) == []
