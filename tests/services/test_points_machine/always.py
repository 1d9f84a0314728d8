"""What must be true after every step, whatever it was."""

from collections import defaultdict
from decimal import Decimal

from hypothesis.stateful import invariant

from bot.stage import Session
from cogs.dkp.rules import COLUMN
from tests.services.test_points_machine.played import CAP, D, Played

CREDITS = ("attendance", "bonus", "opening", "adjustment", "correction")
COLUMNS = ("opening", "earned", "spent", "adjusted")
Key = tuple[int, int]
"""(pool_id, member_id)"""


class Always(Played):
    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "ids"):
            return
        replayed = self._replay()
        holds = {
            (row["pool_id"], row["member_id"]): row["held"]
            for row in self.rows(
                """SELECT pool_id, member_id, sum(amount) AS held FROM hold
                   JOIN auction USING (guild_id, auction_id, pool_id)
                   WHERE guild_id = $1 AND status = 'open' GROUP BY 1, 2"""
            )
        }
        for row in self.rows("SELECT * FROM account WHERE guild_id = $1"):
            key = (row["pool_id"], row["member_id"])
            columns = replayed.pop(key, dict.fromkeys(COLUMNS, D(0)))
            assert {name: row[name] for name in columns} == columns, "replaying the ledger gives another account"
            assert row["balance"] == row["opening"] + row["earned"] - row["spent"] + row["adjusted"]
            assert row["held"] == holds.pop(key, 0) >= 0, "what is held is not the sum of the open holds"
        assert not replayed
        assert not holds
        found = self.looks(_examine)
        assert not any(found.values()), found

    def _replay(self) -> dict[Key, dict[str, Decimal]]:
        """The four columns of every account, from the entries alone in their order; each is checked on the way."""
        accounts: dict[Key, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(COLUMNS, D(0)))
        balances: dict[Key, Decimal] = defaultdict(Decimal)
        own: dict[Key, Decimal] = defaultdict(Decimal)
        first: dict[int, tuple[str, str]] = {}
        amounts: dict[int, Decimal] = {}
        reversed_: set[int] = set()
        openings: set[Key] = set()
        for entry in self.rows("SELECT * FROM ledger_entry WHERE guild_id = $1 ORDER BY entry_id"):
            key, amount, cause = (entry["pool_id"], entry["member_id"]), entry["amount"], entry["reverses_entry_id"]
            begun = first[entry["entry_id"]] = (entry["kind"], entry["source"]) if cause is None else first[cause]
            amounts[entry["entry_id"]] = amount
            column = COLUMN[begun[0]]
            accounts[key][column] += -amount if column == "spent" else amount
            balances[key] += amount
            own[key] += amount if begun[1] != "claim" else 0
            assert entry["balance_after"] == balances[key], "the balance after an entry is not the running sum"
            assert amount == round(amount, 1) != 0, "finer than the pool"
            if cause is not None:
                assert cause not in reversed_, "reversed twice"
                assert amount == -amounts[cause]
                reversed_.add(cause)
            if entry["kind"] in CREDITS and entry["source"] != "import" and amount > 0:
                assert entry["balance_after"] <= CAP, "a credit passed the cap"
            if entry["kind"] == "opening":
                assert key not in openings, "start points twice"
                openings.add(key)
        self._check_links(own, balances)
        return accounts

    def _check_links(self, own: dict[Key, Decimal], balances: dict[Key, Decimal]) -> None:
        """Who was absorbed has nothing; everybody else what was posted to their rows, theirs and those they absorbed.

        That is so whatever was posted or undone before, during and after a link, and whatever became of the link.
        """
        absorbed = {
            row["member_id"]: row["absorbed_by_member_id"]
            for row in self.rows(
                "SELECT member_id, absorbed_by_member_id FROM member WHERE guild_id = $1"
                " AND absorbed_by_member_id IS NOT NULL"
            )
        }
        expected: dict[Key, Decimal] = defaultdict(Decimal)
        for (pool_id, member_id), amount in own.items():
            expected[pool_id, absorbed.get(member_id, member_id)] += amount
        for key in {*balances, *expected}:
            assert balances[key] == expected[key], f"{key} has {balances[key]}, what is theirs comes to {expected[key]}"


async def _examine(session: Session) -> dict[str, list[str]]:
    """What each slice's own checks find."""
    return {name: await check(session) for name, check in session.stage.registry.doctor.items()}
