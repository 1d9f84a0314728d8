"""Points that go over from a member who was absorbed to the one they turned out to be: a pair of entries a pool.

An absorbed member has a balance of 0 for good. When one of their old entries is reversed, the reversal is posted where
the entry is, and a further pair of the same link carries it on; undoing the link reverses all of its pairs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot.stage import Session
from cogs.dkp.service.ledger.posting import Key, NewEntry, ids_array, post
from db.tables import Account, Member, MemberLink

CLAIM = "claim"
"""The source of these entries; the link is their `source_id`."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that stands: whose points go where."""

    link_id: int
    from_member_id: int
    to_member_id: int
    to_name: str


@dataclass(frozen=True, slots=True)
class Move:
    """An amount (below zero: a debt) that goes over; `key` is unique among the moves of one link."""

    key: str
    pool_id: int
    link: Link
    amount: Decimal
    from_name: str


async def links_of(session: Session, member_ids: Collection[int]) -> dict[int, Link]:
    """The links of those of these members who were absorbed."""
    query = (
        select(MemberLink.member_link_id, Member.member_id, MemberLink.to_member_id)
        .join(MemberLink, (MemberLink.guild_id == Member.guild_id) & (MemberLink.from_member_id == Member.member_id))
        .where(
            Member.guild_id == session.guild_id,
            Member.member_id == ids_array(member_ids),
            Member.absorbed_by_member_id.is_not(None),
            MemberLink.undone_at.is_(None),
        )
    )
    found = (await session.execute(query)).all()
    if not found:
        return {}
    names = select(Member.member_id, Member.display_name).where(
        Member.guild_id == session.guild_id, Member.member_id == ids_array({row.to_member_id for row in found})
    )
    named = {row.member_id: row.display_name for row in await session.execute(names)}
    return {
        row.member_id: Link(row.member_link_id, row.member_id, row.to_member_id, named[row.to_member_id])
        for row in found
    }


async def carry(session: Session, moves: Sequence[Move], reason: str, accounts: dict[Key, Account]) -> None:
    """A pair of entries a move, on accounts the caller has locked. Neither floor nor cap binds it."""
    entries = []
    for move in moves:
        link = move.link
        sides = (
            ("from", link.from_member_id, -move.amount, move.from_name),
            ("to", link.to_member_id, move.amount, link.to_name),
        )
        entries += [
            NewEntry(
                pool_id=move.pool_id,
                member_id=member_id,
                kind="transfer",
                amount=amount,
                reason=reason,
                source=CLAIM,
                source_id=link.link_id,
                key=f"claim:{link.link_id}:{move.key}:{side}",
                member_name=name,
            )
            for side, member_id, amount, name in sides
        ]
    if entries:
        await post(session, entries, accounts, to_absorbed=True)
