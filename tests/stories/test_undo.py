"""`/dkp undo` over what raids and auctions did: picked in words, shown first, reversed whole."""

import asyncpg
import simcord

from bot.stage import Actor
from cogs.dkp.service import ledger
from tests.stories.conftest import Night, said, text_of


async def undo(night: Night, label: str, reason: str = "wrong button") -> tuple[str, str]:
    """Pick the one act whose line has `label`, look, and do it: (the question, the answer)."""
    choices = await night.officer.autocomplete(night.channel, "dkp undo", "what", "")
    [value] = [choice["value"] for choice in choices if label in choice["name"]]
    asked = await night.types(night.officer, "dkp undo", what=value, reason=reason)
    return said(asked), said(await night.presses(night.officer, asked.response, "Undo it"))


async def raiding(night: Night, *names: str) -> list[simcord.MemberActor]:
    """A raid with these people checked in and one tick of 10."""
    people = [night.join(name) for name in names]
    await night.settle()
    await night.types(night.officer, "raid start", event="Plane of Fear")
    [board] = [message for message in night.channel.history() if "Check in" in text_of(message)]
    for who in people:
        await night.presses(who, board, "Check in")
    await night.types(night.officer, "raid tick")
    return people


async def test_a_tick_is_undone_whole_and_one_entry_of_it_is_not(night: Night, owner: asyncpg.Connection):
    bob, _ = await raiding(night, "Bob", "Cara")
    assert "**10**" in said(await night.types(bob, "dkp balance"))
    entry = await owner.fetchval("SELECT min(entry_id) FROM ledger_entry")
    refused = said(await night.types(night.officer, "dkp undo", what=f"entry:{entry}", reason="only him"))
    assert refused.startswith("That belongs to tick 1 of Plane of Fear: undo the whole tick")

    question, answer = await undo(night, "Tick 1")
    assert "Bob: 10 → 0" in question
    assert "Cara: 10 → 0" in question
    assert "Tick 1 of Plane of Fear is undone: 20 points taken back from 2 people." in answer
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 0
    assert "undone by guildmaster" in said(await night.types(bob, "dkp history"))
    assert "undid tick 1 of Plane of Fear" in said(await night.types(night.officer, "audit search"))


async def test_an_award_is_undone_with_its_price(night: Night, owner: asyncpg.Connection):
    bob, cara = await raiding(night, "Bob", "Cara")
    await night.types(night.officer, "auction start", item="Cloak of Flames")
    auction = await owner.fetchval("SELECT auction_id FROM auction")
    await night.types(bob, "auction bid", auction=f"#{auction}", amount=7.0)
    await night.wait(200)
    assert "You have **3** DKP" in said(await night.types(bob, "dkp balance"))
    assert "for an item: Cloak of Flames" in said(await night.types(bob, "dkp history"))

    question, answer = await undo(night, "Cloak of Flames")
    assert "Bob: 3 → 10" in question
    assert "Bob has 10 now" in answer
    assert await owner.fetchval("SELECT undone_at IS NOT NULL FROM award")
    assert "Bob has **10** DKP." in said(await night.types(cara, "dkp balance", member="Bob"))
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []
