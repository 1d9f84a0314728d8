"""Settings on the real database: who may, what is kept, whom a mapping moves."""

import asyncio
from decimal import Decimal

import pytest

from bot.people import Seen
from bot.refusals import NotAllowed, Refused
from bot.stage import Actor
from cogs.settings.rules.texts import NothingGiven, RoleTooWide, RoleTwice
from cogs.settings.service import guild as service
from cogs.settings.service.roles import adopt, map_roles, preview_mapping
from tests.conftest import person

OFFICERS, RAIDERS, GUESTS, LEADERS = 501, 502, 503, 504
ANNA = person(11, "Anna", manage_guild=True)
BOB = person(12, "Bob")
HERE = [
    Seen(11, "Anna", frozenset({1, OFFICERS, RAIDERS})),
    Seen(12, "Bob", frozenset({1, RAIDERS})),
    Seen(13, "Cid", frozenset({1})),
    Seen(14, "Dora", frozenset({1, GUESTS, LEADERS})),
]


async def groups(owner) -> dict[str, str]:
    return {row["display_name"]: row["role_group"] for row in await owner.fetch("SELECT * FROM member")}


async def actions(owner) -> list[str]:
    return [row["action"] for row in await owner.fetch("SELECT action FROM audit ORDER BY audit_id")]


async def test_mapping_adopts_everybody_by_the_highest_role_they_hold(stage, owner):
    done = await map_roles(stage, ANNA, {"officer": OFFICERS, "member": RAIDERS, "guest": GUESTS}, HERE)
    assert done.moved == 2
    assert done.people == {"officer": 1, "member": 1, "guest": 2}
    assert await groups(owner) == {"Anna": "officer", "Bob": "member", "Cid": "guest", "Dora": "guest"}
    assert await actions(owner) == ["settings.roles_mapped", "settings.group_adopted", "settings.group_adopted"]
    assert await owner.fetchval("SELECT count(*) FROM stay WHERE ended_at IS NULL") == 4


async def test_the_preview_says_what_the_mapping_does_and_changes_nothing(stage, owner):
    changes = {"officer": OFFICERS, "member": RAIDERS}
    plan = await stage.read(ANNA, "settings.roles", lambda session: preview_mapping(session, changes, HERE))
    assert {(move.name, move.before, move.after) for move in plan.moves} == {
        ("Anna", "guest", "officer"),
        ("Bob", "guest", "member"),
    }
    assert plan.mine == "officer"
    assert await owner.fetchval("SELECT count(*) FROM role_mapping") == 0
    done = await map_roles(stage, ANNA, changes, HERE)
    assert (done.moved, done.people) == (len(plan.moves), plan.after)


async def test_changing_one_role_moves_only_whom_it_concerns_and_taking_it_away_too(stage, owner):
    await map_roles(stage, ANNA, {"officer": OFFICERS, "member": RAIDERS}, HERE)
    assert (await map_roles(stage, ANNA, {"member": GUESTS}, HERE)).moved == 2
    assert await groups(owner) == {"Anna": "officer", "Bob": "guest", "Cid": "guest", "Dora": "member"}
    assert (await map_roles(stage, ANNA, {"officer": None}, HERE)).moved == 1
    assert (await groups(owner))["Anna"] == "guest"


async def test_people_who_left_and_people_without_discord_keep_their_group(stage, owner):
    await map_roles(stage, ANNA, {"member": RAIDERS}, HERE)
    await owner.execute("UPDATE member SET left_at = now() WHERE display_name = 'Bob'")
    await owner.execute(
        "INSERT INTO member (guild_id, display_name, name_key, role_group, joined_at)"
        " VALUES (1, 'Imported', 'imported', 'member', now())"
    )
    await map_roles(stage, ANNA, {"officer": OFFICERS}, [seen for seen in HERE if seen.name != "Bob"])
    assert {name: group for name, group in (await groups(owner)).items() if name in ("Bob", "Imported")} == {
        "Bob": "member",
        "Imported": "member",
    }


async def test_the_badge_moves_nobody_and_may_share_a_role(stage, owner):
    done = await map_roles(stage, ANNA, {"officer": LEADERS, "raid_leader": LEADERS}, HERE)
    assert done.people == {"officer": 1, "guest": 3}
    assert (await groups(owner))["Dora"] == "officer"


async def test_one_role_for_two_groups_and_everyone_as_officer_are_refused(stage, owner):
    with pytest.raises(RoleTwice):
        await map_roles(stage, ANNA, {"officer": OFFICERS, "member": OFFICERS}, HERE)
    for group in ("developer", "officer", "recruiter", "raid_leader"):
        with pytest.raises(RoleTooWide) as refused:
            await map_roles(stage, ANNA, {group: 1}, HERE)  # @everyone carries the server's id
        assert "@everyone" not in str(refused.value)
    with pytest.raises(NothingGiven):
        await map_roles(stage, ANNA, {}, HERE)
    assert (await map_roles(stage, ANNA, {"member": 1}, HERE)).people == {"member": 4}
    with pytest.raises(RoleTwice):
        await map_roles(stage, ANNA, {"guest": 1}, HERE)


async def test_only_who_may_manage_the_server_maps_also_when_they_are_no_officer(stage, owner):
    with pytest.raises(NotAllowed):
        await map_roles(stage, BOB, {"member": RAIDERS}, HERE)
    await map_roles(stage, ANNA, {"officer": GUESTS, "member": RAIDERS}, HERE)
    assert (await groups(owner))["Anna"] == "member"
    with pytest.raises(NotAllowed):
        await service.change_guild(stage, ANNA, "berlin", {})
    await map_roles(stage, ANNA, {"officer": OFFICERS}, HERE)
    await service.change_guild(stage, ANNA, "berlin", {})


async def test_two_mappings_at_once_leave_everybody_where_the_last_one_says(stage, owner):
    await stage.read(ANNA, None, _nothing)
    for _ in range(5):
        await asyncio.gather(
            map_roles(stage, ANNA, {"member": RAIDERS}, HERE),
            map_roles(stage, ANNA, {"member": GUESTS}, HERE),
            map_roles(stage, ANNA, {"officer": OFFICERS}, HERE),
        )
        member_role = await owner.fetchval("SELECT role_id FROM role_mapping WHERE role_group = 'member'")
        here = {seen.name: seen.role_ids for seen in HERE}
        expected = {
            name: "officer" if OFFICERS in roles else "member" if member_role in roles else "guest"
            for name, roles in here.items()
        }
        assert await groups(owner) == expected
        await map_roles(stage, ANNA, {"member": None, "officer": None}, HERE)


async def test_thousands_of_people_are_adopted_in_one_go(stage, owner):
    many = [Seen(1000 + number, f"Member {number}", frozenset({RAIDERS})) for number in range(2500)]
    done = await map_roles(stage, ANNA, {"member": RAIDERS}, [*HERE, *many])
    assert done.people["member"] == 2502
    assert await owner.fetchval("SELECT count(*) FROM member WHERE role_group = 'member'") == 2502


async def test_a_repeated_interaction_maps_once_and_answers_the_same(stage, owner):
    press = person(11, "Anna", manage_guild=True, interaction_id=77)
    first = await map_roles(stage, press, {"member": RAIDERS}, HERE)
    assert await map_roles(stage, press, {"member": RAIDERS}, HERE) == first
    assert (await actions(owner)).count("settings.roles_mapped") == 1


async def test_the_guild_is_changed_as_typed_and_audited_with_before_and_after(stage, owner):
    changed = await service.change_guild(stage, ANNA, " berlin", {"game": "Ever\nQuest", "faction": "@everyone"})
    assert changed.values == {"timezone": "Europe/Berlin", "game": "Ever Quest", "faction": "@everyone"}
    await service.change_guild(stage, ANNA, None, {"game": "-"})
    row = await owner.fetchrow("SELECT * FROM guild")
    assert (row["timezone"], row["game"], row["faction"]) == ("Europe/Berlin", None, "@everyone")
    rows = await owner.fetch("SELECT before, after FROM audit WHERE action = 'settings.changed' ORDER BY audit_id")
    assert [(row["before"], row["after"]) for row in rows][-1] == ('{"game": "Ever Quest"}', '{"game": null}')


@pytest.mark.parametrize(
    ("timezone", "texts"),
    [("nowhere", {}), (None, {}), (None, {"game": "x" * 61}), (None, {"server": "\u200b"}), ("", {"game": "EQ"})],
)
async def test_a_bad_value_changes_nothing_of_the_guild(stage, owner, timezone, texts):
    await service.change_guild(stage, ANNA, "paris", {"game": "Rift"})
    with pytest.raises(Refused):
        await service.change_guild(stage, ANNA, timezone, texts)
    row = await owner.fetchrow("SELECT timezone, game FROM guild")
    assert tuple(row) == ("Europe/Paris", "Rift")


async def test_channels_are_chosen_by_officers_only(stage, owner):
    with pytest.raises(NotAllowed):
        await service.change_channels(stage, BOB, {"raids": 900})
    with pytest.raises(NothingGiven):
        await service.change_channels(stage, ANNA, {})
    await service.change_channels(stage, ANNA, {"raids": 900, "audit": 901})
    now = await stage.read(ANNA, "settings.view", service.settings_now)
    assert now.channels == {"raids": 900, "audit": 901}
    await service.set_up_channel(stage, ANNA, "raids", None)
    assert (await stage.read(ANNA, "settings.view", service.settings_now)).channels == {"audit": 901}


async def test_the_first_pool_is_named_and_valued(stage, owner):
    await service.set_up_pool(stage, ANNA, " Raid\nPoints ", "15")
    now = await stage.read(ANNA, "settings.view", service.settings_now)
    assert (now.pool_name, now.tick_points) == ("Raid Points", Decimal(15))
    await service.set_up_pool(stage, ANNA, "DKP", "")
    assert (await stage.read(ANNA, "settings.view", service.settings_now)).tick_points == Decimal(10)
    for name, ticks in (("", "10"), ("\u200b", "10"), ("x" * 61, "10"), ("DKP", "-5"), ("DKP", "nan"), ("DKP", "1e12")):
        with pytest.raises(Refused):
            await service.set_up_pool(stage, ANNA, name, ticks)
    with pytest.raises(NotAllowed):
        await service.set_up_pool(stage, BOB, "DKP", "10")
    assert await owner.fetchval("SELECT name FROM pool") == "DKP"


async def test_a_pool_is_not_named_like_another(stage, owner):
    await stage.read(ANNA, None, _nothing)
    await owner.execute("INSERT INTO pool (guild_id, name, name_key, created_at) VALUES (1, 'Alts', 'alts', now())")
    with pytest.raises(service.PoolNameTaken):
        await service.set_up_pool(stage, ANNA, "ALTS", "10")


async def test_what_is_recommended_is_done_at_once_or_not_at_all(stage, owner):
    mapping, channels = {"officer": OFFICERS, "member": RAIDERS}, {"raids": 900}
    await stage.read(ANNA, None, _nothing)
    with pytest.raises(NotAllowed):
        await service.use_recommended(stage, BOB, "Europe/Berlin", mapping, channels, HERE)
    with pytest.raises(Refused):
        await service.use_recommended(stage, ANNA, "Europe/Berlin", {"officer": 1}, channels, HERE)
    row = await owner.fetchrow("SELECT timezone, raids_channel_id, set_up_at FROM guild")
    assert tuple(row) == ("UTC", None, None)
    done = await service.use_recommended(stage, ANNA, "Europe/Berlin", mapping, channels, HERE)
    assert done.moved == 2
    row = await owner.fetchrow("SELECT timezone, raids_channel_id, set_up_at FROM guild")
    assert row["timezone"] == "Europe/Berlin"
    assert row["raids_channel_id"] == 900
    assert row["set_up_at"] is not None


async def test_a_server_is_welcomed_once_also_when_told_twice_at_once(stage, owner):
    itself = Actor.itself(1, "Crimson Circle")
    await stage.run(itself, _nothing)  # else making the guild's row would keep them apart
    together = asyncio.Barrier(4)

    async def welcome(session) -> bool:
        await together.wait()
        return await service.welcome(session, 900)

    told = await asyncio.gather(*(stage.run(itself, welcome) for _ in range(4)))
    assert sorted(told) == [False, False, False, True]
    assert not await stage.run(itself, lambda session: service.welcome(session, 901))
    assert await owner.fetchval("SELECT channel_id FROM board WHERE kind = 'welcome'") == 900
    assert await owner.fetchval("SELECT name FROM guild") == "Crimson Circle"


async def test_a_mapping_of_one_guild_touches_nobody_in_another(stage, owner):
    there = person(12, "Bob", guild_id=2, manage_guild=True)
    await stage.run(there, lambda session: adopt(session, {"member": RAIDERS}, [Seen(12, "Bob", frozenset({RAIDERS}))]))
    await map_roles(stage, ANNA, {"officer": RAIDERS}, HERE)
    rows = await owner.fetch("SELECT guild_id, role_group FROM member WHERE discord_user_id = 12 ORDER BY guild_id")
    assert [tuple(row) for row in rows] == [(1, "officer"), (2, "member")]


async def _nothing(session) -> None:
    """Only opens the guild."""


async def test_however_many_a_mapping_moves_it_leaves_one_piece_of_due_work(stage, owner):
    here = [Seen(1000 + number, f"P{number}", frozenset({1, RAIDERS})) for number in range(50)]
    await map_roles(stage, ANNA, {"member": RAIDERS}, here)
    assert [row["key"] for row in await owner.fetch("SELECT key FROM due_job WHERE kind = 'member.rights'")] == [
        "everybody"
    ]
