"""What people are told about bids and auctions: one sentence each, names made safe."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bot.kit.text import points, safe, when
from cogs.auctions.rules.bidding import BidAccepted, BidCode, BidQuestioned, BidRefused
from cogs.dkp.rules import Purse, spendable_in_words
from db.tables import Auction


def item(name: str) -> str:
    return f"**{safe(name)}**"


def accepted(item_name: str, bid: BidAccepted, left: Purse, *, extended: bool) -> str:
    """The panel's line after a bid; the numbers are the bidder's own."""
    moved = f" It ends {when(bid.after.ends_at)} now." if extended else ""
    leads = f"You lead {item(item_name)} at" if bid.changes_leader else f"You still lead {item(item_name)}, now at"
    return f"{leads} {points(bid.bid.amount)}.{moved} You can spend {spendable_in_words(left)}."


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


def refused(bid: BidRefused, auction: Any, purse: Purse, held_on: Sequence[str]) -> str:
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


def outbid(auction: Any, bid: BidAccepted, *, by: str, was: Decimal) -> str:
    """To who led until now; sent to them, so no names of others' points."""
    next_bid = points(bid.after.next_bid())
    return (
        f"{safe(by)} outbid your {points(was)} on {item(auction.item_name)}: it is at {points(bid.bid.amount)}, "
        f"the next bid is {next_bid}, and it ends {when(bid.after.ends_at)}. <#{auction.channel_id}>"
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
