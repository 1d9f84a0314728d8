"""An auction house that is played: every form, many auctions at once, everything that can happen to a bid.

The acts are the real use cases on a real database. What must be true after every step stands in `always`, reckoned
anew from the bids alone.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy import update

from bot import due, heartbeat
from bot.people import leave
from bot.stage import Session, Stage
from cogs.auctions import service as auctions
from cogs.auctions.service.pausing import pause, resume
from cogs.auctions.service.retracting import retract
from cogs.dkp.service.adjustments import adjust
from cogs.loot.service import undo_award
from db.tables import Auction
from tests.services.test_points_machine.played import ANYBODY, CHANNEL, RAIDERS, WHICH, WHO, D, Played

KINDS = st.sampled_from(("open", "open", "sealed", "second-price"))
STAKE = st.one_of(
    st.integers(1, 60).map(lambda tenths: D(tenths)),
    st.sampled_from(("the next", "the next and a bit", "all they can spend", "a tenth more")),
)
"""What somebody bids: an amount, or one at the border of what is taken or can be paid."""
OFFERS = st.lists(st.tuples(WHO, STAKE, st.booleans()), min_size=1, max_size=4)
TIES = st.sampled_from(
    (
        "tier amount attendance balance wins earliest",
        "amount earliest",
        "amount roll",
        "balance amount wins roll",
        "tier wins amount earliest",
    )
)
TERMS = st.fixed_dictionaries(
    {
        "kind": KINDS,
        "quantity": st.sampled_from((1, 1, 2, 3)),
        "ties": TIES,
        "copies_pay": st.sampled_from(("own", "lowest")),
        "retract": st.sampled_from(("never", "not leading", "always")),
        "one_win": st.sampled_from((False, False, True)),
        "steps": st.sampled_from(("", "20:5", "10:2 30:10")),
        "minimum": st.sampled_from((D(1), D(5))),
    }
)


class AuctionHouse(Played):
    """The rules of play: `does` calls a use case, a refusal is an answer, anything else that is raised a defect."""

    def open_auction(self, which: int) -> int | None:
        query = "SELECT auction_id FROM auction WHERE guild_id = $1 AND status = 'open' ORDER BY 1 DESC"
        return self.pick(query, which)

    def new_auction(self, terms: dict[str, Any]) -> int:
        how = {"channel_id": CHANNEL, "bidders": "members", "second_copy": True}
        stage, item = self.world.stage, "Cloak of Flames"
        started = self.does("auction", lambda: auctions.start(stage, self.officer, item, **how)).started[0]

        async def becomes(session: Session) -> None:
            which = (Auction.guild_id == session.guild_id, Auction.auction_id == started.auction_id)
            await session.execute(update(Auction).where(*which).values(**terms))

        self.run(stage.run(self.itself, becomes))
        return started.auction_id

    @rule(terms=TERMS, which=WHICH, offers=OFFERS, new=st.booleans())
    def bids(self, terms: dict[str, Any], which: int, offers: list[tuple[int, Decimal | str, bool]], new: bool) -> None:
        """On an auction that is open, else on a new one."""
        self.bid_on((None if new else self.open_auction(which)) or self.new_auction(terms), offers)

    @rule(which=WHICH, offers=OFFERS)
    def bids_more(self, which: int, offers: list[tuple[int, Decimal | str, bool]]) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.bid_on(auction, offers)

    def bid_on(self, auction: int, offers: list[tuple[int, Decimal | str, bool]]) -> None:
        for who, stake, is_maximum in offers:
            before = self.spendable(self.ids[who])
            bid = (auction, self.amount(auction, who, stake))
            answer = self.does(
                "maximum" if is_maximum else "bid",
                lambda bid=bid, who=who, is_maximum=is_maximum: auctions.place_bid(
                    self.world.stage, self.raiders[who], *bid, is_maximum=is_maximum
                ),
            )
            if answer is None:
                continue
            self.world.done[f"{answer.outcome}: {answer.code}"] += 1
            after = self.spendable(self.ids[who])
            if answer.outcome == "accepted":
                assert after >= min(0, before), "a bid took what could not be spent"
            else:
                assert after == before, "a refused bid moved points"

    def amount(self, auction: int, who: int, stake: Decimal | str) -> Decimal:
        if isinstance(stake, Decimal):
            return stake
        free = self.spendable(self.ids[who])
        [row] = self.rows("SELECT price, minimum FROM auction WHERE guild_id = $1 AND auction_id = $2", auction)
        price = row["price"] or row["minimum"]
        amounts = {
            "the next": price + 1,
            "the next and a bit": price + D("12.5"),
            "all they can spend": free,
            "a tenth more": free + D("0.1"),
        }
        return max(amounts[stake], D("0.1"))

    @rule(who=WHO, which=WHICH)
    def takes_back(self, who: int, which: int) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does("retract", lambda: retract(self.world.stage, self.raiders[who], auction))

    @rule(who=WHO, which=WHICH)
    def is_voided(self, who: int, which: int) -> None:
        if (auction := self.open_auction(which)) is not None:
            bid = (auction, self.raiders[who].name, "mistyped")
            self.does("void", lambda: auctions.void_bid(self.world.stage, self.officer, *bid))

    @rule(which=WHICH, act=st.sampled_from((pause, resume)))
    def stops_or_starts_the_clock(self, which: int, act: Any) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does(act.__name__, lambda: act(self.world.stage, self.officer, auction))

    @rule(which=WHICH, act=st.sampled_from((auctions.close, auctions.cancel)))
    def is_stopped(self, which: int, act: Any) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does(act.__name__, lambda: act(self.world.stage, self.officer, auction, "it is late"))

    @rule(which=WHICH)
    def gets_more_time(self, which: int) -> None:
        if (auction := self.open_auction(which)) is not None:
            self.does("extend", lambda: auctions.extend(self.world.stage, self.officer, auction, timedelta(minutes=1)))

    @rule(seconds=st.sampled_from((1, 15, 45, 120, 240)))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.move(seconds=seconds)
        self.run(due.run_once(self.world.stage))

    @rule(seconds=st.sampled_from((5, 30, 200)))
    def is_away(self, seconds: int) -> None:
        """The process stops and starts again later: queues, caches and all that was in memory are gone."""
        stage, clock = self.world.stage, self.world.clock
        self.run(heartbeat.beat(stage, "machine"))
        clock.move(seconds=seconds)
        self.world.stage = Stage(stage.db, clock, stage.registry)
        self.run(heartbeat.come_up(self.world.stage, "machine"))
        self.run(due.run_once(self.world.stage))

    @rule(who=WHO)
    def leaves(self, who: int) -> None:
        """And whatever that means to the slices; with the next thing they do they are back."""
        user_id = self.raiders[who].user_id
        assert user_id is not None

        async def go(session: Session) -> None:
            await leave(session, user_id)

        self.world.clock.move(seconds=1)
        self.run(self.world.stage.run(self.itself, go))
        for left in self.world.stage.registry.leavers:
            self.run(left(self.world.stage, self.guild_id, self.ids[who]))
        self.world.done["left"] += 1

    @rule(who=ANYBODY, amount=st.integers(-80, 80).filter(bool))
    def is_adjusted(self, who: int, amount: int) -> None:
        """Penalties may take what is held: open bids stand and are captured."""
        member = f"#{self.ids[who % RAIDERS]}"
        self.does("adjust", lambda: adjust(self.world.stage, self.officer, member, amount, "for the machine"))

    @rule(which=WHICH)
    def award_is_undone(self, which: int) -> None:
        query = "SELECT award_id FROM award WHERE guild_id = $1 AND undone_at IS NULL ORDER BY 1 DESC"
        if (award := self.pick(query, which)) is not None:
            self.does("award undone", lambda: undo_award(self.world.stage, self.officer, f"#{award}", "was a mistake"))
