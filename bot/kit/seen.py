"""People as Discord shows them: what slices hand to their services, which know no Discord. Bots are nobody."""

import discord

from bot.people import Seen


def seen(member: discord.Member) -> Seen:
    return Seen(member.id, member.display_name, frozenset(role.id for role in member.roles), member.joined_at)


async def everybody(guild: discord.Guild) -> list[Seen]:
    """Every person in the server. Asks Discord for the member list when the cache does not have all of it yet."""
    if not guild.chunked:
        await guild.chunk()
    return [seen(member) for member in guild.members if not member.bot]
