"""Placing a bid: the one path that must be fast. Lock the auction, lock the accounts, decide, write.

Round trips besides the stage's own: two locks, one write, and the audit and outbid notice at the commit; a moved end
costs one more.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from bot import audit, due, outbox
from bot.refusals import NotFound
from bot.stage import Session, use_case
from bot.typed import BadAmount
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.ending import SETTLE_AFTER
from cogs.auctions.service import statements, words
from cogs.auctions.service.state import SETTLE, terms_of
from cogs.dkp.rules import Purse
from cogs.dkp.service import ledger

OUTBID: Final = "outbid"
"""The kind of notice that tells who led until now."""
WON: Final = "won"
"""The kind of notice that tells who won."""


@dataclass(frozen=True, slots=True)
class BidAnswer:
    """What the bidder is told. `sentence` stands alone; the rest is for buttons."""

    auction_id: int
    outcome: Literal["accepted", "refused", "asked"]
    code: str | None
    sentence: str
    amount: Decimal
    next_bid: Decimal
    is_open: bool
    leads: bool = False
    characters: tuple[tuple[int, str], ...] = ()
    """The bidder's own, the main first."""
    check_in_raid_id: int | None = None
    """Checking in to this raid would let them bid."""


@use_case("auctions.bid")
async def place_bid(
    session: Session, auction_id: int, amount: Decimal, character_id: int = 0, ask_if_high: bool = False
) -> BidAnswer:
    """Bid an absolute amount; `character_id` 0 is the main. A refused bid is answered and kept as a row, not raised.

    In time is what our process received before `ends_at`. `ask_if_high`: it was typed, so a surprisingly high amount
    is asked about first. Raises `BadAmount` for what is no amount of this pool, since no row could hold it.
    """
    now = await _lock(session, auction_id, character_id)
    decision = rules.decide_bid(
        now.auction, now.bidder, amount, received_at=session.received_at, ask_if_high=ask_if_high
    )
    if isinstance(decision, rules.BidAccepted):
        return await _accept(session, now, decision)
    if isinstance(decision, rules.BidRefused):
        return await _refuse(session, now, decision)
    leads = now.leader is not None and now.leader.member_id == now.bidder.member_id
    sentence = words.asked(decision, now.row.item_name)
    return BidAnswer(auction_id, "asked", None, sentence, amount, decision.next_bid, True, leads, now.characters)


@dataclass(frozen=True, slots=True)
class _Now:
    """Everything read under the locks."""

    row: Any
    leader: Any | None
    """The account the standing bid is held on."""
    auction: rules.Auction
    bidder: rules.Bidder
    character: ledger.Snapshot
    characters: tuple[tuple[int, str], ...]

    @property
    def sequence(self) -> int:
        return self.row.last_sequence + 1


async def _lock(session: Session, auction_id: int, character_id: int) -> _Now:
    """The auction first, then in one statement the accounts of the bidder and of everybody held in it."""
    me = session.member.member_id
    keys = {"this_guild": session.guild_id, "this_auction": auction_id, "me": me}
    row = (await session.execute(statements.LOCK_AUCTION, keys)).one_or_none()
    if row is None:
        raise NotFound("There is no such auction here.")
    mine_played = {number: ledger.Snapshot(*snapshot) for number, *snapshot in row.characters or ()}
    if character_id and character_id not in mine_played:
        raise NotFound("That is not a character of yours: pick one from your list.")
    # The main comes first; who has no character bids without one.
    character = mine_played.get(character_id) or next(iter(mine_played.values()), ledger.Snapshot())
    keys["this_pool"] = row.pool_id
    if not row.has_account:
        await session.execute(statements.OPEN_ACCOUNT, keys)
    accounts = (await session.execute(statements.LOCK_ACCOUNTS, keys)).all()
    mine = next(account for account in accounts if account.member_id == me)
    leader = next((account for account in accounts if account.bid_id is not None), None)
    auction = rules.Auction(
        terms=terms_of(row, row.decimals),
        ends_at=row.ends_at,
        # Its raid was cancelled a moment ago and the auctions of it are being cancelled one by one.
        status=rules.Status.CANCELLED if row.raid_status == "cancelled" else rules.Status(row.status),
        standing=None if leader is None else rules.Bid(leader.bid_sequence, leader.member_id, leader.bid_amount),
        extensions=row.snipe_moves,
    )
    bidder = rules.Bidder(
        member_id=me,
        purse=Purse(mine.balance, mine.held, row.floor),
        own_hold=mine.own_hold or Decimal(0),
        barred=rules.decide_who_may_bid(rules.Bidders(row.bidders), in_raid=row.in_raid),
    )
    names = tuple((number, played.name or "") for number, played in mine_played.items())
    return _Now(row, leader, auction, bidder, character, names)


async def _accept(session: Session, now: _Now, accepted: rules.BidAccepted) -> BidAnswer:
    row, leader, bidder = now.row, now.leader, now.bidder
    beaten = leader if accepted.changes_leader else None
    await session.execute(
        statements.PLACE_BID,
        _bid_values(session, now, accepted.amount, "standing")
        | {
            "this_guild": session.guild_id,
            "this_auction": row.auction_id,
            "this_pool": row.pool_id,
            "me": bidder.member_id,
            "beaten": beaten.member_id if beaten else bidder.member_id,
            "new_amount": accepted.amount,
            "more": accepted.amount - bidder.own_hold,
            "given_back": beaten.own_hold if beaten else Decimal(0),
            "now": session.now,
            "number": now.sequence,
            "new_end": accepted.ends_at,
            "moves": accepted.extensions,
        },
    )
    extended = accepted.ends_at != row.ends_at
    if extended:
        await due.schedule(session, SETTLE, row.auction_id, accepted.ends_at + SETTLE_AFTER)
    if beaten is not None:
        text = words.outbid(row, accepted, by=session.member.display_name, was=beaten.bid_amount)
        is_long = rules.decide_notice(row.started_at, accepted.ends_at)
        outbox.notify(session, f"ob{row.auction_id}x{now.sequence}", text, beaten, row.channel_id, OUTBID, is_long)
    audit.record(
        session,
        "auctions.bid.placed",
        target_id=row.auction_id,
        about=bidder.member_id,
        before={"price": leader.bid_amount if leader else None, "leader": leader.display_name if leader else None},
        after={"item": row.item_name, "price": accepted.amount, "ends_at": accepted.ends_at if extended else None},
    )
    session.redraw("auction", row.auction_id)
    purse = bidder.purse
    left = Purse(purse.balance, purse.held + accepted.amount - bidder.own_hold, purse.floor)
    sentence = words.accepted(row.item_name, accepted, left, extended=extended)
    next_bid = accepted.amount + row.increment
    return BidAnswer(row.auction_id, "accepted", None, sentence, accepted.amount, next_bid, True, True, now.characters)


async def _refuse(session: Session, now: _Now, refused: rules.BidRefused) -> BidAnswer:
    row, code = now.row, refused.code
    held_on: list[str] = []
    if code in (rules.BidCode.BAD_AMOUNT, rules.BidCode.TOO_FINE):
        raise BadAmount(words.not_an_amount(refused, row.decimals))
    if code is rules.BidCode.CANNOT_AFFORD:
        mine = {"this_guild": session.guild_id, "this_pool": row.pool_id, "me": now.bidder.member_id}
        held_on = list((await session.execute(statements.HELD_ON, mine)).scalars())
    values = _bid_values(session, now, refused.amount, "refused") | {"bid_refusal_code": str(code)}
    counted = {"this_guild": session.guild_id, "this_auction": row.auction_id, "number": now.sequence}
    await session.execute(statements.INSERT_REFUSED, values | counted)
    may_check_in = code is rules.BidCode.NOT_IN_RAID and row.raid_status == "running"
    return BidAnswer(
        row.auction_id,
        "refused",
        str(code),
        words.refused(refused, row, now.bidder.purse, held_on),
        refused.amount,
        refused.next_bid,
        is_open=code not in (rules.BidCode.CLOSED, rules.BidCode.LATE),
        leads=refused.leads,
        characters=now.characters,
        check_in_raid_id=row.raid_id if may_check_in else None,
    )


def _bid_values(session: Session, now: _Now, amount: Decimal, status: str) -> dict[str, Any]:
    """A row of `bid`: what was offered and everything a later question may ask about that moment."""
    return {
        "bid_guild_id": session.guild_id,
        "bid_auction_id": now.row.auction_id,
        "bid_sequence": now.sequence,
        "bid_member_id": now.bidder.member_id,
        "bid_amount": amount,
        "bid_status": status,
        "bid_refusal_code": None,
        "bid_balance": now.bidder.purse.balance,
        "bid_spendable": now.bidder.purse.spendable,
        "bid_member_name": session.member.display_name,
        "bid_character_name": now.character.name,
        "bid_character_class": now.character.character_class,
        "bid_character_level": now.character.level,
        "bid_interaction_id": session.actor.interaction_id,
        "bid_received_at": session.received_at,
        "bid_placed_at": session.now,
    }
