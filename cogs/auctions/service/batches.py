"""Auctions put up together: what happens when one of them ended."""

from bot.stage import Session
from cogs.auctions.service.state import redraw
from db.tables import Auction


async def ended(session: Session, auction: Auction) -> None:
    """One of a batch was won, found no bid, or was cancelled; called under its lock, after everything was written."""
    redraw(session, auction)
