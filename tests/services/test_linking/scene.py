"""Who plays in these tests, imported people made by hand, and short words for what they do and have."""

from decimal import Decimal

from sqlalchemy import select

from bot.people import Seen
from bot.stage import Actor, Session, Stage
from bot.typed import name_key
from cogs.dkp.service import ledger
from db.tables import Account, Character, CharacterOwner, Member, Pool
from tests.conftest import person

ANNA = person(10, "Anna", manage_guild=True)
BOB, CARL = person(11, "Bob"), person(12, "Carl")
ITSELF = Actor.itself(1)
HERE = 901
SEEN_BOB, SEEN_CARL = Seen(11, "Bob", frozenset()), Seen(12, "Carl", frozenset())


async def meet(stage: Stage, *actors: Actor) -> None:
    async def nothing(session: Session) -> None: ...

    for actor in actors:
        await stage.run(actor, nothing)


async def own_id(stage: Stage, actor: Actor) -> int:
    async def look(session: Session) -> int:
        return session.member.member_id

    return await stage.run(actor, look)


async def pool_made(stage: Stage, name: str, **more) -> int:
    async def work(session: Session) -> int:
        pool = Pool(guild_id=1, name=name, name_key=name_key(name), created_at=session.now, **more)
        session.add(pool)
        await session.flush()
        return pool.pool_id

    return await stage.run(ITSELF, work)


async def imported(
    stage: Stage, name: str, balance: float = 0, characters: tuple[str, ...] = (), **pools: float
) -> int:
    """Somebody another system's export brought: no Discord account, points, characters (the first is the main)."""

    async def work(session: Session) -> int:
        member = Member(
            guild_id=1,
            display_name=name,
            name_key=name_key(name),
            role_group="member",
            joined_at=session.now,
        )
        session.add(member)
        await session.flush()
        for number, played in enumerate(characters):
            character = Character(
                guild_id=1,
                owner_member_id=member.member_id,
                name=played,
                name_key=name_key(played),
                is_main=number == 0,
                created_at=session.now,
            )
            session.add(character)
            await session.flush()
            first = {"from_member_id": None, "to_member_id": member.member_id, "by_user_id": 10, "at": session.now}
            session.add(CharacterOwner(guild_id=1, character_id=character.character_id, **first))
        known = {pool.name: pool for pool in (await session.execute(select(Pool))).scalars()}
        amounts = {"DKP": balance, **pools}
        keys = [(known[pool].pool_id, member.member_id) for pool, amount in amounts.items() if amount]
        accounts = await ledger.lock_accounts(session, keys)
        entries = [
            ledger.NewEntry(
                pool_id=known[pool].pool_id,
                member_id=member.member_id,
                kind="import",
                amount=Decimal(repr(amount)),
                reason=f"moved in from EQdkp as {name}",
                source="import",
                source_id=None,
                key=f"import:{member.member_id}:{pool}",
                member_name=name,
                character=ledger.Snapshot(characters[0] if characters else None),
            )
            for pool, amount in amounts.items()
            if amount
        ]
        await ledger.post(session, entries, accounts)
        return member.member_id

    return await stage.run(ITSELF, work)


async def balances(stage: Stage, member_id: int) -> dict[str, Decimal]:
    async def look(session: Session) -> dict[str, Decimal]:
        query = (
            select(Pool.name, Account.balance)
            .join(Account, (Account.guild_id == Pool.guild_id) & (Account.pool_id == Pool.pool_id))
            .where(Account.member_id == member_id, Account.balance != 0)
        )
        return {row.name: row.balance for row in await session.execute(query)}

    return await stage.run(ITSELF, look)


async def played_by(stage: Stage, member_id: int) -> list[str]:
    """Active characters, the main first and marked."""

    async def look(session: Session) -> list[str]:
        query = (
            select(Character)
            .where(Character.owner_member_id == member_id, Character.retired_at.is_(None))
            .order_by(Character.is_main.desc(), Character.character_id)
        )
        return [f"{c.name}{'*' if c.is_main else ''}" for c in (await session.execute(query)).scalars()]

    return await stage.run(ITSELF, look)


async def sound(stage: Stage) -> None:
    """What the doctor checks of people and points."""
    from cogs.members.service import linking, presence

    for check in (ledger.imbalances, linking.problems, presence.inconsistencies):
        assert await stage.run(ITSELF, check) == []
