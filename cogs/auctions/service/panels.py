"""What a person's private panel for an auction shows: their own line, and what they can press."""

from dataclasses import dataclass
from decimal import Decimal

from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.standing import may_retract
from cogs.auctions.rules.terms import Kind, Status
from cogs.dkp.rules import Purse

Characters = tuple[tuple[int, str], ...]
"""Somebody's active characters by id, the main first."""


@dataclass(frozen=True, slots=True)
class Panel:
    """`sentence` stands alone; the rest is for buttons, which are shown only where `can_bid`."""

    auction_id: int
    sentence: str
    kind: Kind
    next_bid: Decimal
    """The least that is taken from them now."""
    increment: Decimal
    can_bid: bool
    """It is open and not paused, and the person has the right to bid."""
    leads: bool
    """Something of theirs stands; in sealed forms: they made an offer."""
    takes_maximum: bool
    may_retract: bool
    all_in: Decimal | None
    """Everything they could bid, where the guild wants the button and it is at least the next bid."""
    characters: Characters


def panel_for(
    auction_id: int,
    auction: rules.Auction,
    member_id: int,
    purse: Purse,
    *,
    sentence: str,
    can_bid: bool,
    has_live_bid: bool,
    all_in: bool,
    characters: Characters,
) -> Panel:
    """`purse` with what this auction holds of theirs in it; `all_in`: the guild's setting."""
    own = auction.of(member_id)
    next_bid = auction.next_bid(member_id)
    everything = purse.spendable + (Decimal(0) if own is None else own.most)
    return Panel(
        auction_id,
        sentence,
        auction.terms.kind,
        next_bid,
        auction.terms.step_at(next_bid),
        can_bid and auction.status is Status.OPEN and auction.paused_at is None,
        own is not None,
        auction.terms.takes_maximum,
        has_live_bid and may_retract(auction, member_id),
        everything if all_in and everything >= next_bid else None,
        characters,
    )
