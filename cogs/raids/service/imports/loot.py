"""The items and prices of a log beside the awards of the raid: what is recorded already, and what one press records.

A line said twice, or in two leaders' logs, is one award. What contradicts itself, or an award that stands, is shown and
left to the leader.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import and_, or_, select

from bot import audit, outbox
from bot.kit.text import clip, fit_lines, points, safe
from bot.stage import Session, use_case
from bot.typed import BadAmount, name_key, parse_amount
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.loot import service as loot
from cogs.raids.dumps import LootLine
from cogs.raids.rules import NothingToRecord, check_running
from cogs.raids.service import credit as paying
from cogs.raids.service.imports.zones import in_utc
from cogs.raids.service.lookups import get_own_raid, lock_raid
from cogs.raids.service.owners import load_owners
from db.tables import Award, Member, Pool, Raid

AROUND_RAID = timedelta(minutes=30)
"""Loot is shared out a little before the board is up and a little after it is down."""
ONE_EVENING = timedelta(hours=12)
"""Awards of raids that began within it may be the same loot."""
_HOW = {"spent": "bid in game", "given": "given", "roll": "roll"}


@dataclass(frozen=True, slots=True)
class ToRecord:
    """One award that a press records."""

    item_name: str
    member_id: int
    member_name: str
    character: str | None
    how: str
    cost: Decimal
    at: datetime
    line: str


@dataclass(frozen=True, slots=True)
class LootPlan:
    """The loot of a log against the awards of a raid; sentences are safe to show."""

    raid_id: int
    raid_name: str
    pool_name: str
    to_record: tuple[ToRecord, ...]
    recorded: tuple[str, ...]
    """Matching an award that stands."""
    left: tuple[str, ...]
    """Not recorded, and why."""
    looted: int
    """Items somebody looted without a word of a price."""
    rotted: tuple[str, ...]
    outside: int
    """Lines of other hours than the raid's."""
    follows: tuple[str, ...]
    """Who falls below the floor, whose open bids stand all the same."""

    @property
    def total(self) -> Decimal:
        return sum((award.cost for award in self.to_record), Decimal(0))

    @property
    def empty(self) -> bool:
        return not (self.to_record or self.recorded or self.left or self.looted or self.rotted)


async def preview_loot(session: Session, raid_id: int, lines: Sequence[LootLine]) -> LootPlan:
    """What recording the loot of a log would do; nothing is written."""
    raid = await get_own_raid(session, raid_id)
    if raid.status == "cancelled":
        check_running(raid.status, raid.name)
    return await _plan(session, raid, lines)


async def _plan(session: Session, raid: Raid, lines: Sequence[LootLine]) -> LootPlan:
    pool = await paying.get_pool(session, raid)
    begins, ends = raid.started_at - AROUND_RAID, (raid.ended_at or session.now) + AROUND_RAID
    timed = [(in_utc(session, line.at), line) for line in lines]
    here = [(at, line) for at, line in timed if begins <= at <= ends]
    priced = [(at, line) for at, line in here if line.how in _HOW]
    owners = await load_owners(session, {line.name for _, line in priced})
    left: list[str] = []
    groups: dict[tuple[str, int], list[tuple[datetime, LootLine, str | None]]] = {}
    for at, line in priced:
        owner = owners.find(line.name, at)
        if owner is None:
            left.append(f"{_said(line)}: I know nobody called {safe(line.name)}")
        else:
            groups.setdefault((name_key(line.item), owner.member_id), []).append((at, line, owner.character))
    names = await _names(session, {member_id for _, member_id in groups})
    standing = await _standing(session, raid, {key for key, _ in groups})
    to_record: list[ToRecord] = []
    recorded: list[str] = []
    for (item_key, member_id), said in groups.items():
        decided = _decide(pool, said, standing.get((item_key, member_id), []))
        if isinstance(decided, str):
            (recorded if decided == "" else left).append(f"{_said(said[0][1])}{': ' if decided else ''}{decided}")
            continue
        at, line, character, cost = decided
        to_record.append(
            ToRecord(clip(line.item, 100), member_id, names[member_id], character, _HOW[line.how], cost, at, line.text)
        )
    return LootPlan(
        raid.raid_id,
        raid.name,
        pool.name,
        tuple(sorted(to_record, key=lambda award: award.at)),
        tuple(recorded),
        tuple(dict.fromkeys(left)),
        sum(line.how == "looted" for _, line in here),
        tuple(dict.fromkeys(safe(line.item) for _, line in here if line.how == "rot")),
        len(timed) - len(here),
        await _follows(session, pool, to_record),
    )


def _said(line: LootLine) -> str:
    cost = f" for {points(line.cost)}" if line.cost is not None else ""
    return f"{safe(line.item)} to {safe(line.name)}{cost}"


def _decide(
    pool: Pool, said: Sequence[tuple[datetime, LootLine, str | None]], standing: Sequence[Award]
) -> tuple[datetime, LootLine, str | None, Decimal] | str:
    """What comes of all a log says of one item and one person: an award, "" where it stands already, or why not."""
    prices = [(at, line, character) for at, line, character in said if line.how == "spent"]
    costs = list(dict.fromkeys(line.cost for _, line, _ in prices if line.cost is not None))
    if any(award.how == "auction" or not costs or [award.cost] == costs for award in standing):
        return ""
    if standing:
        return f"recorded before for {points(standing[0].cost)}; undo that award first, or record a second one by hand"
    if len(costs) > 1:
        return f"said with {len(costs)} prices ({', '.join(map(points, costs))}); record the right one by hand"
    at, line, character = (prices or said)[0]
    try:
        return at, line, character, parse_amount(costs[0], decimals=pool.decimals) if costs else Decimal(0)
    except BadAmount as refused:
        return refused.sentence.rstrip(".")


async def _standing(session: Session, raid: Raid, item_keys: Iterable[str]) -> dict[tuple[str, int], list[Award]]:
    """The awards of these items that stand, of this raid and what else may be the same evening."""
    begins = raid.started_at - ONE_EVENING
    ends = (raid.ended_at or session.now) + ONE_EVENING
    query = (
        select(Award)
        .outerjoin(Raid, (Raid.guild_id == Award.guild_id) & (Raid.raid_id == Award.raid_id))
        .where(
            Award.guild_id == session.guild_id,
            Award.item_key.in_(set(item_keys)),
            Award.undone_at.is_(None),
            or_(
                Award.raid_id == raid.raid_id,
                and_(
                    Raid.started_at >= raid.started_at - ONE_EVENING, Raid.started_at <= raid.started_at + ONE_EVENING
                ),
                and_(Award.raid_id.is_(None), Award.awarded_at >= begins, Award.awarded_at <= ends),
            ),
        )
        .order_by(Award.award_id)
    )
    found: dict[tuple[str, int], list[Award]] = {}
    for award in (await session.execute(query)).scalars():
        found.setdefault((award.item_key, award.member_id), []).append(award)
    return found


async def _names(session: Session, member_ids: Iterable[int]) -> dict[int, str]:
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(set(member_ids))
    )
    return {row.member_id: row.display_name for row in await session.execute(query)}


async def _follows(session: Session, pool: Pool, awards: Sequence[ToRecord]) -> tuple[str, ...]:
    moves: dict[ledger.Key, Decimal] = {}
    for award in awards:
        key = (pool.pool_id, award.member_id)
        moves[key] = moves.get(key, Decimal(0)) - award.cost
    lines = await ledger.what_moves_do(session, {key: amount for key, amount in moves.items() if amount})
    return tuple(line for line in lines if "below the floor" in line or "open bid" in line)


# --- done -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LootRecorded:
    """Awards that were recorded from a log; also the fact."""

    guild_id: int
    raid_id: int
    raid_name: str
    pool_name: str
    award_ids: tuple[int, ...]
    total: Decimal


@use_case("loot.award")
async def record_loot(session: Session, raid_id: int, file_name: str, lines: Sequence[LootLine]) -> LootRecorded:
    """Record every award of the log that is not recorded yet; the same lines again record nothing.

    The bidding was done elsewhere: neither floor nor balance binds it, the pool's decimals do. Reckoned anew under the
    raid's lock; then all accounts in one.
    """
    raid = await lock_raid(session, raid_id)
    if raid.status == "cancelled":
        check_running(raid.status, raid.name)
    found = await _plan(session, raid, lines)
    if not found.to_record:
        raise NothingToRecord("All loot of that log is recorded already; nothing changed.")
    ids = {award.member_id for award in found.to_record}
    accounts = await ledger.lock_accounts(session, [(raid.pool_id, a.member_id) for a in found.to_record if a.cost])
    query = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
    members = {member.member_id: member for member in (await session.execute(query)).scalars()}
    awards = []
    for one in found.to_record:
        new = loot.NewAward(
            one.item_name,
            raid.pool_id,
            one.cost,
            one.how,
            raid_id=raid_id,
            character=ledger.Snapshot(one.character),
            note=one.line,
        )
        awards.append(await loot.record_award(session, new, members[one.member_id], accounts))
    recorded = LootRecorded(
        session.guild_id, raid_id, raid.name, found.pool_name, tuple(a.award_id for a in awards), found.total
    )
    after = {"raid": raid.name, "file": clip(file_name, 100), "number": len(awards), "points": found.total}
    audit.record(session, "raids.loot_recorded", target_id=raid_id, after=after)
    _announce(session, raid, found, awards)
    session.tell(recorded)
    session.redraw("raid", raid_id)
    return recorded


def _announce(session: Session, raid: Raid, found: LootPlan, awards: Sequence[Award]) -> None:
    """The guild reads it once, in one message; what somebody recorded for themselves the audit channel too."""
    lines = [award_line(one) for one in found.to_record]
    outbox.send(
        session,
        f"loot{awards[0].award_id}",
        fit_lines([f"**Loot of {safe(raid.name)}**, recorded from a log by {safe(session.actor.name)}:", *lines]),
        channel_id=session.guild.loot_channel_id or raid.channel_id,
    )
    me = session.me.member_id if session.me else None
    mine = [one for one in found.to_record if one.member_id == me]
    if mine:
        did = f"recorded {', '.join(safe(one.item_name) for one in mine[:10])} for themselves, from a log."
        tell_own_act(session, f"ownloot{awards[0].award_id}", did, raid.channel_id)


def award_line(one: ToRecord) -> str:
    played = f" ({safe(one.character)})" if one.character and one.character != one.member_name else ""
    cost = f"**{points(one.cost)}**" if one.cost else one.how
    return f"{safe(one.item_name)} → {safe(one.member_name)}{played} · {cost}"
