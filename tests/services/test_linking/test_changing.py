"""Characters that are renamed, retired, handed over: names are free or taken, mains right, points where they were."""

from decimal import Decimal

import pytest

from bot import people
from bot.refusals import NotAllowed, Refused
from cogs.dkp.service import adjustments
from cogs.members.rules import BadCharacter, NameTaken, NothingChanges
from cogs.members.service.changing import edit_character, retire_character, transfer_character
from cogs.members.service.characters import add_character
from cogs.members.service.linking import link_member
from cogs.members.service.ownership import history_of
from cogs.raids.service.imports import import_dump
from tests.services.test_linking.scene import (
    ANNA,
    BOB,
    CARL,
    SEEN_BOB,
    balances,
    imported,
    own_id,
    played_by,
    sound,
)
from tests.services.test_raids.scene import begin, roster_file


async def test_a_rename_frees_the_old_name_and_rewrites_no_history(guild, owner):
    await add_character(guild, BOB, "Thrall", "Shaman", 60)
    raid = (await begin(guild)).raid_id
    await import_dump(guild, ANNA, raid, *roster_file("Thrall"))
    edited = await edit_character(guild, BOB, "thrall", "Go'el", level=61)
    assert edited.in_words() == "It is **Go'el** (Shaman 61) now. What happened while it was Thrall keeps saying so."
    assert await owner.fetchval("SELECT character_name FROM tick_credit") == "Thrall"
    assert await owner.fetchval("SELECT character_name FROM entry_text") == "Thrall"
    await add_character(guild, CARL, "Thrall")
    assert await played_by(guild, await own_id(guild, CARL)) == ["Thrall*"]


async def test_a_name_that_is_taken_is_refused_and_nothing_changes(guild, owner):
    await add_character(guild, BOB, "Thrall")
    await add_character(guild, CARL, "Rexxar")
    with pytest.raises(NameTaken, match="Thrall belongs to Bob"):
        await edit_character(guild, CARL, "Rexxar", "THRALL", "Hunter")
    assert await owner.fetchval("SELECT character_class FROM character WHERE name = 'Rexxar'") is None


async def test_an_edit_that_changes_nothing_or_anothers_is_refused(guild):
    await add_character(guild, BOB, "Thrall", "Shaman", 60)
    with pytest.raises(NothingChanges):
        await edit_character(guild, BOB, "Thrall", "Thrall", level=60)
    with pytest.raises(NotAllowed):
        await edit_character(guild, CARL, "Thrall", level=61)
    with pytest.raises(BadCharacter):
        await edit_character(guild, BOB, "Thrall", level=-1)
    assert (await edit_character(guild, ANNA, "Thrall", character_class="-")).character_class is None


async def test_retiring_the_main_makes_the_one_used_longest_the_main(guild, clock):
    for name in ("Thrall", "Rexxar", "Voljin"):
        await add_character(guild, BOB, name)
        clock.move(days=1)
    retired = await retire_character(guild, BOB, "Thrall")
    assert retired.main_now == "Rexxar"
    assert "**Rexxar**, your character for longest, is the main now." in retired.in_words()
    assert "no main" not in (await retire_character(guild, BOB, "Voljin")).in_words()
    assert (
        "You have no main now: /character add brings one in."
        in (await retire_character(guild, BOB, "Rexxar")).in_words()
    )
    await add_character(guild, CARL, "Thrall")
    await sound(guild)


async def test_transferred_the_character_goes_and_the_points_stay(guild, clock):
    await adjustments.adjust(guild, ANNA, "Bob", 50, "for the raids")
    await add_character(guild, BOB, "Thrall")
    clock.move(days=1)
    await add_character(guild, BOB, "Rexxar")
    done = await transfer_character(guild, ANNA, "Thrall", "Carl", "sold the account")
    assert done.in_words() == (
        "**Thrall** is Carl’s now, no longer Bob’s. Points, loot and attendance stay with who earned them."
        " It is Carl’s main. Bob’s main is Rexxar now, theirs for longest."
    )
    bob, carl = await own_id(guild, BOB), await own_id(guild, CARL)
    assert (await played_by(guild, bob), await played_by(guild, carl)) == (["Rexxar*"], ["Thrall*"])
    assert (await balances(guild, bob), await balances(guild, carl)) == ({"DKP": Decimal(50)}, {})
    found = await guild.read(ANNA, None, lambda session: people.get_person(session, "thrall"))
    assert found.display_name == "Carl"
    # One that comes back is younger in his hands than one he kept.
    await transfer_character(guild, ANNA, "Thrall", "Bob", "bought it back")
    assert await played_by(guild, bob) == ["Rexxar*", "Thrall"]
    await sound(guild)


async def test_a_transfer_needs_an_officer_a_reason_and_another_owner(guild):
    await add_character(guild, BOB, "Thrall")
    with pytest.raises(NotAllowed):
        await transfer_character(guild, BOB, "Thrall", "Carl", "mine to give")
    with pytest.raises(BadCharacter, match="Say why"):
        await transfer_character(guild, ANNA, "Thrall", "Carl", " \u200b ")
    with pytest.raises(NothingChanges):
        await transfer_character(guild, ANNA, "Thrall", "Bob", "to himself")


async def test_the_history_tells_owners_names_and_reasons_of_retired_ones_too(guild, clock):
    await imported(guild, "Old Thrall", 0, ("Thrall",))
    clock.move(days=1)
    await link_member(guild, ANNA, "Old Thrall", SEEN_BOB)
    clock.move(days=1)
    await edit_character(guild, BOB, "Thrall", "Goel")
    clock.move(days=1)
    await transfer_character(guild, ANNA, "Goel", "Carl", "sold *it*")
    clock.move(days=1)
    await retire_character(guild, CARL, "Goel")
    heading, lines = await guild.read(BOB, "characters.view", lambda session: history_of(session, "goel"))
    assert heading == "**History of Goel**, retired, newest first"
    told = [line.split("> ", 1)[1] for line in lines]
    assert told == [
        "retired by Carl",
        r"Bob → **Carl** by Anna: sold \*it\*",
        "renamed from Thrall to Goel by Bob",
        "Old Thrall (now Bob) → **Bob** by Anna: linked by an officer",
        "added for **Old Thrall (now Bob)** by Anna",
    ]
    with pytest.raises(Refused, match="no character here"):
        await guild.read(BOB, "characters.view", lambda session: history_of(session, "nobody"))


async def test_two_characters_of_one_person_in_a_dump_are_credited_once(guild, owner):
    await add_character(guild, BOB, "Thrall")
    await add_character(guild, BOB, "Rexxar")
    raid = (await begin(guild)).raid_id
    done = await import_dump(guild, ANNA, raid, *roster_file("Thrall", "Rexxar", "Bob"))
    assert done.people == 1
    assert await balances(guild, await own_id(guild, BOB)) == {"DKP": Decimal(10)}
