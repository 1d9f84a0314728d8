"""An import: everything a document holds, in one transaction, proved again before the commit."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot import audit, outbox
from bot.kit.text import clip, points, safe
from bot.stage import Session, use_case
from cogs.moving.rules.document import FORMATS
from cogs.moving.rules.plan import Plan
from cogs.moving.service.importing.ledgering import Ledgering
from cogs.moving.service.importing.peopling import make_people, make_pools
from cogs.moving.service.importing.proving import prove
from cogs.moving.service.importing.raiding import make_raids
from cogs.moving.service.importing.rows import MOVED, GuildMoved
from cogs.moving.service.looking import Given, look
from cogs.moving.service.progress import Progress
from db.tables import DataImport, Guild, Member


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made."""

    data_import_id: int
    file_name: str
    people: int
    matched: int
    entries: int
    awards: int
    raids: int
    totals: dict[str, Decimal]
    """By the name of the pool here."""

    def in_words(self) -> str:
        sums = " · ".join(f"**{safe(pool)}** {points(total)}" for pool, total in list(self.totals.items())[:8])
        here = f", {self.matched:,} of them here already" if self.matched else ""
        return (
            f"Imported {safe(clip(self.file_name, 60))}: {self.people:,} people{here}, {self.entries:,} entries,"
            f" {self.awards:,} items, {self.raids:,} raids. The totals are the file’s: {sums}."
        )


@use_case("dkp.import")
async def import_file(session: Session, given: Given, seen: str, progress: Progress) -> Imported:
    """Take a document in. `seen` is the fingerprint of the plan that was shown: when the guild changed, it is refused.

    One import at a time in a guild; it is stopped where `progress` says so, and then nothing was imported.
    """
    await _take_turn(session)
    await _hold_members(session, await look(session, given))
    plan = await look(session, given)
    if plan.fingerprint != seen:
        raise GuildMoved(MOVED)
    document = given.document
    row = DataImport(
        guild_id=session.guild_id,
        format=document.format,
        file_name=clip(given.file_name, 200),
        sha256=given.sha256,
        summary={},
        imported_at=session.now,
        imported_by_user_id=session.actor.user_id,
    )
    session.add(row)
    await session.flush()
    import_id = row.data_import_id
    pools = await make_pools(session, plan)
    people = await make_people(session, document, plan, pools, import_id, progress)
    raids = await make_raids(session, document, pools, people, import_id, progress)
    ledger = Ledgering(session, document, plan, pools, people, raids, import_id, progress)
    await ledger.lock()
    await ledger.write()
    await progress.at("Proving the totals", 0, 0)
    await prove(session, document, pools, import_id)
    names = {pool.pool_id: pool.name for pool in pools.values()}
    totals: dict[int, Decimal] = {}
    for key, pool in pools.items():
        totals[pool.pool_id] = totals.get(pool.pool_id, Decimal(0)) + document.totals[key].balance
    done = Imported(
        data_import_id=import_id,
        file_name=row.file_name,
        people=len(set(people.values())),
        matched=len({one.member_id for one in plan.matched}),
        entries=len(document.entries),
        awards=len(document.awards),
        raids=len(document.raids),
        totals={names[pool_id]: total for pool_id, total in totals.items()},
    )
    row.summary = {
        "people": done.people,
        "matched": done.matched,
        "entries": done.entries,
        "awards": done.awards,
        "raids": done.raids,
        "totals": {name: str(total) for name, total in done.totals.items()},
    }
    audit.record(
        session,
        "moving.imported",
        target_id=import_id,
        after={"format": FORMATS[document.format], **row.summary},
    )
    if session.guild.audit_channel_id is not None:
        words = f"{safe(session.actor.name)}: {done.in_words()}"
        outbox.send(session, f"moved{import_id}", words, channel_id=session.guild.audit_channel_id)
    await progress.at("Writing it down for good", 0, 0)
    progress.too_late = True
    return done


async def _take_turn(session: Session) -> None:
    """One import, or undo of one, at a time: the guild's row is held, which its other work does not wait for."""
    query = select(Guild.guild_id).where(Guild.guild_id == session.guild_id).with_for_update(key_share=True)
    await session.execute(query)


async def _hold_members(session: Session, plan: Plan) -> None:
    """Who gets something here is nobody else's before the commit, and is given no other main meanwhile."""
    ids = {one.member_id for one in plan.matched}
    query = select(Member.member_id).where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
    await session.execute(query.order_by(Member.member_id).with_for_update(key_share=True))


__all__ = ["GuildMoved", "Imported", "import_file"]
