"""What exists in the fake Discord, as the payloads Discord would send of it."""

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DISCORD_EPOCH = 1_420_070_400_000
MEMBERS_INTENT = 1 << 1
MEMBERS_FLAG = 1 << 15  # gateway_guild_members_limited: switched on in the portal of an unverified bot
ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
ORDINARY = 0x0000_7FFF_FFFF_FFFF & ~(ADMINISTRATOR | MANAGE_GUILD)
TEXT, VOICE, DIRECT = 0, 2, 1

_count = itertools.count(1)


def snowflake() -> int:
    """A new id that carries this moment, as Discord's do."""
    return (int(time.time() * 1000) - DISCORD_EPOCH) << 22 | next(_count) & 0x3FFFFF


def moment(of: int) -> str:
    """When an id was made, in ISO form."""
    return datetime.fromtimestamp(((of >> 22) + DISCORD_EPOCH) / 1000, UTC).isoformat()


def user(user_id: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    shown = {"username": name.lower(), "global_name": name, "discriminator": "0", "avatar": None}
    return {"id": str(user_id), **shown, "bot": bot, "public_flags": 0}


@dataclass
class FakeMember:
    """Somebody in a server; `permissions` are what Discord says of them in an interaction."""

    guild_id: int
    user: dict[str, Any]
    permissions: int = ORDINARY
    role_ids: list[int] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.user["id"])

    def payload(self) -> dict[str, Any]:
        rest = {"nick": None, "joined_at": moment(self.guild_id), "deaf": False, "mute": False, "flags": 0}
        return {"user": self.user, "roles": [str(role_id) for role_id in self.role_ids], **rest}


@dataclass
class FakeChannel:
    guild_id: int | None
    id: int
    name: str
    kind: int = TEXT

    def payload(self) -> dict[str, Any]:
        shown = {"name": self.name, "position": 0, "permission_overwrites": [], "parent_id": None, "nsfw": False}
        place = {"guild_id": str(self.guild_id)} if self.guild_id else {}
        return {"id": str(self.id), "type": self.kind, **shown, **place, "last_message_id": None}


@dataclass
class FakeGuild:
    """One server. Ids of servers made one after another fall on different shards in turn."""

    id: int
    name: str
    owner: FakeMember
    members: dict[int, FakeMember] = field(default_factory=dict)
    channels: dict[int, FakeChannel] = field(default_factory=dict)
    roles: list[dict[str, Any]] = field(default_factory=list)

    def shard(self, count: int) -> int:
        return (self.id >> 22) % count

    @property
    def general(self) -> FakeChannel:
        """The first text channel."""
        return next(channel for channel in self.channels.values() if channel.kind == TEXT)

    def join(self, name: str, *, permissions: int = ORDINARY) -> FakeMember:
        """Somebody new; before the bot connects, or follow it with a dispatched GUILD_MEMBER_ADD."""
        member = FakeMember(self.id, user(snowflake(), name), permissions)
        self.members[member.id] = member
        return member

    def open_channel(self, name: str, kind: int = TEXT) -> FakeChannel:
        channel = FakeChannel(self.id, snowflake(), name, kind)
        self.channels[channel.id] = channel
        return channel

    def payload(self) -> dict[str, Any]:
        everyone = {"id": str(self.id), "name": "@everyone", "permissions": str(ORDINARY), "position": 0}
        looks = {"color": 0, "hoist": False, "managed": False, "mentionable": False, "flags": 0}
        empty = ("emojis", "stickers", "features", "threads", "voice_states", "presences", "stage_instances")
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.owner.id),
            "roles": [everyone | looks, *self.roles],
            "channels": [channel.payload() for channel in self.channels.values()],
            "members": [member.payload() for member in self.members.values()],
            "member_count": len(self.members),
            "system_channel_id": str(self.general.id),
            "joined_at": moment(self.id),
            "large": False,
            "unavailable": False,
            "verification_level": 0,
            "preferred_locale": "en-US",
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            **{name: [] for name in empty},
        }


def make_guild(guild_id: int, name: str, bot: dict[str, Any]) -> FakeGuild:
    """A server with an owner, the bot (an administrator) and a channel `general`."""
    owner = FakeMember(guild_id, user(snowflake(), f"{name} owner"), ORDINARY | MANAGE_GUILD)
    bots_role = {"id": str(snowflake()), "name": "Quartermaster", "permissions": str(ADMINISTRATOR), "position": 1}
    looks = {"color": 0, "hoist": False, "managed": True, "mentionable": False, "flags": 0}
    itself = FakeMember(guild_id, bot, ORDINARY | ADMINISTRATOR, [int(bots_role["id"])])
    guild = FakeGuild(guild_id, name, owner, {owner.id: owner, itself.id: itself}, roles=[bots_role | looks])
    guild.open_channel("general")
    return guild


def message(channel: FakeChannel, author: dict[str, Any], sent: dict[str, Any], message_id: int) -> dict[str, Any]:
    """A message as Discord answers it; `nonce` comes back when it was given."""
    kept = {name: sent[name] for name in ("content", "embeds", "components", "nonce", "flags") if sent.get(name)}
    empty = {"attachments": [], "mentions": [], "mention_roles": [], "embeds": [], "components": [], "content": ""}
    plain = {"tts": False, "pinned": False, "mention_everyone": False, "edited_timestamp": None, "type": 0}
    known = {"id": str(message_id), "channel_id": str(channel.id), "author": author, "timestamp": moment(message_id)}
    return {**empty, **plain, **known, **kept}
