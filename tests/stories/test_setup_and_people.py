"""The first evening: the bot is invited, set up, people join and leave, add characters, and it is sent away."""

import discord
import pytest
from simcord.backend.serializers import guild_create_payload
from sqlalchemy import text

from tests.stories.conftest import Night, said, text_of


async def panel_of(night: Night) -> tuple[object, object]:
    """The welcome and the officer's setup panel."""
    welcome = next(message for message in night.channel.history() if "Set up" in text_of(message))
    opened = await night.presses(night.officer, welcome, "Set up")
    return welcome, opened.response


def shown(panel) -> str:
    return text_of(panel.message)


def crew(night: Night):
    """A server as guilds have it: roles with ornaments, channels, people who hold the roles."""
    officers = night.guild.create_role("⚔️ Officers")
    raiders = night.guild.create_role("Raiders")
    people = {
        "gm": night.officer,
        "anna": night.guild.add_member(night.env.create_user("anna"), roles=[officers]),
        "bob": night.guild.add_member(night.env.create_user("bob"), roles=[raiders]),
        "cid": night.guild.add_member(night.env.create_user("cid")),
        "robot": night.guild.add_member(night.env.create_user("robot", bot=True), roles=[raiders]),
    }
    return officers, raiders, people


async def groups(night: Night) -> dict[str, str]:
    async with night.stage.db.guild(night.guild.id) as session:
        rows = await session.execute(text("SELECT display_name, role_group FROM member WHERE left_at IS NULL"))
        return {row.display_name: row.role_group for row in rows}


async def removed_at(night: Night, guild_id: int) -> object:
    async with night.stage.db.guild(guild_id) as session:
        return (await session.execute(text("SELECT removed_at FROM guild"))).scalar_one()


async def test_the_welcome_is_one_sentence_with_a_button_posted_once_and_working_after_a_restart(night):
    welcomes = [message for message in night.channel.history() if "Set up" in text_of(message)]
    assert len(welcomes) == 1
    assert text_of(welcomes[0]).count(". ") == 0
    await night.restart()
    await night.settle()
    assert len([message for message in night.channel.history() if "Set up" in text_of(message)]) == 1
    bob = night.join("bob")
    assert "Only people who may Manage Server" in said(await night.presses(bob, welcomes[0], "Set up"))
    assert "this is what I recommend" in said(await night.presses(night.officer, welcomes[0], "Set up"))


async def test_the_welcome_goes_to_the_first_channel_that_takes_it(night):
    other = night.env.create_guild("Other", owner=night.owner_user)
    silent = discord.PermissionOverwrite(send_messages=False)
    locked = other.create_text_channel("rules", overwrites={other.default_role: silent})
    hall = other.create_text_channel("hall")
    await night.settle()
    assert locked.history() == []
    assert "[Set up]" in text_of(hall.last_message)


async def test_one_press_sets_up_what_the_screen_showed(night):
    crew(night)
    raids = night.guild.create_text_channel("⚔️・raid-board")
    await night.settle()
    _, panel = await panel_of(night)
    before = shown(panel)
    assert "officer → @⚔️ Officers (1) · member → @Raiders (1)" in before
    assert "the group of 2 of 4 people: officer 0 → 1, member 0 → 1, guest 4 → 2" in before
    assert f"raids → <#{raids.id}>" in before
    assert "With this mapping you are guest" in before
    assert set((await groups(night)).values()) == {"guest"}
    roles_before = set(night.guild.roles)
    await night.presses(night.officer, panel, "Use what I recommend")
    assert "You are set up" in shown(panel)
    assert "/raid start" in shown(panel)
    assert await groups(night) == {"guildmaster": "guest", "anna": "officer", "bob": "member", "cid": "guest"}
    assert set(night.guild.roles) == roles_before  # it creates nothing in Discord


async def test_a_server_that_changed_since_it_was_shown_is_shown_again(night):
    officers, _, people = crew(night)
    await night.settle()
    _, panel = await panel_of(night)
    await people["cid"].member.add_roles(discord.Object(officers.id))
    await night.settle()
    await night.presses(night.officer, panel, "Use what I recommend")
    assert "changed meanwhile" in shown(panel)
    assert "officer 0 → 2" in shown(panel)
    assert set((await groups(night)).values()) == {"guest"}
    await night.presses(night.officer, panel, "Use what I recommend")
    assert (await groups(night))["cid"] == "officer"


async def test_step_by_step_also_after_a_restart(night):
    officers, raiders, people = crew(night)
    await people["gm"].member.add_roles(discord.Object(officers.id))
    loot = night.guild.create_text_channel("plunder")
    secret = night.guild.create_text_channel(
        "secret", overwrites={night.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    await night.settle()
    _, panel = await panel_of(night)
    await night.presses(night.officer, panel, "Time zone")
    assert "right?" in shown(panel)
    form = await night.presses(night.officer, panel, "Type a city…")
    refused = await night.fills(night.officer, form, zone="atlantis")
    assert "I know no time zone “atlantis”" in said(refused)
    form = await night.presses(night.officer, panel, "Type a city…")
    await night.fills(night.officer, form, zone="  berlin ")
    assert "The time zone is Europe/Berlin now" in shown(panel)
    await night.restart()
    for number, role, group in (("1", officers, "officer"), ("3", raiders, "member")):
        await night.officer.select(panel, [number])
        await night.officer.select(panel, [role], custom_id=f"qm:setup.role:{number}")
        assert f"**{group.capitalize()}** would be @" in shown(panel)
        await night.presses(night.officer, panel, "Map it")
        assert "Done:" in shown(panel)
    assert (await groups(night)) == {"guildmaster": "officer", "anna": "officer", "bob": "member", "cid": "guest"}
    await night.presses(night.officer, panel, "Next")
    await night.officer.select(panel, ["2"])
    refused = await night.officer.select(panel, [secret], custom_id="qm:setup.channel:2")
    assert f"I may not post in <#{secret.id}>: give me Send Messages there." in said(refused)
    await night.officer.select(panel, [loot], custom_id="qm:setup.channel:2")
    assert f"**loot**: <#{loot.id}>" in shown(panel)
    await night.presses(night.officer, panel, "Next")
    form = await night.presses(night.officer, panel, "Name and points…")
    refused = await night.fills(night.officer, form, name="Raid Points", tick_points="nan")
    assert "nan" in said(refused)
    form = await night.presses(night.officer, panel, "Name and points…")
    await night.fills(night.officer, form, name="Raid Points", tick_points="１２")
    assert "**Raid Points**; a tick gives 12" in shown(panel)
    await night.presses(night.officer, panel, "Done")
    pages = await night.types(night.officer, "settings show")
    everything = said(pages)
    for _ in range(3):
        await night.presses(night.officer, pages.response, "Next")
        everything += shown(pages.response)
    for part in ("Europe/Berlin", "@⚔️ Officers (2 people)", f"<#{loot.id}>", "Raid Points · whole points"):
        assert part in everything


async def test_settings_roles_shows_counts_first_and_adopts_only_on_the_second_press(night):
    officers, raiders, _ = crew(night)
    await night.settle()
    assert "**officer**: no role" in said(await night.types(night.officer, "settings roles"))
    asked = await night.types(night.officer, "settings roles", officer=officers, member=raiders)
    assert "officer 0 → 1, member 0 → 1" in said(asked)
    assert set((await groups(night)).values()) == {"guest"}
    done = await night.presses(night.officer, asked.response, "Map and adopt")
    assert "2 people changed group" in said(done)
    assert (await groups(night))["bob"] == "member"
    cancelled = await night.types(night.officer, "settings roles", guest=raiders)
    assert "One role cannot be both" in said(cancelled)
    wide = await night.types(night.officer, "settings roles", officer=night.guild.default_role)
    assert "cannot be officer" in said(wide)


async def test_a_role_given_by_hand_is_followed_and_who_leaves_is_remembered(night):
    officers, raiders, people = crew(night)
    await night.settle()
    asked = await night.types(night.officer, "settings roles", officer=officers, member=raiders)
    await night.presses(night.officer, asked.response, "Map and adopt")
    cid = people["cid"]
    bob = people["bob"]
    assert "Only officers" in said(await night.types(bob, "character add", name="Jaina", owner="anna"))
    assert "may keep characters" in said(await night.types(cid, "character add", name="Jaina"))
    await cid.member.add_roles(discord.Object(officers.id))
    await night.settle()
    assert (await groups(night))["cid"] == "officer"
    assert "as bob’s main" in said(await night.types(cid, "character add", name="Jaina", owner="bob"))
    await cid.member.remove_roles(discord.Object(officers.id))
    await night.settle()
    assert (await groups(night))["cid"] == "guest"
    night.guild.remove_member(people["bob"])
    await night.settle()
    assert "bob" not in await groups(night)
    assert "**Jaina**" in said(await night.types(people["anna"], "character list", member="bob"))
    late = night.guild.add_member(night.env.create_user("late"), roles=[raiders])
    await night.settle()
    assert (await groups(night))["late"] == "member"
    assert late is not None


async def test_characters_are_added_by_command_and_form_and_the_main_is_chosen(night):
    bob, cid = night.join("bob"), night.join("cid")
    empty = await night.types(bob, "character list")
    form = await night.presses(bob, empty.response, "Add your character")
    assert "as your main" in said(await night.fills(bob, form, name="Thrall", character_class="Shaman", level="６０"))
    assert "**Thrall** · Shaman 60 · main" in said(await night.types(bob, "character list"))
    assert "belongs to bob" in said(await night.types(cid, "character add", name="THRALL"))
    assert "as your alt" in said(await night.types(bob, "character add", name="Rexxar", level=10))
    assert "instead of Thrall" in said(await night.types(bob, "character main", character="rexxar"))
    assert "Only officers" in said(await night.types(cid, "character main", character="thrall"))
    offered = await cid.autocomplete(night.channel, "character main", "character", "")
    assert list(offered) == []
    offered = await bob.autocomplete(night.channel, "character main", "character", "thr")
    assert [choice["name"] for choice in offered] == ["Thrall · alt of bob"]


async def test_a_refused_form_gives_back_what_was_typed(night):
    bob = night.join("bob")
    empty = await night.types(bob, "character list")
    form = await night.presses(bob, empty.response, "Add your character")
    refused = await night.fills(bob, form, name="Thrall", level="1e9")
    assert "“1e9” is no level" in said(refused)
    again = await night.presses(bob, refused.response, "Correct it")
    assert "as your main" in said(await night.fills(bob, again, name="Thrall", level="60"))


@pytest.mark.parametrize("name", ["@everyone", "**Bold**", "<@&123456789012345678> x", "أحمد", "Thr🔥all"])
async def test_an_odd_name_is_shown_as_typed_and_pings_nobody(night, name):
    bob, cid = night.join("bob"), night.join("cid")
    for result in (
        await night.types(bob, "character add", name=name),
        await night.types(cid, "character add", name=name),
        await night.types(cid, "character list", member="bob"),
        await night.types(bob, "character main", character=name),
    ):
        assert "@everyone" not in said(result)
        assert "<@&" not in said(result)
        assert not result.response.message.mentions
        assert "Something broke" not in said(result)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "x" * 100}, "at most 40 characters; this one has 100"),
        ({"name": "\u200b\u200b"}, "at least one letter"),
        ({"name": "#12"}, "at least one letter"),
        ({"name": "Thrall", "level": -1}, "1” is no level"),
        ({"name": "Thrall", "level": 10**9}, "“1000000000” is no level"),
        ({"name": "Thrall", "character_class": "c" * 31}, "A class has at most 30"),
        ({"name": "Thrall", "owner": "nobody"}, "Nobody here by that name"),
    ],
)
async def test_bad_input_is_answered_with_one_sentence_and_nothing_is_kept(night, options, sentence):
    assert sentence in said(await night.types(night.officer, "character add", **options))
    assert "none here yet" in said(await night.types(night.officer, "character list"))


async def test_settings_guild_finds_the_zone_kindly_and_refuses_what_is_too_long(night):
    bob = night.join("bob")
    done = said(await night.types(night.officer, "settings guild", timezone="berlin", guild_name="@everyone *x*"))
    assert "**Time zone** is Europe/Berlin now" in done
    assert "@everyone" not in done
    offered = await night.officer.autocomplete(night.channel, "settings guild", "timezone", "new yo")
    assert offered[0]["value"] == "America/New_York"
    assert len(await night.officer.autocomplete(night.channel, "settings guild", "timezone", "a")) == 25
    assert list(await bob.autocomplete(night.channel, "settings guild", "timezone", "a")) == []
    assert "Only developers and officers" in said(await night.types(bob, "settings guild", timezone="paris"))
    assert "at most 60" in said(await night.types(night.officer, "settings guild", game="g" * 61))
    assert "did you mean" in said(await night.types(night.officer, "settings guild", timezone="berlinn"))
    assert "at least one thing" in said(await night.types(night.officer, "settings guild"))


async def test_settings_channels_takes_only_where_we_may_post(night):
    secret = night.guild.create_text_channel(
        "secret", overwrites={night.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    )
    loot = night.guild.create_text_channel("loot")
    refused = said(await night.types(night.officer, "settings channels", loot=loot, audit=secret))
    assert refused == f"I may not post in <#{secret.id}>: give me View Channel and Send Messages there."
    assert "where the command is typed" in said(await night.types(night.officer, "settings channels"))
    assert f"**loot**: <#{loot.id}>" in said(await night.types(night.officer, "settings channels", loot=loot))


async def test_the_longest_names_break_no_screen(night):
    for number in range(12):
        role = night.guild.create_role((f"Officer {number} " + "*@everyone_" * 12)[:100])
        night.guild.create_text_channel(f"raid-{number}-" + "x" * 80)
        for person in range(3):
            user = night.env.create_user(f"p{number}x{person}", global_name=f"{'**' * 14}{number}{person}")
            night.guild.add_member(user, roles=[role])
    await night.settle()
    _, panel = await panel_of(night)
    assert len(shown(panel)) < 2400
    assert "@everyone" not in shown(panel)
    await night.presses(night.officer, panel, "Use what I recommend")
    assert "You are set up" in shown(panel)
    assert "@everyone" not in said(await night.types(night.officer, "settings roles"))


async def test_who_left_and_who_changed_while_we_were_down_is_noted_at_the_start(night):
    bob, cid = night.join("bob"), night.join("cid")
    await night.settle()
    world = night.env.backend.guilds[night.guild.id]
    del world.members[bob.id]  # Discord tells nobody who is not there
    world.members[cid.id].nick = "Cid the Great"
    await night.restart()
    assert set(await groups(night)) == {"guildmaster", "Cid the Great"}
    async with night.stage.db.guild(night.guild.id) as session:
        jobs = await session.execute(text("SELECT done_at FROM due_job WHERE kind = 'member.left'"))
        assert jobs.scalar_one() is not None  # and every slice was told


async def test_sent_away_and_invited_again_all_is_there(night):
    bob = night.join("bob")
    await night.types(bob, "character add", name="Thrall")
    backend = night.env.backend
    backend.emit("GUILD_DELETE", {"id": str(night.guild.id)})
    await night.settle()
    assert await removed_at(night, night.guild.id) is not None
    backend.emit("GUILD_CREATE", guild_create_payload(backend, backend.guilds[night.guild.id]))
    await night.settle()
    assert await removed_at(night, night.guild.id) is None
    assert "**Thrall**" in said(await night.types(bob, "character list"))
    assert len([message for message in night.channel.history() if "Set up" in text_of(message)]) == 1


async def test_servers_that_sent_us_away_while_we_were_down_are_noted_at_the_start(night):
    other = night.env.create_guild("Other")
    await night.settle()
    assert await removed_at(night, other.id) is None
    del night.env.backend.guilds[other.id]
    await night.restart()
    assert await removed_at(night, other.id) is not None
    assert await removed_at(night, night.guild.id) is None
