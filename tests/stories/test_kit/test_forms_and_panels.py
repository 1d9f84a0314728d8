"""Forms lose nothing that was typed; a person has one private panel a subject."""

from typing import Any

import discord
import pytest
from discord import ui

from bot.app import LAPSED
from bot.kit.components import Form, Press
from bot.kit.door import Door
from tests.stories.conftest import Troubles, said
from tests.stories.test_kit.pieces import Kit, OpenWish, Work

# -- forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["everything", "trouble"], ids=["refused", "broken"])
async def test_a_form_that_fails_gives_back_what_was_typed(kit: Kit, troubles: Troubles, wish: str) -> None:
    shown = await kit.shows(OpenWish(label="Wish"))
    form = await kit.presses(shown, "Wish")
    assert form.modal is not None
    assert len(form.modal["title"]) <= 45
    failed = await kit.night.fills(kit.anna, form, wish=wish, why="because")
    troubles.forgive()
    assert ("That is too much." if wish == "everything" else "Something broke on our side") in said(failed)
    again = await kit.presses(failed.response, "Correct it")
    typed = {
        (each.get("component") or each["components"][0])["custom_id"]: (each.get("component") or each["components"][0])[
            "value"
        ]
        for each in (again.modal or {})["components"]
    }
    assert typed == {"wish": wish, "why": "because"}
    assert said(await kit.night.fills(kit.anna, again, wish="a horse", why="because")) == "a horse (because) for 7"


async def test_a_form_opened_before_a_restart_can_be_submitted_after_it(kit: Kit) -> None:
    shown = await kit.shows(OpenWish(label="Wish"))
    form = await kit.presses(shown, "Wish")
    await kit.night.restart()
    assert said(await kit.night.fills(kit.anna, form, wish="a horse", why="it rains")) == "a horse (it rains) for 7"


async def test_two_people_in_one_form_at_a_time_each_submit_their_own_words(kit: Kit) -> None:
    bob = kit.night.join("Bob")
    shown = await kit.shows(OpenWish(label="Wish"))
    channel = kit.night.bot.get_channel(kit.night.channel.id)
    assert isinstance(channel, discord.TextChannel)
    view = ui.View(timeout=None)
    view.add_item(OpenWish(label="Wish"))
    public = await channel.send("board", view=view)
    annas, bobs = await kit.presses(public, "Wish"), await kit.night.presses(bob, public, "Wish")
    assert said(await kit.night.fills(bob, bobs, wish="a boat", why="")) == "a boat () for 7"
    assert said(await kit.night.fills(kit.anna, annas, wish="a horse", why="")) == "a horse () for 7"
    assert shown is not None


async def test_a_form_nobody_knows_any_more_gives_the_text_back(kit: Kit) -> None:
    shown = await kit.shows(OpenWish(label="Wish"))
    form = await kit.presses(shown, "Wish")
    await kit.night.restart()
    known = Form.known.pop("test.wish")
    try:
        told = said(await kit.night.fills(kit.anna, form, wish="a horse", why="it rains"))
    finally:
        Form.known["test.wish"] = known
    assert told == f"{LAPSED} You typed:\na horse\nit rains"


# -- panels ------------------------------------------------------------------------------------------------------------


async def panel(door: Door, text: str) -> None:
    await door.bot.panels.show(door, "test", 1, text, None)


async def public_button(kit: Kit, work: Work) -> discord.Message:
    class Panel(Press, key="test.panel"):
        async def press(self, door: Door) -> None:
            await work(door)

    kit.night.bot.add_buttons(Panel)
    view = ui.View(timeout=None)
    view.add_item(Panel(label="Press"))
    channel = kit.night.bot.get_channel(kit.night.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send("board", view=view)


async def test_a_panel_opens_once_and_later_presses_edit_it_in_place_also_when_the_first_answer_was_slow(
    kit: Kit,
) -> None:
    for slow in (False, True):
        texts = iter(("one", "two", "three"))

        async def work(door: Door, slow: bool = slow, texts: Any = texts) -> None:
            if slow:
                await door.later()
            await panel(door, next(texts))

        kit.night.bot.panels._open.clear()
        board = await public_button(kit, work)
        first = await kit.presses(board, "Press")
        assert "one" in said(first)
        for words in ("two", "three"):
            again = await kit.presses(board, "Press")
            assert again.followups == []
            assert (first.followups or [first.response])[0].content == words


async def test_each_person_has_a_panel_of_their_own(kit: Kit) -> None:
    async def work(door: Door) -> None:
        await panel(door, door.actor.name)

    board = await public_button(kit, work)
    bob = kit.night.join("Bob")
    assert said(await kit.presses(board, "Press")) == "Anna"
    assert said(await kit.night.presses(bob, board, "Press")) == "Bob"


async def test_a_panel_too_old_to_be_edited_or_dismissed_is_opened_anew(kit: Kit) -> None:
    async def work(door: Door) -> None:
        await panel(door, "text")

    board = await public_button(kit, work)
    await kit.presses(board, "Press")
    await kit.night.wait(15 * 60)
    assert said(await kit.presses(board, "Press")) == "text"
    kit.night.env.inject_error("PATCH", "/webhooks/*/*/messages/*", status=404, code=10008)
    assert said(await kit.presses(board, "Press")) == "text"


async def test_a_command_brings_the_panel_to_where_the_person_looks(kit: Kit) -> None:
    async def work(door: Door) -> None:
        await panel(door, "text")

    first = await kit.does(work)
    second = await kit.does(work)
    assert said(second) == "text"
    assert first.response is None


async def test_a_press_in_a_private_message_edits_that_message_also_after_a_restart_and_when_it_is_old(
    kit: Kit,
) -> None:
    class Inside(Press, key="test.inside"):
        async def press(self, door: Door) -> None:
            await door.bot.panels.show(door, "test", 1, "edited in place", None)

    async def work(door: Door) -> None:
        view = ui.View(timeout=None)
        view.add_item(Inside(label="Inside"))
        await door.bot.panels.show(door, "test", 1, "opened", view)

    for later in (lambda: kit.night.wait(15 * 60), kit.night.restart):
        opened = await kit.does(work)
        assert opened.response is not None
        await later()
        kit.night.bot.add_buttons(Inside)
        assert (await kit.presses(opened.response, "Inside")).followups == []
        assert opened.response.message.content == "edited in place"
