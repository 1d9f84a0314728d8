"""Before an import: the guild as it is, what the document would become in it, and whether it came before."""

from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from bot import people
from bot.kit.text import clip, safe, when
from bot.refusals import Refused
from bot.stage import Session
from cogs.dkp.service import pools
from cogs.moving.rules.document import Document
from cogs.moving.rules.plan import Here, Plan, PoolHere, decide
from db.tables import Account, Auction, Character, DataImport, Event, Member, Pool, Raid


class ImportedBefore(Refused):
    """The same content stands already; the sentence says since when and by whom."""

    code = "moving.imported_before"


@dataclass(frozen=True, slots=True)
class Given:
    """A file somebody uploaded: its name, the hash of its bytes, and what it says."""

    file_name: str
    sha256: str
    document: Document
    pool: str | None = None
    """The pool that was typed for it."""


def zone_of(session: Session) -> tzinfo:
    """The zone of the files this person uploads: their own, where they said so, else the guild's."""
    mine = session.me.timezone if session.me is not None else None
    return ZoneInfo(mine or session.guild.timezone)


async def look(session: Session, given: Given) -> Plan:
    """What an import would do now; refuses what it would refuse."""
    await check_new(session, given)
    here, into = await load_here(session), None
    if given.pool:
        chosen = await pools.get_pool(session, given.pool)
        into = next(pool for pool in here.pools if pool.pool_id == chosen.pool_id)
    plan = decide(given.document, here, into)
    for pool_id in sorted({one.pool_id for one in plan.pools.values() if one.pool_id is not None}):
        await pools.lock_open(session, pool_id)  # an archived one takes nothing new
    return plan


async def check_new(session: Session, given: Given) -> None:
    query = select(DataImport).where(
        DataImport.guild_id == session.guild_id, DataImport.sha256 == given.sha256, DataImport.undone_at.is_(None)
    )
    before = (await session.execute(query)).scalars().first()
    if before is None:
        return
    who = await people.find_by_user(session, before.imported_by_user_id) if before.imported_by_user_id else None
    by = f" by {safe(who.display_name)}" if who is not None else ""
    raise ImportedBefore(
        f"This file was imported {when(before.imported_at)}{by} as {safe(clip(before.file_name, 60))}:"
        " nothing was changed. To take it in again, undo that import first (/dkp undo)."
    )


async def load_here(session: Session) -> Here:
    """Pools, people and active characters; who was absorbed by another, forgotten, or went with an
    import that was undone, is nobody of their own any more."""
    guild_id = session.guild_id
    columns = (Member.member_id, Member.display_name, Member.name_key, Member.discord_user_id, Member.left_at)
    query = select(*columns, Member.absorbed_by_member_id).where(Member.guild_id == guild_id)
    everybody = {row.member_id: row for row in await session.execute(query)}

    def is_now(member_id: int) -> int:
        into = everybody[member_id].absorbed_by_member_id
        return member_id if into is None else is_now(into)

    members = [
        row
        for row in everybody.values()
        if row.absorbed_by_member_id is None and (row.discord_user_id is not None or row.left_at is None)
    ]
    played = select(Character.name_key, Character.owner_member_id, Character.name, Character.is_main).where(
        Character.guild_id == guild_id, Character.retired_at.is_(None)
    )
    characters = (await session.execute(played)).all()
    by_name: dict[str, list[int]] = {}
    for row in members:
        by_name.setdefault(row.name_key, []).append(row.member_id)
    return Here(
        pools=await _pools(session),
        characters={row.name_key: (is_now(row.owner_member_id), row.name) for row in characters},
        members={row.member_id: row.display_name for row in members},
        by_display_name=by_name,
        by_discord={row.discord_user_id: row.member_id for row in members if row.discord_user_id and not row.left_at},
        with_main=frozenset(row.owner_member_id for row in characters if row.is_main),
    )


async def _pools(session: Session) -> list[PoolHere]:
    used = [
        exists().where(table.guild_id == Pool.guild_id, table.pool_id == Pool.pool_id)
        for table in (Account, Raid, Event, Auction)
    ]
    query = (
        select(Pool.pool_id, Pool.name, Pool.is_default, Pool.decimals, *(~one for one in used))
        .where(Pool.guild_id == session.guild_id)
        .order_by(Pool.pool_id)
    )
    return [PoolHere(*row[:4], untouched=all(row[4:])) for row in await session.execute(query)]
