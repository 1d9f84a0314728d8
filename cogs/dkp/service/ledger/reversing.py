"""Reversals: what would follow, and one entry for each that is taken back."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from bot.kit.text import points, safe
from bot.stage import Session
from cogs.dkp.rules import COLUMN, AlreadyReversed, LinkedMeanwhile
from cogs.dkp.service.ledger import carrying
from cogs.dkp.service.ledger.chains import firsts
from cogs.dkp.service.ledger.holding import ON_A_BOARD
from cogs.dkp.service.ledger.posting import Key, NewEntry, ids_array, keys_table, lock_accounts, post
from db.tables import Account, Auction, Hold, LedgerEntry, Member, Pool


@dataclass(frozen=True, slots=True)
class Reversed:
    """What a reversal did to one person."""

    member_id: int
    member_name: str
    amount: Decimal
    balance: Decimal


async def load_entries(session: Session, entry_ids: Collection[int]) -> list[LedgerEntry]:
    query = select(LedgerEntry).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.entry_id == ids_array(entry_ids)
    )
    return list((await session.execute(query.order_by(LedgerEntry.entry_id))).scalars())


async def reversed_among(session: Session, entry_ids: Collection[int]) -> set[int]:
    """Which of these entries were reversed already."""
    query = select(LedgerEntry.reverses_entry_id).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id == ids_array(entry_ids)
    )
    return {row for row in (await session.execute(query)).scalars() if row is not None}


async def reverse(
    session: Session,
    entry_ids: Collection[int],
    reason: str,
    *,
    act: tuple[str, int] | None = None,
    choose: Callable[[], Awaitable[list[LedgerEntry]]] | None = None,
) -> list[Reversed]:
    """One reversal entry for each entry that has none yet; an entry is reversed at most once.

    Parents are locked by the caller. Raises `AlreadyReversed` when nothing is left to reverse. What is reversed for
    somebody who was absorbed goes on to who absorbed them, who is then the person it was done to.

    For what is undone, or brought back, as a whole: `act` is its (source, source_id), which its reversals carry as
    their own, so that they are told from those of single entries; `choose`, asked under the locks of `entry_ids`'
    accounts, says what is to be reversed instead, which may be nothing.
    """
    entries = await load_entries(session, entry_ids)
    everybody = {entry.member_id for entry in entries}
    links = await carrying.links_of(session, everybody)
    keys = {(entry.pool_id, entry.member_id) for entry in entries}
    theirs = {(pool_id, links[member_id].to_member_id) for pool_id, member_id in keys if member_id in links}
    accounts = await lock_accounts(session, keys | theirs)
    if await carrying.links_of(session, everybody) != links:
        raise LinkedMeanwhile("Somebody was linked to their Discord account just now: do that again.")
    if choose is not None:
        entries = await choose()
    done = await reversed_among(session, [entry.entry_id for entry in entries])  # under the lock: nobody adds one now
    todo = [entry for entry in entries if entry.entry_id not in done]
    if entries and not todo:
        raise AlreadyReversed("That was undone already; nothing changed.")
    origins = await firsts(session, [entry.entry_id for entry in todo])
    names = await _names(session, {entry.member_id for entry in todo})
    posted = await post(
        session,
        [
            NewEntry(
                pool_id=entry.pool_id,
                member_id=entry.member_id,
                kind="reversal",
                amount=-entry.amount,
                reason=reason,
                source=act[0] if act else "entry",
                source_id=act[1] if act else entry.entry_id,
                key=f"reversal:{entry.entry_id}",
                member_name=names[entry.member_id],
                reverses_entry_id=entry.entry_id,
                column=COLUMN[origins[entry.entry_id].kind],  # a reversal moves what the first of its row moved
            )
            for entry in todo
        ],
        accounts,
        to_absorbed=True,
    )
    carried = [
        carrying.Move(f"{entry.entry_id}", entry.pool_id, links[entry.member_id], -entry.amount, names[entry.member_id])
        for entry, done_now in zip(todo, posted, strict=True)
        if entry.member_id in links and done_now.entry_id is not None
    ]
    await carrying.carry(session, carried, reason, accounts)
    after: dict[Key, Reversed] = {}
    for entry in todo:
        link = links.get(entry.member_id)
        member_id, name = (link.to_member_id, link.to_name) if link else (entry.member_id, names[entry.member_id])
        key = (entry.pool_id, member_id)
        account, before = accounts[key], after.get(key)
        amount = -entry.amount + (before.amount if before else 0)
        after[key] = Reversed(member_id, name, amount, account.balance)
    return list(after.values())


async def what_follows(session: Session, entry_ids: Collection[int]) -> list[str]:
    """Before a reversal is committed: who ends where, who falls below the floor, whose open bids stand all the same."""
    entries = await load_entries(session, entry_ids)
    done = await reversed_among(session, [entry.entry_id for entry in entries])
    links = await carrying.links_of(session, {entry.member_id for entry in entries})
    moves: dict[Key, Decimal] = {}
    for entry in entries:
        if entry.entry_id not in done:
            link = links.get(entry.member_id)
            key = (entry.pool_id, link.to_member_id if link else entry.member_id)
            moves[key] = moves.get(key, Decimal(0)) - entry.amount
    return await what_moves_do(session, moves)


async def what_moves_do(
    session: Session, moves: Mapping[Key, Decimal], cuts: Mapping[Key, Decimal] | None = None
) -> list[str]:
    """What these movements would lead to, a line a person, first those whom a loss leaves in trouble.

    `cuts`: what a cap has taken of a movement already.

    Open bids are named for everybody who loses points and has some: a line that appeared only where they are not
    covered would tell how much is held. Who is no officer is told of bids that everybody can read off a board alone.
    """
    if not moves:
        return []
    keys = keys_table(moves)
    query = (
        select(Member.display_name, Pool.pool_id, Pool.floor, Member.member_id, func.coalesce(Account.balance, 0))
        .join(Pool, Pool.guild_id == Member.guild_id)
        .outerjoin(
            Account,
            (Account.guild_id == Member.guild_id)
            & (Account.pool_id == Pool.pool_id)
            & (Account.member_id == Member.member_id),
        )
        .join(keys, (keys.c.pool_id == Pool.pool_id) & (keys.c.member_id == Member.member_id))
        .where(Member.guild_id == session.guild_id)
        .order_by(Member.name_key, Member.member_id)
    )
    bids = await _open_bids(session, moves)
    calm, troubled = [], []
    for name, pool_id, floor, member_id, balance in await session.execute(query):
        amount = moves[pool_id, member_id]
        line = f"{safe(name)}: {points(balance)} → {points(balance + amount)}"
        trouble = ""
        if amount < 0 and balance + amount < floor:
            trouble += f", below the floor of {points(floor)}"
        if amount < 0 and (on := bids.get((pool_id, member_id))):
            trouble += f"; the open bid on {' and '.join(on)} stands"
        if cut := (cuts or {}).get((pool_id, member_id)):
            line += f" ({points(cut)} above the cap are cut)"
        (troubled if trouble else calm).append(line + trouble)
    return troubled + calm


async def _open_bids(session: Session, keys: Collection[Key]) -> dict[Key, list[str]]:
    """On what these people have bids that count now, as far as the actor may know: item names, never amounts."""
    wanted = keys_table(keys)
    query = (
        select(Hold.pool_id, Hold.member_id, Auction.item_name)
        .join(Auction, (Auction.guild_id == Hold.guild_id) & (Auction.auction_id == Hold.auction_id))
        .join(wanted, (wanted.c.pool_id == Hold.pool_id) & (wanted.c.member_id == Hold.member_id))
        .where(Hold.guild_id == session.guild_id)
        .order_by(Hold.auction_id)
    )
    if not session.may("dkp.adjust"):
        query = query.where(ON_A_BOARD)
    bids: dict[Key, list[str]] = {}
    for pool_id, member_id, item in await session.execute(query):
        bids.setdefault((pool_id, member_id), []).append(safe(item))
    return bids


async def _names(session: Session, member_ids: Collection[int]) -> dict[int, str]:
    query = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id == ids_array(member_ids)
    )
    return {row.member_id: row.display_name for row in await session.execute(query)}
