"""An evening in a simulated Discord: the real bot on a real database, users who type and press, time that tests move.

SimCord's clock and ours are one. What happens by itself (due work, messages, boards) happens in `night.settle()`,
which every action of a person ends with.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import discord
import pytest
import simcord
from simcord.backend.serializers import guild_create_payload
from sqlalchemy import URL

from bot import heartbeat
from bot.app import Quartermaster
from db.scope import Database


class SimClock:
    """SimCord's clock as ours."""

    env: simcord.Env

    def now(self) -> datetime:
        return self.env.now()


class Night:
    """One server, its channels, and short words for what people do in it."""

    def __init__(self, env: simcord.Env, url: URL, clock: SimClock) -> None:
        self.env, self.url, self.clock = env, url, clock
        self.owner_user = env.create_user("guildmaster")
        self.guild = env.create_guild("Crimson Circle", owner=self.owner_user)
        self.channel = self.guild.create_text_channel("general")
        self.officer = self.guild.add_member(self.owner_user)
        """The server's owner: officer as long as no role is mapped."""

    @property
    def bot(self) -> Quartermaster:
        assert isinstance(self.env.bot, Quartermaster)
        return self.env.bot

    @property
    def stage(self):
        return self.bot.stage

    def join(self, name: str, **more: Any) -> simcord.MemberActor:
        """Somebody new in the server."""
        return self.guild.add_member(self.env.create_user(name), **more)

    async def settle(self) -> None:
        """Let everything happen that happens by itself now."""
        await self.env.settle()
        await heartbeat.beat(self.stage)
        await self.bot.work_once()
        await self.bot.boards.draw_all()
        await self.env.settle()

    async def wait(self, seconds: float) -> None:
        """Time passes, a second at most between two looks at what is due near the end."""
        await self.env.advance_time(seconds)
        await self.settle()

    async def types(self, who: simcord.MemberActor, command: str, /, **options: Any) -> simcord.InteractionResult:
        """`await night.types(anna, "raid start", event="Plane of Fear")`, in the general channel unless `at=`."""
        at = options.pop("at", self.channel)
        result = await who.slash(at, command, **options)
        await self.settle()
        return result

    async def presses(
        self, who: simcord.MemberActor, where: Any, label: str | None = None, **how: Any
    ) -> simcord.InteractionResult:
        """Press a button on a board, a panel or an answer, by its label or custom_id."""
        result = await who.click(where, label=label, **how)
        await self.settle()
        return result

    async def picks(self, who: simcord.MemberActor, message: discord.Message, label: str) -> simcord.InteractionResult:
        """Pick an option of a message's only select by its label."""
        view = discord.ui.LayoutView.from_message(message)
        [select] = [item for item in view.walk_children() if isinstance(item, discord.ui.Select)]
        [value] = [option.value for option in select.options if option.label == label]
        result = await who.select(message, [value], custom_id=select.custom_id)
        await self.settle()
        return result

    async def fills(
        self, who: simcord.MemberActor, form: simcord.InteractionResult, **values: str
    ) -> simcord.InteractionResult:
        result = await who.submit_modal(form, values)
        await self.settle()
        return result

    async def restart(self) -> None:
        """The process ends and another one comes up on the same database."""
        old = self.bot
        await self.env.restart_bot(build(self.url, self.clock))
        await old.stage.db.close()
        # SimCord sends the servers while discord.py still waits for them, for no time at all: they get lost there, and
        # no member would be known. Discord's "this server is available now" follows here.
        for guild in list(self.env.backend.guilds.values()):
            available = {**guild_create_payload(self.env.backend, guild), "unavailable": False}
            self.env.backend.emit("GUILD_CREATE", available)
        await self.settle()


def build(url: URL, clock: SimClock) -> Quartermaster:
    """The bot as production builds it, on a test's database and clock."""
    return Quartermaster(Database(url), clock, shard_count=1)


def said(result: simcord.InteractionResult) -> str:
    """What the person reads in answer, follow-ups included."""
    parts = [result.response, *result.followups]
    return "\n".join(text_of(part.message) for part in parts if part is not None)


def text_of(message: discord.Message) -> str:
    """All the words of a message: content and every text of its layout, and the labels of its buttons in brackets."""
    words = [message.content] if message.content else []
    if message.flags.components_v2 or message.components:
        view = discord.ui.LayoutView.from_message(message) if message.flags.components_v2 else None
        items = view.walk_children() if view is not None else discord.ui.View.from_message(message).children
        for item in items:
            if isinstance(item, discord.ui.TextDisplay):
                words.append(item.content)
            elif isinstance(item, discord.ui.Button):
                words.append(f"[{item.label}]")
    return "\n".join(words)


class Troubles(logging.Handler):
    """Every error the bot logged. A test that causes one on purpose calls `forgive`; any other fails its test."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(logging.Formatter().format(record))

    def forgive(self) -> list[str]:
        seen, self.seen = self.seen, []
        return seen


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    handler = Troubles()
    for name in ("bot", "cogs", "discord"):
        logging.getLogger(name).addHandler(handler)
    yield handler
    for name in ("bot", "cogs", "discord"):
        logging.getLogger(name).removeHandler(handler)
    assert not handler.seen, "the bot logged errors:\n" + "\n".join(handler.seen)


@pytest.fixture
async def env(database_url: URL, troubles: Troubles) -> AsyncIterator[simcord.Env]:
    """The simulated Discord with the bot connected; its clock is chosen for the test by SimCord's plugin.

    SimCord counts refusals as errors of the bot, so its own check is off and `troubles` has the last word.
    """
    clock = SimClock()
    env = simcord.Env(build(database_url, clock), settle_timeout=10, check_errors=False)
    clock.env = env
    await env.start()
    try:
        yield env
    finally:
        last = env.bot
        await env.shutdown()
        assert isinstance(last, Quartermaster)
        await last.stage.db.close()


@pytest.fixture
async def night(env: simcord.Env, database_url: URL) -> Night:
    assert isinstance(env.bot, Quartermaster)
    clock = env.bot.stage.clock
    assert isinstance(clock, SimClock)
    made = Night(env, database_url, clock)
    await made.settle()
    return made
