"""Members who give each other points, where the pool allows it: a pair of entries, told to who receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import or_, select, update

from bot import audit, outbox, people
from bot.kit.text import points, safe
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.dkp.rules import check_reason
from cogs.dkp.rules.transfers import TransfersOff, check_amount, check_receiver, check_transfer
from cogs.dkp.service import ledger
from cogs.dkp.service.pools import open_pool
from db.tables import Auction, EntryText, Hold, LedgerEntry, Transfer

NOTICE: Final = "transfer"
"""The kind of notice to who receives."""


@dataclass(frozen=True, slots=True)
class Transferred:
    transfer_id: int
    to_name: str
    amount: Decimal
    pool: str
    left: Decimal
    """What the giver can spend now: for their eyes only."""

    def in_words(self) -> str:
        return (
            f"Gave {safe(self.to_name)} {points(self.amount)} {safe(self.pool)}. You can spend {points(self.left)} now."
        )


@use_case("dkp.transfer")
async def transfer(
    session: Session, to: str, amount: float | Decimal, reason: str | None = None, pool: str | None = None
) -> Transferred:
    """Give some of one's own points away. What is held or under the floor cannot be given; a cap is not passed."""
    why = check_reason(reason) if reason else ""
    found = await open_pool(session, pool)
    if not found.transfers:
        raise TransfersOff(
            f"Members do not give each other {safe(found.name)}: an officer may allow it with /pool edit."
        )
    exact = parse_amount(amount, decimals=found.decimals)
    check_amount(exact)
    me, other = session.member, await people.get_person(session, to)
    name = safe(other.display_name)
    check_receiver(
        other.display_name,
        oneself=other.member_id == me.member_id,
        left=other.left_at is not None,
        claimed=other.discord_user_id is not None,
        nobody=people.why_nobody(other),
    )
    mine, theirs = (found.pool_id, me.member_id), (found.pool_id, other.member_id)
    accounts = await ledger.lock_accounts(session, [mine, theirs])
    giver = ledger.purse(accounts[mine], found)
    held_on = await _held_on(session, mine) if giver.held else []
    check_transfer(exact, giver, held_on, name, accounts[theirs].balance, found.cap)
    row = Transfer(
        guild_id=session.guild_id,
        pool_id=found.pool_id,
        from_member_id=me.member_id,
        to_member_id=other.member_id,
        amount=exact,
        reason=why,
        made_at=session.now,
    )
    session.add(row)
    await session.flush()

    def entry(key: ledger.Key, moved: Decimal, words: str, whose: str) -> ledger.NewEntry:
        return ledger.NewEntry(
            pool_id=found.pool_id,
            member_id=key[1],
            kind="transfer",
            amount=moved,
            reason=f"{words} ({why})" if why else words,
            source="transfer",
            source_id=row.transfer_id,
            key=f"transfer:{row.transfer_id}:{key[1]}",
            member_name=whose,
        )

    await ledger.post(
        session,
        [
            entry(mine, -exact, f"to {other.display_name}", me.display_name),
            entry(theirs, exact, f"from {me.display_name}", other.display_name),
        ],
        accounts,
    )
    audit.record(
        session,
        "dkp.transferred",
        target_id=row.transfer_id,
        about=other.member_id,
        after={"amount": exact, "pool": found.name},
        reason=why or None,
    )
    because = f" “{safe(why)}”" if why else ""
    has = points(accounts[theirs].balance)
    text = f"{safe(me.display_name)} gave you {points(exact)} {safe(found.name)}.{because} You have {has} now."
    outbox.notify(session, f"transfer{row.transfer_id}", text, other, None, NOTICE)
    left = ledger.purse(accounts[mine], found).spendable
    return Transferred(row.transfer_id, other.display_name, exact, found.name, left)


async def _held_on(session: Session, key: ledger.Key) -> list[str]:
    """On what the giver's own points are held; item names, safe to show."""
    query = (
        select(Auction.item_name)
        .join(Hold, (Hold.guild_id == Auction.guild_id) & (Hold.auction_id == Auction.auction_id))
        .where(Auction.guild_id == session.guild_id, Hold.pool_id == key[0], Hold.member_id == key[1])
        .order_by(Auction.auction_id)
    )
    return [safe(item) for item in (await session.execute(query)).scalars()]


async def forget(session: Session, member_ids: Sequence[int]) -> None:
    """The names and words of transfers from or to them go, on both sides: each entry names the other person."""
    theirs = or_(Transfer.from_member_id.in_(member_ids), Transfer.to_member_id.in_(member_ids))
    ids = select(Transfer.transfer_id).where(Transfer.guild_id == session.guild_id, theirs)
    entries = select(LedgerEntry.entry_id).where(
        LedgerEntry.guild_id == session.guild_id, LedgerEntry.source == "transfer", LedgerEntry.source_id.in_(ids)
    )
    await session.execute(
        update(EntryText)
        .where(EntryText.guild_id == session.guild_id, EntryText.entry_id.in_(entries))
        .values(reason="between members")
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Transfer)
        .where(Transfer.guild_id == session.guild_id, theirs)
        .values(reason="")
        .execution_options(synchronize_session=False)
    )
