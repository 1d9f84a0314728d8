"""Gateway dispatch to first answer, inside the process, with 200 guilds active.

The real bot's parsers are fed INTERACTION_CREATE payloads as the gateway would; the clock stops when discord.py hands
the interaction's callback to its HTTP adapter. Discord's network is not in it, nor is SimCord.
"""

import asyncio
import itertools
import random
import time
from typing import Any

import discord
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.app import Quartermaster, slices
from bot.clock import SystemClock
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import percentile

GUILDS = 200
PEOPLE = 20
ANSWERS = 3_000
AT_ONCE = 4
APPLICATION = 999
_numbers = itertools.count(1)


class StopWatch(AsyncWebhookAdapter):
    """Discord's side of an answer: takes the callback and notes when."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: dict[int, float] = {}
        self.waiting: dict[int, asyncio.Event] = {}

    async def create_interaction_response(  # type: ignore[override]
        self, interaction_id: int, token: str, **_: Any
    ) -> Any:
        self.answered[interaction_id] = time.perf_counter()
        if interaction_id in self.waiting:
            self.waiting[interaction_id].set()
        return {"interaction": {"id": str(interaction_id), "type": 2}}


async def run(server: EmbeddedPostgres) -> None:
    await server.ensure_database("dispatch")
    await migrate(server.url("dispatch"))
    bot = await _bot(Database(server.url("dispatch")))
    watch = StopWatch()
    async_context.set(watch)
    for command in ("dkp balance", "dkp standings", "character list", "auction list"):
        times = await _measure(bot, watch, command)
        print(
            f"/{command:16} {ANSWERS} answers, {GUILDS} guilds, {AT_ONCE} at once:"
            f" p50 {percentile(times, 0.5) * 1e3:.1f} ms, p99 {percentile(times, 0.99) * 1e3:.1f} ms"
        )
    await bot.stage.db.close()


async def _bot(db: Database) -> Quartermaster:
    """The bot without a connection: its parsers, slices and tree as in production."""
    bot = Quartermaster(db, SystemClock(), shard_count=1)
    await bot._async_setup_hook()
    state: Any = bot._connection
    state.application_id = APPLICATION
    user = {"id": str(APPLICATION), "username": "quartermaster", "discriminator": "0", "avatar": None}
    state.user = discord.ClientUser(state=state, data=user)  # type: ignore[arg-type]
    for name in slices():
        await bot.load_extension(name)
    for number in range(1, GUILDS + 1):
        state._add_guild_from_data(_guild(number))
    return bot


def _guild(number: int) -> Any:
    return {
        "id": str(number * 10**6),
        "name": f"Guild {number}",
        "owner_id": "1",
        "member_count": PEOPLE,
        "members": [],
        "channels": [{"id": str(number * 10**6 + 1), "type": 0, "name": "general", "position": 0}],
        "roles": [{"id": str(number * 10**6), "name": "@everyone", "permissions": "0", "position": 0, "color": 0}],
    }


def _payload(number: int, command: str, guild: int, person: int) -> Any:
    group, name = command.split()
    return {
        "id": str(10**15 + number),
        "application_id": str(APPLICATION),
        "type": 2,
        "token": f"token{number}",
        "version": 1,
        "guild_id": str(guild * 10**6),
        "channel_id": str(guild * 10**6 + 1),
        "channel": {"id": str(guild * 10**6 + 1), "type": 0, "name": "general"},
        "locale": "en-US",
        "app_permissions": "0",
        "attachment_size_limit": 10_000_000,
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0,
        "member": {
            "user": {"id": str(person), "username": f"raider{person}", "discriminator": "0", "avatar": None},
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
            "permissions": "0",
        },
        "data": {"id": "5", "name": group, "type": 1, "options": [{"type": 1, "name": name, "options": []}]},
    }


async def _measure(bot: Quartermaster, watch: StopWatch, command: str) -> list[float]:
    rng = random.Random(7)
    times: list[float] = []

    async def one_after_the_other(count: int) -> None:
        for _ in range(count):
            number = next(_numbers)
            payload = _payload(number, command, rng.randint(1, GUILDS), rng.randint(1, PEOPLE) + 10**9)
            answered = watch.waiting[10**15 + number] = asyncio.Event()
            began = time.perf_counter()
            bot._connection.parse_interaction_create(payload)
            await asyncio.wait_for(answered.wait(), 10)
            times.append(watch.answered.pop(10**15 + number) - began)
            del watch.waiting[10**15 + number]

    await asyncio.gather(*(one_after_the_other(ANSWERS // 10 // AT_ONCE) for _ in range(AT_ONCE)))
    times.clear()  # the first round makes members and fills the statement caches
    await asyncio.gather(*(one_after_the_other(ANSWERS // AT_ONCE) for _ in range(AT_ONCE)))
    return times
