"""Who wins, for how much, and why: the outcome of an auction with its trace.

Sealed forms, as a specification:

1. Offers are put in the guild's order of `ties`. Each rule is asked only among offers the earlier ones left equal:
   `tier` main over alt over anyone; `amount` the higher; `attendance` the higher in the last 30 days, compared
   exactly; `balance` the higher before the award; `wins` the fewer in 30 days; and last, always deciding, *one of*
   `earliest` (the order of locks) and `roll` (drawn from a stored seed, the higher). An order that ends in neither
   ends in `earliest`.
2. The first `quantity` offers win; an offer is one person's, so nobody wins two copies.
3. `sealed`: a winner pays the own offer. `second-price`: min(own offer, best losing offer of the winner's tier +
   increment), at least the minimum; equal best offers: the own offer. Without tiers all offers are of one tier.
4. Several copies: each pays that price, or with `copies_pay` lowest all pay the lowest of these.

Open auctions: whoever stands wins; one copy for the price it stands at, several for what each bid.

The trace says it in sentences without names. A maximum is never in it: of an open auction it says no more than the
price does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from bot.kit.text import points
from cogs.auctions.rules.bidding import Auction, Bid
from cogs.auctions.rules.terms import Kind, Pay, Terms, Tie, Tier

_TIERS = tuple(Tier)


@dataclass(frozen=True, slots=True)
class Facts:
    """What ties may look at, as it is at settling, before any award."""

    attended: int = 0
    counted: int = 0
    """Raids (or ticks) of the last 30 days: `attended` of `counted`; none counted is treated as 0 %."""
    balance: Decimal = Decimal(0)
    wins: int = 0
    """Auctions won in the last 30 days."""

    @property
    def attendance(self) -> Fraction:
        return Fraction(self.attended, self.counted) if self.counted else Fraction(0)


@dataclass(frozen=True, slots=True)
class Win:
    bid: Bid
    price: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One rule asked about the last winner and the best loser; only the last step of a trace differs."""

    tie: Tie
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """`steps` is empty where nobody lost."""

    wins: tuple[Win, ...]
    trace: tuple[str, ...]
    steps: tuple[Step, ...] = ()


def resolve(terms: Terms, offers: Sequence[Bid], facts: Mapping[int, Facts], seed: int = 0) -> Outcome:
    """The outcome of a sealed auction; see the module's docstring. `offers` hold one a person."""
    if not offers:
        return Outcome((), ())
    rolls = _rolls(offers, seed)
    ordered = sorted(offers, key=lambda bid: tuple(_key(tie, bid, facts, rolls) for tie in _order(terms)))
    winners, losers = ordered[: terms.quantity], ordered[terms.quantity :]
    prices = [_price(terms, bid, losers) for bid in winners]
    if terms.copies_pay is Pay.LOWEST:
        prices = [min(prices)] * len(prices)
    wins = tuple(Win(bid, price) for bid, price in zip(winners, prices, strict=True))
    steps = _steps(terms, winners[-1], losers[0], facts, rolls) if losers else ()
    trace = (_decision(terms, winners, offers, steps), *_payment(terms, wins, losers))
    return Outcome(wins, trace, steps)


def resolve_open(auction: Auction, people: int) -> Outcome:
    """The outcome of an open auction of `people` who bid: who stands wins."""
    terms, standing = auction.terms, auction.standing
    if not standing:
        return Outcome((), ())
    bidders = "1 person" if people == 1 else f"{people} people"
    if terms.quantity > 1:
        wins = tuple(Win(bid, bid.amount) for bid in standing)
        line = f"{bidders} bid for {terms.quantity} copies: the highest bids stood, and each pays their own."
        return Outcome(wins, (line,))
    [leader] = standing
    assert auction.price is not None
    if people == 1:
        why = "nobody else bid"
    elif auction.price == leader.amount:
        why = "bid aloud, and nobody bid more"
    else:
        # Whether the last step was short would tell where the maximum is.
        why = "the best bid, at most one increment over the next best"
    return Outcome((Win(leader, auction.price),), (f"{bidders} bid. {points(auction.price)}: {why}.",))


def _order(terms: Terms) -> tuple[Tie, ...]:
    """No two offers are equal in it: every one has its own place in the order of locks."""
    return (*terms.ties, Tie.EARLIEST)


def _rolls(offers: Sequence[Bid], seed: int) -> dict[int, int]:
    """A roll of 1 to 1,000 for each offer, no two alike, the same for the same seed (by sequence)."""
    by_sequence = sorted(bid.sequence for bid in offers)
    drawn = Random(seed).sample(range(1, max(1000, len(offers)) + 1), len(offers))
    return dict(zip(by_sequence, drawn, strict=True))


def _key(tie: Tie, bid: Bid, facts: Mapping[int, Facts], rolls: Mapping[int, int]) -> Decimal | Fraction | int:
    """Sorts best first."""
    known = facts.get(bid.member_id, Facts())
    match tie:
        case Tie.TIER:
            return _TIERS.index(bid.tier)
        case Tie.AMOUNT:
            return -bid.amount
        case Tie.ATTENDANCE:
            return -known.attendance
        case Tie.BALANCE:
            return -known.balance
        case Tie.WINS:
            return known.wins
        case Tie.EARLIEST:
            return bid.sequence
        case Tie.ROLL:
            return -rolls[bid.sequence]


def _price(terms: Terms, bid: Bid, losers: Sequence[Bid]) -> Decimal:
    if terms.kind is not Kind.SECOND_PRICE:
        return bid.amount
    best = _best_loser(terms, bid.tier, losers)
    return min(bid.amount, max(terms.minimum, terms.minimum if best is None else terms.over(best)))


def _best_loser(terms: Terms, tier: Tier, losers: Sequence[Bid]) -> Decimal | None:
    return max((bid.amount for bid in losers if bid.tier is tier or not terms.has_tiers), default=None)


# --- the trace --------------------------------------------------------------------------------------------------------


def _steps(
    terms: Terms, first: Bid, second: Bid, facts: Mapping[int, Facts], rolls: Mapping[int, int]
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for tie in _order(terms):
        shown = [_shown(tie, bid, facts, rolls) for bid in (first, second)]
        steps.append(Step(tie, *shown))
        if _key(tie, first, facts, rolls) != _key(tie, second, facts, rolls):
            break
    return tuple(steps)


def _shown(tie: Tie, bid: Bid, facts: Mapping[int, Facts], rolls: Mapping[int, int]) -> Any:
    known = facts.get(bid.member_id, Facts())
    shown: dict[Tie, Any] = {
        Tie.TIER: bid.tier,
        Tie.AMOUNT: bid.amount,
        Tie.ATTENDANCE: (known.attended, known.counted),
        Tie.BALANCE: known.balance,
        Tie.WINS: known.wins,
        Tie.EARLIEST: bid.sequence,
    }
    return rolls[bid.sequence] if tie is Tie.ROLL else shown[tie]


def _decision(terms: Terms, winners: Sequence[Bid], offers: Sequence[Bid], steps: Sequence[Step]) -> str:
    """ "tier main: 2 offers; 55 against 55; 30-day attendance 82 % against 64 %: the first wins" """
    count = "1 offer" if len(offers) == 1 else f"{len(offers)} offers"
    if not steps:
        return f"{count}: it wins." if len(offers) == 1 else f"{count} for {terms.quantity} copies: all win."
    parts = [] if terms.has_tiers and steps[0].tie is Tie.TIER and len(steps) > 1 else [count]
    for step in steps:
        parts.append(_step_in_words(step, offers))
    who = "the first wins" if len(winners) == 1 else "the first wins the last copy"
    return f"{'; '.join(parts)}: {who}."


def _step_in_words(step: Step, offers: Sequence[Bid]) -> str:
    first, second = step.first, step.second
    match step.tie:
        case Tie.TIER if first == second:
            count = sum(bid.tier is first for bid in offers)
            return f"tier {first}: {count} offers"
        case Tie.TIER:
            return f"tier {first} against tier {second}"
        case Tie.AMOUNT:
            return f"{points(first)} against {points(second)}"
        case Tie.ATTENDANCE:
            return f"30-day attendance {_percent(first)} against {_percent(second)}"
        case Tie.BALANCE:
            return f"balance {points(first)} against {points(second)}"
        case Tie.WINS:
            return f"wins in 30 days {first} against {second}"
        case Tie.EARLIEST:
            return "the earlier offer"
        case Tie.ROLL:
            return f"a roll of {first} against {second}"


def _percent(figure: tuple[int, int]) -> str:
    """ "82.3 % (14 of 17)": the display is rounded down, the counts are exact."""
    attended, counted = figure
    if not counted:
        return "–"
    tenths = 1000 * attended // counted
    whole = f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
    return f"{whole} % ({attended} of {counted})"


def _payment(terms: Terms, wins: Sequence[Win], losers: Sequence[Bid]) -> tuple[str, ...]:
    lines: list[str] = []
    if terms.kind is Kind.SECOND_PRICE:
        for tier in dict.fromkeys(win.bid.tier for win in wins) if terms.has_tiers else [Tier.ANYONE]:
            best = _best_loser(terms, tier, losers)
            of_tier = f" of tier {tier}" if terms.has_tiers else ""
            if best is None:
                lines.append(f"No losing offer{of_tier}: the minimum, {points(terms.minimum)}.")
            else:
                step = terms.step_at(best)
                lines.append(
                    f"The best losing offer{of_tier} was {points(best)}: {points(best)} + {points(step)} ="
                    f" {points(best + step)}, at most the own offer."
                )
    if terms.copies_pay is Pay.LOWEST and len(wins) > 1:
        lines.append(f"All pay the lowest winning price, {points(wins[0].price)}.")
    return tuple(lines)
