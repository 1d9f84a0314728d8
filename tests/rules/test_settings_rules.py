"""Zones as people name them, roles and channels guessed by name, characters nobody could have."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.refusals import Refused
from cogs.members.rules import check_class, check_level, check_name
from cogs.settings.rules import zones
from cogs.settings.rules.guesses import ChannelSeen, RoleSeen, guess_channels, guess_roles
from cogs.settings.rules.texts import check_text


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("berlin", "Europe/Berlin"),
        ("  Europe/berlin ", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("New_York", "America/New_York"),
        ("ＢＥＲＬＩＮ", "Europe/Berlin"),
        ("PST", "America/Los_Angeles"),
        ("cest", "Europe/Berlin"),
        ("germany", "Europe/Berlin"),
        ("utc", "UTC"),
        ("kolkata", "Asia/Kolkata"),
        ("indianapolis", "America/Indianapolis"),
    ],
)
def test_a_zone_is_found_as_people_name_it(typed, zone):
    assert zones.get_zone(typed) == zone


def test_a_misspelt_city_is_refused_with_near_ones():
    with pytest.raises(zones.NoSuchZone, match="did you mean Europe/Berlin"):
        zones.get_zone("berlinn")


@pytest.mark.parametrize("typed", ["", " ", "\u200b", "qqqqzzzz", "@everyone", "*" * 100, "../../etc/passwd", "\x00"])
def test_what_is_no_zone_is_refused_in_one_safe_sentence(typed):
    with pytest.raises(zones.NoSuchZone) as refused:
        zones.get_zone(typed)
    assert "@everyone" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_every_zone_that_is_offered_exists_and_an_empty_search_offers_the_common_ones():
    assert zones.offered("") == list(zones.COMMON)
    assert zones.offered("york")[0] == "America/New_York"
    for typed in ("a", "berlin", "pst", "zzzz", "@"):
        for zone in zones.offered(typed)[:25]:
            ZoneInfo(zone)
    for zone in (*zones.BY_LANGUAGE.values(), *zones.COMMON):
        assert zones.get_zone(zone) == zone


def test_the_clock_there_follows_summer_time():
    assert zones.clock_in("Europe/Berlin", datetime(2026, 7, 1, 17, 42, tzinfo=UTC)) == "19:42"
    assert zones.clock_in("Europe/Berlin", datetime(2026, 1, 1, 17, 42, tzinfo=UTC)) == "18:42"


def roles(*given: tuple[str, int] | tuple[str, int, bool]) -> list[RoleSeen]:
    return [
        RoleSeen(number, name, holders, bool(manages))
        for number, (name, holders, *manages) in enumerate(given, start=1)
    ]


def test_roles_are_guessed_by_their_names_whatever_decorates_them():
    server = roles(("⚔️ Officers", 3), ("Raid-Leaders", 2), ("✦ Raiders ✦", 18), ("Trial", 4), ("Friends", 5), ("DJ", 9))
    assert guess_roles(server, {}) == {"officer": 1, "raid_leader": 2, "member": 3, "applicant": 4, "guest": 5}


def test_a_raid_leader_is_no_officer_and_a_recruit_no_recruiter():
    server = roles(("Raid Leader", 2), ("Recruit", 4), ("Guild Master", 1), ("Member", 20))
    assert guess_roles(server, {}) == {"raid_leader": 1, "applicant": 2, "officer": 3, "member": 4}


def test_without_an_officer_by_name_it_is_who_may_manage_the_server():
    assert guess_roles(roles(("Wizards", 3, True), ("Bosses", 1, True), ("Members", 9)), {})["officer"] == 1


def test_without_anybody_who_would_be_an_officer_nothing_is_recommended():
    assert guess_roles(roles(("Members", 9), ("Guests", 4), ("Officer", 0)), {}) == {}


def test_what_is_mapped_stays_and_its_role_is_not_guessed_again():
    assert guess_roles(roles(("Officer", 3), ("Members", 9)), {"officer": 2}) == {}
    assert guess_roles(roles(("Officer", 3), ("Members", 9)), {"officer": 1}) == {"member": 2}


def test_channels_are_guessed_by_their_names_each_for_one_thing():
    names = ("general", "⚔️・raid-board", "auctions", "loot-log", "bot-logs", "events")
    channels = [ChannelSeen(number, name) for number, name in enumerate(names, start=1)]
    assert guess_channels(channels, []) == {"raids": 2, "auctions": 3, "loot": 4, "audit": 5, "events": 6}
    assert "raids" not in guess_channels(channels, ["raids"])


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Thrall", "Thrall"),
        ("  Thrall\nthe\tGreat ", "Thrall the Great"),
        ("**Bold**", "**Bold**"),
        ("@everyone", "@everyone"),
        ("Ｔｈｒａｌｌ", "Ｔｈｒａｌｌ"),
        ("Thrall🔥", "Thrall🔥"),
        ("أحمد", "أحمد"),
        ("a\u202eb", "ab"),
        ("戦士", "戦士"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_name_is_kept_on_one_line_without_what_cannot_be_seen(typed, name):
    assert check_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "   ", "\u200b", "\u3164", "\u2800", "#12", "12", "<@123456789012345678>", "🔥", "***", "x" * 41]
)
def test_a_name_that_nobody_could_read_or_that_looks_like_an_id_is_refused(typed):
    with pytest.raises(Refused):
        check_name(typed)


@pytest.mark.parametrize("typed", [-1, 0, 1000, 10**9, "-1", "1e9", "nan", "10.5", "sixty", "9" * 5000, "@everyone"])
def test_a_level_out_of_this_world_is_refused_in_one_safe_sentence(typed):
    with pytest.raises(Refused) as refused:
        check_level(typed)
    assert len(str(refused.value)) < 200
    assert "@everyone" not in str(refused.value)


def test_levels_and_classes_may_be_left_out_and_full_width_digits_are_read():
    assert [check_level(typed) for typed in (None, "", " ", "\u200b", 60, "６０", " 60 ")] == [None] * 4 + [60, 60, 60]
    assert check_class("  ") is None
    assert check_class("\u3164") is None
    assert check_class(" Shadow\nPriest") == "Shadow Priest"


def test_texts_of_the_guild_are_short_and_seen_and_a_dash_empties_them():
    assert check_text("game", "EverQuest\n II") == "EverQuest II"
    assert check_text("game", " - ") is None
    for typed in ("", "\u200b", "\u3164", "x" * 61):
        with pytest.raises(Refused):
            check_text("game", typed)
