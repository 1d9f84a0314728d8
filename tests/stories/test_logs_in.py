"""A leader uploads the evening's log: which lists were ticks, what they pay, the loot; and nobody's tells are told."""

import io
import logging
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import aiohttp
import asyncpg
import discord
import pytest

from bot.kit.text import safe
from cogs.raids.dumps import Reading, UnreadLine
from cogs.raids.service.imports import MomentsOffered, MomentsPreview, Outcome
from cogs.raids.service.imports.previews import About, MomentLine
from cogs.raids.service.roster import Unknown
from cogs.raids.views.moments import offered_in_words, preview_in_words
from tests.rules.test_dumps.evening import CHAT, SECRETS, seen, stamped, who
from tests.stories.conftest import Night, said
from tests.stories.test_raid_doors import balance, begin, board, last, options, words

LOG = "eqlog_Anna_xegony.txt"
PEOPLE = ("anna", "bert", "carl")


def zipped(name: str, text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return made.getvalue()


def log_of(begins: datetime) -> str:
    """A year of other evenings, then this one: three lists, calls, loot, and what people said to each other."""
    other = "".join(
        stamped(begins - timedelta(days=day), *CHAT, "a turtle hits YOU for 12 points of damage.") for day in range(365)
    )
    lists = "".join(
        stamped(begins + timedelta(minutes=30 * n - 1), *CHAT)
        + who(begins + timedelta(minutes=30 * n), *seen(*PEOPLE[: 3 - n], "Zed"))
        + stamped(begins + timedelta(minutes=30 * n + 1), f"Zed tells the raid,  ':::Attendance:::Call {n + 1}:::'")
        for n in range(3)
    )
    loot = stamped(
        begins + timedelta(minutes=70),
        "You tell your raid, ':::Crystalline Spear::: bert 15 DKPSPENT'",
        "Zed tells the raid,  '::;Golden Coffer::anna 3 DKPSPENT'",
        "Zed tells the raid,  '::: Robe of Primal Force ::: ROT'",
        "--bert has looted a Crystalline Spear.--",
        *CHAT,
    )
    return other + lists + loot


async def secrets_in_tables(owner: asyncpg.Connection) -> list[str]:
    found = []
    for table in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for row in await owner.fetch(f"SELECT to_jsonb(t)::text AS text FROM {table['tablename']} t"):
            found += [f"{table['tablename']}: {secret}" for secret in SECRETS if secret in row["text"]]
    return found


async def test_a_zipped_log_becomes_two_of_its_three_ticks_and_the_loot(
    night: Night, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    lead = night.officer
    for name in PEOPLE:
        night.join(name)
    await begin(night)
    begins = night.clock.now().replace(tzinfo=None) + timedelta(minutes=10)
    await night.wait(100 * 60)
    await night.types(lead, "raid end")
    file = ("evening.zip", zipped(LOG, log_of(begins)))

    # The other leader's roster file of the second tick is in already: carl was missing from it.
    roster = "".join(f"1\t{name}\t60\tBard\t\t\t\r\n" for name in ("anna", "bert")).encode()
    at = begins + timedelta(minutes=33)
    asked = await night.types(lead, "raid import", file=(f"RaidRoster-{at:%Y%m%d-%H%M%S}.txt", roster))
    await night.presses(lead, asked.response, f"New tick at {at:%H:%M}")

    offered = await night.types(lead, "raid import", file=file)
    text = said(offered)
    assert text.startswith(f"**{LOG.replace('_', chr(92) + '_')}** · 3 lists of people")
    assert "of other days left out" in text
    assert "Loot: 4 lines, shown after the ticks." in text
    labels = [option.label for option in last(offered).components[0].children[0].options]
    assert labels[0].endswith("4 people · Call 1 · Plane of Fear")
    descriptions = [option.description for option in last(offered).components[0].children[0].options]
    assert descriptions == ["a new tick", "into tick 1", "a new tick"]
    assert "[All of them (3)]" in said_with_buttons(offered)

    preview = await lead.select(last(offered), values=options(offered)[:2])
    text = said(preview)
    assert "**Import 2 into Temple of Veeshan** · 3 people · 30 points" in text
    assert "Call 1 · Plane of Fear → a new tick: 3 people, 30 points" in text
    assert "Call 2 · Plane of Fear → tick 1: nobody new, 2 credited before" in text
    assert "Unknown: Zed" in text
    assert len(text) < 2000
    assert await balance(night, "carl") == 0

    done = await night.presses(lead, last(preview), "Take them in (3 people, 30 points)")
    assert "2 moments taken in" in said(done)
    assert "tick 2: 3 people, 30 points" in said(done)
    assert [await balance(night, name) for name in PEOPLE] == [20, 20, 10]

    loot = last(done)
    assert "**Loot of Temple of Veeshan** · 2 awards to record, 18 points" in said(done)
    assert "Left to rot: Robe of Primal Force." in said(done)
    recorded = await night.presses(lead, loot, "Record 2 awards, 18 points")
    assert "Recorded: 2 awards of Temple of Veeshan, 18 DKP" in said(recorded)
    assert [await balance(night, name) for name in PEOPLE] == [17, 5, 10]
    posted = [message.content for message in night.channel.history()]
    assert sum("Crystalline Spear → bert · **15**" in text for text in posted) == 1

    again = await night.types(lead, "raid import", file=file)
    preview = await lead.select(last(again), values=options(again)[:2])
    assert "All of that was imported before; nothing changed." in said(preview)
    assert "Already recorded: Crystalline Spear to bert for 15, Golden Coffer to anna for 3." in said(preview)
    assert "Record" not in said_with_buttons(preview)
    assert [await balance(night, name) for name in PEOPLE] == [17, 5, 10]

    assert await secrets_in_tables(owner) == []
    sent = "".join(str(request.json) for request in night.env.http_requests)
    assert [secret for secret in SECRETS if secret in sent + caplog.text] == []


def said_with_buttons(result) -> str:
    """The answer, with the labels of what can be pressed under it."""
    labels = [f"[{part.label}]" for row in last(result).components for part in row.children if hasattr(part, "label")]
    return said(result) + "".join(labels)


async def test_all_of_them_are_taken_with_one_press_and_undone_from_there(night: Night):
    night.join("anna")
    await begin(night)
    begins = night.clock.now().replace(tzinfo=None) + timedelta(minutes=10)
    await night.wait(100 * 60)
    offered = await night.types(night.officer, "raid import", file=(LOG, log_of(begins).encode()))
    preview = await night.presses(night.officer, last(offered), "All of them (3)")
    done = await night.presses(night.officer, last(preview), "Take them in (1 person, 30 points)")
    assert await balance(night, "anna") == 30
    form = await night.presses(night.officer, done.followups[-2].message, "Undo tick 2")
    assert "is undone" in said(await night.fills(night.officer, form, reason="not a tick"))
    assert await balance(night, "anna") == 20


async def test_the_places_of_a_guild_dump_are_picked_one_by_one_and_never_all(night: Night):
    night.join("anna")
    night.join("bert")
    await begin(night)
    await night.wait(60 * 60)
    at = night.clock.now().replace(tzinfo=None) - timedelta(minutes=9)
    cells = f"\t60\tBard\tMember\t\t{at:%m/%d/%y}\t{{}}\tis on holiday\t\toff\toff\t0\t\t\t\n"
    dump = "anna" + cells.format("Plane of Fear") + "bert" + cells.format("The Bazaar") + "carl" + cells.format("")
    file = (f"Wolf Pack-{at:%Y%m%d-%H%M%S}.txt", dump.encode())
    offered = await night.types(night.officer, "raid import", file=file)
    assert "All of them" not in said_with_buttons(offered)
    assert "Not on, and left out: 1 person of the guild." in said(offered)
    asked = await night.officer.select(last(offered), values=options(offered)[:1])
    assert "Plane of Fear" in said(asked)
    await night.presses(night.officer, last(asked), f"New tick at {at:%H:%M}")
    assert (await balance(night, "anna"), await balance(night, "bert")) == (10, 0)


def test_a_preview_of_the_most_moments_with_the_longest_names_fits_a_message():
    name = "*[م<`" * 20
    outcome = Outcome(7, 123, datetime(2026, 1, 1, tzinfo=UTC), 72, Decimal("7200.25"), 72, Decimal("99.75"))
    line = MomentLine(datetime(2026, 1, 1, tzinfo=UTC), name[:60], name[:60], outcome, False)
    nobody = Unknown(safe(name[:40]), (safe(name[:40]), safe(name[:40])))
    people = (safe(name[:40]),) * 100
    about = About(people, (nobody,) * 200, people, people, people, "The file is from another time.")
    shown = MomentsPreview(
        1, name[:100], "UTC", (line,) * 25, ("into tick 1",) * 25, (7,) * 25, 72, Decimal(7200), Decimal(99), about
    )
    unread = tuple(UnreadLine(number, name) for number in range(200))
    reading = Reading("log", name, (), not_understood=unread)
    text = preview_in_words(shown, reading)
    assert len(text) <= 2000
    assert text.split("\n")[-1].startswith("and ")
    offered = MomentsOffered(name[:100], "UTC", (), 99, 99, True)
    assert len(offered_in_words(offered, reading)) <= 2000


async def test_the_right_zone_finds_the_evening(night: Night):
    night.join("anna")
    await begin(night)
    await night.wait(100 * 60)
    away = night.clock.now().replace(tzinfo=None) - timedelta(hours=9, minutes=90)
    offered = await night.types(night.officer, "raid import", file=(LOG, log_of(away).encode()))
    assert "none of them is within 6 hours" in said(offered)
    form = await night.presses(night.officer, last(offered), "Other zone…")
    retold = await night.fills(night.officer, form, zone="america/anchorage")
    assert "Times are America/Anchorage." in said(retold)
    assert "none of them is within 6 hours" not in said(retold)


async def test_a_log_is_pasted_into_the_panel(night: Night):
    night.join("anna")
    await begin(night)
    begins = night.clock.now().replace(tzinfo=None) + timedelta(minutes=10)
    await night.wait(30 * 60)
    panel = await night.presses(night.officer, await board(night), "Lead…")
    form = await night.presses(night.officer, panel.response, "Import")
    asked = await night.fills(night.officer, form, text=who(begins, *seen("Anna")) + stamped(begins, CHAT[0]))
    assert "As a new tick: 1 person, 10 points." in said(asked)
    assert not any(secret in said(asked) for secret in SECRETS)


async def test_loot_alone_is_recorded_without_a_tick(night: Night):
    night.join("anna")
    await begin(night)
    await night.wait(60 * 60)
    at = night.clock.now().replace(tzinfo=None) - timedelta(minutes=5)
    line = stamped(at, "Zed tells the raid,  ':::Spear::: anna 15 DKPSPENT'")
    asked = await night.types(night.officer, "raid import", text=line.strip())
    await night.presses(night.officer, last(asked), "Record 1 award, 15 points")
    assert await balance(night, "anna") == -15


def failing(error: Exception):
    async def read(self: discord.Attachment, **_: Any) -> bytes:
        raise error

    return read


def response(status: int) -> Any:
    return SimpleNamespace(status=status, reason="")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            discord.NotFound(response(404), "gone"),
            "Discord did not hand me log.txt (it answered 404): upload it again.",
        ),
        (
            discord.DiscordServerError(response(500), "oops"),
            "Discord did not hand me log.txt (it answered 500): upload it again.",
        ),
        (TimeoutError(), "Discord did not hand me log.txt within a minute: upload it again."),
        (aiohttp.ClientPayloadError("cut"), "The connection broke while I fetched log.txt: upload it again."),
        (ConnectionResetError(), "The connection broke while I fetched log.txt: upload it again."),
    ],
)
async def test_a_file_that_discord_does_not_hand_over_is_one_sentence(
    night: Night, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
):
    await begin(night)
    before = await words(night)
    monkeypatch.setattr(discord.Attachment, "read", failing(error))
    assert said(await night.types(night.officer, "raid import", file=("log.txt", b"Anna"))) == sentence
    assert await words(night) == before


async def test_whoever_waits_is_told_what_for(night: Night, monkeypatch: pytest.MonkeyPatch):
    await begin(night)

    async def slow(reading: Any) -> bool:
        return True  # SimCord's time stands still while a thread works

    monkeypatch.setattr("cogs.raids.views.uploads._is_slow", slow)  # by name: a bot that closes unloads its slices
    answer = said(await night.types(night.officer, "raid import", file=("names.txt", b"Anna\nBert\n")))
    assert answer.startswith("Reading names.txt, 1 kB: some seconds more…")
    assert "**Import into Temple of Veeshan**" in answer
