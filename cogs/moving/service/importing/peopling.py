"""The pools and people of an import: unclaimed members for who is nobody here, and everybody's characters."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot.stage import Session
from bot.typed import name_key
from cogs.dkp.rules import INACTIVE_AFTER
from cogs.moving.rules.document import Document, FilePerson
from cogs.moving.rules.plan import Plan
from cogs.moving.service.importing.rows import MOVED, GuildMoved, pieces, put, put_numbered, table_of
from cogs.moving.service.progress import Progress
from db.tables import Character, CharacterOwner, Member, Pool, Stay

_LONG_AGO = INACTIVE_AFTER + timedelta(days=2)
"""Whoever joined so long ago and earned nothing since is left out of standings, whatever the guild's zone."""


async def make_pools(session: Session, plan: Plan) -> dict[str, Pool]:
    """The pool here of each pool of the file: made, renamed or given the places it needs."""
    pools: dict[str, Pool] = {}
    for key, one in plan.pools.items():
        settings = one.file.settings
        if one.pool_id is None:
            pool = Pool(guild_id=session.guild_id, name=one.name, name_key=name_key(one.name), created_at=session.now)
            session.add(pool)
        else:
            query = select(Pool).where(Pool.guild_id == session.guild_id, Pool.pool_id == one.pool_id)
            pool = (await session.execute(query.with_for_update(key_share=True))).scalar_one()
            pool.name, pool.name_key = one.name, name_key(one.name)
        if settings is not None and (one.pool_id is None or one.renamed_from is not None):
            pool.floor, pool.cap, pool.start, pool.start_on = (
                settings.floor, settings.cap, settings.start, settings.start_on,
            )  # fmt: skip
            pool.tick_points, pool.transfers = settings.tick_points, settings.transfers
            pool.archived_at = session.now if settings.archived and one.pool_id is None else None
        pool.decimals = max(pool.decimals or 0, one.decimals)
        pools[key] = pool
    await session.flush()
    return pools


async def make_people(
    session: Session, document: Document, plan: Plan, pools: dict[str, Pool], import_id: int, progress: Progress
) -> dict[str, int]:
    """Member ids by the file's keys."""
    del pools
    first_credits = _first_credits(document)
    new = [one for one in plan.people if one.member_id is None]
    rows = [
        {
            "guild_id": session.guild_id,
            "discord_user_id": None,
            "display_name": one.name,
            "name_key": name_key(one.name),
            "role_group": one.person.group,
            "openings_settled_at": session.now,  # start points are for who joins; these bring their own
            "data_import_id": import_id,
            **_dates(session, document, one.person, first_credits.get(one.person.key)),
        }
        for one in new
    ]
    ids = await put_numbered(session, Member, "member_id", rows, "People", progress)
    people = {one.person.key: one.member_id for one in plan.people if one.member_id is not None}
    people |= {one.person.key: member_id for one, member_id in zip(new, ids, strict=True)}
    await _make_characters(session, plan, people, progress)
    stays = [
        {
            "guild_id": session.guild_id,
            "member_id": people[one.person.key],
            "started_at": min(started, session.now),
            "ended_at": min(ended or session.now, session.now),
        }
        for one in new
        for started, ended in one.person.stays
    ]
    await put(session, Stay, stays, "People", progress)
    await _note_last_credits(session, plan, people)
    return people


def _first_credits(document: Document) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for raid in document.raids:
        for tick in raid.ticks:
            if (at := tick.at or raid.started_at) is not None:
                for credit in tick.credits:
                    first[credit.person] = min(at, first.get(credit.person, at))
    return first


def _dates(
    session: Session, document: Document, person: FilePerson, first_credit: datetime | None
) -> dict[str, datetime | None]:
    """Since when they are here, so that active ones show in standings and inactive ones do not.

    Attendance counts from when they became a member: where the file does not say, their first credit, else now.
    """
    now = session.now
    recent = now - INACTIVE_AFTER + timedelta(days=1)
    joined, credit = person.joined_at or first_credit or now, person.last_credit_at
    if person.active is True:
        joined, credit = now, credit if credit is not None and credit >= recent else None
    elif person.active is False:
        joined = min(filter(None, (person.joined_at, document.taken_at, now - _LONG_AGO)))
        credit = credit if credit is not None and credit < now - _LONG_AGO else None
    member_since = person.became_member_at
    if member_since is None and document.format != "quartermaster":  # ours says nothing where there was nothing
        member_since = first_credit or now
    return {
        "joined_at": min(joined, now),
        "last_credit_at": min(credit, now) if credit else None,
        "became_member_at": min(member_since, now) if member_since else None,
    }


async def _make_characters(session: Session, plan: Plan, people: dict[str, int], progress: Progress) -> None:
    """Names were found free; one that somebody takes meanwhile makes the whole import start over."""
    rows = [
        {
            "guild_id": session.guild_id,
            "owner_member_id": people[one.person.key],
            "name": character.name,
            "name_key": name_key(character.name),
            "character_class": character.character_class,
            "level": character.level,
            "is_main": character.main,
            "created_at": session.now,
        }
        for one in plan.people
        for character in one.characters
    ]
    query = (
        insert(table_of(Character))
        .on_conflict_do_nothing()
        .returning(Character.character_id, Character.owner_member_id)
    )
    owners = []
    for before, piece in pieces(rows):
        await progress.at("Characters", before, len(rows))
        for row in await session.execute(query, list(piece)):
            owners.append(
                {
                    "guild_id": session.guild_id,
                    "character_id": row.character_id,
                    "from_member_id": None,
                    "to_member_id": row.owner_member_id,
                    "reason": "imported",
                    "by_user_id": session.actor.user_id or 0,
                    "at": session.now,
                }
            )
    if len(owners) != len(rows):
        raise GuildMoved(MOVED)
    await put(session, CharacterOwner, owners, "Characters", progress)


async def _note_last_credits(session: Session, plan: Plan, people: dict[str, int]) -> None:
    """Who is here already is active again when the file credits them later than we knew."""
    for one in plan.matched:
        at = one.person.last_credit_at
        if at is not None:
            await session.execute(
                update(Member)
                .where(Member.guild_id == session.guild_id, Member.member_id == people[one.person.key])
                .values(last_credit_at=func.greatest(Member.last_credit_at, min(at, session.now)))
                .execution_options(synchronize_session=False)
            )
