"""Pools made, changed, archived and brought back, and listed in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select

from bot import audit
from bot.kit.text import points, safe
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.dkp.rules import pools as rules
from cogs.dkp.rules.pools import FinerAmounts, Given, NothingToChange, PoolInUse, PoolNameTaken, Terms
from cogs.dkp.service.pools import every_pool, get_pool
from db.tables import Account, Auction, DecaySchedule, LedgerEntry, Pool, Raid, Tick


@dataclass(frozen=True, slots=True)
class PoolDone:
    """What was done, and the pool as it is now, in words."""

    did: str
    line: str
    notes: tuple[str, ...] = ()

    def in_words(self) -> str:
        return "\n".join((self.did, self.line, *self.notes))


@use_case("pools.manage")
async def create_pool(session: Session, given: Given) -> PoolDone:
    """A new pool; with the name of an archived one that one comes back, with what is given changed."""
    assert given.name is not None
    pools = await _lock_all(session)
    name = rules.check_name(given.name)
    known = next((pool for pool in pools if pool.name_key == name_key(name)), None)
    if known is not None and known.archived_at is None:
        raise PoolNameTaken(f"There is a pool {safe(known.name)} already: change it with /pool edit.")
    if known is not None:
        await _check_decimals(session, known, given)
        before, known.archived_at = _terms(known), None
        after = _apply(known, rules.decide_terms(before, replace(given, name=None)))
        audit.record(
            session,
            "pools.brought_back",
            target_id=known.pool_id,
            before=_plain(before),
            after=_plain(after),
        )
        did = f"{safe(known.name)} was archived and is back, with everybody's points and history."
    else:
        known = Pool(guild_id=session.guild_id, created_at=session.now, is_default=False)
        after = _apply(known, rules.decide_terms(Terms(name), given))
        session.add(known)
        await session.flush()
        audit.record(session, "pools.created", target_id=known.pool_id, after=_plain(after))
        did = f"{safe(known.name)} is there."
    if given.default:
        await _make_default(session, pools, known)
    notes = _about_start(after) if after.start else ()
    return PoolDone(did, await _line(session, known), notes)


@use_case("pools.manage")
async def edit_pool(session: Session, pool: str, given: Given) -> PoolDone:
    """Change what is given; `given.name` is the new name. Refused where amounts in it are finer than new decimals."""
    if given.nothing:
        raise NothingToChange("Name at least one thing to change.")
    pools = await _lock_all(session)
    wanted = (await get_pool(session, pool)).pool_id
    found = next(each for each in pools if each.pool_id == wanted)
    if found.archived_at is not None:
        raise rules.ArchivedPool(f"{safe(found.name)} is archived: /pool create with its name brings it back.")
    before = _terms(found)
    after = rules.decide_terms(before, given)
    if any(other is not found and other.name_key == name_key(after.name) for other in pools):
        raise PoolNameTaken(f"Another pool is called {safe(after.name)} already; choose another name.")
    if given.default is False and found.is_default:
        raise PoolInUse(f"{safe(found.name)} is the default: make another pool the default instead.")
    await _check_decimals(session, found, given)
    _apply(found, after)
    if before != after:
        audit.record(session, "pools.edited", target_id=wanted, before=_plain(before), after=_plain(after))
    if given.default:
        await _make_default(session, pools, found)
    await session.flush()
    notes = _about_start(after) if (before.start, before.start_on) != (after.start, after.start_on) else ()
    if after.cap is not None and after.cap != before.cap and (above := await _above(session, found)):
        who = "1 person is" if above == 1 else f"{above} people are"
        notes += (f"{who} above the cap: what they have is theirs, and they earn nothing until they are below it.",)
    return PoolDone(f"{safe(found.name)} is changed.", await _line(session, found), notes)


async def preview_archive(session: Session, pool: str) -> str:
    """What archiving would mean, in words. Refuses what `archive_pool` would refuse."""
    found = await get_pool(session, pool)
    await _check_idle(session, found)
    return (
        f"Archive this pool? Nothing happens in it any more; everybody's history stays readable.\n"
        f"{await _line(session, found)}"
    )


@use_case("pools.manage")
async def archive_pool(session: Session, pool: str) -> PoolDone:
    """Nothing new happens in it: no raid, auction, adjustment, transfer or decay. Its history stays readable."""
    pools = await _lock_all(session)
    wanted = (await get_pool(session, pool)).pool_id
    found = next(each for each in pools if each.pool_id == wanted)
    await _check_idle(session, found)
    found.archived_at = session.now
    ended = await session.execute(
        delete(DecaySchedule)
        .where(DecaySchedule.guild_id == session.guild_id, DecaySchedule.pool_id == found.pool_id)
        .returning(DecaySchedule.pool_id)
    )
    notes = ("Its scheduled decay is stopped.",) if ended.all() else ()
    audit.record(session, "pools.archived", target_id=found.pool_id, after={"name": found.name})
    did = f"{safe(found.name)} is archived. /pool create with its name brings it back."
    return PoolDone(did, await _line(session, found), notes)


async def list_pools(session: Session) -> list[str]:
    """Every pool with everything about it, a line each."""
    return await _lines(session, await every_pool(session))


# --- what it takes ----------------------------------------------------------------------------------------------------


async def _lock_all(session: Session) -> list[Pool]:
    """Every pool, in one order: names and the default are a matter between them.

    Ticks and bids do not wait for this; who begins something new in a pool (`pools.open_pool`) does.
    """
    query = select(Pool).where(Pool.guild_id == session.guild_id).order_by(Pool.pool_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list((await session.execute(locked)).scalars())


def _terms(pool: Pool) -> Terms:
    on: rules.StartOn = "first_raid" if pool.start_on == "first_raid" else "join"
    return Terms(pool.name, pool.start, on, pool.floor, pool.cap, pool.decimals, pool.transfers)


def _apply(pool: Pool, terms: Terms) -> Terms:
    pool.name, pool.name_key = terms.name, name_key(terms.name)
    pool.start, pool.start_on, pool.floor, pool.cap = terms.start, terms.start_on, terms.floor, terms.cap
    pool.decimals, pool.transfers = terms.decimals, terms.transfers
    return terms


def _plain(terms: Terms) -> dict[str, Any]:
    """For the audit: amounts as they read, so that 0 and 0.00 are no change."""
    values = {field: getattr(terms, field) for field in Terms.__slots__}
    return {field: points(value) if isinstance(value, Decimal) else value for field, value in values.items()}


async def _make_default(session: Session, pools: Sequence[Pool], chosen: Pool) -> None:
    """Exactly one is: the old one steps back before the new one stands."""
    if chosen.is_default:
        return
    before = next(pool for pool in pools if pool.is_default)
    before.is_default = False
    await session.flush()
    chosen.is_default = True
    await session.flush()
    audit.record(
        session,
        "pools.default_moved",
        target_id=chosen.pool_id,
        before={"name": before.name},
        after={"name": chosen.name},
    )


def _about_start(terms: Terms) -> tuple[str, ...]:
    if not terms.start:
        return ()
    return (rules.SETTLED if terms.start_on == "join" else rules.SETTLED_AT_FIRST_RAID,)


async def _check_idle(session: Session, pool: Pool) -> None:
    """Refuse to archive what is in use. Who begins something in it waits for us, or we for them (`_lock_all`)."""
    name = safe(pool.name)
    if pool.archived_at is not None:
        raise rules.ArchivedPool(f"{name} is archived already; nothing changed.")
    if pool.is_default:
        raise PoolInUse(f"{name} is the default: make another pool the default first (/pool edit).")
    if (raid := await _running_raid(session, pool)) is not None:
        raise PoolInUse(f"{safe(raid)} runs in {name}: end the raid first.")
    if (item := await _open_auction(session, pool)) is not None:
        raise PoolInUse(f"{safe(item)} is up for bids in {name}: wait for its end or close it first.")


async def _running_raid(session: Session, pool: Pool) -> str | None:
    query = select(Raid.name).where(
        Raid.guild_id == session.guild_id, Raid.status == "running", Raid.pool_id == pool.pool_id
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def _open_auction(session: Session, pool: Pool) -> str | None:
    query = select(Auction.item_name).where(
        Auction.guild_id == session.guild_id, Auction.status == "open", Auction.pool_id == pool.pool_id
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def _check_decimals(session: Session, pool: Pool, given: Given) -> None:
    """Fewer decimals are refused while something in the pool is finer: decimals are how it is written, nothing rounds.

    Entries count whether they were undone or not, because undoing the undoing would write them again.
    """
    if given.decimals is None or given.decimals >= pool.decimals:
        return
    name = safe(pool.name)
    running = await _running_raid(session, pool) or await _open_auction(session, pool)
    if running is not None:
        raise PoolInUse(f"{safe(running)} runs in {name}: fewer decimals have to wait for its end.")

    def finer(amount: Any) -> ColumnElement[bool]:
        return amount != func.round(amount, given.decimals)

    here = (LedgerEntry.guild_id == session.guild_id, LedgerEntry.pool_id == pool.pool_id)
    entry = select(LedgerEntry.amount).where(*here, finer(LedgerEntry.amount)).limit(1)
    ticks = (Tick.guild_id == Raid.guild_id, Tick.raid_id == Raid.raid_id, finer(Tick.value))
    raid = (
        select(Raid.name)
        .where(Raid.guild_id == session.guild_id, Raid.pool_id == pool.pool_id)
        .where(finer(Raid.tick_points) | exists().where(*ticks))
        .limit(1)
    )
    if (amount := (await session.execute(entry)).scalar_one_or_none()) is not None:
        raise FinerAmounts(
            f"{name} has entries such as {points(amount)}, and nothing is rounded: it keeps its decimals."
        )
    if (found := (await session.execute(raid)).scalar_one_or_none()) is not None:
        raise FinerAmounts(f"Ticks of {safe(found)} in {name} are finer than that: it keeps its decimals.")
    if pool.tick_points is not None and not rules.has_places(pool.tick_points, given.decimals):
        raise FinerAmounts(
            f"A tick in {name} gives {points(pool.tick_points)}: set another with /settings raids first."
        )


async def _above(session: Session, pool: Pool) -> int:
    query = select(func.count()).where(
        Account.guild_id == session.guild_id, Account.pool_id == pool.pool_id, Account.balance > pool.cap
    )
    return (await session.execute(query)).scalar_one()


async def _line(session: Session, pool: Pool) -> str:
    await session.flush()
    return (await _lines(session, [pool]))[0]


async def _lines(session: Session, pools: Sequence[Pool]) -> list[str]:
    sums = (
        select(Account.pool_id, func.count(), func.sum(Account.balance))
        .where(Account.guild_id == session.guild_id, Account.pool_id.in_([pool.pool_id for pool in pools]))
        .group_by(Account.pool_id)
    )
    known = {row[0]: (row[1], row[2]) for row in await session.execute(sums)}
    lines = []
    for pool in pools:
        people, total = known.get(pool.pool_id, (0, Decimal(0)))
        tick = session.guild.tick_points if pool.tick_points is None else pool.tick_points
        lines.append(
            rules.in_words(
                _terms(pool),
                is_default=pool.is_default,
                archived=pool.archived_at is not None,
                tick=tick,
                people=people,
                total=total,
            )
        )
    return lines
