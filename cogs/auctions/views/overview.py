"""The one board of a batch: a line an auction."""

from typing import Any

from discord import ui

from bot.kit.text import LAYOUT_TEXT, clip, fit_lines, points, safe, when
from bot.stage import Actor, Stage
from cogs.auctions.rules.terms import Status
from cogs.auctions.service.batches import Item, items_of

_COLOUR, _OVER = 0xE0A030, 0x72767D
_ENDED = {Status.WON: "won", Status.NO_BIDS: "over: nobody bid", Status.CANCELLED: "cancelled"}


class BatchBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        items = await stage.run(Actor.itself(guild_id), lambda session: items_of(session, subject_id))
        if not items:
            return None
        live = any(item.status is Status.OPEN for item in items)
        return board(items, live=live), live


def board(items: list[Item], *, live: bool) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOUR if live else _OVER)
    head = f"## {len(items)} items" if live else f"## {len(items)} items, all over"
    foot = "-# Bid with /auction bid."
    box.add_item(ui.TextDisplay(head))
    box.add_item(ui.TextDisplay(fit_lines(list(map(_line, items)), LAYOUT_TEXT - len(head) - len(foot))))
    if live:
        box.add_item(ui.TextDisplay(foot))
    view.add_item(box)
    return view


def _line(item: Item) -> str:
    copies = f" ×{item.quantity}" if item.quantity > 1 else ""
    name = f"**{safe(clip(item.name, 60))}**{copies}"
    if item.status is not Status.OPEN:
        return f"{name} · {_ENDED[item.status]}"
    return f"{name} · {_stands(item)} · {'paused' if item.paused else f'ends {when(item.ends_at)}'}"


def _stands(item: Item) -> str:
    if item.price is not None:
        return points(item.price)
    if not item.bids:
        return f"begins at {points(item.minimum)}"
    word = "offer" if item.kind.is_sealed else "bid"
    return f"{item.bids} {word}{'' if item.bids == 1 else 's'}"
