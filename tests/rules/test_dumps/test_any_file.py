"""Whatever is uploaded, whole, cut off or mixed up: nothing breaks, nobody is made up, and no secret gets out."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.refusals import Refused
from cogs.raids.dumps import Reading, read_file, read_pasted
from tests.rules.test_dumps.evening import BEGINS, CHAT, SECRETS, WHO, evening, seen, stamped, who
from tests.rules.test_dumps.test_guild_dumps import row

PEOPLE = {"Tom", "Karen", "Ogey", "Bad", "Peter", "Bloodydagger", "Brambleth"}
EVENING = evening(people=4) + who(BEGINS + timedelta(minutes=90), *WHO)
NAMES = PEOPLE | {f"Person{letter}" for letter in "abcd"}
BODIES = (
    *WHO,
    *CHAT,
    "Players on EverQuest:",
    "---------------------------",
    "There are 7 players in Plane of Sky.",
    "There are no players in EverQuest that match those who filters.",
    "--You have looted a Bloodstained Key.--",
    "Eye of Eashen has been awarded to Tom by the Master Looter.",
    "You tell your raid, ':::Crystalline Spear::: Karen 15 DKPSPENT'",
    "Zed tells the raid,  ':::Attendance:::First Call:::'",
    "Zed tells the raid,  '::: Robe ::: ROT'",
    "",
    "[",
    " AFK",
    "--",
)
MOMENTS = st.builds(lambda seconds: BEGINS + timedelta(seconds=seconds), st.integers(-400, 400))
LINES = st.tuples(MOMENTS, st.sampled_from(BODIES)).map(lambda line: stamped(*line))


def checked(reading: Reading) -> None:
    """People are those in the file, secrets are kept, and there is something."""
    assert reading.moments or reading.loot
    assert all(moment.lines for moment in reading.moments)
    assert {name for moment in reading.moments for name in moment.names} <= NAMES
    assert {line.name for line in reading.loot} <= PEOPLE | {"Anna", ""}
    told = repr(reading)
    assert [secret for secret in SECRETS if secret in told] == []


@given(st.integers(0, len(EVENING)), st.integers(0, len(EVENING)))
@settings(max_examples=300)
def test_a_log_cut_anywhere_shows_only_who_is_in_it(start, end):
    with suppress(Refused):
        checked(read_file("eqlog_Anna_xegony.txt", EVENING[start:end].encode()))


@given(st.lists(LINES, max_size=40), st.booleans())
@settings(max_examples=300)
def test_lines_of_a_log_in_any_order_make_nobody_up(lines, pasted):
    text = "".join(lines)
    with suppress(Refused):
        checked(read_pasted(text) if pasted else read_file("eqlog_Anna_xegony.txt", text.encode()))


@given(st.binary(max_size=300), st.integers(0, len(EVENING)), st.booleans())
@settings(max_examples=200)
def test_bytes_of_any_kind_in_a_log_break_nothing(noise, at, over):
    content = EVENING.encode()
    content = content[:at] + noise + content[at + len(noise) * over :]
    with suppress(Refused):
        reading = read_file("eqlog_Anna_xegony.txt", content, (BEGINS - timedelta(days=1), BEGINS + timedelta(days=1)))
        assert all(moment.lines for moment in reading.moments)


@given(st.integers(0, 400), st.sampled_from(["log", "roster", "guild", "names"]))
def test_every_line_of_a_list_is_read_or_counted(cut, kind):
    rows = {
        "roster": [f"1\t{name}\t60\tBard\t\t\t" for name in sorted(PEOPLE)],
        "guild": [row(name, "Plane of Fear") for name in sorted(PEOPLE)],
        "names": sorted(PEOPLE),
        "log": who(BEGINS, *seen(*sorted(PEOPLE))).splitlines(),
    }[kind]
    text = "\n".join(rows)
    text = text[: max(len(text) - cut, 1)]
    with suppress(Refused):
        reading = read_file("Wolf Pack-20200802-210000.txt", text.encode())
        lines = [line for moment in reading.moments for line in moment.lines]
        written = [line for line in text.split("\n") if line.strip()]
        heading = 5 if kind == "log" else 0  # heading, dashes, a tell, and after the people a tell and the count
        assert len(lines) + len(reading.not_understood) >= len(written) - heading
