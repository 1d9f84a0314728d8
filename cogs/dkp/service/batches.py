"""One officer's amount for many people: whom it means, what it would do, and the one act that does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot import audit, people
from bot.kit.text import points, safe
from bot.people import Seen, Unknown
from bot.refusals import NotFound
from bot.stage import Session, use_case
from cogs.dkp.rules import AdjustKind, AtTheCap, within_cap
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import read_amount, tell_own_act
from db.tables import Account, Batch, Hold, Member, Pool


@dataclass(frozen=True, slots=True)
class Meant:
    """The people a role and typed names come to, each once; names that lead to nobody are safe to show."""

    member_ids: tuple[int, ...]
    unknown: tuple[Unknown, ...]


async def find_meant(session: Session, holders: Sequence[Seen] | None, named: str | None) -> Meant:
    """Who holds the role now and whoever is named, together. `holders` None: no role was given."""
    found: dict[int, None] = {}
    if holders:
        users = [person.user_id for person in holders]
        query = select(Member.discord_user_id, Member.member_id).where(
            Member.guild_id == session.guild_id, Member.discord_user_id.in_(users)
        )
        known = {row.discord_user_id for row in await session.execute(query)}
        await people.meet(session, [person for person in holders if person.user_id not in known])
        found |= {row.member_id: None for row in await session.execute(query)}
    unknown: tuple[Unknown, ...] = ()
    if named:
        typed = await people.named_people(session, named)
        found |= dict.fromkeys(typed.member_ids)
        unknown = typed.unknown
    if not found and not unknown:
        nobody = "Nobody holds that role." if holders is not None else "Say who: a role, names, or both."
        raise NotFound(nobody)
    return Meant(tuple(sorted(found)), unknown)


@dataclass(frozen=True, slots=True)
class BatchPreview:
    """What it would do: a heading with the sums, and a line a person, those whom it leaves in trouble first."""

    heading: str
    lines: tuple[str, ...]


async def preview_batch(
    session: Session,
    member_ids: Sequence[int],
    amount: float | Decimal,
    reason: str,
    pool: str | None,
    kind: AdjustKind,
) -> BatchPreview:
    """Everybody's before and after, and the sums. Refuses what `adjust_many` would refuse."""
    found, exact, reason = await read_amount(session, amount, reason, pool, kind)
    balances = await _balances(session, found, member_ids)
    moves = {
        (found.pool_id, member_id): within_cap(kind, "batch", exact, balance, found.cap)
        for member_id, balance in balances.items()
    }
    cuts = {key: exact - moved for key, moved in moves.items()}
    total = sum(moves.values(), Decimal(0))
    if not total:
        raise _at_the_cap(found)
    heading = (
        f"{_each(exact, found, len(moves), kind)}? {points(abs(total))} in all. Reason: {safe(reason)}"
        f"{await _warnings(session, found, balances, moves, sum(cuts.values(), Decimal(0)))}"
    )
    return BatchPreview(heading, tuple(await ledger.what_moves_do(session, moves, cuts)))


@dataclass(frozen=True, slots=True)
class BatchPosted:
    """What was posted."""

    batch_id: int
    did: str
    total: Decimal
    cut: Decimal
    reason: str

    def in_words(self) -> str:
        cut = f" {points(self.cut)} above the cap were cut." if self.cut else ""
        return f"{self.did}: {points(abs(self.total))} in all.{cut} Reason: {safe(self.reason)}"


@use_case("dkp.adjust")
async def adjust_many(
    session: Session,
    member_ids: tuple[int, ...],
    amount: float | Decimal,
    reason: str,
    pool: str | None = None,
    kind: AdjustKind = "adjustment",
    here: int | None = None,
) -> BatchPosted:
    """Post an officer's amount to each of these people, all or none. The floor does not bind it.

    `here`: the channel it was typed in.
    """
    found, exact, reason = await read_amount(session, amount, reason, pool, kind)
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id.in_(set(member_ids))
    )
    names = {row.member_id: row.display_name for row in await session.execute(query.order_by(Member.member_id))}
    if not names or len(names) < len(set(member_ids)):
        raise NotFound("One of those people is not here any more; look again.")
    batch = Batch(
        guild_id=session.guild_id,
        pool_id=found.pool_id,
        kind=kind,
        amount=exact,
        reason=reason,
        people=len(names),
        made_at=session.now,
        made_by_user_id=session.actor.user_id,
    )
    session.add(batch)
    await session.flush()
    accounts = await ledger.lock_accounts(session, [(found.pool_id, member_id) for member_id in names])
    posted = await ledger.post(
        session,
        [
            ledger.NewEntry(
                pool_id=found.pool_id,
                member_id=member_id,
                kind=kind,
                amount=exact,
                reason=reason,
                source="batch",
                source_id=batch.batch_id,
                key=f"batch:{batch.batch_id}:{member_id}",
                member_name=name,
            )
            for member_id, name in names.items()
        ],
        accounts,
    )
    total = sum((entry.amount for entry in posted), Decimal(0))
    if not total:
        raise _at_the_cap(found)
    audit.record(
        session,
        "dkp.batch_posted",
        target_id=batch.batch_id,
        after={"people": len(names), "amount": exact, "total": total, "pool": found.name, "kind": kind},
        reason=reason,
    )
    cut = sum((entry.cut for entry in posted), Decimal(0))
    done = BatchPosted(batch.batch_id, _each(exact, found, len(names), kind, did=True), total, cut, reason)
    if session.me is not None and session.me.member_id in names:
        what = f"adjusted the points of several people, their own among them. {done.in_words()}"
        tell_own_act(session, f"ownb{batch.batch_id}", what, here)
    return done


def _each(amount: Decimal, pool: Pool, many: int, kind: AdjustKind, *, did: bool = False) -> str:
    """ "Give 25 DKP each to 43 people (bonus)" """
    what, who = f"{points(abs(amount))} {safe(pool.name)}", "1 person" if many == 1 else f"{many} people"
    each = "" if many == 1 else " each"
    if amount > 0:
        return f"{'Gave' if did else 'Give'} {what}{each} to {who} ({kind})"
    return f"{'Took' if did else 'Take'} {what}{each} from {who} ({kind})"


def _at_the_cap(pool: Pool) -> AtTheCap:
    assert pool.cap is not None
    return AtTheCap(f"All of them are at the cap of {safe(pool.name)}, {points(pool.cap)}: nothing was given.")


async def _balances(session: Session, pool: Pool, member_ids: Sequence[int]) -> dict[int, Decimal]:
    query = select(Account.member_id, Account.balance).where(
        Account.guild_id == session.guild_id, Account.pool_id == pool.pool_id, Account.member_id.in_(member_ids)
    )
    known = {row.member_id: row.balance for row in await session.execute(query)}
    return {member_id: known.get(member_id, Decimal(0)) for member_id in member_ids}


async def _warnings(
    session: Session, pool: Pool, balances: dict[int, Decimal], moves: dict[ledger.Key, Decimal], cut: Decimal
) -> str:
    """How many fall below the floor, how many have open bids that stand, what the cap takes."""
    losing = [member_id for (_, member_id), moved in moves.items() if moved < 0]
    below = sum(balances[member_id] + moves[pool.pool_id, member_id] < pool.floor for member_id in losing)
    query = select(Hold.member_id).where(
        Hold.guild_id == session.guild_id, Hold.pool_id == pool.pool_id, Hold.member_id.in_(losing)
    )
    bidding = len(set((await session.execute(query)).scalars())) if losing else 0
    said = []
    if below:
        said.append(f"{below} of them {'ends' if below == 1 else 'end'} below the floor of {points(pool.floor)}.")
    if bidding:
        said.append(f"{bidding} of them {'has' if bidding == 1 else 'have'} open bids, which stand.")
    if cut:
        said.append(f"{points(cut)} above the cap are cut.")
    return "".join(f"\n⚠️ {line}" for line in said)
