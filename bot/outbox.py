"""The outbox: messages that must reach Discord, written with their cause and delivered after the commit.

A row carries its key as the message's `nonce` with `enforce_nonce`, which Discord honours for a few minutes: sending
it twice makes one message. A row left "sending" for longer is first looked up among the channel's recent messages.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord
from sqlalchemy import select, update

from bot import log
from bot.stage import Actor, Session, Stage
from db.tables import Outbox

NONCE_HONOURED = timedelta(minutes=2)
"""How long we rely on `enforce_nonce`; Discord says "a few minutes"."""
LEASE = timedelta(seconds=30)
GIVE_UP_AFTER = 20
"""Tries; with waits of 2 s, 4 s, 8 s ... at most 10 minutes that is over two hours of Discord being away."""
NONCE_LIMIT = 25
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
    assert len(key) <= NONCE_LIMIT, key
    assert channel_id or user_id, key
    session.add(
        Outbox(
            guild_id=session.guild_id,
            nonce=key,
            channel_id=channel_id,
            user_id=user_id,
            content=content[:2000],
            mention_user_ids=list(mention),
            buttons=[{"custom_id": ":".join((f"qm:{b.key}", *map(str, b.numbers))), "label": b.label} for b in buttons],
            created_at=session.now,
            next_at=session.now,
        )
    )


@dataclass(frozen=True, slots=True)
class _Letter:
    outbox_id: int
    nonce: str
    channel_id: int | None
    user_id: int | None
    content: str
    mention: tuple[int, ...]
    buttons: tuple[dict[str, str], ...]
    attempts: int
    first_try_at: datetime | None
    """When an earlier try began whose end we do not know."""


async def deliver_once(stage: Stage, client: discord.Client) -> int:
    """Send everything that waits for guilds this process serves; returns how many were sent."""
    sent = 0
    for guild_id, outbox_id in await stage.db.outbox_across(stage.clock.now()):
        guild = client.get_guild(guild_id)
        if guild is None:
            continue  # another shard's, or the bot was removed
        with log.request(guild_id, None, log.new_code()):
            try:
                sent += await _deliver(stage, client, guild, outbox_id)
            except Exception:
                _log.exception("outbox row %s stays for a later try", outbox_id)
    return sent


async def _deliver(stage: Stage, client: discord.Client, guild: discord.Guild, outbox_id: int) -> bool:
    itself = Actor.itself(guild.id)
    letter = await stage.run(itself, lambda session: _take(session, outbox_id))
    if letter is None:
        return False
    try:
        message_id = await _post(stage, client, guild, letter)
    except (discord.NotFound, discord.Forbidden) as error:
        reason = f"{error.status} {error.text}"
        _log.warning("could not post %s: %s", letter.nonce, reason)
        await stage.run(itself, lambda session: _give_up(session, guild, letter, reason))
        return False
    except (discord.HTTPException, OSError, TimeoutError) as error:
        reason = repr(error)
        _log.warning("posting %s failed (try %s): %s", letter.nonce, letter.attempts, reason)
        await stage.run(itself, lambda session: _retry(session, guild, letter, reason))
        return False
    await stage.run(itself, lambda session: _mark_sent(session, letter, message_id))
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
    if letter.user_id is not None:
        try:
            user = client.get_user(letter.user_id) or await client.fetch_user(letter.user_id)
            return await _send(stage, user.dm_channel or await user.create_dm(), letter, letter.content)
        except (discord.Forbidden, discord.NotFound):  # DMs closed, or no such user any more
            if letter.channel_id is None or guild.get_member(letter.user_id) is None:
                raise
    assert letter.channel_id is not None
    channel = guild.get_channel_or_thread(letter.channel_id) or await guild.fetch_channel(letter.channel_id)
    content = letter.content
    if letter.user_id is not None and letter.user_id not in letter.mention:
        content = f"<@{letter.user_id}> {content}"[:2000]
    if not isinstance(channel, discord.abc.Messageable):
        raise TypeError(f"channel {letter.channel_id} takes no messages")
    return await _send(stage, channel, letter, content)


async def _send(stage: Stage, channel: discord.abc.Messageable, letter: _Letter, content: str) -> int:
    began = letter.first_try_at
    if began is not None and stage.clock.now() - began > NONCE_HONOURED:
        after = began - timedelta(seconds=5)  # Discord's clock and ours
        async for message in channel.history(limit=100, after=after):
            if message.author.id == channel._state.self_id and message.content == content:  # type: ignore[attr-defined]
                return message.id
    users = [discord.Object(user_id) for user_id in (*letter.mention, *([letter.user_id] if letter.user_id else []))]
    mentions = discord.AllowedMentions(everyone=False, roles=False, users=users)
    # discord.py sets enforce_nonce itself whenever a nonce is given.
    shown: dict[str, Any] = {"view": _view(letter)} if letter.buttons else {}
    message = await channel.send(content, nonce=letter.nonce, allowed_mentions=mentions, **shown)
    return message.id


def _view(letter: _Letter) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in letter.buttons:
        view.add_item(discord.ui.Button(custom_id=button["custom_id"], label=button["label"]))
    view.stop()  # nothing here listens: a press finds its class by the custom_id, in any process
    return view


async def _mark_sent(session: Session, letter: _Letter, message_id: int) -> None:
    await _set(session, letter, status="sent", message_id=message_id, error=None)


async def _retry(session: Session, guild: discord.Guild, letter: _Letter, reason: str) -> None:
    if letter.attempts >= GIVE_UP_AFTER:
        await _give_up(session, guild, letter, reason)
        return
    wait = timedelta(seconds=min(2**letter.attempts, 600))
    await _set(session, letter, next_at=session.now + wait, error=reason[:500])


async def _give_up(session: Session, guild: discord.Guild, letter: _Letter, reason: str) -> None:
    """It cannot be posted there: say so where officers look, else to the server's owner."""
    await _set(session, letter, status="failed", error=reason[:500])
    if letter.nonce.startswith("lost") or letter.channel_id is None:
        return  # the complaint itself could not be posted; a private notice has no other place
    told = session.guild.audit_channel_id
    elsewhere = told if told != letter.channel_id else None
    send(
        session,
        f"lost{letter.outbox_id}",
        f"I could not post in <#{letter.channel_id}> ({_in_words(reason)}). It said: {letter.content}",
        channel_id=elsewhere,
        user_id=None if elsewhere else guild.owner_id,
    )


def _in_words(reason: str) -> str:
    if reason.startswith("404"):
        return "the channel is gone: choose another with /settings channels"
    if reason.startswith("403"):
        return "I may not: give me View Channel and Send Messages there"
    return "Discord did not answer"


async def _set(session: Session, letter: _Letter, **values: object) -> None:
    await session.execute(
        update(Outbox).where(Outbox.guild_id == session.guild_id, Outbox.outbox_id == letter.outbox_id).values(**values)
    )
