"""People and their characters on the real database: comings and goings, owners, mains, bad names."""

import asyncio

import pytest

from bot import due, people
from bot.kit.pickers import characters, own_characters
from bot.people import Seen
from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor, Session
from cogs.members import jobs
from cogs.members.rules import AlreadyMain, NameTaken, TooManyCharacters
from cogs.members.service import presence
from cogs.members.service.characters import add_character, characters_of, choose_main
from db.tables import RoleMapping
from tests.conftest import person

ANNA = person(11, "Anna", manage_guild=True)
BOB = person(12, "Bob")
ITSELF = Actor.itself(1, "Crimson Circle")
OFFICERS, RAIDERS, LEADERS = 501, 502, 504
ALL_ROLES = frozenset({1, OFFICERS, RAIDERS, LEADERS, 599})


def bob_with(*role_ids: int, name: str = "Bob") -> Seen:
    return Seen(12, name, frozenset({1, *role_ids}))


async def note(stage, happening, *given):
    """What Discord tells us, as the listeners hand it on."""
    return await stage.run(ITSELF, lambda session: happening(session, *given))


async def mapped(stage) -> None:
    async def write(session: Session) -> None:
        for group, role_id in (("officer", OFFICERS), ("member", RAIDERS), ("raid_leader", LEADERS)):
            session.add(RoleMapping(guild_id=1, role_group=group, role_id=role_id))

    await stage.run(ITSELF, write)


async def bob(owner):
    return await owner.fetchrow("SELECT * FROM member WHERE discord_user_id = 12")


async def actions(owner) -> list[str]:
    return [row["action"] for row in await owner.fetch("SELECT action FROM audit ORDER BY audit_id")]


# --- comings and goings -------------------------------------------------------------------------------------------


async def test_joining_leaving_and_returning_keeps_one_person_and_every_stay(stage, clock, owner):
    await note(stage, presence.arrive, bob_with())
    await add_character(stage, BOB, "Thrall")
    clock.move(days=1)
    await note(stage, presence.depart, 12)
    assert (await bob(owner))["left_at"] == clock.now()
    clock.move(days=1)
    await note(stage, presence.arrive, bob_with(name="Bobby"))
    stays = await owner.fetch("SELECT started_at, ended_at FROM stay ORDER BY stay_id")
    assert [(stay["ended_at"] is None) for stay in stays] == [False, True]
    row = await bob(owner)
    assert (row["display_name"], row["left_at"]) == ("Bobby", None)
    assert await owner.fetchval("SELECT count(*) FROM member") == 1
    assert (await stage.read(BOB, None, lambda session: characters_of(session, None)))[2][0].name == "Thrall"
    assert [a for a in await actions(owner) if a.startswith("members")] == [
        "members.joined",
        "members.left",
        "members.returned",
    ]


async def test_who_joins_after_the_mapping_gets_the_group_of_the_highest_role_they_hold(stage, owner):
    await mapped(stage)
    await note(stage, presence.arrive, bob_with(RAIDERS, OFFICERS))
    assert (await bob(owner))["role_group"] == "officer"
    await note(stage, presence.arrive, Seen(13, "Cid", frozenset({1, 599})))
    assert await owner.fetchval("SELECT role_group FROM member WHERE discord_user_id = 13") == "guest"


async def test_an_officer_who_left_comes_back_as_what_their_roles_say(stage, owner):
    await mapped(stage)
    await note(stage, presence.arrive, bob_with(OFFICERS))
    await note(stage, presence.depart, 12)
    await note(stage, presence.arrive, bob_with())
    assert (await bob(owner))["role_group"] == "guest"
    await note(stage, presence.depart, 12)
    # The press arrives before Discord says that they joined.
    await stage.read(person(12, "Bob", role_ids=frozenset({RAIDERS})), None, _nothing)
    assert (await bob(owner))["role_group"] == "member"
    assert await owner.fetchval("SELECT count(*) FROM stay WHERE ended_at IS NULL") == 1


async def test_a_return_seen_by_many_presses_at_once_begins_one_stay(stage, owner):
    await note(stage, presence.arrive, bob_with())
    for _ in range(5):
        await note(stage, presence.depart, 12)
        await asyncio.gather(
            note(stage, presence.arrive, bob_with()), *(stage.read(BOB, None, _nothing) for _ in range(5))
        )
        assert await owner.fetchval("SELECT count(*) FROM stay WHERE ended_at IS NULL") == 1


async def test_a_mapped_role_changed_by_hand_is_adopted_and_audited(stage, owner):
    await mapped(stage)
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.change, bob_with(RAIDERS), frozenset({RAIDERS}))
    assert (await bob(owner))["role_group"] == "member"
    await note(stage, presence.change, bob_with(), frozenset({RAIDERS}))
    assert (await bob(owner))["role_group"] == "guest"
    rows = await owner.fetch("SELECT before, after FROM audit WHERE action = 'members.group_adopted' ORDER BY audit_id")
    assert [(row["before"], row["after"]) for row in rows] == [
        ('{"group": "guest"}', '{"group": "member"}'),
        ('{"group": "member"}', '{"group": "guest"}'),
    ]


async def test_a_role_that_stands_for_nothing_changes_nobody_and_the_badge_is_only_noted(stage, owner):
    await mapped(stage)
    await note(stage, presence.arrive, bob_with(RAIDERS))
    await owner.execute("UPDATE member SET role_group = 'officer'")  # the roster is the source
    await note(stage, presence.change, bob_with(RAIDERS, 599), frozenset({599}))
    await note(stage, presence.change, bob_with(RAIDERS, LEADERS), frozenset({LEADERS}))
    await note(stage, presence.change, bob_with(RAIDERS), frozenset({LEADERS}))
    assert (await bob(owner))["role_group"] == "officer"
    assert (await actions(owner))[-2:] == ["members.badge_given", "members.badge_taken"]


async def test_a_new_name_is_found_and_the_old_one_no_more(stage, owner):
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.change, bob_with(name="Ｒoberta *x*"), frozenset())
    found = await stage.read(ANNA, None, lambda session: people.get_person(session, "roberta *X*"))
    assert found.discord_user_id == 12
    with pytest.raises(NotFound):
        await stage.read(ANNA, None, lambda session: people.get_person(session, "bob"))


async def test_after_downtime_the_roster_is_who_is_there_now(stage, clock, owner):
    await mapped(stage)
    for seen in (
        Seen(20, "Gone", frozenset()),
        Seen(21, "Back", frozenset()),
        Seen(22, "Demoted", frozenset({OFFICERS})),
    ):
        await note(stage, presence.arrive, seen)
    await note(stage, presence.depart, 21)
    await due.run_once(_with_left(stage, []))
    clock.move(hours=5)
    here = [
        Seen(21, "Back again", frozenset({RAIDERS})),
        Seen(22, "Demoted", frozenset({RAIDERS})),
        Seen(23, "New", frozenset({RAIDERS})),
    ]
    await note(stage, presence.reconcile, here, ALL_ROLES)
    rows = await owner.fetch("SELECT discord_user_id, display_name, role_group, left_at FROM member ORDER BY 1")
    assert [(r["discord_user_id"], r["display_name"], r["role_group"], r["left_at"] is None) for r in rows] == [
        (20, "Gone", "guest", False),
        (21, "Back again", "member", True),
        (22, "Demoted", "member", True),
        (23, "New", "member", True),
    ]
    assert await owner.fetchval("SELECT count(*) FROM stay WHERE ended_at IS NULL") == 3
    assert await owner.fetchval("SELECT count(*) FROM due_job WHERE kind = 'member.left' AND done_at IS NULL") == 1
    before = await owner.fetchval("SELECT count(*) FROM audit")
    await note(stage, presence.reconcile, here, ALL_ROLES)
    assert await owner.fetchval("SELECT count(*) FROM audit") == before  # nothing new, nothing written


async def test_a_mapped_role_that_was_deleted_makes_nobody_a_guest(stage, owner):
    await mapped(stage)
    await note(stage, presence.arrive, bob_with(RAIDERS))
    await note(stage, presence.reconcile, [bob_with()], ALL_ROLES - {RAIDERS})
    assert (await bob(owner))["role_group"] == "member"


async def test_the_doctor_finds_stays_that_contradict_and_people_without_a_main(stage, clock, owner):
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.arrive, Seen(13, "Cid", frozenset()))
    await note(stage, presence.depart, 13)
    await add_character(stage, BOB, "Thrall")
    await add_character(stage, BOB, "Rexxar")
    assert await stage.run(ITSELF, presence.inconsistencies) == []
    await owner.execute("UPDATE character SET is_main = false")
    await owner.execute("UPDATE stay SET ended_at = NULL")
    ids = [row["member_id"] for row in await owner.fetch("SELECT member_id FROM member ORDER BY discord_user_id")]
    assert await stage.run(ITSELF, presence.inconsistencies) == [
        f"member {ids[1]} has 1 open stays",
        f"member {ids[0]} has 0 mains",
    ]


# --- what a leaver means to other slices --------------------------------------------------------------------------


def _with_left(stage, hooks):
    stage.registry.due["member.left"] = jobs.member_left
    stage.registry.leavers = hooks
    return stage


async def test_a_leaver_is_told_to_every_slice_once_and_again_after_each_departure(stage, clock, owner):
    told: list[tuple[int, int]] = []

    async def hook(_, guild_id: int, member_id: int) -> None:
        told.append((guild_id, member_id))

    _with_left(stage, [hook, hook])
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.depart, 12)
    await note(stage, presence.depart, 12)  # Discord says it twice
    await note(stage, presence.depart, 999)  # somebody we never knew
    await due.run_once(stage)
    await due.run_once(stage)
    member_id = (await bob(owner))["member_id"]
    assert told == [(1, member_id)] * 2
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.depart, 12)
    await due.run_once(stage)
    assert told == [(1, member_id)] * 4


async def test_a_slice_that_fails_to_let_go_stops_no_other_and_is_asked_again(stage, clock, owner):
    calls: list[str] = []

    async def breaks(*_: object) -> None:
        calls.append("breaks")
        if calls.count("breaks") == 1:
            raise RuntimeError("away")

    async def works(*_: object) -> None:
        calls.append("works")

    _with_left(stage, [breaks, works])
    await note(stage, presence.arrive, bob_with())
    await note(stage, presence.depart, 12)
    await due.run_once(stage)
    assert calls == ["breaks", "works"]
    clock.move(seconds=30)
    await due.run_once(stage)
    assert calls == ["breaks", "works", "breaks", "works"]
    assert await owner.fetchval("SELECT count(*) FROM due_job WHERE done_at IS NULL") == 0


# --- characters ---------------------------------------------------------------------------------------------------


async def test_the_first_character_is_the_main_and_the_next_one_an_alt(stage, owner):
    first = await add_character(stage, BOB, "Thrall", "Shaman", 60, False)
    assert (first.is_main, first.own, first.main_before) == (True, True, None)
    second = await add_character(stage, BOB, "Rexxar", None, None)
    assert not second.is_main
    third = await add_character(stage, BOB, "Cairne", None, None, True)
    assert (third.is_main, third.main_before) == (True, "Thrall")
    _, own, played = await stage.read(BOB, None, lambda session: characters_of(session, None))
    assert own
    assert [(one.name, one.is_main) for one in played] == [("Cairne", True), ("Rexxar", False), ("Thrall", False)]
    assert await owner.fetchval("SELECT count(*) FROM character_owner WHERE from_member_id IS NULL") == 3
    assert (await actions(owner)).count("characters.added") == 3


async def test_a_name_is_taken_whatever_its_spelling_and_says_whose_it_is(stage, owner):
    await add_character(stage, BOB, "Thrall")
    for spelling in ("thrall", " THRALL ", "Ｔｈｒａｌｌ", "Thr\u200ball"):
        with pytest.raises(NameTaken, match="belongs to Bob here"):
            await add_character(stage, ANNA, spelling)
    with pytest.raises(NameTaken, match="You have Thrall already"):
        await add_character(stage, BOB, "thrall")
    await owner.execute("UPDATE character SET retired_at = now(), is_main = false")
    assert (await add_character(stage, ANNA, "thrall")).is_main
    elsewhere = person(12, "Bob", guild_id=2)
    assert (await add_character(stage, elsewhere, "Thrall")).is_main


async def test_one_name_wanted_by_ten_at_once_goes_to_one(stage, owner):
    tried = await asyncio.gather(
        *(add_character(stage, person(100 + n, f"P{n}"), "Thrall") for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(one, NameTaken) for one in tried) == 9
    assert await owner.fetchval("SELECT count(*) FROM character") == 1


async def test_ten_first_characters_at_once_make_one_main(stage, owner):
    await stage.read(BOB, None, _nothing)
    tried = await asyncio.gather(
        *(add_character(stage, BOB, f"Alt{letter}", None, None, True) for letter in "abcdefghij")
    )
    assert all(one.is_main for one in tried)
    assert await owner.fetchval("SELECT count(*) FROM character WHERE is_main") == 1


async def test_officers_add_for_others_and_members_only_for_themselves(stage, owner):
    await note(stage, presence.arrive, bob_with())
    added = await add_character(stage, ANNA, "Thrall", owner="bob")
    assert (added.owner, added.own) == ("Bob", False)
    with pytest.raises(NotAllowed):
        await add_character(stage, BOB, "Rexxar", owner="anna")
    assert (await add_character(stage, BOB, "Rexxar", owner="bob")).own
    with pytest.raises(NotFound):
        await add_character(stage, ANNA, "Cairne", owner="nobody at all")


async def test_the_main_is_changed_by_its_owner_or_an_officer_with_the_reason_kept(stage, owner):
    await add_character(stage, BOB, "Thrall")
    alt = await add_character(stage, BOB, "Rexxar")
    chosen = await choose_main(stage, BOB, f"#{alt.character_id}")
    assert (chosen.name, chosen.main_before, chosen.own) == ("Rexxar", "Thrall", True)
    with pytest.raises(AlreadyMain):
        await choose_main(stage, BOB, "rexxar")
    with pytest.raises(NotAllowed):
        await choose_main(stage, person(13, "Cid"), "Thrall")
    assert not (await choose_main(stage, ANNA, "thrall", " asked \n me ")).own
    row = await owner.fetchrow("SELECT * FROM audit ORDER BY audit_id DESC LIMIT 1")
    assert (row["action"], row["reason"]) == ("characters.main_chosen", "asked me")
    with pytest.raises(Refused, match="at most 500"):
        await choose_main(stage, BOB, "rexxar", "x" * 501)
    assert await owner.fetchval("SELECT name FROM character WHERE is_main") == "Thrall"


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "\u3164", "x" * 41, "x" * 100, "#12", "<@123456789012345678>", "🔥"]
)
async def test_a_bad_name_is_refused_and_nothing_is_kept(stage, owner, name):
    with pytest.raises(Refused):
        await add_character(stage, BOB, name)
    assert await owner.fetchval("SELECT count(*) FROM character") == 0


@pytest.mark.parametrize("level", [-1, 0, 10**9, "1e9", "ten"])
async def test_a_bad_level_is_refused_and_nothing_is_kept(stage, owner, level):
    with pytest.raises(Refused):
        await add_character(stage, BOB, "Thrall", None, level)
    assert await owner.fetchval("SELECT count(*) FROM character") == 0


@pytest.mark.parametrize("name", ["**Bold** _x_", "@everyone", "<@&1> x", "أحمد", "Thr🔥all", "`code` [a](http://b)"])
async def test_an_odd_name_is_kept_as_typed_and_refusals_show_it_harmlessly(stage, owner, name):
    await add_character(stage, BOB, name)
    assert await owner.fetchval("SELECT name FROM character") == name
    with pytest.raises(NameTaken) as refused:
        await add_character(stage, ANNA, name)
    for harm in ("@everyone", "<@&", "**", "(http:"):
        assert harm not in refused.value.sentence


async def test_fifty_characters_are_the_most_a_person_keeps(stage, owner):
    await add_character(stage, BOB, "Thrall")
    member_id = (await bob(owner))["member_id"]
    await owner.execute(
        "INSERT INTO character (guild_id, owner_member_id, name, name_key, created_at)"
        " SELECT 1, $1, 'c' || n, 'c' || n, now() FROM generate_series(1, 49) n",
        member_id,
    )
    with pytest.raises(TooManyCharacters):
        await add_character(stage, BOB, "Rexxar")


async def test_a_character_is_found_by_id_name_or_kindly_with_near_names(stage, owner):
    added = await add_character(stage, BOB, "Thrall")
    anna = (await add_character(stage, ANNA, "Jaina")).character_id
    await stage.read(ANNA, None, _nothing)

    async def get(typed: str, whose: int | None = None) -> str:
        found = await stage.read(ANNA, None, lambda session: people.get_character(session, typed, whose))
        return found.name

    member_id = (await bob(owner))["member_id"]
    assert await get(f"#{added.character_id}") == "Thrall"
    assert await get(" thrall ", member_id) == "Thrall"
    with pytest.raises(NotFound, match="Did you mean Thrall"):
        await get("trall")
    for foreign in ("jaina", f"#{anna}"):
        with pytest.raises(NotFound):
            await get(foreign, member_id)
    with pytest.raises(NotFound, match="add one with /character add"):
        await get("thrall", 999999)
    for odd in ("", "#", "#99999999999999999999", "#999999", "@everyone", "\u200b"):
        with pytest.raises(NotFound) as refused:
            await get(odd)
        assert "@everyone" not in refused.value.sentence


async def test_pickers_offer_active_characters_of_this_guild_with_their_owners(stage, owner):
    await add_character(stage, BOB, "Thrall")
    await add_character(stage, BOB, "Rexxar")
    await add_character(stage, person(12, "Bob", guild_id=2), "Elsewhere")
    await add_character(stage, ANNA, "Jaina")
    await owner.execute("UPDATE character SET retired_at = now() WHERE name = 'Rexxar'")
    every = await stage.read(ANNA, None, lambda session: characters(session, ""))
    assert [choice.label for choice in every] == ["Jaina · main of Anna", "Thrall · main of Bob"]
    own = await stage.read(BOB, None, lambda session: own_characters(session, "thr"))
    assert [choice.label for choice in own] == ["Thrall · main of Bob"]


async def test_a_repeated_interaction_adds_once_and_answers_the_same(stage, owner):
    press = person(12, "Bob", interaction_id=5)
    first = await add_character(stage, press, "Thrall")
    assert await add_character(stage, press, "Thrall") == first


async def _nothing(session: Session) -> None:
    """Only enters."""


@pytest.mark.parametrize("typed", ["99999999999999999999", "<@99999999999999999999>", "9223372036854775808"])
async def test_a_number_too_long_for_an_id_is_nobody(stage, typed):
    with pytest.raises(NotFound):
        await stage.read(ANNA, None, lambda session: people.get_person(session, typed))


async def test_a_press_from_before_they_left_brings_nobody_back(stage, clock, owner):
    early = person(9, "Vera", received_at=clock.now())
    await stage.run(early, _look)
    clock.move(seconds=1)
    await stage.run(Actor.itself(1), lambda session: people.leave(session, 9))
    await stage.run(early, _look)
    assert await owner.fetchval("SELECT left_at FROM member WHERE discord_user_id = 9") is not None
    clock.move(seconds=1)
    await stage.run(person(9, "Vera", received_at=clock.now()), _look)
    assert await owner.fetchval("SELECT left_at FROM member WHERE discord_user_id = 9") is None


async def _look(session):
    """Nothing but being there."""
