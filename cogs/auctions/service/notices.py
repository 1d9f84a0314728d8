"""Notices to bidders: who led until now, and who won."""

from decimal import Decimal
from typing import Final

from bot import outbox
from bot.stage import Session
from cogs.auctions.rules.bidding import decide_notice
from cogs.auctions.service import words
from cogs.auctions.service.sitting import Sitting
from db.tables import Auction, Member

OUTBID: Final = "outbid"
"""The kind of notice that tells who led until now."""
WON: Final = "won"
"""The kind of notice that tells who won."""


def tell_outbid(session: Session, sitting: Sitting) -> None:
    """One message to each who stood and does not any more, however many bids it took.

    Where names are hidden, a ping would name who bid: there it is private or not at all.
    """
    row, after = sitting.row, sitting.auction
    channel_id = None if row.names_hidden else row.channel_id
    is_long = decide_notice(row.started_at, after.ends_at)
    for member_id, beaten in sitting.beaten.items():
        text = words.outbid(row, after, by=None if row.names_hidden else beaten.by, was=beaten.stood_at)
        key = f"ob{row.auction_id}x{max(sitting.rows)}m{member_id}"
        outbox.notify(session, key, text, sitting.seats[member_id].row, channel_id, OUTBID, is_long)


def tell_won(session: Session, auction: Auction, winner: Member, price: Decimal) -> None:
    """One message to who won, by default only after an auction of over ten minutes.

    The announcement pings them in the channel, so this one is private, and who chose pings has had theirs; auctions of
    a batch have no announcement.
    """
    announced = auction.auction_batch_id is None
    if announced and winner.pinged:
        return
    is_long = decide_notice(auction.started_at, auction.ends_at)
    key, channel_id = f"won{auction.auction_id}m{winner.member_id}", None if announced else auction.channel_id
    outbox.notify(session, key, words.you_won(auction, price), winner, channel_id, WON, is_long)
