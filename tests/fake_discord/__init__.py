"""A small Discord on 127.0.0.1, REST and gateway, for real processes of the bot.

    async with FakeDiscord() as discord:
        guild = discord.add_guild("Crimson Circle")
        ...start the bot with DISCORD_API_URL=discord.api_url, DISCORD_TOKEN=discord.token...
        await discord.connected()
        said = await (await discord.slash(guild.owner, "dkp balance")).answered()

It records every request, message and answer, honours `nonce` with `enforce_nonce` for `nonce_honoured` seconds of real
time, and can be made to fail: `discord.trouble("POST", r"/channels/\\d+/messages", lose_answer=True)`.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.fake_discord.interactions import FakeInteraction, command_payload, component_payload, modal_payload
from tests.fake_discord.rest import Rest, reply
from tests.fake_discord.world import (
    MEMBERS_FLAG,
    MEMBERS_INTENT,
    FakeChannel,
    FakeGuild,
    FakeMember,
    make_guild,
    snowflake,
    user,
)

__all__ = ["FakeChannel", "FakeDiscord", "FakeGuild", "FakeInteraction", "FakeMember", "Request", "Trouble"]


@dataclass
class Request:
    """One request of the bot, as it came."""

    method: str
    path: str
    body: Any
    token: str | None


@dataclass
class Trouble:
    """What goes wrong with matching requests, `times` times."""

    method: str
    path: re.Pattern[str]
    status: int | None
    delay: float
    lose_answer: bool
    until: asyncio.Event | None
    times: int
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has met this trouble: with `lose_answer`, after its work was done."""


@dataclass
class _Session:
    socket: web.WebSocketResponse
    session_id: str
    shard: int
    shards: int
    sequence: int = 0

    async def send(self, event: str, data: Any) -> None:
        self.sequence += 1
        await self.socket.send_json({"op": 0, "t": event, "s": self.sequence, "d": data})


class FakeDiscord:
    def __init__(self, *, token: str = "MTIz.fake.token", shards_advised: int = 1, members_intent: bool = True) -> None:
        self.token, self.shards_advised, self.members_intent = token, shards_advised, members_intent
        self.nonce_honoured = 120.0
        self.bot = user(snowflake(), "Quartermaster", bot=True)
        self.guilds: dict[int, FakeGuild] = {}
        self.direct: dict[int, FakeChannel] = {}
        self.messages: dict[int, list[dict[str, Any]]] = {}
        self.commands: list[dict[str, Any]] = []
        self.interactions: dict[str, FakeInteraction] = {}
        self.requests: list[Request] = []
        self.unknown: list[str] = []
        """Requests no route was found for: empty unless a test asks for it."""
        self.identified: list[dict[str, Any]] = []
        self.sessions: list[_Session] = []
        self.troubles: list[Trouble] = []
        self._nonces: dict[str, tuple[float, dict[str, Any]]] = {}
        self._changed = asyncio.Condition()
        self._rest = Rest(self)
        self._base = snowflake() >> 22

    async def __aenter__(self) -> Self:
        site = web.Application(client_max_size=30_000_000)
        site.router.add_get("/gateway/", self._gateway)
        site.router.add_route("*", "/api/v10{path:/.*}", self._request)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        listening = web.TCPSite(self._runner, "127.0.0.1", 0)
        await listening.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    # -- the world ---------------------------------------------------------------------------------------------------

    def add_guild(self, name: str) -> FakeGuild:
        """A server with an owner who may manage it, and a channel; two made in a row fall on two shards."""
        guild_id = (self._base + len(self.guilds)) << 22
        guild = self.guilds[guild_id] = make_guild(guild_id, name, self.bot)
        return guild

    def all_channels(self) -> list[FakeChannel]:
        return [*self.direct.values(), *(c for guild in self.guilds.values() for c in guild.channels.values())]

    def application(self) -> dict[str, Any]:
        flags = MEMBERS_FLAG if self.members_intent else 0
        shown = {"name": "Quartermaster", "icon": None, "description": "", "summary": "", "verify_key": "", "tags": []}
        switches = {"bot_public": True, "bot_require_code_grant": False}
        return {"id": self.bot["id"], **shown, **switches, "owner": user(1, "maker"), "flags": flags}

    def said(self, channel: FakeChannel) -> list[str]:
        """The texts in a channel, oldest first."""
        return [each["content"] for each in self.messages.get(channel.id, [])]

    def asked(self, method: str, words: str) -> list[Request]:
        """Requests with these words in their path or body, those under way included."""
        return [each for each in self.requests if each.method == method and words in f"{each.path} {each.body}"]

    def by_nonce(self, nonce: str) -> dict[str, Any] | None:
        """Discord compares with all an author's messages, whatever their channel or server."""
        at, made = self._nonces.get(nonce, (0.0, {}))
        return made if made and time.monotonic() - at < self.nonce_honoured else None

    def remember_nonce(self, nonce: str, made: dict[str, Any]) -> None:
        self._nonces[nonce] = (time.monotonic(), made)

    # -- what people do ----------------------------------------------------------------------------------------------

    async def slash(
        self, who: FakeMember, command: str, /, *, at: FakeChannel | None = None, **options: Any
    ) -> FakeInteraction:
        """`await discord.slash(anna, "raid start", event="Plane of Fear")`: typed and sent, not yet answered."""
        return await self._interact(who, at, 2, command_payload(self.commands, command, options))

    async def press(
        self, who: FakeMember, custom_id: str, /, *, on: dict[str, Any] | None = None, values: list[str] | None = None
    ) -> FakeInteraction:
        """A button (or with `values` a select) of a message."""
        at = next((c for c in self.all_channels() if on and c.id == int(on["channel_id"])), None)
        return await self._interact(who, at, 3, component_payload(custom_id, values), on)

    async def submit(self, who: FakeMember, custom_id: str, /, **texts: str) -> FakeInteraction:
        """A form, by its inputs' custom ids."""
        return await self._interact(who, None, 5, modal_payload(custom_id, texts))

    async def _interact(
        self, who: FakeMember, at: FakeChannel | None, kind: int, data: Any, on: dict[str, Any] | None = None
    ) -> FakeInteraction:
        guild = self.guilds[who.guild_id]
        made = FakeInteraction(who, guild, at or guild.general, kind, data, on, int(self.bot["id"]))
        self.interactions[made.token] = made
        await self.dispatch("INTERACTION_CREATE", made.payload, guild_id=guild.id)
        return made

    async def dispatch(self, event: str, data: Any, *, guild_id: int | None = None) -> None:
        """A gateway event to the shard of a server, to every process that runs it."""
        for session in self.sessions:
            if guild_id is None or (guild_id >> 22) % session.shards == session.shard:
                await session.send(event, data)

    # -- what goes wrong ---------------------------------------------------------------------------------------------

    def trouble(
        self,
        method: str,
        path: str,
        *,
        status: int | None = None,
        delay: float = 0,
        lose_answer: bool = False,
        until: asyncio.Event | None = None,
        times: int = 1,
    ) -> Trouble:
        """Matching requests wait `delay` seconds or `until` an event before anything is done, then fail with `status`,
        or are done and their answer lost with the connection."""
        made = Trouble(method, re.compile(path), status, delay, lose_answer, until, times)
        self.troubles.append(made)
        return made

    async def hang_up(self, code: int = 4000) -> None:
        """End every gateway connection."""
        for session in list(self.sessions):
            await session.socket.close(code=code)

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def until(self, true: Callable[[], Any], what: str, timeout: float = 20) -> None:
        """Wait for something the bot does; looked at after each of its requests."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(true), timeout)
            except TimeoutError:
                asked = [f"{request.method} {request.path}" for request in self.requests[-10:]]
                raise AssertionError(f"waited {timeout} s in vain for {what}; last asked: {asked}") from None

    async def connected(self, sessions: int = 1, timeout: float = 30) -> None:
        """So many shards have their READY and their servers."""
        await self.until(lambda: len(self.sessions) >= sessions, f"{sessions} gateway sessions", timeout)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # -- the two doors -----------------------------------------------------------------------------------------------

    async def _request(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, request.match_info["path"]
        token = request.headers.get("Authorization")
        body = await request.text() if request.content_type == "application/json" else None
        self.requests.append(Request(method, path, body, token))
        await self._tell()
        async with self._troubled(method, path) as trouble:
            own_credentials = path.startswith(("/interactions/", "/webhooks/"))
            if not own_credentials and token != f"Bot {self.token}":
                response: web.Response = reply({"message": "401: Unauthorized", "code": 0}, 401)
            elif trouble is not None and trouble.status is not None:
                failure = {"message": "trouble", "code": 0, "retry_after": 0.2, "global": False}
                response = reply(failure, trouble.status, Via="1.1 fake")
            else:
                response = await self._rest.answer(method, path, request)
        await self._tell()
        if trouble is not None and trouble.lose_answer and request.transport is not None:
            request.transport.abort()
        return response

    @asynccontextmanager
    async def _troubled(self, method: str, path: str) -> AsyncIterator[Trouble | None]:
        for trouble in self.troubles:
            if trouble.times > 0 and trouble.method == method and trouble.path.fullmatch(path):
                trouble.times -= 1
                await asyncio.sleep(trouble.delay)
                if trouble.until is not None:
                    await trouble.until.wait()
                yield trouble
                trouble.hit.set()
                return
        yield None

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        session: _Session | None = None
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                told = frame.json()
                if told["op"] == 1:
                    await socket.send_json({"op": 11})
                elif told["op"] == 2:
                    session = await self._identify(socket, told["d"])
                elif told["op"] == 6:
                    await socket.send_json({"op": 9, "d": False})
                elif told["op"] == 8 and session is not None:
                    await self._chunk(session, told["d"])
        finally:
            if session in self.sessions:
                self.sessions.remove(session)
        return socket

    async def _identify(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> _Session | None:
        self.identified.append(told)
        if told["token"] != self.token:
            await socket.close(code=4004, message=b"Authentication failed.")
            return None
        if told["intents"] & MEMBERS_INTENT and not self.members_intent:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        shard, shards = told.get("shard", (0, 1))
        session = _Session(socket, f"{snowflake():x}", shard, shards)
        here = [guild for guild in self.guilds.values() if guild.shard(shards) == shard]
        ready = {"v": 10, "user": self.bot, "session_id": session.session_id, "resume_gateway_url": self.gateway_url}
        unavailable = [{"id": str(guild.id), "unavailable": True} for guild in here]
        application = {"id": self.bot["id"], "flags": self.application()["flags"]}
        await session.send(
            "READY", ready | {"guilds": unavailable, "application": application, "shard": [shard, shards]}
        )
        for guild in here:
            await session.send("GUILD_CREATE", guild.payload())
        self.sessions.append(session)
        await self._tell()
        return session

    async def _chunk(self, session: _Session, asked: dict[str, Any]) -> None:
        guild = self.guilds[int(asked["guild_id"])]
        wanted = {int(one) for one in asked.get("user_ids") or guild.members}
        members = [member.payload() for member in guild.members.values() if member.id in wanted]
        page = {"guild_id": str(guild.id), "chunk_index": 0, "chunk_count": 1, "not_found": []}
        await session.send("GUILD_MEMBERS_CHUNK", page | {"members": members, "nonce": asked.get("nonce")})
