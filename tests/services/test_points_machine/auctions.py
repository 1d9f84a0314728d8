"""Auctions bid on to the border of what may be spent, and items given without one."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cogs.auctions import service as auctions
from cogs.loot.service import award_item
from tests.services.test_points_machine.played import ABOVE_ZERO, ANYBODY, CHANNEL, TICK, WHICH, WHO, D, Played

STAKE = st.one_of(ABOVE_ZERO, st.sampled_from(("all they can spend", "a tenth more", "all they have")))
"""What somebody bids or gives away: mostly an amount, often just at the border of what they may."""


class Auctions(Played):
    def open_auction(self, which: int) -> int | None:
        query = "SELECT auction_id FROM auction WHERE guild_id = $1 AND status = 'open' ORDER BY 1 DESC"
        return self.pick(query, which)

    def stake(self, member_id: int, stake: Decimal | str) -> Decimal:
        """The amount somebody means, at least a tenth."""
        if isinstance(stake, Decimal):
            return stake
        free = self.spendable(member_id)
        amounts = {
            "all they can spend": free,
            "a tenth more": free + D("0.1"),
            "all they have": self.balances()[member_id],
        }
        return max(amounts[stake], D("0.1"))

    @rule(which=WHICH, offers=st.lists(st.tuples(WHO, STAKE), min_size=1, max_size=3), new=st.booleans())
    def bid(self, which: int, offers: list[tuple[int, Decimal | str]], new: bool) -> None:
        """On an auction that is open, else on a new one."""
        auction = (None if new else self.open_auction(which)) or self.new_auction()
        for who, stake in offers:
            self.bids(who, auction, stake)

    def new_auction(self) -> int:
        terms = {"channel_id": CHANNEL, "bidders": "members", "second_copy": True}
        item = "Cloak of Flames"
        started = self.does("auction", lambda: auctions.start(self.world.stage, self.officer, item, **terms))
        return started.started[0].auction_id

    def bids(self, who: int, auction: int, stake: Decimal | str) -> None:
        bid = (auction, self.stake(self.ids[who], stake))
        answer = self.does("bid", lambda: auctions.place_bid(self.world.stage, self.raiders[who], *bid))
        if answer is not None and answer.outcome == "accepted":
            assert self.spendable(self.ids[who]) >= 0, "a bid took what could not be spent"

    @rule(who=WHO, which=WHICH)
    def voids_a_bid(self, who: int, which: int) -> None:
        if (auction := self.open_auction(which)) is not None:
            bid = (auction, self.raiders[who].name, "mistyped")
            self.does("bid voided", lambda: auctions.void_bid(self.world.stage, self.officer, *bid))

    @rule(which=WHICH, act=st.sampled_from((auctions.close, auctions.cancel)))
    def stops_an_auction(self, which: int, act: Any) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does(act.__name__, lambda: act(self.world.stage, self.officer, auction, "it is late"))

    @rule(who=ANYBODY, cost=TICK)
    def gives_an_item(self, who: int, cost: Decimal) -> None:
        """Decided outside; in the raid that runs, if there is one."""
        given = ("Fungi Tunic", f"#{self.anybody(who)}")
        how = {"channel_id": CHANNEL, "cost": cost, "sure": True}
        self.does("item given", lambda: award_item(self.world.stage, self.officer, *given, **how))
