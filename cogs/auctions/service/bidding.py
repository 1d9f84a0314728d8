"""Placing a bid: the one path that must be fast. Lock the auction, lock the accounts, decide, write.

Bids that wait on one auction are settled together (`bot.together`): one transaction, each bid decided after the one
before it, all that came of them written in one statement. Round trips besides the stage's own: two locks, one write,
and audit and notices at the commit; a moved end costs one more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from bot import audit, due
from bot.refusals import Refused
from bot.stage import Session
from bot.together import Call, in_turn, together
from bot.typed import MOST_POINTS, BadAmount
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import SETTLE_AFTER
from cogs.auctions.rules.terms import Kind
from cogs.auctions.service import statements, words
from cogs.auctions.service.notices import tell_outbid
from cogs.auctions.service.panels import Panel, panel_for
from cogs.auctions.service.sitting import Seat, Sitting, sit_down
from cogs.auctions.service.state import SETTLE, redraw
from cogs.dkp.rules import Purse

_UNKEPT: Final = (rules.BidCode.BAD_AMOUNT, rules.BidCode.TOO_FINE)


@dataclass(frozen=True, slots=True)
class Bidding:
    """An absolute amount, or with `is_maximum` up to where we bid for them; `character_id` 0 is the main.

    `ask_if_high`: it was typed, so a surprisingly high amount is asked about first.
    """

    auction_id: int
    amount: Decimal
    character_id: int = 0
    ask_if_high: bool = False
    is_maximum: bool = False


@dataclass(frozen=True, slots=True)
class BidAnswer:
    """What the bidder is told: `panel` has the sentence and what can be pressed next."""

    outcome: Literal["accepted", "refused", "asked"]
    code: str | None
    amount: Decimal
    is_maximum: bool
    panel: Panel
    check_in_raid_id: int | None = None
    """Checking in to this raid would let them bid."""


@together("auctions.bid", Bidding, queue="auction_id")
async def place_bid(session: Session, calls: Sequence[Call[Bidding]]) -> list[BidAnswer | Refused]:
    """Bids in the order they came. A refused bid is answered and kept as a row, not raised.

    In time is what our process received before `ends_at`. Refuses with `BadAmount` what is no amount of this pool,
    since no row could hold it, and with `NotFound` a character that is not the caller's.
    """
    sitting = await sit_down(session, calls)
    decided = in_turn(session, calls, lambda call: _decide(session, sitting, call))
    poor = [
        each.seat.member_id
        for each in decided
        if not isinstance(each, Refused) and each.code is rules.BidCode.CANNOT_AFFORD
    ]
    held_on = await _held_on(session, sitting, poor)
    answers = [each if isinstance(each, Refused) else _answer(session, sitting, each, held_on) for each in decided]
    if sitting.rows:
        await _write(session, sitting)
    return answers


@dataclass(frozen=True, slots=True)
class _Decided:
    """One bid's decision, with the auction and the purse as they were right after it."""

    asked: Bidding
    seat: Seat
    decision: rules.BidAccepted | rules.BidRefused | rules.BidQuestioned
    auction: rules.Auction
    purse: Purse
    may_bid: bool

    @property
    def code(self) -> rules.BidCode | None:
        return self.decision.code if isinstance(self.decision, rules.BidRefused) else None


def _decide(session: Session, sitting: Sitting, call: Call[Bidding]) -> _Decided:
    asked, before = call.asked, sitting.auction
    seat = sitting.seat_of(session.member.member_id)
    character = seat.character(asked.character_id)
    offer = rules.Offer(asked.amount, asked.is_maximum, character.tier)
    decision = rules.decide_bid(
        before,
        sitting.bidder(seat, session.actor.role_ids),
        offer,
        sequence=sitting.next_sequence,
        received_at=session.received_at,
        ask_if_high=asked.ask_if_high,
    )
    if isinstance(decision, rules.BidRefused):
        if decision.code in _UNKEPT or not 0 < asked.amount <= MOST_POINTS:
            raise BadAmount(words.not_an_amount(decision, before.terms.decimals))
        sitting.note(session, seat, character, offer, status="refused", code=decision.code)
    elif isinstance(decision, rules.BidAccepted):
        sitting.note(
            session, seat, character, offer, status="standing" if decision.stands else "outbid", bid=decision.bid
        )
        sitting.accept(decision)
        _record(session, sitting, decision, before)
        redraw(session, sitting.row)
    return _Decided(asked, seat, decision, sitting.auction, sitting.purse(seat), session.may("auctions.bid"))


def _record(session: Session, sitting: Sitting, accepted: rules.BidAccepted, before: rules.Auction) -> None:
    """What anybody may read: the price of an open auction; never an offer, never a maximum."""
    row, after = sitting.row, accepted.after
    shown: dict[str, Any] = {"item": row.item_name}
    if not after.terms.kind.is_sealed:
        shown["price"] = after.price if after.terms.takes_maximum else accepted.bid.amount
    if after.ends_at != before.ends_at:
        shown["ends_at"] = after.ends_at
    written: dict[str, Any] = {
        "target_id": row.auction_id,
        "about": accepted.bid.member_id,
        "before": {"price": before.price},
        "after": shown,
    }
    if after.terms.kind.is_sealed:
        audit.record(session, "auctions.offer.placed", **written)
    elif accepted.bid.maximum is not None:
        audit.record(session, "auctions.maximum.placed", **written)
    else:
        audit.record(session, "auctions.bid.placed", **written)


async def _held_on(session: Session, sitting: Sitting, members: Sequence[int]) -> dict[int, list[str]]:
    """What their points are held on, for who could not afford the bid."""
    if not members:
        return {}
    keys = {"this_guild": session.guild_id, "this_pool": sitting.row.pool_id, "members": list(members)}
    items: dict[int, list[str]] = {}
    for held in await session.execute(statements.HELD_ON, keys):
        items.setdefault(held.member_id, []).append(held.item_name)
    return items


def _answer(session: Session, sitting: Sitting, each: _Decided, held_on: dict[int, list[str]]) -> BidAnswer:
    row, decision, check_in = sitting.row, each.decision, None
    if isinstance(decision, rules.BidAccepted):
        outcome, sentence = "accepted", words.accepted(row, decision, each.purse)
    elif isinstance(decision, rules.BidQuestioned):
        outcome, sentence = "asked", words.asked(decision, row.item_name)
    else:
        outcome = "refused"
        sentence = words.refused(decision, row, each.purse, held_on.get(each.seat.member_id, []), each.seat)
        if decision.code is rules.BidCode.NOT_IN_RAID and row.raid_status == "running":
            check_in = row.raid_id
    is_over = each.code in (rules.BidCode.CLOSED, rules.BidCode.LATE)
    panel = panel_for(
        row.auction_id,
        each.auction,
        each.seat.member_id,
        each.purse,
        sentence=sentence,
        can_bid=each.may_bid and not is_over,
        has_live_bid=outcome == "accepted" or each.auction.of(each.seat.member_id) is not None,
        all_in=session.guild.auction_all_in,
        characters=each.seat.names,
    )
    code = None if each.code is None else str(each.code)
    return BidAnswer(outcome, code, each.asked.amount, each.asked.is_maximum, panel, check_in)


async def _write(session: Session, sitting: Sitting) -> None:
    before, after = sitting.before, sitting.auction
    await sitting.write(session)
    if after.ends_at != before.ends_at:
        await due.schedule(session, SETTLE, sitting.row.auction_id, after.ends_at + SETTLE_AFTER)
    if after.terms.kind is Kind.OPEN:
        tell_outbid(session, sitting)
