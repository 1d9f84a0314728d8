"""Use cases of auctions: start, bid, void, end, look.

Every one locks in the one order (raid, auction, then all accounts in one statement) and records who did it.
"""

from cogs.auctions.service.bidding import BidAnswer, place_bid
from cogs.auctions.service.ending import (
    AuctionWon,
    Ended,
    after_outage,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    settle,
)
from cogs.auctions.service.interest import Others
from cogs.auctions.service.starting import StartAnswer, Started, start, start_batch
from cogs.auctions.service.state import SETTLE
from cogs.auctions.service.voiding import Voided, void_bid, void_bids_without_right

__all__ = [
    "SETTLE",
    "AuctionWon",
    "BidAnswer",
    "Ended",
    "Others",
    "StartAnswer",
    "Started",
    "Voided",
    "after_outage",
    "cancel",
    "cancel_auctions_of_raid",
    "close",
    "extend",
    "place_bid",
    "settle",
    "start",
    "start_batch",
    "void_bid",
    "void_bids_without_right",
]
