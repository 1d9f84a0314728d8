"""The people of these tests and short words for what they do."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot.stage import Actor, Session, Stage
from bot.typed import name_key
from cogs.dkp.service import adjustments, balances, history, ledger, pools
from db.tables import Auction, Outbox
from tests.conftest import person

ANNA = person(10, "Anna", manage_guild=True)
BOB = person(11, "Bob")
CARL = person(12, "Carl")
AUDIT_CHANNEL, HERE = 900, 901


async def meet(stage: Stage, *people: Actor) -> None:
    async def nothing(session: Session) -> None:
        pass

    for actor in people:
        await stage.run(actor, nothing)


async def member_id(stage: Stage, actor: Actor) -> int:
    return await stage.run(actor, get_own_id)


async def get_own_id(session: Session) -> int:
    return session.member.member_id


async def give(stage: Stage, who: str, amount: float, reason: str = "brought the cake", **more) -> adjustments.Adjusted:
    return await adjustments.adjust(stage, more.pop("by", ANNA), who, amount, reason, **more)


async def balance(stage: Stage, by: Actor, who: str | None = None, pool: str | None = None) -> str:
    return await stage.read(by, "dkp.view", lambda session: balances.balance_in_words(session, who, pool))


async def own_points(stage: Stage, who: Actor) -> balances.MyPoints:
    async def look(session: Session) -> balances.MyPoints:
        return await balances.points_of(session, session.member.member_id)

    return await stage.run(who, look)


async def hold_for(stage: Stage, who: Actor, item: str, amount: int, **other: Any) -> int:
    """An auction, open and standing at the amount unless told `other` columns, on which somebody holds points."""

    async def work(session: Session) -> int:
        pool = await ledger.default_pool(session)
        columns = {
            "item_name": item,
            "item_key": name_key(item),
            "minimum": Decimal(1),
            "increment": Decimal(1),
            "bidders": "members",
            "channel_id": 1,
            "started_at": session.now,
            "started_by_user_id": 1,
            "ends_at": session.now,
            "price": Decimal(amount),
            "snipe_window_seconds": 20,
            "snipe_extension_seconds": 20,
            "snipe_limit": 20,
        }
        auction = Auction(guild_id=session.guild_id, pool_id=pool.pool_id, **columns | other)
        session.add(auction)
        await session.flush()
        key = (pool.pool_id, session.member.member_id)
        account = (await ledger.lock_accounts(session, [key]))[key]
        await ledger.hold(session, account, auction.auction_id, Decimal(amount))
        return auction.auction_id

    return await stage.run(who, work)


async def lines_of(stage: Stage, by: Actor, who: str | None = None) -> list[str]:
    async def look(session: Session) -> list[str]:
        return [line.in_words() for line in (await history.find_history(session, who, None, before=None, most=100))[1]]

    return await stage.read(by, "dkp.view", look)


async def labels_of(stage: Stage, by: Actor) -> list[str]:
    """The same lines as the select below them names them."""

    async def look(session: Session) -> list[str]:
        return [line.label() for line in (await history.find_history(session, None, None, before=None, most=100))[1]]

    return await stage.read(by, "dkp.view", look)


async def table(stage: Stage, by: Actor = ANNA, **how) -> list[tuple[int, str, Decimal]]:
    async def look(session: Session) -> list[tuple[int, str, Decimal]]:
        found = await balances.standings(session, await pools.get_pool(session, None), **how)
        return [(line.place, line.member_name, line.balance) for line in found]

    return await stage.read(by, "dkp.view", look)


async def told(stage: Stage) -> list[tuple[int | None, str]]:
    async def look(session: Session) -> list[tuple[int | None, str]]:
        query = select(Outbox).where(Outbox.guild_id == session.guild_id).order_by(Outbox.outbox_id)
        return [(row.channel_id, row.content) for row in (await session.execute(query)).scalars()]

    return await stage.run(Actor.itself(1), look)
