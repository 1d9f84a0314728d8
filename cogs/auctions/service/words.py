"""What people are told about bids and auctions: one sentence each, names made safe."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.kit.text import points, safe, when
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.bidding import BidAccepted, BidCode, BidQuestioned, BidRefused
from cogs.auctions.rules.terms import Kind
from cogs.dkp.rules import Purse, spendable_in_words
from db.tables import Auction, Bid

if TYPE_CHECKING:
    from cogs.auctions.service.sitting import Seat

MOST_PINGED: Final = 60
"""Mentions beside which the words still fit into one message."""


def item(name: str) -> str:
    return f"**{safe(name)}**"


def counted(number: int, noun: str) -> str:
    """ "1 offer", "3 offers"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def left_in_words(left: timedelta) -> str:
    """ "2 minutes 5 seconds": the two largest units, rounded down."""
    seconds, parts = max(0, int(left.total_seconds())), []
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, length)
        if number or (unit == "second" and not parts):
            parts.append(counted(number, unit))
    return " ".join(parts[:2])


def accepted(auction: Any, bid: BidAccepted, left: Purse) -> str:
    """The panel's line after a bid; the numbers are the bidder's own."""
    name, after, amount = item(auction.item_name), bid.after, points(bid.bid.amount)
    moved = f" It ends {when(after.ends_at)} now." if after.ends_at != auction.ends_at else ""
    spendable = f"You can spend {spendable_in_words(left)}."
    if after.terms.kind.is_sealed:
        return f"Your offer of {amount} on {name} is in; nobody sees it before it ends. {spendable}"
    if not bid.stands:
        price, next_bid = points(after.price or Decimal(0)), points(after.next_bid())
        return f"Answered by an earlier maximum: {name} is at {price}, the next bid is {next_bid}. {spendable}"
    if not after.terms.takes_maximum:
        return f"Your {amount} stands for one of {after.terms.quantity} copies of {name}.{moved} {spendable}"
    price = after.price or bid.bid.amount
    up_to = ""
    if bid.bid.most > price:
        up_to = f", up to {points(bid.bid.most)}: others are answered for you"
    leads = f"You lead {name} at" if bid.changes_leader else f"You still lead {name}, now at"
    return f"{leads} {points(price)}{up_to}.{moved} {spendable}"


def asked(question: BidQuestioned, item_name: str) -> str:
    return (
        f"{points(question.amount)} is more than twice the next bid on {item(item_name)}, "
        f"which is {points(question.next_bid)}. Do you mean it?"
    )


def not_an_amount(bid: BidRefused, decimals: int) -> str:
    if bid.code is BidCode.TOO_FINE:
        allowed = {0: "whole points", 1: "one decimal"}.get(decimals, f"{decimals} decimals")
        return f"This pool counts in {allowed}: type {points(bid.next_bid)} or more."
    return f"That is no amount to bid: type {points(bid.next_bid)} or more."


def refused(bid: BidRefused, auction: Any, purse: Purse, held_on: Sequence[str], seat: "Seat") -> str:
    """What is wrong and what to do."""
    match bid.code:
        case BidCode.CLOSED | BidCode.LATE | BidCode.PAUSED:
            return _not_now(bid, auction)
        case BidCode.NOT_IN_RAID | BidCode.NOT_IN_ROLE | BidCode.LOW_ATTENDANCE | BidCode.WON_TONIGHT:
            return _not_you(bid, auction, seat)
        case BidCode.CANNOT_AFFORD:
            return _not_enough(bid, auction, spendable_in_words(purse, [safe(name) for name in held_on]))
        case _:
            return _not_that(bid, auction)


def _not_now(bid: BidRefused, auction: Any) -> str:
    name = item(auction.item_name)
    if bid.code is BidCode.CLOSED:
        return f"The auction of {name} is over: no bid counts any more."
    if bid.code is BidCode.LATE:
        return f"Too late: the bidding on {name} ended {when(auction.ends_at, 'T')}, before your bid came in."
    left = left_in_words(auction.ends_at - auction.paused_at)
    return f"The bidding on {name} is paused with {left} left: bid again when a raid leader resumes it."


def _not_you(bid: BidRefused, auction: Any, seat: "Seat") -> str:
    name = item(auction.item_name)
    if bid.code is BidCode.NOT_IN_RAID:
        raid = safe(auction.raid_name or "the raid")
        if auction.raid_status == "running":
            return f"Only who is at {raid} bids on {name}: check in, then bid."
        return f"Only who was at {raid} bids on {name}: ask a raid leader to add you to it."
    if bid.code is BidCode.NOT_IN_ROLE:
        return (
            f"Only who has the role <@&{auction.bidders_role_id}> bids on {name}: ask an officer whether it is yours."
        )
    if bid.code is BidCode.LOW_ATTENDANCE:
        asks = f"{name} asks {auction.bidders_percent} %"
        if seat.figure is None or not seat.figure.total:
            return f"You have no attendance in 30 days yet, and {asks}: come to a raid first."
        had = f"{seat.figure.in_words()} ({seat.figure.attended} of {seat.figure.total})"
        return f"You have {had} attendance in 30 days, and {asks}: every raid you come to counts."
    return f"You won {item(seat.won or 'something')} tonight; one win a night here, so {name} is for the others."


def _not_enough(bid: BidRefused, auction: Any, spendable: str) -> str:
    noun = "offer" if _is_sealed(auction) else "bid"
    if bid.leads:
        more = points(bid.amount - bid.own_hold)
        return f"Raising your {noun} to {points(bid.amount)} takes {more} more. You can spend {spendable}."
    return f"You can spend {spendable}. {_next(bid, auction)}"


def _not_that(bid: BidRefused, auction: Any) -> str:
    name, price = item(auction.item_name), points(bid.price or Decimal(0))
    match bid.code:
        case BidCode.NO_MAXIMUM if _is_sealed(auction):
            return f"A sealed auction takes one offer and no maximum: offer on {name} what it is worth to you."
        case BidCode.NO_MAXIMUM:
            return f"With several copies there is no maximum: bid an amount on {name}. {_next(bid, auction)}"
        case BidCode.UNCHANGED:
            what = "offer" if _is_sealed(auction) else "maximum"
            return f"Your {what} on {name} is {points(bid.amount)} already; nothing changed."
        case BidCode.NO_LOWERING:
            return f"Offers on {name} can only be raised here: yours of {points(bid.own_hold)} stays."
        case _ if _is_sealed(auction):
            return f"Offers on {name} begin at {points(bid.next_bid)}."
        case _ if bid.price is None:
            return f"Bids on {name} begin at {points(bid.next_bid)}."
        case _ if bid.leads and bid.next_bid <= bid.price:
            return f"{name} is at {price}: your maximum can be {points(bid.next_bid)} or more."
        case _ if bid.leads and auction.quantity > 1:
            return f"You stand on {name} at {price} already. {_next(bid, auction)}"
        case _ if bid.leads:
            return f"You lead {name} at {price} already. {_next(bid, auction)}"
        case _ if auction.quantity > 1:
            return f"All {auction.quantity} copies of {name} are bid for, the lowest at {price}. {_next(bid, auction)}"
        case _:
            return f"{name} is at {price} now. {_next(bid, auction)}"


def _next(bid: BidRefused, auction: Any) -> str:
    return f"{'Offers begin at' if _is_sealed(auction) else 'The next bid is'} {points(bid.next_bid)}."


def _is_sealed(auction: Any) -> bool:
    return Kind(auction.kind).is_sealed


def outbid(auction: Any, after: rules.Auction, *, by: str | None, was: Decimal) -> str:
    """To who led until now; sent to them, so no names of others' points. `by` None: names are hidden."""
    stands = f"it is at {points(after.price)}" if after.price is not None else ""
    if not stands:
        stands = f"the lowest that stands is {points(after.standing[-1].amount)}"
    who = "Somebody" if by is None else safe(by)
    return (
        f"{who} outbid your {points(was)} on {item(auction.item_name)}: {stands}, "
        f"the next bid is {points(after.next_bid())}, and it ends {when(after.ends_at)}. <#{auction.channel_id}>"
    )


def your_bid_voided(auction: Auction, bid: Bid, reason: str) -> str:
    """No amount of an offer or a maximum: it may be read over somebody's shoulder."""
    if auction.kind != Kind.OPEN:
        what = "Your offer"
    elif bid.maximum is not None:
        what = "Your maximum"
    else:
        what = f"Your bid of {points(bid.amount)}"
    return f"{what} on {item(auction.item_name)} was voided: {safe(reason)}."


def you_stand_again(auction: Auction, amount: Decimal) -> str:
    leads = "leads" if auction.quantity == 1 else "stands on"
    return (
        f"Your bid of {points(amount)} {leads} {item(auction.item_name)} again, because a higher one fell away. "
        f"{_ends(auction)} <#{auction.channel_id}>"
    )


def you_were_skipped(auction: Auction, amount: Decimal) -> str:
    return (
        f"A higher bid on {item(auction.item_name)} fell away, but you can no longer spend the {points(amount)} you "
        f"bid, so it does not lead. {_ends(auction)} <#{auction.channel_id}>"
    )


def _ends(auction: Auction) -> str:
    return "It is paused now." if auction.paused_at is not None else f"It ends {when(auction.ends_at)}."


def you_won(auction: Auction, price: Decimal) -> str:
    return f"You won {item(auction.item_name)} for {points(price)}. <#{auction.channel_id}>"


def cancelled(auction: Auction, reason: str, mentions: Sequence[int]) -> str:
    pinged = " ".join(f"<@{user_id}>" for user_id in mentions)
    told = f" Your points are free again: {pinged}" if pinged else ""
    return f"The auction of {item(auction.item_name)} was cancelled: {safe(reason)}.{told}"


def time_given_back(auction: Auction) -> str:
    return (
        f"I was away near the end of {item(auction.item_name)}, so bidding goes on: it ends "
        f"{when(auction.ends_at)} ({when(auction.ends_at, 'T')})."
    )
