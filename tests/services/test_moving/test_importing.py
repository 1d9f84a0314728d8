"""Files taken in: everything of them and nothing else, at once or not at all."""

import random
from decimal import Decimal

import asyncpg
import pytest

from bot.refusals import NotAllowed, Refused
from bot.stage import Actor, Stage
from cogs.dkp.rules.pools import ArchivedPool, Given
from cogs.dkp.service import ledger, pooling
from cogs.members.service import characters
from cogs.members.service.presence import inconsistencies
from cogs.moving.rules.document import DoesNotAddUp
from cogs.moving.rules.plan import OnePoolOnly
from cogs.moving.service import importing
from cogs.moving.service.importing.rows import GuildMoved
from cogs.moving.service.looking import ImportedBefore
from cogs.moving.service.progress import Progress, Stopped
from tests.conftest import person
from tests.eqdkp_export import make
from tests.services.test_dkp.words import give, meet, table
from tests.services.test_moving.files import OPENDKP, export, player
from tests.services.test_moving.house import OFFICER, given, plan, take_in

BOB = person(11, "Bob")


async def adds_up(stage: Stage) -> None:
    assert await stage.run(Actor.itself(1), ledger.imbalances) == []
    assert await stage.run(Actor.itself(1), inconsistencies) == []


class Watched(Progress):
    """Notes every phase; stops in one, if told."""

    def __init__(self, stop_in: str | None = None) -> None:
        super().__init__()
        self.seen: list[tuple[str, int, int]] = []
        self.stop_in = stop_in

    async def at(self, phase: str, done: int, total: int) -> None:
        self.seen.append((phase, done, total))
        self.stop = phase == self.stop_in
        await super().at(phase, done, total)


async def test_four_thousand_players_with_every_oddity_come_to_the_files_totals(
    guild: Stage, owner: asyncpg.Connection
):
    made = make()
    watched = Watched()
    done = await take_in(guild, given(made.xml), progress=watched)
    assert (done.people, done.awards) == (made.people, made.items)
    row = await owner.fetchrow("SELECT sum(balance), sum(earned), sum(spent), sum(adjusted) FROM account")
    assert row is not None
    assert tuple(row) == (made.balance, made.earned, made.spent, made.adjusted)
    by_kind = await owner.fetch("SELECT kind, sum(amount) AS total, count(*) AS n FROM ledger_entry GROUP BY kind")
    assert {row["kind"]: row["total"] for row in by_kind} == {
        "attendance": made.earned, "loot": -made.spent, "adjustment": made.adjusted,
    }  # fmt: skip
    assert await owner.fetchrow("SELECT count(*), sum(cost) FROM award") == (made.items, made.spent)
    assert await owner.fetchval("SELECT count(*) FROM character") == made.players

    # Person by person, found through the number of the file's row that the ledger keeps with each entry.
    rows = await owner.fetch(
        "SELECT DISTINCT e.member_id, split_part(e.idempotency_key, 'player ', 2) AS number,"
        " a.balance FROM ledger_entry AS e JOIN account AS a USING (guild_id, pool_id, member_id)"
    )
    balances = {row["number"]: row["balance"] for row in rows}
    checked = 0
    for main, balance in made.by_main.items():
        if main in balances:
            assert balances[main] == balance, made.names[main]
            checked += 1
    assert checked > 2000
    assert await owner.fetchval("SELECT decimals FROM pool WHERE is_default") == 2
    phases = [phase for phase, _, _ in watched.seen]
    assert {"People", "Characters", "Ledger", "Items", "Balances", "Proving the totals"} <= set(phases)
    assert ("Ledger", 1000, len(given(made.xml).document.entries)) in watched.seen
    await adds_up(guild)


async def test_running_balances_follow_the_dates_of_the_file(guild: Stage, owner: asyncpg.Connection):
    one = player(1, "Zed", earned=100, items=[("Cloak", 30)], adjustments=[("Bad Touch", -5)])
    await take_in(guild, given(export(one)))
    rows = await owner.fetch("SELECT kind, amount, balance_after, created_at FROM ledger_entry ORDER BY entry_id")
    shown = [(row["kind"], row["amount"], row["balance_after"], row["created_at"].year) for row in rows]
    assert shown == [("adjustment", -5, -5, 2017), ("attendance", 100, 95, 2024), ("loot", -30, 65, 2024)]


async def test_no_name_is_in_the_ledger_where_nobody_could_forget_it(guild: Stage, owner: asyncpg.Connection):
    for number, (data, name) in enumerate(
        (
            (export(player(1, "Secretname", earned=5, items=[("Cloak", 2)])), "points.xml"),
            (OPENDKP.replace("Thorgrim", "Secretname"), "export.json"),
            ("member,amount,reason\nSecretname,4,because\n", "points.csv"),
        )
    ):
        by = person(10, "Anna", guild_id=number + 1, manage_guild=True)
        await take_in(guild, given(data, name), by=by)
    keys = [row["idempotency_key"] for row in await owner.fetch("SELECT idempotency_key FROM ledger_entry")]
    assert len(keys) > 10
    assert not [key for key in keys if "secret" in key.lower()]


async def test_a_lying_row_anywhere_refuses_the_whole_file_and_is_named(guild: Stage, owner: asyncpg.Connection):
    dice = random.Random(4)
    pieces = make(players=300).xml.split("<points_earned>")

    def lying(*rows: int) -> str:
        xml = pieces[0]
        for number, piece in enumerate(pieces[1:], 1):
            xml += f"<points_earned>{'9' if number in rows else ''}{piece}"
        return xml

    def named(row: int) -> str:
        return f"player {pieces[row - 1].rpartition('<id>')[2].partition('</id>')[0]} ("

    for row in dice.sample(range(1, 301), 12):
        with pytest.raises(DoesNotAddUp) as refused:
            given(lying(row))
        assert named(row) in refused.value.sentence
    rows = sorted(dice.sample(range(1, 301), 12))
    with pytest.raises(DoesNotAddUp) as refused:
        given(lying(*rows))
    shown = refused.value.sentence.split("\n- ")[1:]
    assert len(shown) == 10
    assert [line for row, line in zip(rows, shown, strict=False) if named(row) in line] == shown
    assert "more" in shown[-1]
    assert await owner.fetchval("SELECT count(*) FROM data_import") == 0


async def test_who_is_here_by_a_mains_name_gets_the_points_and_nobody_is_guessed(guild: Stage):
    await meet(guild, BOB)
    await characters.add_character(guild, BOB, "Thorgrim", "Cleric")
    await give(guild, "Bob", 5, by=OFFICER)
    file = export(
        player(1, "thorgrim", earned=100), player(2, "Thorgit", earned=10, main=1, main_name="thorgrim"),
        player(3, "Bob", earned=7),
    )  # fmt: skip
    seen = await plan(guild, given(file))
    assert [(one.person.name, one.name, one.member_id is None) for one in seen.people] == [
        ("thorgrim", "Bob", False), ("Bob", "Bob", True),
    ]  # fmt: skip
    await take_in(guild, given(file))
    assert ("Bob", Decimal(115)) in [(name, balance) for _, name, balance in await table(guild, OFFICER)]
    assert ("Bob", Decimal(7)) in [(name, balance) for _, name, balance in await table(guild, OFFICER)]
    await adds_up(guild)


async def test_names_that_differ_only_in_case_stay_people_of_their_own(guild: Stage, owner: asyncpg.Connection):
    file = export(player(1, "Zed", earned=1), player(2, "zed", earned=2), player(3, "ZED", earned=4))
    await take_in(guild, given(file))
    rows = await owner.fetch(
        "SELECT display_name, name, balance FROM member JOIN account USING (guild_id, member_id)"
        " JOIN character ON owner_member_id = member_id ORDER BY balance"
    )
    assert [tuple(row) for row in rows] == [("Zed", "Zed", 1), ("zed", "zed (2)", 2), ("ZED", "ZED (3)", 4)]


async def test_of_two_who_differ_in_case_only_the_one_spelt_alike_is_who_is_here(guild: Stage):
    await meet(guild, BOB)
    await characters.add_character(guild, BOB, "Zed")
    seen = await plan(guild, given(export(player(1, "zed", earned=1), player(2, "Zed", earned=2))))
    assert [one.name for one in seen.people if one.member_id is not None] == ["Bob"]
    assert [one.person.key for one in seen.people if one.member_id is not None] == ["2"]


async def test_an_alt_that_somebody_else_has_here_is_not_taken_from_them(guild: Stage):
    await meet(guild, BOB)
    await characters.add_character(guild, BOB, "Sneaky")
    file = export(player(1, "Zed", earned=1), player(2, "Sneaky", earned=2, main=1, main_name="Zed"))
    seen = await plan(guild, given(file))
    assert [one.name for one in seen.people[0].characters] == ["Zed"]
    assert any("Sneaky is Bob’s here" in odd.sentence for odd in seen.odd)


async def test_start_points_are_not_for_people_who_bring_their_own(guild: Stage, owner: asyncpg.Connection):
    await take_in(guild, given(export(player(1, "Zed", earned=10))))
    row = await owner.fetchrow("SELECT * FROM member WHERE data_import_id IS NOT NULL")
    assert row is not None
    assert row["openings_settled_at"] is not None
    assert row["became_member_at"] is not None
    assert (row["discord_user_id"], row["role_group"]) == (None, "member")


async def test_inactive_and_hidden_players_are_left_out_of_standings_and_kept(guild: Stage):
    file = export(
        player(1, "Here", earned=1), player(2, "Gone", earned=2, active=0), player(3, "Hid", earned=3, hidden=1)
    )
    await take_in(guild, given(file))
    assert [name for _, name, _ in await table(guild, OFFICER)] == ["Here"]
    assert {name for _, name, _ in await table(guild, OFFICER, everyone=True)} == {"Here", "Gone", "Hid"}


async def test_pools_come_by_their_names_and_the_first_into_the_guilds_own(guild: Stage, owner: asyncpg.Connection):
    second = (
        "<multidkp_points><multidkp_id>2</multidkp_id><points_current>2.5</points_current><points_earned>2.5"
        "</points_earned><points_spent>0</points_spent><points_adjustment>0</points_adjustment></multidkp_points>"
    )
    pools = (
        "<multidkp_pools><multidkp_pool><id>1</id><name>Main</name></multidkp_pool>"
        "<multidkp_pool><id>2</id><name>Alt Pool</name></multidkp_pool></multidkp_pools>"
    )
    file = export(player(1, "Zed", earned=10, points=second), more=pools)
    with pytest.raises(OnePoolOnly, match="2 pools \\(Main, Alt Pool\\)"):
        await plan(guild, given(file, pool="DKP"))
    await take_in(guild, given(file))
    rows = await owner.fetch("SELECT name, decimals, balance FROM pool JOIN account USING (guild_id, pool_id)")
    assert sorted(tuple(row) for row in rows) == [("Alt Pool", 1, Decimal("2.5")), ("DKP", 0, 10)]


async def test_opendkp_raids_count_as_attendance_and_ticks_minus_items_is_the_balance(
    guild: Stage, owner: asyncpg.Connection
):
    done = await take_in(guild, given(OPENDKP, "opendkp.json"))
    assert (done.people, done.raids, done.awards) == (3, 2, 1)
    rows = await owner.fetch("SELECT display_name, balance FROM member JOIN account USING (guild_id, member_id)")
    assert {row["display_name"]: row["balance"] for row in rows} == {
        "Thorgrim": Decimal(14), "Zed": Decimal("7.5"), "Stranger": Decimal(4),
    }  # fmt: skip
    credits = await owner.fetch(
        "SELECT raid.name, tick.number, display_name, tick_credit.character_name, amount FROM tick_credit"
        " JOIN tick USING (guild_id, tick_id) JOIN raid USING (guild_id, raid_id)"
        " JOIN member USING (guild_id, member_id) JOIN ledger_entry USING (guild_id, entry_id) ORDER BY 1, 2, 3"
    )
    assert [tuple(row) for row in credits] == [
        ("Plane of Fear", 1, "Thorgrim", "Thorgrim", 5),
        ("Plane of Fear", 1, "Zed", "Zed", 5),
        ("Plane of Fear", 2, "Thorgrim", "Thorgit", Decimal("2.5")),
        ("Plane of Fear", 2, "Zed", "Zed", Decimal("2.5")),
        ("Plane of Hate", 1, "Stranger", "Stranger", 4),
        ("Plane of Hate", 1, "Thorgrim", "Thorgrim", 4),
    ]
    states = await owner.fetch(
        "SELECT DISTINCT status, source, evidence FROM raid JOIN tick USING (guild_id, raid_id)"
        " JOIN tick_credit USING (guild_id, tick_id)"
    )
    assert [tuple(row) for row in states] == [("ended", "import", "import")]
    await adds_up(guild)


async def test_csv_amounts_are_booked_with_their_reasons_and_dates(guild: Stage, owner: asyncpg.Connection):
    await meet(guild, BOB)
    rows = "Character;Amount;Reason;Date\nZed;12,5;Old points;17.12.2024\nBob;-3;A debt;2024-01-02 20:00\n"
    await take_in(guild, given(rows, "points.csv"))
    entries = await owner.fetch(
        "SELECT kind, amount, reason, created_at FROM ledger_entry JOIN entry_text"
        " USING (guild_id, entry_id) ORDER BY amount"
    )
    assert [(row["kind"], row["amount"], row["reason"], f"{row['created_at']:%Y-%m-%d %H}") for row in entries] == [
        ("import", -3, "A debt", "2024-01-02 20"), ("import", Decimal("12.5"), "Old points", "2024-12-17 00"),
    ]  # fmt: skip
    assert await owner.fetchval("SELECT count(*) FROM member WHERE display_name = 'Bob'") == 2, "no character: nobody"
    await adds_up(guild)


async def test_a_csv_of_members_means_display_names_too(guild: Stage, owner: asyncpg.Connection):
    await meet(guild, BOB)
    await take_in(guild, given("member,balance\nbob,40\n", "points.csv"))
    assert (
        await owner.fetchval("SELECT balance FROM account JOIN member USING (member_id) WHERE discord_user_id = 11")
        == 40
    )


async def test_the_same_content_stands_once_whatever_its_name(guild: Stage, owner: asyncpg.Connection):
    file = given(export(player(1, "Zed", earned=10)))
    await take_in(guild, file)
    with pytest.raises(ImportedBefore, match=r"was imported .* by Anna as points.xml"):
        await take_in(guild, given(export(player(1, "Zed", earned=10)), "renamed.xml"))
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 10


async def test_a_repeated_press_imports_once_and_hears_the_first_answer(guild: Stage, owner: asyncpg.Connection):
    file = given(export(player(1, "Zed", earned=10)))
    seen = (await plan(guild, file)).fingerprint
    pressed = person(10, "Anna", manage_guild=True, interaction_id=77)
    first = await importing.import_file(guild, pressed, file, seen, Progress())
    again = await importing.import_file(guild, pressed, file, seen, Progress())
    assert again == first
    assert await owner.fetchval("SELECT count(*) FROM data_import") == 1


async def test_a_guild_that_changed_since_the_preview_is_looked_at_anew(guild: Stage, owner: asyncpg.Connection):
    file = given(export(player(1, "Zed", earned=10)))
    seen = (await plan(guild, file)).fingerprint
    await meet(guild, BOB)
    await characters.add_character(guild, BOB, "Zed")
    with pytest.raises(GuildMoved):
        await importing.import_file(guild, OFFICER, file, seen, Progress())
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 0


@pytest.mark.parametrize("phase", ["People", "Characters", "Ledger", "Items", "Balances", "Writing it down for good"])
async def test_stopped_in_any_phase_nothing_was_imported(guild: Stage, owner: asyncpg.Connection, phase: str):
    with pytest.raises(Stopped):
        await take_in(guild, given(make(players=60).xml), progress=Watched(phase))
    for name in ("data_import", "ledger_entry", "account", "award", "character"):
        assert await owner.fetchval(f"SELECT count(*) FROM {name}") == 0


async def test_imports_are_an_officers(guild: Stage):
    await meet(guild, BOB)
    with pytest.raises(NotAllowed):
        await plan(guild, given(export(player(1, "Zed"))), by=BOB)
    with pytest.raises(Refused):
        await importing.import_file(guild, BOB, given(export(player(1, "Zed"))), "", Progress())


async def test_two_guilds_take_in_the_same_file_and_see_nothing_of_each_other(stage: Stage, owner: asyncpg.Connection):
    file = given(export(player(1, "Zed", earned=10)))
    for guild_id in (1, 2):
        await take_in(stage, file, by=person(10, "Anna", guild_id=guild_id, manage_guild=True))
    rows = await owner.fetch("SELECT guild_id, sum(balance) AS total FROM account GROUP BY guild_id ORDER BY guild_id")
    assert [tuple(row) for row in rows] == [(1, 10), (2, 10)]


async def test_a_file_does_not_go_into_an_archived_pool(guild: Stage):
    await pooling.create_pool(guild, OFFICER, Given(name="Old"))
    await pooling.archive_pool(guild, OFFICER, "Old")
    for file in (
        given("member,amount,pool\nAnna,5,Old\n", "a.csv"),
        given("member,amount\nAnna,5\n", "a.csv", pool="Old"),
    ):
        with pytest.raises(ArchivedPool, match="Old is archived"):
            await plan(guild, file)
