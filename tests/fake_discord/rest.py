"""The fake's REST: what the bot asks of it, answered from the fake's world."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_discord.world import DIRECT, FakeChannel, message, snowflake

if TYPE_CHECKING:
    from tests.fake_discord import FakeDiscord

Handler = Callable[..., Awaitable[Any]]


class NotThere(Exception):
    """Answered 404, with Discord's own code for the kind of thing."""

    def __init__(self, code: int = 0) -> None:
        self.code = code


class Rest:
    """Routes by method and path below `/api/v10`; a handler gets (body, query, *ids) and returns JSON or None."""

    def __init__(self, fake: "FakeDiscord") -> None:
        self.fake = fake
        number, word = r"(\d+)", r"([^/]+)"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", self.me),
            ("GET", "/(?:oauth2/)?applications/@me", self.application),
            ("GET", "/gateway/bot", self.gateway),
            ("GET", f"/applications/{number}/commands", self.list_commands),
            ("PUT", f"/applications/{number}/commands", self.put_commands),
            ("GET", f"/users/{number}", self.user),
            ("POST", "/users/@me/channels", self.open_direct),
            ("GET", f"/guilds/{number}", self.guild),
            ("GET", f"/guilds/{number}/members/{number}", self.member),
            ("GET", f"/channels/{number}", self.channel),
            ("GET", f"/channels/{number}/messages", self.history),
            ("POST", f"/channels/{number}/messages", self.post),
            ("GET", f"/channels/{number}/messages/{number}", self.one_message),
            ("PATCH", f"/channels/{number}/messages/{number}", self.edit),
            ("DELETE", f"/channels/{number}/messages/{number}", self.delete),
            ("POST", f"/interactions/{number}/{word}/callback", self.callback),
            ("POST", f"/webhooks/{number}/{word}", self.follow_up),
            ("PATCH", f"/webhooks/{number}/{word}/messages/(@original|\\d+)", self.edit_answer),
            ("GET", f"/webhooks/{number}/{word}/messages/(@original|\\d+)", self.get_answer),
        ]
        self.routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    async def answer(self, method: str, path: str, request: web.Request) -> web.Response:
        body = await _body(request)
        for wanted, pattern, handler in self.routes:
            if wanted == method and (match := pattern.fullmatch(path)):
                ids = [int(part) if part.isdigit() else part for part in match.groups()]
                try:
                    answered = await handler(body, request.query, *ids)
                except NotThere as nothing:
                    return reply({"message": "Unknown", "code": nothing.code}, status=404)
                return web.Response(status=204) if answered is None else reply(answered)
        self.fake.unknown.append(f"{method} {path}")
        return reply({"message": "404: Not Found", "code": 0}, status=404)

    # -- who we are --------------------------------------------------------------------------------------------------

    async def me(self, body: Any, query: Any) -> Any:
        return self.fake.bot

    async def application(self, body: Any, query: Any) -> Any:
        return self.fake.application()

    async def gateway(self, body: Any, query: Any) -> Any:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.fake.gateway_url, "shards": self.fake.shards_advised, "session_start_limit": limit}

    async def list_commands(self, body: Any, query: Any, application_id: int) -> Any:
        return self.fake.commands

    async def put_commands(self, body: Any, query: Any, application_id: int) -> Any:
        own = {"application_id": str(application_id), "version": "1"}
        self.fake.commands = [{**command, "id": str(snowflake()), **own} for command in body]
        return self.fake.commands

    # -- people and places -------------------------------------------------------------------------------------------

    async def user(self, body: Any, query: Any, user_id: int) -> Any:
        for guild in self.fake.guilds.values():
            if user_id in guild.members:
                return guild.members[user_id].user
        raise NotThere(10013)

    async def guild(self, body: Any, query: Any, guild_id: int) -> Any:
        if guild_id not in self.fake.guilds:
            raise NotThere(10004)
        return self.fake.guilds[guild_id].payload()

    async def member(self, body: Any, query: Any, guild_id: int, user_id: int) -> Any:
        try:
            return self.fake.guilds[guild_id].members[user_id].payload()
        except KeyError:
            raise NotThere(10007) from None

    async def open_direct(self, body: Any, query: Any) -> Any:
        user_id = int(body["recipient_id"])
        found = self.fake.direct.get(user_id)
        if found is None:
            found = self.fake.direct[user_id] = FakeChannel(None, snowflake(), "", DIRECT)
        recipients = [await self.user(None, None, user_id)]
        return {"id": str(found.id), "type": DIRECT, "recipients": recipients, "last_message_id": None}

    async def channel(self, body: Any, query: Any, channel_id: int) -> Any:
        return self._channel(channel_id).payload()

    def _channel(self, channel_id: int) -> FakeChannel:
        for channel in self.fake.all_channels():
            if channel.id == channel_id:
                return channel
        raise NotThere(10003)

    # -- messages ----------------------------------------------------------------------------------------------------

    async def post(self, body: Any, query: Any, channel_id: int) -> Any:
        channel, fake = self._channel(channel_id), self.fake
        nonce = str(body["nonce"]) if body.get("nonce") is not None else None
        if nonce is not None and body.get("enforce_nonce") and (same := fake.by_nonce(nonce)):
            return same
        made = message(channel, fake.bot, body, snowflake())
        fake.messages.setdefault(channel_id, []).append(made)
        if nonce is not None:
            fake.remember_nonce(nonce, made)
        return made

    async def history(self, body: Any, query: Any, channel_id: int) -> Any:
        self._channel(channel_id)
        limit, after, before = (int(query.get(name, default)) for name, default in _PAGE.items())
        kept = [each for each in self.fake.messages.get(channel_id, []) if after < int(each["id"]) < before]
        page = kept[:limit] if "after" in query else kept[-limit:]
        return [{name: value for name, value in each.items() if name != "nonce"} for each in reversed(page)]

    async def one_message(self, body: Any, query: Any, channel_id: int, message_id: int) -> Any:
        for each in self.fake.messages.get(self._channel(channel_id).id, []):
            if int(each["id"]) == message_id:
                return each
        raise NotThere(10008)

    async def edit(self, body: Any, query: Any, channel_id: int, message_id: int) -> Any:
        found = await self.one_message(body, query, channel_id, message_id)
        found.update({name: value for name, value in body.items() if name in ("content", "embeds", "components")})
        found["edits"] = found.get("edits", 0) + 1
        return found

    async def delete(self, body: Any, query: Any, channel_id: int, message_id: int) -> Any:
        self.fake.messages[channel_id].remove(await self.one_message(body, query, channel_id, message_id))

    # -- answers to interactions -------------------------------------------------------------------------------------

    async def callback(self, body: Any, query: Any, interaction_id: int, token: str) -> Any:
        interaction = self.fake.interactions.get(token)
        if interaction is None:
            raise NotThere(10062)
        interaction.hear({"callback": body["type"], **(body.get("data") or {})})
        told = {"id": str(interaction_id), "type": interaction.payload["type"]}
        if body["type"] != 4:
            return {"interaction": told}
        made = message(interaction.channel, self.fake.bot, body.get("data") or {}, snowflake())
        interaction.original = made
        return {"interaction": told | {"response_message_id": made["id"]}, "resource": {"type": 4, "message": made}}

    async def follow_up(self, body: Any, query: Any, application_id: int, token: str) -> Any:
        interaction = self.fake.interactions[token]
        interaction.hear(body)
        return message(interaction.channel, self.fake.bot, body, snowflake())

    async def edit_answer(self, body: Any, query: Any, application_id: int, token: str, which: Any) -> Any:
        interaction = self.fake.interactions[token]
        interaction.hear(body)
        interaction.original = {
            **(interaction.original or message(interaction.channel, self.fake.bot, {}, snowflake()))
        }
        interaction.original.update(body)
        return interaction.original

    async def get_answer(self, body: Any, query: Any, application_id: int, token: str, which: Any) -> Any:
        original = self.fake.interactions[token].original
        if original is None:
            raise NotThere(10008)
        return original


def reply(answered: Any, status: int = 200, **headers: str) -> web.Response:
    """JSON exactly as Discord labels it: discord.py takes anything else for text."""
    return web.Response(
        body=json.dumps(answered).encode(), status=status, headers={"Content-Type": "application/json", **headers}
    )


_PAGE = {"limit": 50, "after": 0, "before": 1 << 63}


async def _body(request: web.Request) -> Any:
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        return json.loads(str(form["payload_json"])) if "payload_json" in form else {}
    return json.loads(await request.text() or "null")
