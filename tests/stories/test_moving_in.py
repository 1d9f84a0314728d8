"""A guild moves in from EQdkp Plus, is found at home, moves on to another server; and a file that lies stays out."""

import asyncio
import importlib
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import simcord

from bot.kit.door import OneButton
from bot.stage import Actor
from cogs.dkp.service import ledger
from tests.eqdkp_export import make
from tests.stories.conftest import Night, said

OLD_SITE = """<response><eqdkp><name>Old Site</name><dkp_name>DKP</dkp_name></eqdkp>
<info><with_twink>1</with_twink><timestamp>1734443553</timestamp><total_players>4</total_players>
<total_items>2</total_items></info><players>
<player><id>1</id><name>Thorgrim</name><active>1</active><hidden>0</hidden><main_id>1</main_id>
<main_name>Thorgrim</main_name><class_name>Cleric</class_name><points><multidkp_points><multidkp_id>1</multidkp_id>
<points_current>120.5</points_current><points_earned>200.5</points_earned><points_spent>80</points_spent>
<points_adjustment>0</points_adjustment></multidkp_points></points><items><item><name>Cloak of Flames</name>
<value>80</value><itempool_id>1</itempool_id></item></items></player>
<player><id>2</id><name>Thorgit</name><active>1</active><hidden>0</hidden><main_id>1</main_id>
<main_name>Thorgrim</main_name><class_name>Rogue</class_name><points><multidkp_points><multidkp_id>1</multidkp_id>
<points_current>10</points_current><points_earned>10</points_earned><points_spent>0</points_spent>
<points_adjustment>0</points_adjustment></multidkp_points></points></player>
<player><id>3</id><name>Palaelean (SK)</name><active>1</active><hidden>0</hidden><main_id>3</main_id>
<main_name>Palaelean (SK)</main_name><class_name>Shadow Knight</class_name><points><multidkp_points>
<multidkp_id>1</multidkp_id><points_current>-5</points_current><points_earned>0</points_earned>
<points_spent>-5</points_spent><points_adjustment>-10</points_adjustment></multidkp_points></points>
<items><item><name>Bloodstained Key</name><value>-5</value><itempool_id>1</itempool_id></item></items>
<adjustments><adjustment><reason>Bad Touch</reason><value>-10</value><timestamp>1505755219</timestamp>
<event_id>6</event_id></adjustment></adjustments></player>
<player><id>4</id><name>Oldtimer</name><active>0</active><hidden>0</hidden><main_id>4</main_id>
<main_name>Oldtimer</main_name><class_name>Monk</class_name><points><multidkp_points><multidkp_id>1</multidkp_id>
<points_current>900</points_current><points_earned>900</points_earned><points_spent>0</points_spent>
<points_adjustment>0</points_adjustment></multidkp_points></points></player>
</players></response>"""


async def bring(night: Night, data: bytes | str, name: str = "points.xml", **more: object) -> simcord.InteractionResult:
    raw = data.encode() if isinstance(data, str) else data
    return await night.types(night.officer, "dkp import", file=(name, raw), **more)


async def take(night: Night, asked: simcord.InteractionResult) -> str:
    """Press **Import it** on the question, which comes last."""
    return said(await night.presses(night.officer, [asked.response, *asked.followups][-1], "Import it"))


async def test_a_guild_moves_in_and_is_at_home(night: Night, owner: asyncpg.Connection):
    asked = await bring(night, OLD_SITE)
    words = said(asked)
    assert "is an EQdkp Plus points export" in words
    assert "recognised by itself" in words
    assert "3 people, 4 new characters. 3 will wait without a Discord account" in words
    assert "**DKP**: 1025.5 (1110.5 earned − 75 spent − 10 other)" in words
    assert "Palaelean (SK) (a space and brackets) is kept as it is" in words.replace("\\", "")
    assert "DKP has whole points now; the file needs 1" in words
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 0, "looking changes nothing"

    done = await take(night, asked)
    assert (
        "Imported points.xml: 3 people, 6 entries, 2 items, 0 raids. The totals are the file’s: **DKP** 1025.5" in done
    )
    assert await owner.fetchval("SELECT sum(balance) FROM account") == Decimal("1025.5")
    standings = said(await night.types(night.officer, "dkp standings"))
    assert re.search(r"  1` \*\*Thorgrim\*\* · Thorgrim, Cleric · \*\*130\.5\*\*", standings)
    assert "Oldtimer" not in standings, "inactive on the old site, so not in standings"
    assert "Oldtimer" in said(await night.types(night.officer, "dkp standings", everyone=True))
    alt = said(await night.types(night.officer, "dkp balance", member="thorgit"))
    assert "Thorgrim has **130.5** DKP" in alt, "an alt is found by name and stands for its main"

    again = said(await bring(night, OLD_SITE))
    assert "This file was imported" in again
    assert "by guildmaster" in again

    await night.types(night.officer, "raid start", event="Plane of Fear")
    dump = b"1\tThorgit\t60\tRogue\t\t\t\r\n1\tOldtimer\t60\tMonk\t\t\t\r\n"
    shown = await night.types(night.officer, "raid import", file=("RaidRoster-20260101-000000.txt", dump))
    pressed = await night.presses(night.officer, shown.response, custom_id=None, label=first_button(shown))
    assert pressed is not None
    credited = await owner.fetch(
        "SELECT display_name FROM tick_credit JOIN member USING (guild_id, member_id) ORDER BY 1"
    )
    assert [row["display_name"] for row in credited] == ["Oldtimer", "Thorgrim"]
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []
    audit = said(await night.types(night.officer, "audit search"))
    assert "imported an EQdkp Plus points export (import 1): 3 people, 6 entries, 1025.5 DKP" in audit


def first_button(shown: simcord.InteractionResult) -> str:
    """The preselected way of the preview."""
    return re.findall(r"\[([^\]]+)\]", said(shown))[0]


async def test_a_whole_import_is_undone_after_a_look_and_may_come_again(night: Night, owner: asyncpg.Connection):
    await take(night, await bring(night, OLD_SITE))
    await night.types(night.officer, "dkp adjust", member="Palaelean (SK)", amount=7.0, reason="brought the cake")
    choices = await night.officer.autocomplete(night.channel, "dkp undo", "what", "")
    [value] = [choice["value"] for choice in choices if "points.xml" in choice["name"]]
    asked = await night.types(night.officer, "dkp undo", what=value, reason="the wrong file")
    words = said(asked)
    assert "6 entries are reversed (-1025.5 DKP)" in words
    assert "People it brought and who did nothing since are gone, with their characters: 2." in words
    assert "1 person earned, spent, bid or were linked since and go on:" in words
    assert "Palaelean \\(SK\\): 2 → 7" in words or "Palaelean (SK): 2 → 7" in words
    done = said(await night.presses(night.officer, asked.response, "Undo it"))
    assert "6 entries were reversed and 2 people are gone" in done
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 7
    assert "undid import 1" in said(await night.types(night.officer, "audit search"))

    again = await bring(night, OLD_SITE)
    assert "Palaelean" in said(again)
    assert "is here already" in said(again)
    assert "3 people, 1 of them here already" in await take(night, again)
    assert await owner.fetchval("SELECT sum(balance) FROM account") == Decimal("1032.5")
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []


async def test_a_file_that_lies_is_refused_with_its_rows(night: Night, owner: asyncpg.Connection):
    lying = OLD_SITE.replace("<points_current>120.5<", "<points_current>125.5<")
    words = said(await bring(night, lying))
    assert "does not add up, so nothing was imported: 1 row does not fit" in words
    assert "player 1 (Thorgrim), pool 1: 200.5 earned − 80 spent + 0 adjustment is 120.5, and current is 125.5" in words
    assert await owner.fetchval("SELECT count(*) FROM data_import") == 0


async def test_four_thousand_players_move_in_with_progress(night: Night, owner: asyncpg.Connection):
    made = make()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.xml", made.xml)
    asked = await bring(night, packed.getvalue(), "points.zip")
    assert "Everything odd about the file" in said(asked)
    done = await take(night, asked)
    assert f"{made.people:,} people" in done
    row = await owner.fetchrow("SELECT sum(balance), sum(earned), sum(spent), sum(adjusted) FROM account")
    assert row is not None
    assert tuple(row) == (made.balance, made.earned, made.spent, made.adjusted)
    edits = [request for request in night.env.http_requests if "ledger" in str(request.json).lower()]
    assert edits, "how far it is was shown meanwhile"


async def test_an_import_can_be_stopped_before_it_stands(
    night: Night, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """SimCord lets one press run at a time: the second, on **Stop it**, happens from within the first."""
    presses: list[Any] = []
    answers: list[str] = []
    # As this bot has them: one that closed before has unloaded the slices that were imported above.
    views, progress = (importlib.import_module(f"cogs.moving.{name}") for name in ("views", "service.progress"))

    class Pressed(OneButton):
        def __init__(self, label: str, then: Any) -> None:
            super().__init__(label, then)
            assert label == "Stop it"
            presses.append(then)

    class Whoever:
        async def say(self, text: str) -> None:
            answers.append(text)

    class Slow(progress.Progress):
        async def at(self, phase: str, done: int, total: int) -> None:
            if phase == "Ledger":
                await asyncio.sleep(0.05)
                await presses[0](Whoever())
            await super().at(phase, done, total)

    monkeypatch.setattr(views, "OneButton", Pressed)
    monkeypatch.setattr(views, "Progress", Slow)
    stopped = await take(night, await bring(night, OLD_SITE))
    assert "Stopped: nothing was imported." in stopped
    assert answers == ["Stopping …"]
    for table in ("data_import", "ledger_entry", "account", "character"):
        assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    monkeypatch.undo()
    assert "Imported points.xml" in await take(night, await bring(night, OLD_SITE)), "and the next one is a new one"


async def test_an_export_is_a_file_for_officers_and_moves_into_another_server(night: Night, owner: asyncpg.Connection):
    await take(night, await bring(night, OLD_SITE))
    exported = await night.types(night.officer, "dkp export", format="json")
    assert "6 entries" in said(exported)
    file = await attached(exported)
    other = night.env.create_guild("Second Home", owner=night.owner_user)
    channel = other.create_text_channel("general")
    there = other.add_member(night.owner_user)
    await night.settle()
    asked = await there.slash(channel, "dkp import", file=("quartermaster.zip", file))
    assert "is a Quartermaster export" in said(asked)
    await night.settle()
    done = said(await there.click([asked.response, *asked.followups][-1], label="Import it"))
    assert "The totals are the file’s: **DKP** 1025.5" in done
    sums = await owner.fetch("SELECT guild_id, sum(balance) AS total FROM account GROUP BY guild_id")
    assert {row["total"] for row in sums} == {Decimal("1025.5")}
    assert len(sums) == 2

    bob = night.join("Bob")
    await night.settle()
    refused = said(await night.types(bob, "dkp export"))
    assert "Only" in refused or "officer" in refused


async def attached(result: simcord.InteractionResult) -> bytes:
    parts = [part.message for part in (result.response, *result.followups) if part is not None]
    [attachment] = [one for message in parts for one in message.attachments]
    return await attachment.read()
