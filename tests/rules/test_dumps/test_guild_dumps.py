"""Guild dumps: a moment for each place, and nobody's notes."""

import pytest

from cogs.raids.dumps import DumpLine, UnreadableDump, read_file

NAME = "Wolf Pack_xegony-20200802-210000.txt"
NOTES = "his wife is ill"


def row(name: str, zone: str, last_on: str = "08/02/20", level: int = 115) -> str:
    cells = [name, str(level), "Shadow Knight", "Member", "", last_on, zone, NOTES, "", "off", "off", "1954229"]
    return "\t".join([*cells, "03/21/20", NOTES, ""])


def test_each_place_is_a_moment_and_who_is_not_on_is_left_out():
    rows = [
        row("Rumstil", "The Overthere"),
        row("Anna", "Plane of Fear"),
        row("Bert", "Plane of Fear", last_on="08/01/20"),
        row("Gone", "Plane of Fear", last_on="07/02/20"),
        row("Away", ""),
    ]
    reading = read_file(NAME, "\r\n".join(rows).encode())
    assert reading.kind == "guild dump"
    assert {m.zone: m.names for m in reading.moments} == {
        "Plane of Fear": ("Anna", "Bert"),
        "The Overthere": ("Rumstil",),
    }
    assert str(reading.moments[0].taken_at) == "2020-08-02 21:00:00"
    assert reading.notes == ("Not on, and left out: 2 people of the guild.",)
    assert reading.moments[1].lines == (DumpLine("Rumstil", 115, "Shadow Knight", "Member"),)


def test_notes_are_nobodys_business():
    reading = read_file(NAME, (row("Anna", "Plane of Fear") + "\n" + row("12", "x")).encode())
    assert NOTES not in repr(reading) + reading.moments[0].lines[0].text
    assert len(reading.not_understood) == 1


def test_a_dump_of_nobody_who_is_on_is_refused():
    with pytest.raises(UnreadableDump, match="shows nobody in a place"):
        read_file(NAME, row("Anna", "").encode())
