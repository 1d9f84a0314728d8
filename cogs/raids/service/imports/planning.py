"""What taking moments in does: the one answer that both the preview and the commit go by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot.stage import Session
from cogs.dkp.rules import within_cap
from cogs.dkp.service import openings
from cogs.raids.rules import PRESENT, STANDBY, Credit, Seat, decide_import, share_out, standby_share
from cogs.raids.service import credit as paying
from cogs.raids.service.imports.evening import Evening, Moment
from cogs.raids.service.roster import entitled
from db.tables import Account, Tick


@dataclass(frozen=True, slots=True)
class Way:
    """Moments that go to one place: a tick that stands, a new one (`tick` None), or the roster only."""

    moments: tuple[Moment, ...]
    tick: Tick | None = None
    roster_only: bool = False

    @property
    def taken_at(self) -> datetime:
        return self.moments[0].taken_at


@dataclass(frozen=True, slots=True)
class Part:
    """What one moment adds to where it goes: nobody is credited twice by a tick, so the first that shows them does."""

    moment: Moment
    credits: tuple[Credit, ...]
    joins: tuple[int, ...]
    strangers: tuple[int, ...]
    already: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    way: Way
    parts: tuple[Part, ...]

    @property
    def credits(self) -> Iterator[Credit]:
        return (credit for part in self.parts for credit in part.credits)


def share_out_moments(evening: Evening, moments: Sequence[Moment]) -> list[Way]:
    """Into the ticks that stand within 5 minutes, else as new ones; what lies within 5 minutes becomes one."""
    ordered = sorted(moments, key=lambda moment: moment.taken_at)
    taken = {tick_id: tick.taken_at for tick_id, tick in evening.standing.items()}
    grouped: dict[int, list[Moment]] = {}
    for moment, key in zip(ordered, share_out([m.taken_at for m in ordered], taken), strict=True):
        grouped.setdefault(key, []).append(moment)
    return [Way(tuple(group), evening.standing.get(key)) for key, group in grouped.items()]


async def plan(session: Session, evening: Evening, ways: Sequence[Way]) -> list[Planned]:
    """Whom each way seats and credits, in order: who an earlier one seats has a seat for the next."""
    seats = {seat.member_id: seat for seat in evening.seats}
    may = {member_id for member_id, member in evening.members.items() if entitled(session, member)}
    had = await paying.credited(session, [way.tick.tick_id for way in ways if way.tick is not None])
    planned = []
    for way in ways:
        before = {member_id for tick_id, member_id in had if way.tick and way.tick.tick_id == tick_id}
        planned.append(_plan_way(session, evening, way, seats, may, before))
        for part in planned[-1].parts:
            seats |= {member_id: Seat(member_id, PRESENT) for member_id in part.joins}
    return planned


def _plan_way(
    session: Session, evening: Evening, way: Way, seats: dict[int, Seat], may: set[int], before: set[int]
) -> Planned:
    value = way.tick.value if way.tick else evening.raid.tick_points
    fresh = way.tick is None and not way.roster_only
    bench = [
        seat.member_id
        for seat in seats.values()
        if fresh and seat.status == STANDBY and evening.arrived.get(seat.member_id, way.taken_at) <= way.taken_at
        if seat.added or seat.member_id in may
    ]
    first = {member_id: moment for moment in reversed(way.moments) for member_id in moment.seen}
    decided = decide_import(
        list(seats.values()),
        first,
        entitled=may,
        credited=before,
        value=value,
        standby_value=standby_share(value, session.guild.standby_percent, evening.pool.decimals),
        bench=bench,
        credits=not way.roster_only,
    )
    opening = way.moments[0]

    def of(moment: Moment, member_ids: Sequence[int]) -> tuple[int, ...]:
        return tuple(member_id for member_id in member_ids if first[member_id] is moment)

    parts = [
        Part(
            moment,
            tuple(
                replace(credit, evidence=evidence_of(moment)) if credit.member_id in first else credit
                for credit in decided.credits
                if first.get(credit.member_id, opening) is moment
            ),
            of(moment, decided.joins),
            of(moment, decided.strangers),
            of(moment, decided.already),
        )
        for moment in way.moments
    ]
    return Planned(way, tuple(parts))


def evidence_of(moment: Moment) -> str:
    return "log" if moment.dump.kind == "log" else "dump"


@dataclass(frozen=True, slots=True)
class Worth:
    """What credits come to: points that reach the accounts, and what the pool's cap takes."""

    total: Decimal
    cut: Decimal


async def worth(session: Session, evening: Evening, planned: Sequence[Planned]) -> dict[int, Worth]:
    """By part, `id(part)`: what posting the credits in this order pays, the pool's cap reckoned in."""
    cap = evening.pool.cap
    balances: dict[int, Decimal] = {}
    if cap is not None:
        query = select(Account.member_id, Account.balance).where(
            Account.guild_id == session.guild_id,
            Account.pool_id == evening.pool.pool_id,
            Account.member_id.in_({credit.member_id for one in planned for credit in one.credits}),
        )
        balances = {row.member_id: row.balance for row in await session.execute(query)}
        if openings.starts_with_a_raid(evening.pool):  # start points come first, and leave less below the cap
            ids = {credit.member_id for one in planned for credit in one.credits}
            for member_id in await openings.first_here(session, evening.pool, ids):
                had = balances.get(member_id, Decimal(0))
                balances[member_id] = had + within_cap("opening", "opening", evening.pool.start, had, cap)
    found = {}
    for part in (part for one in planned for part in one.parts):
        total = cut = Decimal(0)
        for credit in part.credits:
            balance = balances.get(credit.member_id, Decimal(0))
            paid = within_cap("attendance", "tick", credit.amount, balance, cap)
            balances[credit.member_id] = balance + paid
            total, cut = total + paid, cut + credit.amount - paid
        found[id(part)] = Worth(total, cut)
    return found


def sum_of(worths: Mapping[int, Worth], parts: Sequence[Part]) -> Worth:
    each = [worths[id(part)] for part in parts]
    return Worth(sum((w.total for w in each), Decimal(0)), sum((w.cut for w in each), Decimal(0)))
