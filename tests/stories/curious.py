"""Somebody who tries everything: each command the bot has, each choice it offers while typing, each button it shows.

Commands come from the bot's tree, so that a new one is tried without a word here.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import discord
import simcord
from discord import AppCommandOptionType as Kind
from discord import app_commands
from simcord.backend.errors import BackendError

from tests.stories.conftest import Night

DEEPEST = 4
"""Answers to presses on answers; beyond it nothing new is found."""
MOST_PAGES = 12
ENOUGH = 2
"""Presses on one kind of button: a second raid's board is like the first's."""
_BUTTON, _TEXTS, _LINK = 2, 3, 5  # Discord's numbers: types of component, and a style of button


class Curious:
    """`who`, and what they type: `texts` by the name of an option or field; any other is taken from what is offered."""

    def __init__(self, night: Night, who: simcord.MemberActor, texts: dict[str, Any]) -> None:
        self.night, self.who, self.texts = night, who, texts
        self.doing = ""
        """What is being tried, in words."""
        self.tried: set[str] = set()
        self._pressed: set[tuple[int, int, str]] = set()
        self._kinds: Counter[str] = Counter()

    def commands(self) -> list[app_commands.Command[Any, ..., Any]]:
        """Those this person's Discord shows."""
        shown = self.who.available_commands(self.night.channel)
        leaves = [c for c in self.night.bot.tree.walk_commands() if isinstance(c, app_commands.Command)]
        return [command for command in leaves if command.qualified_name in shown]

    async def try_command(self, command: app_commands.Command[Any, ..., Any], /, **given: Any) -> None:
        """With what is required, then with every option; and every answer is followed to its end."""
        for parameters in (
            [p for p in command.parameters if p.required],
            command.parameters if any(not p.required for p in command.parameters) else None,
        ):
            if parameters is not None:
                options = {p.display_name: await self.value(command, p) for p in parameters} | given
                await self.type(command.qualified_name, **options)

    async def type(self, name: str, /, **options: Any) -> None:
        self.doing = f"/{name} {options}"
        self.tried.add(name)
        await self._follow(await self.who.slash(self.night.channel, name, **options))

    async def try_completions(self, command: app_commands.Command[Any, ..., Any]) -> None:
        for parameter in command.parameters:
            if parameter.autocomplete:
                await self._offered(command, parameter, "")

    async def try_boards(self) -> None:
        """Everything that can be pressed on what everybody sees."""
        for channel in self.night.guild.channels.values():
            for message in channel.history():
                self.doing = f"board {message.id}"
                await self._press_all(message, 0)

    # --- one by one -----------------------------------------------------------------------------------------------

    async def _offered(self, command: Any, parameter: app_commands.Parameter, typed: str) -> list[dict[str, Any]]:
        self.doing = f"/{command.qualified_name} {parameter.display_name}: {typed!r}…"
        return await self.who.autocomplete(self.night.channel, command.qualified_name, parameter.display_name, typed)

    async def value(self, command: Any, parameter: app_commands.Parameter) -> Any:
        """Something plausible for an option."""
        match parameter.type:
            case Kind.channel:
                voice = discord.ChannelType.text not in (parameter.channel_types or [discord.ChannelType.text])
                return self.texts["a voice channel"] if voice else self.night.channel
            case Kind.role:
                return self.texts["a role"]
            case Kind.user | Kind.mentionable:
                return self.who
            case Kind.attachment:
                return "RaidRoster.txt", b"Vera\nWillem\n"
            case Kind.boolean:
                return True
        if parameter.choices:
            return parameter.choices[0].value
        if parameter.display_name in self.texts:
            return self.texts[parameter.display_name]
        if parameter.autocomplete and (offered := await self._offered(command, parameter, "")):
            return offered[0]["value"]
        if parameter.type is Kind.string:
            return "Vera"
        number = max(float(parameter.min_value or 0), 5.0)
        if parameter.max_value is not None:
            number = min(number, float(parameter.max_value))
        return int(number) if parameter.type is Kind.integer else number

    async def _follow(self, result: simcord.InteractionResult, depth: int = 0) -> None:
        """Fill in the form, press the buttons and turn the pages of an answer."""
        if result.modal is not None:
            await self._fill(result, depth)
            return
        for message in (result.response, *result.followups):
            if message is not None and message.ephemeral:
                await self._press_all(message, depth)

    async def _fill(self, form: simcord.InteractionResult, depth: int) -> None:
        assert form.modal is not None
        fields = [part for part in _walk(form.modal["components"]) if part.get("type") == 4]
        texts = {field["custom_id"]: str(self.texts.get(field["custom_id"], "Vera")) for field in fields}
        self.doing += f" form {texts}"
        await self._follow(await self.who.submit_modal(form, texts), depth + 1)

    async def _press_all(self, message: Any, depth: int) -> None:
        if depth > DEEPEST:
            return
        before = self.doing
        while (part := self._not_pressed(message)) is not None:
            self.doing = f"{before} [{part.get('label') or part.get('placeholder')}]"
            if part["type"] == _BUTTON:
                await self._follow(await self.who.click(message, custom_id=part["custom_id"]), depth + 1)
                if part.get("label") == "Next":
                    await self._turn(message, part["custom_id"])
            elif part["type"] == _TEXTS:
                values = [option["value"] for option in part["options"]][: part.get("max_values", 1)]
                pressed = await self.who.select(message, values, custom_id=part["custom_id"])
                await self._follow(pressed, depth + 1)
        self.doing = before

    async def _turn(self, message: Any, next_id: str) -> None:
        """On to the last page."""
        for _ in range(MOST_PAGES):
            if not any(part.get("custom_id") == next_id for part in self._pressable(message)):
                return
            await self.who.click(message, custom_id=next_id)

    def _not_pressed(self, message: Any) -> dict[str, Any] | None:
        for place, part in enumerate(self._pressable(message)):
            custom_id = part["custom_id"]
            what = re.sub("[0-9]+", "#", custom_id) if custom_id.startswith("qm:") else custom_id
            if (message.id, place, what) in self._pressed or self._kinds[what] == ENOUGH:
                continue  # a button that now bids one more is the same button
            self._pressed.add((message.id, place, what))
            self._kinds[what] += 1
            return part
        return None

    def _pressable(self, message: Any) -> list[dict[str, Any]]:
        """What can be pressed on a message as it is now; nothing once it is gone."""
        channel_id = message.channel_id if hasattr(message, "channel_id") else message.channel.id
        try:
            components = self.night.env.backend.get_message(channel_id, message.id).components
        except BackendError:  # Discord's "unknown message"
            return []
        parts = [part for part in _walk(components) if part.get("type") in (_BUTTON, _TEXTS) and "custom_id" in part]
        return [part for part in parts if not part.get("disabled") and part.get("style") != _LINK]


def _walk(components: list[Any]) -> Iterator[dict[str, Any]]:
    for part in components:
        yield part
        yield from _walk(part.get("components") or [])
        if "component" in part:
            yield from _walk([part["component"]])
