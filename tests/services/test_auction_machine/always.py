"""What must be true of an auction house after every step, from the bids alone: who stands, what is held."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis.stateful import invariant

from cogs.auctions.service.state import read_steps
from tests.services.test_auction_machine.played import AuctionHouse


class AlwaysHeld(AuctionHouse):
    @invariant()
    def every_hold_is_what_a_bid_can_cost_now(self) -> None:
        if not hasattr(self, "ids"):
            return
        holds: dict[int, dict[int, Decimal]] = defaultdict(dict)
        for row in self.rows("SELECT auction_id, member_id, amount FROM hold WHERE guild_id = $1"):
            holds[row["auction_id"]][row["member_id"]] = row["amount"]
        bids: dict[int, list[Any]] = defaultdict(list)
        for row in self.rows("SELECT * FROM bid WHERE guild_id = $1 ORDER BY auction_id, sequence"):
            bids[row["auction_id"]].append(row)
        held: dict[int, Decimal] = defaultdict(Decimal)
        for auction in self.rows("SELECT * FROM auction WHERE guild_id = $1"):
            number = auction["auction_id"]
            expected = self._stands(auction, bids[number]) if auction["status"] == "open" else {}
            assert holds[number] == expected, f"auction {number} holds {holds[number]}, not {expected}"
            for member_id, amount in expected.items():
                held[member_id] += amount
            self._ended_right(auction, bids[number])
        for row in self.rows("SELECT member_id, held FROM account WHERE guild_id = $1"):
            assert row["held"] == held[row["member_id"]], "an account holds what no auction does"

    def _stands(self, auction: Any, bids: list[Any]) -> dict[int, Decimal]:
        """The most each person's bid can cost them, for whom it can cost anything."""
        standing = {row["member_id"]: row for row in bids if row["status"] == "standing"}
        assert len(standing) == sum(row["status"] == "standing" for row in bids), "somebody stands twice"
        most = {who: _most(row) for who, row in standing.items()}
        waiting = [row for row in bids if row["status"] == "outbid" and row["member_id"] not in standing]
        if auction["kind"] != "open":
            assert not waiting, "in a sealed form nobody waits"
            assert auction["price"] is None
            return most
        assert len(standing) <= auction["quantity"]
        if auction["quantity"] > 1:
            assert auction["price"] is None
            return most
        if not standing:
            assert auction["price"] is None
            return most
        [leader] = standing.values()
        price = auction["price"]
        assert auction["minimum"] <= price <= _most(leader), "the price is not between the minimum and the maximum"
        best = max((_most(row) for row in waiting if _most(row) <= _most(leader)), default=None)
        aloud = max(leader["amount"], auction["minimum"])
        if not self.fell_away(auction, bids):
            over = aloud if best is None else max(aloud, best + _step(auction, best))
            assert price == min(_most(leader), over), f"stands at {price}"
        return most

    def fell_away(self, auction: Any, bids: list[Any]) -> bool:
        """Once a bid was taken out or a maximum lowered, the price depends on what came before; the rules' own tests
        have that."""
        return any(row["status"] in ("voided", "retracted", "replaced") for row in bids)

    def _ended_right(self, auction: Any, bids: list[Any]) -> None:
        number = auction["auction_id"]
        awards = self.rows("SELECT * FROM award WHERE guild_id = $1 AND auction_id = $2", number)
        won = {row["member_id"]: row for row in bids if row["status"] == "won"}
        if auction["status"] != "won":
            assert not awards
            assert not won
            return
        assert 1 <= len(won) <= auction["quantity"], "more winners than copies"
        assert {award["member_id"] for award in awards} == set(won), "who won is not who was awarded"
        assert len(awards) == len(won), "an award twice"
        assert auction["trace"], "it does not say why"
        for award in awards:
            assert auction["minimum"] <= award["cost"] <= _most(won[award["member_id"]]), "paid more than was bid"
        assert not [row for row in bids if row["status"] in ("standing", "outbid")]


def _most(row: Any) -> Decimal:
    return row["amount"] if row["maximum"] is None else row["maximum"]


def _step(auction: Any, price: Decimal) -> Decimal:
    step = auction["increment"]
    for from_price, increment in read_steps(auction["steps"]):
        step = increment if price >= from_price else step
    return step
