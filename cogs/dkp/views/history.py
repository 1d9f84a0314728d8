"""From a balance to its entries to their causes: the history with its questions, and the chart beside it."""

from collections.abc import Sequence
from typing import Final

from discord import ui

from bot.kit.ask import Answer
from bot.kit.components import Press
from bot.kit.door import Door
from bot.kit.long_list import ASK_FOR, About, Line, show_long
from bot.stage import Session
from cogs.dkp.service import explaining, history, over_time
from cogs.dkp.service.history import Whose

_ALL: Final = 0
"""The number of days a button carries for all of it."""


async def show_history(door: Door, whose: Whose) -> None:
    """A person's entries, newest first, with **Why?** below each page and the **Chart**."""

    async def load(turning: Door, before: int | None) -> Sequence[Line]:
        async def look(session: Session) -> Sequence[history.HistoryLine]:
            return await history.list_history(session, whose, before=before, most=ASK_FOR)

        lines = await turning.stage.read(turning.actor, "dkp.view", look)
        return [Line(line.in_words(), line.entry_id, line.label()) for line in lines]

    async def chart(pressed: Door) -> None:
        await show_chart(pressed, whose.member_id, whose.pool_id, over_time.DAYS)

    await show_long(
        door,
        whose.heading,
        load,
        empty="No points moved yet.",
        about=About("Why?", explain),
        also=[Answer("Chart", chart)],
    )


async def explain(door: Door, entry_id: int) -> None:
    """What an entry came from, privately."""
    await door.say(await door.stage.read(door.actor, "dkp.view", lambda s: explaining.explain(s, str(entry_id))))


async def show_chart(door: Door, member_id: int, pool_id: int, days: int) -> None:
    """The balance over time as a picture; under it the other stretch of time."""
    await door.later()

    async def look(session: Session) -> over_time.BalanceOverTime:
        whose = await history.get_whose(session, member_id, pool_id)
        return await over_time.balance_over_time(session, whose, days if days != _ALL else None)

    found = await door.stage.read(door.actor, "dkp.view", look)
    if not found.moments:
        await door.say("No points moved yet.")
        return
    other = _ALL if days != _ALL else over_time.DAYS
    view = ui.View(timeout=None)
    label = "All time" if other == _ALL else f"Last {other} days"
    view.add_item(ShowChart(member_id=member_id, pool_id=pool_id, days=other, label=label))
    await door.say(file=await found.picture(), view=view)


class ShowHistory(Press, key="dkp.history", numbers=("member_id", "pool_id")):
    """**History** under a balance."""

    async def press(self, door: Door, *, member_id: int, pool_id: int, **_: int) -> None:
        async def look(session: Session) -> Whose:
            return await history.get_whose(session, member_id, pool_id)

        await show_history(door, await door.stage.read(door.actor, "dkp.view", look))


class ShowChart(Press, key="dkp.chart", numbers=("member_id", "pool_id", "days")):
    """The balance over another stretch of time."""

    async def press(self, door: Door, *, member_id: int, pool_id: int, days: int, **_: int) -> None:
        await show_chart(door, member_id, pool_id, max(0, min(days, 36_500)))
