"""What the tests of raid nights share: who plays, and short words for looking at the rows."""

from decimal import Decimal

from sqlalchemy import select, update

from bot.stage import Actor, Stage
from cogs.dkp.service import ledger
from cogs.raids.dumps import Dump, read_file
from cogs.raids.service import card, evening
from db.tables import (
    Account,
    Member,
    RoleMapping,
)
from tests.conftest import person

CHANNEL = 77
LEAD = person(100, "Lead", manage_guild=True)
ANNA, BERT, CARL = person(1, "Anna"), person(2, "Bert"), person(3, "Carl")
MEMBER_ROLE, GUEST_ROLE = 900, 901


async def begin(stage: Stage, **more) -> evening.RaidStarted:
    return await evening.start_raid(stage, LEAD, **({"event": "Temple of Veeshan", "channel_id": CHANNEL} | more))


async def known(stage: Stage, actor: Actor) -> int:
    """The member id of somebody, met if need be."""

    async def look(session):
        return session.member.member_id

    return await stage.read(actor, None, look)


async def read(stage: Stage, query):
    async def look(session):
        return list((await session.execute(query)).scalars())

    return await stage.run(Actor.itself(1), look)


async def write(stage: Stage, statement) -> None:
    async def work(session):
        await session.execute(statement)

    await stage.run(Actor.itself(1), work)


async def balance(stage: Stage, actor: Actor) -> Decimal:
    rows = await read(
        stage,
        select(Account.balance)
        .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
        .where(Account.guild_id == 1, Member.discord_user_id == actor.user_id),
    )
    return sum(rows, Decimal(0))


async def adds_up(stage: Stage) -> None:
    assert await stage.run(Actor.itself(1), ledger.imbalances) == []


async def look(stage: Stage, raid_id: int) -> card.RaidCard:
    return await stage.run(Actor.itself(1), lambda session: card.load_card(session, raid_id))


def standing(shown: card.RaidCard) -> dict[str, str]:
    return {place.name: place.status for place in shown.places}


async def map_roles(stage: Stage) -> None:
    async def work(session):
        session.add(RoleMapping(guild_id=1, role_group="member", role_id=MEMBER_ROLE))
        session.add(RoleMapping(guild_id=1, role_group="officer", role_id=902))

    await stage.run(Actor.itself(1), work)
    await write(stage, update(Member).where(Member.guild_id == 1).values(role_group="member"))
    await write(stage, update(Member).where(Member.discord_user_id == 100).values(role_group="officer"))


AT_1930 = "RaidRoster-20260306-193000.txt"


def roster_file(*names: str, name: str = AT_1930) -> tuple[str, Dump]:
    rows = "".join(f"1\t{who}\t60\tBard\t\t\t\r\n" for who in names)
    [dump] = read_file(name, rows.encode()).moments
    return name, dump
