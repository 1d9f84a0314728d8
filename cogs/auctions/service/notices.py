"""Notices to bidders: who led until now, and who won."""

from decimal import Decimal
from typing import Final

from bot import outbox, people
from bot.stage import Session
from cogs.auctions.rules.bidding import decide_notice
from cogs.auctions.service import words
from cogs.auctions.service.sitting import Sitting
from db.tables import Auction, Member

OUTBID: Final = "outbid"
"""The kind of notice that tells who led until now."""
WON: Final = "won"
"""The kind that tells who won an auction: privately, for the announcement pings them in the channel already."""


def tell_outbid(session: Session, sitting: Sitting) -> None:
    """One message to each who stood and does not any more, however many bids it took."""
    row, after = sitting.row, sitting.auction
    tells = decide_notice(row.started_at, after.ends_at)
    for member_id, beaten in sitting.beaten.items():
        person = sitting.seats[member_id].row
        if tells and person.discord_user_id is not None and people.wants(person, OUTBID):
            outbox.send(
                session,
                f"ob{row.auction_id}x{max(sitting.rows)}m{member_id}",
                words.outbid(row, after, by=None if row.names_hidden else beaten.by, was=beaten.stood_at),
                user_id=person.discord_user_id,
                channel_id=row.channel_id,
            )


def tell_won(session: Session, auction: Auction, winner: Member, price: Decimal) -> None:
    """One message to who won. By default only for auctions over ten minutes, so nobody at a raid is told twice."""
    tells = decide_notice(auction.started_at, auction.ends_at)
    if tells and winner.discord_user_id is not None and winner.left_at is None and people.wants(winner, WON):
        outbox.send(
            session,
            f"won{auction.auction_id}m{winner.member_id}",
            words.you_won(auction, price),
            user_id=winner.discord_user_id,
        )
