"""How evenings go here, and what roles may do beside their group."""

import json

import pytest

from bot.kit.text import points
from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor
from bot.typed import BadAmount, BadDuration, TooManyDecimals
from cogs.auctions.rules.starting import BadTerms
from cogs.auctions.service import start as start_auction
from cogs.dkp.service import ledger
from cogs.raids.rules import BadInterval
from cogs.raids.service import evening
from cogs.settings.rules.defaults import BadSetting
from cogs.settings.rules.granting import NotGrantable
from cogs.settings.rules.texts import NothingGiven
from cogs.settings.service import defaults, granting
from cogs.settings.service.guild import set_up_pool, settings_now
from tests.conftest import person

ANNA = person(11, "Anna", manage_guild=True)
BOB = person(12, "Bob")
LOOTERS = 501


async def guild_row(owner):
    return await owner.fetchrow("SELECT * FROM guild")


async def test_raid_settings_are_kept_read_back_and_audited(stage, owner):
    changed = await defaults.change_raids(
        stage, ANNA, points=12, on_time="20m", standby_percent=40, count="ticks", every="30m", voice="required"
    )
    assert changed.values == {
        "tick_points": "12",
        "on_time_seconds": "20m",
        "standby_percent": "40 %",
        "attendance_count": "ticks",
        "tick_every_seconds": "30m",
        "voice_mode": "required",
    }
    row = await guild_row(owner)
    assert (row["tick_points"], row["on_time_seconds"], row["standby_percent"]) == (12, 1200, 40)
    assert (row["attendance_count"], row["tick_every_seconds"], row["voice_mode"]) == ("ticks", 1800, "required")
    assert await owner.fetchval("SELECT count(*) FROM audit WHERE action = 'settings.changed'") == 6
    raid = await evening.start_raid(stage, ANNA, event="Plane of Fear", channel_id=1)
    assert (raid.tick_points, raid.every_seconds) == (12, 1800)
    off = await defaults.change_raids(stage, ANNA, every="off", on_time="0")
    assert off.values == {"tick_every_seconds": "off", "on_time_seconds": "off"}
    assert (await guild_row(owner))["tick_every_seconds"] is None


async def test_points_set_here_go_before_those_from_setting_up(stage, owner):
    await set_up_pool(stage, ANNA, "DKP", "25")
    await defaults.change_raids(stage, ANNA, points=10)
    raid = await evening.start_raid(stage, ANNA, event="Plane of Fear", channel_id=1)
    assert raid.tick_points == 10
    now = await stage.read(ANNA, "settings.view", settings_now)
    assert points(now.tick_points) == "10"
    [row] = await owner.fetch("SELECT * FROM audit WHERE action = 'settings.changed'")
    assert "25" in row["before"]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, NothingGiven),
        ({"points": -1}, BadSetting),
        ({"points": 0.5}, Refused),
        ({"on_time": "90"}, BadDuration),
        ({"on_time": "7h"}, BadSetting),
        ({"standby_percent": 101}, BadSetting),
        ({"every": "5m"}, BadInterval),
    ],
)
async def test_raid_settings_that_make_no_sense_are_refused(stage, given, refusal):
    with pytest.raises(refusal):
        await defaults.change_raids(stage, ANNA, **given)


async def test_auction_settings_are_kept_and_the_next_auction_has_them(stage, owner):
    changed = await defaults.change_auctions(
        stage, ANNA, duration="5m", minimum=10, increment=5, bidders="members", snipe_window="30s",
        snipe_extension="15s", snipe_limit=3,
    )  # fmt: skip
    assert changed.values == {
        "auction_seconds": "5m",
        "auction_minimum": "10",
        "auction_increment": "5",
        "auction_bidders": "members",
        "snipe_window_seconds": "30s",
        "snipe_extension_seconds": "15s",
        "snipe_limit": "3",
    }
    await start_auction(stage, ANNA, "Cloak", channel_id=1)
    row = await owner.fetchrow("SELECT *, ends_at - started_at AS lasts FROM auction")
    assert (row["minimum"], row["increment"], row["bidders"]) == (10, 5, "members")
    assert (row["snipe_window_seconds"], row["snipe_extension_seconds"], row["snipe_limit"]) == (30, 15, 3)
    assert row["lasts"].total_seconds() == 300
    await defaults.change_auctions(stage, ANNA, snipe_window="off")
    assert (await guild_row(owner))["snipe_window_seconds"] == 0


async def test_the_rules_of_auctions_are_kept_read_back_in_words_and_audited(stage, owner):
    changed = await defaults.change_auctions(
        stage, ANNA, kind="sealed", steps="from 50 by 5, from 100 by 10", ties="amount, roll", copies_pay="lowest",
        one_win=True, floor="25", retract="never", without_bid="given", names="hidden", all_in=True,
        item_link="https://www.example.com/search?q={item}",
    )  # fmt: skip
    assert changed.values == {
        "auction_kind": "sealed",
        "auction_steps": "from 50 by 5, from 100 by 10",
        "auction_ties": "amount, roll",
        "auction_copies_pay": "the lowest that wins, for all",
        "auction_one_win": "on",
        "auction_floor": "25",
        "auction_retract": "never",
        "auction_without_bid": "given away",
        "auction_names_hidden": "hidden",
        "auction_all_in": "on",
        "item_link": "https://www.example.com/search?q={item}",
    }
    row = await guild_row(owner)
    assert {column: row[column] for column in changed.values} == {
        "auction_kind": "sealed",
        "auction_steps": "50:5 100:10",
        "auction_ties": "amount roll",
        "auction_copies_pay": "lowest",
        "auction_one_win": True,
        "auction_floor": 25,
        "auction_retract": "never",
        "auction_without_bid": "given",
        "auction_names_hidden": True,
        "auction_all_in": True,
        "item_link": "https://www.example.com/search?q={item}",
    }
    audits = await owner.fetch("SELECT before, after FROM audit WHERE action = 'settings.changed'")
    said = [(list(json.loads(a["before"]).values()), list(json.loads(a["after"]).values())) for a in audits]
    assert len(said) == 11
    assert (["off"], ["from 50 by 5, from 100 by 10"]) in said
    assert (["the pool's"], ["25"]) in said
    assert (["tier, amount, attendance, balance, wins, earliest"], ["amount, roll"]) in said


async def test_an_auction_begins_with_the_guilds_rules(stage, owner):
    await defaults.change_auctions(
        stage, ANNA, kind="second-price", steps="50:5", ties="amount, roll", copies_pay="lowest", one_win=True,
        floor="25", retract="always", without_bid="bank", names="hidden",
    )  # fmt: skip
    await start_auction(stage, ANNA, "Cloak", channel_id=1)
    row = await owner.fetchrow("SELECT * FROM auction")
    assert (row["kind"], row["steps"], row["ties"], row["copies_pay"]) == (
        "second-price", "50:5", "amount roll", "lowest",
    )  # fmt: skip
    assert (row["one_win"], row["floor"], row["retract"], row["without_bid"]) == (True, 25, "always", "bank")
    assert row["names_hidden"]


async def test_what_was_switched_on_for_auctions_is_switched_off_again(stage, owner):
    await defaults.change_auctions(
        stage, ANNA, steps="50:5", floor="0", one_win=True, names="hidden", all_in=True,
        item_link="https://wiki.example.com/{item}",
    )  # fmt: skip
    assert (await guild_row(owner))["auction_floor"] == 0
    changed = await defaults.change_auctions(
        stage, ANNA, steps="off", floor="off", one_win=False, names="visible", all_in=False, item_link="off"
    )
    assert set(changed.values.values()) == {"off", "the pool's", "visible"}
    row = await guild_row(owner)
    assert (row["auction_steps"], row["auction_floor"], row["item_link"]) == ("", None, None)
    assert (row["auction_one_win"], row["auction_names_hidden"], row["auction_all_in"]) == (False, False, False)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, NothingGiven),
        ({"steps": "100:5 50:10"}, BadTerms),
        ({"steps": "50:2.5"}, TooManyDecimals),
        ({"ties": "attendance"}, BadTerms),
        ({"floor": "lots"}, BadAmount),
        ({"item_link": "http://www.example.com/{item}"}, BadTerms),
        ({"duration": "1s"}, BadTerms),
        ({"duration": "soon"}, BadDuration),
        ({"minimum": 0}, BadSetting),
        ({"increment": -1}, BadSetting),
        ({"increment": 0.5}, Refused),
        ({"snipe_window": "11m"}, BadTerms),
        ({"snipe_limit": -1}, BadTerms),
    ],
)
async def test_auction_settings_that_make_no_sense_are_refused(stage, given, refusal):
    with pytest.raises(refusal):
        await defaults.change_auctions(stage, ANNA, **given)


async def test_settings_are_for_officers(stage):
    with pytest.raises(NotAllowed):
        await defaults.change_raids(stage, BOB, points=1)
    with pytest.raises(NotAllowed):
        await defaults.change_auctions(stage, BOB, minimum=1)


# --- what roles may do -----------------------------------------------------------------------------------------------


async def allow(stage, capability: str, role_id: int = LOOTERS, yes: bool = True, by: Actor = ANNA):
    return await granting.change_permission(stage, by, capability, role_id, yes)


async def may(stage, capability: str, *roles: int) -> bool:
    async def look(session):
        return session.may(capability)

    return await stage.run(person(12, "Bob", role_ids=frozenset(roles)), look)


async def test_a_role_is_given_a_right_and_loses_it_again(stage, owner):
    assert not await may(stage, "raids.manage", LOOTERS)
    granted = await allow(stage, "Lead raids")
    assert (granted.doing, granted.changed, granted.anyway) == ("lead raids", True, ())
    assert await may(stage, "raids.manage", LOOTERS)
    assert not await may(stage, "raids.manage"), "only who holds the role"
    assert not (await allow(stage, "raids.manage")).changed
    assert (await allow(stage, "raids.manage", yes=False)).changed
    assert not await may(stage, "raids.manage", LOOTERS)
    assert not (await allow(stage, "raids.manage", yes=False)).changed
    actions = [row["action"] for row in await owner.fetch("SELECT action FROM audit ORDER BY audit_id")]
    assert actions == ["settings.permission_given", "settings.permission_taken"]
    assert await owner.fetchval("SELECT count(*) FROM due_job WHERE kind = 'member.rights'") == 1


async def test_a_right_that_a_roles_group_has_anyway_is_said(stage, owner):
    await stage.run(ANNA, ledger.default_pool)
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'member', $1)", LOOTERS)
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'officer', 9)")
    taken = await allow(stage, "bid", yes=False)
    assert (taken.changed, taken.anyway) == (False, ("member",))


@pytest.mark.parametrize("capability", ["dkp.adjust", "lead raids", "bid", "give points", "auctions.manage"])
async def test_everyone_is_not_given_what_moves_points_or_runs_things(stage, capability):
    with pytest.raises(NotGrantable, match="is not for @"):
        await allow(stage, capability, role_id=1)


async def test_everyone_may_be_let_see(stage):
    assert (await allow(stage, "see points", role_id=1)).changed


@pytest.mark.parametrize("capability", ["settings.permissions", "map the roles", "set me up"])
async def test_what_takes_manage_server_is_given_to_no_role(stage, capability):
    with pytest.raises(NotGrantable, match="Manage Server"):
        await allow(stage, capability)


async def test_what_is_not_there_is_not_found_with_what_is_near(stage):
    with pytest.raises(NotFound, match=r"Did you mean .*lead raids"):
        await allow(stage, "leed raids")
    offered = await stage.read(ANNA, "settings.permissions", lambda s: granting.capability_choices(s, "lead"))
    assert offered[0].value == "raids.manage"


async def test_only_who_may_manage_the_server_gives_rights_away(stage):
    with pytest.raises(NotAllowed):
        await allow(stage, "bid", by=BOB)
    await allow(stage, "settings.edit")
    with pytest.raises(NotAllowed):
        await allow(stage, "bid", by=person(12, "Bob", role_ids=frozenset({LOOTERS})))


async def test_another_guilds_grants_are_none_here(stage):
    await allow(stage, "lead raids")

    async def look(session):
        return session.may("raids.manage"), session.grants

    there = person(12, "Bob", guild_id=2, role_ids=frozenset({LOOTERS}))
    assert await stage.run(there, look) == (False, {})
