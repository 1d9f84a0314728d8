"""Who is in a voice channel now, as ticks hear it."""

from collections.abc import Sequence

import discord

from cogs.raids.service.ticks import Heard


async def listen(client: discord.Client, guild_id: int, channel_id: int | None) -> Sequence[Heard] | None:
    """People in the channel, bots left out; None without a channel, or where it is gone: then nobody is left out."""
    guild = client.get_guild(guild_id)
    channel = guild.get_channel(channel_id) if guild and channel_id else None
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return None
    return [
        Heard(member.id, member.display_name, frozenset(role.id for role in member.roles))
        for member in channel.members
        if not member.bot
    ]
