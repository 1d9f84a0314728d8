"""Whatever breaks, is slow or is too long ends in one private answer, in time."""

import asyncio
import json
import logging

import discord
import pytest

from bot import log
from bot.kit import door as kit_door
from bot.kit.door import Door
from bot.kit.pages import show_pages, split_pages
from bot.refusals import Refused
from tests.stories.conftest import Troubles, said
from tests.stories.test_kit.pieces import Kit, Wish

# -- every path ends in one private sentence ---------------------------------------------------------------------------


async def test_a_refusal_is_its_one_sentence_and_private(kit: Kit) -> None:
    async def work(_: Door) -> None:
        raise Refused("You can spend 430. The next bid is 440.")

    result = await kit.does(work)
    assert said(result) == "You can spend 430. The next bid is 440."
    assert result.response is not None
    assert result.response.ephemeral
    assert result.followups == []


async def test_a_defect_gives_a_code_that_leads_to_the_traceback_and_to_who_and_where(
    kit: Kit, troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[str] = []
    handler = logging.StreamHandler()
    handler.addFilter(log._Stamp())
    handler.setFormatter(log._Json())
    handler.emit = lambda record: lines.append(handler.format(record) if handler.filter(record) else "")  # type: ignore[method-assign]
    logging.getLogger("bot.kit.door").addHandler(handler)

    async def work(_: Door) -> None:
        raise RuntimeError("the anvil is gone")

    result = await kit.does(work)
    logging.getLogger("bot.kit.door").removeHandler(handler)
    assert "the anvil" in "".join(troubles.forgive())
    code = said(result).partition("(code ")[2][:4]
    assert said(result).startswith("Something broke on our side (code ")
    (line,) = (json.loads(line) for line in lines)
    assert (line["guild"], line["actor"], line["request"]) == (kit.night.guild.id, kit.anna.id, code)
    assert line["level"] == "error"
    assert "the anvil is gone" in line["traceback"]


async def test_a_defect_after_the_answer_is_told_beside_it(kit: Kit, troubles: Troubles) -> None:
    async def work(door: Door) -> None:
        await door.say("so far so good")
        raise RuntimeError("no")

    result = await kit.does(work)
    troubles.forgive()
    assert [message.ephemeral for message in result.followups] == [True]
    assert "Something broke" in result.followups[0].content


async def test_when_even_the_answer_fails_nothing_more_happens(kit: Kit, troubles: Troubles) -> None:
    kit.night.env.inject_error("POST", "/interactions/*/*/callback", status=400, times=None)

    async def work(door: Door) -> None:
        await door.say("hello")

    result = await kit.does(work)
    assert not result.acknowledged
    assert len(troubles.forgive()) == 1


@pytest.mark.parametrize("code", [10062, 40060], ids=["too late", "answered by another delivery"])
async def test_an_interaction_that_is_over_is_no_defect(kit: Kit, code: int) -> None:
    status = 404 if code == 10062 else 400
    kit.night.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code, times=None)

    async def work(door: Door) -> None:
        await door.say("hello")

    assert not (await kit.does(work)).acknowledged


async def test_a_command_that_says_nothing_is_still_answered(kit: Kit) -> None:
    async def work(_: Door) -> None: ...

    assert said(await kit.does(work)) == "Done."


async def test_a_command_that_discord_still_offers_but_we_no_longer_have_is_answered(kit: Kit) -> None:
    kit.night.bot.tree.remove_command("do")

    async def work(_: Door) -> None: ...

    assert said(await kit.does(work)).startswith("That command changed a moment ago")


# -- in time -----------------------------------------------------------------------------------------------------------


async def test_slow_work_is_acknowledged_in_time_and_answered_later(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_door, "DEFER_AFTER_SECONDS", 0.05)

    async def work(door: Door) -> None:
        await asyncio.sleep(0.4)
        await door.say("at last")

    result = await kit.does(work)
    bodies = [request.json for request in kit.night.env.http_requests if isinstance(request.json, dict)]
    assert discord.InteractionResponseType.deferred_channel_message.value in [body.get("type") for body in bodies]
    assert result.ephemeral
    assert said(result) == "at last"


async def test_a_form_that_comes_too_late_to_open_is_one_more_press_away(kit: Kit) -> None:
    async def work(door: Door) -> None:
        await door.later()
        await door.form(Wish(n=3))

    result = await kit.does(work)
    form = await kit.presses((result.response or result.followups[0]), "Open the form")
    assert said(await kit.night.fills(kit.anna, form, wish="a horse", why="")) == "a horse () for 3"


async def test_a_deferred_press_leaves_its_message_as_it_is(kit: Kit) -> None:
    async def later(door: Door) -> None:
        await door.later()

    async def work(door: Door) -> None:
        await door.say("question", view=kit_door.OneButton("Slow", later))

    shown = await kit.does(work)
    result = await kit.presses(shown.response, "Slow")
    assert result.acknowledged
    assert said(shown) == "question\n[Slow]"


# -- what does not fit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "files"), [(2000, 0), (2001, 1), (70_000, 1)])
async def test_what_is_too_long_for_a_message_comes_as_a_file(kit: Kit, length: int, files: int) -> None:
    async def work(door: Door) -> None:
        await door.say("é" * length)

    response = (await kit.does(work)).response
    assert response is not None
    assert len(response.attachments) == files
    assert len(response.content) <= 2000


async def test_an_edit_that_is_too_long_comes_as_a_file_too(kit: Kit) -> None:
    async def work(door: Door) -> None:
        await door.say("wait")
        await door.update("x" * 5000, view=None)

    response = (await kit.does(work)).response
    assert response is not None
    assert len(response.attachments) == 1
    assert response.content.startswith("That is too long")


async def test_pages_hold_whole_lines_within_the_limit_and_turn_both_ways(kit: Kit) -> None:
    lines = [f"{number}: " + "x" * 150 for number in range(40)]

    async def work(door: Door) -> None:
        await show_pages(door, "**List**", lines, empty="Nothing.")

    shown = await kit.does(work)
    first = said(shown)
    assert first.startswith("**List**\n0: ")
    assert "page 1 of 4" in first
    second = await kit.presses(shown.response, "Next")
    assert "page 2 of 4" in said(shown)
    assert len(said(shown)) <= 2000
    await kit.presses(shown.response, "Back")
    assert said(shown) == first
    assert second.followups == []


def test_no_page_is_ever_too_long_and_no_line_is_lost() -> None:
    lines = ["x" * length for length in (10, 5000, 700, 699, 601, 1)]
    pages = split_pages(lines, room=1400)
    assert all(len(page) <= 1400 for page in pages)
    assert sum(len(page.split("\n")) for page in pages) == len(lines)


async def test_an_empty_list_says_so_and_a_heading_that_is_too_long_breaks_nothing(kit: Kit) -> None:
    async def empty(door: Door) -> None:
        await show_pages(door, "**List**", [], empty="Nobody yet.")

    assert said(await kit.does(empty)) == "**List**\nNobody yet."

    async def endless(door: Door) -> None:
        await show_pages(door, "h" * 3000, ["a", "b"], empty="")

    assert said(await kit.does(endless)).endswith("…\na\nb")
