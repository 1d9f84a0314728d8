"""`/dkp adjust, adjust-many`: what officers post by hand, to one person or to many at once."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.pages import ask_in_pages, show_pages
from bot.kit.seen import everybody
from bot.people import Unknown
from bot.stage import Session
from cogs.dkp.cog.group import DKP, Choices, as_typed
from cogs.dkp.rules import AdjustKind
from cogs.dkp.service import adjustments, batches, pools, reasons


class Adjusting(commands.Cog):
    @DKP.command(name="adjust", description="Give or take points by hand, with a reason")
    @app_commands.describe(
        member="To whom",
        amount="How many points; below 0 takes them",
        reason="Why: they and the audit will read it (3 to 500 characters)",
        pool="Which pool; the guild's own when left out",
        kind="bonus always gives, penalty always takes, the others keep the sign",
    )
    async def adjust(
        self,
        interaction: discord.Interaction[Any],
        member: str,
        amount: float,
        reason: str,
        pool: str | None = None,
        kind: AdjustKind = "adjustment",
    ) -> None:
        door = Door(interaction)

        async def look(session: Session) -> list[str]:
            return await adjustments.adjustment_troubles(session, member, amount, reason, pool, kind)

        async def post(pressed: Door) -> None:
            done = await adjustments.adjust(
                door.stage, as_typed(pressed, door), member, amount, reason, pool, kind, door.channel_id
            )
            await pressed.say(done.in_words())

        troubles = await door.stage.read(door.actor, "dkp.adjust", look)
        if not troubles:
            await post(door)
            return
        await ask(
            door, "Take these points all the same?\n" + "\n".join(troubles), [yes("Take them", post, danger=True)]
        )

    @DKP.command(name="adjust-many", description="Give or take points of many people at once; shows first what it does")
    @app_commands.describe(
        amount="How many points each; below 0 takes them",
        reason="Why: they and the audit will read it (3 to 500 characters)",
        role="Everybody who holds this role",
        members="Names or mentions, with spaces or commas between them; together with a role: both",
        pool="Which pool; the guild's own when left out",
        kind="bonus always gives, penalty always takes, the others keep the sign",
    )
    async def adjust_many(
        self,
        interaction: discord.Interaction[Any],
        amount: float,
        reason: str,
        role: discord.Role | None = None,
        members: str | None = None,
        pool: str | None = None,
        kind: AdjustKind = "adjustment",
    ) -> None:
        door = Door(interaction)
        holders = [person for person in await everybody(door.guild) if role.id in person.role_ids] if role else None

        async def find(session: Session) -> batches.Meant:
            return await batches.find_meant(session, holders, members)

        async def show(asking: Door, ids: tuple[int, ...]) -> None:
            async def look(session: Session) -> batches.BatchPreview:
                return await batches.preview_batch(session, ids, amount, reason, pool, kind)

            async def post(pressed: Door) -> None:
                actor = as_typed(pressed, door)
                done = await batches.adjust_many(
                    door.stage, actor, ids, amount, reason, pool, kind, here=door.channel_id
                )
                await pressed.say(done.in_words())

            preview = await door.stage.read(asking.actor, "dkp.adjust", look)
            await ask_in_pages(asking, preview.heading, preview.lines, [yes("Do it", post, danger=True)])

        meant = await door.stage.read(door.actor, "dkp.adjust", find)
        if not meant.unknown:
            await show(door, meant.member_ids)
            return
        heading = f"**Nothing is posted yet: {_names(len(meant.unknown))} to nobody here.** Type the command again, or"
        if meant.member_ids:
            go_on = [yes(f"Leave them out, go on with {len(meant.member_ids)}", lambda d: show(d, meant.member_ids))]
            await ask_in_pages(door, f"{heading} leave them out.", _unknown_lines(meant.unknown), go_on)
        else:
            await show_pages(door, f"{heading} pick a role.", _unknown_lines(meant.unknown), empty="")

    @adjust.autocomplete("reason")
    @adjust_many.autocomplete("reason")
    async def _why(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.adjust", reasons.choices)(self, interaction, typed)

    @adjust.autocomplete("member")
    async def _to_whom(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pickers.people)(self, interaction, typed)

    @adjust.autocomplete("pool")
    @adjust_many.autocomplete("pool")
    async def _in_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("dkp.view", pools.open_choices)(self, interaction, typed)


def _names(count: int) -> str:
    return "1 name leads" if count == 1 else f"{count} names lead"


def _unknown_lines(unknown: Sequence[Unknown]) -> list[str]:
    """Each with the names near it."""
    lines = []
    for name in unknown:
        near = f": did you mean {' or '.join(name.near)}?" if name.near else ""
        lines.append(f"- {name.name}{near}")
    return lines
