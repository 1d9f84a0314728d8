"""An auction under its lock with everybody a batch of bids can touch: read once, decided in memory, written once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.refusals import NotFound
from bot.stage import Session
from bot.together import Call
from cogs.attendance.rules import VOTE_DAYS, Figure
from cogs.attendance.service.figures import figures
from cogs.auctions.rules import bidding as rules
from cogs.auctions.rules.terms import Bidders, Status, Tier
from cogs.auctions.service import statements
from cogs.auctions.service.nights import won_tonight
from cogs.auctions.service.panels import Characters
from cogs.auctions.service.state import bid_of, floor_of, terms_of
from cogs.dkp.rules import Purse
from cogs.dkp.service.ledger import Snapshot
from db.rows import given
from db.tables import LIVE_BIDS


@dataclass(frozen=True, slots=True)
class Played:
    """The character somebody bids for, and the tier that makes it."""

    snapshot: Snapshot
    tier: Tier


@dataclass(slots=True)
class Seat:
    """One person's part: their account without what this auction holds, and what says whether they may bid."""

    row: Any
    held_elsewhere: Decimal
    figure: Figure | None = None
    """Their 30-day attendance, where the auction asks for it."""
    won: str | None = None
    """What they won tonight, where one win a night is the rule."""

    @property
    def member_id(self) -> int:
        return self.row.member_id

    @property
    def names(self) -> Characters:
        return tuple((number, name or "") for number, name, *_ in self.row.characters or ())

    def character(self, character_id: int) -> Played:
        """The one asked for, else the main; who has none bids without. Refuses `NotFound` what is not theirs."""
        mine: list[Any] = self.row.characters or []
        for place, (number, name, character_class, level, is_main) in enumerate(mine):
            if number == character_id or (not character_id and place == 0):
                return Played(Snapshot(name, character_class, level), Tier.MAIN if is_main else Tier.ALT)
        if character_id:
            raise NotFound("That is not a character of yours: pick one from your list.")
        return Played(Snapshot(), Tier.ANYONE)


@dataclass(frozen=True, slots=True)
class Beaten:
    stood_at: Decimal
    """What anybody could read of it."""
    by: str


@dataclass
class Sitting:
    """`before` is the auction as it was locked, `auction` as it is after the bids so far."""

    row: Any
    """The auction's row with its pool's decimals and floor and its raid's name and status."""
    seats: dict[int, Seat]
    before: rules.Auction
    auction: rules.Auction
    bid_ids: dict[int, int]
    """Of the bids that stood before, by sequence."""
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    """New rows of `bid`, by sequence."""
    replaced: dict[int, Decimal] = field(default_factory=dict)
    """By member, in an open auction: their bids from before this batch of more than that are replaced by a lower."""
    beaten: dict[int, "Beaten"] = field(default_factory=dict)
    """Who stood and does not any more, by member."""

    @property
    def next_sequence(self) -> int:
        return self.row.last_sequence + len(self.rows) + 1

    def seat_of(self, member_id: int) -> Seat:
        return self.seats[member_id]

    def purse(self, seat: Seat) -> Purse:
        """As it is after the bids so far."""
        own = self.auction.of(seat.member_id)
        held = seat.held_elsewhere + (Decimal(0) if own is None else own.most)
        return Purse(seat.row.balance, held, floor_of(self.row, self.row.pool_floor))

    def bidder(self, seat: Seat, role_ids: Iterable[int]) -> rules.Bidder:
        row, own = self.row, self.auction.of(seat.member_id)
        barred = rules.decide_who_may_bid(
            Bidders(row.bidders),
            in_raid=seat.row.in_raid,
            in_role=row.bidders_role_id in role_ids,
            reaches=seat.figure is not None and seat.figure.reaches(row.bidders_percent),
            one_win=row.one_win,
            won_tonight=seat.won is not None,
        )
        own_hold = Decimal(0) if own is None else own.most
        return rules.Bidder(seat.member_id, self.purse(seat), own_hold, barred)

    def accept(self, accepted: rules.BidAccepted) -> None:
        """Go on with what the auction is after a bid, and mark whose bids it moved."""
        bid, own = accepted.bid, self.auction.of(accepted.bid.member_id)
        sealed = self.auction.terms.kind.is_sealed
        if own is not None and (sealed or bid.most < own.most):
            above = Decimal(0) if sealed else bid.most
            if not sealed:
                self.replaced[bid.member_id] = min(above, self.replaced.get(bid.member_id, above))
            for row in self.rows.values():
                is_theirs = row["member_id"] == bid.member_id and row["sequence"] != bid.sequence
                if is_theirs and row["status"] in LIVE_BIDS and (row["maximum"] or row["amount"]) > above:
                    row["status"] = "replaced"
        for beaten in accepted.outbid:
            stood_at = beaten.amount if self.auction.price is None else self.auction.price
            self.beaten[beaten.member_id] = Beaten(stood_at, self.seats[bid.member_id].row.display_name)
        if accepted.stands:
            self.beaten.pop(bid.member_id, None)
        self.auction = accepted.after
        standing = {stood.sequence for stood in self.auction.standing}
        for sequence, row in self.rows.items():
            if row["status"] == "standing" and sequence not in standing:
                row["status"] = "outbid"

    def note(
        self,
        session: Session,
        seat: Seat,
        played: Played,
        offer: rules.Offer,
        *,
        status: str,
        code: rules.BidCode | None = None,
        bid: rules.Bid | None = None,
    ) -> None:
        """A row of `bid`: what was offered and everything a later question may ask about that moment."""
        purse, sequence = self.purse(seat), self.next_sequence
        self.rows[sequence] = {
            "guild_id": session.guild_id,
            "auction_id": self.row.auction_id,
            "sequence": sequence,
            "member_id": seat.member_id,
            "amount": offer.amount if bid is None else bid.amount,
            "maximum": offer.amount if bid is None and offer.is_maximum else bid and bid.maximum,
            "tier": played.tier,
            "status": status,
            "refusal_code": code,
            "balance": purse.balance,
            "spendable": purse.spendable,
            "member_name": session.member.display_name,
            "character_name": played.snapshot.name,
            "character_class": played.snapshot.character_class,
            "character_level": played.snapshot.level,
            "interaction_id": session.actor.interaction_id,
            "received_at": session.received_at,
            "placed_at": session.now,
        }

    async def write(self, session: Session) -> None:
        """Holds, accounts, the bids that stepped down, the auction and the new bids, in one round trip."""
        keys = {"this_guild": session.guild_id, "this_auction": self.row.auction_id, "this_pool": self.row.pool_id}
        for member_id, above in self.replaced.items():
            await session.execute(statements.REPLACE, keys | {"me": member_id, "above": above})
        was = {bid.member_id: bid.most for bid in self.before.standing}
        now = {bid.member_id: bid.most for bid in self.auction.standing}
        holds = [{"member_id": m, "amount": most} for m, most in now.items() if was.get(m) != most]
        moves = [
            {"member_id": m, "more": now.get(m, Decimal(0)) - was.get(m, Decimal(0))}
            for m in was.keys() | now.keys()
            if was.get(m) != now.get(m)
        ]
        standing = {bid.sequence for bid in self.auction.standing}
        stepped_down = [bid_id for sequence, bid_id in self.bid_ids.items() if sequence not in standing]
        await session.execute(
            statements.WRITE_BIDS,
            keys
            | given(list(self.rows.values()))
            | {
                "holds": given(holds)["rows"],
                "moves": given(moves)["rows"],
                "released": list(was.keys() - now.keys()),
                "stepped_down": stepped_down,
                "stepped_down_as": "replaced" if self.auction.terms.kind.is_sealed else "outbid",
                "now": session.now,
                "number": max(self.rows),
                "new_end": self.auction.ends_at,
                "new_price": self.auction.price,
                "moves_made": self.auction.extensions,
            },
        )


async def sit_down(session: Session, calls: Sequence[Call[Any]]) -> Sitting:
    """The auction first, then in one statement the accounts of the bidders and of everybody held in it."""
    members = sorted({call.member.member_id for call in calls if call.member is not None})
    keys = {"this_guild": session.guild_id, "this_auction": calls[0].asked.auction_id, "members": members}
    row = (await session.execute(statements.LOCK_AUCTION, keys)).one_or_none()
    if row is None:
        raise NotFound("There is no such auction here.")
    keys["this_pool"] = row.pool_id
    if row.accounts < len(members):
        await session.execute(statements.OPEN_ACCOUNTS, keys)
    accounts = (await session.execute(statements.LOCK_ACCOUNTS, keys)).all()
    standing = sorted((bid_of(each) for each in accounts if each.bid_id is not None), key=lambda bid: bid.rank)
    holds = {bid.member_id: bid.most for bid in standing}
    seats = {each.member_id: Seat(each, each.held - holds.get(each.member_id, Decimal(0))) for each in accounts}
    if row.bidders == Bidders.ATTENDANCE:
        for member_id, windows in (await figures(session, members)).items():
            seats[member_id].figure = windows[VOTE_DAYS]
    if row.one_win:
        for member_id, item in (await won_tonight(session, row.raid_id, members)).items():
            seats[member_id].won = item
    auction = rules.Auction(
        terms=terms_of(row, row.decimals),
        ends_at=row.ends_at,
        # Its raid was cancelled a moment ago and the auctions of it are being cancelled one by one.
        status=Status.CANCELLED if row.raid_status == "cancelled" else Status(row.status),
        standing=tuple(standing),
        price=row.price,
        extensions=row.snipe_moves,
        paused_at=row.paused_at,
    )
    bid_ids = {each.sequence: each.bid_id for each in accounts if each.bid_id is not None}
    return Sitting(row, seats, auction, auction, bid_ids)
