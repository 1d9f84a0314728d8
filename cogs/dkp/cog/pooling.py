"""`/pool create, edit, archive, list`: the purses that points are in."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit import pickers
from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.pages import show_pages
from cogs.dkp.cog.group import Choices
from cogs.dkp.rules.pools import Given, StartOn
from cogs.dkp.service import pooling, pools

if TYPE_CHECKING:
    from bot.app import Quartermaster

_TERMS = {
    "start": "What somebody new begins with, once",
    "start_on": "When they get it: on becoming a member (join), or with their first tick in it (first_raid)",
    "floor": "The lowest balance a bid or transfer may lead to; below 0 allows debt",
    "cap": "The highest balance points given may lead to; 0 is no cap",
    "decimals": "Places after the point: 0, 1 or 2",
    "transfers": "Whether members may give each other points",
    "default": "Whether it is meant where no pool is named",
}


class Pooling(commands.Cog):
    pool = app_commands.Group(name="pool", description="Pools of points: what they are and how they work")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @pool.command(name="create", description="A new pool of points; the name of an archived one brings that one back")
    @app_commands.describe(name="What it is called", **_TERMS)
    async def create(
        self,
        interaction: discord.Interaction[Any],
        name: str,
        start: float | None = None,
        start_on: StartOn | None = None,
        floor: float | None = None,
        cap: float | None = None,
        decimals: app_commands.Range[int, 0, 2] | None = None,
        transfers: bool | None = None,
        default: bool | None = None,
    ) -> None:
        door = Door(interaction)
        given = Given(name, start, start_on, floor, cap, decimals, transfers, default)
        done = await pooling.create_pool(door.stage, door.actor, given)
        await door.say(done.in_words())

    @pool.command(name="edit", description="Change how a pool works; what is left out stays as it is")
    @app_commands.describe(pool="Which pool", name="Its new name", **_TERMS)
    async def edit(
        self,
        interaction: discord.Interaction[Any],
        pool: str,
        name: str | None = None,
        start: float | None = None,
        start_on: StartOn | None = None,
        floor: float | None = None,
        cap: float | None = None,
        decimals: app_commands.Range[int, 0, 2] | None = None,
        transfers: bool | None = None,
        default: bool | None = None,
    ) -> None:
        door = Door(interaction)
        given = Given(name, start, start_on, floor, cap, decimals, transfers, default)
        done = await pooling.edit_pool(door.stage, door.actor, pool, given)
        await door.say(done.in_words())

    @pool.command(name="archive", description="Nothing happens in it any more; its history stays readable")
    @app_commands.describe(pool="Which pool")
    async def archive(self, interaction: discord.Interaction[Any], pool: str) -> None:
        door = Door(interaction)

        async def then(pressed: Door) -> None:
            done = await pooling.archive_pool(pressed.stage, pressed.actor, pool)
            await pressed.say(done.in_words())

        question = await door.stage.read(
            door.actor, "pools.manage", lambda session: pooling.preview_archive(session, pool)
        )
        await ask(door, question, [yes("Archive it", then, danger=True)])

    @pool.command(name="list", description="Every pool and how it works, in plain words")
    async def show_all(self, interaction: discord.Interaction[Any]) -> None:
        door = Door(interaction)
        lines = await door.stage.read(door.actor, "dkp.view", pooling.list_pools)
        await show_pages(door, "**Pools of points**", lines, empty="")

    @edit.autocomplete("pool")
    @archive.autocomplete("pool")
    async def _which_pool(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return await pickers.offer("pools.manage", pools.open_choices)(self, interaction, typed)
