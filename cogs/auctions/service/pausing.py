"""An auction stands still for a while: nobody bids, everything stays held, and the clock waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import audit, due
from bot.kit.text import safe, when
from bot.stage import Session, use_case
from cogs.auctions.rules.ending import PauseRefused, decide_resumed_end, time_left
from cogs.auctions.service.interest import Others, lock_for_leader
from cogs.auctions.service.state import SETTLE, redraw, settle_later


@dataclass(frozen=True, slots=True)
class Paused:
    auction_id: int
    item_name: str
    left: timedelta
    """What is left to bid once it goes on, and at least 30 s."""


@dataclass(frozen=True, slots=True)
class Resumed:
    auction_id: int
    item_name: str
    ends_at: datetime


@use_case("auctions.manage")
async def pause(session: Session, auction_id: int, others: Others = Others()) -> Paused:
    """Stop the clock as of when this was pressed. Refuses `PauseRefused` twice, and once the end has passed."""
    locked = await lock_for_leader(session, auction_id, others)
    auction = locked.auction
    if auction.paused_at is not None:
        raise PauseRefused(f"{safe(auction.item_name)} is paused already; /auction resume goes on with it.")
    if session.received_at >= auction.ends_at:
        raise PauseRefused(f"The bidding on {safe(auction.item_name)} has just ended: there is nothing left to pause.")
    auction.paused_at = session.received_at
    await due.cancel(session, SETTLE, auction_id)
    audit.record(session, "auctions.paused", target_id=auction_id, after={"item": auction.item_name})
    redraw(session, auction)
    return Paused(auction_id, auction.item_name, time_left(locked.as_rules(), session.now))


@use_case("auctions.manage")
async def resume(session: Session, auction_id: int, others: Others = Others()) -> Resumed:
    """Go on with what was left, at least 30 s. Refuses `PauseRefused` what is not paused."""
    locked = await lock_for_leader(session, auction_id, others)
    auction = locked.auction
    if auction.paused_at is None:
        raise PauseRefused(f"{safe(auction.item_name)} is not paused: it ends {when(auction.ends_at)}.")
    auction.ends_at = decide_resumed_end(locked.as_rules(), session.now)
    auction.paused_at, auction.resumed_at = None, session.now
    await settle_later(session, auction)
    after = {"item": auction.item_name, "ends_at": auction.ends_at}
    audit.record(session, "auctions.resumed", target_id=auction_id, after=after)
    redraw(session, auction)
    return Resumed(auction_id, auction.item_name, auction.ends_at)
