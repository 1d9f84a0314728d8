"""Messages that must arrive: on a real client, against a fake Discord that honours nonces and can be made to fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from sqlalchemy import URL

from bot import outbox
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from db.scope import Database
from tests.conftest import MovableClock
from tests.fake_discord import FakeChannel, FakeDiscord, FakeGuild, FakeMember, Request

MESSAGES = r"/channels/{}/messages"


@dataclass
class Post:
    """One process with its client, its server and a channel to write to."""

    stage: Stage
    client: discord.Client
    fake: FakeDiscord
    guild: FakeGuild
    owner: asyncpg.Connection

    @property
    def channel(self) -> FakeChannel:
        return self.guild.general

    async def write(self, key: str, content: str, *, guild: FakeGuild | None = None, **where: Any) -> None:
        def add(session: Session) -> None:
            outbox.send(session, key, content, **(where or {"channel_id": self.channel.id}))

        async def work(session: Session) -> None:
            add(session)

        await self.stage.run(Actor.itself((guild or self.guild).id), work)

    async def deliver(self) -> int:
        return await outbox.deliver_once(self.stage, self.client)

    async def states(self) -> list[str]:
        rows = await self.owner.fetch("SELECT status FROM outbox ORDER BY outbox_id")
        return [row["status"] for row in rows]

    def said(self, channel: FakeChannel | None = None) -> list[str]:
        return self.fake.said(channel or self.channel)

    def told(self, who: FakeMember) -> list[str]:
        """Direct messages."""
        return self.fake.said(self.fake.direct[who.id]) if who.id in self.fake.direct else []

    def posted(self) -> list[dict[str, Any]]:
        """What the bot asked to be posted, as Discord got it."""
        return [json.loads(each.body) for each in self.fake.requests if _is_post(each)]

    def no_direct_messages(self) -> None:
        self.fake.trouble("POST", "/users/@me/channels", status=403, times=1000)

    async def claim(self) -> None:
        """What a process that is killed next has done: the row says "sending"."""
        outbox_id = await self.owner.fetchval("SELECT max(outbox_id) FROM outbox")
        await self.stage.run(Actor.itself(self.guild.id), lambda session: outbox._take(session, outbox_id))

    async def killed_after_sending(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Deliver, and never note that it was done."""
        with monkeypatch.context() as patch:

            async def killed(*_: object, **__: object) -> None:
                raise asyncio.CancelledError

            patch.setattr(outbox, "_set", killed)
            with pytest.raises(asyncio.CancelledError):
                await self.deliver()


def _is_post(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/messages")


@pytest.fixture
async def post(
    stage: Stage, owner: asyncpg.Connection, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with FakeDiscord() as fake:
        guild = fake.add_guild("Crimson Circle")
        fake.add_guild("Azure Order")
        monkeypatch.setattr(Route, "BASE", fake.api_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
        intents = discord.Intents(guilds=True, members=True)
        client = discord.AutoShardedClient(intents=intents, shard_count=1, guild_ready_timeout=0.2)  # type: ignore[call-arg]
        async with client:
            await client.login(fake.token)
            connection = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            yield Post(stage, client, fake, guild, owner)
        connection.cancel()


async def test_a_message_arrives_once_under_its_own_nonce_and_pings_nobody_it_does_not_name(post: Post) -> None:
    await post.write("won12", "@everyone Anna won", channel_id=post.channel.id, mention=[post.guild.owner.id])
    assert await post.deliver() == 1
    assert await post.deliver() == 0
    assert post.said() == ["@everyone Anna won"]
    (sent,) = post.posted()
    assert sent["nonce"].endswith(".won12")
    assert sent["enforce_nonce"] is True
    assert sent["allowed_mentions"]["parse"] == []
    assert sent["allowed_mentions"]["users"] == [post.guild.owner.id]
    assert await post.states() == ["sent"]


async def test_the_same_key_in_two_servers_makes_two_nonces_of_at_most_25_characters(post: Post) -> None:
    other = list(post.fake.guilds.values())[1]
    await post.write("k" * 25, "one")
    await post.write("k" * 25, "two", guild=other, channel_id=other.general.id)
    assert await post.deliver() == 2
    nonces = {sent["nonce"] for sent in post.posted()}
    assert len(nonces) == 2
    assert all(len(nonce) <= 25 for nonce in nonces)
    with pytest.raises(AssertionError):
        await post.write("k" * 26, "three")


async def test_messages_of_one_server_arrive_in_the_order_they_were_written(post: Post) -> None:
    for number in range(6):
        await post.write(f"n{number}", f"line {number}")
    assert await post.deliver() == 6
    assert post.said() == [f"line {number}" for number in range(6)]


async def test_killed_between_commit_and_send_it_is_sent_by_the_next_process(post: Post, clock: MovableClock) -> None:
    await post.write("won12", "Anna won")
    await post.claim()
    assert await post.deliver() == 0, "for all we know the other process is at it"
    clock.move(seconds=30)
    assert await post.deliver() == 1
    assert post.said() == ["Anna won"]


@pytest.mark.parametrize("honoured", [True, False], ids=["with the nonce once", "without it twice"])
async def test_killed_between_send_and_mark_the_nonce_keeps_it_one_message(
    post: Post, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, honoured: bool
) -> None:
    if not honoured:
        post.fake.nonce_honoured = 0
    await post.write("won12", "Anna won")
    await post.killed_after_sending(monkeypatch)
    assert post.said() == ["Anna won"]
    clock.move(seconds=30)
    assert await post.deliver() == 1
    assert post.said() == ["Anna won"] * (1 if honoured else 2)


@pytest.mark.parametrize("looked_up", [True, False], ids=["looked up once", "not looked up twice"])
async def test_killed_between_send_and_mark_it_is_looked_up_when_the_nonce_is_forgotten(
    post: Post, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, looked_up: bool
) -> None:
    post.fake.nonce_honoured = 0
    if not looked_up:
        monkeypatch.setattr(outbox, "NONCE_HONOURED", timedelta(days=1))
    await post.write("won12", "Anna won ")
    await post.killed_after_sending(monkeypatch)
    clock.move(hours=3)
    assert await post.deliver() == 1
    assert [words.strip() for words in post.said()] == ["Anna won"] * (1 if looked_up else 2)
    assert await post.states() == ["sent"]


async def test_the_look_up_never_takes_another_notice_that_reads_alike_for_this_one(
    post: Post, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.fake.nonce_honoured = 0
    await post.write("ob1", "You were outbid")
    await post.claim()  # and killed before it sent
    await post.write("ob2", "You were outbid")
    assert await post.deliver() == 1
    clock.move(minutes=10)
    assert await post.deliver() == 1
    assert post.said() == ["You were outbid"] * 2


async def test_without_the_right_to_read_back_it_is_rather_sent_than_lost(post: Post, clock: MovableClock) -> None:
    await post.write("won12", "Anna won")
    await post.claim()
    clock.move(minutes=10)
    post.fake.trouble("GET", MESSAGES.format(post.channel.id), status=403)
    assert await post.deliver() == 1
    assert post.said() == ["Anna won"]


@pytest.mark.parametrize("trouble", [{"status": 429}, {"status": 500}, {"lose_answer": True}])
async def test_slowed_down_broken_or_cut_off_discord_still_gets_it_once(
    post: Post, clock: MovableClock, trouble: dict[str, Any]
) -> None:
    await post.write("won12", "Anna won")
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), **trouble)
    for _ in range(3):
        await post.deliver()
        clock.move(seconds=10)
    assert post.said() == ["Anna won"]
    assert await post.states() == ["sent"]


async def test_a_discord_that_is_away_is_tried_for_over_two_hours_then_officers_are_told(
    post: Post, clock: MovableClock
) -> None:
    audit_log = post.guild.open_channel("audit-log")
    await post.write("won12", "Anna won")
    await post.owner.execute("UPDATE guild SET audit_channel_id = $1", audit_log.id)
    away = post.fake.trouble("POST", MESSAGES.format(post.channel.id), status=503, times=1000)
    began, tries = clock.now(), 0
    while (await post.states())[0] != "failed":
        await post.deliver()
        clock.move(minutes=10)
        tries += 1
        assert tries < 50
    assert tries == outbox.GIVE_UP_AFTER
    assert clock.now() - began > timedelta(hours=2)
    away.times = 0
    await post.deliver()
    (line,) = post.said(audit_log)
    assert "Discord did not answer" in line
    assert line.endswith("It said: Anna won")


@pytest.mark.parametrize(("status", "why"), [(403, "give me View Channel and Send Messages"), (404, "is gone")])
async def test_a_channel_that_is_gone_or_closed_to_us_is_told_in_the_audit_channel(
    post: Post, status: int, why: str
) -> None:
    audit_log = post.guild.open_channel("audit-log")
    await post.fake.dispatch("CHANNEL_CREATE", audit_log.payload(), guild_id=post.guild.id)
    await post.write("won12", "Anna won")
    await post.owner.execute("UPDATE guild SET audit_channel_id = $1", audit_log.id)
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), status=status)
    assert await post.deliver() == 0
    assert await post.deliver() == 1
    (line,) = post.said(audit_log)
    assert why in line
    assert line.endswith("It said: Anna won")
    assert await post.states() == ["failed", "sent"]


async def test_without_an_audit_channel_the_owner_is_told_else_it_is_said_wherever_we_may(post: Post) -> None:
    hall = post.guild.open_channel("hall")
    await post.fake.dispatch("CHANNEL_CREATE", hall.payload(), guild_id=post.guild.id)
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), status=403, times=1000)
    await post.write("won12", "Anna won")
    await post.deliver()
    await post.deliver()
    assert "Anna won" in post.told(post.guild.owner)[0]
    post.no_direct_messages()
    for channel in post.client.private_channels:
        post.fake.trouble("POST", MESSAGES.format(channel.id), status=403, times=1000)
    await post.write("won13", "Bob won")
    await post.deliver()
    await post.deliver()
    (line,) = post.said(hall)
    assert line.startswith(f"<@{post.guild.owner.id}> ")
    assert line.endswith("It said: Bob won")


async def test_an_audit_channel_that_is_dead_too_leads_on_to_the_owner(post: Post) -> None:
    await post.write("won12", "Anna won")
    await post.owner.execute("UPDATE guild SET audit_channel_id = 4711")
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), status=404)
    for _ in range(3):
        await post.deliver()
    assert "Anna won" in post.told(post.guild.owner)[0]
    assert await post.states() == ["failed", "failed", "sent"]


async def test_closed_direct_messages_become_a_mention_in_the_channel(post: Post) -> None:
    anna = post.guild.owner
    await post.write("ob1", "You were outbid", user_id=anna.id, channel_id=post.channel.id)
    assert await post.deliver() == 1
    assert (post.told(anna), post.said()) == (["You were outbid"], [])
    for channel in post.client.private_channels:
        post.fake.trouble("POST", MESSAGES.format(channel.id), status=403, times=1000)
    await post.write("ob2", "You were outbid again", user_id=anna.id, channel_id=post.channel.id)
    assert await post.deliver() == 1
    assert post.said() == [f"<@{anna.id}> You were outbid again"]
    assert post.posted()[-1]["allowed_mentions"]["users"] == [anna.id]


async def test_a_private_notice_has_no_other_place_than_the_person(post: Post) -> None:
    post.no_direct_messages()
    await post.write("ob1", "You hold 70 points", user_id=post.guild.owner.id)
    assert await post.deliver() == 0
    assert await post.deliver() == 0
    assert await post.states() == ["failed"]
    assert post.said() == []


async def test_who_left_the_server_is_not_mentioned_and_officers_hear_that_it_did_not_reach_them(post: Post) -> None:
    post.no_direct_messages()
    audit_log = post.guild.open_channel("audit-log")
    await post.fake.dispatch("CHANNEL_CREATE", audit_log.payload(), guild_id=post.guild.id)
    await post.write("ob1", "You were outbid", user_id=4711, channel_id=post.channel.id)
    await post.owner.execute("UPDATE guild SET audit_channel_id = $1", audit_log.id)
    await post.deliver()
    assert await post.deliver() == 1
    assert post.said() == []
    assert "<@4711> has left the server" in post.said(audit_log)[0]


async def test_a_try_that_hangs_is_broken_off_and_what_it_sent_after_all_is_found(
    post: Post, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.2)
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), delay=0.4)
    await post.write("won12", "Anna won")
    assert await post.deliver() == 0
    await asyncio.sleep(0.4)
    clock.move(minutes=5)
    assert await post.deliver() == 1
    assert post.said() == ["Anna won"]


async def test_one_server_that_hangs_holds_up_no_other(post: Post) -> None:
    other = list(post.fake.guilds.values())[1]
    opened = asyncio.Event()
    post.fake.trouble("POST", MESSAGES.format(post.channel.id), until=opened)
    await post.write("won12", "Anna won")
    await post.write("won13", "Bob won", guild=other, channel_id=other.general.id)
    delivering = asyncio.create_task(post.deliver())
    await post.fake.until(lambda: post.said(other.general) == ["Bob won"], "the other server's message", 5)
    assert post.said() == []
    opened.set()
    assert await delivering == 2


async def test_messages_for_a_server_we_were_removed_from_stand_in_nobodys_way(post: Post, clock: MovableClock) -> None:
    gone = FakeGuild(77 << 22, "Gone", post.guild.owner)
    for number in range(200):
        await post.write(f"n{number}", "unheard", guild=gone, channel_id=5)
    clock.move(seconds=1)
    await post.write("won12", "Anna won")
    assert await post.deliver() == 1
    assert post.said() == ["Anna won"]


async def test_two_processes_at_once_send_each_message_once_even_without_the_nonce(
    post: Post, database_url: URL
) -> None:
    post.fake.nonce_honoured = 0
    for number in range(8):
        await post.write(f"n{number}", f"line {number}")
    database = Database(database_url)
    other = Stage(database, post.stage.clock, Registry())
    counts = await asyncio.gather(*(outbox.deliver_once(each, post.client) for each in (post.stage, other)))
    assert sum(counts) == 8
    assert sorted(post.said()) == [f"line {number}" for number in range(8)]
    await database.close()


async def test_a_process_sends_only_what_belongs_to_its_shards(post: Post) -> None:
    mine = (post.guild.id >> 22) % 2
    await post.write("won12", "Anna won")
    post.stage.shards = (2, [1 - mine])
    assert await post.deliver() == 0
    post.stage.shards = (2, [mine])
    assert await post.deliver() == 1
