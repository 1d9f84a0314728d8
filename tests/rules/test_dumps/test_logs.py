"""Logs: the lists, calls and loot in them are found; what people say to each other is not."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from cogs.raids.dumps import Reading, UnreadableDump, read_file, read_pasted
from tests.rules.test_dumps.evening import BEGINS, CHAT, SECRETS, WHO, evening, seen, stamped, who

LOG = "eqlog_Anna_xegony.txt"


def read(text: str, **more) -> Reading:
    return read_file(LOG, text.encode(), **more)


def everything(reading: Reading) -> str:
    return repr(reading) + "".join(line.text for moment in reading.moments for line in moment.lines)


# --- /who -------------------------------------------------------------------------------------------------------------


def test_a_who_list_is_a_moment_with_its_place_and_every_form_of_line():
    reading = read(who(BEGINS, *WHO))
    (moment,) = reading.moments
    assert (moment.kind, moment.taken_at, moment.zone, moment.server) == ("log", BEGINS, "Plane of Fear", "xegony")
    assert [(line.name, line.level, line.character_class) for line in moment.lines] == [
        ("Tom", 50, "Druid"),
        ("Karen", 49, "Magician"),
        ("Ogey", 60, "Magician"),
        ("Bad", None, None),
        ("Peter", None, None),
        ("Bloodydagger", 120, "Rogue"),
        ("Brambleth", 60, "Druid"),
    ]
    assert [line.name for line in moment.lines if line.linkdead] == ["Ogey"]
    assert [line.name for line in moment.lines if line.anonymous] == ["Bad", "Peter"]
    assert moment.lines[0].text == "[Sun Aug 02 20:00:00 2026] [50 Druid] Tom (Wood Elf) <Freya's Chariot> LFG"
    assert reading.notes == ()
    assert reading.not_understood == ()


def test_one_player_alone_is_a_list_too():
    (moment,) = read(who(BEGINS, *seen("Tom"))).moments
    assert (moment.names, moment.zone) == (("Tom",), "Plane of Fear")


def test_a_list_of_everywhere_is_a_moment_for_each_place_and_never_everyone():
    people = [
        "[60 Storm Warden] Brambleth (Wood Elf) <Wolf Pack> ZONE: fearplane",
        "[60 Bard] Ozan (Half Elf) <Wolf Pack> ZONE: fearplane LFG",
        "[1 Cleric] Banker (Dwarf) <Wolf Pack> ZONE: bazaar",
        "[ANONYMOUS] Shade <Wolf Pack>",
    ]
    moments = read(who(BEGINS, *people, place="EverQuest")).moments
    assert {moment.zone: moment.names for moment in moments} == {
        "fearplane": ("Brambleth", "Ozan"),
        "bazaar": ("Banker",),
        None: ("Shade",),
    }
    assert len({moment.content_hash for moment in moments}) == 3


def test_a_line_of_a_list_that_is_not_understood_is_counted_and_shown():
    reading = read(who(BEGINS, *seen("Tom"), "[60 Warrior] 12345 (Human)", "[sixty Bard] Ozan"))
    assert reading.moments[0].names == ("Tom",)
    assert [line.text for line in reading.not_understood] == ["[60 Warrior] 12345 (Human)", "[sixty Bard] Ozan"]
    assert "counts 3 players, 1 lines were read" in reading.notes[0]


def test_a_list_that_was_cut_is_read_and_said_to_be_cut():
    whole = who(BEGINS, *seen("Tom", "Karen", "Ogey"))
    lines = whole.splitlines(keepends=True)
    for part in ("".join(lines[:5]), "".join(lines[3:])):
        reading = read(part + stamped(BEGINS + timedelta(minutes=9), "You have entered Plane of Fear."))
        assert reading.moments[0].names in (("Tom", "Karen"), ("Tom", "Karen", "Ogey"))
        assert "is cut short: people may be missing" in reading.notes[0]


def test_two_lists_are_two_moments():
    moments = read(who(BEGINS, *seen("Tom")) + who(BEGINS + timedelta(seconds=40), *seen("Tom"))).moments
    assert [moment.taken_at.second for moment in moments] == [0, 40]
    assert moments[0].content_hash != moments[1].content_hash


# --- calls ------------------------------------------------------------------------------------------------------------


def test_a_call_names_the_list_within_five_minutes_and_no_other():
    reading = read(evening())
    assert [moment.call for moment in reading.moments] == ["First Call", "Second Call", "Third Call"]
    late = stamped(BEGINS + timedelta(minutes=80), "You tell your raid, ':::Attendance:::Last Call:::'")
    reading = read(evening() + late)
    assert [call.name for call in reading.lone_calls] == ["Last Call"]


@pytest.mark.parametrize(("minutes", "named"), [(-5, True), (5, True), (5.02, False)])
def test_five_minutes_are_five_minutes(minutes, named):
    call = stamped(BEGINS + timedelta(minutes=minutes), "Zed tells the raid,  ':::Attendance:::A Call:::'")
    lists = who(BEGINS, *seen("Tom"))
    reading = read(call + lists if minutes < 0 else lists + call)
    assert reading.moments[0].call == ("A Call" if named else None)
    assert len(reading.lone_calls) == (not named)


# --- loot -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "how", "item", "name", "cost"),
    [
        ("--You have looted a Bloodstained Key.--", "looted", "Bloodstained Key", "Anna", None),
        (
            "--Orsino has looted a Part of Tasarin's Grimoire Pg. 24.--",
            "looted",
            "Part of Tasarin's Grimoire Pg. 24",
            "Orsino",
            None,
        ),
        (
            "--You have looted 2 Clockwork Gnome Spring from a steamwork shockstriker's corpse.--",
            "looted",
            "Clockwork Gnome Spring",
            "Anna",
            None,
        ),
        (
            "Eye of Eashen has been awarded to Loladin by the Master Looter.",
            "given",
            "Eye of Eashen",
            "Loladin",
            None,
        ),
        (
            "Cloak of the Falling Stars has been awarded to Watchout by random roll.",
            "roll",
            "Cloak of the Falling Stars",
            "Watchout",
            None,
        ),
        ("You tell your raid, ':::Crystalline Spear::: Cyot 15 DKPSPENT'", "spent", "Crystalline Spear", "Cyot", 15),
        ("Undertree tells the raid,  '::;Golden Coffer::Wonder 3 DKPSPENT'", "spent", "Golden Coffer", "Wonder", 3),
        ("Zed tells the raid,  ':::Spell: Torpor:::Cyot 15.5dkpspent '", "spent", "Spell: Torpor", "Cyot", 15.5),
        ("Zed tells the raid,  ';; Robe ;: Cyot 7 DKP SPENT.'", "spent", "Robe", "Cyot", 7),
        ("Ghalone tells the raid,  '::: Robe of Primal Force ::: ROT'", "rot", "Robe of Primal Force", "", None),
    ],
)
def test_every_form_of_loot_is_read(body, how, item, name, cost):
    (line,) = read(stamped(BEGINS, body)).loot
    assert (line.how, line.item, line.name) == (how, item, name)
    assert line.cost == (None if cost is None else Decimal(str(cost)))
    assert line.at == BEGINS


@pytest.mark.parametrize(
    "said",
    [
        ":::Robe Cyot 15 DKPSPENT",
        ":::Robe::: Cyot fifteen DKPSPENT",
        "Robe Cyot 15 dkpspent",
        ":::Robe::: Cyot 15",
        ":::",
    ],
)
def test_a_price_that_is_not_understood_is_shown_and_never_guessed(said):
    reading = read(who(BEGINS, *seen("Tom")) + stamped(BEGINS, f"Zed tells the raid,  '{said}'"))
    assert reading.loot == ()
    assert [line.text for line in reading.not_understood] == [said]


# --- what is nobody's business ----------------------------------------------------------------------------------------


def test_nothing_of_a_tell_or_a_channel_is_kept():
    text = evening() + "".join(stamped(BEGINS + timedelta(minutes=n), line) for n, line in enumerate(CHAT))
    reading = read(text)
    assert len(reading.moments) == 3
    assert reading.loot == ()
    assert reading.not_understood == ()
    assert [secret for secret in SECRETS if secret in everything(reading)] == []
    assert "Bob" not in everything(reading)


@pytest.mark.parametrize("line", CHAT)
def test_a_tell_that_is_pasted_without_its_time_is_no_list_of_names(line):
    with pytest.raises(UnreadableDump) as refused:
        read_pasted(line)
    assert not any(secret in refused.value.sentence for secret in SECRETS)
    reading = read_pasted(f"Anna\n{line}\nBert")
    assert reading.moments[0].names == ("Anna", "Bert")
    assert [(unread.number, unread.text) for unread in reading.not_understood] == [(2, "")]


def test_a_tell_in_a_roster_file_is_counted_without_its_words():
    rows = "1\tTom\t60\tBard\t\t\t\r\n" + CHAT[0] + "\r\n" + stamped(BEGINS, CHAT[0])
    reading = read_file("RaidRoster-20260802-200000.txt", rows.encode())
    assert reading.moments[0].names == ("Tom",)
    assert [line.text for line in reading.not_understood] == ["", ""]


# --- years of it ------------------------------------------------------------------------------------------------------


def test_only_the_days_of_the_raid_are_read_and_the_rest_is_counted():
    years = "".join(evening(BEGINS - timedelta(days=days)) for days in range(400, 0, -1)) + evening()
    window = (BEGINS - timedelta(hours=6), BEGINS + timedelta(hours=8))
    reading = read(years, window=window)
    assert [moment.taken_at for moment in reading.moments] == [BEGINS + timedelta(minutes=m) for m in (0, 30, 60)]
    assert reading.lines == years.count("\n")
    assert reading.outside == 400 * evening().count("\n")


def test_the_same_day_of_another_year_is_not_read():
    other = datetime.fromisoformat("2020-08-02 20:00:00")  # a Sunday too
    window = (BEGINS - timedelta(hours=6), BEGINS + timedelta(hours=8))
    assert [m.taken_at.year for m in read(evening(other) + evening(), window=window).moments] == [2026] * 3


def test_a_log_of_other_days_is_refused_with_its_days():
    window = (BEGINS + timedelta(days=5), BEGINS + timedelta(days=6))
    with pytest.raises(UnreadableDump, match="a log of 2026-08-02 to 2026-08-02"):
        read(evening(), window=window)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encoding_and_line_ends_change_nothing(encoding, ending):
    text = who(BEGINS, *seen("Thalïa", "Ozan"))
    plain = read(text).moments[0]
    other = read_file(LOG, text.replace("\r\n", ending).rstrip().encode(encoding)).moments[0]
    assert other.names == ("Thalïa", "Ozan")
    assert other.content_hash == plain.content_hash


def test_a_log_may_be_pasted():
    reading = read_pasted(evening().replace("\r\n", "\n"))
    assert reading.kind == "log"
    assert len(reading.moments) == 3


def test_the_same_moment_of_a_log_that_grew_is_the_same_content():
    short, grown = read(evening()), read(evening() + evening(BEGINS + timedelta(days=1)))
    assert [m.content_hash for m in short.moments] == [m.content_hash for m in grown.moments[:3]]
