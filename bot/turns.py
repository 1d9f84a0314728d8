"""Rows that wait, guild by guild: in order within a guild, guilds beside each other, a slow one holds up no other."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable

from bot.stage import Stage

GUILDS_AT_ONCE = 4
"""Of one turn; the database pool has ten connections."""
TURNS_AT_ONCE = 8
"""Turns the ticker lets run beside each other: one that waits for a slow guild is overtaken by the next."""


async def each_guild(
    stage: Stage, kind: str, keys: Iterable[tuple[int, int]], work: Callable[[int, list[int]], Awaitable[int]]
) -> int:
    """Call `work(guild_id, row_ids)` for each guild; one that an earlier turn is still busy with is left to it."""
    waiting: dict[int, list[int]] = defaultdict(list)
    for guild_id, row_id in keys:
        waiting[guild_id].append(row_id)
    gate = asyncio.Semaphore(GUILDS_AT_ONCE)

    async def one_guild(guild_id: int, row_ids: list[int]) -> int:
        async with gate:
            if (kind, guild_id) in stage.busy:
                return 0
            stage.busy.add((kind, guild_id))
            try:
                return await work(guild_id, row_ids)
            finally:
                stage.busy.discard((kind, guild_id))

    return sum(await asyncio.gather(*(one_guild(guild_id, row_ids) for guild_id, row_ids in waiting.items())))
