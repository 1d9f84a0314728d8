"""How an auction ends, and how its end moves.

settling    when its time is over, or a leader closes it: who won, awards, holds released
cancelling  nobody gets it: by a leader, or with its raid
moving      more time: from a leader, or because we were away
"""

from cogs.auctions.service.ending.cancelling import cancel, cancel_auctions_of_raid
from cogs.auctions.service.ending.moving import Extended, after_outage, extend
from cogs.auctions.service.ending.settling import AuctionWon, Ended, Won, close, settle

__all__ = [
    "AuctionWon",
    "Ended",
    "Extended",
    "Won",
    "after_outage",
    "cancel",
    "cancel_auctions_of_raid",
    "close",
    "extend",
    "settle",
]
