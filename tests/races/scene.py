"""What races are made of: a guild with raiders who have points, a raid, auctions; and everything at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import asyncpg
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.people import Seen, meet
from bot.refusals import Refused
from bot.stage import Actor, Session, Stage
from cogs.auctions.service import BidAnswer, place_bid, start
from cogs.dkp.service import ledger
from cogs.raids.service import evening, roster, ticks
from db.tables import Member
from tests.conftest import person
from tests.races.house import House

CHANNEL = 77
LEAD = person(100, "Lead", manage_guild=True)
VERA = person(101, "Vera", manage_guild=True)
ITSELF = Actor.itself(1)
Work = Callable[[], Awaitable[Any]]
_interactions = count(1)
_gifts = count(1)


def acting(actor: Actor) -> Actor:
    """The same person with an interaction of their own: what Discord sends for each press."""
    return replace(actor, interaction_id=next(_interactions))


def interactions_from(number: int) -> None:
    """Count on from here: processes that count alike are sent the same interactions."""
    global _interactions
    _interactions = count(number)


def raiders(number: int, guild_id: int = 1) -> list[Actor]:
    return [person(1000 + i, f"Raider {i}", guild_id=guild_id) for i in range(number)]


async def known(stage: Stage, people: Sequence[Actor]) -> dict[Actor, int]:
    """Member ids of people, whom the bot meets if it has to."""

    async def work(session: Session) -> dict[int | None, int]:
        await meet(session, [Seen(actor.user_id or 0, actor.name, frozenset()) for actor in people])
        rows = await session.execute(select(Member.discord_user_id, Member.member_id))
        return {row.discord_user_id: row.member_id for row in rows}

    members = await stage.run(Actor.itself(people[0].guild_id), work)
    return {actor: members[actor.user_id] for actor in people}


async def give(stage: Stage, people: Sequence[Actor], points: int) -> dict[Actor, int]:
    """Points for everybody; answers with their member ids."""
    members = await known(stage, people)

    async def work(session: Session) -> None:
        pool_id = (await ledger.default_pool(session)).pool_id
        accounts = await ledger.lock_accounts(session, [(pool_id, member_id) for member_id in members.values()])
        entries = [
            ledger.NewEntry(
                pool_id=pool_id,
                member_id=member_id,
                kind="bonus",
                amount=Decimal(points),
                reason="for the races",
                source="officer",
                source_id=None,
                key=f"gift:{next(_gifts)}",
                member_name=actor.name,
            )
            for actor, member_id in members.items()
        ]
        await ledger.post(session, entries, accounts)

    await stage.run(Actor.itself(people[0].guild_id), work)
    return members


async def put_up(stage: Stage, number: int = 1, lead: Actor = LEAD) -> list[int]:
    """That many auctions of three minutes; with a raid running they are the raid's."""
    return [await _put_up(stage, acting(lead)) for _ in range(number)]


async def _put_up(stage: Stage, lead: Actor) -> int:
    answer = await start(stage, lead, "Cloak of Flames", channel_id=CHANNEL, second_copy=True)
    return answer.started[0].auction_id


async def begin_raid(stage: Stage, people: Sequence[Actor] = (), lead: Actor = LEAD, **more: Any) -> int:
    """A raid in which these people are checked in."""
    begun = await evening.start_raid(stage, acting(lead), event="Temple of Veeshan", channel_id=CHANNEL, **more)
    for actor in people:
        await roster.check_in(stage, actor, begun.raid_id)
    return begun.raid_id


def bid(stage: Stage, actor: Actor, auction_id: int, amount: int) -> Work:
    """A press that bids."""
    bidder = acting(actor)
    return lambda: place_bid(stage, bidder, auction_id, Decimal(amount))


def tick(stage: Stage, raid_id: int, leader: Actor = LEAD, heard: list[ticks.Heard] | None = None) -> Work:
    """A press that takes a tick."""
    presser = acting(leader)
    return lambda: ticks.take_tick(stage, presser, raid_id, heard=heard, source="button")


def accepted(answers: Iterable[Any]) -> list[BidAnswer]:
    return [answer for answer in answers if isinstance(answer, BidAnswer) and answer.outcome == "accepted"]


# --- at once --------------------------------------------------------------------------------------------------------


async def all_at_once(works: Iterable[Work]) -> list[Any]:
    """Start everything at the same moment; returns results and exceptions in order."""
    gate = asyncio.Event()

    async def one(work: Work) -> Any:
        await gate.wait()
        return await work()

    tasks = [asyncio.create_task(one(work)) for work in works]
    await asyncio.sleep(0)
    gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def defects(results: Iterable[Any]) -> list[str]:
    """Exceptions that are no refusals, deadlocks by that name."""
    return [
        "deadlock" if _is_deadlock(result) else repr(result)
        for result in results
        if isinstance(result, BaseException) and not isinstance(result, Refused)
    ]


def _is_deadlock(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, asyncpg.DeadlockDetectedError) or "deadlock detected" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


async def calm(house: House, works: Iterable[Work]) -> list[Any]:
    """Everything at once, with the lock: refusals are answers, anything else is a defect, and the house is in order."""
    results = await all_at_once(works)
    found = defects(results) or await house.wrongs()
    assert not found, found
    return results


async def disorder(house: House, round_: Callable[[], Awaitable[Iterable[Any]]], rounds: int = 6) -> list[str]:
    """Without the lock: what went wrong in the first round in which something did; empty after `rounds` in order.

    Points that do not add up, or what the database's last guards refused; any other error is the test's own.
    """
    for _ in range(rounds):
        results = await round_()
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Refused | DBAPIError | ledger.DoubleEntry):
                raise result
        found = defects(results) + await house.wrongs() + await house.overspent()
        if found:
            return found
    return []
