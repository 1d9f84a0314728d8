"""Points: every movement of the ledger and every hold goes through `ledger`; the rest are use cases over it."""
