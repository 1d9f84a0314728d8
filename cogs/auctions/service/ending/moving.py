"""More time: from a leader, or because no process of ours lived near the end."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from bot import audit, outbox
from bot.kit.text import safe
from bot.stage import Actor, Session, Stage, use_case
from cogs.auctions.rules import ending as rules
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.standing import LAST_MINUTE
from cogs.auctions.rules.starting import check_duration
from cogs.auctions.service import words
from cogs.auctions.service.interest import Others, lock_for_leader
from cogs.auctions.service.state import Locked, lock, redraw, settle_later
from db.tables import Outage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Extended:
    """`left`: while it is paused the clock stands, and that much is left to bid."""

    auction_id: int
    item_name: str
    ends_at: datetime
    left: timedelta
    paused: bool


@use_case("auctions.manage")
async def extend(session: Session, auction_id: int, by: timedelta, others: Others = Others()) -> Extended:
    """Adds time, which is not counted against the anti-snipe limit. Refuses once the end has passed."""
    check_duration(by)
    locked = await lock_for_leader(session, auction_id, others)
    auction = locked.auction
    if rules.time_left(locked.as_rules(), session.received_at) <= timedelta(0):
        raise AuctionOver(f"The bidding on {safe(auction.item_name)} has just ended: start it anew instead.")
    before = auction.ends_at
    auction.ends_at = rules.decide_extension(locked.as_rules(), by)
    await settle_later(session, auction)
    paused = auction.paused_at is not None
    audit.record(
        session,
        "auctions.extended_paused" if paused else "auctions.extended",
        target_id=auction_id,
        before={"ends_at": before},
        after={"item": auction.item_name, "ends_at": auction.ends_at},
    )
    redraw(session, auction)
    left = rules.time_left(locked.as_rules(), session.now)
    return Extended(auction_id, auction.item_name, auction.ends_at, left, paused)


async def give_time_back(session: Session, locked: Locked) -> bool:
    """Down at the end: bidding goes on until ready + 60 s, once, and it says so. Whether it did."""
    auction = locked.auction
    running_since = auction.resumed_at or auction.started_at  # what was before took nothing of its time
    last_minute_at = max(auction.ends_at - LAST_MINUTE, running_since)
    query = select(Outage).where(Outage.ended_at > last_minute_at, Outage.started_at < auction.ends_at)
    outages = [rules.Outage(row.started_at, row.ended_at) for row in (await session.execute(query)).scalars()]
    new_end = rules.decide_time_back(locked.as_rules(), outages)
    if new_end is None or new_end <= session.now:
        return False
    before = auction.ends_at
    auction.ends_at, auction.time_given_back_at = new_end, session.now
    await settle_later(session, auction)
    outbox.send(session, f"back{auction.auction_id}", words.time_given_back(auction), channel_id=auction.channel_id)
    audit.record(
        session,
        "auctions.time_given_back",
        target_id=auction.auction_id,
        before={"ends_at": before},
        after={"item": auction.item_name, "ends_at": new_end},
    )
    redraw(session, auction)
    return True


async def after_outage(stage: Stage, _: datetime, ready_at: datetime) -> None:
    """Give back the time of every open auction the outage touched. One guild's trouble stops no other."""

    async def look(session: Session, auction_id: int) -> None:
        await give_time_back(session, await lock(session, auction_id))

    for guild_id, auction_id in await stage.db.auctions_ending_across(ready_at + LAST_MINUTE):
        try:
            await stage.run(Actor.itself(guild_id), lambda session, number=auction_id: look(session, number))
        except Exception:
            _log.exception("auction %s of guild %s got no time back; settling looks again", auction_id, guild_id)
