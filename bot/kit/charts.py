"""Pictures where they say more than a table: drawn off the event loop, legible on a phone, on a dark and a light page.

Every chart stands on a card of its own colour, so that it reads the same on either theme. One thread draws, because
matplotlib shares state; a second chart waits for the first. Texts are shown as they are, never as formulas.
"""

import asyncio
import io
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

import discord

from bot.kit.text import clip, plain

_CARD, _INK, _FAINT, _LINE = "#2b2d31", "#f2f3f5", "#80848e", "#5fb3ff"
_WIDTH, _HEIGHT, _DOTS_AN_INCH = 6.4, 3.6, 125
"""800 by 450 dots: a phone shows them one to two, and text of 13 points is read without zooming."""
_LABEL: Final = 18
_drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")

Moment = tuple[datetime, Decimal]


async def steps(name: str, title: str, moments: Sequence[Moment], zone: tzinfo) -> discord.File:
    """What stood when: a line that keeps its height until the next moment. At least one moment, oldest first."""

    def draw(axes: Any) -> None:
        when = [at.astimezone(zone) for at, _ in moments]
        values = [float(value) for _, value in moments]
        axes.step(when, values, where="post", color=_LINE, linewidth=2)
        axes.fill_between(when, values, step="post", color=_LINE, alpha=0.18)
        _dates(axes, zone)

    return await _file(name, title, draw)


async def dots(name: str, title: str, moments: Sequence[Moment], zone: tzinfo) -> discord.File:
    """Single happenings in time, joined by a faint line: what was paid for an item. Oldest first."""

    def draw(axes: Any) -> None:
        when = [at.astimezone(zone) for at, _ in moments]
        values = [float(value) for _, value in moments]
        axes.plot(when, values, color=_FAINT, linewidth=1)
        axes.scatter(when, values, color=_LINE, s=36, zorder=3)
        axes.set_ylim(bottom=min(0.0, *values))
        _dates(axes, zone)

    return await _file(name, title, draw)


async def bars(
    name: str, title: str, labels: Sequence[str], values: Sequence[Decimal], *, top: Decimal | None = None
) -> discord.File:
    """One bar a label, its number on it; `top` is where the scale ends (100 for percentages). At most 15 bars."""

    def draw(axes: Any) -> None:
        shown = [clip(plain(label), _LABEL) for label in labels]
        places = range(len(values))
        axes.bar(places, [float(value) for value in values], color=_LINE, width=0.7)
        axes.set_xticks(list(places), shown, rotation=0 if len(shown) <= 6 else 35, parse_math=False)
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                format(value.normalize(), "f") if value else "0",
                (place, float(value)),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=_INK,
                fontsize=12,
            )
        if top is not None:
            axes.set_ylim(0, float(top) * 1.08)

    return await _file(name, title, draw)


def _dates(axes: Any, zone: tzinfo) -> None:
    from matplotlib import dates

    places = dates.AutoDateLocator(minticks=3, maxticks=6, tz=zone)
    axes.xaxis.set_major_locator(places)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(places, tz=zone))


async def _file(name: str, title: str, draw: Callable[[Any], None]) -> discord.File:
    picture = await asyncio.get_running_loop().run_in_executor(_drawing, _png, title, draw)
    return discord.File(io.BytesIO(picture), f"{name}.png")


def _png(title: str, draw: Callable[[Any], None]) -> bytes:
    from matplotlib.figure import Figure  # loads for a second, and only charts need it

    warnings.filterwarnings("ignore", message=r"Glyph .* missing from")  # an emoji in a name is drawn as a box
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS_AN_INCH, facecolor=_CARD, layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(_CARD)
    axes.set_title(clip(plain(title), 60), color=_INK, fontsize=13, loc="left", parse_math=False)
    axes.tick_params(colors=_INK, labelsize=13, length=0)
    axes.xaxis.get_offset_text().set(color=_INK, fontsize=12)
    axes.grid(axis="y", color=_FAINT, alpha=0.35)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    draw(axes)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=_CARD)
    return out.getvalue()
