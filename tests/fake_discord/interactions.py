"""What a person types and presses, as Discord tells the bot; and what the bot answers."""

import asyncio
from typing import Any

from tests.fake_discord.world import FakeChannel, FakeGuild, FakeMember, snowflake

SUBCOMMAND, GROUP = 1, 2


class FakeInteraction:
    """One command, press or form of a person, with the answers it got."""

    def __init__(
        self,
        who: FakeMember,
        guild: FakeGuild,
        channel: FakeChannel,
        kind: int,
        data: dict[str, Any],
        message: dict[str, Any] | None,
        application_id: int,
    ) -> None:
        self.id = snowflake()
        self.token = f"token{self.id}"
        self.channel = channel
        self.answers: list[dict[str, Any]] = []
        """Callbacks (with `callback`, Discord's number of the kind), follow-ups and edits, as they came."""
        self.original: dict[str, Any] | None = None
        self._heard = asyncio.Event()
        member = {**who.payload(), "permissions": str(who.permissions)}
        self.payload: dict[str, Any] = {
            "id": str(self.id),
            "application_id": str(application_id),
            "type": kind,
            "token": self.token,
            "version": 1,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "features": [], "locale": "en-US"},
            "channel_id": str(channel.id),
            "channel": {**channel.payload(), "permissions": str(who.permissions)},
            "member": member,
            "data": data,
            "locale": "en-US",
            "guild_locale": "en-US",
            "app_permissions": str((1 << 50) - 1),
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10_485_760,
        }
        if message is not None:
            self.payload["message"] = message

    def hear(self, answer: dict[str, Any]) -> None:
        self.answers.append(answer)
        if answer.get("content") or answer.get("components") or answer.get("callback") in (6, 8, 9):
            self._heard.set()

    async def answered(self, timeout: float = 20) -> str:
        """The last text the person was told; a mere "thinking..." does not count."""
        try:
            await asyncio.wait_for(self._heard.wait(), timeout)
        except TimeoutError:
            raise AssertionError(f"no answer within {timeout} s to {self.payload['data']}") from None
        return next((answer["content"] for answer in reversed(self.answers) if answer.get("content")), "")


def command_payload(commands: list[dict[str, Any]], typed: str, given: dict[str, Any]) -> dict[str, Any]:
    """The data of a slash command the bot has registered; options are typed as the registration says."""
    name, *inner = typed.split()
    command = next(each for each in commands if each["name"] == name)
    known = command.get("options", [])
    path = []
    for word in inner:
        step = next(option for option in known if option["name"] == word)
        path.append(step)
        known = step.get("options", [])
    types = {option["name"]: option["type"] for option in known}
    missing = {option["name"] for option in known if option.get("required")} - given.keys()
    assert not missing, f"/{typed} needs {missing}"
    options = [{"name": name, "type": types[name], "value": value} for name, value in given.items()]
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    return {"id": command["id"], "name": name, "type": command.get("type", 1), "options": options}


def component_payload(custom_id: str, values: list[str] | None) -> dict[str, Any]:
    if values is None:
        return {"custom_id": custom_id, "component_type": 2}
    return {"custom_id": custom_id, "component_type": 3, "values": values}


def modal_payload(custom_id: str, texts: dict[str, str]) -> dict[str, Any]:
    rows = [{"type": 1, "components": [{"type": 4, "custom_id": name, "value": text}]} for name, text in texts.items()]
    return {"custom_id": custom_id, "components": rows}
