"""Dumps are read as the game wrote them; what is not understood is counted, never guessed."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refused
from bot.uploads import NotText
from cogs.raids.dumps import (
    LARGEST_ROSTER,
    Dump,
    DumpEmpty,
    DumpLine,
    DumpTooLarge,
    UnreadableDump,
    read_file,
)
from cogs.raids.dumps import read_pasted as read_pasted_text

local = datetime.fromisoformat  # a file knows no zone


def read_dump(file_name: str, content: bytes) -> Dump:
    """The one moment of a file."""
    (moment,) = read_file(file_name, content).moments
    return moment


def read_pasted(text: str) -> Dump:
    (moment,) = read_pasted_text(text).moments
    return moment


PROGRESSION = b"1\tLoladin\t60\tPaladin\tGroup Leader\t\t\r\n1\tOzan\t60\tBard\t\t\t\r\n"
LIVE = b"10\tLordly\t65\tWizard\t\t\t\tYes\t\n6\tArsin\t65\tShadow Knight\tGroup Leader\t\t\tYes\t\n"
P99 = b"1\tKassandra\t50\tBard\tRaid Leader\t"
ZEAL = b"Player\tLevel\tClass\tTimestamp\tPoints\r\nCinu\t50\tRanger\t2024-03-22_09-47-32\t3\r\n"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (
            PROGRESSION,
            [DumpLine("Loladin", 60, "Paladin", "Group Leader", 1), DumpLine("Ozan", 60, "Bard", None, 1)],
        ),
        (
            LIVE,
            [
                DumpLine("Lordly", 65, "Wizard", None, 10),
                DumpLine("Arsin", 65, "Shadow Knight", "Group Leader", 6),
            ],
        ),
        (P99, [DumpLine("Kassandra", 50, "Bard", "Raid Leader", 1)]),
        (b"0\tOzan\t60\tBard", [DumpLine("Ozan", 60, "Bard", None, 0)]),
    ],
    ids=["progression", "live", "project 1999", "trailing tabs lost"],
)
def test_a_roster_of_each_client_is_read(content, lines):
    dump = read_dump("RaidRoster-20260807-203000.txt", content)
    assert dump.kind == "raid roster"
    assert list(dump.lines) == lines
    assert dump.taken_at == local("2026-08-07 20:30")
    assert dump.not_understood == ()


@pytest.mark.parametrize(
    ("file_name", "taken_at", "server"),
    [
        ("RaidRoster_xegony-20260807-203000.txt", local("2026-08-07 20:30"), "xegony"),
        ("RaidRoster-20260807-203000 (1).txt", local("2026-08-07 20:30"), None),
        ("RaidRoster-20269907-203000.txt", None, None),
        ("roster.txt", None, None),
        ("", None, None),
    ],
)
def test_the_file_name_tells_time_and_server_or_nothing(file_name, taken_at, server):
    dump = read_dump(file_name, LIVE)
    assert (dump.taken_at, dump.server) == (taken_at, server)


def test_a_raid_tick_is_read_with_its_own_time_and_points():
    dump = read_dump("RaidTick-2024-03-22_09-47-30.txt", ZEAL)
    assert dump.kind == "raid tick"
    assert dump.lines == (DumpLine("Cinu", 50, "Ranger", points=Decimal(3)),)
    assert dump.taken_at == local("2024-03-22 09:47:30")
    assert read_dump("tick.txt", ZEAL).taken_at == local("2024-03-22 09:47:32")


def test_an_older_raid_tick_has_one_name_a_line():
    dump = read_dump("RaidTick-2023-01-02_20-00-00.txt", b"Cinu\r\n\r\nThal\xefa\r\nDark Elf\n123\n<x>")
    assert dump.kind == "names"
    assert dump.names == ("Cinu", "Thalïa", "Dark Elf")
    assert dump.taken_at == local("2023-01-02 20:00")
    assert [(unread.number, unread.text) for unread in dump.not_understood] == [(5, "123"), (6, "<x>")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encoding_and_line_endings_change_nothing(encoding, ending):
    text = f"1\tThalïa\t60\tBard\t\t\t{ending}2\tOzan\t60\tShadow Knight\t\t\t"
    dump = read_dump("RaidRoster-20260807-203000.txt", text.encode(encoding))
    assert dump.names == ("Thalïa", "Ozan")
    plain = read_dump(
        "RaidRoster-20260807-203000.txt", "1\tThalïa\t60\tBard\t\t\t\n2\tOzan\t60\tShadow Knight".encode()
    )
    assert dump.content_hash == plain.content_hash


def test_the_same_people_at_another_time_are_another_dump():
    one, other = (read_dump(f"RaidRoster-20260807-{at}.txt", LIVE) for at in ("203000", "210000"))
    assert one.lines == other.lines
    assert one.content_hash != other.content_hash


def test_lines_that_are_not_understood_are_kept_with_their_number():
    dump = read_dump("RaidRoster-20260807-203000.txt", PROGRESSION + b"[Sun Mar 17] hello\nx\tOzan\t60\tBard\t\t\n")
    assert len(dump.lines) == 2
    assert [unread.number for unread in dump.not_understood] == [3, 4]


def test_names_on_one_line_and_rows_with_tabs_can_be_pasted():
    assert read_pasted("Anna, Bert Carl 12").names == ("Anna", "Bert", "Carl")
    assert read_pasted("Anna, Bert\nDark Elf\nCarl").names == ("Anna", "Bert", "Dark Elf", "Carl")
    assert read_pasted("1\tOzan\t60\tBard\t\t\n").kind == "raid roster"
    assert read_pasted("Anna\nBert").taken_at is None


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", DumpEmpty),
        (b"\xef\xbb\xbf\r\n \t\r\n", DumpEmpty),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NotText),
        (bytes(range(1, 32)) * 10, NotText),
        (PROGRESSION * 20 + b"\0", NotText),
        (b"\x81\x8d\x8f", NotText),
        (b"x" * (LARGEST_ROSTER + 1), DumpTooLarge),
        (b"[Sun Mar 17 23:18:28 2024] You say, 'hi'\n", UnreadableDump),
        (b"Rumstil\t115\tRanger\tMember\t\t08/02/20\t\n", UnreadableDump),
    ],
    ids=[
        "empty",
        "blank",
        "picture",
        "control characters",
        "zero byte",
        "no encoding",
        "too large",
        "log",
        "guild dump of nobody who is on",
    ],
)
def test_what_is_no_dump_is_refused_in_one_sentence(content, refusal):
    with pytest.raises(refusal) as refused:
        read_dump("@everyone.txt", content)
    assert refused.value.sentence.count(". ") == 0
    assert refused.value.sentence.endswith(".")
    assert "@everyone" not in refused.value.sentence


FIELDS = st.sampled_from(
    ["1", "60", "Ozan", "Bard", "Shadow Knight", "", "Yes", "\x07", "2024-03-22_09-47-32", "é", "3.5"]
)
ROWS = st.lists(st.lists(FIELDS, max_size=10).map("\t".join), max_size=12).map("\n".join)


@given(st.text(max_size=60), st.one_of(st.binary(), ROWS.map(str.encode), ROWS.map(lambda t: t.encode("cp1252"))))
def test_no_file_breaks_the_reader(file_name, content):
    with suppress(Refused):
        assert all(line.name for moment in read_file(file_name, content).moments for line in moment.lines)


@given(ROWS)
def test_every_line_is_read_or_counted(text):
    written = [row for row in text.split("\n") if row.strip()]
    with suppress(Refused):
        dump = read_dump("RaidRoster-20260807-203000.txt", text.encode())
        assert len(dump.lines) + len(dump.not_understood) == len(written)


@given(st.text())
def test_no_pasted_text_breaks_the_reader(text):
    with suppress(Refused):
        assert all(moment.lines for moment in read_pasted_text(text).moments)
