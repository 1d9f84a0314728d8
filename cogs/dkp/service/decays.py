"""Decay: what a run would take, and the run itself, by an officer or by the pool's schedule.

Preview, run and schedule reckon with balances and with what the boards show as bids, which everybody may read, and
with nothing else: from a published loss, or by previews with many percentages, nobody learns what somebody holds
(`cogs.dkp.rules.decay` says what that means). So a preview is exact for that moment.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from bot import audit, outbox
from bot.kit.text import points, safe
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.dkp.rules.decay import (
    DecayedMeanwhile,
    Decaying,
    NothingToDecay,
    Terms,
    check_percent,
    decide_loss,
    floor_of,
    is_protected,
)
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import open_pool
from db.tables import Account, DecayRun, Member, Pool

_MOST_NAMED = 20
"""Names in a preview; the others are counted."""
_NOTHING = (Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Asked:
    """A decay as an officer typed it."""

    percent: float | Decimal
    floor: float | Decimal | None = None
    earned_only: bool = False
    pool: str | None = None


async def read(session: Session, asked: Asked) -> tuple[Pool, Terms]:
    """The pool and terms somebody means. Refuses a bad percentage or floor, and a pool that is archived."""
    percent = check_percent(asked.percent)
    pool = await open_pool(session, asked.pool)
    floor = None if asked.floor is None else parse_amount(asked.floor, decimals=pool.decimals)
    return pool, terms_of(pool, percent, floor, earned_only=asked.earned_only)


def terms_of(pool: Pool, percent: Decimal, floor: Decimal | None, *, earned_only: bool) -> Terms:
    """`floor` None: the pool's own, as it is now."""
    return Terms(percent, floor_of(floor, pool.floor), earned_only, pool.decimals)


# --- the preview ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecayPreview:
    """What a run would take now. `protected` are names safe to show."""

    pool: str
    terms: Terms
    people: int
    total: Decimal
    bids: bool
    """Boards show bids: what they come to when it runs stays."""
    protected: tuple[str, ...]
    """Who would lose more without the floor."""
    last_run: int
    """The pool's newest run; 0: none yet."""

    def in_words(self) -> str:
        lines = [
            f"Decay of **{safe(self.pool)}**: {self.terms.in_words()}.",
            f"It takes **{points(self.total)}** points from **{count(self.people)}**.",
        ]
        if self.bids:
            lines.append("Bids that the boards show do not decay; who bids before it runs changes these numbers.")
        if self.protected:
            named, rest = self.protected[:_MOST_NAMED], len(self.protected) - _MOST_NAMED
            more = f" and {rest} more" if rest > 0 else ""
            lines.append(f"The floor protects {count(len(self.protected))}: {', '.join(named)}{more}.")
        return "\n".join(lines)


def count(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


async def preview(session: Session, asked: Asked) -> DecayPreview:
    """What `apply` would do now; changes nothing."""
    return await preview_terms(session, *await read(session, asked))


async def preview_terms(session: Session, pool: Pool, terms: Terms) -> DecayPreview:
    query = (
        select(Account.balance, Member.member_id, Member.display_name)
        .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
        .where(Account.guild_id == session.guild_id, Account.pool_id == pool.pool_id)
        .order_by(Member.name_key, Member.member_id)
    )
    seen = await _Seen.load(session, pool, terms)
    people, total, protected = 0, Decimal(0), []
    for balance, member_id, name in await session.execute(query):
        account = seen.account(member_id, balance)
        loss = decide_loss(account, terms)
        people, total = people + bool(loss), total + loss
        if is_protected(account, terms):
            protected.append(safe(name))
    bids = any(seen.bids.values())
    return DecayPreview(pool.name, terms, people, total, bids, tuple(protected), await _last_run(session, pool))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a decay goes by besides balances, by member."""

    bids: dict[int, Decimal]
    earned: dict[int, tuple[Decimal, Decimal]]

    @classmethod
    async def load(cls, session: Session, pool: Pool, terms: Terms) -> "_Seen":
        """`earned` is only read where it counts."""
        earned = await _earned(session, pool.pool_id) if terms.earned_only else {}
        return cls(await ledger.publicly_held(session, pool.pool_id), earned)

    def account(self, member_id: int, balance: Decimal) -> Decaying:
        return Decaying(balance, self.bids.get(member_id, Decimal(0)), *self.earned.get(member_id, _NOTHING))


async def _last_run(session: Session, pool: Pool) -> int:
    query = select(func.coalesce(func.max(DecayRun.decay_run_id), 0)).where(
        DecayRun.guild_id == session.guild_id, DecayRun.pool_id == pool.pool_id
    )
    return (await session.execute(query)).scalar_one()


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decayed:
    """What a run took."""

    decay_run_id: int
    pool: str
    terms: str
    people: int
    total: Decimal

    def in_words(self) -> str:
        took = f"took {points(self.total)} points from {count(self.people)}" if self.people else "took nothing"
        return f"Decay of **{safe(self.pool)}** ({self.terms}) {took}."


@use_case("dkp.decay")
async def apply(session: Session, asked: Asked, seen_run: int, here: int | None = None) -> Decayed:
    """Let a pool decay now. `seen_run`: the newest run when it was previewed; `here`: the channel it was typed in.

    Refuses when nobody would lose anything, and when another run came since the preview: two officers who mean the
    same decay make one.
    """
    pool, terms = await read(session, asked)
    run = await run_decay(session, pool, terms, after_run=seen_run)
    assert run is not None, "only a scheduled moment comes twice"
    if not run.people:
        raise NothingToDecay(f"Nothing to decay in {safe(pool.name)}: nobody would lose a point.")
    announce(session, run, f"{run.in_words()} Applied by {safe(session.actor.name)}; /dkp undo takes it back.", here)
    return run


async def run_decay(
    session: Session, pool: Pool, terms: Terms, *, scheduled_for: datetime | None = None, after_run: int | None = None
) -> Decayed | None:
    """One run over all accounts of a pool, locked in one statement. None: it ran for that moment before."""
    begin = (
        insert(DecayRun)
        .values(
            guild_id=session.guild_id,
            pool_id=pool.pool_id,
            percent=terms.percent,
            floor=terms.floor,
            earned_only=terms.earned_only,
            scheduled_for=scheduled_for,
            people=0,
            total=0,
            run_at=session.now,
            run_by_user_id=session.actor.user_id,
        )
        .on_conflict_do_nothing()
        .returning(DecayRun.decay_run_id)
    )
    run_id = (await session.execute(begin)).scalar_one_or_none()
    if run_id is None:
        return None
    accounts = await ledger.lock_pool(session, pool.pool_id)
    if after_run is not None and await _others_since(session, pool, after_run, run_id):
        raise DecayedMeanwhile(f"{safe(pool.name)} decayed a moment ago: look again before you do it twice.")
    losses = await _losses(session, pool, terms, accounts)
    names = await _names(session, pool)
    words = terms.in_words()
    entries = [
        ledger.NewEntry(
            pool_id=pool.pool_id,
            member_id=member_id,
            kind="decay",
            amount=-loss,
            reason=words,
            source="decay_run",
            source_id=run_id,
            key=f"decay:{run_id}:{member_id}",
            member_name=names[member_id],
        )
        for member_id, loss in losses.items()
    ]
    await ledger.post(session, entries, accounts)
    run = await session.get_one(DecayRun, (session.guild_id, run_id))
    run.people, run.total = len(losses), sum(losses.values(), Decimal(0))
    after = {"pool": pool.name, "terms": words, "people": run.people, "points": run.total}
    audit.record(session, "dkp.decayed", target_id=run_id, after=after)
    return Decayed(run_id, pool.name, words, run.people, run.total)


async def _others_since(session: Session, pool: Pool, seen_run: int, own: int) -> bool:
    """Asked under the locks: who ran at the same time has committed by now."""
    query = select(func.count()).where(
        DecayRun.guild_id == session.guild_id,
        DecayRun.pool_id == pool.pool_id,
        DecayRun.decay_run_id > seen_run,
        DecayRun.decay_run_id != own,
    )
    return bool((await session.execute(query)).scalar_one())


async def _losses(
    session: Session, pool: Pool, terms: Terms, accounts: dict[ledger.Key, Account]
) -> dict[int, Decimal]:
    """Who loses how much; exact, because the accounts are locked."""
    seen = await _Seen.load(session, pool, terms)
    losses = {
        member_id: decide_loss(seen.account(member_id, account.balance), terms)
        for (_, member_id), account in accounts.items()
    }
    return {member_id: loss for member_id, loss in losses.items() if loss}


async def _earned(session: Session, pool_id: int) -> dict[int, tuple[Decimal, Decimal]]:
    """What each person earned in a pool, and what decayed of it so far.

    All of a person's rows together: points that came over by a link were earned by the same person, on the row that
    was absorbed, where their columns stay.
    """
    person = func.coalesce(Member.absorbed_by_member_id, Member.member_id)
    query = (
        select(person, func.sum(Account.earned))
        .join(Member, (Member.guild_id == Account.guild_id) & (Member.member_id == Account.member_id))
        .where(Account.guild_id == session.guild_id, Account.pool_id == pool_id)
        .group_by(person)
    )
    decayed = await ledger.decayed_so_far(session, pool_id)
    rows = (await session.execute(query)).all()
    return {member_id: (earned, decayed.get(member_id, Decimal(0))) for member_id, earned in rows}


async def _names(session: Session, pool: Pool) -> dict[int, str]:
    query = (
        select(Member.member_id, Member.display_name)
        .join(Account, (Account.guild_id == Member.guild_id) & (Account.member_id == Member.member_id))
        .where(Member.guild_id == session.guild_id, Account.pool_id == pool.pool_id)
    )
    return {row.member_id: row.display_name for row in await session.execute(query)}


def announce(session: Session, run: Decayed, words: str, here: int | None = None) -> None:
    """Tell of a run once, in the audit channel; while there is none, where an officer typed it."""
    channel_id = session.guild.audit_channel_id or here
    if channel_id is not None:
        outbox.send(session, f"decay{run.decay_run_id}", words, channel_id=channel_id)
