"""Live boards: one posted card a subject, redrawn from the rows at most about once a second, posted anew when gone.

A use case says `session.redraw("auction", 12)`; after its commit the board is marked. A loop of the entry point (or a
test) calls `draw_due`, which draws each marked board once however many changes there were, and always ends on the
newest state. A board missed in a crash is drawn at start-up: its row still says `live`.

Boards of one channel take turns, the longest out of date first: Discord counts edits by channel.

Two processes may draw one board. Whoever writes where the card is does so only if the row still says what they acted
on; a card posted for nothing is taken away again.
"""

import asyncio
import hashlib
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import ui
from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import log, outbox
from bot.kit.text import NONCE
from bot.stage import Actor, Session, Stage
from db.tables import Board

if TYPE_CHECKING:
    from bot.app import Quartermaster

REST = timedelta(seconds=1)
"""Between two edits in one channel; Discord allows 5 in 5 s."""
RETRY = timedelta(seconds=5)
"""After a failure; doubled with each further one."""
RETRY_MOST = timedelta(minutes=5)
AT_ONCE = 6
"""Boards drawn at the same time: one channel that Discord slows down holds up no other."""
_log = logging.getLogger(__name__)
Key = tuple[int, str, int]


class _Homeless(Exception):
    """Nobody lets us post; the owner has been told, and it is tried again like any other failure."""


async def place(session: Session, kind: str, subject_id: int, channel_id: int) -> None:
    """Give a subject its board in a channel; it is posted after the commit. Again: it is posted anew there."""
    fresh: dict[str, Any] = {"channel_id": channel_id, "message_id": None, "posting_at": None, "live": True}
    replaced = {
        "old_channel_id": case((Board.message_id.is_not(None), Board.channel_id), else_=Board.old_channel_id),
        "old_message_id": func.coalesce(Board.message_id, Board.old_message_id),
    }
    row = insert(Board).values(guild_id=session.guild_id, kind=kind, subject_id=subject_id, **fresh)
    await session.execute(
        row.on_conflict_do_update(index_elements=[Board.guild_id, Board.kind, Board.subject_id], set_=fresh | replaced)
    )
    session.redraw(kind, subject_id)


class Boards:
    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot
        self._due: dict[Key, datetime] = {}
        self._drawn_at: dict[Key, datetime] = {}
        self._drawing: set[Key] = set()
        self._channels: dict[Key, int] = {}
        """Where each board was when it was last drawn."""
        self._edited_at: dict[int, datetime] = {}
        """By channel."""
        self._failures: dict[Key, int] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    @property
    def stage(self) -> Stage:
        return self.bot.stage

    def mark(self, guild_id: int, kind: str, subject_id: int) -> None:
        """The card is out of date: due now, or as soon as the rest since the last drawing is over."""
        key = (guild_id, kind, subject_id)
        now = self.stage.clock.now()
        self._draw_at(key, max(now, self._drawn_at.get(key, now - REST) + REST))

    def _draw_at(self, key: Key, moment: datetime) -> None:
        self._due[key] = min(moment, self._due.get(key, moment))

    async def mark_live(self, guild_id: int) -> None:
        """Mark every live board of a guild: called when the guild becomes available after a start."""
        guild = self.bot.get_guild(guild_id)
        itself = Actor.itself(guild_id, guild.name if guild is not None else "")
        for kind, subject_id in await self.stage.run(itself, _live):
            self.mark(guild_id, kind, subject_id)

    async def draw_due(self) -> int:
        """Draw what is due now, one board a channel and channels beside each other; returns how many were drawn."""
        now = self.stage.clock.now()
        self._drawn_at = {key: at for key, at in self._drawn_at.items() if at > now - REST}
        self._edited_at = {channel_id: at for channel_id, at in self._edited_at.items() if at > now - REST}
        resting = {*self._edited_at, *(self._channels[key] for key in self._drawing if key in self._channels)}
        due: list[Key] = []
        for key in sorted(self._due, key=self._due.__getitem__):
            channel_id = self._channels.get(key)
            if self._due[key] <= now and key not in self._drawing and channel_id not in resting:
                due.append(key)
                if channel_id is not None:
                    resting.add(channel_id)
        await self._draw_now(due)
        return len(due)

    async def _draw_now(self, keys: list[Key]) -> None:
        for key in keys:
            del self._due[key]  # before drawing: a change that comes meanwhile marks it again
            self._drawn_at[key] = self.stage.clock.now()
            self._drawing.add(key)
        await asyncio.gather(*map(self._turn, keys))

    async def draw_all(self) -> None:
        """Draw every marked board now, rest or not, until it is drawn or fails: for tests and for shutting down."""
        while waiting := [
            key
            for key, at in self._due.items()
            if key not in self._drawing and (key not in self._failures or at <= self.stage.clock.now())
        ]:
            await self._draw_now(waiting)

    async def _turn(self, key: Key) -> None:
        guild_id, kind, subject_id = key
        try:
            async with self._gate:
                with log.request(guild_id, None, log.new_code()):
                    await self._draw(guild_id, kind, subject_id)
            self._failures.pop(key, None)
        except Exception as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self._draw_at(key, self.stage.clock.now() + min(RETRY * 2 ** min(failures - 1, 10), RETRY_MOST))
            ours = isinstance(error, discord.HTTPException) and error.status == 400
            away = isinstance(error, OSError | _Homeless | discord.HTTPException) and not ours
            _log.log(
                logging.WARNING if away else logging.ERROR,
                "board %s %s was not drawn (%s. try): %s",
                kind,
                subject_id,
                failures,
                error,
                exc_info=None if away else error,
            )
        finally:
            self._drawing.discard(key)
            if key in self._channels:
                self._edited_at[self._channels[key]] = self.stage.clock.now()

    async def _draw(self, guild_id: int, kind: str, subject_id: int) -> None:
        guild = self.bot.get_guild(guild_id)
        if guild is None:
            return  # another process serves it, or it is drawn as soon as it is available
        board = await self.stage.run(
            Actor.itself(guild_id), lambda session: session.get(Board, (guild_id, kind, subject_id))
        )
        if board is not None:
            self._channels[guild_id, kind, subject_id] = board.channel_id
        drawn = await self.stage.registry.boards[kind].draw(self.stage, guild_id, subject_id)
        if drawn is None or board is None:
            return
        view, live = drawn
        message_id = board.message_id
        if message_id is None and board.posting_at is not None:
            message_id = await self._find_posted(board, board.posting_at)
        if message_id is not None and await self._edit(board, message_id, view):
            if (board.message_id, board.posting_at, board.live) != (message_id, None, live):
                await self._settle(board, live=live, message_id=message_id)
        elif (
            begun := await self.stage.run(Actor.itself(guild_id), lambda session: _begin_post(session, board))
        ) is None:
            self.mark(guild_id, kind, subject_id)  # it was placed or posted anew meanwhile
        else:
            await self._post(guild, *begun, view, live)

    async def _edit(self, board: Board, message_id: int, view: ui.LayoutView) -> bool:
        """False when the card, its channel or the right to see it is gone."""
        channel = self.bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
        try:
            await channel.get_partial_message(message_id).edit(
                view=view, allowed_mentions=discord.AllowedMentions.none()
            )
        except (discord.NotFound, discord.Forbidden) as error:
            _log.info("board %s %s is gone (%s); posting it anew", board.kind, board.subject_id, error.status)
            return False
        return True

    async def _post(self, guild: discord.Guild, board: Board, again: bool, view: ui.LayoutView, live: bool) -> None:
        """Post the card in its channel, else in the first other place that takes it, and say so."""
        refused: discord.HTTPException | None = None
        chosen = await self.stage.run(Actor.itself(guild.id), lambda session: _channel_of(session, board.kind))
        for channel_id in dict.fromkeys((board.channel_id, *chosen, *outbox.open_channels(guild))):
            channel = self.bot.get_partial_messageable(channel_id, guild_id=guild.id)
            try:
                sent = await channel.send(
                    view=view, nonce=_nonce(board), allowed_mentions=discord.AllowedMentions.none()
                )
            except (discord.NotFound, discord.Forbidden) as error:
                refused = error
                continue
            moved = (channel_id, refused) if channel_id != board.channel_id else None
            card_id = await self._settle(board, live=live, message_id=sent.id, moved=moved)
            if card_id != sent.id:
                await self._take_away(channel_id, sent.id)
                self.mark(guild.id, board.kind, board.subject_id)
                return
            if again:  # Discord may have answered with the card of the first try, which shows an older state
                self.mark(guild.id, board.kind, board.subject_id)
            return
        await self.stage.run(Actor.itself(guild.id), lambda session: _say_homeless(session, board, guild))
        raise _Homeless("no channel takes it")

    async def _take_away(self, channel_id: int, message_id: int) -> None:
        try:
            await self.bot.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
        except discord.HTTPException as error:
            _log.info("the old card %s stays: %s", message_id, error)

    async def _find_posted(self, board: Board, began: datetime) -> int | None:
        """A post whose answer was lost: ours, in that channel, with this subject's buttons."""
        channel = self.bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
        try:
            async for message in channel.history(limit=outbox.LOOK_BACK, after=began - timedelta(seconds=5)):
                if message.author == self.bot.user and _belongs(message, board):
                    return message.id
        except (discord.NotFound, discord.Forbidden):
            return None
        return None

    async def _settle(
        self,
        board: Board,
        *,
        live: bool,
        message_id: int,
        moved: "tuple[int, discord.HTTPException | None] | None" = None,
    ) -> int | None:
        """Write where the card is, unless the row changed meanwhile; returns which card it names now.

        Another process may name the same one: both posted, and Discord made one message of one nonce.
        """
        changed: dict[str, Any] = {"live": live, "posting_at": None, "message_id": message_id}
        if message_id != board.message_id:
            if board.old_message_id is not None and board.old_channel_id is not None:
                await self._take_away(board.old_channel_id, board.old_message_id)
            changed |= {"old_channel_id": None, "old_message_id": None}
        if moved is not None:
            changed["channel_id"] = moved[0]
        unchanged = (
            Board.guild_id == board.guild_id,
            Board.kind == board.kind,
            Board.subject_id == board.subject_id,
            Board.channel_id == board.channel_id,
            Board.message_id.is_not_distinct_from(board.message_id),
            Board.posting_at.is_not_distinct_from(board.posting_at),
        )

        async def write(session: Session) -> int | None:
            written = await session.execute(update(Board).where(*unchanged).values(**changed).returning(Board.kind))
            if written.one_or_none() is not None:
                if moved is not None:
                    _say_moved(session, board, *moved)
                return message_id
            row = await session.get(Board, (board.guild_id, board.kind, board.subject_id))
            return row.message_id if row is not None else None

        return await self.stage.run(Actor.itself(board.guild_id), write)


def _nonce(board: Board) -> str:
    """The same for every try of one post, and for no other post of this board."""
    assert board.posting_at is not None
    post = f"{board.guild_id}:{board.kind}:{board.subject_id}:{board.posting_at.timestamp()}"
    return hashlib.blake2s(post.encode(), digest_size=NONCE // 2).hexdigest()


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) % 10**8


def _belongs(message: discord.Message, board: Board) -> bool:
    if not message.flags.components_v2:
        return False
    for item in ui.LayoutView.from_message(message).walk_children():
        prefix, *numbers = str(getattr(item, "custom_id", "")).split(":")[1:] or [""]
        if prefix.startswith(f"{board.kind}.") and numbers[:1] == [str(board.subject_id)]:
            return True
    return False


async def _live(session: Session) -> list[tuple[str, int]]:
    query = select(Board.kind, Board.subject_id).where(Board.guild_id == session.guild_id, Board.live)
    return [(row.kind, row.subject_id) for row in await session.execute(query)]


async def _begin_post(session: Session, board: Board) -> tuple[Board, bool] | None:
    """Note that a post begins, and whether it is a further try; None when the row is not as we saw it."""
    row = await session.get(Board, (board.guild_id, board.kind, board.subject_id), with_for_update=True)
    if row is None or (row.channel_id, row.message_id) != (board.channel_id, board.message_id):
        return None
    again = row.posting_at is not None and session.now - row.posting_at <= outbox.NONCE_HONOURED
    row.message_id = None
    if not again:
        row.posting_at = session.now
    return row, again


async def _channel_of(session: Session, kind: str) -> list[int]:
    """The guild's own choice for this kind: a raid's board belongs into the raids channel."""
    channel_id = getattr(session.guild, f"{kind}s_channel_id", None)
    return [channel_id] if channel_id is not None else []


def _say_moved(session: Session, board: Board, now: int, refused: discord.HTTPException | None) -> None:
    assert board.posting_at is not None
    why = "is gone" if isinstance(refused, discord.NotFound) else "does not let me post"
    outbox.send(
        session,
        f"mv{board.kind[:3]}{board.subject_id}x{_stamp(board.posting_at)}",
        f"<#{board.channel_id}> {why}, so the {board.kind.replace('_', ' ')} board is in <#{now}> now."
        " `/settings channels` chooses another.",
        channel_id=session.guild.audit_channel_id or now,
    )


async def _say_homeless(session: Session, board: Board, guild: discord.Guild) -> None:
    key = f"homeless{board.kind[:3]}{board.subject_id}"
    known = await session.scalar(
        select(outbox.Outbox.outbox_id).where(outbox.Outbox.guild_id == session.guild_id, outbox.Outbox.nonce == key)
    )
    if known is None and guild.owner_id is not None:
        text = (
            f"No channel of {guild.name} lets me post the {board.kind.replace('_', ' ')} board:"
            " give me View Channel and Send Messages."
        )
        outbox.send(session, key, text, user_id=guild.owner_id)
