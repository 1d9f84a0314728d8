"""Claims: "I was there", made by a member, decided once by a leader or by time.

A decision is a guarded update of the claim's row: of two leaders who press at once, or a leader and the clock, the
first decides and the other is told. Accepting locks the raid first, so it crosses neither a tick nor an import.
"""

from cogs.raids.service.claims.deciding import (
    LAPSE,
    NOTICE,
    ClaimAnswered,
    accept_claim,
    check_open,
    lapse_claim,
    refuse_claim,
    refuse_of_cancelled,
    ticks_in_words,
)
from cogs.raids.service.claims.making import ClaimMade, make_claim
from cogs.raids.service.claims.shown import ClaimCard, load_claim

__all__ = [
    "LAPSE",
    "NOTICE",
    "ClaimAnswered",
    "ClaimCard",
    "ClaimMade",
    "accept_claim",
    "check_open",
    "lapse_claim",
    "load_claim",
    "make_claim",
    "refuse_claim",
    "refuse_of_cancelled",
    "ticks_in_words",
]
