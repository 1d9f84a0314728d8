"""People as Discord shows them: what slices hand to their services, which know no Discord. Bots are nobody."""

import discord

from bot.people import Seen


def seen(member: discord.Member) -> Seen:
    return Seen(member.id, member.display_name, frozenset(role.id for role in member.roles))


def everybody(guild: discord.Guild) -> list[Seen]:
    """Every person in the server, by the member cache; complete when `guild.chunked`."""
    return [seen(member) for member in guild.members if not member.bot]
