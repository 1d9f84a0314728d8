"""What a person's private panel for an auction shows: their own line, and what they can press."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from bot.typed import MOST_POINTS
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
    character_id: int = 0
    """Whom their bid there is for; 0: the main, or nobody yet."""


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
    character_id: int = 0,
) -> Panel:
    """`purse` with what this auction holds of theirs in it; `all_in`: the guild's setting."""
    own = auction.of(member_id)
    next_bid = auction.next_bid(member_id)
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
        _everything(auction, own, purse, next_bid) if all_in else None,
        characters,
        character_id,
    )


def _everything(auction: rules.Auction, own: rules.Bid | None, purse: Purse, next_bid: Decimal) -> Decimal | None:
    """All somebody could bid in the pool's places, if it is taken and says more than their offer does already."""
    spendable = purse.spendable + (Decimal(0) if own is None else own.most)
    whole = min(spendable, MOST_POINTS).quantize(Decimal(1).scaleb(-auction.terms.decimals), ROUND_DOWN)
    is_offered = auction.terms.kind.is_sealed and own is not None and own.amount >= whole
    return whole if whole >= next_bid and not is_offered else None
