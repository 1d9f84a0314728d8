"""A raid through its doors: typed, pressed, picked and filled in, as members and leaders meet it."""

import discord
import pytest
from sqlalchemy import select, update

from bot.stage import Actor
from db.tables import Account, Member, RoleMapping
from tests.stories.conftest import Night, said, text_of

ROSTER = b"1\tanna\t60\tBard\t\t\t\r\n1\tzed\t60\tCleric\t\t\t\r\n"


async def boards(night: Night) -> list[discord.Message]:
    return [message for message in night.channel.history() if text_of(message).startswith("## Temple")]


async def board(night: Night) -> discord.Message:
    """The raid's board as the channel shows it now."""
    (shown,) = await boards(night)
    return shown


async def words(night: Night) -> str:
    return text_of(await board(night))


def last(result) -> discord.Message:
    return (result.followups[-1] if result.followups else result.response).message


def options(result) -> list[str]:
    select = last(result).components[0].children[0]
    return [option.value for option in select.options]


async def balance(night: Night, name: str) -> int:
    async def look(session):
        query = (
            select(Account.balance)
            .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
            .where(Account.guild_id == session.guild_id, Member.display_name == name)
        )
        return (await session.execute(query)).scalar_one_or_none() or 0

    return await night.stage.run(Actor.itself(night.guild.id), look)


async def begin(night: Night, **more) -> str:
    return said(await night.types(night.officer, "raid start", **({"event": "Temple of Veeshan"} | more)))


async def test_an_evening_from_start_to_end(night: Night):
    anna, bert, lead = night.join("anna"), night.join("bert"), night.officer
    assert "Temple of Veeshan is running; a tick is worth 12 DKP" in await begin(night, points=12.0)
    checked = await night.presses(anna, await board(night), "Check in")
    assert "You are checked in" in said(checked)
    assert "[Add your character]" in said(checked)
    assert "You are on standby" in said(await night.presses(bert, await board(night), "Standby"))
    assert "**Here · 1**\nanna\n**Standby · 1**\nbert" in await words(night)

    panel = await night.presses(lead, await board(night), "Lead…")
    assert "1 here, 1 on standby, no tick yet" in said(panel)
    assert "2 people, 1 of them on standby, 18 points" in said(await night.presses(lead, panel.response, "Tick"))
    asked = await night.presses(lead, panel.response, "Tick")
    assert "Tick 1 was taken 0 seconds ago." in said(asked)
    another = await night.presses(lead, asked.response, "Take another")
    form = await night.presses(lead, last(another), "Undo")
    assert "Tick 2 of Temple of Veeshan is undone: 18 points taken back from 2 people" in said(
        await night.fills(lead, form, reason="one too many")
    )
    assert "~~Tick 2" in await words(night)

    bench = await night.presses(lead, panel.response, "Bring in")
    await lead.select(last(bench), values=options(bench))
    gone = await night.presses(lead, panel.response, "Remove")
    anna_id = options(gone)[0]
    await lead.select(last(gone), values=[anna_id])
    await night.settle()
    assert "**Here · 1**\nbert" in await words(night)
    assert "A leader removed you" in said(await night.presses(anna, await board(night), "Check in"))
    assert "anna: present at Temple" in said(await night.types(lead, "raid add", members="ANNA"))
    assert "brought you 12 with 1 tick" in said(await night.presses(anna, await board(night), "My points"))

    ended = await night.presses(lead, panel.response, "End")
    assert "2 people · 1 tick · 18 points paid" in said(ended)
    posted = [text_of(message) for message in night.channel.history()]
    assert sum("**Temple of Veeshan** is over" in text for text in posted) == 1
    assert "[Check in]" not in await words(night)
    assert (await balance(night, "anna"), await balance(night, "bert")) == (12, 6)


async def test_members_have_no_leaders_panel_and_no_leaders_commands(night: Night):
    anna = night.join("anna")
    await begin(night)
    for answer in (
        await night.presses(anna, await board(night), "Lead…"),
        await night.types(anna, "raid tick"),
        await night.types(anna, "raid import", text="anna"),
        await night.types(anna, "raid add", members="anna"),
        await night.types(anna, "raid end"),
    ):
        assert "Only officers and raid leaders may lead raids" in said(answer)
    assert "Only officers may cancel raids" in said(await night.types(anna, "raid cancel", reason="because"))
    assert await balance(night, "anna") == 0


async def test_voice_credits_who_is_heard_and_bots_never(night: Night):
    anna, bot = night.join("anna"), night.guild.add_member(night.env.create_user("music", bot=True))
    voice = night.guild.create_voice_channel("Raid")
    await begin(night, voice=voice)
    await anna.join_voice(voice)
    await bot.join_voice(voice)
    assert "1 person, 10 points" in said(await night.types(night.officer, "raid tick"))
    assert await balance(night, "anna") == 10


async def test_guests_are_credited_by_add(night: Night):
    anna, zed = night.join("anna"), night.join("zed")
    voice = night.guild.create_voice_channel("Raid")
    await begin(night, voice=voice)
    await anna.join_voice(voice)
    await zed.join_voice(voice)

    async def map_roles(session):
        session.add(RoleMapping(guild_id=session.guild_id, role_group="member", role_id=1))
        whose = Member.display_name.in_(("anna", "guildmaster"))
        await session.execute(
            update(Member).where(Member.guild_id == session.guild_id, whose).values(role_group="officer")
        )

    await night.stage.run(Actor.itself(night.guild.id), map_roles)
    taken = await night.types(night.officer, "raid tick")
    assert "1 person, 10 points" in said(taken)
    assert "Not credited: 1 guest (zed)." in said(taken)
    added = await night.presses(night.officer, taken.response, "Add")
    assert "Added zed: tick 1 of Temple of Veeshan, 10 points." in said(added)
    assert "credited already" in said(await night.presses(night.officer, taken.response, "Add"))
    assert (await balance(night, "anna"), await balance(night, "zed")) == (10, 10)


async def test_a_roster_file_is_previewed_then_taken_in_once(night: Night):
    night.join("anna")
    await begin(night)
    await night.wait(1200)
    at = f"RaidRoster-{night.clock.now():%Y%m%d-%H%M%S}.txt"
    asked = await night.types(night.officer, "raid import", file=(at, ROSTER))
    assert "As a new tick: 1 person, 10 points." in said(asked)
    assert "Unknown: zed" in said(asked)
    assert await balance(night, "anna") == 0
    done = await night.presses(night.officer, asked.response, f"New tick at {night.clock.now():%H:%M}")
    assert "tick 1: 1 person, 10 points" in said(done)
    again = await night.types(night.officer, "raid import", file=("renamed-" + at, ROSTER))
    assert "That was imported before, into tick 1; nothing changed." in said(again)
    sorting = await night.presses(night.officer, again.response, "Sort out 1 name")
    assert "**zed**" in said(sorting), "whoever closed the first answer still finds the names"
    assert await balance(night, "anna") == 10


async def test_a_file_near_a_tick_goes_into_it_by_default(night: Night):
    anna, lead = night.join("anna"), night.officer
    await begin(night)
    await night.types(lead, "raid tick")
    await night.wait(200)
    asked = await night.types(lead, "raid import", text="anna, nobody-such")
    first = last(asked).components[0].children[0]
    assert first.label.startswith("Into tick 1")
    assert first.style is discord.ButtonStyle.success
    await night.presses(lead, asked.response, first.label)
    assert await balance(night, anna.name) == 10
    assert "Tick 2" not in await words(night)


async def test_an_uploader_says_once_in_which_zone_their_clock_runs(night: Night):
    night.join("anna")
    await begin(night)
    await night.wait(7200)
    asked = await night.types(night.officer, "raid import", file=("RaidRoster-20260101-013000.txt", ROSTER))
    assert "file times are UTC" in said(asked)
    form = await night.presses(night.officer, asked.response, "Other zone…")
    retold = await night.fills(night.officer, form, zone="europe/berlin")
    assert "file times are Europe/Berlin" in said(retold)
    assert "file times are Europe/Berlin" in said(
        await night.types(night.officer, "raid import", file=("RaidRoster-20260101-023000.txt", ROSTER))
    )


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (("@everyone.txt", b"\x89PNG\r\n\x1a\n\0\0"), "is not a text file"),
        (("empty.txt", b""), "is empty"),
        (("names.txt", b"x" * (2 * 1024 * 1024 + 1)), "is larger than 2 MB"),
        (("eqlog_Anna_xegony.txt", b"x" * (2 * 1024 * 1024 + 1)), "is a log without a /who list"),
        (("prose.txt", b"[Sun Mar 17 23:18:28 2024] You say, 'hi'"), "is a log of 2024-03-17 to 2024-03-17"),
    ],
)
async def test_what_is_no_roster_is_refused_in_a_sentence_and_pings_nobody(night: Night, file, sentence):
    await begin(night)
    before = await words(night)
    answer = said(await night.types(night.officer, "raid import", file=file))
    assert sentence in answer
    assert answer.count("\n") == 0
    assert "@everyone" not in answer
    assert await words(night) == before


async def test_a_tick_by_the_clock_is_announced_and_undone_from_there_after_a_restart(night: Night):
    anna = night.join("anna")
    await begin(night, every="15m")
    await night.presses(anna, await board(night), "Check in")
    await night.wait(901)
    notice = next(m for m in night.channel.history() if "by the clock" in text_of(m))
    assert "tick 1 by the clock, 1 person, 10 points" in text_of(notice)
    await night.restart()
    form = await night.presses(night.officer, notice, "Undo")
    assert "is undone" in said(await night.fills(night.officer, form, reason="nobody was there yet"))
    assert await balance(night, "anna") == 0
    assert "still" not in said(await night.presses(anna, await board(night), "Check in"))


async def test_intervals_that_are_none_are_refused_and_no_raid_begins(night: Night):
    for every in ("5m", "3h", "often"):
        await begin(night, every=every)
    assert "None: /raid start begins one." in said(await night.types(night.officer, "raid list"))


async def test_the_end_without_a_tick_asks_once(night: Night):
    anna = night.join("anna")
    await begin(night)
    await night.presses(anna, await board(night), "Check in")
    asked = await night.types(night.officer, "raid end")
    assert "has no tick: nobody gets points or attendance" in said(asked)
    assert "Running since" in await words(night)
    assert "1 person · 1 tick · 10 points paid" in said(
        await night.presses(night.officer, asked.response, "Take a tick and end")
    )
    assert await balance(night, "anna") == 10


async def test_after_the_end_people_are_credited_for_chosen_ticks(night: Night):
    night.join("anna")
    lead = night.officer
    await begin(night)
    await night.types(lead, "raid tick")
    await night.types(lead, "raid end")
    asked = await night.types(lead, "raid add", members="anna nobody")
    assert "At which ticks were they there: anna?" in said(asked)
    assert "I know nobody called nobody" in said(asked)
    preview = await lead.select(last(asked), values=options(asked))
    assert "1 credit, 10 points in all." in said(preview)
    assert await balance(night, "anna") == 0
    assert "Added anna: tick 1" in said(await night.presses(lead, last(preview), "Credit them"))
    assert await balance(night, "anna") == 10


async def test_cancelling_shows_what_goes_and_then_reverses_it(night: Night):
    anna = night.join("anna")
    await begin(night)
    await night.presses(anna, await board(night), "Check in")
    await night.types(night.officer, "raid tick")
    asked = await night.types(night.officer, "raid cancel", reason="the server crashed")
    assert "Reversed: 1 tick, 10 points." in said(asked)
    assert await balance(night, "anna") == 10
    await night.presses(night.officer, asked.response, "Cancel the raid")
    assert await balance(night, "anna") == 0
    assert "Cancelled: the server crashed" in await words(night)


async def test_cancelling_ends_its_auctions_and_undoes_its_awards_only_when_told(night: Night):
    anna, officer = night.join("anna"), night.officer
    await begin(night, points=100.0)
    await night.presses(anna, await board(night), "Check in")
    await night.types(officer, "raid tick")
    await night.types(officer, "auction start", item="Cloak of Flames", duration="30s")
    await night.types(anna, "auction bid", auction="Cloak of Flames", amount=5.0)
    await night.wait(40)
    assert await balance(night, "anna") == 95
    await night.types(officer, "auction start", item="Fungi Tunic")
    await night.types(anna, "auction bid", auction="Fungi Tunic", amount=7.0)
    asked = await night.types(officer, "raid cancel", reason="the server crashed")
    assert "Cancelled with it: 1 open auction." in said(asked)
    assert "1 award (5 points) stay" in said(asked)
    done = await night.presses(officer, asked.response, "Also undo 1 award (5 points)")
    assert "Undone: Cloak of Flames to anna" in said(done)
    await night.settle()
    assert await balance(night, "anna") == 0
    assert "You can spend **0**" in said(await night.types(anna, "dkp balance"))
    again = await night.types(officer, "raid cancel", reason="once more", raid="Temple of Veeshan")
    assert "cancelled already; nothing is left to undo" in said(again)


async def test_the_board_comes_back_when_it_was_deleted_and_comes_down_on_request(night: Night):
    anna = night.join("anna")
    await begin(night)
    first = await board(night)
    await night.officer.delete(first)
    await night.presses(anna, (await night.types(anna, "raid show")).response, "Check in")
    second = await board(night)
    assert second.id != first.id
    panel = await night.presses(night.officer, second, "Lead…")
    await night.presses(night.officer, panel.response, "Bring down")
    assert (await board(night)).id != second.id


async def test_show_and_list_and_reopen(night: Night):
    lead = night.officer
    await begin(night)
    assert "[Check in]" in said(await night.types(lead, "raid show"))
    await night.types(lead, "raid tick")
    await night.types(lead, "raid end", outcome="wipe")
    assert "**Temple of Veeshan** · over, wipe · 0 people · 1 tick" in said(await night.types(lead, "raid list"))
    assert "is running again" in said(await night.types(lead, "raid reopen", raid="temple of veeshan"))
    assert "[Check in]" in await words(night)
