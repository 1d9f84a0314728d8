"""Who has what now. Cost never grows with the ledger: everything is read from accounts.

What somebody holds, and so what they can spend, is theirs alone: `points_of` answers nobody else, officers included.
"""

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot import people
from bot.kit.pickers import rank
from bot.kit.text import points, safe
from bot.refusals import NotAllowed, NotFound
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.dkp.rules import Purse, active_since, spendable_in_words
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import called, get_pool
from db.tables import Account, Character, Member, Pool


@dataclass(frozen=True, slots=True)
class MyPoints:
    """What a person has in a pool, for their own eyes only."""

    pool: str
    balance: Decimal
    held: Decimal
    spendable: Decimal
    in_words: str


async def points_of(session: Session, member_id: int, pool: Pool | None = None) -> MyPoints:
    """The acting member's own balance, holds and spendable, in the default pool unless told. Refuses for others."""
    if session.me is None or session.me.member_id != member_id:
        raise NotAllowed("What somebody holds is theirs alone to see.")
    pool = pool or await ledger.default_pool(session)
    account = select(Account.balance, Account.held).where(
        Account.guild_id == session.guild_id, Account.pool_id == pool.pool_id, Account.member_id == member_id
    )
    balance, held = (await session.execute(account)).one_or_none() or (Decimal(0), Decimal(0))
    purse = Purse(balance, held, pool.floor)
    return MyPoints(pool.name, purse.balance, purse.held, purse.spendable, _my_points(called(pool), purse))


def _my_points(pool: str, purse: Purse) -> str:
    """The sums; which bids they are held for is said by what auctions add to **My points**."""
    lines = [f"You have **{points(purse.balance)}** {pool}."]
    spendable, _, why = spendable_in_words(purse).partition(" ")
    lines.append(f"You can spend **{spendable}**{f' {why}' if why else ''}.")
    return "\n".join(lines)


async def balance_in_words(session: Session, who: str | None, pool: str | None) -> str:
    """For oneself everything; of another the balance and nothing else, whoever asks."""
    found = await get_pool(session, pool)
    member = await people.get_person(session, who) if who else session.member
    if member.member_id == session.member.member_id:
        own = (await points_of(session, member.member_id, found)).in_words
        also = [] if pool else await _elsewhere(session, member.member_id, found)
        return f"{own}\nIn other pools: {', '.join(also)}." if also else own
    query = select(Account.balance).where(
        Account.guild_id == session.guild_id,
        Account.pool_id == found.pool_id,
        Account.member_id == member.member_id,
    )
    balance = (await session.execute(query)).scalar_one_or_none() or Decimal(0)
    left = " (left the server)" if member.left_at and member.discord_user_id else ""
    return f"{safe(member.display_name)}{left} has **{points(balance)}** {called(found)}."


async def _elsewhere(session: Session, member_id: int, besides: Pool) -> list[str]:
    """What somebody has in the other pools that are open."""
    query = (
        select(Account.balance, Pool.name)
        .join(Pool, (Pool.guild_id == Account.guild_id) & (Pool.pool_id == Account.pool_id))
        .where(
            Account.guild_id == session.guild_id,
            Account.member_id == member_id,
            Account.pool_id != besides.pool_id,
            Account.balance != 0,
            Pool.archived_at.is_(None),
        )
        .order_by(Pool.name_key)
    )
    return [f"**{points(balance)}** {safe(name)}" for balance, name in await session.execute(query)]


# --- standings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the standings; equal balances share a place."""

    place: int
    member_id: int
    member_name: str
    main: str | None
    character_class: str | None
    balance: Decimal

    def in_words(self) -> str:
        plays = ", ".join(safe(word) for word in (self.main, self.character_class) if word)
        who = f"**{safe(self.member_name)}**{f' · {plays}' if plays else ''}"
        return f"`{self.place:>3}` {who} · **{points(self.balance)}**"


async def standings(
    session: Session, pool: Pool, character_class: str | None = None, *, everyone: bool = False
) -> list[Standing]:
    """Accounts of a pool by balance, in one statement over the accounts.

    Left out unless `everyone`: who left the server, and who is inactive. Who was absorbed has nothing of their own and
    is never listed. `character_class` is that of the main.
    """
    query = (
        select(
            func.rank().over(order_by=Account.balance.desc()),
            Member.member_id,
            Member.display_name,
            Character.name,
            Character.character_class,
            Account.balance,
        )
        .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
        .outerjoin(
            Character,
            (Character.guild_id == Account.guild_id)
            & (Character.owner_member_id == Account.member_id)
            & Character.is_main,
        )
        .where(
            Account.guild_id == session.guild_id,
            Account.pool_id == pool.pool_id,
            Member.absorbed_by_member_id.is_(None),
        )
        .order_by(Account.balance.desc(), Member.name_key, Member.member_id)
    )
    if not everyone:
        since = active_since(session.now, ZoneInfo(session.guild.timezone))
        query = query.where(Member.left_at.is_(None), func.coalesce(Member.last_credit_at, Member.joined_at) >= since)
    if character_class:
        query = query.where(Character.character_class.in_(await _spellings(session, character_class)))
    return [Standing(*row) for row in await session.execute(query)]


async def _spellings(session: Session, typed: str) -> list[str]:
    """How the class somebody means is written on this guild's characters."""
    known = await _classes(session)
    same = [name for name in known if name_key(name) == name_key(typed)]
    if not same:
        near = near_names(typed, known, 3)
        raise NotFound("Nobody here plays a class by that name.", near=[safe(name) for name in near])
    return same


async def class_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over the classes that are played here."""
    by_key = {name_key(name): name for name in await _classes(session)}
    return rank(typed, [Choice(name, name[:100]) for name in by_key.values()])


async def _classes(session: Session) -> list[str]:
    query = (
        select(Character.character_class)
        .where(
            Character.guild_id == session.guild_id,
            Character.retired_at.is_(None),
            Character.character_class.is_not(None),
        )
        .distinct()
        .order_by(Character.character_class)
    )
    return [name for name in (await session.execute(query)).scalars() if name]
