"""Buttons, selects and forms that live for ever: the `custom_id` carries a key and whole numbers, nothing else.

    class BidNow(Press, key="auction.bid", numbers=("auction_id", "cents")):
        async def press(self, door: Door, auction_id: int, cents: int) -> None: ...

    BidNow(auction_id=12, cents=4500, label="Bid 45")      # custom_id "qm:auction.bid:12:4500"

Any process can serve a press, also after a restart and on a message posted a year ago. A number is below 2**63.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import discord
from discord import ui

from bot.kit.door import Door, guarded
from bot.kit.text import BUTTON_LABEL, MODAL_TITLE, clip
from bot.refusals import Refused


def _template(key: str, numbers: Sequence[str]) -> re.Pattern[str]:
    return re.compile(re.escape(f"qm:{key}") + "".join(rf":(?P<{name}>-?\d{{1,19}})" for name in numbers))


def _custom_id(key: str, numbers: Sequence[str], values: dict[str, int]) -> str:
    return ":".join((f"qm:{key}", *(str(int(values[name])) for name in numbers)))


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
        return cls(label="-", **{name: int(match[name]) for name in cls.numbers})

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await guarded(interaction, lambda door: self.press(door, **self.values))

    async def press(self, door: Door, **numbers: int) -> None:
        raise NotImplementedError


class Pick(ui.DynamicItem[ui.Select[Any]], template=re.compile("qm:never")):
    """A select of texts (ids as text). Subclasses give `key`, `numbers` and `pick`."""

    key: ClassVar[str] = ""
    numbers: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, key: str, numbers: Sequence[str] = ()) -> None:
        super().__init_subclass__(template=_template(key, numbers))
        cls.key, cls.numbers = key, tuple(numbers)

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
        custom_id = _custom_id(self.key, self.numbers, values)
        shown = list(options) or [discord.SelectOption(label="-")]
        super().__init__(
            ui.Select(custom_id=custom_id, options=shown, placeholder=placeholder, min_values=least, max_values=most)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        chosen = (interaction.data or {}).get("values", [])
        return cls(chosen=chosen, **{name: int(match[name]) for name in cls.numbers})

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
            timeout=900,
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
        await self.take(interaction, {name: field.value for name, field in self.inputs.items()})

    async def take(self, interaction: discord.Interaction[Any], texts: dict[str, str]) -> None:
        async def work(door: Door) -> None:
            try:
                await self.submit(door, texts, **self.values)
            except Refused as refused:
                await door.say(refused.sentence, view=_Again(type(self), texts, self.values))

        await guarded(interaction, work)

    @classmethod
    def revive(cls, interaction: discord.Interaction[Any]) -> "tuple[Form, dict[str, str]] | None":
        """The form and texts of a submission whose modal this process did not open."""
        data: dict[str, Any] = interaction.data or {}  # type: ignore[assignment]
        prefix, _, rest = str(data.get("custom_id", "")).partition(":")
        key, *numbers = rest.split(":")
        form = cls.known.get(key)
        if prefix != "qm" or form is None or len(numbers) != len(form.numbers):
            return None
        texts: dict[str, str] = {}
        for row in data.get("components", []):
            for item in (*row.get("components", ()), row.get("component") or {}):
                if "custom_id" in item:
                    texts[item["custom_id"]] = item.get("value") or ""
        return form(**dict(zip(form.numbers, map(int, numbers), strict=True))), texts


class _Again(ui.View):
    """Gives a refused form back with what was typed."""

    def __init__(self, form: type[Form], texts: dict[str, str], values: dict[str, int]) -> None:
        super().__init__(timeout=900)
        self.reopen = lambda: form(texts=texts, **values)
        self.add_item(_Reopen())


class _Reopen(ui.Button["_Again"]):
    def __init__(self) -> None:
        super().__init__(label="Correct it", style=discord.ButtonStyle.primary)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert self.view is not None
        again = self.view
        await guarded(interaction, lambda door: door.form(again.reopen()))
