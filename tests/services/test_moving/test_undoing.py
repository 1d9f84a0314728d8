"""A whole import taken back as one act, and the file taken in again."""

import asyncpg
import pytest
from sqlalchemy import select

from bot.stage import Actor, Session, Stage
from cogs.dkp.rules import AlreadyReversed
from cogs.dkp.service import undoing
from cogs.moving.service.undoing import doctor, explain
from db.tables import LedgerEntry
from tests.eqdkp_export import make
from tests.services.test_dkp.words import give
from tests.services.test_moving.files import OPENDKP, export, player
from tests.services.test_moving.house import OFFICER, follows, given, sound, take_in, undo


async def test_every_entry_has_one_reversal_and_everybody_ends_at_nothing(guild: Stage, owner: asyncpg.Connection):
    made = make(players=700)
    done = await take_in(guild, given(made.xml))
    words = await undo(guild, done.data_import_id)
    assert f"{done.entries:,} entries were reversed and {done.people:,} people are gone" in words
    wrong = (
        "SELECT count(*) FROM account WHERE balance <> 0 OR earned <> 0 OR spent <> 0 OR adjusted <> 0 OR opening <> 0"
    )
    assert await owner.fetchval(wrong) == 0
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'reversal'") == done.entries
    last = (
        "SELECT count(*) FROM (SELECT DISTINCT ON (pool_id, member_id) balance_after FROM ledger_entry"
        " ORDER BY pool_id, member_id, entry_id DESC) AS newest WHERE balance_after <> 0"
    )
    assert await owner.fetchval(last) == 0, "the running balance ends at nothing, too"
    assert await owner.fetchval("SELECT count(*) FROM award WHERE undone_at IS NULL") == 0
    assert await owner.fetchval("SELECT count(*) FROM character WHERE retired_at IS NULL OR is_main") == 0
    await sound(guild)
    with pytest.raises(AlreadyReversed):
        await undo(guild, done.data_import_id)

    again = await take_in(guild, given(made.xml))
    assert again.people == done.people
    assert await owner.fetchval("SELECT sum(balance) FROM account") == made.balance
    assert await owner.fetchval("SELECT count(*) FROM character WHERE name LIKE '%(_)' AND retired_at IS NULL") == 2
    await sound(guild)


async def test_who_went_on_playing_stays_and_is_shown_before(guild: Stage, owner: asyncpg.Connection):
    done = await take_in(guild, given(export(player(1, "Zed", earned=100), player(2, "Yan", earned=7))))
    await give(guild, "Zed", 5, by=OFFICER)
    lines = await follows(guild, done.data_import_id)
    assert lines[0].endswith("2 entries are reversed (-107 DKP).")
    assert lines[1] == "People it brought and who did nothing since are gone, with their characters: 1."
    assert lines[2:] == ["1 person earned, spent, bid or were linked since and go on:", "Zed: 105 → 5"]
    await undo(guild, done.data_import_id)
    rows = await owner.fetch("SELECT display_name, left_at IS NULL AS here FROM member WHERE discord_user_id IS NULL")
    assert {row["display_name"]: row["here"] for row in rows} == {"Zed": True, "Yan": False}
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 5
    await sound(guild)


async def test_an_entry_undone_alone_before_is_not_reversed_twice(guild: Stage, owner: asyncpg.Connection):
    done = await take_in(guild, given(export(player(1, "Zed", earned=100, items=[("Cloak", 30)]))))
    award_id = await owner.fetchval("SELECT award_id FROM award")
    await undoing.undo(guild, OFFICER, f"award:{award_id}", "never got it")
    assert await owner.fetchval("SELECT balance FROM account WHERE earned > 0") == 100
    await undo(guild, done.data_import_id)
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 0
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'reversal'") == 2
    await sound(guild)


async def test_raids_of_an_undone_import_are_cancelled_and_their_ticks_undone(guild: Stage, owner: asyncpg.Connection):
    done = await take_in(guild, given(OPENDKP, "opendkp.json"))
    await undo(guild, done.data_import_id)
    assert {row[0] for row in await owner.fetch("SELECT status FROM raid")} == {"cancelled"}
    assert await owner.fetchval("SELECT count(*) FROM tick WHERE undone_at IS NULL") == 0
    again = await take_in(guild, given(OPENDKP, "opendkp.json"))
    assert (again.people, again.raids) == (done.people, done.raids)
    await sound(guild)


async def test_an_imported_entry_says_which_row_of_which_file_it_is(guild: Stage, owner: asyncpg.Connection):
    done = await take_in(guild, given(export(player(12, "Zed", earned=100))))

    async def look(session: Session) -> list[str]:
        entry = (await session.execute(select(LedgerEntry).where(LedgerEntry.kind != "reversal"))).scalar_one()
        return await explain(session, entry)

    lines = await guild.run(OFFICER, look)
    assert lines[0].startswith("From an EQdkp Plus points export: points.xml, imported <t:")
    assert "SHA-256 begins with" in lines[1]
    assert lines[2].startswith("There it is player 12, dated")
    await undo(guild, done.data_import_id)
    assert "was undone" in (await guild.run(OFFICER, look))[-1]


async def test_the_doctor_finds_an_undone_import_whose_points_stand(guild: Stage, owner: asyncpg.Connection):
    await take_in(guild, given(export(player(1, "Zed", earned=100))))
    await owner.execute("UPDATE data_import SET undone_at = now()")
    assert "but 1 of its entries stand" in (await guild.run(Actor.itself(1), doctor))[0]


async def test_a_table_comes_again_to_new_people_and_not_to_those_who_went(guild: Stage, owner: asyncpg.Connection):
    table = "member,amount\nZed,5\nYan,7\n"
    done = await take_in(guild, given(table, "points.csv"))
    await undo(guild, done.data_import_id)
    again = await take_in(guild, given(table, "points.csv"))
    assert (again.people, again.matched) == (2, 0)
    query = "SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id) WHERE left_at IS NULL"
    assert {row["display_name"]: row["balance"] for row in await owner.fetch(query)} == {"Zed": 5, "Yan": 7}
    await sound(guild)
