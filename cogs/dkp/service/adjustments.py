"""What officers post by hand, and where their acts on themselves are told."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from bot import audit, outbox, people
from bot.kit.text import points, safe
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.dkp.rules import AdjustKind, AtTheCap, BadKind, check_reason, signed
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import open_pool
from db.tables import Member, Pool


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What was posted and where it led."""

    entry_id: int
    member_name: str
    amount: Decimal
    balance: Decimal
    pool: str
    kind: AdjustKind
    reason: str
    cut: Decimal = Decimal(0)

    def in_words(self) -> str:
        what = f"{points(abs(self.amount))} {safe(self.pool)}"
        name = safe(self.member_name)
        done = f"Gave {name} {what}" if self.amount > 0 else f"Took {what} from {name}"
        before = points(self.balance - self.amount)
        cut = f" {points(self.cut)} above the cap were cut." if self.cut else ""
        return f"{done} ({self.kind}): {before} → {points(self.balance)}.{cut} Reason: {safe(self.reason)}"


@dataclass(frozen=True, slots=True)
class _Adjustment:
    """An officer's words, read and found good."""

    member: Member
    pool: Pool
    amount: Decimal
    reason: str
    kind: AdjustKind


async def read_amount(
    session: Session, amount: float | Decimal, reason: str, pool: str | None, kind: AdjustKind
) -> tuple[Pool, Decimal, str]:
    """An officer's amount with its sign in a pool that takes it, and the reason on one line."""
    if kind not in get_args(AdjustKind):
        raise BadKind(f"A kind is one of {', '.join(get_args(AdjustKind))}.")
    reason = check_reason(reason)
    found = await open_pool(session, pool)
    return found, signed(kind, parse_amount(amount, decimals=found.decimals)), reason


async def _read(
    session: Session, who: str, amount: float | Decimal, reason: str, pool: str | None, kind: AdjustKind
) -> _Adjustment:
    found, exact, reason = await read_amount(session, amount, reason, pool, kind)
    return _Adjustment(await people.get_person(session, who), found, exact, reason, kind)


async def adjustment_troubles(
    session: Session, who: str, amount: float | Decimal, reason: str, pool: str | None, kind: AdjustKind
) -> list[str]:
    """What an officer should know before points are taken: below the floor, open bids that stand. Mostly nothing.

    Refuses what `adjust` would refuse.
    """
    read = await _read(session, who, amount, reason, pool, kind)
    [line] = await ledger.what_moves_do(session, {(read.pool.pool_id, read.member.member_id): read.amount})
    return [line] if read.amount < 0 and ("below the floor" in line or "open bid" in line) else []


@use_case("dkp.adjust")
async def adjust(
    session: Session,
    who: str,
    amount: float | Decimal,
    reason: str,
    pool: str | None = None,
    kind: AdjustKind = "adjustment",
    here: int | None = None,
) -> Adjusted:
    """Post an officer's amount to one person. The floor does not bind it. `here`: the channel it was typed in."""
    read = await _read(session, who, amount, reason, pool, kind)
    member = read.member
    key = (read.pool.pool_id, member.member_id)
    accounts = await ledger.lock_accounts(session, [key])
    before = accounts[key].balance
    entry = ledger.NewEntry(
        pool_id=read.pool.pool_id,
        member_id=member.member_id,
        kind=kind,
        amount=read.amount,
        reason=read.reason,
        source="officer",
        source_id=None,
        key=f"adjust:{session.actor.interaction_id or uuid.uuid4().hex}",
        member_name=member.display_name,
    )
    [posted] = await ledger.post(session, [entry], accounts)
    entry_id, after = posted.entry_id, accounts[key].balance
    if entry_id is None:
        assert read.pool.cap is not None
        raise AtTheCap(
            f"{safe(member.display_name)} has {points(before)}, and the cap of {safe(read.pool.name)} is"
            f" {points(read.pool.cap)}: nothing was given."
        )
    audit.record(
        session,
        "dkp.adjusted",
        target_id=entry_id,
        about=member.member_id,
        before={"balance": before},
        after={"balance": after, "amount": posted.amount, "kind": kind, "pool": read.pool.name},
        reason=read.reason,
    )
    done = Adjusted(entry_id, member.display_name, posted.amount, after, read.pool.name, kind, read.reason, posted.cut)
    if session.me is not None and session.me.member_id == member.member_id:
        tell_own_act(session, f"own{entry_id}", f"adjusted their own points. {done.in_words()}", here)
    return done


def tell_own_act(session: Session, key: str, did: str, here: int | None) -> None:
    """Post what an officer did to themselves in the audit channel; while there is none, where it was typed."""
    channel_id = session.guild.audit_channel_id or here
    if channel_id is not None:
        outbox.send(session, key, f"{safe(session.actor.name)} {did}", channel_id=channel_id)
