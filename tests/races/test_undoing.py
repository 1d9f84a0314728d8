"""Undo against undo, and against everything that moves the same points meanwhile."""

from dataclasses import replace
from datetime import timedelta

from bot.stage import Actor, Stage
from cogs.auctions.service import settle
from cogs.dkp.rules import AlreadyReversed, UndoneElsewhere
from cogs.dkp.service.adjustments import adjust
from cogs.dkp.service.undoing import EntryUndo, undo
from cogs.loot.service import AwardUndo, AwardUndone
from cogs.raids.rules import TickUndone
from cogs.raids.service import evening, ticks
from cogs.raids.service.undo import TickUndo, undo_tick
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
    bid,
    calm,
    disorder,
    give,
    known,
    put_up,
    raiders,
)


def undoing(stage: Stage, what: str, officer: Actor = LEAD) -> Work:
    presser = acting(officer)
    stage.registry.undo |= {"entry": EntryUndo(), "tick": TickUndo(), "award": AwardUndo()}
    return lambda: undo(stage, presser, what, "it was wrong")


def done(results: list) -> list[str]:
    return [result for result in results if isinstance(result, str)]


async def won(stage: Stage, clock: MovableClock, winner: Actor, price: int) -> int:
    """An award of an auction that ended."""
    [up] = await put_up(stage)
    await bid(stage, winner, up, price)()
    clock.move(minutes=4)
    await stage.run(ITSELF, lambda session: settle(session, up))
    return up


# --- entries --------------------------------------------------------------------------------------------------------


async def test_without_the_lock_two_officers_undo_one_entry(unlocked: Stage, crowd: Stage, house: House):
    await give(crowd, raiders(1), 100)

    async def both():
        adjusted = await adjust(crowd, acting(LEAD), "Raider 0", 5, "by mistake")
        return await all_at_once([undoing(unlocked, f"entry:{adjusted.entry_id}", who) for who in (LEAD, VERA)])

    assert await disorder(house, both)


async def test_an_entry_undone_by_three_at_once_is_undone_once(crowd: Stage, other_process: Stage, house: House):
    people = raiders(4)
    await give(crowd, people, 100)
    for round_ in range(5):
        adjusted = await adjust(crowd, acting(LEAD), people[round_ % 4].name, (-1) ** round_ * 5, "by mistake")
        what = f"entry:{adjusted.entry_id}"
        works = [undoing(crowd, what), undoing(other_process, what, VERA), undoing(other_process, what)]
        more: list[Work] = [
            lambda name=actor.name: adjust(crowd, acting(VERA), name, 1, "meanwhile") for actor in people[:2]
        ]
        results = await calm(house, [*works, *more])
        assert len(done(results)) == 1
        assert sum(isinstance(result, AlreadyReversed) for result in results) == 2


async def test_an_officer_undoes_what_moved_their_own_points_and_others_at_once(
    crowd: Stage, other_process: Stage, house: House
):
    """Only the own act is told where everybody sees it, once."""
    people = raiders(3)
    await give(crowd, [*people, LEAD], 100)
    await house.connection.execute("UPDATE guild SET audit_channel_id = 5")
    for round_ in range(1, 4):
        entries = [
            (await adjust(crowd, acting(VERA), actor.name, 5, "by mistake")).entry_id for actor in [LEAD, *people]
        ]
        stages = [crowd, other_process] * 4
        results = await calm(house, [undoing(s, f"entry:{e}") for s, e in zip(stages, entries, strict=False)])
        assert len(done(results)) == len(entries)
        assert await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'ownu%'") == round_


async def test_an_undo_is_undone_while_others_undo_it_too(crowd: Stage, other_process: Stage, house: House):
    await give(crowd, raiders(1), 100)
    adjusted = await adjust(crowd, acting(LEAD), "Raider 0", 5, "by mistake")
    for turn in range(4):
        last = await house.one("SELECT max(entry_id) FROM ledger_entry")
        works = [undoing(s, f"entry:{last}", who) for s in (crowd, other_process) for who in (LEAD, VERA)]
        results = await calm(house, works)
        assert len(done(results)) == 1
        there = adjusted.amount if turn % 2 else 0
        assert await house.one("SELECT balance FROM account") == 100 + there


# --- ticks ----------------------------------------------------------------------------------------------------------


async def test_without_the_lock_a_tick_is_undone_and_paid_on(unlocked: Stage, crowd: Stage, house: House):
    people = raiders(4)
    members = await known(crowd, people)

    async def both():
        raid_id = await begin_raid(crowd, people[:2])
        taken = await ticks.take_tick(crowd, acting(LEAD), raid_id)
        late = tuple(members[actor] for actor in people[2:])
        return await all_at_once(
            [
                lambda: undo_tick(unlocked, acting(LEAD), taken.tick_id, "wrong raid"),
                lambda: ticks.credit_people(unlocked, acting(VERA), raid_id, (taken.tick_id,), late),
            ]
        )

    assert await disorder(house, both)


async def test_a_tick_undone_from_several_sides_is_undone_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(10)
    members = await known(crowd, people)
    late = tuple(members[actor] for actor in people[6:])
    for round_ in range(5):
        clock.move(minutes=5)
        raid_id = await begin_raid(crowd, people[:6])
        taken = await ticks.take_tick(crowd, acting(LEAD), raid_id)
        works: list[Work] = [
            lambda n=taken.tick_id: undo_tick(crowd, acting(LEAD), n, "wrong raid"),
            undoing(other_process, f"tick:{taken.tick_id}", VERA),
            lambda n=taken.tick_id: undo_tick(other_process, acting(VERA), n, "wrong raid"),
            lambda r=raid_id, n=taken.tick_id: ticks.credit_people(crowd, acting(VERA), r, (n,), late),
            lambda r=raid_id: evening.cancel_raid(other_process, acting(LEAD), r, "wrong evening"),
        ]
        shift = round_ % len(works)
        results = await calm(house, [*works[shift:], *works[:shift]])
        assert sum(isinstance(result, TickUndone) for result in results) >= 2
        assert await house.one("SELECT count(*) FROM tick WHERE undone_at IS NULL") == 0
    assert await house.one("SELECT count(*) FROM account WHERE balance <> 0") == 0


# --- awards ---------------------------------------------------------------------------------------------------------


async def test_without_the_lock_two_officers_undo_one_award(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock
):
    [anna] = raiders(1)
    await give(crowd, [anna], 1000)

    async def both():
        up = await won(crowd, clock, anna, 10)
        award_id = await house.one("SELECT award_id FROM award WHERE auction_id = $1", up)
        return await all_at_once([undoing(unlocked, f"award:{award_id}", who) for who in (LEAD, VERA)])

    assert await disorder(house, both)


async def test_an_award_undone_from_several_sides_is_undone_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(2)
    await give(crowd, people, 1000)
    for round_ in range(5):
        up = await won(crowd, clock, people[round_ % 2], 10)
        [award] = await house.all("SELECT award_id, entry_id FROM award WHERE auction_id = $1", up)
        works = [
            undoing(crowd, f"award:{award['award_id']}"),
            undoing(other_process, f"award:{award['award_id']}", VERA),
            undoing(other_process, f"entry:{award['entry_id']}"),
        ]
        results = await calm(house, works[:: -1 if round_ % 2 else 1])
        assert len(done(results)) == 1
        assert sum(isinstance(result, AwardUndone | UndoneElsewhere) for result in results) == 2
    assert await house.one("SELECT sum(balance) FROM account") == 2000


async def test_without_the_lock_an_undone_award_and_a_settled_auction_lose_points(
    unlocked: Stage, crowd: Stage, house: House, clock: MovableClock, crossing
):
    crossing.seconds = 0.5
    [anna] = raiders(1)
    await give(crowd, [anna], 1000)

    async def both():
        up = await won(crowd, clock, anna, 10)
        award_id = await house.one("SELECT award_id FROM award WHERE auction_id = $1", up)
        [other] = await put_up(crowd)
        await bid(crowd, anna, other, 20)()
        clock.move(minutes=4)
        return await all_at_once(
            [
                lambda: unlocked.run(ITSELF, lambda session: settle(session, other)),
                undoing(unlocked, f"award:{award_id}"),
            ]
        )

    assert await disorder(house, both)


async def test_awards_are_undone_while_their_winners_win_and_bid_on(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    people = raiders(6)
    await give(crowd, people, 500)
    for round_ in range(3):
        awards = []
        for actor in people[:3]:
            up = await won(crowd, clock, actor, 10)
            awards.append(await house.one("SELECT award_id FROM award WHERE auction_id = $1", up))
        ending, open_ = await put_up(crowd, 3), await put_up(crowd, 3)
        await all_at_once([bid(crowd, actor, a, 20) for actor, a in zip(people, ending, strict=False)])
        clock.move(minutes=4)
        works = [lambda a=a: other_process.run(ITSELF, lambda session: settle(session, a)) for a in ending]
        works += [undoing(crowd, f"award:{award_id}", (LEAD, VERA)[round_ % 2]) for award_id in awards]
        earlier = clock.now() - timedelta(minutes=2)
        works += [
            bid(other_process, replace(actor, received_at=earlier), open_[i % 3], 30) for i, actor in enumerate(people)
        ]
        results = await calm(house, works)
        assert len(done(results)) == 3
        assert await house.overspent() == []
        await all_at_once([lambda a=a: crowd.run(ITSELF, lambda session: settle(session, a)) for a in open_])
    assert await house.wrongs() == []
