"""A raid night from the first minute to the last, as five people live it."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import asyncpg
import discord
import simcord

from tests.stories.conftest import Night, said, text_of

DUMP = (
    "1\tAnnabel\t60\tCleric\tRaid Leader\t\t\r\n"
    "1\tBertram\t60\tWarrior\t\t\t\r\n"
    "2\tCleopatra\t59\tShaman\t\t\t\r\n"
    "0\tDorabella\t60\tShadow Knight\t\t\t\r\n"
    "2\tStranger\t60\tWizard\t\t\t\r\n"
)


def board(channel: simcord.ChannelHandle, about: str) -> discord.Message:
    """The newest card of a channel that is about something: a raid's or an item's."""
    cards = [message for message in channel.history() if message.flags.components_v2]
    return [message for message in cards if about in text_of(message)][-1]


def everything(channel: simcord.ChannelHandle) -> str:
    return "\n".join(text_of(message) for message in channel.history())


async def test_a_raid_night_from_setup_to_the_officers_undo(night: Night, owner: asyncpg.Connection) -> None:
    # Setup: the server has its roles and channels; one press maps them.
    guild = night.guild
    officer_role, leader_role, member_role = (guild.create_role(n) for n in ("Officer", "Raid Leader", "Member"))
    raids, auctions = guild.create_text_channel("raids"), guild.create_text_channel("auctions")
    audit, voice = guild.create_text_channel("audit-log"), guild.create_voice_channel("Raid voice")
    olga = night.join("Olga", roles=[officer_role])
    anna = night.join("Anna", roles=[member_role, leader_role])
    bert, cleo, dora = (night.join(name, roles=[member_role]) for name in ("Bert", "Cleo", "Dora"))
    await night.settle()
    assert "[Set up]" in everything(night.channel)
    panel = await night.presses(night.officer, board(night.channel, "[Set up]"), "Set up")
    assert "member → @Member (4)" in said(panel)
    done = await night.presses(night.officer, panel.response, "Use what I recommend")
    assert "5 people changed group" in said(done)

    # Characters: typed, and later offered by the board.
    for who, name, plays in ((anna, "Annabel", "Cleric"), (bert, "Bertram", "Warrior"), (dora, "Dorabella", "Bard")):
        added = await night.types(who, "character add", name=name, character_class=plays, level=60)
        assert f"**{name}** is added as your main" in said(added)
    for who in ("Anna", "Bert", "Cleo"):
        paid = await night.types(olga, "dkp adjust", member=who, amount=100, reason="moved in with 100", at=audit)
        assert "100" in said(paid)

    # The raid starts; two check in, one sits on the bench, one without a character is offered to add it.
    await anna.join_voice(voice)
    started = await night.types(anna, "raid start", event="Plane of Fear", voice=voice, at=raids)
    assert "a tick is worth 10 DKP" in said(started)
    card = board(raids, "Plane of Fear")
    for who in (anna, bert):
        assert "You are checked in" in said(await night.presses(who, card, "Check in"))
    offered = await night.presses(cleo, card, "Check in")
    form = await night.presses(cleo, offered.response, "Add your character")
    await night.fills(cleo, form, name="Cleopatra", character_class="Shaman", level="59")
    assert "on standby" in said(await night.presses(cleo, card, "Standby"))
    assert "Standby · 1" in text_of(board(raids, "Plane of Fear"))

    # First tick: Anna by voice and press, Bert by press, Cleo half on the bench.
    tick = await night.types(anna, "raid tick", at=raids)
    assert "3 people, 1 of them on standby, 25 points" in said(tick)
    soon = await night.types(anna, "raid tick", at=raids)
    assert "tick 1 was taken" in said(soon).lower(), "a second tick within two minutes is asked about"
    assert await owner.fetchval("SELECT count(*) FROM tick") == 1

    # Dora comes 20 minutes late and only to voice; the second tick hears her.
    await night.wait(1200)
    await dora.join_voice(voice)
    late = await night.presses(dora, card, "Check in")
    assert "You are late" in said(late)
    tick = await night.types(anna, "raid tick", at=raids)
    assert "4 people, 1 of them on standby, 35 points" in said(tick)

    # A roster dump of that moment goes into tick 2 and pays nobody twice; the unknown name is listed.
    local = night.env.now().astimezone(ZoneInfo("America/New_York"))
    name = f"RaidRoster-{local:%Y%m%d-%H%M%S}.txt"
    preview = await night.types(anna, "raid import", file=(name, DUMP.encode()), at=raids)
    assert "Unknown: Stranger" in said(preview)
    into = next(label for label in said(preview).splitlines() if label.startswith("[Into tick 2"))
    await night.presses(anna, preview.response, into.strip("[]"))
    again = await night.types(anna, "raid import", file=(name, DUMP.encode()), at=raids)
    assert "imported before" in said(again)
    assert await owner.fetchval("SELECT count(*) FROM tick_credit") == 7
    assert await balances(owner) == {"Anna": 120, "Bert": 120, "Cleo": 110, "Dora": 10}

    # Three auctions at once.
    for item, minimum in (("Cloak of Flames", 1), ("Ring of Fire", 20), ("Orb of Frost", 5)):
        await night.types(anna, "auction start", item=item, minimum=minimum, at=raids)
    ring, orb = board(auctions, "Ring of Fire"), board(auctions, "Orb of Frost")

    # Bert wants to spend the same points twice: 80 are held on the cloak, so 50 on the ring is too much.
    sure = await night.types(bert, "auction bid", auction="Cloak of Flames", amount=80, at=auctions)
    assert "You lead **Cloak of Flames** at 80" in said(await night.presses(bert, sure.response, "Bid 80"))
    too_much = await night.types(bert, "auction bid", auction="Ring of Fire", amount=50, at=auctions)
    assert "You can spend 40 (120 minus 80 held on Cloak of Flames)" in said(too_much)
    assert await held(owner) == {"Bert": 80}

    # An outbid: Anna takes the cloak at 81; Bert's points are free again at that moment.
    stale = board(auctions, "Cloak of Flames")
    assert "[Bid 81]" in text_of(stale)
    await anna.click(stale, label="Bid 81")
    # Cleo presses the same button before the board is drawn anew: refused with the new price and a button for it.
    refused = await cleo.click(stale, label="Bid 81")
    assert "82" in said(refused)
    await night.settle()
    assert await held(owner) == {"Anna": 81}
    assert "Anna" in text_of(board(auctions, "Cloak of Flames"))

    # The ring: Cleo bids 20, Bert 30; an officer voids Bert's bid and Cleo stands again, re-held.
    await night.presses(cleo, ring, "Bid 20")
    await night.types(bert, "auction bid", auction="Ring of Fire", amount=30, at=auctions)
    assert await held(owner) == {"Anna": 81, "Bert": 30}
    void = await night.types(
        olga, "auction void", auction="Ring of Fire", member="Bert", reason="wrong item, he says", at=audit
    )
    assert "Cleo" in said(void)
    assert await held(owner) == {"Anna": 81, "Cleo": 20}

    # A snipe: ten seconds before its end Dora bids on the orb, and the end moves to 20 s after the bid.
    ends = await owner.fetchval("SELECT ends_at FROM auction WHERE item_name = 'Orb of Frost'")
    await night.wait((ends - night.env.now()).total_seconds() - 10)
    pressed_at = night.env.now()
    await night.presses(dora, orb, "Bid 5")
    moved = await owner.fetchval("SELECT ends_at FROM auction WHERE item_name = 'Orb of Frost'")
    assert (moved - pressed_at).total_seconds() == 20
    assert "extended once" in text_of(board(auctions, "Orb of Frost"))

    # In mid-auction the bot is restarted; the old button on the old message still works.
    await night.restart()
    kept = board(auctions, "Orb of Frost")
    assert kept.id == orb.id
    outbid = await night.presses(cleo, kept, "Bid 6")
    assert "You lead **Orb of Frost** at 6" in said(outbid)

    # Time runs out for all three; each is awarded once.
    await night.wait(60)
    shown = everything(auctions)
    assert "Won by **Anna (Annabel)** for **81**" in shown
    assert "Won by **Cleo (Cleopatra)** for **20**" in shown
    assert "Won by **Cleo (Cleopatra)** for **6**" in shown
    assert await owner.fetchval("SELECT count(*) FROM award") == 3
    assert await held(owner) == {}

    # The raid ends with one card; the standings add up to the cent.
    ended = said(await night.types(anna, "raid end", outcome="win", at=raids))
    assert "4 people · 2 ticks · 60 points paid" in ended
    for line in ("Cloak of Flames → Annabel, 81", "Ring of Fire → Cleopatra, 20", "Orb of Frost → Cleopatra, 6"):
        assert line in ended
        assert line in everything(raids), "the guild reads it too"
    standings = said(await night.types(bert, "dkp standings", at=raids))
    assert [line.split("**")[1] for line in standings.splitlines() if line.startswith("`")][:1] == ["Bert"]
    assert await balances(owner) == {"Anna": 39, "Bert": 120, "Cleo": 84, "Dora": 10}
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == Decimal("253.00")

    # The officer's undo: the ring was a mistake. First what follows, then it is done, once.
    choices = await olga.autocomplete(audit, "dkp undo", "what", "Ring")
    asked = await night.types(olga, "dkp undo", what=choices[0]["value"], reason="wrong winner", at=audit)
    assert "Cleo" in said(asked)
    assert "104" in said(asked)
    undone = await night.presses(olga, asked.response, "Undo it")
    assert "Ring of Fire" in said(undone)
    assert await balances(owner) == {"Anna": 39, "Bert": 120, "Cleo": 104, "Dora": 10}
    assert "undone" in text_of(board(auctions, "Ring of Fire"))
    trail = said(await night.types(olga, "audit search", at=audit))
    assert "Ring of Fire" in trail


async def balances(owner: asyncpg.Connection) -> dict[str, int]:
    rows = await owner.fetch(
        "SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id) WHERE balance <> 0"
    )
    return {row["display_name"]: int(row["balance"]) for row in rows}


async def held(owner: asyncpg.Connection) -> dict[str, int]:
    rows = await owner.fetch(
        "SELECT display_name, held FROM account JOIN member USING (guild_id, member_id) WHERE held <> 0"
    )
    return {row["display_name"]: int(row["held"]) for row in rows}
