"""People an import brought who turned out to be somebody here, and the import or the link taken back, in any order."""

import itertools
from decimal import Decimal

import asyncpg
import pytest

from bot.people import Seen
from bot.stage import Stage
from cogs.dkp.service import undoing
from cogs.members.service.linking import link_member
from cogs.moving.service.importing import Imported
from tests.conftest import person
from tests.services.test_dkp.words import give, meet
from tests.services.test_moving.files import export, player
from tests.services.test_moving.house import OFFICER, follows, given, sound, take_in, undo

BOB = person(11, "Bob")
SEEN_BOB = Seen(11, "Bob", frozenset())
FILE = export(
    player(1, "Zed", earned=100, items=[("Cloak", 30), ("Ring", 5)], adjustments=[("Cake", 2)]),
    player(2, "Zedling", main=1, main_name="Zed"),
    player(3, "Yan", earned=7),
)


async def taken_in(stage: Stage) -> Imported:
    await meet(stage, BOB)
    return await take_in(stage, given(FILE))


async def link(stage: Stage, name: str = "Zed") -> int:
    return (await link_member(stage, OFFICER, name, SEEN_BOB)).link_id


async def unlink(stage: Stage, link_id: int) -> str:
    return await undoing.undo(stage, OFFICER, f"claim:{link_id}", "it was not him")


async def balances(owner: asyncpg.Connection) -> dict[str, Decimal]:
    rows = await owner.fetch("SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id)")
    return {row["display_name"]: row["balance"] for row in rows}


async def test_who_was_linked_since_gives_back_what_the_import_brought(guild: Stage, owner: asyncpg.Connection):
    done = await taken_in(guild)
    link_id = await link(guild)
    await give(guild, "Bob", 5, by=OFFICER)
    assert await balances(owner) == {"Zed": 0, "Yan": 7, "Bob": 72}
    assert "Bob: 72 → 5" in await follows(guild, done.data_import_id)
    await undo(guild, done.data_import_id)
    assert await balances(owner) == {"Zed": 0, "Yan": 0, "Bob": 5}
    await sound(guild)

    await unlink(guild, link_id)
    assert await balances(owner) == {"Zed": 0, "Yan": 0, "Bob": 5}, "nobody gains or loses by it"
    await sound(guild)
    stands = "SELECT count(*) FROM ledger_entry AS e WHERE source = 'claim' AND kind <> 'reversal' AND NOT EXISTS"
    reversed_ = "(SELECT 1 FROM ledger_entry AS r WHERE r.guild_id = e.guild_id AND r.reverses_entry_id = e.entry_id)"
    assert await owner.fetchval(f"{stands} {reversed_}") == 0


async def test_who_was_linked_and_parted_again_goes_with_the_import(guild: Stage, owner: asyncpg.Connection):
    done = await taken_in(guild)
    await give(guild, "Bob", 5, by=OFFICER)
    await unlink(guild, await link(guild))
    assert await balances(owner) == {"Zed": 67, "Yan": 7, "Bob": 5}
    words = await undo(guild, done.data_import_id)
    assert f"{done.entries} entries were reversed and 2 people are gone" in words
    assert await balances(owner) == {"Zed": 0, "Yan": 0, "Bob": 5}
    await sound(guild)
    again = await take_in(guild, given(FILE))
    assert (again.people, again.matched, again.totals) == (2, 0, done.totals)
    assert await balances(owner) | {"Bob": 5} == await balances(owner)
    await sound(guild)


async def test_the_file_comes_again_to_who_was_parted_after_the_import_was_undone(
    guild: Stage, owner: asyncpg.Connection
):
    done = await taken_in(guild)
    link_id = await link(guild)
    await undo(guild, done.data_import_id)
    await unlink(guild, link_id)
    again = await take_in(guild, given(FILE))
    assert (again.people, again.matched) == (2, 1), "Zed waits unclaimed with their characters"
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 74
    await sound(guild)


async def test_an_award_undone_alone_of_who_was_linked_is_not_given_back_twice(guild: Stage, owner: asyncpg.Connection):
    done = await taken_in(guild)
    link_id = await link(guild)
    award_id = await owner.fetchval("SELECT award_id FROM award WHERE item_name = 'Cloak'")
    await undoing.undo(guild, OFFICER, f"award:{award_id}", "never got it")
    assert (await balances(owner))["Bob"] == 97
    await undo(guild, done.data_import_id)
    assert await balances(owner) == {"Zed": 0, "Yan": 0, "Bob": 0}
    await sound(guild)
    await unlink(guild, link_id)
    assert await balances(owner) == {"Zed": 0, "Yan": 0, "Bob": 0}
    await sound(guild)


@pytest.mark.parametrize("acts", list(itertools.permutations(("link zed", "link yan", "give", "undo import"))))
async def test_in_any_order_the_sums_are_exact(guild: Stage, owner: asyncpg.Connection, acts: tuple[str, ...]):
    """Links of who is gone are refused; every link that was made is taken back at the end."""
    done = await taken_in(guild)
    links = []
    for act in acts:
        if act == "undo import":
            await undo(guild, done.data_import_id)
        elif act == "give":
            await give(guild, "Bob", 5, by=OFFICER)
        elif "undo import" not in acts[: acts.index(act)]:
            links.append(await link(guild, act.removeprefix("link ").capitalize()))
        await sound(guild)
    assert {name: amount for name, amount in (await balances(owner)).items() if amount} == {"Bob": 5}
    for link_id in links:
        await unlink(guild, link_id)
        await sound(guild)
    assert {name: amount for name, amount in (await balances(owner)).items() if amount} == {"Bob": 5}
