"""OpenDKP and CSV: read kindly, never guessed; and which format a file is in."""

import json
import random
from decimal import Decimal

import pytest

from bot.refusals import Refused
from bot.uploads import Upload
from cogs.moving.rules.document import BadRow, DoesNotAddUp, UnreadableFile
from cogs.moving.rules.reading import read_document
from tests.eqdkp_export import make
from tests.services.test_moving.files import OPENDKP
from tests.services.test_moving.house import UTC, read


def balances(text: str) -> dict[str, Decimal]:
    document = read(text, "export.json")
    names = {person.key: person.name for person in document.people}
    sums = dict.fromkeys(names.values(), Decimal(0))
    for entry in document.entries:
        sums[names[entry.person]] += entry.amount
    return sums


def snake(value: object) -> object:
    """The same document with snake_case keys."""
    if isinstance(value, list):
        return [snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key).strip("_"): snake(v) for key, v in value.items()
    }


def test_a_balance_is_ticks_minus_items_plus_adjustments_in_any_spelling() -> None:
    expected = {"Thorgrim": Decimal(14), "Zed": Decimal("7.5"), "Stranger": Decimal(4)}
    assert balances(OPENDKP) == expected
    assert balances(json.dumps(snake(json.loads(OPENDKP)))) == expected


def test_odd_things_of_opendkp_are_listed() -> None:
    kinds = {odd.kind for odd in read(OPENDKP, "export.json").odd}
    assert {"people not listed", "twice at one tick", "two characters of one person", "fractional balances"} <= kinds


def test_a_balance_that_the_file_claims_and_its_rows_do_not_is_a_lie() -> None:
    data = json.loads(OPENDKP)
    data["Characters"][2]["CurrentDKP"] = 8
    with pytest.raises(
        DoesNotAddUp, match=r"character 3 \(Zed\): ticks − items \+ adjustments is 7.5, and the file says 8"
    ):
        read(json.dumps(data), "export.json")


@pytest.mark.parametrize("value", [0.125, float("nan"), 1e9, "-0", "x", None, [], 1e400])
def test_a_bad_number_is_refused_with_its_row(value: object) -> None:
    data = json.loads(OPENDKP)
    data["Raids"][0]["Ticks"][1]["Value"] = value
    with pytest.raises(BadRow, match=r"raid 901 \(Plane of Fear\), tick 2: its value"):
        read(json.dumps(data), "export.json")


@pytest.mark.parametrize(
    "text",
    ["{", '{"characters": 5}', '{"a": 1}', "[1, 2]", '{"raids": [7]}', '{"characters": [{"name": ""}]}', "[" * 100_000,
     '{"raids": ' + "[" * 100_000, '{"characters": [{"name": "A"}, {"name": "A"}]}'],
)  # fmt: skip
def test_a_broken_json_file_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UnreadableFile):
        read(text, "export.json")


def test_damaged_json_never_breaks() -> None:
    dice = random.Random(3)
    whole = OPENDKP.encode()
    for _ in range(600):
        at = dice.randrange(len(whole))
        damaged = (
            whole[:at]
            if dice.random() < 0.3
            else whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :]
        )
        try:
            document = read_document(Upload("export.json", damaged), None, UTC)
        except Refused:
            continue
        assert sum((entry.amount for entry in document.entries), Decimal(0)) == sum(
            (one.balance for one in document.totals.values()), Decimal(0)
        )


@pytest.mark.parametrize("mark", [";", ",", "\t"])
@pytest.mark.parametrize("point", [".", ","])
def test_csv_with_any_mark_and_either_decimal_point(mark: str, point: str) -> None:
    cell = '"12,5"' if point == "," else "12.5"
    text = f'\ufeffMember{mark}Balance{mark}Pool\r\nZed{mark}{cell}{mark}\r\n\r\n"Ann{mark}B."{mark}-3{mark}Alts'
    document = read(text.encode(), "points.csv")
    assert [(entry.person, entry.amount, entry.pool) for entry in document.entries] == [
        ("Zed", Decimal("12.5"), ""), (f"Ann{mark}B.".replace("\t", " "), Decimal(-3), "alts"),
    ]  # fmt: skip
    assert [(pool.name, pool.is_default) for pool in document.pools] == [(None, True), ("Alts", False)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("member,amount\nZed,1.234\n", "line 2 \\(Zed\\): the amount .* has more than 2 decimals"),
        ("member,amount\nZed,12,5\n", "line 2 has 3 values and the header 2"),
        ("member,amount\nZed,\n", "line 2 \\(Zed\\): the amount is empty"),
        ("member,amount\n,5\n", "line 2 says nobody's name"),
        ("member,amount,date\nZed,5,03/04/2024\n", "no date I can be sure of"),
        ("member,amount,balance\nZed,5,6\n", "both amount and balance"),
        ("member,balance\nZed,5\nZed,6\n", "gives 1 balances twice"),
        ("member,amount\n", "nothing below it"),
        ("member,member,amount\nA,B,1\n", "the column member twice"),
        ('member,amount\n"Zed,5\n', "broken at line"),
    ],
)
def test_a_csv_line_that_cannot_be_read_refuses_the_file_and_is_named(text: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read(text, "points.csv")


def test_of_many_bad_lines_the_first_ten_are_named_and_all_are_counted() -> None:
    text = "member,amount\n" + "".join(f"Zed{n},x\n" for n in range(25))
    with pytest.raises(UnreadableFile) as refused:
        read(text, "points.csv")
    assert refused.value.sentence.startswith("25 lines of")
    assert refused.value.sentence.endswith("… and 15 more")


def test_formats_are_recognised_and_a_wrong_word_for_one_is_answered() -> None:
    xml = make(players=12).xml
    assert [read(text, "x").format for text in (xml, OPENDKP, "member;amount\nZed;1")] == ["eqdkp", "opendkp", "csv"]
    assert read(xml, "x", "eqdkp").format == "eqdkp"
    with pytest.raises(
        UnreadableFile, match="You said “x” is an OpenDKP export; it looks like an EQdkp Plus points export"
    ):
        read(xml, "x", "opendkp")
    for text in ("", "Vera\nWillem\n", "1\tLoladin\t60\tPaladin"):
        with pytest.raises(UnreadableFile, match="I cannot tell what"):
            read(text, "x")
