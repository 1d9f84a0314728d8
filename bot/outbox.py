"""The outbox: messages that must reach Discord, written with their cause and delivered after the commit.

A row carries its key as the message's `nonce` with `enforce_nonce`, which Discord honours for a few minutes: sending
it twice makes one message. A row left "sending" for longer is first looked up among the channel's recent messages.
What cannot be delivered is told: to the audit channel, else to the server's owner.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord
from sqlalchemy import Row, select, update

from bot import log, people
from bot.kit.text import MESSAGE_TEXT, NONCE, clip
from bot.stage import Actor, Session, Stage
from bot.turns import each_guild
from db.tables import Member, Outbox

NONCE_HONOURED = timedelta(minutes=2)
"""How long we rely on `enforce_nonce`; Discord says "a few minutes"."""
LEASE = timedelta(seconds=30)
PATIENCE_SECONDS = 25
"""A try that takes longer is broken off before its lease ends."""
GIVE_UP_AFTER = 20
"""Tries; with waits of 2 s, 4 s, 8 s ... at most 10 minutes that is over two hours of Discord being away."""
LOOK_BACK = 500
"""Messages looked through for one that may have been sent."""
ABSENT = timedelta(hours=1)
"""How long messages wait for a server that we are not in."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: the key and numbers of the `Press` that answers it, and its label."""

    key: str
    numbers: tuple[int, ...]
    label: str


def send(
    session: Session,
    key: str,
    content: str,
    *,
    channel_id: int | None = None,
    user_id: int | None = None,
    mention: Sequence[int] = (),
    buttons: Sequence[Button] = (),
) -> None:
    """Post `content` (at most 2,000 characters, names made safe) after the commit, once.

    `key` names the message within the guild (`won12`, at most 25 characters): the same key twice is a defect.
    `channel_id` alone: a post. `user_id` alone: a direct message. Both: a direct message, or with DMs closed a post
    that mentions them. Only the users in `mention` are pinged. `buttons` go under the message.
    """
    assert len(key) <= NONCE, key
    assert channel_id or user_id, key
    session.add(
        Outbox(
            guild_id=session.guild_id,
            nonce=key,
            channel_id=channel_id,
            user_id=user_id,
            content=clip(content, MESSAGE_TEXT),
            mention_user_ids=list(mention),
            buttons=[{"custom_id": ":".join((f"qm:{b.key}", *map(str, b.numbers))), "label": b.label} for b in buttons],
            created_at=session.now,
            next_at=session.now,
        )
    )


def notify(
    session: Session,
    key: str,
    content: str,
    member: Member | Row[Any],
    channel_id: int | None,
    kind: str,
    by_default: bool = True,
) -> None:
    """Tell one person something of a kind they may have switched off (`registry.notices`), after the commit, once.

    A direct message, or with DMs closed a post that mentions them; that post at once if they chose pings. Nothing to
    who does not want it (`people.wants`), has left, or has no Discord account. A row with `discord_user_id`,
    `left_at`, `muted`, `wanted` and `pinged` will do for `member`.

    The whole channel may come to read `content`: no secret goes into it. Where not even that they are meant is
    everybody's to know, give no channel.
    """
    user_id = member.discord_user_id
    if user_id is None or member.left_at is not None or not people.wants(member, kind, by_default):
        return
    if member.pinged and channel_id is not None:
        send(session, key, f"<@{user_id}> {content}", channel_id=channel_id, mention=[user_id])
    else:
        send(session, key, content, user_id=user_id, channel_id=channel_id)


@dataclass(frozen=True, slots=True)
class _Letter:
    outbox_id: int
    key: str
    channel_id: int | None
    user_id: int | None
    content: str
    mention: tuple[int, ...]
    buttons: tuple[dict[str, str], ...]
    attempts: int
    first_try_at: datetime | None
    """When an earlier try began whose end we do not know."""

    @property
    def nonce(self) -> str:
        """Discord compares nonces across all channels and servers of a bot, and keys are a guild's own."""
        return f"{self.outbox_id}.{self.key}"[:NONCE]


class _Undeliverable(Exception):
    """No later try can help; the words say why."""


async def deliver_once(stage: Stage, client: discord.Client) -> int:
    """Send everything that waits for guilds this process serves; returns how many were sent.

    In order within a guild; one guild's trouble stops no other.
    """

    async def one_guild(guild_id: int, outbox_ids: list[int]) -> int:
        guild = client.get_guild(guild_id)
        if guild is not None:
            return sum([await _try(stage, client, guild, outbox_id) for outbox_id in outbox_ids])
        if client.is_ready():  # the bot was removed: the others must not wait behind these
            await stage.run(Actor.itself(guild_id), lambda session: _postpone(session, outbox_ids))
        return 0

    keys = await stage.db.outbox_across(stage.clock.now(), shards=stage.shards)
    return await each_guild(stage, "outbox", keys, one_guild)


async def _try(stage: Stage, client: discord.Client, guild: discord.Guild, outbox_id: int) -> bool:
    with log.request(guild.id, None, log.new_code()):
        try:
            return await _deliver(stage, client, guild, outbox_id)
        except Exception:
            _log.exception("outbox row %s stays for a later try", outbox_id)
            return False


async def _deliver(stage: Stage, client: discord.Client, guild: discord.Guild, outbox_id: int) -> bool:
    itself = Actor.itself(guild.id)
    letter = await stage.run(itself, lambda session: _take(session, outbox_id))
    if letter is None:
        return False
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message_id = await _post(stage, client, guild, letter)
    except _Undeliverable as error:
        reason = str(error)
        _log.warning("could not post %s: %s", letter.key, reason)
        await stage.run(itself, lambda session: _give_up(session, guild, letter, reason))
        return False
    except Exception as error:
        reason = repr(error)
        _log.warning("posting %s failed (try %s): %s", letter.key, letter.attempts, reason)
        await stage.run(itself, lambda session: _retry(session, guild, letter, reason))
        return False
    await stage.run(itself, lambda session: _set(session, letter, status="sent", message_id=message_id, error=None))
    return True


async def _take(session: Session, outbox_id: int) -> _Letter | None:
    """Claim under a lease: `next_at` moves on, so no other process sends it meanwhile."""
    query = select(Outbox).where(
        Outbox.guild_id == session.guild_id,
        Outbox.outbox_id == outbox_id,
        Outbox.status.in_(("pending", "sending")),
        Outbox.next_at <= session.now,
    )
    row = (await session.execute(query.with_for_update(skip_locked=True))).scalar_one_or_none()
    if row is None:
        return None
    unknown_since = row.sending_at if row.status == "sending" else None
    row.status, row.next_at, row.attempts = "sending", session.now + LEASE, row.attempts + 1
    row.sending_at = row.sending_at or session.now
    return _Letter(
        row.outbox_id,
        row.nonce,
        row.channel_id,
        row.user_id,
        row.content,
        tuple(row.mention_user_ids),
        tuple(row.buttons),
        row.attempts,
        unknown_since,
    )


async def _post(stage: Stage, client: discord.Client, guild: discord.Guild, letter: _Letter) -> int:
    content = letter.content
    if letter.user_id is not None:
        try:
            user = client.get_user(letter.user_id) or await client.fetch_user(letter.user_id)
            return await _send(stage, client, guild, user.dm_channel or await user.create_dm(), letter, content)
        except (discord.Forbidden, discord.NotFound) as error:
            if letter.channel_id is None:
                raise _Undeliverable("their direct messages are closed") from error
        if not await _is_here(guild, letter.user_id):
            raise _Undeliverable(f"<@{letter.user_id}> has left the server")
        if letter.user_id not in letter.mention:
            content = clip(f"<@{letter.user_id}> {content}", MESSAGE_TEXT)
    assert letter.channel_id is not None
    try:
        channel = guild.get_channel_or_thread(letter.channel_id) or await guild.fetch_channel(letter.channel_id)
        if not isinstance(channel, discord.abc.Messageable):
            raise _Undeliverable("it takes no messages: choose another with /settings channels")
        return await _send(stage, client, guild, channel, letter, content)
    except (discord.NotFound, discord.InvalidData) as error:
        raise _Undeliverable("the channel is gone: choose another with /settings channels") from error
    except discord.Forbidden as error:
        raise _Undeliverable("I may not: give me View Channel and Send Messages there") from error


async def _is_here(guild: discord.Guild, user_id: int) -> bool:
    if guild.get_member(user_id) is not None:
        return True
    try:
        await guild.fetch_member(user_id)
    except discord.NotFound:
        return False
    return True


async def _send(
    stage: Stage,
    client: discord.Client,
    guild: discord.Guild,
    channel: discord.abc.Messageable,
    letter: _Letter,
    content: str,
) -> int:
    began = letter.first_try_at
    if began is not None and stage.clock.now() - began > NONCE_HONOURED:
        found = await _look_up(client, channel, began, content)
        others = await stage.run(Actor.itself(guild.id), lambda session: _known(session, found))
        for message_id in found:
            if message_id not in others:
                return message_id
    users = [discord.Object(user_id) for user_id in (*letter.mention, *([letter.user_id] if letter.user_id else []))]
    mentions = discord.AllowedMentions(everyone=False, roles=False, users=users)
    # discord.py sets enforce_nonce itself whenever a nonce is given.
    shown: dict[str, Any] = {"view": _view(letter)} if letter.buttons else {}
    try:
        message = await channel.send(content, nonce=letter.nonce, allowed_mentions=mentions, **shown)
    except discord.HTTPException as error:
        if error.status == 400:  # a defect of ours: the same request is refused for ever
            _log.exception("Discord does not take the message %s", letter.key)
            raise _Undeliverable("Discord does not take the message") from error
        raise
    return message.id


async def _look_up(
    client: discord.Client, channel: discord.abc.Messageable, began: datetime, content: str
) -> list[int]:
    """Our messages with these words since a try began, oldest first."""
    assert client.user is not None
    after = began - timedelta(seconds=5)  # Discord's clock and ours
    ours = []
    try:
        async for message in channel.history(limit=LOOK_BACK, after=after, oldest_first=True):
            if message.author.id == client.user.id and message.content.strip() == content.strip():
                ours.append(message.id)
    except discord.Forbidden:
        _log.warning("may not look whether a message was sent: Read Message History is missing")
    return ours


async def _known(session: Session, message_ids: list[int]) -> set[int]:
    """Those that are other rows' messages: two notices may read alike."""
    query = select(Outbox.message_id).where(
        Outbox.guild_id == session.guild_id, Outbox.message_id.in_(message_ids), Outbox.message_id.is_not(None)
    )
    return {message_id for message_id in (await session.execute(query)).scalars() if message_id is not None}


def _view(letter: _Letter) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in letter.buttons:
        view.add_item(discord.ui.Button(custom_id=button["custom_id"], label=button["label"]))
    view.stop()  # nothing here listens: a press finds its class by the custom_id, in any process
    return view


async def _retry(session: Session, guild: discord.Guild, letter: _Letter, reason: str) -> None:
    if letter.attempts >= GIVE_UP_AFTER:
        await _give_up(session, guild, letter, "Discord did not answer for hours")
        return
    wait = timedelta(seconds=min(2**letter.attempts, 600))
    await _set(session, letter, next_at=session.now + wait, error=reason[:500])


async def _give_up(session: Session, guild: discord.Guild, letter: _Letter, reason: str) -> None:
    """It cannot be delivered: say so where officers look, else to the server's owner, else wherever we may."""
    await _set(session, letter, status="failed", error=reason[:500])
    complaint = letter.key.startswith("lost")
    if letter.channel_id is None or (complaint and letter.user_id is not None):
        return  # a private notice has no other place; a complaint had every place there is
    content = letter.content
    if not complaint:
        content = f"I could not post in <#{letter.channel_id}>: {reason}. It said: {letter.content}"
    key = f"lost{letter.outbox_id}"
    if (told := session.guild.audit_channel_id) is not None and told != letter.channel_id:
        send(session, key, content, channel_id=told)
    elif guild.owner_id is not None:
        elsewhere = [channel_id for channel_id in open_channels(guild) if channel_id != letter.channel_id]
        send(session, key, content, user_id=guild.owner_id, channel_id=next(iter(elsewhere), None))


def open_channels(guild: discord.Guild) -> list[int]:
    """Where the bot may post when the guild's own choices fail: the system channel, then any text channel."""
    first = [guild.system_channel] if guild.system_channel else []
    rights = ((channel, channel.permissions_for(guild.me)) for channel in dict.fromkeys((*first, *guild.text_channels)))
    return [channel.id for channel, may in rights if may.view_channel and may.send_messages][:5]


async def _postpone(session: Session, outbox_ids: list[int]) -> None:
    await session.execute(
        update(Outbox)
        .where(Outbox.guild_id == session.guild_id, Outbox.outbox_id.in_(outbox_ids))
        .values(next_at=session.now + ABSENT)
    )


async def _set(session: Session, letter: _Letter, **values: object) -> None:
    await session.execute(
        update(Outbox).where(Outbox.guild_id == session.guild_id, Outbox.outbox_id == letter.outbox_id).values(**values)
    )
