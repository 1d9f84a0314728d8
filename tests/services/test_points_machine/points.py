"""Points moved by hand: adjustments, batches, gifts between people."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cogs.dkp.service import adjustments, batches, transfers
from tests.services.test_points_machine.auctions import STAKE, Auctions
from tests.services.test_points_machine.played import AMOUNT, ANYBODY, CAP, RAIDERS, WHO

KIND = st.sampled_from(("adjustment", "bonus", "penalty", "correction"))


class Points(Auctions):
    @rule(who=ANYBODY, amount=AMOUNT, kind=KIND)
    def adjusts(self, who: int, amount: Decimal, kind: Any) -> None:
        given = (f"#{self.anybody(who)}", amount, "a good night")
        self.does("adjust", lambda: adjustments.adjust(self.world.stage, self.officer, *given, kind=kind))

    @rule(who=st.sets(ANYBODY, min_size=1), amount=AMOUNT, kind=KIND)
    def adjusts_many(self, who: set[int], amount: Decimal, kind: Any) -> None:
        ids = tuple({self.anybody(one) for one in who})
        given = (ids, amount, "a good night")
        posted = self.does("batch", lambda: batches.adjust_many(self.world.stage, self.officer, *given, kind=kind))
        if posted is not None:
            [row] = self.rows(
                "SELECT sum(amount), count(*) FROM ledger_entry WHERE guild_id = $1 AND source = 'batch'"
                " AND source_id = $2",
                posted.batch_id,
            )
            assert (row["sum"], row["count"] <= len(ids)) == (posted.total, True)

    @rule(giver=WHO, to=st.integers(1, RAIDERS), stake=STAKE)
    def gives_points_away(self, giver: int, to: int, stake: Decimal | str) -> None:
        self.gives(giver, to, stake)

    @rule(who=WHO, stakes=st.lists(st.tuples(st.booleans(), STAKE), min_size=2, max_size=4))
    def wants_to_spend_the_same_points_again(self, who: int, stakes: list[tuple[bool, Decimal | str]]) -> None:
        """One person who bids in several auctions and gives points away meanwhile."""
        for bids, stake in stakes:
            if bids:
                self.bids(who, self.new_auction(), stake)
            else:
                self.gives(who, 1, stake)

    def gives(self, giver: int, to: int, stake: Decimal | str) -> None:
        """To somebody else; who has no Discord account may not be given any."""
        taker = self.anybody((giver + to) % RAIDERS if to < RAIDERS else RAIDERS)
        before, amount = self.total(), self.stake(self.ids[giver], stake)
        given = self.does(
            "transfer", lambda: transfers.transfer(self.world.stage, self.raiders[giver], f"#{taker}", amount)
        )
        assert self.total() == before, "a transfer neither makes nor loses points"
        if given is not None:
            assert given.left == self.spendable(self.ids[giver]) >= 0, "a transfer took what could not be spent"
            assert self.balances()[taker] <= CAP
