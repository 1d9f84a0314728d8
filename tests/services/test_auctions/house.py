"""What tests of auctions do: give points, put items up, bid, look."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy import select, update

from bot import due
from bot.stage import Actor, Stage
from cogs.auctions import jobs
from cogs.auctions.service import (
    SETTLE,
    Others,
    looking,
    place_bid,
    start,
)
from cogs.dkp.service import ledger
from db.tables import (
    Account,
    Auction,
    Bid,
    Member,
    Outbox,
)
from tests.conftest import person

D = Decimal
CHANNEL = 77
LEAD = person(100, "Lead", manage_guild=True)
OTHER_LEAD = person(101, "Vera", manage_guild=True)
ANNA, BORIS, CARA = person(1, "Anna"), person(2, "Boris"), person(3, "Cara")
ITSELF = Actor.itself(1)
WITH_VERA = Others(managers=frozenset({LEAD.user_id, OTHER_LEAD.user_id}))
_keys = count()


async def rows(stage: Stage, query):
    async def look(session):
        return list((await session.execute(query)).scalars())

    return await stage.run(ITSELF, look)


async def write(stage: Stage, statement) -> None:
    async def work(session):
        await session.execute(statement)

    await stage.run(ITSELF, work)


async def member(stage: Stage, actor: Actor) -> Member:
    async def look(session):
        return session.member

    return await stage.run(actor, look)


async def give(stage: Stage, actor: Actor, amount: int) -> None:
    """Put points on somebody's account, as an officer would."""
    who = await member(stage, actor)

    async def work(session):
        pool = await ledger.default_pool(session)
        accounts = await ledger.lock_accounts(session, [(pool.pool_id, who.member_id)])
        kind = "adjustment"
        entry = ledger.NewEntry(
            pool.pool_id, who.member_id, kind, D(amount), "test", "officer", None, f"t{next(_keys)}", who.display_name
        )
        await ledger.post(session, [entry], accounts)

    await stage.run(ITSELF, work)


async def up(stage: Stage, item: str = "Cloak of Flames", by: Actor = LEAD, **more) -> int:
    """Start one auction; returns its id."""
    answer = await start(stage, by, item, channel_id=CHANNEL, **more)
    return answer.started[0].auction_id


async def becomes(stage: Stage, auction_id: int, **columns) -> None:
    """Give an auction terms that it was not started with."""
    await write(stage, update(Auction).where(Auction.auction_id == auction_id).values(**columns))


async def bid(stage: Stage, who: Actor, auction_id: int, amount: int | str, **more):
    return await place_bid(stage, who, auction_id, D(amount), **more)


async def auction(stage: Stage, auction_id: int) -> Auction:
    return (await rows(stage, select(Auction).where(Auction.auction_id == auction_id)))[0]


async def standing(stage: Stage, auction_id: int) -> tuple[str, Decimal] | None:
    found = await rows(stage, select(Bid).where(Bid.auction_id == auction_id, Bid.status == "standing"))
    return (found[0].member_name, found[0].amount) if found else None


async def statuses(stage: Stage, auction_id: int) -> list[str]:
    return [b.status for b in await rows(stage, select(Bid).where(Bid.auction_id == auction_id).order_by(Bid.sequence))]


async def money(stage: Stage, actor: Actor) -> tuple[Decimal, Decimal]:
    """(balance, held)"""
    who = await member(stage, actor)
    [account] = await rows(stage, select(Account).where(Account.member_id == who.member_id))
    return account.balance, account.held


async def told(stage: Stage, *, like: str = "") -> list[str]:
    messages = await rows(stage, select(Outbox).order_by(Outbox.outbox_id))
    return [message.content for message in messages if like in message.content]


async def end(stage: Stage, clock, auction_id: int) -> None:
    """Let the time run out and do what is due."""
    stage.registry.due[SETTLE] = jobs.settle_due
    clock.moment = (await auction(stage, auction_id)).ends_at + timedelta(seconds=1)
    await due.run_once(stage)


async def adds_up(stage: Stage) -> None:
    assert await stage.run(ITSELF, ledger.imbalances) == []
    assert await stage.run(ITSELF, looking.problems) == []
