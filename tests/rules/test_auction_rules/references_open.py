"""Open auctions as RECKONING tells them: keep everything said, and work the auction out anew each time."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Said:
    """A bid that was taken: up to `most`, and `aloud` for everybody to hear."""

    order: int
    who: int
    aloud: Decimal
    most: Decimal


def increment_at(price: Decimal, increment: Decimal, steps: list[tuple[Decimal, Decimal]]) -> Decimal:
    """The increment of the highest step that the price has reached."""
    reached = [(from_price, by) for from_price, by in steps if from_price <= price]
    return max(reached)[1] if reached else increment


class SlowOpen:
    """One copy, with maxima. Bids may be voided; everybody can always be held."""

    def __init__(self, minimum: Decimal, increment: Decimal, steps: list[tuple[Decimal, Decimal]]) -> None:
        self.minimum, self.increment, self.steps = minimum, increment, steps
        self.said: list[Said] = []
        self.leader: Said | None = None
        self.price: Decimal | None = None

    def over(self, price: Decimal) -> Decimal:
        return price + increment_at(price, self.increment, self.steps)

    @property
    def next_bid(self) -> Decimal:
        return self.minimum if self.price is None else self.over(self.price)

    def leads(self, who: int) -> bool:
        return self.leader is not None and self.leader.who == who

    def held(self, who: int) -> Decimal:
        """One a member and auction: the leader's maximum; outbid: none."""
        return self.leader.most if self.leader is not None and self.leader.who == who else Decimal(0)

    def why_not(self, who: int, amount: Decimal, is_maximum: bool, balance: Decimal) -> str | None:
        """The code of the refusal; None: it is taken."""
        if amount <= 0:
            return "bad_amount"
        if self.leads(who) and is_maximum:
            assert self.price is not None
            if amount == self.held(who):
                return "unchanged"
            if amount < self.price:
                return "too_low"
        elif amount < self.next_bid:
            return "too_low"
        old = self.held(who)
        new = amount if is_maximum else max(amount, old)
        return "cannot_afford" if new > old and new - old > balance - old else None

    def say(self, order: int, who: int, amount: Decimal, is_maximum: bool) -> Said:
        """A bid is taken: what it says, and where the auction stands then."""
        led, before = self.leads(who), self.price
        mine = self.leader if led else None
        if is_maximum:
            said = Said(order, who, mine.aloud if mine else self.minimum, amount)
            if led:  # A lowered maximum takes back whatever was higher.
                self.said = [each for each in self.said if each.who != who or each.most <= amount]
        else:
            said = Said(order, who, amount, max(amount, mine.most) if mine else amount)
        self.said.append(said)
        self.leader = said if led or self.best() is said else self.leader
        if led and before is not None:
            # Raising the maximum or lowering it: the price stays. A plain raise says its amount.
            self.price = before if is_maximum else amount
        else:
            self.price = self.formula()
        return said

    def void(self, orders: set[int]) -> None:
        """Resolve anew over all bids not voided, where the standing bid is among them; the price follows."""
        before, led = self.price, self.leader
        self.said = [each for each in self.said if each.order not in orders]
        if led is None or led.order in orders:
            self.leader = self.best() if self.said else None
        if self.leader is None:
            self.price = None
        elif self.leader is led and before is not None:
            self.price = min(before, self.formula())
        else:
            self.price = self.formula()

    def best(self) -> Said:
        """The best maximum; of equal ones the earlier leads."""
        return min(self.said, key=lambda each: (-each.most, each.order))

    def formula(self) -> Decimal:
        """min(leader's maximum, best other maximum + increment), at least the minimum and what the leader said."""
        assert self.leader is not None
        mine = [each for each in self.said if each.who == self.leader.who and each.most <= self.leader.most]
        others = [each.most for each in self.said if each.who != self.leader.who]
        least = max([self.minimum, *(each.aloud for each in mine)])
        if others:
            least = max(least, self.over(max(others)))
        return min(self.leader.most, least)


class SlowCopies:
    """Several copies: the N best plain bids of different people stand."""

    def __init__(
        self, quantity: int, minimum: Decimal, increment: Decimal, steps: list[tuple[Decimal, Decimal]]
    ) -> None:
        self.quantity, self.minimum, self.increment, self.steps = quantity, minimum, increment, steps
        self.said: list[tuple[int, Decimal]] = []

    def standing(self) -> list[tuple[int, Decimal]]:
        """Best first: of each person the highest, earlier before later."""
        best: dict[int, tuple[Decimal, int]] = {}
        for order, (who, amount) in enumerate(self.said):
            if who not in best or amount > -best[who][0]:
                best[who] = (-amount, order)
        ordered = sorted(best.items(), key=lambda each: each[1])
        return [(who, -amount) for who, (amount, _) in ordered][: self.quantity]

    def least(self, who: int) -> Decimal:
        standing = self.standing()
        own = [amount for member, amount in standing if member == who]
        if own:
            beats = own[0]
        elif len(standing) == self.quantity:
            beats = min(amount for _, amount in standing)
        else:
            return self.minimum
        return beats + increment_at(beats, self.increment, self.steps)

    def can_pay(self, who: int, amount: Decimal, balance: Decimal) -> bool:
        old = dict(self.standing()).get(who, Decimal(0))
        return amount - old <= balance - old

    def say(self, who: int, amount: Decimal) -> None:
        self.said.append((who, amount))
