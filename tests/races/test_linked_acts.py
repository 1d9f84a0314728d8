"""Acts on many people, done or undone while one of them turns out to be somebody else."""

import asyncio
from decimal import Decimal

from bot.people import Seen
from bot.stage import Session, Stage
from cogs.dkp.service import batches
from cogs.dkp.service.decays import Decayed
from cogs.members.service.linking import Linked, absorb
from cogs.members.service.unclaimed import get_unclaimed
from tests.races.house import House
from tests.races.scene import ITSELF, LEAD, Work, acting, all_at_once, calm, disorder, known, raiders
from tests.races.test_decay import decaying, newest, undoing
from tests.races.test_linking import imported, linking_of, somebody

SHARE = Decimal(10)


async def batch_for(stage: Stage, name: str) -> int:
    """A batch that gave an unclaimed person and a raider something."""
    old = await stage.run(ITSELF, lambda session: get_unclaimed(session, name))
    [claimer] = raiders(1)
    members = await known(stage, [claimer])
    posted = await batches.adjust_many(stage, acting(LEAD), (old.member_id, members[claimer]), SHARE, "well played")
    return posted.batch_id


async def test_without_the_lock_a_batch_is_undone_for_who_has_gone_over(unlocked: Stage, crowd: Stage, house: House):
    seen = await somebody(crowd)

    async def both():
        name = await imported(crowd)
        what = f"batch:{await batch_for(crowd, name)}"
        return await all_at_once([undoing(unlocked, what), linking_of(unlocked, name, seen)])

    assert await disorder(house, both)


async def test_a_batch_undone_and_brought_back_while_one_of_its_people_is_linked(
    crowd: Stage, other_process: Stage, house: House
):
    seen = await somebody(crowd)
    for round_ in range(6):
        name = await imported(crowd)
        batch_id = await batch_for(crowd, name)
        before = await house.one("SELECT sum(balance) FROM account")
        what = f"{'undo of ' if round_ % 2 else ''}batch:{batch_id}"
        if round_ % 2:
            await undoing(crowd, f"batch:{batch_id}")()
        works = [undoing(other_process, what), linking_of(crowd, name, seen)]
        results = await calm(house, works[:: -1 if round_ % 3 else 1])
        assert sum(isinstance(result, Linked) for result in results) == 1
        undone = sum(isinstance(result, str) for result in results)
        stands = undone if round_ % 2 else 1 - undone
        assert await house.one("SELECT sum(balance) FROM account") == before - 2 * SHARE * (1 - stands)
    assert await house.one("SELECT count(*) FROM account WHERE balance <> 0") == 1, "all of it is the claimer's"


async def test_a_decay_run_while_somebody_is_linked_takes_their_share_once(
    crowd: Stage, other_process: Stage, house: House
):
    for round_ in range(12):
        claimer = raiders(round_ + 1)[-1]
        await known(crowd, [claimer])
        assert claimer.user_id is not None
        seen = Seen(claimer.user_id, claimer.name, frozenset())
        name = await imported(crowd)
        before = await house.one("SELECT sum(balance) FROM account")
        works: list[Work] = [
            linking_of(crowd, name, seen),
            decaying(other_process, 50, seen=await newest(house)),
        ]
        results = await calm(house, works[:: -1 if round_ % 2 else 1])
        assert sum(isinstance(result, Linked) for result in results) == 1
        [run] = [result for result in results if isinstance(result, Decayed)]
        assert abs(run.total - before / 2) <= round_ + 1, "nobody was passed over"


async def test_a_decay_that_waited_for_a_link_sees_the_account_the_link_made(
    crowd: Stage, other_process: Stage, house: House
):
    """When it began to wait, who has the points now had no account to be locked."""
    [claimer] = raiders(1)
    members = await known(crowd, [claimer])
    name = await imported(crowd)
    old = await crowd.run(ITSELF, lambda session: get_unclaimed(session, name))
    gone_over = asyncio.Event()

    async def link(session: Session) -> None:
        await absorb(session, old.member_id, members[claimer], "it is them", None)
        await session.flush()
        gone_over.set()
        await asyncio.sleep(0.5)

    async def decay() -> Decayed:
        await gone_over.wait()
        return await decaying(other_process, 50)()

    results = await calm(house, [lambda: crowd.run(acting(LEAD), link), decay])
    assert isinstance(results[1], Decayed)
    assert (results[1].people, results[1].total) == (1, 50)
    assert await house.one("SELECT balance FROM account WHERE member_id = $1", members[claimer]) == 50
