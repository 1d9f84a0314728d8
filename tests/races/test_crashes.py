"""The process killed at the worst moments: after a restart everything happened once. And a database that is slow.

Real processes of `quartermaster run` on a real PostgreSQL and a fake Discord. Each guard is also taken away once
(the nonce, the look-up, the first answer), and then the double it prevents is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL

from cogs.auctions.service import place_bid
from tests.fake_discord import FakeDiscord, FakeInteraction
from tests.races.house import House
from tests.races.served import CALLBACK, ITEM, ServedNight


@pytest.fixture
async def night(database_url: URL, tmp_path: Path, owner: asyncpg.Connection) -> AsyncIterator[ServedNight]:
    async with FakeDiscord() as discord:
        made = ServedNight(discord, database_url, tmp_path, owner)
        yield made
    assert await House(owner).wrongs() == []


# -- notices: between commit and send, and between send and the note of it ---------------------------------------------


async def test_killed_between_commit_and_send_the_notice_is_there_once(night: ServedNight) -> None:
    async with night.process() as process:
        await night.auction()
        await night.boards_posted(2)
        held_up = night.discord.trouble("POST", night.posting, until=asyncio.Event())
        await night.time_is_up()
        await night.arrived(held_up)
        await process.kill()
    assert await night.one("SELECT status FROM outbox WHERE nonce LIKE 'award%'") == "sending"
    assert night.said("goes to") == 0
    await night.leases_lapse()
    async with night.process():
        await night.settled_in_the_outbox()
    assert night.said("goes to") == 1
    assert await night.points_of(night.raiders[0]) == 60


async def _nonce(night: ServedNight) -> None:
    """Within its minutes the nonce is enough."""


async def _look_up(night: ServedNight) -> None:
    """Later Discord has forgotten the nonce, and we look."""
    night.discord.nonce_honoured = 0
    await night.owner.execute("UPDATE outbox SET sending_at = sending_at - interval '10 minutes'")


async def _neither(night: ServedNight) -> None:
    """The nonce forgotten too soon, and no look: what the two guards are for."""
    night.discord.nonce_honoured = 0


@pytest.mark.parametrize(
    ("guard", "times"),
    [(_nonce, 1), (_look_up, 1), (_neither, 2)],
    ids=["the nonce: once", "the look-up: once", "neither: twice"],
)
async def test_killed_between_send_and_mark_the_notice_is_there_once(
    night: ServedNight, guard: Callable[[ServedNight], Any], times: int
) -> None:
    async with night.process() as process:
        await night.auction()
        await night.boards_posted(2)
        lost = night.discord.trouble("POST", night.posting, lose_answer=True)
        await night.time_is_up()
        await asyncio.wait_for(lost.hit.wait(), 20)
        await process.kill()
    assert night.said("goes to") == 1
    assert await night.one("SELECT status FROM outbox WHERE nonce LIKE 'award%'") == "sending"
    await night.leases_lapse()
    await guard(night)
    async with night.process():
        await night.settled_in_the_outbox()
    assert night.said("goes to") == times


@pytest.mark.parametrize(("guarded", "cards"), [(True, 1), (False, 2)], ids=["guarded: one card", "not: two"])
async def test_killed_while_a_board_is_posted_there_is_one_card(night: ServedNight, guarded: bool, cards: int) -> None:
    async with night.process() as process:
        await night.boards_posted(1)
        lost = night.discord.trouble("POST", night.posting, lose_answer=True)
        await (await night.discord.slash(night.lead, "auction start", item=ITEM, duration="3h")).answered()
        await asyncio.wait_for(lost.hit.wait(), 20)
        await process.kill()
    assert night.cards() == 1
    if not guarded:
        night.discord.nonce_honoured = 0
        night.discord.trouble("GET", night.posting, status=403, times=9)
    async with night.process():
        await night.boards_posted(2)
    assert night.cards() == cards


# -- points ------------------------------------------------------------------------------------------------------------


async def test_killed_in_the_middle_of_a_tick_nothing_is_credited_and_the_repeated_command_credits_once(
    night: ServedNight,
) -> None:
    await night.raid()
    async with night.process() as process:
        async with night.points_locked():
            pressed = await night.discord.slash(night.lead, "raid tick")
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT count(*) FROM tick") == 0
    assert await night.points_of(night.raiders[0]) == 100
    async with night.process():
        await again(night, pressed)
        await again(night, pressed)
    assert await night.one("SELECT count(*) FROM tick") == 1
    assert [await night.points_of(raider) for raider in night.raiders] == [110, 110]


@pytest.mark.parametrize(
    ("remembered", "ticks"), [(True, 1), (False, 2)], ids=["the first answer: one tick", "forgotten: two"]
)
async def test_killed_between_a_ticks_commit_and_its_answer_a_repetition_shows_the_first_answer(
    night: ServedNight, remembered: bool, ticks: int
) -> None:
    await night.raid()
    async with night.process() as process:
        held_up = night.discord.trouble("POST", CALLBACK, until=asyncio.Event(), times=1)
        pressed = await night.discord.slash(night.lead, "raid tick")
        await night.arrived(held_up)
        await process.kill()
    assert await night.one("SELECT count(*) FROM tick") == 1
    await night.owner.execute("UPDATE tick SET taken_at = taken_at - interval '10 minutes'")  # no longer "too soon"
    if not remembered:
        await night.owner.execute("DELETE FROM interaction_answer")
    async with night.process():
        assert "ick" in await again(night, pressed)
    assert await night.one("SELECT count(*) FROM tick") == ticks
    assert await night.points_of(night.raiders[0]) == 100 + 10 * ticks


async def test_killed_in_the_middle_of_an_automatic_tick_it_is_taken_once_and_the_next_one_planned(
    night: ServedNight,
) -> None:
    await night.raid(every=timedelta(minutes=30))
    async with night.process() as process:
        async with night.points_locked():
            await night.owner.execute("UPDATE due_job SET due_at = now() WHERE kind = 'raid.tick'")
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT count(*) FROM tick") == 0
    await night.leases_lapse()
    async with night.process():
        await night.until("SELECT count(*) = 1 FROM tick")
        await night.until("SELECT due_at > now() FROM due_job WHERE kind = 'raid.tick'")
        await night.settled_in_the_outbox()
    assert await night.one("SELECT count(*) FROM tick") == 1
    assert [await night.points_of(raider) for raider in night.raiders] == [110, 110]


async def test_killed_in_the_middle_of_settling_there_is_one_winner_one_price_and_one_notice(
    night: ServedNight,
) -> None:
    async with night.process() as process:
        await night.auction()
        async with night.points_locked():
            await night.time_is_up()
            await night.somebody_waits()
            await process.kill()
        await night.gone()
    assert await night.one("SELECT status FROM auction") == "open"
    assert await night.one("SELECT held FROM account WHERE held > 0") == 40
    await night.leases_lapse()
    async with night.process():
        await night.until("SELECT status = 'won' FROM auction")
        await night.settled_in_the_outbox()
    assert await night.one("SELECT count(*) FROM award") == 1
    assert await night.points_of(night.raiders[0]) == 60
    assert night.said("goes to") == 1


async def again(night: ServedNight, pressed: FakeInteraction) -> str:
    """Discord delivers an interaction once more."""
    repeated = FakeInteraction(
        night.lead, night.guild, pressed.channel, 2, pressed.payload["data"], None, int(night.discord.bot["id"])
    )
    repeated.payload["id"] = pressed.payload["id"]
    night.discord.interactions[repeated.token] = repeated
    await night.discord.dispatch("INTERACTION_CREATE", repeated.payload, guild_id=night.guild.id)
    return await repeated.answered()


# -- down over an auction's end ----------------------------------------------------------------------------------------


async def dead_over_the_end(night: ServedNight) -> None:
    """Nobody lived for five minutes, and two minutes ago the auction's time was up."""
    await night.owner.execute("UPDATE heartbeat SET beat_at = now() - interval '5 minutes'")
    await night.time_is_up(timedelta(minutes=2))


async def test_down_over_an_auctions_end_the_time_is_given_back_once_and_it_says_so(night: ServedNight) -> None:
    async with night.process() as process:
        auction_id = await night.auction()
        await process.kill()
    await dead_over_the_end(night)
    async with night.process(died_just_now=False) as process:
        ready_at: datetime = await night.one("SELECT max(ended_at) FROM outage")
        assert await night.one("SELECT ends_at FROM auction") == ready_at + timedelta(seconds=60)
        await night.settled_in_the_outbox()
        assert night.said("I was away near the end") == 1
        async with night.stage() as stage:
            raised = await place_bid(stage, night.people[1], auction_id, Decimal(50))
        assert raised.outcome == "accepted"
        await process.kill()
    await dead_over_the_end(night)
    async with night.process(died_just_now=False):
        await night.until("SELECT status = 'won' FROM auction")
        await night.settled_in_the_outbox()
    assert night.said("I was away near the end") == 1, "once"
    assert await night.points_of(night.raiders[1]) == 50
    assert night.said("goes to") == 1


async def test_an_auction_that_ended_while_another_process_lived_gets_no_time_back(night: ServedNight) -> None:
    async with night.process() as process:
        await night.auction()
        await process.kill()
    await dead_over_the_end(night)
    await night.owner.execute("INSERT INTO heartbeat (process, beat_at) VALUES ('another:1', now())")
    async with night.process(died_just_now=False):
        await night.until("SELECT status = 'won' FROM auction")
    assert await night.one("SELECT count(*) FROM outage") == 0
    assert night.said("I was away near the end") == 0


# -- a slow database ---------------------------------------------------------------------------------------------------


async def test_a_slow_database_is_acknowledged_within_3_seconds_and_answered_when_it_is_done(
    night: ServedNight,
) -> None:
    await night.raid()
    async with night.process():
        async with night.points_locked():
            pressed = await night.discord.slash(night.lead, "raid tick")
            async with asyncio.timeout(3):
                while not pressed.answers:  # noqa: ASYNC110 - another process does it
                    await asyncio.sleep(0.02)
            assert [answer["callback"] for answer in pressed.answers] == [5], "thinking, privately"
            assert pressed.answers[0]["flags"] == 64
            await asyncio.sleep(1)
        assert "ick 1" in await pressed.answered()
    assert await night.points_of(night.raiders[0]) == 110
