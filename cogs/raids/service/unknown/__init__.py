"""Names of imported files that led to nobody: queued, then sorted out by a leader, then credited.

Sorting a name out makes it a character, with a history that reaches back to the file, so that from then on it leads to
its owner like any other. Crediting is a step of its own, a transaction a raid: every waiting row whose name leads to a
person at the moment it was seen is credited with its tick, once a person and tick. A crash between the two loses
nothing: the rows wait, and the panel offers to credit the names that are known now.
"""

from cogs.raids.service.unknown.crediting import NamesCredited, credit_given, credit_known
from cogs.raids.service.unknown.linking import NameGiven, bring_back, give_name, ignore_name, make_person
from cogs.raids.service.unknown.queue import (
    Gain,
    Waiting,
    gain_of,
    get_name,
    get_waiting,
    ignored_rows,
    known_now,
    queue_unknown,
    standing_member,
    waiting_names,
)

__all__ = [
    "Gain",
    "NameGiven",
    "NamesCredited",
    "Waiting",
    "bring_back",
    "credit_given",
    "credit_known",
    "gain_of",
    "get_name",
    "get_waiting",
    "give_name",
    "ignore_name",
    "ignored_rows",
    "known_now",
    "make_person",
    "queue_unknown",
    "standing_member",
    "waiting_names",
]
