"""What people are told about bids and auctions: one sentence each, names made safe."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.kit.text import points, safe, when
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.bidding import BidAccepted, BidCode, BidQuestioned, BidRefused
from cogs.dkp.rules import Purse, spendable_in_words
from db.tables import Auction

if TYPE_CHECKING:
    from cogs.auctions.service.sitting import Seat


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
    name, after = item(auction.item_name), bid.after
    moved = f" It ends {when(after.ends_at)} now." if after.ends_at != auction.ends_at else ""
    spendable = f"You can spend {spendable_in_words(left)}."
    if after.terms.kind.is_sealed:
        return f"Your offer of {points(bid.bid.amount)} on {name} is in; nobody sees it before the end. {spendable}"
    if not bid.stands:
        price, next_bid = points(after.price or Decimal(0)), points(after.next_bid())
        return f"Answered by an earlier maximum: {name} is at {price}, the next bid is {next_bid}. {spendable}"
    still = "You lead" if bid.changes_leader else "You still lead"
    if not after.terms.takes_maximum:
        return f"You stand on {name} with {points(bid.bid.amount)}.{moved} {spendable}"
    price = after.price or bid.bid.amount
    up_to = f", up to {points(bid.bid.most)}" if bid.bid.most > price else ""
    at = f" at {points(price)}" if bid.changes_leader else f", now at {points(price)}"
    return f"{still} {name}{at}{up_to}.{moved} {spendable}"


def asked(question: BidQuestioned, item_name: str) -> str:
    return (
        f"{points(question.amount)} is more than twice the next bid on {item(item_name)}, "
        f"which is {points(question.next_bid)}. Do you mean it?"
    )


def not_an_amount(bid: BidRefused, decimals: int) -> str:
    if bid.code is BidCode.TOO_FINE:
        allowed = {0: "whole points", 1: "one decimal"}.get(decimals, f"{decimals} decimals")
        return f"This pool counts in {allowed}: bid {points(bid.next_bid)} or more."
    return f"That is no amount to bid: bid {points(bid.next_bid)} or more."


def refused(bid: BidRefused, auction: Any, purse: Purse, held_on: Sequence[str], seat: "Seat") -> str:
    """What is wrong and what to do."""
    name, next_bid = item(auction.item_name), f"The next bid is {points(bid.next_bid)}."
    match bid.code:
        case BidCode.CLOSED:
            return f"The auction of {name} is over: no bid counts any more."
        case BidCode.LATE:
            return f"Too late: the bidding on {name} ended {when(auction.ends_at, 'T')}, before your bid came in."
        case BidCode.NOT_IN_RAID:
            raid = safe(auction.raid_name or "the raid")
            if auction.raid_status == "running":
                return f"Only who is at {raid} bids on {name}: check in, then bid."
            return f"Only who was at {raid} bids on {name}: ask a raid leader to add you to it."
        case BidCode.PAUSED:
            return f"The bidding on {name} is paused: try again when a raid leader goes on with it."
        case BidCode.NOT_IN_ROLE:
            return f"Only <@&{auction.bidders_role_id}> may bid on {name}."
        case BidCode.LOW_ATTENDANCE:
            had = "none yet" if seat.figure is None else str(seat.figure)
            return f"{name} asks for {auction.bidders_percent} % of attendance in 30 days; yours is {had}."
        case BidCode.WON_TONIGHT:
            return f"You won {safe(seat.won or 'something')} tonight, and {name} has one win a night."
        case BidCode.NO_MAXIMUM:
            return f"{name} takes no maximum: bid an amount. {next_bid}"
        case BidCode.UNCHANGED:
            return f"That is what you offer on {name} already; nothing changed."
        case BidCode.NO_LOWERING:
            return f"An offer on {name} can only be raised; yours stays as it is."
        case BidCode.TOO_LOW if bid.leads and bid.price is not None and bid.next_bid <= bid.price:
            return f"{name} is at {points(bid.price)}: your maximum can be {points(bid.next_bid)} or more."
        case BidCode.TOO_LOW if bid.leads:
            return f"You lead {name} at {points(bid.price or Decimal(0))} already. {next_bid}"
        case BidCode.TOO_LOW if bid.price is None:
            return f"Bids on {name} begin at {points(bid.next_bid)}."
        case BidCode.TOO_LOW:
            return f"{name} is at {points(bid.price or Decimal(0))} now. {next_bid}"
        case _:
            spendable = spendable_in_words(purse, [safe(name) for name in held_on])
            if bid.leads:
                more = points(bid.amount - bid.own_hold)
                return f"Raising your bid to {points(bid.amount)} takes {more} more. You can spend {spendable}."
            return f"You can spend {spendable}. {next_bid}"


def outbid(auction: Any, after: rules.Auction, *, by: str | None, was: Decimal) -> str:
    """To who led until now; sent to them, so no names of others' points. `by` None: names are hidden."""
    standing = after.price if after.price is not None else after.standing[-1].amount
    who = "Somebody" if by is None else safe(by)
    return (
        f"{who} outbid your {points(was)} on {item(auction.item_name)}: it is at {points(standing)}, "
        f"the next bid is {points(after.next_bid())}, and it ends {when(after.ends_at)}. <#{auction.channel_id}>"
    )


def your_bid_voided(auction: Auction, amount: Decimal, reason: str) -> str:
    return f"Your bid of {points(amount)} on {item(auction.item_name)} was voided: {safe(reason)}."


def you_stand_again(auction: Auction, amount: Decimal) -> str:
    return (
        f"Your bid of {points(amount)} leads {item(auction.item_name)} again, because a higher one fell away. "
        f"It ends {when(auction.ends_at)}. <#{auction.channel_id}>"
    )


def you_were_skipped(auction: Auction, amount: Decimal) -> str:
    return (
        f"A higher bid on {item(auction.item_name)} fell away, but you can no longer spend the {points(amount)} you "
        f"bid, so it does not lead. It ends {when(auction.ends_at)}. <#{auction.channel_id}>"
    )


def cancelled(auction: Auction, reason: str, mentions: Sequence[int]) -> str:
    pinged = " ".join(f"<@{user_id}>" for user_id in mentions)
    told = f" Your points are free again: {pinged}" if pinged else ""
    return f"The auction of {item(auction.item_name)} was cancelled: {safe(reason)}.{told}"


def time_given_back(auction: Auction) -> str:
    return (
        f"I was away near the end of {item(auction.item_name)}, so bidding goes on: it ends "
        f"{when(auction.ends_at)} ({when(auction.ends_at, 'T')})."
    )
