"""Names nobody knew, sorted out in the private panel after an import: near names, somebody else, new, ignored."""

import asyncpg
import discord
import pytest

from tests.stories.conftest import Night, said, text_of


def last(result) -> discord.Message:
    return (result.followups[-1] if result.followups else result.response).message


async def take_in(night: Night, text: str):
    asked = await night.types(night.officer, "raid import", text=text)
    return await night.presses(night.officer, asked.response, f"New tick at {night.clock.now():%H:%M}")


@pytest.fixture
async def raid(night: Night) -> Night:
    """A raid, and Anna who plays Thalia."""
    anna = night.join("Anna")
    night.join("Bert")
    await night.settle()
    await night.types(anna, "character add", name="Thalia", character_class="Bard", level=60)
    await night.types(night.officer, "raid start", event="Plane of Fear")
    await night.wait(600)
    return night


async def press(night: Night, panel, label: str):
    return await night.presses(night.officer, last(panel), label)


async def test_a_near_name_is_an_alt_by_one_press(raid: Night, owner: asyncpg.Connection):
    night = raid
    done = await take_in(night, "Bert, Thaliaa")
    assert "[Sort out 1 name]" in said(done)
    panel = await press(night, done, "Sort out 1 name")
    shown = said(panel)
    assert "**Names nobody knew at Plane of Fear** · 1 of 1" in shown
    assert "**Thaliaa** · seen" in shown
    assert "An alt of Anna (Thalia): credits 1 tick, 10 points." in shown
    assert "A new person: credits 1 tick, 10 points." in shown
    assert await owner.fetchval("SELECT count(*) FROM tick_credit") == 1, "shown first, then done"
    after = said(await press(night, panel, "It is an alt of Anna (Thalia)"))
    assert after.startswith("Thaliaa is an alt of Anna now: 1 tick credited, 10 points.")
    assert "Nothing waits any more." in after
    credit = await owner.fetchrow("SELECT line, raid_import_id, evidence FROM tick_credit ORDER BY entry_id DESC")
    assert (credit["line"], credit["evidence"]) == ("Thaliaa", "dump")
    assert credit["raid_import_id"] is not None
    assert "found out that Thaliaa is Anna" in said(await night.types(night.officer, "audit search"))
    again = await take_in(night, "Bert, Thaliaa, Anna")
    assert "Sort out" not in said(again)


async def test_somebody_else_is_named_and_shown_before_it_is_done(raid: Night, owner: asyncpg.Connection):
    night = raid
    panel = await press(night, await take_in(night, "Xyzzy"), "Sort out 1 name")
    form = await press(night, panel, "Somebody else…")
    nobody = await night.fills(night.officer, form, person="nobody at all")
    assert "Nobody here by that name." in said(nobody)
    form = await press(night, panel, "Somebody else…")
    shown = await night.fills(night.officer, form, person="bert")
    assert "An alt of Bert: credits 1 tick, 10 points." in text_of(last(shown))
    assert await owner.fetchval("SELECT count(*) FROM tick_credit") == 0
    after = said(await press(night, shown, "It is an alt of Bert"))
    assert "Xyzzy is the main of Bert now: 1 tick credited, 10 points." in after


async def test_new_people_ignored_names_and_a_walk_through_all(raid: Night, owner: asyncpg.Connection):
    night = raid
    done = await take_in(night, "Aardvark, Brontes, Cyclops")
    await night.restart()
    panel = await press(night, done, "Sort out 3 names")
    assert "**Aardvark**" in said(panel)
    assert "1 of 3" in said(panel)
    panel = await press(night, panel, "Next")
    assert "**Brontes**" in text_of(last(panel))
    panel = await press(night, panel, "Ignore")
    assert text_of(last(panel)).startswith("Brontes is ignored.")
    assert "**Cyclops**" in text_of(last(panel))
    panel = await press(night, panel, "New person")
    assert "Cyclops is a new person here now: 1 tick credited, 10 points." in text_of(last(panel))
    assert "**Aardvark**" in text_of(last(panel))
    new = await owner.fetchrow("SELECT * FROM member WHERE display_name = 'Cyclops'")
    assert (new["discord_user_id"], new["role_group"]) == (None, "member")
    assert await owner.fetchval("SELECT balance FROM account WHERE member_id = $1", new["member_id"]) == 10
    assert "Cyclops" in said(await night.types(night.officer, "dkp standings"))
    panel = await press(night, panel, "Bring back 1 ignored")
    assert text_of(last(panel)).startswith("Brontes waits again.")
    assert "1 of 2" in text_of(last(panel))
    panel = await press(night, panel, "Next")
    panel = await press(night, panel, "Ignore")
    status = {row["name"]: row["status"] for row in await owner.fetch("SELECT name, status FROM unknown_name")}
    assert status == {"Aardvark": "open", "Brontes": "ignored", "Cyclops": "created"}


async def test_a_character_its_player_added_since_is_credited_by_one_press_from_lead(raid: Night):
    night = raid
    cleo = night.join("Cleo")
    await night.settle()
    await take_in(night, "Zonk, Quux")
    await night.types(cleo, "character add", name="Zonk")
    [board] = [m for m in night.channel.history() if "[Check in]" in text_of(m)]
    lead = await night.presses(night.officer, board, "Lead…")
    panel = await press(night, lead, "Sort out 2 names")
    assert "Known by now: Zonk." in said(panel)
    assert "**Quux**" in said(panel)
    after = text_of(last(await press(night, panel, "Credit 1 name known now")))
    assert after.startswith("1 name known now: 1 tick credited, 10 points.")
    assert "**10**" in said(await night.types(cleo, "dkp balance"))


async def test_another_leader_was_first(raid: Night):
    night = raid
    done = await take_in(night, "Thaliaa")
    mine, theirs = await press(night, done, "Sort out 1 name"), await press(night, done, "Sort out 1 name")
    await press(night, mine, "Ignore")
    after = text_of(last(await press(night, theirs, "It is an alt of Anna (Thalia)")))
    assert after.startswith("Thaliaa was sorted out meanwhile: it is ignored.")
