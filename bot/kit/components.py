"""Buttons, selects and forms that live for ever: the `custom_id` carries a key and whole numbers, nothing else.

    class BidNow(Press, key="auction.bid", numbers=("auction_id", "cents")):
        async def press(self, door: Door, auction_id: int, cents: int) -> None: ...

    BidNow(auction_id=12, cents=4500, label="Bid 45")      # custom_id "qm:auction.bid:12:4500"

Any process can serve a press, also after a restart and on a message posted a year ago. A number is below 2**63.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import discord
from discord import ui
from discord.ui.select import BaseSelect

from bot.kit.door import LAPSES_AFTER_SECONDS, Door, OneButton, answer_error, guarded
from bot.kit.text import BUTTON_LABEL, CUSTOM_ID, MODAL_TITLE, OPTION_DESCRIPTION, OPTION_LABEL, PLACEHOLDER, clip

MOST_NUMBER = 2**63 - 1
"""What the database holds; a forged `custom_id` may say more."""


def _template(key: str, numbers: Sequence[str]) -> re.Pattern[str]:
    return re.compile(re.escape(f"qm:{key}") + "".join(rf":(?P<{name}>-?[0-9]{{1,19}})" for name in numbers))


def _custom_id(key: str, numbers: Sequence[str], values: dict[str, int]) -> str:
    made = ":".join((f"qm:{key}", *(str(int(values[name])) for name in numbers)))
    assert len(made) <= CUSTOM_ID, made
    return made


def _numbers(match: re.Match[str]) -> dict[str, Any]:
    """The numbers of a `custom_id`; one that no row can have is refused here, and answered like a lapsed button."""
    numbers: dict[str, Any] = {name: int(value) for name, value in match.groupdict().items()}
    if any(abs(number) > MOST_NUMBER for number in numbers.values()):
        raise ValueError(f"not one of ours: {match[0]}")
    return numbers


class Press(ui.DynamicItem[ui.Button[Any]], template=re.compile("qm:never")):
    """A button. Subclasses give `key`, `numbers` and `press`."""

    key: ClassVar[str] = ""
    numbers: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, key: str, numbers: Sequence[str] = ()) -> None:
        super().__init_subclass__(template=_template(key, numbers))
        cls.key, cls.numbers = key, tuple(numbers)

    def __init__(
        self,
        *,
        label: str = "",
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        emoji: str | None = None,
        disabled: bool = False,
        **values: int,
    ) -> None:
        self.values = values
        custom_id = _custom_id(self.key, self.numbers, values)
        shown = clip(label, BUTTON_LABEL) if label else None
        super().__init__(ui.Button(label=shown, style=style, emoji=emoji, disabled=disabled, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(label="-", **_numbers(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await guarded(interaction, lambda door: self.press(door, **self.values))

    async def press(self, door: Door, **numbers: int) -> None:
        raise NotImplementedError


class Pick(ui.DynamicItem[BaseSelect[Any]], template=re.compile("qm:never")):
    """A select of texts (ids as text), or with `of` of the server's roles or text channels, which Discord lists itself.

    Subclasses give `key`, `numbers` and `pick`.
    """

    key: ClassVar[str] = ""
    numbers: ClassVar[tuple[str, ...]] = ()
    of: ClassVar[Literal["texts", "roles", "channels"]] = "texts"

    def __init_subclass__(
        cls, *, key: str, numbers: Sequence[str] = (), of: Literal["texts", "roles", "channels"] = "texts"
    ) -> None:
        super().__init_subclass__(template=_template(key, numbers))
        cls.key, cls.numbers, cls.of = key, tuple(numbers), of

    def __init__(
        self,
        *,
        options: Sequence[discord.SelectOption] = (),
        placeholder: str | None = None,
        least: int = 1,
        most: int = 1,
        chosen: Sequence[str] = (),
        **values: int,
    ) -> None:
        self.values, self.chosen = values, list(chosen)
        given: dict[str, Any] = {
            "custom_id": _custom_id(self.key, self.numbers, values),
            "placeholder": clip(placeholder, PLACEHOLDER) if placeholder else None,
            "min_values": least,
            "max_values": most,
        }
        if self.of == "roles":
            select: BaseSelect[Any] = ui.RoleSelect(**given)
        elif self.of == "channels":
            types = [discord.ChannelType.text, discord.ChannelType.news]
            select = ui.ChannelSelect(**given, channel_types=types)
        else:
            select = ui.Select(**given, options=list(map(_fitting, options)) or [discord.SelectOption(label="-")])
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        chosen = (interaction.data or {}).get("values", [])
        return cls(chosen=chosen, **_numbers(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await guarded(interaction, lambda door: self.pick(door, self.chosen, **self.values))

    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        raise NotImplementedError


class Form(ui.Modal):
    """A modal whose submission survives a restart, and whose text is given back when it is refused.

    Subclasses give `key`, `numbers`, `fields` (the inputs, in order) and `submit`.

        class OtherAmount(Form, key="auction.other", numbers=("auction_id",), title="Bid another amount"):
            def fields(self): return {"amount": ui.TextInput(label="Your bid", placeholder="45")}
            async def submit(self, door, texts, auction_id): ...
    """

    key: ClassVar[str] = ""
    numbers: ClassVar[tuple[str, ...]] = ()
    heading: ClassVar[str] = ""
    known: ClassVar[dict[str, type["Form"]]] = {}
    """Every form by key, so that one submitted after a restart finds its class."""

    def __init_subclass__(cls, *, key: str, title: str, numbers: Sequence[str] = ()) -> None:
        super().__init_subclass__()
        cls.key, cls.numbers, cls.heading = key, tuple(numbers), title
        Form.known[key] = cls

    def __init__(self, *, texts: dict[str, str] | None = None, title: str | None = None, **values: int) -> None:
        self.values = values
        super().__init__(
            title=clip(title or self.heading, MODAL_TITLE),
            custom_id=_custom_id(self.key, self.numbers, values),
            timeout=LAPSES_AFTER_SECONDS,
        )
        self.inputs = self.fields()
        for name, field in self.inputs.items():
            field.custom_id = name
            if texts and texts.get(name):
                field.default = texts[name]
            self.add_item(field)

    def fields(self) -> dict[str, ui.TextInput[Any]]:
        raise NotImplementedError

    async def submit(self, door: Door, texts: dict[str, str], **numbers: int) -> None:
        raise NotImplementedError

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await self.take(interaction, typed_texts(interaction))

    async def take(self, interaction: discord.Interaction[Any], texts: dict[str, str]) -> None:
        async def work(door: Door) -> None:
            try:
                await self.submit(door, texts, **self.values)
            except Exception as error:

                async def reopen(again: Door) -> None:
                    given: dict[str, Any] = {"texts": texts, **self.values}
                    await again.form(type(self)(**given))

                await answer_error(interaction, error, OneButton("Correct it", reopen))

        await guarded(interaction, work)

    @classmethod
    def revive(cls, interaction: discord.Interaction[Any]) -> "Form | None":
        """The form of a submission whose modal this process did not open."""
        custom_id = str((interaction.data or {}).get("custom_id", ""))
        form = cls.known.get(custom_id.removeprefix("qm:").partition(":")[0])
        match = _template(form.key, form.numbers).fullmatch(custom_id) if form is not None else None
        return form(**_numbers(match)) if form is not None and match is not None else None


def typed_texts(interaction: discord.Interaction[Any]) -> dict[str, str]:
    """What was typed into the form that this interaction submits, by field."""
    data: dict[str, Any] = interaction.data or {}  # type: ignore[assignment]
    texts: dict[str, str] = {}
    for row in data.get("components", []):
        for item in (*row.get("components", ()), row.get("component") or {}):
            if "custom_id" in item:
                texts[item["custom_id"]] = item.get("value") or ""
    return texts


def _fitting(option: discord.SelectOption) -> discord.SelectOption:
    option.label = clip(option.label, OPTION_LABEL)
    option.description = clip(option.description, OPTION_DESCRIPTION) if option.description else None
    return option
