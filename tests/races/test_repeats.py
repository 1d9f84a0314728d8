"""The same interaction delivered twice at once, to two processes: one act, and the first answer for both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from bot.refusals import Refused
from bot.stage import Actor, Stage
from cogs.auctions.service import place_bid, start, void_bid
from cogs.dkp.service.adjustments import adjust
from cogs.dkp.service.undoing import EntryUndo, undo
from cogs.raids.service import evening, roster, ticks
from tests.conftest import MovableClock, person
from tests.races.house import House
from tests.races.scene import (
    CHANNEL,
    LEAD,
    acting,
    all_at_once,
    begin_raid,
    bid,
    defects,
    give,
    put_up,
    raiders,
)

ANNA, BORIS = raiders(2)


@dataclass
class Night:
    """What there is to act on."""

    auction_id: int
    raid_id: int
    tick_id: int
    entry_id: int


@pytest.fixture
async def night(crowd: Stage, other_process: Stage, clock: MovableClock) -> Night:
    for stage in (crowd, other_process):
        stage.registry.undo["entry"] = EntryUndo()
    await give(crowd, [ANNA, BORIS, LEAD], 1000)
    [auction_id] = await put_up(crowd)
    await bid(crowd, BORIS, auction_id, 5)()
    raid_id = await begin_raid(crowd, [ANNA, BORIS])
    taken = await ticks.take_tick(crowd, acting(LEAD), raid_id)
    entry = await adjust(crowd, acting(LEAD), BORIS.name, 5, "well played")
    clock.move(minutes=2.5)
    return Night(auction_id, raid_id, taken.tick_id, entry.entry_id)


Act = tuple[Actor, Callable[[Stage, Actor, Night], Awaitable[Any]]]
ACTS: dict[str, Act] = {
    "a bid": (ANNA, lambda stage, who, night: place_bid(stage, who, night.auction_id, Decimal(10))),
    "a bid that is refused": (ANNA, lambda stage, who, night: place_bid(stage, who, night.auction_id, Decimal(2))),
    "a stranger's bid": (
        person(2000, "New"),
        lambda stage, who, night: place_bid(stage, who, night.auction_id, Decimal(10)),
    ),
    "a tick": (LEAD, lambda stage, who, night: ticks.take_tick(stage, who, night.raid_id)),
    "a tick all the same": (LEAD, lambda stage, who, night: ticks.take_tick(stage, who, night.raid_id, again=True)),
    "an adjustment": (LEAD, lambda stage, who, night: adjust(stage, who, ANNA.name, 7, "brought cake")),
    "one's own adjustment": (LEAD, lambda stage, who, night: adjust(stage, who, LEAD.name, 7, "cake", here=CHANNEL)),
    "an undo": (LEAD, lambda stage, who, night: undo(stage, who, f"entry:{night.entry_id}", "no cake")),
    "a start": (LEAD, lambda stage, who, night: start(stage, who, "Fungi Tunic", channel_id=CHANNEL)),
    "a voided bid": (LEAD, lambda stage, who, night: void_bid(stage, who, night.auction_id, BORIS.name, "a slip")),
    "a raid": (LEAD, lambda stage, who, night: evening.start_raid(stage, who, event="Plane of Fear", channel_id=8)),
    "a check-in": (ANNA, lambda stage, who, night: roster.check_in(stage, who, night.raid_id)),
}
COUNTED = ("bid", "hold", "ledger_entry", "tick", "auction", "raid", "award", "outbox", "audit")


async def counts(house: House) -> dict[str, int]:
    return {table: await house.one(f"SELECT count(*) FROM {table}") for table in COUNTED}


def spoken(answer: Any) -> Any:
    """A refusal comes back with its sentence, an answer with everything in it."""
    return answer.sentence if isinstance(answer, Refused) else answer


@pytest.mark.parametrize("what", ACTS)
async def test_an_interaction_delivered_at_once_to_two_processes_is_one_act(
    crowd: Stage, other_process: Stage, house: House, night: Night, what: str
):
    who, act = ACTS[what]
    before, presser = await counts(house), acting(who)
    [first, *again] = await all_at_once([lambda s=s: act(s, presser, night) for s in (crowd, other_process, crowd)])
    assert defects([first, *again]) == []
    assert [spoken(answer) for answer in again] == [spoken(first)] * 2
    once = await counts(house)
    late = await all_at_once([lambda: act(other_process, presser, night)])
    assert spoken(late[0]) == spoken(first)
    assert await counts(house) == once
    assert once["audit"] - before["audit"] <= 3
    assert await house.wrongs() == [] or "all the same" in what


@pytest.mark.parametrize("what", ["a bid", "an adjustment", "a raid"])
async def test_without_the_claim_the_same_interaction_acts_twice_or_answers_differently(
    crowd: Stage, other_process: Stage, night: Night, what: str
):
    """An interaction without an id claims nothing."""
    who, act = ACTS[what]
    nameless = replace(who, interaction_id=None)
    first, again = await all_at_once([lambda s=s: act(s, nameless, night) for s in (crowd, other_process)])
    assert spoken(first) != spoken(again)
