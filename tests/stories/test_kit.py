"""The guarded kit: whatever a person presses, types or forges, and whatever breaks, ends in one private answer."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest
import simcord
from discord import app_commands, ui

from bot import log
from bot.app import LAPSED
from bot.kit import door as kit_door
from bot.kit.ask import ask, yes
from bot.kit.components import Form, Pick, Press
from bot.kit.door import Door
from bot.kit.pages import show_pages, split_pages
from bot.kit.pickers import offer
from bot.refusals import Refused
from bot.registry import Choice
from bot.stage import Session
from tests.stories.conftest import Night, Troubles, said

Work = Callable[[Door], Awaitable[None]]
pressed: list[tuple[int, ...]] = []


class Hi(Press, key="test.hi", numbers=("n",)):
    async def press(self, door: Door, n: int) -> None:
        pressed.append((n,))
        await door.say(f"hi {n}")


class Colour(Pick, key="test.colour", numbers=("n",)):
    async def pick(self, door: Door, chosen: list[str], n: int) -> None:
        await door.say(f"{chosen} for {n}")


class Wish(Form, key="test.wish", numbers=("n",), title="A wish that is longer than the forty-five characters allowed"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return {"wish": ui.TextInput(label="Your wish"), "why": ui.TextInput(label="Why", required=False)}

    async def submit(self, door: Door, texts: dict[str, str], n: int) -> None:
        if texts["wish"] == "everything":
            raise Refused("That is too much.")
        if texts["wish"] == "trouble":
            raise RuntimeError("no")
        await door.say(f"{texts['wish']} ({texts['why']}) for {n}")


class OpenWish(Press, key="test.open"):
    async def press(self, door: Door) -> None:
        await door.form(Wish(n=7))


class Kit:
    """A command `/do` that does what a test says, and a person who uses it."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.anna = night.join("Anna")
        self.work: Work

    async def install(self) -> None:
        @self.night.bot.tree.command(name="do", description="what the test says")
        async def do(interaction: discord.Interaction, thing: str = "") -> None:
            await self.work(Door(interaction))

        async def look(_: Session, typed: str) -> list[Choice]:
            if typed == "trouble":
                raise RuntimeError("no list")
            return [Choice(f"{typed}{'x' * 200}", str(number)) for number in range(40)]

        @do.autocomplete("thing")
        async def things(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return await offer("dkp.view", look)(None, interaction, typed)

        self.night.bot.add_buttons(Hi, Colour, OpenWish)
        await self.night.bot.tree.sync()

    async def does(self, work: Work) -> simcord.InteractionResult:
        self.work = work
        return await self.night.types(self.anna, "do")

    async def shows(self, *items: ui.Item[Any]) -> Any:
        """A private message with these items under it."""

        async def work(door: Door) -> None:
            view = ui.View(timeout=None)
            for item in items:
                view.add_item(item)
            await door.say("here", view=view)

        return (await self.does(work)).response

    async def presses(self, where: Any, label: str | None = None, **how: Any) -> simcord.InteractionResult:
        return await self.night.presses(self.anna, where, label, **how)


@pytest.fixture(autouse=True)
def no_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit alone: no feature is loaded."""
    monkeypatch.setattr("bot.app.slices", list)


@pytest.fixture
async def kit(night: Night) -> Kit:
    made = Kit(night)
    await made.install()
    pressed.clear()
    return made


def raw_button(custom_id: str) -> ui.Button[Any]:
    return ui.Button(label="Press", custom_id=custom_id)


# -- every path ends in one private sentence -----------------------------------------------------------------------


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


# -- in time ---------------------------------------------------------------------------------------------------------


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


# -- pickers -----------------------------------------------------------------------------------------------------------


async def test_a_picker_offers_at_most_25_short_choices_and_nothing_when_it_breaks(
    kit: Kit, troubles: Troubles
) -> None:
    choices = await kit.anna.autocomplete(kit.night.channel, "do", "thing", "a")
    assert len(choices) == 25
    assert all(len(choice["name"] if isinstance(choice, dict) else choice.name) <= 100 for choice in choices)
    assert await kit.anna.autocomplete(kit.night.channel, "do", "thing", "trouble") == []
    assert "no list" in "".join(troubles.forgive())
