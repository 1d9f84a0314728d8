"""Somebody takes back what they bid, where the auction lets them."""

from dataclasses import dataclass

from bot import audit
from bot.kit.text import points, safe
from bot.stage import Session, use_case
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.standing import MayNotRetract, may_retract
from cogs.auctions.rules.terms import Retract, Status
from cogs.auctions.service.disappearing import lock_bidders, take_out
from cogs.auctions.service.state import Locked, lock


@dataclass(frozen=True, slots=True)
class Retracted:
    auction_id: int
    item_name: str

    def in_words(self) -> str:
        return f"You took back what you bid on **{safe(self.item_name)}**; nothing of yours is held for it."


@use_case("auctions.bid")
async def retract(session: Session, auction_id: int) -> Retracted:
    """All of one's live bids in an auction are gone. Refuses `MayNotRetract` with what to do instead."""
    locked = await lock(session, auction_id)
    auction, me = locked.auction, session.member.member_id
    name = safe(auction.item_name)
    is_cancelled = locked.raid is not None and locked.raid.status == "cancelled"
    if auction.status != Status.OPEN or is_cancelled:
        raise AuctionOver(f"The auction of {name} is over: nothing can be taken back any more.")
    if auction.paused_at is None and session.received_at >= auction.ends_at:
        raise AuctionOver(f"The bidding on {name} has just ended: nothing can be taken back any more.")
    theirs = [bid for bid in locked.open_bids if bid.member_id == me]
    if not theirs:
        raise MayNotRetract(f"You have no bid on {name} to take back.")
    if not may_retract(locked.as_rules(), me):
        raise MayNotRetract(_why_not(locked, me))
    audit.record(session, "auctions.bid.retracted", target_id=auction_id, about=me, after={"item": auction.item_name})
    await take_out(session, locked, theirs, await lock_bidders(session, locked), status="retracted")
    return Retracted(auction_id, auction.item_name)


def _why_not(locked: Locked, me: int) -> str:
    auction = locked.as_rules()
    own, ask = auction.of(me), "ask a raid leader to void it."
    if auction.terms.retract is Retract.NEVER or own is None:
        what = "offer" if auction.terms.kind.is_sealed else "bid"
        return f"No {what} on {safe(locked.auction.item_name)} can be taken back: {ask}"
    if auction.price is not None:
        return f"You lead at {points(auction.price)}, and a leading bid stays: {ask}"
    return f"You stand with {points(own.amount)}, and a bid that stands stays: {ask}"
