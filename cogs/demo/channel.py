"""What the channel holds when the page opens: the evening's boards, notices and talk, each stamped when it happened."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from bot import outbox
from bot.app import Quartermaster
from bot.stage import Actor, Session
from cogs.demo.cast import CHATTER
from cogs.demo.story import StoryClock
from cogs.demo.world import World
from db.tables import Auction, Board, Outbox, Raid

Posted = tuple[str, int, datetime]
"""A board's kind and subject, and when it was begun."""
Happening = tuple[datetime, Callable[[], Awaitable[object]]]


async def put_aside(bot: Quartermaster, world: World) -> list[Posted]:
    """Tonight's boards and when each was begun. Not live for the moment: at a start the bot posts live ones at once."""
    return await bot.stage.run(Actor.itself(world.guild.id), _put_aside)


async def fill(bot: Quartermaster, world: World, boards: list[Posted]) -> None:
    """Post everything of tonight in its order; every start's Discord is new and empty."""
    now = bot.stage.clock.now()
    happened = [_board(bot, world, *board) for board in boards]
    happened += [_said(world, now - timedelta(minutes=ago), user, text) for ago, user, text in CHATTER]
    happened += [_notices(bot, at) for at in await bot.stage.run(Actor.itself(world.guild.id), _written_at)]
    for at, happens in sorted(happened, key=lambda one: one[0]):
        with world.clock.back_then(seconds=(now - at).total_seconds()):
            await happens()
    # SimCord is ready without waiting for a guild, so nobody has heard yet that this one is there.
    for guild in bot.guilds:
        bot.dispatch("guild_available", guild)


def _board(bot: Quartermaster, world: World, kind: str, subject_id: int, at: datetime) -> Happening:
    async def post() -> None:
        bot.boards.mark(world.guild.id, kind, subject_id)
        await bot.boards.draw_all()

    return at, post


def _notices(bot: Quartermaster, at: datetime) -> Happening:
    """What was waiting to be posted at a moment."""
    return at, lambda: outbox.deliver_once(replace(bot.stage, clock=StoryClock(at)), bot)


def _said(world: World, at: datetime, user: str, text: str) -> Happening:
    async def say() -> None:
        world.env.backend.create_message(world.channels["raid-night"].id, world.members[user].id, text)

    return at, say


async def _put_aside(session: Session) -> list[Posted]:
    raids = (
        select(Board.kind, Board.subject_id, Raid.started_at)
        .join(Raid, (Raid.guild_id == Board.guild_id) & (Raid.raid_id == Board.subject_id))
        .where(Board.guild_id == session.guild_id, Board.kind == "raid", Raid.status == "running")
    )
    auctions = (
        select(Board.kind, Board.subject_id, Auction.started_at)
        .join(Auction, (Auction.guild_id == Board.guild_id) & (Auction.auction_id == Board.subject_id))
        .join(Raid, (Raid.guild_id == Auction.guild_id) & (Raid.raid_id == Auction.raid_id))
        .where(Board.guild_id == session.guild_id, Board.kind == "auction")
        .where((Raid.status == "running") | (Auction.status == "open"))
    )
    tonight = [(row[0], row[1], row[2]) for row in await session.execute(raids.union_all(auctions))]
    await session.execute(update(Board).where(Board.guild_id == session.guild_id).values(live=False))
    return tonight


async def _written_at(session: Session) -> list[datetime]:
    """When the notices that are still to be posted were written."""
    query = select(Outbox.next_at).where(Outbox.guild_id == session.guild_id, Outbox.status == "pending").distinct()
    return list((await session.execute(query)).scalars())
