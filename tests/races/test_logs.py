"""Two leaders with the log of one evening: what both upload at once is taken in once."""

from datetime import UTC, timedelta

from bot.stage import Actor, Stage
from cogs.raids.dumps import Reading, read_file
from cogs.raids.rules import AlreadyImported, ImportChanged, NothingToRecord
from cogs.raids.service import imports
from tests.conftest import MovableClock, person
from tests.races.house import House
from tests.races.scene import LEAD, VERA, Work, acting, all_at_once, begin_raid, calm, defects, give
from tests.rules.test_dumps.evening import seen, stamped, who

FILE = "eqlog_Lead_xegony.txt"


def log_of(clock: MovableClock, people: list[Actor]) -> Reading:
    """Two lists and an item for everybody, in the minutes before now."""
    now = clock.now().astimezone(UTC).replace(tzinfo=None)
    names = [actor.name for actor in people]
    at = [now - timedelta(minutes=minutes) for minutes in (40, 10)]
    loot = [f"You tell your raid, ':::Gem of {name}::: {name} 5 DKPSPENT'" for name in names]
    text = who(at[0], *seen(*names)) + who(at[1], *seen(*names)) + stamped(at[1], *loot)
    return read_file(FILE, text.encode())


def taking(stage: Stage, raid_id: int, reading: Reading, leader: Actor) -> Work:
    actor = acting(leader)
    return lambda: imports.import_moments(stage, actor, raid_id, FILE, reading.moments, (None, None))


def recording(stage: Stage, raid_id: int, reading: Reading, leader: Actor) -> Work:
    actor = acting(leader)
    return lambda: imports.record_loot(stage, actor, raid_id, FILE, reading.loot)


async def evening(stage: Stage, clock: MovableClock) -> tuple[int, Reading]:
    people = [person(200 + number, f"Raider{letter}") for number, letter in enumerate("abcdef")]
    await give(stage, people, 100)
    raid_id = await begin_raid(stage, people)
    clock.move(minutes=60)
    return raid_id, log_of(clock, people)


async def test_without_the_lock_the_loot_of_a_log_is_recorded_twice(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    counts = []
    while len(counts) < 6 and 12 not in counts:
        await house.connection.execute("UPDATE raid SET status = 'ended', ended_at = now()")
        raid_id, reading = await evening(crowd, clock)
        await all_at_once([recording(unlocked, raid_id, reading, leader) for leader in (LEAD, VERA)])
        counts.append(await house.one("SELECT count(*) FROM award WHERE raid_id = $1", raid_id))
        clock.move(hours=48)
    assert 12 in counts


async def test_the_loot_of_a_log_is_recorded_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    raid_id, reading = await evening(crowd, clock)
    works = [recording(stage, raid_id, reading, leader) for stage in (crowd, other_process) for leader in (LEAD, VERA)]
    results = await calm(house, works)
    assert sum(isinstance(result, NothingToRecord) for result in results) == 3
    assert await house.one("SELECT count(*) FROM award") == 6


async def test_the_moments_of_a_log_are_taken_in_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    raid_id, reading = await evening(crowd, clock)
    works = [taking(stage, raid_id, reading, leader) for stage in (crowd, other_process) for leader in (LEAD, VERA)]
    works += [recording(other_process, raid_id, reading, VERA)]
    results = await calm(house, works)
    assert defects(results) == []
    assert sum(isinstance(result, AlreadyImported | ImportChanged) for result in results) == 3
    assert await house.one("SELECT count(*) FROM tick") == 2
    assert await house.one("SELECT count(*) FROM tick_credit") == 12
