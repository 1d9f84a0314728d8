"""Undo with consequences, undo of an undo, and the way from a balance to a cause: what people type, press and read."""

import asyncpg
import simcord

from bot.stage import Actor
from cogs.dkp.service import ledger
from tests.services.test_dkp.crowds import crowd
from tests.stories.conftest import Night, said, text_of
from tests.stories.test_undo import raiding, undo


async def cloak(
    night: Night, who: simcord.MemberActor, owner: asyncpg.Connection, amount: float, minimum: float = 1
) -> str:
    """An auction that somebody leads."""
    await night.types(night.officer, "auction start", item="Cloak of Flames", minimum=minimum)
    auction = f"#{await owner.fetchval('SELECT max(auction_id) FROM auction')}"
    answer = said(await night.types(who, "auction bid", auction=auction, amount=amount))
    assert "You lead **Cloak of Flames**" in answer
    return auction


async def test_an_open_bid_that_an_undo_leaves_uncovered_stands_and_is_captured(
    night: Night, owner: asyncpg.Connection
):
    bob, _ = await raiding(night, "Bob", "Cara")
    await cloak(night, bob, owner, 8)
    question, _ = await undo(night, "Tick 1")
    lines = question.splitlines()
    assert lines[1] == "Tick 1 of Plane of Fear: 2 people, 20 points taken back."
    assert lines[2] == "Bob: 10 → 0; the open bid on Cloak of Flames stands"
    assert lines[3] == "Cara: 10 → 0"
    assert "You have **0** DKP." in said(await night.types(bob, "dkp balance"))
    await night.wait(200)
    assert await owner.fetchval("SELECT status FROM auction") in ("won", "no_bids", "cancelled")
    won = await owner.fetchval("SELECT count(*) FROM award")
    balance = await owner.fetchval("SELECT min(balance) FROM account")
    assert (won, balance) in ((1, -8), (0, 0)), "captured, or voided because the tick was what let him bid"
    assert await owner.fetchval("SELECT sum(held) FROM account") == 0


async def test_a_gift_taken_back_below_the_floor_is_told_first_and_the_bid_is_captured(
    night: Night, owner: asyncpg.Connection
):
    bob = night.join("Bob")
    await night.settle()
    await night.types(bob, "dkp balance")
    await night.types(night.officer, "dkp adjust", member="Bob", amount=50, reason="brought the cake")
    await night.types(night.officer, "dkp adjust", member="Bob", amount=5, reason="and the forks")
    await cloak(night, bob, owner, 30, minimum=30)
    question, answer = await undo(night, "+50")
    assert "Bob: 55 → 5; the open bid on Cloak of Flames stands" in question
    assert "30" not in question.split("Cloak")[0]
    assert "Undone: +50 of Bob" in answer
    await night.wait(200)
    assert await owner.fetchval("SELECT status FROM auction") == "won"
    assert await owner.fetchval("SELECT balance FROM account WHERE balance <> 0") == -25
    question, _ = await undo(night, "+5 ")
    assert "Bob: -25 → -30, below the floor of 0" in question
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []


async def test_an_undo_is_undone_and_reads_sensibly_everywhere(night: Night, owner: asyncpg.Connection):
    bob = night.join("Bob")
    await night.settle()
    await night.types(bob, "dkp balance")
    await night.types(night.officer, "dkp adjust", member="Bob", amount=50, reason="brought the cake")
    await undo(night, "+50")
    question, answer = await undo(night, "undo of +50 of Bob", reason="it was him")
    assert question.splitlines()[0].startswith("Undo this? **entry · undo of +50 of Bob by guildmaster")
    assert "Brought back: +50 of Bob (brought the cake). Bob has 50 now." in answer
    history = said(await night.types(bob, "dkp history"))
    assert "**+50** → 50 · brought back by guildmaster (“brought the cake”): it was him" in history
    assert "**+50** → 50 · adjustment by guildmaster: brought the cake, undone and brought back" in history
    audit = said(await night.types(night.officer, "audit search"))
    assert "brought back +50 of Bob (“brought the cake”), 0 → 50. Reason: it was him" in audit
    first = await owner.fetchval("SELECT min(entry_id) FROM ledger_entry")
    why = said(await night.types(bob, "dkp explain", entry=f"#{first}"))
    assert f"Undone by #{first + 1}" in why
    assert f"Brought back by #{first + 2}" in why


async def test_from_a_balance_to_a_cause_in_two_presses(night: Night, owner: asyncpg.Connection):
    bob, cara = await raiding(night, "Bob", "Cara")
    balance = await night.types(bob, "dkp balance")
    history = await night.presses(bob, balance.response, "History")
    entry = await owner.fetchval(
        "SELECT entry_id FROM ledger_entry JOIN member USING (guild_id, member_id) WHERE display_name = 'Bob'"
    )
    assert f"#{entry} <t:" in said(history)
    why = said(await bob.select(history.response, [str(entry)]))
    assert "Bob **+10** DKP" in why
    assert "Balance 0 → 10." in why
    assert "Tick 1 of **Plane of Fear**" in why
    assert "taken by guildmaster by command" in why
    assert "Evidence: checked in with the button." in why
    # A restart later the button under the balance still leads there.
    await night.restart()
    assert "Your DKP history" in said(await night.presses(bob, balance.response, "History"))
    assert await bob.autocomplete(night.channel, "dkp explain", "entry", "")
    assert await night.join("Zed").autocomplete(night.channel, "dkp explain", "entry", "") == []
    # Anybody may ask about what they can read.
    assert "Tick 1 of **Plane of Fear**" in said(await night.types(cara, "dkp explain", entry=str(entry)))


async def test_what_was_won_tells_the_winning_bid(night: Night, owner: asyncpg.Connection):
    bob, _ = await raiding(night, "Bob", "Cara")
    await cloak(night, bob, owner, 7)
    await night.wait(200)
    entry = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    why = said(await night.types(bob, "dkp explain", entry=str(entry)))
    assert "Auction of **Cloak of Flames** at Plane of Fear, ended <t:" in why
    assert "The winning price: 7, with a bid placed <t:" in why
    assert "1 bid by 1 person; the minimum was 1." in why


async def test_the_balance_over_time_is_a_picture_with_the_other_stretch_one_press_away(
    night: Night, owner: asyncpg.Connection
):
    bob, _ = await raiding(night, "Bob", "Cara")
    history = await night.types(bob, "dkp history")
    pressed = await night.presses(bob, history.response, "Chart")
    picture = next(part for part in (pressed.response, *pressed.followups) if part is not None and part.attachments)
    assert [file.filename for file in picture.attachments] == ["balance.png"]
    assert "[All time]" in text_of(picture.message)
    everything = await night.presses(bob, picture, "All time")
    assert "[Last 90 days]" in said(everything)


async def test_a_raid_is_undone_whole_with_its_loot_and_its_open_auctions(night: Night, owner: asyncpg.Connection):
    bob, cara = await raiding(night, "Bob", "Cara")
    await cloak(night, bob, owner, 7)
    await night.wait(200)
    await cloak(night, cara, owner, 3)
    question, answer = await undo(night, "raid and loot · Plane of Fear", reason="wrong evening")
    assert question.splitlines()[1:4] == [
        "Plane of Fear goes out of attendance; 1 tick, 20 points are taken back.",
        "1 open auction is cancelled, and the bidders told.",
        "1 award is undone: 7 points go back.",
    ]
    assert "Cara: 10 → 0; the open bid on Cloak of Flames stands" in question
    assert "1 award is undone: 7 points went back." in answer
    await night.settle()
    statuses = {row["status"] for row in await owner.fetch("SELECT status FROM auction")}
    assert statuses == {"won", "cancelled"}
    assert await owner.fetchval("SELECT count(*) FROM account WHERE balance <> 0 OR held <> 0") == 0


async def test_awards_undone_with_a_cancelled_raid_tell_of_the_officers_own(night: Night, owner: asyncpg.Connection):
    await raiding(night, "Bob")
    officer = night.officer
    await night.types(officer, "dkp adjust", member="guildmaster", amount=50, reason="for some bids")
    await night.types(officer, "raid add", members="guildmaster")
    await cloak(night, officer, owner, 7)
    await night.wait(200)
    asked = await night.types(officer, "raid cancel", reason="wrong evening")
    await night.presses(officer, asked.response, "Also undo 1 award (7 points)")
    told = [text_of(message) for message in night.channel.history() if "their own points" in text_of(message)]
    assert any("Undone: Cloak of Flames to guildmaster. 7 went back" in text for text in told)


async def test_what_reaches_thousands_is_previewed_in_pages_and_undone_in_one_go(
    night: Night, owner: asyncpg.Connection
):
    officer = night.officer
    await crowd(owner, 4000, guild_id=night.guild.id)
    asked = await night.types(officer, "dkp decay apply", percent=10.0)
    await night.presses(officer, asked.response, "Let it decay")
    [value] = [
        choice["value"]
        for choice in await officer.autocomplete(night.channel, "dkp undo", "what", "")
        if choice["value"].startswith("decay:")
    ]
    asked = await night.types(officer, "dkp undo", what=value, reason="far too much")
    assert len(said(asked).split("\n[")[0]) <= 2000
    assert "4,000 people: 40000 points given." in said(asked)
    assert "page 1 of" in said(asked)
    assert "page 2 of" in said(await night.presses(officer, asked.response, "Next"))
    done = said(await night.presses(officer, asked.response, "Undo it"))
    assert "Undone: decay, 10 % of DKP" in done
    assert await owner.fetchval("SELECT count(*) FROM account WHERE balance = 100") == 4000
