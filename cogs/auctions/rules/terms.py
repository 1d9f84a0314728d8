"""What an auction was started with, in words both the database and people use."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class Status(StrEnum):
    OPEN = "open"
    WON = "won"
    NO_BIDS = "no_bids"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    OPEN = "open"
    SEALED = "sealed"
    SECOND_PRICE = "second-price"

    @property
    def is_sealed(self) -> bool:
        """First price or second: nobody sees an offer before the end."""
        return self is not Kind.OPEN


class Bidders(StrEnum):
    RAID = "raid"
    MEMBERS = "members"
    ROLE = "role"
    ATTENDANCE = "attendance"


class Retract(StrEnum):
    NEVER = "never"
    NOT_LEADING = "not leading"
    ALWAYS = "always"


class WithoutBid(StrEnum):
    ROTS = "rots"
    GIVEN = "given"
    BANK = "bank"


class Pay(StrEnum):
    """What the winners of several copies pay in sealed forms: each their own price, or all the lowest of these."""

    OWN = "own"
    LOWEST = "lowest"


class Tier(StrEnum):
    """For whom an offer was made: one's main, an alt of one's, or no character at all."""

    MAIN = "main"
    ALT = "alt"
    ANYONE = "anyone"


class Tie(StrEnum):
    TIER = "tier"
    AMOUNT = "amount"
    ATTENDANCE = "attendance"
    BALANCE = "balance"
    WINS = "wins"
    EARLIEST = "earliest"
    ROLL = "roll"


TIES = (Tie.TIER, Tie.AMOUNT, Tie.ATTENDANCE, Tie.BALANCE, Tie.WINS, Tie.EARLIEST)
"""The order a guild begins with."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an auction was started with; `decimals` are its pool's.

    Defaults: open, 3 m, minimum 1, increment 1, anti-snipe 20 s window, 20 s extension, limit 20. (The guild's row
    holds them too, where it may change them.)
    """

    kind: Kind = Kind.OPEN
    quantity: int = 1
    minimum: Decimal = Decimal(1)
    increment: Decimal = Decimal(1)
    steps: tuple[tuple[Decimal, Decimal], ...] = ()
    """(from this price on, the increment is), by ascending price."""
    decimals: int = 0
    ties: tuple[Tie, ...] = TIES
    copies_pay: Pay = Pay.OWN
    retract: Retract = Retract.NOT_LEADING
    snipe_window: timedelta = timedelta(seconds=20)
    snipe_extension: timedelta = timedelta(seconds=20)
    snipe_limit: int = 20

    @property
    def has_tiers(self) -> bool:
        """Tiers exist in sealed forms only; in open ones who may bid does it."""
        return self.kind.is_sealed and Tie.TIER in self.ties

    @property
    def takes_maximum(self) -> bool:
        """Max bid: open auctions, not with several copies."""
        return self.kind is Kind.OPEN and self.quantity == 1

    def step_at(self, price: Decimal) -> Decimal:
        """How much more the bid after `price` must be."""
        step = self.increment
        for from_price, increment in self.steps:
            if price >= from_price:
                step = increment
        return step

    def over(self, price: Decimal) -> Decimal:
        """The least bid over `price`."""
        return price + self.step_at(price)
