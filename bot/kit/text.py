"""Text on its way to Discord or into the game: made safe, made to fit, made readable.

What people type on its way in is `bot.typed`. Nothing here knows a feature.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

# Discord's limits, from its published OpenAPI description; characters unless the name says otherwise.
MESSAGE_TEXT: Final = 2000
LAYOUT_TEXT: Final = 4000  # all text displays of one Components V2 message together
LAYOUT_COMPONENTS: Final = 40  # nested ones included
EMBED_TEXT: Final = 6000  # all embeds of one message together
EMBED_DESCRIPTION: Final = 4096
SECTION_TEXTS: Final = 3
BUTTONS_IN_ROW: Final = 5
BUTTON_LABEL: Final = 80
CUSTOM_ID: Final = 100
SELECT_OPTIONS: Final = 25
OPTION_LABEL: Final = 100
OPTION_DESCRIPTION: Final = 100
PLACEHOLDER: Final = 150
CHOICES: Final = 25
CHOICE_NAME: Final = 100
CHOICE_VALUE: Final = 100
MODAL_TITLE: Final = 45
MODAL_LABEL: Final = 45
MODAL_LABEL_DESCRIPTION: Final = 100
INPUT_TEXT: Final = 4000
INPUT_PLACEHOLDER: Final = 100
THREAD_NAME: Final = 100
EVENT_NAME: Final = 100
NICKNAME: Final = 32
ATTACHMENTS: Final = 10
NONCE: Final = 25

GAME_LINE: Final = 250
"""The longest line a game's chat is sure to take (World of Warcraft cuts at 255)."""

BLANK: Final = "(blank)"
_ELLIPSIS: Final = "…"
_ZERO_WIDTH_SPACE, _ISOLATE, _END_ISOLATE = "\u200b", "\u2068", "\u2069"
_JOINERS: Final = "\u200c\u200d"  # emoji and several scripts are spelt with them
# Characters that draw nothing though Unicode does not call them control or format characters.
_DRAWN_AS_NOTHING: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_MARKS_IN_A_ROW: Final = 4  # real scripts need no more; "zalgo" names need dozens and cover other lines

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_MARKDOWN = re.compile(r"[\\*_~`|<>\[\]#:/]")
_AT_LINE_START = re.compile(r"^(?:([-+])|(\d+)([.)]))")


def storable(received: Any) -> Any:
    """What Discord sent (texts, and lists and dicts of them) without NUL and halves of characters: no database takes
    either, and a program that talks to Discord may send both."""
    if isinstance(received, str):
        return _UNSTORABLE.sub("", received)
    if isinstance(received, dict):
        return {key: storable(value) for key, value in received.items()}
    return [storable(value) for value in received] if isinstance(received, list) else received


def strip_invisible(text: str, *, keep: str = "") -> str:
    """The text without characters that draw nothing or turn the writing direction; white space stays."""

    def drawn(char: str) -> bool:
        if char in keep or char.isspace():
            return True
        return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"} and char not in _DRAWN_AS_NOTHING

    return "".join(filter(drawn, text))


def plain(text: str) -> str:
    """One line for places that know no Markdown: button labels, choices, thread names, the game.

    A name that draws nothing at all becomes `(blank)`, so it can still be seen and pressed.
    """
    kept: list[str] = []
    marks = 0
    for char in _SPACES.sub(" ", strip_invisible(text, keep=_JOINERS)).strip():
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    line = "".join(kept)
    return line if line.strip(_JOINERS + " ") or not text.strip() else BLANK


@lru_cache(maxsize=1024)  # an item's name stands in every sentence about it: a tenth of what a bid among many costs
def safe(text: str) -> str:
    """One line that can stand anywhere in a message: Markdown, mentions and links show as typed.

    Right-to-left text is isolated, so it cannot reorder the numbers beside it.
    """
    line = _MARKDOWN.sub(r"\\\g<0>", plain(text)).replace("@", "@" + _ZERO_WIDTH_SPACE)
    line = _AT_LINE_START.sub(lambda m: f"{m[2] or ''}\\{m[1] or m[3]}", line)
    if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in line):
        return f"{_ISOLATE}{line}{_END_ISOLATE}"
    return line


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, ending in an ellipsis where cut; an emoji or accent is never halved.

    Clip before `safe`, so no escape is halved either.
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = limit - len(_ELLIPSIS)
    while end > 0 and _joined(text, end):
        end -= 1
    if end == 0:  # nothing but one endless cluster
        end = limit - len(_ELLIPSIS)
    return text[:end].rstrip() + _ELLIPSIS


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after `at` are drawn as one."""
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in {"Mn", "Me", "Mc"} or after in _JOINERS or before == "\u200d":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True  # skin tones and the letters of regional flags
    if not (_is_flag_half(before) and _is_flag_half(after)):
        return False
    start = at
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def fit_lines(lines: Sequence[str], room: int = MESSAGE_TEXT) -> str:
    """Whole lines as far as they go in `room` characters; what is left out is counted."""
    rest = len("and 1,000,000 more")
    kept: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        if size + len(line) + (0 if last else rest + 1) > room:
            return "\n".join([*kept, f"and {len(lines) - number:,} more"])
        kept.append(line)
        size += len(line) + 1
    return "\n".join(kept)


def fit_names(names: Sequence[str], room: int = 300) -> str:
    """Names with commas between, as many as go in `room` characters, and how many more there are."""
    kept: list[str] = []
    size = 0
    for number, name in enumerate(names):
        if kept and size + len(name) > room:
            return f"{', '.join(kept)} and {len(names) - number:,} more"
        kept.append(name)
        size += len(name) + 2
    return ", ".join(kept)


def points(amount: Decimal) -> str:
    """An amount as it is, never rounded: 430, 12.5, -3.25."""
    return format(amount.normalize(), "f") if amount else "0"


def when(dt: datetime, style: Literal["t", "T", "d", "D", "f", "F", "R"] = "R") -> str:
    """A moment in each reader's own zone and language; `R` is relative and counts by itself."""
    if dt.tzinfo is None:
        raise ValueError("a moment without a zone cannot be shown")
    return f"<t:{int(dt.timestamp())}:{style}>"


def paste_line(*parts: str) -> str:
    """One line to paste into the game's chat: plain, short enough, and never a command of the game."""
    line = plain(" ".join(part for part in parts if part)).replace("`", "'")
    return clip(line.lstrip("/. "), GAME_LINE)


def paste_block(line: str) -> str:
    """A line for the game as Discord shows it: copied by one press on its corner, nothing formatted."""
    return f"```\n{line.replace('`', chr(39))}\n```"
