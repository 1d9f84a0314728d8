"""Which direct messages somebody takes: one select with every kind, those they take chosen."""

from collections.abc import Mapping

import discord

from bot.kit.components import Pick
from bot.kit.door import Door
from cogs.members.service.profile import choose_notices


class Notices(Pick, key="me.notices"):
    """Whoever presses chooses for themselves; kinds that came since the panel was shown stay as they were."""

    async def pick(self, door: Door, chosen: list[str], **numbers: int) -> None:
        taken = await choose_notices(door.stage, door.actor, tuple(chosen))
        kinds = door.stage.registry.notices
        await door.update(in_words(taken, kinds), view=panel(taken, kinds))


def panel(taken: Mapping[str, bool], kinds: Mapping[str, str]) -> discord.ui.View:
    """The select as it stands; `kinds` says what each is."""
    options = [
        discord.SelectOption(label=kinds[kind].capitalize(), value=kind, default=on) for kind, on in taken.items()
    ]
    select = Notices(options=options, placeholder="No messages at all", least=0, most=len(options))
    return discord.ui.View(timeout=None).add_item(select)


def in_words(taken: Mapping[str, bool], kinds: Mapping[str, str]) -> str:
    on = [kinds[kind] for kind, wanted in taken.items() if wanted]
    off = [kinds[kind] for kind, wanted in taken.items() if not wanted]
    parts = [f"I write to you about: {'; '.join(on)}." if on else "I write to you about nothing."]
    if off:
        parts.append(f"Switched off: {'; '.join(off)}.")
    return " ".join(["**Direct messages.**", *parts, "Choose what you want below."])
