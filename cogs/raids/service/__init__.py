"""Use cases of a raid night. Each locks the raid's row first, then every account it touches in one statement.

evening   start, end, reopen, cancel            roster    check in, bench, leave; add, bring in, remove
ticks     take, by the clock, credit later      undo      take a tick back
imports   what a dump would do, and doing it    owners    whose a name was at a moment
credit    the one way a tick pays               card      what a raid looks like now
lookups   finding raids and ticks
"""
