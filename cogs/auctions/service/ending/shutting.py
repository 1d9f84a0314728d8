"""What every end of an auction does to its row, its due work and its board."""

from bot import due
from bot.stage import Session
from cogs.auctions.rules.terms import Status
from cogs.auctions.service import batches
from cogs.auctions.service.state import SETTLE, redraw
from db.tables import Auction


async def shut(session: Session, auction: Auction, status: Status) -> None:
    """Call it last: the batch it belongs to may have ended with it."""
    auction.status, auction.closed_at, auction.paused_at = str(status), session.now, None
    await due.cancel(session, SETTLE, auction.auction_id)
    redraw(session, auction)
    if auction.auction_batch_id is not None:
        await batches.ended(session, auction)
