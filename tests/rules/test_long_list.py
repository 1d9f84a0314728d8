"""Long lists: whole lines a page, within Discord's limit, forth and back without losing or repeating one."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.kit.long_list import ASK_FOR, Line, _LongPages
from bot.kit.text import MESSAGE_TEXT

NOBODY: Any = None


def pages_of(lengths: Sequence[int]) -> _LongPages:
    lines = [Line(f"{mark}:".ljust(length, "x"), mark) for mark, length in enumerate(lengths)]

    async def load(_: Any, after: int | None) -> Sequence[Line]:
        start = 0 if after is None else after + 1
        return lines[start : start + ASK_FOR]

    return _LongPages("**Heading**", load)


def marks(pages: _LongPages) -> list[int]:
    return [int(line.split(":")[0]) for line in pages.text.splitlines()]


@settings(deadline=None)
@given(st.lists(st.integers(3, 2500), min_size=1, max_size=60))
async def test_every_line_is_shown_once_in_order_and_back_leads_the_same_way(lengths):
    pages = pages_of(lengths)
    await pages.turn(NOBODY, 0)
    forth = [marks(pages)]
    while pages.more:
        assert not pages.next.disabled
        await pages.turn(NOBODY, 1)
        assert len(pages.shown) <= MESSAGE_TEXT
        forth.append(marks(pages))
    assert [mark for page in forth for mark in page] == list(range(len(lengths)))
    back = [marks(pages)]
    while not pages.back.disabled:
        await pages.turn(NOBODY, -1)
        back.append(marks(pages))
    assert back == forth[::-1]


async def test_turning_past_an_end_stays_there():
    pages = pages_of([10] * 20)
    await pages.turn(NOBODY, -1)
    assert marks(pages)[0] == 0
    await pages.turn(NOBODY, 1)
    await pages.turn(NOBODY, 1)
    assert marks(pages)[-1] == 19
