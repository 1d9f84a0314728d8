"""An imported person turns out to be somebody here: points, characters and history go over, and come back whole."""

from decimal import Decimal

import pytest

from bot import people
from bot.kit.pickers import people as offered
from bot.refusals import NotAllowed, NotFound, Refused
from cogs.dkp.rules import AlreadyReversed, LinkedMeanwhile
from cogs.dkp.service import adjustments, ledger, openings, pools, undoing
from cogs.dkp.service import balances as dkp_balances
from cogs.members.service.changing import retire_character, transfer_character
from cogs.members.service.characters import add_character
from cogs.members.service.linking import link_member, preview_link
from cogs.members.service.unlinking import explain
from cogs.raids.service import ticks
from cogs.raids.service.imports import import_dump
from cogs.raids.service.roster import add_people
from db.tables import LedgerEntry
from tests.conftest import person
from tests.services.test_linking.scene import (
    ANNA,
    BOB,
    CARL,
    HERE,
    ITSELF,
    SEEN_BOB,
    SEEN_CARL,
    balances,
    imported,
    own_id,
    played_by,
    pool_made,
    sound,
)
from tests.services.test_raids.scene import begin, roster_file


async def undo_link(stage, link_id: int, reason: str = "wrong person") -> str:
    return await undoing.undo(stage, ANNA, f"claim:{link_id}", reason)


async def test_points_of_every_pool_go_over_debts_too_and_sums_stay(guild, owner):
    await pool_made(guild, "Planes", cap=Decimal(100))
    old = await imported(guild, "Thrall", 430.25, ("Thrall", "Rexxar"), Planes=-12.5)
    bob = await own_id(guild, BOB)
    await adjustments.adjust(guild, ANNA, "Bob", 5, "had some")
    total = await owner.fetchval("SELECT sum(amount) FROM ledger_entry")

    shown = await guild.read(ANNA, "members.link", lambda session: preview_link(session, "rexxar", SEEN_BOB))
    assert shown.points == (("DKP", Decimal("430.25")), ("Planes", Decimal("-12.5")))
    assert await balances(guild, old) == {"DKP": Decimal("430.25"), "Planes": Decimal("-12.5")}, "only shown"

    done = await link_member(guild, ANNA, "thrall", SEEN_BOB, HERE)
    assert (done.points, done.characters, done.main) == (shown.points, ("Thrall", "Rexxar"), "Thrall")
    assert await balances(guild, old) == {}
    assert await balances(guild, bob) == {"DKP": Decimal("435.25"), "Planes": Decimal("-12.5")}
    assert await played_by(guild, bob) == ["Thrall*", "Rexxar"]
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry") == total
    rows = await owner.fetch("SELECT kind, source, source_id, amount FROM ledger_entry WHERE source = 'claim'")
    assert {(row["kind"], row["source_id"]) for row in rows} == {("transfer", done.link_id)}
    assert sum(row["amount"] for row in rows) == 0
    assert await owner.fetchval("SELECT count(*) FROM account WHERE member_id = $1", bob) == 2
    await sound(guild)


async def test_who_has_nothing_of_a_pool_gets_no_account_in_it(guild, owner):
    await pool_made(guild, "Planes")
    await imported(guild, "Thrall", 30)
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    bob = await own_id(guild, BOB)
    assert await owner.fetchval("SELECT count(*) FROM account WHERE member_id = $1", bob) == 1


async def test_the_cap_does_not_cut_what_goes_over(guild, owner):
    await owner.execute("UPDATE pool SET cap = 100")
    await imported(guild, "Thrall", 430)
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    assert await balances(guild, await own_id(guild, BOB)) == {"DKP": Decimal(430)}


async def test_start_points_are_never_for_claiming(guild, owner):
    old = await imported(guild, "Thrall", 1)
    await owner.execute("UPDATE pool SET start = 50")
    await owner.execute("UPDATE member SET became_member_at = now() WHERE member_id = $1", old)
    await owner.execute("UPDATE member SET openings_settled_at = now() WHERE member_id <> $1", old)
    await guild.run(ITSELF, lambda session: openings.grant(session))
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    await guild.run(ITSELF, lambda session: openings.grant(session))
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'opening'") == 0


async def test_the_claimers_own_main_stays(guild):
    await add_character(guild, BOB, "Jaina")
    await imported(guild, "Thrall", 0, ("Thrall",))
    done = await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    assert done.main is None
    assert await played_by(guild, await own_id(guild, BOB)) == ["Jaina*", "Thrall"]


async def test_an_absorbed_person_is_found_as_who_absorbed_them_and_listed_nowhere(guild):
    old = await imported(guild, "Thrall the Old", 30, ("Thrall",))
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)

    async def look(session):
        by_name = await people.get_person(session, "thrall the old")
        by_id = await people.get_person(session, f"#{old}")
        labels = [choice.label for choice in await offered(session, "")]
        known = [name for name, _ in await people.names(session)]
        table = await dkp_balances.standings(session, await pools.get_pool(session, None), everyone=True)
        return by_name, by_id, labels, known, [line.member_name for line in table]

    by_name, by_id, labels, known, table = await guild.read(ANNA, None, look)
    assert by_name.display_name == by_id.display_name == "Bob"
    assert not any("the Old" in label for label in labels)
    assert "Thrall the Old" not in known
    assert table == ["Bob"]


async def test_two_of_one_name_who_turn_out_to_be_one_are_no_longer_asked_about(guild):
    await imported(guild, "Bob", 30)
    with pytest.raises(NotFound, match="2 people"):
        await guild.read(ANNA, None, lambda session: people.get_person(session, "bob"))
    await link_member(guild, ANNA, "bob", SEEN_BOB)
    found = await guild.read(ANNA, None, lambda session: people.get_person(session, "bob"))
    assert found.discord_user_id == 11


@pytest.mark.parametrize(
    ("who", "user", "sentence"),
    [
        ("Carl", SEEN_BOB, "Carl has a Discord account"),
        ("Gone", SEEN_BOB, "linked to somebody already"),
        ("Bob", SEEN_BOB, "is that person already"),
        ("Thrall", None, "neither a bot"),
        ("Nobody", SEEN_BOB, "no unclaimed person by that name"),
    ],
)
async def test_who_cannot_be_linked_is_refused_in_a_sentence(guild, who, user, sentence):
    await imported(guild, "Thrall", 3)
    await imported(guild, "Gone", 3)
    await link_member(guild, ANNA, "Gone", SEEN_CARL)
    with pytest.raises(Refused, match=sentence):
        await link_member(guild, ANNA, who, user)


async def test_who_left_is_not_linked(guild, owner):
    await imported(guild, "Thrall", 3)
    await owner.execute("UPDATE member SET left_at = now() WHERE discord_user_id = 11")

    async def leave(session):
        from cogs.members.service import linking

        unclaimed = await linking.get_unclaimed(session, "Thrall")
        linking.check_pair(unclaimed, await people.find_by_user(session, 11))

    with pytest.raises(Refused, match="not in this server"):
        await guild.read(ANNA, None, leave)


async def test_only_officers_link(guild):
    await imported(guild, "Thrall", 3)
    with pytest.raises(NotAllowed):
        await link_member(guild, BOB, "Thrall", SEEN_BOB)


async def test_an_officer_who_links_themselves_is_told_of_where_officers_look(guild, owner):
    await owner.execute("UPDATE guild SET audit_channel_id = 900")
    await imported(guild, "Thrall", 3)
    await link_member(guild, person(10, "Anna", manage_guild=True), "Thrall", type(SEEN_BOB)(10, "Anna", frozenset()))
    assert "Anna linked themselves to **Thrall**" in await owner.fetchval(
        "SELECT content FROM outbox WHERE channel_id = 900"
    )


async def test_who_muted_it_gets_no_message(guild, owner):
    await imported(guild, "Thrall", 3)
    await owner.execute("""UPDATE member SET muted = '["claim"]' WHERE discord_user_id = 11""")
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 0


# --- undone -------------------------------------------------------------------------------------------------------


async def test_undone_everything_is_as_before_and_it_can_be_linked_anew(guild, owner):
    old = await imported(guild, "Thrall", 430, ("Thrall", "Rexxar"))
    bob = await own_id(guild, BOB)
    done = await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    _, lines = await guild.read(
        ANNA, None, lambda session: undoing.preview_undo(session, f"claim:{done.link_id}", "wrong person")
    )
    assert "Characters that go back: Thrall, Rexxar." in lines
    assert "Bob: 430 → 0" in lines
    assert "Thrall: 0 → 430" in lines

    said = await undo_link(guild, done.link_id)
    assert said.startswith("Undone: Thrall is no longer Bob.")
    assert await balances(guild, old) == {"DKP": Decimal(430)}
    assert await balances(guild, bob) == {}
    assert await played_by(guild, old) == ["Thrall*", "Rexxar"]
    assert await played_by(guild, bob) == []
    await sound(guild)
    with pytest.raises(AlreadyReversed):
        await undo_link(guild, done.link_id)
    again = await link_member(guild, ANNA, "Thrall", SEEN_CARL)
    assert again.link_id != done.link_id
    assert await balances(guild, await own_id(guild, CARL)) == {"DKP": Decimal(430)}
    await sound(guild)


async def test_characters_that_changed_hands_since_stay_and_it_says_so(guild):
    old = await imported(guild, "Thrall", 0, ("Thrall", "Rexxar", "Voljin"))
    await add_character(guild, BOB, "Jaina")
    done = await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    await transfer_character(guild, ANNA, "Rexxar", "Carl", "sold it")
    await retire_character(guild, BOB, "Voljin")
    said = await undo_link(guild, done.link_id)
    assert "Characters that went back: Thrall, Voljin." in said
    assert "Rexxar changed hands since and stays" in said
    assert await played_by(guild, old) == ["Thrall*"]
    assert await played_by(guild, await own_id(guild, BOB)) == ["Jaina*"]
    assert await played_by(guild, await own_id(guild, CARL)) == ["Rexxar*"]
    await sound(guild)


async def test_an_entry_of_the_pair_is_not_undone_alone(guild, owner):
    await imported(guild, "Thrall", 430)
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    entry = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    with pytest.raises(Refused, match="undo the whole claim"):
        await undoing.undo(guild, ANNA, f"entry:{entry}", "only one side")


async def test_what_is_undone_of_the_time_before_is_taken_from_who_has_the_points_now(guild, owner):
    old = await imported(guild, "Thrall", 10)
    await adjustments.adjust(guild, ANNA, "Thrall", 25, "found in the books")
    entry = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    bob = await own_id(guild, BOB)
    done = await link_member(guild, ANNA, "Thrall", SEEN_BOB)

    _, lines = await guild.read(ANNA, None, lambda s: undoing.preview_undo(s, f"entry:{entry}", "not in the books"))
    assert lines == ["Bob: 35 → 10"]
    said = await undoing.undo(guild, ANNA, f"entry:{entry}", "not in the books")
    assert "Bob has 10 now" in said
    assert (await balances(guild, bob), await balances(guild, old)) == ({"DKP": Decimal(10)}, {})
    await sound(guild)
    await undo_link(guild, done.link_id)
    assert (await balances(guild, bob), await balances(guild, old)) == ({}, {"DKP": Decimal(10)})
    await sound(guild)


async def test_an_entry_explains_who_turned_out_to_be_whom(guild, owner):
    await imported(guild, "Thrall", 10)
    done = await link_member(guild, ANNA, "Thrall", SEEN_BOB)

    async def look(session):
        entry = await session.get(
            LedgerEntry, (1, await owner.fetchval("SELECT max(entry_id) FROM ledger_entry WHERE source = 'claim'"))
        )
        return await explain(session, entry)

    [line] = await guild.read(BOB, None, look)
    assert line.startswith("Thrall, who had no Discord account, turned out to be Bob (linked by an officer, <t:")
    assert "by Anna" in line
    await undo_link(guild, done.link_id, "a mistake of mine")
    assert "a mistake of mine" in (await guild.read(BOB, None, look))[1]


# --- raids --------------------------------------------------------------------------------------------------------


async def test_a_dump_of_last_week_credits_the_living_row_by_every_name(guild, clock, owner):
    old = await imported(guild, "Thrall the Old", 0, ("Rexxar",))
    raid = (await begin(guild)).raid_id
    clock.move(hours=1)
    await link_member(guild, ANNA, "Thrall the Old", SEEN_BOB)
    name, dump = roster_file("Rexxar", "Thrall the Old", name="RaidRoster-20260306-190500.txt")
    done = await import_dump(guild, ANNA, raid, name, dump)
    assert done.people == 1, "one person, whatever the characters"
    credits = await owner.fetch("SELECT member_id FROM tick_credit")
    assert [row["member_id"] for row in credits] == [await own_id(guild, BOB)]
    assert await balances(guild, old) == {}
    await sound(guild)


async def test_a_tick_that_credited_the_unclaimed_one_does_not_pay_the_claimer_again(guild, owner):
    old = await imported(guild, "Thrall", 0, ("Thrall",))
    raid = (await begin(guild)).raid_id
    await add_people(guild, ANNA, raid, (old,))
    tick = await ticks.take_tick(guild, ANNA, raid)
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)
    name, dump = roster_file("Thrall")
    done = await import_dump(guild, ANNA, raid, name, dump, tick_id=tick.tick_id)
    assert done.people == 0
    bob = await own_id(guild, BOB)
    assert await balances(guild, bob) == {"DKP": Decimal(10)}
    seats = await owner.fetch("SELECT member_id FROM raid_member WHERE raid_id = $1", raid)
    assert [row["member_id"] for row in seats] == [bob], "and sits where the unclaimed one sat"
    await undoing.undo(guild, ANNA, f"tick:{tick.tick_id}", "a wipe")
    assert await balances(guild, bob) == {}
    await sound(guild)


async def test_points_that_would_go_to_an_absorbed_row_are_refused(guild):
    old = await imported(guild, "Thrall", 0)
    await link_member(guild, ANNA, "Thrall", SEEN_BOB)

    async def work(session):
        pool = await ledger.default_pool(session)
        key = (pool.pool_id, old)
        entry = ledger.NewEntry(pool.pool_id, old, "bonus", Decimal(5), "a gift", "officer", None, "x", "Thrall")
        await ledger.post(session, [entry], await ledger.lock_accounts(session, [key]))

    with pytest.raises(LinkedMeanwhile):
        await guild.run(ANNA, work)
