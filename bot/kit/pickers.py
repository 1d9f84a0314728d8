"""Autocomplete for people, and what every autocomplete needs: few choices, ranked kindly, within Discord's limits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from sqlalchemy import ColumnElement, and_, select

from bot.kit.door import Door
from bot.kit.text import CHOICE_NAME, CHOICE_VALUE, CHOICES, clip, plain
from bot.registry import Choice
from bot.typed import name_key, near_keys
from db.tables import Character, Member

if TYPE_CHECKING:
    from bot.stage import Session

Autocomplete = Callable[[Any, discord.Interaction[Any], str], Awaitable[list[app_commands.Choice[str]]]]


def offer(capability: str, look: "Callable[[Session, str], Awaitable[Sequence[Choice]]]") -> Autocomplete:
    """An autocomplete for a cog: `look(session, typed)` gives the choices; who lacks the capability is offered none.

    @adjust.autocomplete("member")
    async def _(self, interaction, typed): return await offer("dkp.view", people)(self, interaction, typed)
    """

    async def complete(_: Any, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        if interaction.guild is None:
            return []
        door = Door(interaction)

        async def found(session: "Session") -> Sequence[Choice]:
            return await look(session, typed) if session.may(capability) else ()

        return fitting(await door.stage.run(door.actor, found))

    return complete


def fitting(choices: Sequence[Choice]) -> list[app_commands.Choice[str]]:
    """As Discord takes them: a value that is too long (a list of many names) is left out, or all would be refused."""
    short = [choice for choice in choices if len(choice.value) <= CHOICE_VALUE]
    return [app_commands.Choice(name=clip(plain(c.label), CHOICE_NAME), value=c.value) for c in short[:CHOICES]]


def rank(typed: str, choices: Sequence[Choice]) -> list[Choice]:
    """What starts with the typed text, then what contains it, then near names; everything when nothing was typed."""
    key = name_key(typed)
    if not key:
        return list(choices[:CHOICES])
    return [choices[place] for place in rank_keys(key, [name_key(choice.label) for choice in choices])]


def rank_keys(key: str, keys: Sequence[str]) -> list[int]:
    """`rank` for who has the keys at hand, thousands of them perhaps: the places of what to offer."""
    starts = [place for place, other in enumerate(keys) if other.startswith(key)]
    holds = [place for place, other in enumerate(keys) if key in other and not other.startswith(key)]
    found = [*starts, *holds]
    if len(found) < 5:
        found += sorted(set(near_keys(key, keys)) - set(found))
    return found[:CHOICES]


async def people(session: "Session", typed: str) -> list[Choice]:
    """People by display name, main and alts; who left or has no Discord account is found too, marked.

    Not those who went with an import that was undone: they have nothing, and may be here anew.
    """
    gone = and_(Member.discord_user_id.is_(None), Member.left_at.is_not(None), Member.data_import_id.is_not(None))
    members = (
        await session.execute(
            select(Member.member_id, Member.display_name, Member.left_at, Member.discord_user_id).where(
                Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_(None), ~gone
            )
        )
    ).all()
    played: dict[int, list[str]] = {}
    for owner, name in await session.execute(
        select(Character.owner_member_id, Character.name)
        .where(Character.guild_id == session.guild_id, Character.retired_at.is_(None))
        .order_by(Character.is_main.desc(), Character.character_id)
    ):
        played.setdefault(owner, []).append(name)
    choices = []
    for row in sorted(members, key=lambda row: (row.left_at is not None, row.display_name.casefold())):
        alts = ", ".join(played.get(row.member_id, ()))
        claimed = row.discord_user_id is not None
        mark = "" if claimed else " (no Discord account)"
        if row.left_at:
            mark = " (left)" if claimed else " (forgotten)"
        label = f"{row.display_name}{f' · {alts}' if alts else ''}{mark}"
        choices.append(Choice(label, f"#{row.member_id}"))
    return rank(typed, choices)


async def characters(session: "Session", typed: str) -> list[Choice]:
    """Every active character with its owner; resolved by `people.get_character`."""
    return rank(typed, await _characters(session, Character.guild_id == session.guild_id))


async def own_characters(session: "Session", typed: str) -> list[Choice]:
    """The actor's active characters, the main first."""
    return rank(typed, await _characters(session, Character.owner_member_id == session.member.member_id))


async def _characters(session: "Session", whose: ColumnElement[bool]) -> list[Choice]:
    rows = await session.execute(
        select(Character.character_id, Character.name, Character.is_main, Member.display_name)
        .join(Member, (Member.guild_id == Character.guild_id) & (Member.member_id == Character.owner_member_id))
        .where(Character.guild_id == session.guild_id, Character.retired_at.is_(None), whose)
        .order_by(Character.is_main.desc(), Character.name_key)
    )
    return [
        Choice(f"{row.name} · {'main' if row.is_main else 'alt'} of {row.display_name}", f"#{row.character_id}")
        for row in rows
    ]
