"""What a bidder should know of an auction's rules, in plain words, and only where they differ from the plain case.

The plain case: an open auction of one item, bids that may be taken back unless they lead, no rule but the price.
"""

from collections.abc import Iterator

from bot.kit.text import clip, points, safe
from cogs.auctions.rules.terms import TIES, Bidders, Kind, Pay, Retract, Terms, Tie, WithoutBid
from cogs.auctions.rules.typed import steps_in_words
from cogs.auctions.service.looking import Card

_TIES = {
    Tie.TIER: "a main before an alt",
    Tie.AMOUNT: "the higher offer",
    Tie.ATTENDANCE: "higher 30-day attendance",
    Tie.BALANCE: "higher balance",
    Tie.WINS: "fewer wins in 30 days",
    Tie.EARLIEST: "the earlier offer",
    Tie.ROLL: "a roll",
}


def who_may_bid(card: Card) -> str:
    """ "Open to members"; a role is named without being pinged."""
    rules = card.rules
    match rules.bidders:
        case Bidders.RAID:
            return f"Open to who is at {safe(clip(card.raid, 80)) if card.raid else 'the raid'}"
        case Bidders.MEMBERS:
            return "Open to members"
        case Bidders.ROLE:
            return f"Open to <@&{rules.role_id}>"
        case Bidders.ATTENDANCE:
            return f"Open to who has at least {rules.percent} % attendance in 30 days"


def small_print(card: Card) -> list[str]:
    """A sentence a rule."""
    return [*_form(card.terms), *_house(card)]


def _form(terms: Terms) -> Iterator[str]:
    copies = terms.quantity
    if terms.kind is Kind.OPEN:
        if copies > 1:
            yield f"The {copies} highest bids stand, one a person, and each pays their own."
        if terms.steps:
            yield f"Bids go up by {points(terms.increment)}, {steps_in_words(terms.steps)}."
        if terms.retract is not Retract.NOT_LEADING:
            may = "Even a leading bid" if terms.retract is Retract.ALWAYS else "No bid"
            yield f"{may} can be taken back."
        return
    yield f"Nobody sees an offer before the end. {_sealed_price(terms)}"
    if terms.ties[0] is Tie.TIER:
        yield "Offers for a main come first, then for alts, whatever the amounts."
    if terms.ties != TIES:
        yield _decides(terms.ties)
    if terms.retract is Retract.NEVER:
        yield "An offer can be raised, but not lowered or taken back."


def _decides(ties: tuple[Tie, ...]) -> str:
    """Most guilds change only what parts equal offers; who changes more reads the whole order."""
    rest = ties[1:] if ties[0] is Tie.TIER else ties
    if rest[0] is Tie.AMOUNT:
        return f"Equal offers: {', then '.join(_TIES[tie] for tie in rest[1:])}."
    return f"What decides: {', then '.join(_TIES[tie] for tie in ties)}."


def _sealed_price(terms: Terms) -> str:
    winner = "The highest wins" if terms.quantity == 1 else f"The {terms.quantity} highest win, one a person,"
    if terms.kind is Kind.SEALED:
        pays = "and pays it" if terms.quantity == 1 else "and each pays their own offer"
    else:
        step = points(terms.increment) if not terms.steps else "a step"
        verb = "and pays" if terms.quantity == 1 else "and each pays"
        pays = f"{verb} the best losing offer + {step}, at most their own"
    if terms.quantity > 1 and terms.copies_pay is Pay.LOWEST:
        pays = (
            "and all pay the lowest winning price" if terms.kind is Kind.SEALED else f"{pays}: all the lowest of these"
        )
    return f"{winner} {pays}."


def _house(card: Card) -> Iterator[str]:
    rules = card.rules
    if rules.one_win:
        yield "One win a night."
    if rules.floor is not None:
        yield f"{points(rules.floor)} points must be left after a bid."
    if rules.names_hidden:
        yield "Bidders are named when it is over."
    if rules.without_bid is WithoutBid.BANK:
        yield "Without a bid it goes to the guild bank."
    elif rules.without_bid is WithoutBid.GIVEN:
        yield "Without a bid it is given to somebody."
