"""Linking against everything that would still post to who is being absorbed."""

from itertools import count
from string import ascii_lowercase

from bot.people import Seen
from bot.stage import Session, Stage
from bot.typed import name_key
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import adjust
from cogs.dkp.service.batches import adjust_many
from cogs.dkp.service.undoing import undo
from cogs.loot.service import AwardUndo
from cogs.members.service import linking
from cogs.members.service.linking import Linked, link_member
from cogs.members.service.unlinking import LinkUndo
from cogs.raids.dumps import read_file
from cogs.raids.service.imports import import_dump
from cogs.raids.service.undo_raid import RaidUndo
from db.tables import Character, CharacterOwner, Member
from tests.conftest import MovableClock
from tests.races.house import House
from tests.races.scene import (
    ITSELF,
    LEAD,
    VERA,
    Work,
    acting,
    all_at_once,
    begin_raid,
    calm,
    disorder,
    give,
    raiders,
    tick,
)

_numbers = count()


async def imported(stage: Stage) -> str:
    """An unclaimed person with a character and 100 points; their name."""
    number = next(_numbers)
    name = f"Old{ascii_lowercase[number // 26]}{ascii_lowercase[number % 26]}"

    async def work(session: Session) -> None:
        member = Member(
            guild_id=1, display_name=name, name_key=name_key(name), role_group="member", joined_at=session.now
        )
        session.add(member)
        await session.flush()
        played = f"{name}brave"
        character = Character(
            guild_id=1,
            owner_member_id=member.member_id,
            name=played,
            name_key=name_key(played),
            is_main=True,
            created_at=session.now,
        )
        session.add(character)
        await session.flush()
        owner = {"to_member_id": member.member_id, "by_user_id": 0, "at": session.now}
        session.add(CharacterOwner(guild_id=1, character_id=character.character_id, **owner))

    await stage.run(ITSELF, work)
    await adjust(stage, acting(LEAD), name, 100, "moved in")
    return name


def linking_of(stage: Stage, name: str, seen: Seen, officer=LEAD) -> Work:
    presser = acting(officer)
    return lambda: link_member(stage, presser, name, seen)


def adjusting(stage: Stage, name: str) -> Work:
    presser = acting(VERA)
    return lambda: adjust(stage, presser, name, 7, "meanwhile")


async def problems(stage: Stage) -> list[str]:
    return await stage.run(ITSELF, linking.problems)


async def somebody(stage: Stage) -> Seen:
    [claimer] = raiders(1)
    await give(stage, [claimer], 5)
    assert claimer.user_id is not None
    return Seen(claimer.user_id, claimer.name, frozenset())


async def test_without_the_locks_two_officers_hand_one_person_over_twice(unlocked: Stage, crowd: Stage, house: House):
    seen = await somebody(crowd)

    async def both():
        name = await imported(crowd)
        return await all_at_once([linking_of(unlocked, name, seen), linking_of(unlocked, name, seen, VERA)])

    assert await disorder(house, both)


async def test_whatever_is_posted_meanwhile_ends_with_who_has_the_points_now(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    seen = await somebody(crowd)
    raid = await begin_raid(crowd)
    for _ in range(6):
        clock.move(minutes=5)
        name = await imported(crowd)
        [dump] = read_file("names.txt", f"{name}brave\nNobody{name}".encode()).moments
        importing = acting(VERA)
        works = [
            linking_of(crowd, name, seen),
            linking_of(other_process, name, seen, VERA),
            adjusting(other_process, name),
            adjusting(crowd, name),
            lambda dump=dump, by=importing: import_dump(other_process, by, raid, "names.txt", dump, again=True),
        ]
        results = await calm(house, works)
        assert sum(isinstance(result, Linked) for result in results) == 1
        assert await problems(crowd) == []


async def test_a_link_undone_by_two_while_points_move_is_undone_once(crowd: Stage, other_process: Stage, house: House):
    seen = await somebody(crowd)
    for stage in (crowd, other_process):
        stage.registry.undo["claim"] = LinkUndo()
    for _ in range(5):
        name = await imported(crowd)
        done = await link_member(crowd, acting(LEAD), name, seen)
        works: list[Work] = [
            lambda by=acting(officer), stage=stage, what=f"claim:{done.link_id}": undo(stage, by, what, "wrong person")
            for officer, stage in ((LEAD, crowd), (VERA, other_process), (LEAD, other_process))
        ]
        results = await calm(house, [*works, adjusting(crowd, seen.name), adjusting(other_process, name)])
        assert sum(isinstance(result, str) for result in results) == 1
        assert await problems(crowd) == []
        assert await crowd.run(ITSELF, ledger.imbalances) == []


async def test_a_raid_undone_whose_raider_was_linked_meets_gifts_to_everybody(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    seen = await somebody(crowd)
    crowd.registry.undo |= {"raid": RaidUndo(loot=False), "award": AwardUndo()}
    everybody = raiders(30)
    ids = tuple((await give(crowd, everybody, 5)).values())
    for _ in range(5):
        raid = await begin_raid(crowd, everybody[1:])
        name = await imported(crowd)
        [dump] = read_file("names.txt", f"{name}brave\n".encode()).moments
        await import_dump(crowd, acting(LEAD), raid, "names.txt", dump)
        clock.move(minutes=5)
        await tick(crowd, raid)()
        await link_member(crowd, acting(LEAD), name, seen)
        works: list[Work] = [lambda by=acting(LEAD), what=f"raid:{raid}": undo(crowd, by, what, "wrong evening")]
        for _ in range(8):
            works.append(lambda by=acting(VERA): adjust_many(other_process, by, ids, 5, "for all of you"))
        await calm(house, works)
