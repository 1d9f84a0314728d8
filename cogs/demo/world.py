"""The Discord server around the guild, built before the bot connects, with the same ids at every start."""

from dataclasses import dataclass
from typing import Any

import discord
import simcord

from cogs.demo import avatars
from cogs.demo.cast import CHANNELS, GROUPS, GUILD, IN_VOICE, PEOPLE, VIEWERS, Person
from cogs.demo.clock import RealClock

_OFFICERS_ONLY = "officers"


@dataclass(frozen=True)
class World:
    env: simcord.Env
    clock: RealClock
    guild: simcord.GuildHandle
    channels: dict[str, simcord.ChannelHandle]
    voice: simcord.ChannelHandle
    roles: dict[str, simcord.RoleHandle]
    """By role group, the badge included."""
    members: dict[str, simcord.MemberActor]
    """By the person's user name."""
    faces: dict[str, tuple[str, bytes]]
    """What the page shows for them, by address."""

    def role_ids(self, person: Person) -> frozenset[int]:
        """The Discord roles somebody wears."""
        worn = {self.roles[person.group].id} | ({self.roles["raid_leader"].id} if person.leads else set())
        return frozenset(worn)

    def viewers(self, channel: str) -> list[simcord.MemberActor]:
        """Whom the page can look through in a channel."""
        chosen = [self.members[user] for user in VIEWERS]
        if channel != _OFFICERS_ONLY:
            return chosen
        officers = {person.user for person in PEOPLE if person.group == "officer"}
        return [member for member in chosen if member.name in officers]


def build(env: simcord.Env) -> World:
    """Build in one fixed order on SimCord's standing clock, so every start gets the same ids; then start real time."""
    env.backend.bot_user.name = "Quartermaster"
    users = {person.user: env.create_user(person.user, global_name=person.shown) for person in PEOPLE}
    guild = env.create_guild(GUILD, owner=users[PEOPLE[0].user])
    roles = {group: guild.create_role(name, color=colour, hoist=True) for group, name, colour in reversed(GROUPS)}
    hidden: dict[Any, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        roles["officer"]: discord.PermissionOverwrite(view_channel=True),
        # As the README has it: in a hidden channel the bot is let in by name.
        simcord.UserHandle(env, env.backend.bot_user): discord.PermissionOverwrite(view_channel=True),
    }
    channels = {
        name: guild.create_text_channel(name, topic=topic, overwrites=hidden if name == _OFFICERS_ONLY else None)
        for name, topic in CHANNELS
    }
    voice = guild.create_voice_channel("Raid")
    members = {}
    for person in PEOPLE:
        worn = [roles[person.group], *([roles["raid_leader"]] if person.leads else [])]
        members[person.user] = guild.add_member(users[person.user], roles=worn)
    for user in IN_VOICE:
        env.backend.set_voice_state(guild.id, members[user].id, voice.id)
    faces = avatars.give(env, members)
    clock = RealClock()
    env.backend.clock = clock
    return World(env, clock, guild, channels, voice, roles, members, faces)
