"""Use cases of auctions: start, bid, retract, void, pause, end, reassign, look.

Every one locks in the one order (raid, auction, then all accounts in one statement) and records who did it.
"""

from cogs.auctions.service.bidding import BidAnswer, place_bid
from cogs.auctions.service.ending import (
    AuctionWon,
    Ended,
    Extended,
    Won,
    after_outage,
    cancel,
    cancel_auctions_of_raid,
    close,
    extend,
    settle,
)
from cogs.auctions.service.interest import Others
from cogs.auctions.service.pausing import Paused, Resumed, pause, resume
from cogs.auctions.service.reassigning import Reassignment, give, preview_reassign, reassign
from cogs.auctions.service.retracting import Retracted, retract
from cogs.auctions.service.starting import Asked, StartAnswer, Started, start, start_batch
from cogs.auctions.service.state import SETTLE
from cogs.auctions.service.voiding import Voided, void_bid, void_bids_without_right, void_bids_without_role

__all__ = [
    "SETTLE",
    "Asked",
    "AuctionWon",
    "BidAnswer",
    "Ended",
    "Extended",
    "Others",
    "Paused",
    "Reassignment",
    "Resumed",
    "Retracted",
    "StartAnswer",
    "Started",
    "Voided",
    "Won",
    "after_outage",
    "cancel",
    "cancel_auctions_of_raid",
    "close",
    "extend",
    "give",
    "pause",
    "place_bid",
    "preview_reassign",
    "reassign",
    "resume",
    "retract",
    "settle",
    "start",
    "start_batch",
    "void_bid",
    "void_bids_without_right",
    "void_bids_without_role",
]
