"""Pools with start, cap and floor lived through an evening; many adjusted at once; transfers; rights of roles; help."""

import re
from typing import Any

import asyncpg
import pytest
import simcord
from simcord.builders import ChannelHandle

from tests.stories.conftest import Night, said, text_of
from tests.stories.test_evening import board, everything


class Guild:
    """A guild whose officer and member roles are mapped."""

    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        self.night, self.owner = night, owner
        self.officers, self.members = night.guild.create_role("Officer"), night.guild.create_role("Member")
        self.looters = night.guild.create_role("Loot masters")
        self.olga = night.join("Olga", roles=[self.officers])
        self.anna, self.bert, self.cleo = (night.join(n, roles=[self.members]) for n in ("Anna", "Bert", "Cleo"))

    async def open(self) -> "Guild":
        await self.night.settle()
        mapping = {"officer": self.officers, "member": self.members}
        asked = await self.night.types(self.night.officer, "settings roles", **mapping)
        await self.night.presses(self.night.officer, asked.response, "Map and adopt")
        return self

    async def types(self, who: simcord.MemberActor, command: str, /, **options: Any) -> str:
        return said(await self.night.types(who, command, **options))

    async def balances(self, pool: str = "DKP") -> dict[str, int]:
        rows = await self.owner.fetch(
            """SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id)
               JOIN pool USING (guild_id, pool_id) WHERE pool.name = $1 AND balance <> 0""",
            pool,
        )
        return {row["display_name"]: int(row["balance"]) for row in rows}


@pytest.fixture
async def guild(night: Night, owner: asyncpg.Connection) -> Guild:
    return await Guild(night, owner).open()


# --- pools ----------------------------------------------------------------------------------------------------------


async def test_a_pool_with_start_cap_and_floor_through_an_evening(guild: Guild) -> None:
    night, olga, anna, bert = guild.night, guild.olga, guild.anna, guild.bert
    made = await guild.types(
        olga, "pool create", name="Alts", start=30, start_on="first_raid", floor=-20, cap=50, transfers=True
    )
    assert "Alts is there." in made
    assert "new people start with 30 with their first tick in it; bids down to -20 (debt is allowed)" in made
    assert "nobody earns above 50" in made
    offered = await olga.autocomplete(night.channel, "raid start", "pool", "")
    alts = next(choice["value"] for choice in offered if choice["name"] == "Alts")

    assert "10 Alts" in await guild.types(olga, "raid start", event="Alt night", pool=alts)
    for who in (anna, bert):
        await night.presses(who, board(night.channel, "Alt night"), "Check in")
    assert "2 people, 20 points" in await guild.types(olga, "raid tick")
    assert await guild.balances("Alts") == {"Anna": 40, "Bert": 40}
    history = await guild.types(anna, "dkp history", pool="Alts")
    assert "**+10** → 40 · for being there: Alt night, tick 1" in history
    assert "**+30** → 30 · start points: start points" in history
    assert "In other pools: **40** Alts." in await guild.types(anna, "dkp balance")
    await night.wait(180)
    await guild.types(olga, "raid tick")
    await night.wait(180)
    assert "0 points (20 above the cap were cut)" in await guild.types(olga, "raid tick")
    assert await guild.balances("Alts") == {"Anna": 50, "Bert": 50}
    assert await guild.owner.fetchval("SELECT count(*) FROM tick_credit") == 6, "it still counts as attendance"

    # Debt is allowed down to the floor, and what is held cannot be given away.
    await guild.types(olga, "auction start", item="Cloak of Flames", minimum=60)
    assert "You lead **Cloak of Flames** at 60" in await guild.types(
        anna, "auction bid", auction="Cloak of Flames", amount=60
    )
    assert "You can give 10 (50 minus 60 held on Cloak of Flames with the floor at -20), not 20" in await guild.types(
        anna, "dkp transfer", to="Bert", amount=20, pool="Alts"
    )
    assert "Bert has 50 and may have 50 at most: nothing more fits." in await guild.types(
        anna, "dkp transfer", to="Bert", amount=5, pool="Alts"
    )
    assert "Gave Cleo 10 Alts. You can spend 0 now." in await guild.types(
        anna, "dkp transfer", to="Cleo", amount=10, pool="Alts"
    )
    await night.wait(240)
    assert await guild.balances("Alts") == {"Anna": -20, "Bert": 50, "Cleo": 10}

    # Archived once nothing runs in it, looked at, brought back.
    assert "Alt night runs in Alts: end the raid first." in await guild.types(olga, "pool archive", pool="Alts")
    await guild.types(olga, "raid end")
    asked = await night.types(olga, "pool archive", pool="Alts")
    assert "everybody's history stays readable" in said(asked)
    assert "Alts is archived" in said(await night.presses(olga, asked.response, "Archive it"))
    assert "**Alts** (archived): whole points" in await guild.types(anna, "pool list")
    assert "You have **-20** Alts (archived)." in await guild.types(anna, "dkp balance", pool="Alts")
    assert await olga.autocomplete(night.channel, "raid start", "pool", "alts") == []
    assert "Alts is archived: it can be looked at" in await guild.types(olga, "raid start", event="X", pool="Alts")
    assert "10 DKP" in await guild.types(olga, "raid start", event="Alt night"), "the event falls back to the default"
    assert "was archived and is back" in await guild.types(olga, "pool create", name="alts")
    for action, sentence in {
        "pools: created": "made the pool Alts",
        "pools: archived": "archived the pool Alts",
        "pools: brought back": "brought the archived pool Alts back",
    }.items():
        assert f"**Olga** {sentence}." in await guild.types(olga, "audit search", action=action)


async def test_a_member_looks_at_pools_and_changes_none(guild: Guild) -> None:
    assert "**DKP** (the default)" in await guild.types(guild.anna, "pool list")
    assert "Only officers may change pools" in await guild.types(guild.anna, "pool create", name="Mine")
    assert "Only officers may change pools" in await guild.types(guild.anna, "pool edit", pool="DKP", cap=5)
    assert "Only officers may change pools" in await guild.types(guild.anna, "pool archive", pool="DKP")
    assert list(await guild.anna.autocomplete(guild.night.channel, "pool edit", "pool", "")) == []


async def test_an_edit_says_what_the_pool_is_now_and_the_audit_what_it_was(guild: Guild) -> None:
    edited = await guild.types(guild.olga, "pool edit", pool="dkp", name="Main", cap=100, start=20, transfers=True)
    assert edited.splitlines()[0] == "Main is changed."
    assert "**Main** (the default): whole points; a tick gives 10; new people start with 20" in edited
    assert "nobody who is a member already gets them" in edited
    audit = await guild.types(guild.olga, "audit search")
    assert "**Olga** changed the pool DKP: name DKP → Main, start 0 → 20, cap none → 100, transfers no → yes" in audit
    await guild.night.join("Dora", roles=[guild.members]).slash(guild.night.channel, "help")
    await guild.night.settle()
    assert await guild.balances("Main") == {"Dora": 20}


# --- many at once ---------------------------------------------------------------------------------------------------


async def test_many_are_adjusted_by_a_role_and_pasted_names_after_a_preview(guild: Guild) -> None:
    night, olga = guild.night, guild.olga
    asked = await night.types(olga, "dkp adjust-many", amount=20, reason="a good night", role=guild.members)
    await night.presses(olga, asked.response, "Do it")
    assert said(asked).splitlines()[0] == ("Give 20 DKP each to 3 people (adjustment)? 60 in all. Reason: a good night")
    assert "Anna: 0 → 20" in said(asked)
    assert await guild.balances() == {"Anna": 20, "Bert": 20, "Cleo": 20}

    # A name leads to nobody: nothing is posted until it is gone or left out.
    pasted = f"{guild.anna.mention}, bert Bertt\nOlga"
    asked = await night.types(olga, "dkp adjust-many", amount=-30, reason="broke the vase", members=pasted)
    assert "Nothing is posted yet: 1 name leads to nobody here." in said(asked)
    assert "- Bertt: did you mean Bert?" in said(asked)
    shown = await night.presses(olga, asked.response, "Leave them out, go on with 3")
    words = said(shown)
    assert "Take 30 DKP each from 3 people (adjustment)? 90 in all." in words
    assert "3 of them end below the floor of 0." in words
    assert "Anna: 20 → -10, below the floor of 0" in words
    assert await guild.balances() == {"Anna": 20, "Bert": 20, "Cleo": 20}
    done = await night.presses(olga, shown.followups[-1] if shown.followups else shown.response, "Do it")
    assert "Took 30 DKP each from 3 people (adjustment): 90 in all." in said(done)
    assert await guild.balances() == {"Anna": -10, "Bert": -10, "Cleo": 20, "Olga": -30}
    assert await guild.owner.fetchval("SELECT count(*) FROM batch") == 2
    assert "Olga adjusted the points of several people, their own among them." in everything(night.channel)
    offered = await olga.autocomplete(night.channel, "dkp adjust", "reason", "")
    assert [choice["name"] for choice in offered] == ["broke the vase", "a good night"]
    assert "**Olga** took 30 DKP each from 3 people" in await guild.types(olga, "audit search")


async def test_a_long_preview_pages_and_cancelling_changes_nothing(guild: Guild) -> None:
    night = guild.night
    for number in range(40):
        night.join(f"Raider {number:02}", roles=[guild.members])
    await night.settle()
    asked = await night.types(guild.olga, "dkp adjust-many", amount=5, reason="for all", role=guild.members)
    assert "to 43 people" in said(asked)
    assert "page 1 of 3" in said(asked)
    turned = await night.presses(guild.olga, asked.response, "Next")
    assert "page 2 of 3" in text_of(turned.response.message if turned.response else asked.response.message)
    await night.presses(guild.olga, asked.response, "Cancel")
    assert await guild.balances() == {}
    assert "Only officers may adjust points" in await guild.types(
        guild.anna, "dkp adjust-many", amount=5, reason="for me", members="Anna"
    )
    assert "Say who: a role, names, or both." in await guild.types(
        guild.olga, "dkp adjust-many", amount=5, reason="for whom"
    )
    bots = night.guild.create_role("Bots")
    assert "Nobody holds that role." in await guild.types(
        guild.olga, "dkp adjust-many", amount=5, reason="for bots", role=bots
    )


# --- transfers ------------------------------------------------------------------------------------------------------


async def test_a_transfer_is_off_until_allowed_and_then_told_to_who_receives(guild: Guild) -> None:
    night, anna, bert = guild.night, guild.anna, guild.bert
    await guild.types(guild.olga, "dkp adjust", member="Anna", amount=100, reason="moved in")
    assert "Members do not give each other DKP" in await guild.types(anna, "dkp transfer", to="Bert", amount=5)
    await guild.types(guild.olga, "pool edit", pool="DKP", transfers=True)
    assert await guild.types(anna, "dkp transfer", to="bert", amount=30, reason="for the flask") == (
        "Gave Bert 30 DKP. You can spend 70 now."
    )
    letters = [text_of(message) for message in await dms(night, bert)]
    assert letters == ["Anna gave you 30 DKP. “for the flask” You have 30 now."]
    assert "**-30** → 70 · transfer: to Bert (for the flask)" in await guild.types(anna, "dkp history")
    assert "Those are yours already" in await guild.types(anna, "dkp transfer", to="Anna", amount=5)
    assert "**Anna** gave Bert 30 DKP" in await guild.types(guild.olga, "audit search")


async def dms(night: Night, who: simcord.MemberActor) -> list[Any]:
    """What the bot wrote to somebody alone."""
    return ChannelHandle(night.env, None, night.env.backend.get_dm_channel(who.id)).history()


# --- rights of roles ------------------------------------------------------------------------------------------------


async def test_a_role_is_allowed_to_lead_raids_and_its_holder_starts_one(guild: Guild) -> None:
    night, boss, anna = guild.night, night_owner(guild), guild.anna
    refused = "Only officers and raid leaders may lead raids"
    assert refused in await guild.types(anna, "raid start", event="Plane of Fear")
    offered = await boss.autocomplete(night.channel, "settings permissions", "capability", "lead")
    assert offered[0] == {"name": "lead raids", "value": "raids.manage"} | {
        key: value for key, value in offered[0].items() if key not in ("name", "value")
    }
    grant = {"capability": "raids.manage", "to": guild.looters, "allow": True}
    assert await guild.types(boss, "settings permissions", **grant) == "Who holds @Loot masters may lead raids now."
    assert refused in await guild.types(anna, "raid start", event="Plane of Fear")
    dora = night.join("Dora", roles=[guild.members, guild.looters])
    await night.settle()
    assert "a tick is worth 10 DKP" in await guild.types(dora, "raid start", event="Plane of Fear")
    assert "**@Loot masters** may lead raids" in await every_page(guild, guild.olga, "settings show")
    taken = await guild.types(boss, "settings permissions", **(grant | {"allow": False}))
    assert taken == "@Loot masters is no longer allowed to lead raids."
    assert refused in await guild.types(dora, "raid start", event="Plane of Air")
    everyone = night.guild.default_role
    assert "is not for @\u200beveryone" in await guild.types(
        boss, "settings permissions", capability="bid", to=everyone, allow=True
    )
    anyway = await guild.types(boss, "settings permissions", capability="bid", to=guild.members, allow=False)
    assert anyway == "@Member was not given that. Who holds it may all the same, as members."
    assert "Only people who may Manage Server" in await guild.types(guild.olga, "settings permissions", **grant)
    audit = await guild.types(guild.olga, "audit search")
    assert f"allowed <@&{guild.looters.id}> to lead raids" in audit
    assert f"took back that <@&{guild.looters.id}> may lead raids" in audit


def night_owner(guild: Guild) -> simcord.MemberActor:
    return guild.night.officer


async def every_page(guild: Guild, who: simcord.MemberActor, command: str) -> str:
    result = await guild.night.types(who, command)
    words = [said(result)]
    pages = int(re.findall(r"page 1 of (\d+)", words[0])[0])
    for _ in range(pages - 1):
        words.append(said(await guild.night.presses(who, result.response, "Next")))
    return "\n".join(words)


async def test_settings_of_raids_and_auctions_are_read_back(guild: Guild) -> None:
    olga = guild.olga
    changed = await guild.types(olga, "settings raids", points=12, on_time="20m", every="30m", count="ticks")
    assert "**Points a tick** is 12 now." in changed
    assert "**Automatic ticks every** is 30m now." in changed
    changed = await guild.types(olga, "settings auctions", duration="5m", minimum=10, snipe_window="off")
    assert "**Auction duration** is 5m now." in changed
    shown = await every_page(guild, olga, "settings show")
    for line in (
        "**Points a tick**: 12",
        "**On time**: until 20m",
        "**Automatic ticks**: every 30m",
        "**Attendance**: counts ticks",
        "**Duration**: 5m",
        "**Minimum and increment**: 10 and 1",
        "**Late bids**: give no time",
        "No role was given more than its group has.",
    ):
        assert line in shown
    assert "Name at least one thing to change." in await guild.types(olga, "settings raids")
    assert "15m to 2h" in await guild.types(olga, "settings raids", every="5m")
    audit = await guild.types(olga, "audit search", action="settings: changed")
    assert "**Olga** set points a tick to 12, before 10" in audit


# --- help -----------------------------------------------------------------------------------------------------------


async def test_help_shows_what_somebody_may_do_and_how(guild: Guild) -> None:
    night, anna = guild.night, guild.anna
    shown = await guild.types(anna, "help")
    assert "- bid on an item: `/auction bid`" in shown
    assert "undo" not in shown
    topic = await guild.types(anna, "help", topic="bid on an item")
    assert topic.splitlines()[0] == "**I want to bid on an item**"
    assert "- `/auction list`: " in topic
    assert "Only officers may undo" in await guild.types(anna, "help", topic="dkp undo")
    assert "I have no help by that name" in await guild.types(anna, "help", topic="zzz")
    offered = await anna.autocomplete(night.channel, "help", "topic", "poin")
    assert "see points" in [choice["name"] for choice in offered]
    assert "**I want to undo what went wrong**" in await guild.types(guild.olga, "help", topic="undo")
    guest = night.join("Gus")
    await night.settle()
    assert "find out how something works" in await guild.types(guest, "help")
