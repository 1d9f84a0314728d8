"""Tonight: a raid that runs, with people checked in and a bench, and an auction with minutes to go.

Begun anew at every start that finds none going on, so there is always something to bid on.
"""

from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import select

from bot.stage import Session
from cogs.demo.cast import TONIGHT
from cogs.demo.story import Story
from cogs.demo.world import World
from cogs.raids.service import evening, roster
from db.scope import Database
from db.tables import Auction, Raid

LEADER = "quillan"
AT_HAND = ("torvald", "maelis", "sable", "hroth", "isolde", "nettle", "ysmay", "cadoc", "brannoc", "gwyl", "odell",
           "zephyra", "perrin", "fenwick")  # fmt: skip
LATE = "rook"
BENCH = ("ulric", "kestrel")
MINUTES_TO_GO = 6
WORTH_OPENING = timedelta(minutes=2)
"""An open auction with less to go is over before anybody has looked around."""
OVER_AFTER = timedelta(hours=5)


async def begin(db: Database, world: World) -> None:
    now = datetime.now(UTC)
    story = await Story.open(db, world, now, Random(now.toordinal()))
    raid_id, begun_at = await story.stage.run(story.itself, _running_raid)
    if raid_id is not None and now - begun_at > OVER_AFTER:
        await evening.end_raid(story.stage, story.actor(LEADER), raid_id, "win", without_tick=True)
        raid_id = None
    if raid_id is None:
        await _muster(story, now)
    story.clock.moment = now
    up = await story.stage.run(story.itself, _items_up)
    if not any(ends_at - now > WORTH_OPENING for ends_at in up.values()):
        await _put_up(story, now, [drop for drop in TONIGHT.drops[:-1] if drop[0] not in up])


async def _running_raid(session: Session) -> tuple[int | None, datetime]:
    query = select(Raid.raid_id, Raid.started_at).where(Raid.guild_id == session.guild_id, Raid.status == "running")
    row = (await session.execute(query.order_by(Raid.raid_id.desc()))).first()
    return (row.raid_id, row.started_at) if row else (None, session.now)


async def _items_up(session: Session) -> dict[str, datetime]:
    """Open auctions: item and end."""
    query = select(Auction.item_name, Auction.ends_at).where(
        Auction.guild_id == session.guild_id, Auction.status == "open"
    )
    return {row.item_name: row.ends_at for row in await session.execute(query)}


async def _muster(story: Story, now: datetime) -> None:
    """An hour of the evening that is over already: check-ins, two ticks, an item sold."""
    clock = story.clock
    clock.moment = now - timedelta(minutes=64)
    raid_id = await story.start_raid(LEADER, TONIGHT.event, TONIGHT.points)
    for user in (LEADER, *AT_HAND):
        clock.pass_by(seconds=story.dice.randint(4, 25))
        await roster.check_in(story.stage, story.actor(user), raid_id)
    for user in BENCH:
        await roster.stand_by(story.stage, story.actor(user), raid_id)
    clock.moment = now - timedelta(minutes=52)
    await story.tick(LEADER, raid_id, "On time")
    clock.moment = now - timedelta(minutes=41)
    await roster.check_in(story.stage, story.actor(LATE), raid_id)
    clock.moment = now - timedelta(minutes=33)
    item, minimum = TONIGHT.drops[-1]
    auction_id = await story.auction(LEADER, item, minimum, timedelta(minutes=3))
    await story.bidding(auction_id, minimum, AT_HAND, seconds_apart=15)
    clock.moment = now - timedelta(minutes=29)
    await story.catch_up()
    clock.moment = now - timedelta(minutes=14)
    await story.tick(LEADER, raid_id, "Second wing")


async def _put_up(story: Story, now: datetime, drops: list[tuple[str, int]]) -> None:
    """An item that was put up a minute ago, with a few bids on it already."""
    clock = story.clock
    clock.moment = now - timedelta(seconds=70)
    item, minimum = story.dice.choice(drops or TONIGHT.drops)
    auction_id = await story.auction(LEADER, item, minimum, timedelta(minutes=MINUTES_TO_GO, seconds=70))
    has = await story.balances()
    wanting = [user for user in ("sable", "cadoc", "hroth") if has.get(user, 0) >= minimum + 10]
    for number, user in enumerate(wanting):
        clock.pass_by(seconds=9)
        await story.bid(user, auction_id, minimum + 5 * number)
