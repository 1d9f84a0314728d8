"""The bids of one auction, as far as the reader may see them."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot.kit.text import points, safe, when
from bot.stage import Session
from cogs.auctions.rules.terms import Kind, Status
from cogs.auctions.service.looking.cards import awards_of
from cogs.auctions.service.state import get_auction, terms_of
from db.tables import Auction, Bid

_NEVER_OPENED = ("voided", "retracted", "cancelled")
_OWN_ALONE = ("refused", "replaced")


async def bids_of(session: Session, auction_id: int) -> list[str]:
    """The bids that may be seen, highest first.

    A maximum is its owner's for ever, a sealed offer until the end; what was refused or replaced is always theirs
    alone. Of a sealed offer that was taken out, or cancelled with its auction, others read that there was one and not
    how much: it was never opened.
    """
    auction = await get_auction(session, auction_id)
    me = session.me.member_id if session.me else None
    query = select(Bid).where(Bid.guild_id == session.guild_id, Bid.auction_id == auction_id)
    costs = {award.member_id: award.cost for award in await awards_of(session, auction_id) if award.how == "auction"}
    seen = [
        _Seen(auction, bid, bid.member_id == me, costs.get(bid.member_id))
        for bid in (await session.execute(query)).scalars()
    ]
    return [one.in_words() for one in sorted((one for one in seen if one.may_be_seen), key=_Seen.rank)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A bid and its reader."""

    auction: Auction
    bid: Bid
    is_own: bool
    cost: Decimal | None
    """What the bidder paid here."""

    @property
    def is_over(self) -> bool:
        return self.auction.status != Status.OPEN

    @property
    def is_sealed(self) -> bool:
        return self.auction.kind != Kind.OPEN

    @property
    def may_be_seen(self) -> bool:
        if self.is_own:
            return True
        return self.bid.status not in _OWN_ALONE and (self.is_over or not self.is_sealed)

    @property
    def amount(self) -> Decimal | None:
        """What the reader may know of it; None where that is nothing."""
        bid, auction = self.bid, self.auction
        if bid.status in ("standing", "won") and not self.is_sealed and auction.quantity == 1:
            # Under a maximum it is not what was bid aloud that leads, but the price.
            return auction.price if auction.price is not None else bid.amount
        if self.is_own:
            return bid.amount
        hides = self.is_sealed and bid.status in _NEVER_OPENED
        return None if hides or bid.maximum is not None else bid.amount

    def rank(self) -> tuple[bool, Decimal, int]:
        """Winners first, then by what is seen of each: an order by anything else would tell the rest."""
        return self.bid.status != "won", -(self.amount or self.auction.minimum), self.bid.sequence

    def in_words(self) -> str:
        bid = self.bid
        parts = [f"**{self._what()}** {self._who()}", when(bid.received_at, "T")]
        if self.is_sealed and terms_of(self.auction, 0).has_tiers:
            parts.append({"main": "for a main", "alt": "for an alt"}.get(bid.tier, "for no character"))
        return " · ".join([*parts, self._became()])

    def _what(self) -> str:
        if self.amount is None:
            return "an offer" if self.is_sealed else "a maximum"
        up_to = self.is_own and self.bid.maximum is not None and self.bid.maximum > self.amount
        return points(self.amount) + (f" up to {points(self.bid.maximum or self.amount)}" if up_to else "")

    def _who(self) -> str:
        bid = self.bid
        if self.auction.names_hidden and not self.is_over and not self.is_own:
            return "by somebody"
        played = bid.character_name if bid.character_name != bid.member_name else None
        return safe(bid.member_name) + (f" ({safe(played)})" if played else "")

    def _became(self) -> str:
        bid, price = self.bid, self.cost
        match bid.status:
            case "standing" if self.is_sealed:
                return "your offer, seen by you alone"
            case "standing":
                return "leads" if self.auction.quantity == 1 else "stands"
            case "won" if price is not None and price != self.amount:
                return f"won, for {points(price)}"
            case "outbid" | "lost":
                return "beaten" if bid.maximum is not None and not self.is_own else bid.status
            case "voided":
                return f"voided: {safe(bid.voided_reason or '')}"
            case "refused":
                return f"refused ({(bid.refusal_code or '').replace('_', ' ')}), seen by you alone"
            case "replaced":
                return "replaced, seen by you alone"
            case "retracted":
                return "taken back"
            case "cancelled":
                return "cancelled with the auction"
            case status:
                return status
