"""Notices to bidders: who led until now."""

from typing import Final

from bot import outbox, people
from bot.stage import Session
from cogs.auctions.rules.bidding import decide_notice
from cogs.auctions.service import words
from cogs.auctions.service.sitting import Sitting

OUTBID: Final = "outbid"
"""The kind of notice that tells who led until now."""


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
