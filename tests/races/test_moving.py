"""One file brought by two officers at once; an import against bids, ticks and gifts of the same people; undo twice."""

import asyncpg

from bot.people import Seen
from bot.stage import Actor, Stage
from cogs.dkp.rules import AlreadyReversed
from cogs.dkp.service.adjustments import adjust
from cogs.dkp.service.undoing import undo
from cogs.loot.service import AwardUndo
from cogs.members.service import characters
from cogs.members.service.linking import link_member
from cogs.moving.service import importing
from cogs.moving.service.looking import Given, ImportedBefore
from cogs.moving.service.progress import Progress
from cogs.moving.service.undoing import ImportUndo
from tests.conftest import MovableClock
from tests.races.house import House
from tests.races.scene import LEAD, VERA, Work, acting, all_at_once, bid, calm, give, put_up, raiders
from tests.services.test_moving.files import export, player
from tests.services.test_moving.house import given, plan, take_in

FILE = export(*(player(number, f"Hero {number}", earned=10, items=[("Cloak", 3)]) for number in range(1, 40)))


async def importing_it(stage: Stage, file: Given) -> Work:
    presser, seen = acting(LEAD), (await plan(stage, file, LEAD)).fingerprint

    async def work() -> importing.Imported:
        return await importing.import_file(stage, presser, file, seen, Progress())

    return work


async def both(first: Stage, second: Stage) -> list[Work]:
    file = given(FILE)
    await give(first, [LEAD], 1)
    return [await importing_it(first, file), await importing_it(second, file)]


async def standing(owner: asyncpg.Connection) -> int:
    return await owner.fetchval("SELECT count(*) FROM data_import WHERE undone_at IS NULL")


async def test_without_the_lock_two_officers_import_one_file_twice(unlocked: Stage, owner: asyncpg.Connection):
    file = given("member,amount\nNobody Yet,5\n", "points.csv")
    await give(unlocked, [LEAD], 1)
    works = [await importing_it(unlocked, file), await importing_it(unlocked, file)]
    await owner.execute("DROP INDEX uq_character_active_name")  # a name is not what keeps a file from coming twice
    await all_at_once(works)
    assert await standing(owner) == 2, "the race that the lock prevents"


async def test_two_officers_import_one_file_once(
    crowd: Stage, other_process: Stage, owner: asyncpg.Connection, house: House
):
    results = await calm(house, await both(crowd, other_process))
    assert sorted(type(result).__name__ for result in results) == ["Imported", "ImportedBefore"]
    assert any(isinstance(result, ImportedBefore) for result in results)
    assert await standing(owner) == 1


async def test_an_import_meets_bids_and_gifts_of_the_people_it_pays(
    crowd: Stage, other_process: Stage, owner: asyncpg.Connection, house: House
):
    people: list[Actor] = raiders(6)
    await give(crowd, people, 100)
    for number, who in enumerate(people, 1):
        await characters.add_character(crowd, who, f"Hero {number}")
    ups = await put_up(crowd, 2)
    file = given(FILE)
    works: list[Work] = [await importing_it(crowd, file)]
    for number, who in enumerate(people):
        works += [bid(other_process, who, ups[number % 2], 10 + number), _gift(other_process, who)]
    results = await calm(house, works)
    assert isinstance(results[0], importing.Imported)
    assert results[0].matched == 6
    total = await owner.fetchval("SELECT sum(amount) FROM ledger_entry WHERE source = 'import'")
    assert total == 39 * 7


def _gift(stage: Stage, who: Actor) -> Work:
    presser = acting(LEAD)
    return lambda: adjust(stage, presser, who.name, 5, "well played")


async def test_an_import_undone_twice_at_once_is_undone_once(
    crowd: Stage, other_process: Stage, clock: MovableClock, owner: asyncpg.Connection, house: House
):
    done = await take_in(crowd, given(FILE), by=LEAD)
    works: list[Work] = []
    for stage in (crowd, other_process):
        stage.registry.undo["import"] = ImportUndo()
        works.append(_undo(stage, done.data_import_id))
    results = await calm(house, works)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, AlreadyReversed) for result in results) == 1
    assert await owner.fetchval("SELECT sum(balance) FROM account") == 0


def _undo(stage: Stage, import_id: int) -> Work:
    presser = acting(LEAD)
    return lambda: undo(stage, presser, f"import:{import_id}", "it was wrong")


async def test_an_import_undone_while_its_people_are_linked_and_paid_still_adds_up(
    crowd: Stage, other_process: Stage, owner: asyncpg.Connection, house: House
):
    [claimer] = raiders(1)
    await give(crowd, [claimer], 50)
    assert claimer.user_id is not None
    seen = Seen(claimer.user_id, claimer.name, frozenset())
    for stage in (crowd, other_process):
        stage.registry.undo["import"] = ImportUndo()
    for turn in range(6):
        file = given(export(*(player(n, f"Hero {n}", earned=10 + turn) for n in range(1, 30))), f"points{turn}.xml")
        done = await take_in(crowd, file, by=LEAD)
        works = [_undo(crowd, done.data_import_id), _link(other_process, "Hero 7", seen), _link(crowd, "Hero 8", seen)]
        await calm(house, [*works, *(_gift(other_process, claimer) for _ in range(6))])
        assert await owner.fetchval("SELECT count(*) FROM data_import WHERE undone_at IS NULL") == 0


def _link(stage: Stage, name: str, seen: Seen) -> Work:
    presser = acting(VERA)
    return lambda: link_member(stage, presser, name, seen)


async def test_an_import_undone_while_an_award_of_it_is(
    crowd: Stage, other_process: Stage, owner: asyncpg.Connection, house: House
):
    await give(crowd, [LEAD, VERA], 1)
    for stage in (crowd, other_process):
        stage.registry.undo |= {"import": ImportUndo(), "award": AwardUndo()}
    for turn in range(4):
        items = [("Cloak", 3 + turn), ("Sword", 2)]
        file = given(export(*(player(n, f"Hero {n}", earned=20, items=items) for n in range(1, 20))), f"p{turn}.xml")
        done = await take_in(crowd, file, by=LEAD)
        awards = await owner.fetch("SELECT award_id FROM award WHERE data_import_id = $1", done.data_import_id)
        works = [_undo(crowd, done.data_import_id), *(_undo_award(other_process, row[0]) for row in awards[:6])]
        await calm(house, works)
        assert await owner.fetchval("SELECT sum(balance) FROM account") == 2


def _undo_award(stage: Stage, award_id: int) -> Work:
    presser = acting(VERA)
    return lambda: undo(stage, presser, f"award:{award_id}", "it was wrong")
