"""Crediting names that lead to somebody by now: a transaction a raid, in ascending order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from bot import audit
from bot.stage import Actor, Session, Stage
from cogs.dkp.service.ledger import Snapshot
from cogs.raids.rules import PRESENT, Credit
from cogs.raids.rules.names import decide_found
from cogs.raids.service import credit as paying
from cogs.raids.service.credit import Evidence
from cogs.raids.service.lookups import lock_raid
from cogs.raids.service.roster import entitled, seat, seats
from cogs.raids.service.unknown.linking import How, NameGiven
from cogs.raids.service.unknown.queue import known_now, open_rows, owners_of, standing_member
from db.tables import RaidImport, Tick, UnknownName

_Key = tuple[int, int]
"""(tick_id, member_id)"""


@dataclass(frozen=True, slots=True)
class NamesCredited:
    """What names brought that lead to somebody now, over all raids."""

    names: int
    credits: int
    points: Decimal
    listed: int


async def credit_given(stage: Stage, actor: Actor, given: NameGiven) -> NamesCredited:
    """Credit every waiting row of a name that was sorted out, a transaction a raid, in ascending order."""
    return await _credit_all(stage, actor, {given.key}, given.raid_ids, given.how)


async def credit_known(stage: Stage, actor: Actor, raid_id: int) -> NamesCredited:
    """Credit the names of this raid that lead to somebody by now, in every raid where they wait."""

    async def look(session: Session) -> tuple[set[str], tuple[int, ...]]:
        keys = {name.name_key for name in await known_now(session, raid_id)}
        return keys, tuple(sorted({row.raid_id for row in await open_rows(session, keys)}))

    keys, raid_ids = await stage.read(actor, "raids.manage", look)
    return await _credit_all(stage, actor, keys, raid_ids, "linked")


async def _credit_all(
    stage: Stage, actor: Actor, keys: Collection[str], raid_ids: Sequence[int], how: How
) -> NamesCredited:
    """What is done is told by the rows, so that a repeated press credits nothing again."""

    async def one(session: Session, raid_id: int) -> _Done:
        session.require("raids.manage")
        return await _credit_in_raid(session, raid_id, keys, how)

    done = [await stage.run(actor, partial(one, raid_id=raid_id)) for raid_id in raid_ids]
    return NamesCredited(
        len(frozenset().union(*(each.keys for each in done))),
        sum(each.credits for each in done),
        sum((each.points for each in done), Decimal(0)),
        sum(each.listed for each in done),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    keys: frozenset[str]
    credits: int
    points: Decimal
    listed: int


async def _credit_in_raid(session: Session, raid_id: int, keys: Collection[str], how: How) -> _Done:
    raid = await lock_raid(session, raid_id)
    waiting = await open_rows(session, keys, raid_id=raid_id, lock=True)
    owners = await owners_of(session, {(row.name, row.seen_at) for row in waiting})
    found = [(row, owners[row.name_key, row.seen_at]) for row in waiting if (row.name_key, row.seen_at) in owners]
    members = {member_id: await standing_member(session, member_id) for member_id in {who for _, who in found}}
    roster = {s.member_id: s for s in await seats(session, raid_id)}
    cancelled = raid.status == "cancelled"
    standing = {} if cancelled else {t.tick_id: t for t in await paying.standing_ticks(session, raid_id)}
    had = await paying.credited(session, list(standing))
    evidence = await _evidence(session, waiting)
    paid: dict[_Key, tuple[Tick, Credit]] = {}
    shown: dict[_Key, Evidence] = {}
    listed: set[_Key] = set()
    for row, named in found:
        member = members[named]
        row.status, row.member_id = how, member.member_id
        row.decided_at, row.decided_by_user_id = session.now, session.actor.user_id
        kind = evidence.get(row.raid_import_id or 0, "dump")
        decided = decide_found(roster.get(member.member_id), entitled=entitled(session, member))
        if decided.joins and not cancelled:
            await seat(session, raid, [member.member_id], PRESENT, at=row.seen_at, seen_by=kind)
        tick = standing.get(row.tick_id or 0)
        if tick is None or (key := (tick.tick_id, member.member_id)) in had:
            continue
        if decided.credited:
            paid[key] = (tick, Credit(member.member_id, tick.value, False, kind))
            character = Snapshot(row.name, row.character_class, row.level)
            shown[key] = Evidence(row.line or row.name, character, row.raid_import_id)
        else:
            listed.add(key)
            seen = set((tick.not_credited or {}).get("members", []))
            tick.not_credited = {"members": sorted(seen | {member.member_id})}
    done = await paying.pay(session, raid, list(paid.values()), shown)
    for member_id in sorted({credit.member_id for _, credit in paid.values()}):
        numbers = sorted(tick.number for tick, credit in paid.values() if credit.member_id == member_id)
        after = {"raid": raid.name, "ticks": numbers, "points": done.by_member.get(member_id, Decimal(0))}
        audit.record(session, "raids.name.credited", target_id=raid_id, about=member_id, after=after)
    session.redraw("raid", raid_id)
    return _Done(frozenset(row.name_key for row, _ in found), len(paid), done.total, len(listed))


async def _evidence(session: Session, rows: Sequence[UnknownName]) -> dict[int, str]:
    """By import: whether it was a log or a dump."""
    query = select(RaidImport.raid_import_id, RaidImport.kind).where(
        RaidImport.guild_id == session.guild_id,
        RaidImport.raid_import_id.in_({row.raid_import_id for row in rows if row.raid_import_id}),
    )
    return {row.raid_import_id: "log" if row.kind == "log" else "dump" for row in await session.execute(query)}
