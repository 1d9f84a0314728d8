"""What leaders and officers do to an auction that runs, or has ended, as they type and press it."""

import asyncpg
import discord
import pytest

from bot.stage import Actor
from cogs.auctions.service import looking
from cogs.dkp.service import ledger
from tests.stories.conftest import Night, said


@pytest.fixture
async def people(night: Night):
    """Anna with 100, Boris with 60."""
    everybody = []
    for name, amount in (("anna", 100), ("boris", 60)):
        who = night.join(name)
        await night.settle()
        await night.types(night.officer, "dkp adjust", member=who.mention, amount=amount, reason="a start")
        everybody.append(who)
    return everybody


async def in_order(night: Night) -> bool:
    itself = Actor.itself(night.guild.id)
    return not await night.stage.run(itself, ledger.imbalances) + await night.stage.run(itself, looking.problems)


async def test_a_paused_auction_outlasts_its_end_and_goes_on(night, people):
    anna, boris = people
    await night.types(night.officer, "auction start", item="Cloak of Flames", duration="2m")
    await night.types(anna, "auction bid", auction="Cloak of Flames", amount=10)
    paused = await night.types(night.officer, "auction pause", auction="Cloak of Flames")
    assert "**Cloak of Flames** is paused with" in said(paused)
    assert "left. /auction resume goes on with it." in said(paused)
    assert "is paused already" in said(await night.types(night.officer, "auction pause", auction="Cloak of Flames"))
    await night.wait(600)
    refused = await night.types(boris, "auction bid", auction="Cloak of Flames", amount=20)
    assert "is paused" in said(refused)
    more = await night.types(night.officer, "auction extend", auction="Cloak of Flames", duration="1m")
    assert "are left once it goes on" in said(more)
    assert "goes on: it ends" in said(await night.types(night.officer, "auction resume", auction="Cloak of Flames"))
    await night.types(boris, "auction bid", auction="Cloak of Flames", amount=20)
    await night.wait(200)
    assert "You have **40**" in said(await night.types(boris, "dkp balance"))
    audit = said(await night.types(night.officer, "audit search"))
    for line in ("paused Cloak of Flames", "went on with Cloak of Flames", "more time while it is paused"):
        assert line in audit
    assert await in_order(night)


async def test_a_voided_bid_is_answered_with_who_leads(night, people):
    anna, boris = people
    await night.types(night.officer, "auction start", item="Cloak of Flames")
    await night.types(boris, "auction bid", auction="Cloak of Flames", amount=10)
    await night.types(anna, "auction bid", auction="Cloak of Flames", amount=15)
    gone = await night.types(
        night.officer, "auction void", auction="Cloak of Flames", member=anna.mention, reason="mistyped"
    )
    assert "The bid of 15 by anna on **Cloak of Flames** is void; boris leads at 10." in said(gone)
    assert await in_order(night)


async def test_an_officer_gives_what_was_won_to_somebody_else_after_a_look(night, people, owner: asyncpg.Connection):
    anna, boris = people
    await night.types(night.officer, "auction start", item="Cloak of Flames", duration="1m")
    await night.types(anna, "auction bid", auction="Cloak of Flames", amount=15)
    await night.wait(120)
    asked = await night.types(
        night.officer, "auction reassign", auction="Cloak of Flames", to=boris.mention, reason="she misheard"
    )
    assert "**Cloak of Flames** goes from anna, who paid 15, to boris for 15 DKP?" in said(asked)
    assert "anna: 85 → 100" in said(asked)
    assert "boris: 60 → 45" in said(asked)
    done = await night.presses(night.officer, asked.response, "Reassign it")
    assert "**Cloak of Flames** is boris's for 15: they have 45 now." in said(done)
    assert len([m for m in night.channel.history() if "goes to" in m.content and "she misheard" in m.content]) == 1
    assert "You have **45**" in said(await night.types(boris, "dkp balance"))
    assert "gave Cloak of Flames to boris instead, for 15" in said(await night.types(night.officer, "audit search"))
    entry = await owner.fetchval("SELECT entry_id FROM award WHERE undone_at IS NULL")
    assert "It was reassigned to boris: she misheard" in said(await night.types(boris, "dkp explain", entry=str(entry)))
    assert await in_order(night)


async def test_only_officers_reassign_and_have_it_before_the_end_is_refused(night, people):
    anna, boris = people
    await night.types(night.officer, "auction start", item="Cloak of Flames")
    early = await night.types(
        night.officer, "auction reassign", auction="Cloak of Flames", to=boris.mention, reason="she misheard"
    )
    assert "Cloak of Flames is still up" in said(early)
    by_anna = await night.types(
        anna, "auction reassign", auction="Cloak of Flames", to=anna.mention, reason="it is mine"
    )
    assert "Only officers may undo awards" in said(by_anna)


async def test_who_loses_the_role_an_auction_takes_loses_the_bid(night, people, owner: asyncpg.Connection):
    anna, boris = people
    role = night.guild.create_role("Clerics")
    for who in people:
        await who.member.add_roles(discord.Object(role.id))
    await night.settle()
    await night.types(night.officer, "auction start", item="Cloak of Flames")
    await owner.execute("UPDATE auction SET bidders = 'role', bidders_role_id = $1", role.id)
    await night.types(boris, "auction bid", auction="Cloak of Flames", amount=10)
    await night.types(anna, "auction bid", auction="Cloak of Flames", amount=15)
    await anna.member.remove_roles(discord.Object(role.id))
    await night.settle()
    standing = "SELECT member_name, amount FROM bid WHERE status = 'standing'"
    assert [tuple(row) for row in await owner.fetch(standing)] == [("boris", 10)]
    assert await in_order(night)
