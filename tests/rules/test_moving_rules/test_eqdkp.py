"""EQdkp Plus files: proved row by row, what is odd is listed, what lies is refused, what is broken never breaks us."""

import random
from decimal import Decimal

import pytest

from bot.refusals import Refused
from bot.uploads import Upload
from cogs.moving.rules.document import BadRow, DoesNotAddUp, UnreadableFile
from cogs.moving.rules.reading import read_document
from tests.eqdkp_export import make
from tests.services.test_moving.files import export, player
from tests.services.test_moving.house import UTC, read


def kinds(xml: str) -> set[str]:
    return {odd.kind for odd in read(xml).odd}


def test_entries_add_up_to_the_file_by_pool_and_by_person() -> None:
    made = make(players=500, seed=3)
    document = read(made.xml)
    assert document.totals["1"].balance == made.balance == sum(entry.amount for entry in document.entries)
    for person in document.people:
        mine = sum((entry.amount for entry in document.entries if entry.person == person.key), Decimal(0))
        assert mine == made.by_main[person.key], person
    assert {person.key for person in document.people} == set(made.by_main)
    assert sum(len(person.characters) for person in document.people) == made.players
    assert all(sum(character.main for character in person.characters) == 1 for person in document.people)


def test_every_oddity_of_real_files_is_listed_and_none_refuses_them() -> None:
    found = kinds(make().xml)
    assert {
        "unusual names", "names that differ only in case", "refunds", "negative balances", "fractional balances",
        "mains that are missing", "inactive and hidden",
    } <= found  # fmt: skip
    words = [odd.sentence.replace("\\", "") for odd in read(make().xml).odd]
    assert "Palaelean (SK) (a space and brackets) is kept as it is" in words
    assert "D'Artagnan (an apostrophe) is kept as it is" in words
    assert any(word.startswith("Zed (7) and zed (8) and ZED (9)") for word in words)


def test_points_go_to_the_main_and_twinks_are_its_characters() -> None:
    document = read(
        export(player(92, "Aaaachoo", earned=4, main=3422, main_name="Forpor"), player(3422, "Forpor", earned=32))
    )
    [person] = document.people
    assert (person.key, person.name) == ("3422", "Forpor")
    assert [(one.name, one.main) for one in person.characters] == [("Forpor", True), ("Aaaachoo", False)]
    assert sum(entry.amount for entry in document.entries) == 36


def with_twink(current: int, earned: int) -> str:
    return (
        f"<points_current_with_twink>{current}</points_current_with_twink>"
        f"<points_earned_with_twink>{earned}</points_earned_with_twink>"
        "<points_spent_with_twink>0</points_spent_with_twink>"
        "<points_adjustment_with_twink>0</points_adjustment_with_twink>"
    )


def test_figures_with_twinks_are_proved_too() -> None:
    def pair(main: int, twink: int) -> str:
        return export(
            player(1, "Forpor", earned=32, figures=with_twink(main, main)),
            player(2, "Aaaachoo", earned=4, main=1, figures=with_twink(twink, twink)),
        )

    for twink in (36, 4):
        assert len(read(pair(36, twink)).people) == 1
    for main, twink in ((37, 36), (32, 4), (36, 35)):
        with pytest.raises(DoesNotAddUp, match="with twinks"):
            read(pair(main, twink))


def test_a_twink_whose_main_is_missing_is_a_person_with_what_its_row_proves() -> None:
    document = read(export(player(92, "Aaaachoo", earned=4, main=3422, main_name="Forpor", figures=with_twink(36, 36))))
    [person] = document.people
    assert (person.name, [one.name for one in person.characters]) == ("Forpor", ["Aaaachoo"])
    assert [entry.amount for entry in document.entries] == [4]
    words = " ".join(odd.sentence for odd in document.odd if odd.kind == "mains that are missing")
    assert "32 of 36 with twinks are in no row of the file and are not imported" in words


@pytest.mark.parametrize(
    ("rows", "lie"),
    [
        ([player(1, "Zed", earned=10, current=11)], r"10 earned − 0 spent \+ 0 adjustment is 10, and current is 11"),
        (
            [player(1, "Zed", earned=10, items=[("Cloak", 4)], spent=5, current=5)],
            "its items come to 4, and spent is 5",
        ),
        (
            [player(1, "Zed", earned=10, adjustments=[("Oops", -3)], adjusted=-2, current=8)],
            "its adjustments come to -3, and adjustment is -2",
        ),
        ([player(1, "Zed"), player(1, "Yan")], r"player 1 \(Yan\): the id was Zed's already"),
    ],
)
def test_a_row_that_lies_is_named(rows: list[str], lie: str) -> None:
    with pytest.raises(DoesNotAddUp, match=lie):
        read(export(*rows))


def test_the_files_own_counts_are_checked() -> None:
    row = player(1, "Zed", earned=10, items=[("Cloak", 4)])
    with pytest.raises(DoesNotAddUp, match="total_players is 2, and the file lists 1 players"):
        read(export(row, total_players=2))
    with pytest.raises(DoesNotAddUp, match="total_items is 3, and the file lists 1 items"):
        read(export(row, total_items=3))
    assert "lists left out" in kinds(export(player(1, "Zed", earned=10, spent=4), total_items=3))


def test_what_a_row_claims_and_lists_nowhere_is_odd_and_booked_as_what_it_is() -> None:
    document = read(export(player(1, "Zed", earned=10, spent=4, adjusted=-1)))
    assert [(entry.kind, entry.amount) for entry in document.entries] == [
        ("attendance", 10), ("loot", -4), ("adjustment", -1),
    ]  # fmt: skip
    assert sum(odd.kind == "lists left out" for odd in document.odd) == 2


def test_an_item_listed_under_the_main_that_its_twink_paid_for_is_no_lie() -> None:
    main = player(1, "Zed", earned=10, items=[("Cloak", 4)], spent=0)
    twink = player(2, "Yan", earned=9, spent=4, main=1, main_name="Zed")
    document = read(export(main, twink))
    assert sum(entry.amount for entry in document.entries) == 15


def test_a_row_with_nothing_but_current_points_is_taken_as_it_is() -> None:
    row = (
        "<player><id>5</id><name>Zed</name><points><multidkp_points><multidkp_id>1</multidkp_id>"
        "<points_current>12.5</points_current><points_earned/></multidkp_points></points></player>"
    )
    document = read(export(row))
    assert [(entry.kind, entry.amount) for entry in document.entries] == [("import", Decimal("12.5"))]
    assert "figures left out" in {odd.kind for odd in document.odd}


@pytest.mark.parametrize("value", ["0.125", "nan", "1e9", "-0", "1,234", "12345678", "ten"])
def test_a_number_that_would_be_rounded_or_guessed_is_refused_with_its_row(value: str) -> None:
    for xml in (
        export(player(7, "Zed", earned=value, current=1, spent=0, adjusted=0)),
        export(player(7, "Zed", items=[("Cloak", value)], spent=1, current=1, adjusted=0)),
        export(player(7, "Zed", adjustments=[("Oops", value)], spent=0, current=1, adjusted=1)),
    ):
        with pytest.raises(BadRow, match=r"player 7 \(Zed\)"):
            read(xml)


def test_an_item_belongs_to_the_pool_that_lists_its_item_pool() -> None:
    second = (
        "<multidkp_points><multidkp_id>2</multidkp_id><points_current>-4</points_current><points_earned>0"
        "</points_earned><points_spent>4</points_spent><points_adjustment>0</points_adjustment></multidkp_points>"
    )
    row = player(1, "Zed", earned=10, items=[("Cloak", 4)], spent=0, points=second).replace(
        "<itempool_id>1<", "<itempool_id>9<"
    )
    pools = (
        "<multidkp_pools><multidkp_pool><id>1</id><name>Main</name></multidkp_pool><multidkp_pool><id>2</id>"
        "<name>Alts</name><mdkp_itempools><itempool_id>9</itempool_id></mdkp_itempools></multidkp_pool></multidkp_pools>"
    )
    document = read(export(row, more=pools))
    assert [(entry.kind, entry.pool, entry.amount) for entry in document.entries] == [
        ("attendance", "1", 10), ("loot", "2", -4),
    ]  # fmt: skip
    assert [pool.name for pool in document.pools] == ["Main", "Alts"]


# --- files that would do harm -----------------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><response><players><player>&c;</player></players></response>'
)
OUTSIDE = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><response><players/></response>'


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE])
def test_entities_and_dtds_are_refused_in_one_sentence(xml: str) -> None:
    with pytest.raises(UnreadableFile, match="DTD or entities"):
        read(xml)


def test_absurd_depth_and_size_are_refused_before_they_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableFile, match="nests deeper"):
        read("<response>" + "<a>" * 100_000)
    monkeypatch.setattr("cogs.moving.rules.eqdkp.parsing.MOST_ELEMENTS", 1000)
    with pytest.raises(UnreadableFile, match="elements, the most I read"):
        read("<response><players>" + "<a/>" * 2000)


@pytest.mark.parametrize("xml", ["<response></response>", "<html><body>404</body></html>", export()])
def test_a_file_without_players_is_refused(xml: str) -> None:
    with pytest.raises(UnreadableFile, match="no players"):
        read(xml)


def test_windows_1252_and_a_bom_are_read_whatever_the_header_says() -> None:
    xml = '<?xml version="1.0" encoding="UTF-8"?>' + export(player(1, "Zoë", earned=1))
    for data in (xml.encode("cp1252"), b"\xef\xbb\xbf" + xml.encode(), xml.encode()):
        assert read(data).people[0].name == "Zoë"


def test_cut_off_and_damaged_files_are_refused_or_add_up_and_never_break() -> None:
    dice = random.Random(8)
    whole = make(players=40, seed=5).xml.encode()
    assert read(whole).rows == 40
    refused = 0
    for _ in range(400):
        at = dice.randrange(len(whole))
        damaged = (
            whole[:at]
            if dice.random() < 0.4
            else whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :]
        )
        try:
            document = read_document(Upload("points.xml", damaged), None, UTC)
        except Refused:
            refused += 1
        else:
            # What passes still adds up to what it claims: a flipped letter of a name, or the end cut off behind it.
            assert sum((entry.amount for entry in document.entries), Decimal(0)) == document.totals["1"].balance
    assert refused > 250


def test_a_file_cut_off_anywhere_is_never_taken_for_whole() -> None:
    whole = make(players=12, seed=5).xml.rstrip()
    for at in range(1, len(whole), 37):
        with pytest.raises(Refused):
            read(whole[:at])
