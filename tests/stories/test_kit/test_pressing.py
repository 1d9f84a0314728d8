"""Buttons, selects, questions and pickers: old ones, forged ones, pressed twice."""

import discord
import pytest
from discord import ui

from bot.app import LAPSED
from bot.kit.ask import ask, yes
from bot.kit.components import Press
from bot.kit.door import Door
from tests.stories.conftest import Troubles, said
from tests.stories.test_kit.pieces import Colour, Hi, Kit, pressed, raw_button

# -- pressing ----------------------------------------------------------------------------------------------------------


async def test_old_buttons_and_selects_work_after_a_restart_for_anybody(kit: Kit) -> None:
    options = [discord.SelectOption(label="y" * 300, value="red", description="z" * 300)]
    shown = await kit.shows(Hi(n=-5, label="Hi " + "x" * 200), Colour(n=2, options=options, placeholder="p" * 300))
    await kit.night.restart()
    kit.night.bot.add_buttons(Hi, Colour)
    assert said(await kit.presses(shown, custom_id="qm:test.hi:-5")) == "hi -5"
    chosen = await kit.anna.select(shown, values=["red"])
    assert said(chosen) == "['red'] for 2"


@pytest.mark.parametrize(
    "custom_id",
    ["qm:test.hi:9223372036854775808", "qm:test.hi:9999999999999999999", "qm:test.hi:-9223372036854775809"],
)
async def test_a_number_no_row_can_have_is_answered_and_reaches_nothing(
    kit: Kit, troubles: Troubles, custom_id: str
) -> None:
    shown = await kit.shows(raw_button(custom_id))
    assert said(await kit.presses(shown, "Press")) == LAPSED
    assert pressed == []
    troubles.forgive()


@pytest.mark.parametrize(
    "custom_id",
    [
        "qm:test.hi",
        "qm:test.hi:",
        "qm:test.hi:1:2",
        "qm:test.hi:x",
        "qm:test.hi:１",
        "qm:nothing:1",
        "x",
        "qm:test.hi:1e3",
    ],
)
async def test_a_forged_custom_id_is_answered_and_reaches_nothing(kit: Kit, custom_id: str) -> None:
    shown = await kit.shows(raw_button(custom_id))
    assert said(await kit.presses(shown, "Press")) == LAPSED
    assert pressed == []


async def test_what_is_pressed_on_a_public_message_never_changes_what_everybody_sees(kit: Kit) -> None:
    class Loud(Press, key="test.loud"):
        async def press(self, door: Door) -> None:
            await door.update("only for you", view=None)

    kit.night.bot.add_buttons(Loud)
    view = ui.View(timeout=None)
    view.add_item(Loud(label="Press"))
    channel = kit.night.bot.get_channel(kit.night.channel.id)
    assert isinstance(channel, discord.TextChannel)
    public = await channel.send("for all", view=view)
    result = await kit.presses(public, "Press")
    assert said(result) == "only for you"
    assert result.response is not None
    assert result.response.ephemeral
    assert kit.night.channel.history()[-1].content == "for all"


# -- asking ------------------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_once_however_often_it_is_pressed(kit: Kit) -> None:
    done: list[str] = []

    async def burn(door: Door) -> None:
        done.append("burnt")
        await door.say("It is burnt.")

    async def work(door: Door) -> None:
        await ask(door, "Burn it?", [yes("Burn " + "it" * 100, burn, danger=True)])

    shown = await kit.does(work)
    assert shown.response is not None
    message = shown.response.message
    button = discord.ui.View.from_message(message).children[0]
    assert isinstance(button, discord.ui.Button)
    assert len(button.label or "") <= 80
    first = await kit.presses(shown.response, button.label)
    assert first.followups[0].content == "It is burnt."
    assert said(shown) == "Burn it?"
    assert done == ["burnt"]


async def test_the_second_half_of_a_double_press_is_not_told_that_the_question_lapsed(kit: Kit) -> None:
    done: list[str] = []

    async def burn(door: Door) -> None:
        done.append("burnt")

    async def work(door: Door) -> None:
        await ask(door, "Burn it?", [yes("Burn it", burn)])

    shown = await kit.does(work)
    assert shown.response is not None
    views = kit.night.bot._connection._view_store._views
    view = next(item.view for items in views.values() for item in items.values())
    await kit.presses(shown.response, "Burn it")
    assert view is not None
    assert not view.is_finished(), "it still listens for the press that is under way"
    assert done == ["burnt"]


async def test_cancel_changes_nothing_and_a_question_of_an_earlier_process_says_it_lapsed(kit: Kit) -> None:
    async def never(_: Door) -> None:
        raise AssertionError

    async def work(door: Door) -> None:
        await ask(door, "Burn it?", [yes("Burn it", never)])

    shown = await kit.does(work)
    await kit.presses(shown.response, "Cancel")
    assert said(shown) == "Nothing was changed."
    shown = await kit.does(work)
    await kit.night.restart()
    assert said(await kit.presses(shown.response, "Burn it")) == LAPSED


# -- pickers -----------------------------------------------------------------------------------------------------------


async def test_a_picker_offers_at_most_25_short_choices_and_nothing_when_it_breaks(
    kit: Kit, troubles: Troubles
) -> None:
    choices = await kit.anna.autocomplete(kit.night.channel, "do", "thing", "a")
    assert len(choices) == 25
    assert all(len(choice["name"] if isinstance(choice, dict) else choice.name) <= 100 for choice in choices)
    assert await kit.anna.autocomplete(kit.night.channel, "do", "thing", "trouble") == []
    assert "no list" in "".join(troubles.forgive())
