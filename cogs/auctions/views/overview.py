"""The one board of a batch: a line an auction, and a select that opens the private panel of one.

Cards of their own would not do: Discord takes five edits in five seconds from a channel.
"""

from typing import Any, Final

import discord
from discord import ui

from bot.kit.components import Pick
from bot.kit.door import Door
from bot.kit.text import LAYOUT_TEXT, SELECT_OPTIONS, clip, fit_lines, paste_block, plain, when
from bot.stage import Actor, Stage
from cogs.auctions.rules.terms import Status
from cogs.auctions.service.batches import Item, game_lines, items_of, outcome, titled
from cogs.auctions.service.words import left_in_words
from cogs.auctions.views import panel

_COLOUR, _OVER = 0xE0A030, 0x3BA55D
_PASTED: Final = 1200


class BatchBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        items = await stage.run(Actor.itself(guild_id), lambda session: items_of(session, subject_id))
        if not items:
            return None
        live = any(item.status is Status.OPEN for item in items)
        return board(subject_id, items), live


class BidOn(Pick, key="auction.of_batch", numbers=("batch_id",)):
    """Opens the private panel of the auction that was picked, where later presses edit it in place."""

    async def pick(self, door: Door, chosen: list[str], **_: int) -> None:
        await panel.show(door, int(chosen[0]))


def board(batch_id: int, items: list[Item]) -> ui.LayoutView:
    """While one runs: where each stands; then the summary, with lines to paste into the game."""
    view = ui.LayoutView(timeout=None)
    running = [item for item in items if item.status is Status.OPEN]
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOUR if running else _OVER)
    head = f"## {len(items)} items up" if running else f"## {len(items)} items: results"
    over = len(items) - len(running)
    foot = f"-# {over} of {len(items)} decided" if running and over else ""
    if not running:
        foot = paste_block(fit_lines(game_lines(items), _PASTED))
    box.add_item(ui.TextDisplay(head))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay(fit_lines([_line(item) for item in items], LAYOUT_TEXT - len(head) - len(foot))))
    if foot:
        box.add_item(ui.TextDisplay(foot))
    if running:
        options = [
            discord.SelectOption(label=clip(plain(item.name), 100), value=str(item.auction_id))
            for item in running[:SELECT_OPTIONS]
        ]
        row = ui.ActionRow[Any]()
        row.add_item(BidOn(batch_id=batch_id, options=options, placeholder="Bid on…"))
        box.add_item(row)
    view.add_item(box)
    return view


def _line(item: Item) -> str:
    if item.status is not Status.OPEN:
        return f"{titled(item)} → {outcome(item)}"
    ends = f"ends {when(item.ends_at)}" if item.left is None else f"paused, {left_in_words(item.left)} left"
    return f"{titled(item)} · {item.stands} · {ends}"
