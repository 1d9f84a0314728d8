"""Live boards: one posted card a subject, redrawn from the rows at most about once a second, posted anew when gone.

A use case says `session.redraw("auction", 12)`; after its commit the board is marked. A loop of the entry point (or a
test) calls `draw_due`, which draws each marked board once however many changes there were, and always ends on the
newest state. A board missed in a crash is drawn at start-up: its row still says `live`.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import ui
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from bot import log, outbox
from bot.stage import Actor, Session, Stage
from db.tables import Board

if TYPE_CHECKING:
    from bot.app import Quartermaster

REST = timedelta(seconds=1)
"""Between two edits of one board; Discord allows about 5 in 5 s a channel."""
RETRY = timedelta(seconds=5)
_log = logging.getLogger(__name__)
Key = tuple[int, str, int]


async def place(session: Session, kind: str, subject_id: int, channel_id: int) -> None:
    """Give a subject its board in a channel; it is posted after the commit. Again: it is posted anew there."""
    values = {"channel_id": channel_id, "message_id": None, "posting_at": None, "live": True}
    row = insert(Board).values(guild_id=session.guild_id, kind=kind, subject_id=subject_id, **values)
    await session.execute(
        row.on_conflict_do_update(index_elements=[Board.guild_id, Board.kind, Board.subject_id], set_=values)
    )
    session.redraw(kind, subject_id)


class Boards:
    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot
        self._due: dict[Key, datetime] = {}
        self._drawn_at: dict[Key, datetime] = {}

    @property
    def stage(self) -> Stage:
        return self.bot.stage

    def mark(self, guild_id: int, kind: str, subject_id: int) -> None:
        """The card is out of date: due now, or as soon as the rest since the last drawing is over."""
        key = (guild_id, kind, subject_id)
        now = self.stage.clock.now()
        self._due.setdefault(key, max(now, self._drawn_at.get(key, now - REST) + REST))

    async def mark_live(self, guild_id: int) -> None:
        """Mark every live board of a guild: called when the guild becomes available after a start."""
        rows = await self.stage.run(Actor.itself(guild_id), _live)
        for kind, subject_id in rows:
            self.mark(guild_id, kind, subject_id)

    async def draw_due(self) -> int:
        """Draw what is due now; returns how many boards were drawn."""
        now = self.stage.clock.now()
        due = [key for key, at in self._due.items() if at <= now]
        for key in due:
            del self._due[key]  # before drawing: a change that comes meanwhile marks it again
            self._drawn_at[key] = now
            with log.request(key[0], None, log.new_code()):
                try:
                    await self._draw(*key)
                except discord.HTTPException as error:
                    _log.warning("board %s %s not drawn: %s", key[1], key[2], error)
                    self._due.setdefault(key, now + RETRY)
                except Exception:
                    _log.exception("board %s %s not drawn", key[1], key[2])
        return len(due)

    async def draw_all(self) -> None:
        """Draw every marked board now, rest or not: for tests and for shutting down."""
        while self._due:
            self._due = dict.fromkeys(self._due, self.stage.clock.now())
            await self.draw_due()

    async def _draw(self, guild_id: int, kind: str, subject_id: int) -> None:
        guild = self.bot.get_guild(guild_id)
        drawn = await self.stage.registry.boards[kind].draw(self.stage, guild_id, subject_id)
        itself = Actor.itself(guild_id)
        board = await self.stage.run(itself, lambda session: session.get(Board, (guild_id, kind, subject_id)))
        if guild is None or drawn is None or board is None:
            return
        view, live = drawn
        if board.message_id is not None:
            try:
                channel = self.bot.get_partial_messageable(board.channel_id, guild_id=guild_id)
                await channel.get_partial_message(board.message_id).edit(
                    view=view, allowed_mentions=discord.AllowedMentions.none()
                )
                await self._settle(board, live=live)
                return
            except (discord.NotFound, discord.Forbidden) as error:
                _log.info("board %s %s is gone (%s); posting it anew", kind, subject_id, error.status)
        await self._post(guild, board, view, live)

    async def _post(self, guild: discord.Guild, board: Board, view: ui.LayoutView, live: bool) -> None:
        """Post the card in its channel, else in the first other place that takes it, and say so."""
        itself = Actor.itself(guild.id)
        if board.posting_at is not None and (found := await self._find_posted(board)) is not None:
            await self._settle(board, live=live, message_id=found)
            return
        await self.stage.run(itself, lambda session: _begin_post(session, board))
        settings = await self.stage.run(itself, _channels)
        refused: discord.HTTPException | None = None
        for channel_id in dict.fromkeys((board.channel_id, *settings, *_open_channels(guild))):
            channel = self.bot.get_partial_messageable(channel_id, guild_id=guild.id)
            try:
                # The nonce ends a double post when the answer to the first try was lost.
                sent = await channel.send(
                    view=view,
                    nonce=f"b{board.kind[:3]}{board.subject_id}t{int(self.stage.clock.now().timestamp()) // 60 % 1000}",
                    allowed_mentions=discord.AllowedMentions.none(),
                )
            except (discord.NotFound, discord.Forbidden) as error:
                refused = error
                continue
            await self._settle(board, live=live, message_id=sent.id, channel_id=channel_id)
            if channel_id != board.channel_id:
                moved = (board.channel_id, channel_id, refused)
                await self.stage.run(itself, lambda session: _say_moved(session, board, guild, moved))
            return
        _log.error("no channel takes the board %s %s", board.kind, board.subject_id)
        await self.stage.run(itself, lambda session: _say_homeless(session, board, guild))

    async def _find_posted(self, board: Board) -> int | None:
        """A post whose answer was lost: ours, in that channel, with this subject's buttons."""
        channel = self.bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
        assert board.posting_at is not None
        try:
            async for message in channel.history(limit=50, after=board.posting_at - timedelta(seconds=5)):
                if message.author == self.bot.user and _belongs(message, board):
                    return message.id
        except (discord.NotFound, discord.Forbidden):
            return None
        return None

    async def _settle(
        self, board: Board, *, live: bool, message_id: int | None = None, channel_id: int | None = None
    ) -> None:
        changed = {"live": live, "posting_at": None}
        if message_id is not None:
            changed |= {"message_id": message_id, "channel_id": channel_id or board.channel_id}
        elif board.live == live:
            return
        where = (Board.guild_id == board.guild_id, Board.kind == board.kind, Board.subject_id == board.subject_id)

        async def write(session: Session) -> None:
            await session.execute(update(Board).where(*where).values(**changed))

        await self.stage.run(Actor.itself(board.guild_id), write)


def _belongs(message: discord.Message, board: Board) -> bool:
    view = ui.LayoutView.from_message(message)
    marks = [str(getattr(item, "custom_id", "")) for item in view.walk_children()]
    return any(mark.startswith(f"qm:{board.kind}.") and str(board.subject_id) in mark.split(":") for mark in marks)


async def _live(session: Session) -> list[tuple[str, int]]:
    query = select(Board.kind, Board.subject_id).where(Board.guild_id == session.guild_id, Board.live)
    return [(row.kind, row.subject_id) for row in await session.execute(query)]


async def _begin_post(session: Session, board: Board) -> None:
    row = await session.get(Board, (board.guild_id, board.kind, board.subject_id))
    if row is not None:
        row.message_id, row.posting_at = None, session.now


async def _channels(session: Session) -> list[int]:
    guild = session.guild
    known = (guild.raids_channel_id, guild.auctions_channel_id, guild.audit_channel_id)
    return [channel_id for channel_id in known if channel_id is not None]


def _open_channels(guild: discord.Guild) -> list[int]:
    """Where the bot may post when the guild's own choices fail: the system channel, then any text channel."""
    first = [guild.system_channel] if guild.system_channel else []
    may = [c for c in (*first, *guild.text_channels) if c.permissions_for(guild.me).send_messages]
    return [channel.id for channel in may[:5]]


async def _say_moved(
    session: Session, board: Board, guild: discord.Guild, moved: tuple[int, int, discord.HTTPException | None]
) -> None:
    before, now, refused = moved
    why = "is gone" if isinstance(refused, discord.NotFound) else "does not let me post"
    outbox.send(
        session,
        f"moved{board.kind[:3]}{board.subject_id}x{now % 100000}",
        f"<#{before}> {why}, so the {board.kind} board is in <#{now}> now. `/settings channels` chooses another.",
        channel_id=session.guild.audit_channel_id or now,
    )


async def _say_homeless(session: Session, board: Board, guild: discord.Guild) -> None:
    key = f"homeless{board.kind[:3]}{board.subject_id}"
    known = await session.scalar(
        select(outbox.Outbox.outbox_id).where(outbox.Outbox.guild_id == session.guild_id, outbox.Outbox.nonce == key)
    )
    if known is None and guild.owner_id is not None:
        text = (
            f"No channel of {guild.name} lets me post the {board.kind} board: give me View Channel and Send Messages."
        )
        outbox.send(session, key, text, user_id=guild.owner_id)
