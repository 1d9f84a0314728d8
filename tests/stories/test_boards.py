"""Live boards: at most about an edit a second, always the newest state at the end, and never lost."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import discord
import pytest
from discord import ui

from bot.kit import boards
from bot.kit.boards import Boards
from bot.kit.components import Press
from bot.kit.door import Door
from bot.stage import Actor, Session, Stage
from tests.stories.conftest import Night, Troubles, text_of

SUBJECT = 12


class Poke(Press, key="toy.poke", numbers=("toy_id",)):
    async def press(self, door: Door, toy_id: int) -> None: ...


@dataclass
class Toys:
    """A board that shows a text; what the rows would be."""

    texts: dict[int, str] = field(default_factory=dict)
    live: bool = True
    drawn: int = 0
    before_drawing: Any = None
    after_drawing: Any = None

    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        if self.before_drawing is not None:
            await self.before_drawing()
        if subject_id not in self.texts:
            return None
        self.drawn += 1
        view = ui.LayoutView(timeout=None)
        view.add_item(ui.TextDisplay(self.texts[subject_id]))
        view.add_item(ui.ActionRow(Poke(toy_id=subject_id, label="Poke")))
        if self.after_drawing is not None:
            await self.after_drawing()
        return view, self.live


class Shelf:
    """One toy, its board, and what people see of it."""

    def __init__(self, night: Night) -> None:
        self.night, self.toys = night, Toys({SUBJECT: "new"})
        self.install()

    def install(self) -> None:
        self.night.bot.stage.registry.boards["toy"] = self.toys
        self.night.bot.add_buttons(Poke)

    @property
    def boards(self) -> Boards:
        return self.night.bot.boards

    async def place(self, channel: Any = None, subject_id: int = SUBJECT) -> None:
        channel_id = (channel or self.night.channel).id
        itself = Actor.itself(self.night.guild.id)
        await self.night.stage.run(itself, lambda session: boards.place(session, "toy", subject_id, channel_id))

    async def change(self, text: str) -> None:
        """A use case changes the toy."""
        self.toys.texts[SUBJECT] = text

        async def touch(session: Session) -> None:
            session.redraw("toy", SUBJECT)

        await self.night.stage.run(Actor.itself(self.night.guild.id), touch)

    def seen(self, channel: Any = None) -> list[str]:
        """The cards in a channel, oldest first, without their buttons."""
        return [text_of(message).partition("\n")[0] for message in (channel or self.night.channel).history()]

    def requests(self, method: str) -> int:
        asked = [request for request in self.night.env.http_requests if request.method == method]
        return len([request for request in asked if "/messages" in request.path])

    async def restart(self) -> None:
        """Another process; its guild is available only when the toy's board is known, as a slice would have it."""
        old = self.night.bot
        await self.night.env.restart_bot(_build(self))
        await old.stage.db.close()
        await self.night.settle()


def _build(shelf: Shelf) -> Any:
    from tests.stories.conftest import build

    bot = build(shelf.night.url, shelf.night.clock)
    bot.stage.registry.boards["toy"] = shelf.toys
    return bot


@pytest.fixture(autouse=True)
def no_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit alone: no feature is loaded."""
    monkeypatch.setattr("bot.app.slices", list)


@pytest.fixture
async def shelf(night: Night) -> Shelf:
    return Shelf(night)


async def row(owner: asyncpg.Connection) -> asyncpg.Record:
    found = await owner.fetchrow("SELECT * FROM board")
    assert found is not None
    return found


# -- how often ---------------------------------------------------------------------------------------------------------


async def test_a_board_is_posted_once_after_the_commit_and_then_edited(shelf: Shelf) -> None:
    await shelf.place()
    assert shelf.seen() == [], "nothing is sent inside the transaction"
    await shelf.night.settle()
    await shelf.change("second")
    await shelf.night.settle()
    assert shelf.seen() == ["second"]
    assert (shelf.requests("POST"), shelf.requests("PATCH")) == (1, 1)


async def test_however_many_changes_come_it_is_one_edit_a_second_and_ends_on_the_newest(shelf: Shelf) -> None:
    await shelf.place()
    await shelf.night.settle()
    edits = shelf.requests("PATCH")
    for number in range(40):  # 4 seconds of ten changes a second, looked at four times a second
        await shelf.change(f"bid {number}")
        await shelf.boards.draw_due()
        await shelf.night.env.advance_time(0.1)
    assert 3 <= shelf.requests("PATCH") - edits <= 6
    await shelf.night.env.advance_time(1)
    await shelf.boards.draw_due()
    assert shelf.seen() == ["bid 39"]
    drawn = shelf.toys.drawn
    await shelf.night.env.advance_time(60)
    assert await shelf.boards.draw_due() == 0
    assert shelf.toys.drawn == drawn


async def test_a_change_that_comes_while_it_is_drawn_is_shown_too(shelf: Shelf) -> None:
    await shelf.place()
    await shelf.night.settle()

    async def meanwhile() -> None:
        shelf.toys.after_drawing = None
        await shelf.change("newest")

    shelf.toys.after_drawing = meanwhile
    await shelf.change("older")
    await shelf.night.env.advance_time(1)
    await shelf.boards.draw_due()
    assert shelf.seen() == ["older"]
    await shelf.night.env.advance_time(1)
    await shelf.boards.draw_due()
    assert shelf.seen() == ["newest"]


async def test_one_board_is_never_drawn_twice_at_a_time_and_holds_up_no_other(shelf: Shelf) -> None:
    opened, inside = asyncio.Event(), []
    shelf.toys.texts[13] = "other"

    async def hold_up() -> None:
        if not inside:
            inside.append(1)
            await opened.wait()

    await shelf.place()
    await shelf.place(subject_id=13)
    shelf.toys.before_drawing = hold_up
    slow = asyncio.create_task(shelf.boards.draw_due())
    await asyncio.sleep(0.3)
    assert shelf.seen() == ["other"]
    await shelf.change("newest")
    await shelf.night.env.advance_time(2)
    assert await shelf.boards.draw_due() == 0, "it is being drawn"
    opened.set()
    await slow
    await shelf.boards.draw_due()
    assert sorted(shelf.seen()) == ["newest", "other"]


async def test_a_board_whose_last_state_was_drawn_rests_and_still_shows_a_later_correction(
    shelf: Shelf, owner: asyncpg.Connection
) -> None:
    await shelf.place()
    shelf.toys.live = False
    await shelf.change("over")
    await shelf.night.settle()
    assert (await row(owner))["live"] is False
    drawn = shelf.toys.drawn
    await shelf.restart()
    assert shelf.toys.drawn == drawn, "only live boards are drawn at a start"
    await shelf.change("over, corrected")
    await shelf.night.settle()
    assert shelf.seen() == ["over, corrected"]


# -- what gets lost ----------------------------------------------------------------------------------------------------


async def test_a_deleted_card_is_posted_anew_at_the_next_change(shelf: Shelf) -> None:
    await shelf.place()
    await shelf.night.settle()
    await shelf.night.officer.delete(shelf.night.channel.history()[-1])
    assert shelf.seen() == []
    await shelf.change("again")
    await shelf.night.settle()
    assert shelf.seen() == ["again"]


async def test_what_changed_while_we_were_away_is_drawn_at_the_start(shelf: Shelf) -> None:
    await shelf.place()
    await shelf.night.settle()
    shelf.toys.texts[SUBJECT] = "changed, and then the process died"
    await shelf.restart()
    assert shelf.seen() == ["changed, and then the process died"]


async def test_brought_down_it_is_posted_anew_and_the_old_card_goes(shelf: Shelf, owner: asyncpg.Connection) -> None:
    other = shelf.night.guild.create_text_channel("other")
    await shelf.place()
    await shelf.night.settle()
    for channel in (other, shelf.night.channel, shelf.night.channel):
        await shelf.place(channel)
        await shelf.place(channel)  # pressed twice
        await shelf.night.settle()
        assert shelf.seen(channel) == ["new"]
        assert len(shelf.seen()) + len(shelf.seen(other)) == 1
    assert (await row(owner))["old_message_id"] is None


async def test_a_post_whose_answer_was_lost_is_found_again_and_shows_the_newest_state(
    shelf: Shelf, owner: asyncpg.Connection
) -> None:
    shelf.toys.texts[13] = "new"
    await shelf.place()
    await shelf.place(subject_id=13)
    await shelf.night.settle()
    posted = await owner.fetchval("SELECT message_id FROM board WHERE subject_id = $1", SUBJECT)
    await owner.execute(
        "UPDATE board SET message_id = NULL, posting_at = $1 WHERE subject_id = $2", shelf.night.env.now(), SUBJECT
    )
    shelf.toys.texts[SUBJECT] = "newest"
    await shelf.night.wait(600)
    await shelf.restart()
    assert sorted(shelf.seen()) == ["new", "newest"]
    assert await owner.fetchval("SELECT message_id FROM board WHERE subject_id = $1", SUBJECT) == posted


async def test_every_try_of_one_post_carries_one_nonce_and_a_later_post_another(
    shelf: Shelf, owner: asyncpg.Connection
) -> None:
    def nonces() -> list[str]:
        posts = [r.json for r in shelf.night.env.http_requests if r.method == "POST" and r.path.endswith("/messages")]
        assert all(body["enforce_nonce"] and len(body["nonce"]) <= 25 for body in posts)
        return [body["nonce"] for body in posts]

    shelf.night.env.inject_error("POST", "/channels/*/messages", status=500)
    await shelf.place()
    await shelf.boards.draw_due()
    await shelf.night.wait(5)
    assert shelf.seen() == ["new"]
    await shelf.place()
    await shelf.night.settle()
    first, again, later = nonces()
    assert first == again != later


async def test_a_card_posted_while_the_board_was_brought_elsewhere_is_taken_away_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shelf.night.guild.create_text_channel("other")
    send = discord.abc.Messageable.send

    async def slow_send(self: Any, *args: Any, **more: Any) -> discord.Message:
        monkeypatch.undo()
        monkeypatch.setattr("bot.app.slices", list)
        sent = await send(self, *args, **more)
        await shelf.place(other)
        return sent

    await shelf.place()
    monkeypatch.setattr(discord.abc.Messageable, "send", slow_send)
    await shelf.night.settle()
    assert (shelf.seen(), shelf.seen(other)) == ([], ["new"])


async def test_a_card_posted_so_late_that_another_process_posted_one_meanwhile_is_taken_away_again(
    shelf: Shelf, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = discord.abc.Messageable.send

    async def slow_send(self: Any, *args: Any, **more: Any) -> discord.Message:
        sent = await send(self, *args, **more)
        others = await send(self, "another process's card")
        await owner.execute("UPDATE board SET message_id = $1, posting_at = NULL", others.id)
        monkeypatch.setattr(discord.abc.Messageable, "send", send)
        return sent

    await shelf.place()
    monkeypatch.setattr(discord.abc.Messageable, "send", slow_send)
    await shelf.boards.draw_due()
    assert shelf.seen() == ["another process's card"]


async def test_a_card_that_two_processes_posted_as_one_is_not_taken_away(
    shelf: Shelf, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord makes one message of one nonce; the other process was quicker to note it."""
    send = discord.abc.Messageable.send

    async def slow_send(self: Any, *args: Any, **more: Any) -> discord.Message:
        sent = await send(self, *args, **more)
        await owner.execute("UPDATE board SET message_id = $1, posting_at = NULL", sent.id)
        return sent

    await shelf.place()
    monkeypatch.setattr(discord.abc.Messageable, "send", slow_send)
    await shelf.night.settle()
    assert shelf.seen() == ["new"]
    assert (shelf.requests("POST"), shelf.requests("DELETE")) == (1, 0)


async def test_a_board_that_was_over_when_it_was_brought_elsewhere_stays_where_it_was_brought(
    shelf: Shelf, owner: asyncpg.Connection
) -> None:
    other = shelf.night.guild.create_text_channel("other")
    await shelf.place()
    await shelf.night.settle()
    shelf.toys.live = False

    async def bring() -> None:
        shelf.toys.before_drawing = None
        await shelf.place(other)

    shelf.toys.before_drawing = bring
    await shelf.change("over")
    await shelf.night.settle()
    assert (shelf.seen(), shelf.seen(other)) == ([], ["over"])


async def test_a_card_that_cannot_be_drawn_is_tried_again_with_growing_pauses(shelf: Shelf, troubles: Troubles) -> None:
    async def broken() -> None:
        raise RuntimeError("no paint")

    await shelf.place()
    shelf.toys.before_drawing = broken
    tries = 0
    for _ in range(80):
        tries += await shelf.boards.draw_due()
        await shelf.night.env.advance_time(1)
    assert tries == 5, "at 0, 5, 15, 35 and 75 s"
    assert "no paint" in "".join(troubles.forgive())
    await shelf.boards.draw_all()
    assert shelf.toys.drawn == 0, "drawing all leaves what fails to its time"
    shelf.toys.before_drawing = None
    await shelf.change("painted")
    await shelf.boards.draw_due()
    assert shelf.seen() == ["painted"]


def test_the_stamp_in_a_nonce_fits_with_ten_digits_of_a_subject() -> None:
    from datetime import UTC, datetime

    from db.tables import Board

    board = Board(guild_id=1, kind="auction", subject_id=9_999_999_999, posting_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert len(boards._nonce(board)) <= 25
