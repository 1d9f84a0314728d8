"""Any sequence of what happens in an auction house: after every step holds and balances are exact.

The plays are the same each time; AUCTION_MACHINE_EXAMPLES=500 plays that many others.
"""

import os

from tests.services.test_auction_machine.always import AlwaysHeld
from tests.services.test_points_machine.always import Always
from tests.services.test_points_machine.played import World, play

EXAMPLES = int(os.environ.get("AUCTION_MACHINE_EXAMPLES", "0"))
ALWAYS_COMES_ABOUT = ("auction", "bid", "maximum", "accepted: None", "refused: too_low", "left", "adjust")
MUST_COME_ABOUT = (
    "auction", "bid", "maximum", "accepted: None", "refused: too_low", "refused: cannot_afford", "retract", "void",
    "pause", "resume", "close", "cancel", "extend", "left", "adjust", "award undone",
)  # fmt: skip


class AuctionMachine(AlwaysHeld, Always):
    """Holds reckoned anew from the bids, accounts from the ledger."""


def test_whatever_happens_in_an_auction_house_holds_and_balances_are_exact(world: World) -> None:
    play(world, AuctionMachine, EXAMPLES, always=ALWAYS_COMES_ABOUT, sometimes=MUST_COME_ABOUT)
