"""Many bids a second: the cards stay within what Discord lets us edit in a channel, and no bid waits for a card."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from discord.http import Route

from bot.stage import Actor
from cogs.auctions.service import BidAnswer, place_bid, start
from tests.stories.conftest import Night, text_of

EDITS, WINDOW = 5, timedelta(seconds=5)
"""How often Discord lets a channel's messages be edited."""
BIDS_A_SECOND = 40
LOOKS_A_SECOND = 4
"""How often the ticker looks at the boards."""
SECONDS = 20
AWAY = range(6, 9)
"""In these seconds every edit is a 429, as when another bot on our address used up the limit."""


class Discord:
    """Discord's side of edits: too many in a channel are a 429, which discord.py sits out and sends again."""

    def __init__(self, night: Night) -> None:
        self.night, self.began = night, night.env.now()
        self.edits: dict[str, list[datetime]] = defaultdict(list)
        self.too_many: list[datetime] = []
        self.waiting: list[tuple[datetime, asyncio.Event]] = []
        self._request: Callable[..., Any] = night.bot.http.request
        night.bot.http.request = self.request  # type: ignore[method-assign]

    async def request(self, route: Route, **more: Any) -> Any:
        if route.method == "PATCH" and "/messages/" in route.path:
            while (retry_after := self._retry_after(str(route.channel_id))) > timedelta(0):
                woken = asyncio.Event()
                self.waiting.append((self.night.env.now() + retry_after, woken))
                await woken.wait()
            self.edits[str(route.channel_id)].append(self.night.env.now())
        return await self._request(route, **more)

    def _retry_after(self, channel: str) -> timedelta:
        now = self.night.env.now()
        if int((now - self.began).total_seconds()) in AWAY:
            return self.began + timedelta(seconds=AWAY.stop) - now
        if self._within(channel, now) < EDITS:
            return timedelta(0)
        self.too_many.append(now)
        return self.edits[channel][-EDITS] + WINDOW - now

    def _within(self, channel: str, now: datetime) -> int:
        return sum(at > now - WINDOW for at in self.edits[channel])

    def wake(self) -> None:
        now = self.night.env.now()
        for _, woken in [each for each in self.waiting if each[0] <= now]:
            woken.set()
        self.waiting = [each for each in self.waiting if each[0] > now]


@pytest.mark.parametrize("auctions", [1, 3, 8])
async def test_forty_bids_a_second_stay_within_the_edits_of_a_channel_and_end_on_the_right_prices(
    night: Night, auctions: int
) -> None:
    raiders = [night.join(f"Raider {number}") for number in range(4)]
    await night.settle()
    for raider in raiders:
        await night.types(night.officer, "dkp adjust", member=raider.mention, amount=100_000, reason="a start")
    chief = Actor(night.guild.id, night.officer.id, "Chief", manage_guild=True)
    hour = timedelta(hours=1)
    names = [f"Cloak {letter}" for letter in "ABCDEFGH"[:auctions]]
    for name in names:
        await start(night.stage, chief, name, channel_id=night.channel.id, duration=hour)
    await night.settle()
    up = {name: number for number, name in enumerate(names, start=1)}
    await night.wait(10)
    server, prices, interactions = Discord(night), dict.fromkeys(names, 0), itertools.count(1)
    drawing: set[asyncio.Task[int]] = set()

    async def look() -> None:
        """A look of the ticker, which does not wait for the one before it."""
        server.wake()
        task = asyncio.create_task(night.bot.boards.draw_due())
        drawing.add(task)
        task.add_done_callback(drawing.discard)
        await asyncio.sleep(0.01)
        await night.env.advance_time(1 / LOOKS_A_SECOND)

    async def bid(number: int) -> BidAnswer:
        name, raider = names[number % auctions], raiders[number % len(raiders)]
        prices[name] += 1
        actor = Actor(night.guild.id, raider.id, raider.name, interaction_id=next(interactions))
        return await place_bid(night.stage, actor, auction_id=up[name], amount=Decimal(prices[name]))

    numbers = itertools.count()
    for _ in range(SECONDS * LOOKS_A_SECOND):
        bids = [bid(next(numbers)) for _ in range(BIDS_A_SECOND // LOOKS_A_SECOND)]
        async with asyncio.timeout(5):  # with cards that wait for Discord or without
            answers = await asyncio.gather(*bids)
        assert {answer.outcome for answer in answers} == {"accepted"}
        await look()
    for _ in range((auctions + AWAY.stop) * LOOKS_A_SECOND):
        await look()
    assert not drawing
    edits = server.edits[str(night.channel.id)]
    assert max(sum(at <= each < at + WINDOW for each in edits) for at in edits) <= EDITS
    assert server.too_many == [], "we keep within the limit by ourselves"
    assert len(edits) >= SECONDS - len(AWAY) - 2, "about once a second"
    cards = "\n".join(text_of(message) for message in night.channel.history() if message.flags.components_v2)
    for name in names:
        assert f"{name}\n**{prices[name]}** · " in cards
