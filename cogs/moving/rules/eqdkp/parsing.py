"""The XML as it stands: one pass, bounded in depth and size, no DTD and no entity of the file's own."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from bot.kit.text import safe
from cogs.moving.rules.amounts import read_amount, read_moment, read_optional, read_whole
from cogs.moving.rules.document import (
    CLASS_LENGTH,
    ITEM_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    BadRow,
    UnreadableFile,
    clean,
    quoted,
)

DEEPEST: Final = 12
"""An export nests eight deep."""
MOST_ELEMENTS: Final = 3_000_000
"""Of a file of 4,000 players with 10,000 items there are 250,000."""
MOST_PLAYERS: Final = 50_000
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_POINTS: Final = ("current", "earned", "spent", "adjustment")
Four = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]
"""current, earned, spent, adjustment"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One pool of one player: what the file claims, own and with twinks."""

    pool: str
    own: Four
    with_twink: Four


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    value: Decimal
    itempool: str


@dataclass(frozen=True, slots=True)
class Adjustment:
    reason: str
    value: Decimal
    at: datetime | None
    event: str
    dated: bool
    """Whether the file gives a moment at all, readable or not."""


@dataclass(frozen=True, slots=True)
class Player:
    player_id: str
    name: str
    active: bool
    hidden: bool
    main_id: str
    main_name: str
    class_name: str | None
    figures: tuple[Figures, ...]
    items: tuple[Item, ...]
    adjustments: tuple[Adjustment, ...]

    @property
    def row(self) -> str:
        return f"player {self.player_id} ({self.name})"


@dataclass
class Parsed:
    """The file, unproved."""

    file_name: str
    players: list[Player] = field(default_factory=list)
    pool_names: dict[str, str] = field(default_factory=dict)
    pool_of_itempool: dict[str, str] = field(default_factory=dict)
    pool_of_event: dict[str, str] = field(default_factory=dict)
    points_name: str | None = None
    taken_at: datetime | None = None
    total_players: int | None = None
    total_items: int | None = None
    with_twink: bool = True


def parse(name: str, text: str, zone: tzinfo) -> Parsed:
    parsed = Parsed(name)
    try:
        for element in _elements(name, text):
            if element.tag == "player":
                if len(parsed.players) == MOST_PLAYERS:
                    raise UnreadableFile(f"{quoted(name)} has more than {MOST_PLAYERS:,} players, the most I import.")
                parsed.players.append(_player(element, len(parsed.players) + 1, zone))
                element.clear()
            elif element.tag == "info":
                _info(parsed, element, zone)
            elif element.tag == "eqdkp":
                parsed.points_name = clean(element.findtext("dkp_name"), NAME_LENGTH, "") or None
            elif element.tag == "multidkp_pool":
                _pool(parsed, element)
                element.clear()
    except ParseError as error:
        line = error.position[0] if getattr(error, "position", None) else "?"
        raise UnreadableFile(
            f"{quoted(name)} is broken at line {line}: it was cut off or changed. Export it again."
        ) from error
    except DefusedXmlException as error:
        raise UnreadableFile(
            f"{quoted(name)} has a DTD or entities of its own, which no export has: I do not read it."
        ) from error
    if not parsed.players:
        raise UnreadableFile(f"{quoted(name)} has no players in it: in EQdkp Plus, export the points as XML.")
    return parsed


def _elements(name: str, text: str) -> Iterator[Element]:
    """Elements as they end; what is deeper or more than any export has is refused before it fills memory."""
    plain_xml = _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    depth = count = 0
    parents: list[Element] = []
    for what, element in iterparse(io.BytesIO(plain_xml), events=("start", "end"), forbid_dtd=True):
        if what == "start":
            depth, count = depth + 1, count + 1
            if depth > DEEPEST:
                raise UnreadableFile(f"{quoted(name)} nests deeper than any export: I do not read it.")
            if count > MOST_ELEMENTS:
                raise UnreadableFile(f"{quoted(name)} has over {MOST_ELEMENTS:,} elements, the most I read.")
            parents.append(element)
            continue
        depth -= 1
        parents.pop()
        yield element
        if element.tag == "player" and parents:
            parents[-1].clear()


def _player(element: Element, number: int, zone: tzinfo) -> Player:
    player_id = (element.findtext("id") or "").strip()
    name = clean(element.findtext("name"), NAME_LENGTH, "")
    row = f"player {player_id or f'number {number}'} ({name or 'no name'})"
    player_id = str(read_whole(player_id, row, "its id"))
    main_id = (element.findtext("main_id") or "").strip()
    main_id = str(read_whole(main_id, row, "its main_id")) if main_id else "0"
    return Player(
        player_id=player_id,
        name=name or f"(no name {player_id})",
        active=_flag(element, "active", row, otherwise=True),
        hidden=_flag(element, "hidden", row, otherwise=False),
        main_id=player_id if main_id == "0" else main_id,
        main_name=clean(element.findtext("main_name"), NAME_LENGTH, ""),
        class_name=clean(element.findtext("class_name"), CLASS_LENGTH, "") or None,
        figures=tuple(_figures(found, row) for found in element.iterfind("points/multidkp_points")),
        items=tuple(_item(found, row) for found in element.iterfind("items/item")),
        adjustments=tuple(_adjustment(found, row, zone) for found in element.iterfind("adjustments/adjustment")),
    )


def _flag(element: Element, tag: str, row: str, *, otherwise: bool) -> bool:
    written = (element.findtext(tag) or "").strip()
    if written not in ("", "0", "1"):
        raise BadRow(f"{safe(row)}: {tag} is {quoted(written)}, neither 0 nor 1.")
    return written == "1" if written else otherwise


def _figures(element: Element, row: str) -> Figures:
    pool = (element.findtext("multidkp_id") or "").strip()
    pool = str(read_whole(pool, row, "its multidkp_id")) if pool else "1"
    return Figures(pool, _four(element, row, ""), _four(element, row, "_with_twink"))


def _four(element: Element, row: str, ending: str) -> Four:
    current, earned, spent, adjustment = (
        read_optional(element.findtext(f"points_{word}{ending}"), row, f"points_{word}{ending}") for word in _POINTS
    )
    return current, earned, spent, adjustment


def _item(element: Element, row: str) -> Item:
    name = clean(element.findtext("name"), ITEM_LENGTH, "(unnamed item)")
    value = read_amount(element.findtext("value"), row, f"the value of {quoted(name)}")
    return Item(name, value, (element.findtext("itempool_id") or "").strip())


def _adjustment(element: Element, row: str, zone: tzinfo) -> Adjustment:
    reason = clean(element.findtext("reason"), REASON_LENGTH, "adjustment without a reason")
    value = read_amount(element.findtext("value"), row, f"the adjustment {quoted(reason)}")
    written = (element.findtext("timestamp") or "").strip()
    event = (element.findtext("event_id") or "").strip()
    return Adjustment(reason, value, read_moment(written, zone), event, bool(written))


def _info(parsed: Parsed, element: Element, zone: tzinfo) -> None:
    if element.find("total_players") is None and element.find("timestamp") is None:
        return
    parsed.taken_at = read_moment(element.findtext("timestamp"), zone)
    parsed.with_twink = (element.findtext("with_twink") or "1").strip() != "0"
    for name in ("total_players", "total_items"):
        if written := (element.findtext(name) or "").strip():
            setattr(parsed, name, read_whole(written, "info", name))


def _pool(parsed: Parsed, element: Element) -> None:
    """A pool's name, and which events and item pools are its own; of two that list one, the first has it."""
    pool = (element.findtext("id") or "").strip()
    if not pool:
        return
    if name := clean(element.findtext("name"), NAME_LENGTH, ""):
        parsed.pool_names[pool] = name
    for event in element.iterfind("events/event/id"):
        parsed.pool_of_event.setdefault((event.text or "").strip(), pool)
    for itempool in element.iterfind("mdkp_itempools/*"):
        parsed.pool_of_itempool.setdefault((itempool.text or "").strip(), pool)
