"""`/loot award, prices, undo` as leaders and members meet them."""

import asyncpg
import pytest
import simcord

from tests.stories.conftest import Night, said, text_of


@pytest.fixture
async def anna(night: Night) -> simcord.MemberActor:
    who = night.join("Anna")
    night.join("Bert")
    await night.settle()
    for name in ("Anna", "Bert"):
        await night.types(night.officer, "dkp adjust", member=name, amount=100, reason="moved in")
    return who


def posted(night: Night) -> list[str]:
    return [text_of(message) for message in night.channel.history() if "goes to" in text_of(message)]


async def test_an_award_from_the_game_is_recorded_announced_once_and_undone(
    night: Night, anna, owner: asyncpg.Connection
):
    lead = night.officer
    await night.types(lead, "raid start", event="Plane of Fear")
    done = said(await night.types(lead, "loot award", item="Cloak of Flames", member="anna", cost=45.0))
    assert done == "**Cloak of Flames** goes to Anna for 45 DKP (bid in game) at Plane of Fear. They have 55 now."
    assert len(posted(night)) == 1
    assert "bid in game · Plane of Fear" in said(await night.types(anna, "loot history"))
    assert "for an item: Cloak of Flames" in said(await night.types(anna, "dkp history"))

    [choice] = await lead.autocomplete(night.channel, "loot undo", "award", "cloak")
    assert choice["name"] == "Cloak of Flames to Anna for 45"
    asked = await night.types(lead, "loot undo", award=choice["value"], reason="wrong person")
    assert "Anna: 55 → 100" in said(asked)
    assert "45 went back: Anna has 100 now." in said(await night.presses(lead, asked.response, "Undo it"))
    assert "was undone already; nothing changed" in said(
        await night.types(lead, "loot undo", award=choice["value"], reason="wrong person")
    )
    assert (
        await owner.fetchval(
            "SELECT balance FROM account JOIN member USING (guild_id, member_id) WHERE display_name = 'Anna'"
        )
        == 100
    )
    assert "undid the award of Cloak of Flames to Anna, 45" in said(await night.types(lead, "audit search"))


async def test_two_leaders_who_both_award_the_kill_are_asked(night: Night, anna):
    lead = night.officer
    await night.types(lead, "raid start", event="Plane of Fear")
    await night.types(lead, "loot award", item="Cloak of Flames", member="Anna", cost=45.0)
    asked = await night.types(lead, "loot award", item="cloak of flames", member="Anna", cost=45.0)
    assert "Already recorded: **Cloak of Flames** to Anna for 45" in said(asked)
    assert len(posted(night)) == 1
    assert "They have 10 now" in said(await night.presses(lead, asked.response, "Second copy"))
    assert len(posted(night)) == 2


async def test_a_cost_that_leads_below_the_floor_is_asked_with_numbers(night: Night, anna):
    asked = await night.types(night.officer, "loot award", item="Ring", member="Anna", cost=120.0)
    assert "Anna: 100 → -20, below the floor of 0" in said(asked)
    assert posted(night) == []
    await night.presses(night.officer, asked.response, "Leave it")
    assert "**100**" in said(await night.types(anna, "dkp balance"))
    asked = await night.types(night.officer, "loot award", item="Ring", member="Anna", cost=120.0)
    await night.presses(night.officer, asked.response, "Award it all the same")
    assert "**-20**" in said(await night.types(anna, "dkp balance"))


async def test_prices_have_count_median_range_last_and_a_picture(night: Night, anna):
    lead = night.officer
    for cost in (10.0, 30.0, 25.0):
        await night.types(lead, "loot award", item="Cloak of Flames", member="Bert", cost=cost)
        await night.wait(700)
    await night.types(lead, "loot award", item="Cloak of Flames", member="Bert", how="roll")
    shown = await night.types(anna, "loot prices", item="cloak of flames")
    assert "Paid 3 times in DKP: median **25**, from 10 to 30, last 25" in said(shown)
    assert "Once it cost nothing." in said(shown)
    message = (shown.followups[-1] if shown.followups else shown.response).message
    assert [file.filename for file in message.attachments] == ["prices.png"]
    assert "Did you mean Cloak of Flames" in said(await night.types(anna, "loot prices", item="cloak of flame"))
    await night.types(lead, "loot award", item="Ring", member="Bert", cost=5.0)
    once = await night.types(anna, "loot prices", item="Ring")
    assert "Paid once in DKP: **5" in said(once)


async def test_prices_of_each_pool_have_their_own_line_and_picture(night: Night, anna):
    lead = night.officer
    await night.types(lead, "pool create", name="Alt points")
    await night.types(lead, "dkp adjust", member="Bert", amount=100, reason="moved in", pool="Alt points")
    for pool, costs in (("DKP", (10.0, 20.0, 30.0)), ("Alt points", (7.0, 8.0))):
        await night.types(lead, "raid start", event=f"For {pool}", pool=pool)
        for cost in costs:
            await night.types(lead, "loot award", item="Ring", member="Bert", cost=cost, raid=f"For {pool}")
            await night.wait(700)
    shown = await night.types(anna, "loot prices", item="ring")
    words = said(shown)
    assert "Paid 3 times in DKP: median **20**, from 10 to 30, last 30" in words
    assert "Paid 2 times in Alt points: median **7.5**, from 7 to 8, last 8" in words
    parts = [shown.response, *shown.followups]
    pictures = [each.filename for part in parts for each in part.message.attachments]
    assert pictures == ["prices.png", "prices.png"]


async def test_members_neither_award_nor_undo(night: Night, anna):
    for answer in (
        await night.types(anna, "loot award", item="Ring", member="Anna"),
        await night.types(anna, "loot undo", award="1", reason="because I want"),
    ):
        assert "Only officers" in said(answer)
    assert posted(night) == []
