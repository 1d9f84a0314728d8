"""The ledger's own functions: lock accounts, post entries, reverse them, hold and release points.

All of them join the caller's transaction. Locks are taken in one order, written here: raids, then applications, then
auctions, each kind by ascending id, ALL parents before ANY account; then, in one statement, every account the work
can touch, ordered by pool and member. Found one by one they deadlock (929 times in 1,200 batches; 0 locked up front).
"""

from cogs.dkp.service.ledger.carrying import CLAIM, Link, Move, carry, links_of
from cogs.dkp.service.ledger.chains import First, Last, chain_of, decayed_so_far, firsts, lasts
from cogs.dkp.service.ledger.checking import imbalances
from cogs.dkp.service.ledger.holding import hold, holders, publicly_held, release, release_all
from cogs.dkp.service.ledger.posting import (
    DoubleEntry,
    Key,
    NewEntry,
    Posted,
    Snapshot,
    default_pool,
    ids_array,
    lock_accounts,
    lock_pool,
    post,
    purse,
)
from cogs.dkp.service.ledger.reversing import (
    Reversed,
    load_entries,
    reverse,
    reversed_among,
    what_follows,
    what_moves_do,
)

__all__ = [
    "CLAIM",
    "DoubleEntry",
    "First",
    "Key",
    "Last",
    "Link",
    "Move",
    "NewEntry",
    "Posted",
    "Reversed",
    "Snapshot",
    "carry",
    "chain_of",
    "decayed_so_far",
    "default_pool",
    "firsts",
    "hold",
    "holders",
    "ids_array",
    "imbalances",
    "lasts",
    "links_of",
    "load_entries",
    "lock_accounts",
    "lock_pool",
    "post",
    "publicly_held",
    "purse",
    "release",
    "release_all",
    "reverse",
    "reversed_among",
    "what_follows",
    "what_moves_do",
]
