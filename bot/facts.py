"""Facts: frozen dataclasses named in the past tense, told after the commit through discord.py's own dispatch.

`session.tell(AuctionWon(...))` reaches every cog's `on_auction_won`. A listener may be missed in a crash; what must
happen is due work or an outbox row.
"""

import re


def event_name(fact: object) -> str:
    """AuctionWon -> auction_won, heard by `on_auction_won`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(fact).__name__).lower()
