"""Auctions put up together: what their one board shows, and the one summary when the last of them ended."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from bot import outbox
from bot.kit.text import GAME_LINE, MESSAGE_TEXT, clip, fit_lines, paste_block, paste_line, points, safe
from bot.stage import Session
from cogs.auctions.rules.terms import Status, WithoutBid
from cogs.auctions.service.looking.cards import Won, outcomes
from cogs.auctions.service.looking.lists import WITH_STANDING, where_it_stands, who_leads
from cogs.auctions.service.state import redraw
from cogs.auctions.service.words import MOST_PINGED
from db.tables import Auction, AuctionBatch, Award, Member

_PASTED: Final = 700
"""Characters of a summary for the lines to paste into the game."""


@dataclass(frozen=True, slots=True)
class Item:
    """One auction of a batch, as anybody may see it: of what is sealed only how many offers there are."""

    auction_id: int
    name: str
    quantity: int
    status: Status
    stands: str
    """While it runs, in words: "at 45 by Anna", "3 offers"."""
    ends_at: datetime
    left: timedelta | None
    """While it is paused: what is left."""
    won: tuple[Won, ...]
    without_bid: WithoutBid


async def items_of(session: Session, batch_id: int) -> list[Item]:
    """The batch's auctions, as they were typed."""
    query = WITH_STANDING.where(Auction.guild_id == session.guild_id, Auction.auction_batch_id == batch_id)
    rows = (await session.execute(query.order_by(Auction.auction_id))).all()
    numbers = [row.Auction.auction_id for row in rows]
    theirs = select(Award).where(Award.guild_id == session.guild_id, Award.auction_id.in_(numbers))
    awards: dict[int | None, list[Award]] = defaultdict(list)
    for award in (await session.execute(theirs.order_by(Award.award_id))).scalars():
        awards[award.auction_id].append(award)
    return [_item(row, awards[row.Auction.auction_id]) for row in rows]


def _item(row: Any, awards: list[Award]) -> Item:
    auction: Auction = row.Auction
    return Item(
        auction_id=auction.auction_id,
        name=auction.item_name,
        quantity=auction.quantity,
        status=Status(auction.status),
        stands=where_it_stands(row) + who_leads(row),
        ends_at=auction.ends_at,
        left=None if auction.paused_at is None else auction.ends_at - auction.paused_at,
        won=outcomes(awards),
        without_bid=WithoutBid(auction.without_bid),
    )


async def ended(session: Session, auction: Auction) -> None:
    """One of a batch was won, found no bid, or was cancelled; called under its lock, after everything was written.

    The batch's row is locked after everything else, so that of two that end at once the second sees the first, and
    the summary is posted once.
    """
    await session.flush()
    this = (AuctionBatch.guild_id == session.guild_id, AuctionBatch.auction_batch_id == auction.auction_batch_id)
    batch = (await session.execute(select(AuctionBatch).where(*this).with_for_update())).scalar_one()
    running = select(func.count()).where(
        Auction.guild_id == session.guild_id,
        Auction.auction_batch_id == batch.auction_batch_id,
        Auction.status == "open",
    )
    if batch.summed_up_at is None and not (await session.execute(running)).scalar_one():
        batch.summed_up_at = session.now
        await _sum_up(session, batch)
    redraw(session, auction)


async def _sum_up(session: Session, batch: AuctionBatch) -> None:
    """Who got what, once, in the loot channel or else where it was bid for; the winners are pinged."""
    items = await items_of(session, batch.auction_batch_id)
    winners = (
        select(Member.discord_user_id)
        .join(Award, (Award.guild_id == Member.guild_id) & (Award.member_id == Member.member_id))
        .join(Auction, (Auction.guild_id == Award.guild_id) & (Auction.auction_id == Award.auction_id))
        .where(
            Member.guild_id == session.guild_id,
            Auction.auction_batch_id == batch.auction_batch_id,
            Award.undone_at.is_(None),
            Member.discord_user_id.is_not(None),
        )
        .distinct()
        .order_by(Member.discord_user_id)
        .limit(MOST_PINGED)
    )
    pinged = [user_id for user_id in (await session.execute(winners)).scalars() if user_id is not None]
    head = f"**{len(items)} items are decided.** {' '.join(f'<@{user_id}>' for user_id in pinged)}".rstrip()
    pasted = paste_block(fit_lines(game_lines(items), _PASTED))
    texts = [head]
    for part in (*map(in_words, items), pasted):
        if len(texts[-1]) + len(part) + 1 <= MESSAGE_TEXT:
            texts[-1] += f"\n{part}"
        else:
            texts.append(clip(part, MESSAGE_TEXT))
    channel_id = session.guild.loot_channel_id or batch.channel_id
    for number, text in enumerate(texts):
        key, mention = f"batch{batch.auction_batch_id}x{number}", pinged if number == 0 else []
        outbox.send(session, key, text, channel_id=channel_id, mention=mention)


def in_words(item: Item) -> str:
    """How it ended: "**Cloak of Flames** → Anna for 45"."""
    return f"{titled(item)} → {outcome(item)}"


def titled(item: Item) -> str:
    copies = f" ×{item.quantity}" if item.quantity > 1 else ""
    return f"**{safe(clip(item.name, 60))}**{copies}"


def outcome(item: Item) -> str:
    """Of one that is over: who has it, for what; or why nobody does."""
    if item.won:
        return ", ".join(_got(won) if won.undone is None else f"~~{_got(won)}~~ undone" for won in item.won)
    if item.status is Status.CANCELLED:
        return "cancelled"
    return f"nobody bid: {_NOBODY[item.without_bid]}"


_NOBODY: Final = {
    WithoutBid.ROTS: "it rots",
    WithoutBid.GIVEN: "a leader gives it away",
    WithoutBid.BANK: "to the guild bank",
}


def _got(won: Won) -> str:
    who = safe(won.name) + (f" ({safe(won.character)})" if won.character and won.character != won.name else "")
    return who if won.how == "given" else f"{who} for **{points(won.price)}**"


def game_lines(items: list[Item]) -> list[str]:
    """What a raid leader pastes into the game: as few lines as its chat allows."""
    lines: list[str] = []
    for item in items:
        got = [f"{w.character or w.name} {points(w.price)}" for w in item.won if w.undone is None]
        part = paste_line(f"{item.name}: {', '.join(got) or 'nobody'}")
        if lines and len(lines[-1]) + len(part) + 3 <= GAME_LINE:
            lines[-1] += f" | {part}"
        else:
            lines.append(part)
    return lines
