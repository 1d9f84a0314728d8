"""What Discord is told of our commands: within its limits, described, guarded; and every button is registered."""

import inspect
import re
from collections.abc import AsyncIterator

import discord
import pytest
from discord import app_commands

from bot.app import Quartermaster, slices
from bot.clock import SystemClock
from bot.kit.components import Pick, Press
from db.scope import Database
from tests.shape.reach import classes_of, is_a_door, is_an_offer, modules, reaches

NAME = re.compile(r"^[-_a-z0-9]{1,32}$")
MOST_OPTIONS, MOST_CHOICES, MOST_COMMANDS, MOST_TEXT = 25, 25, 100, 8000


@pytest.fixture
async def bot() -> AsyncIterator[Quartermaster]:
    """The bot with every slice loaded, without Discord and without a database."""
    made = Quartermaster(Database("postgresql+asyncpg://nowhere/nothing"), SystemClock())
    async with made:
        for name in slices():
            await made.load_extension(name)
        yield made


def commands(bot: Quartermaster) -> list[app_commands.Command]:
    found = [command for command in bot.tree.walk_commands() if isinstance(command, app_commands.Command)]
    assert len(found) >= 30
    return found


async def test_every_command_and_option_is_named_and_described_within_discords_limits(bot: Quartermaster) -> None:
    assert len(bot.tree.get_commands()) <= MOST_COMMANDS
    for command in bot.tree.walk_commands():
        assert NAME.match(command.name), command.qualified_name
        assert 3 <= len(command.description) <= 100, command.qualified_name
        assert command.description.strip("…"), f"/{command.qualified_name} has no description"
    for command in commands(bot):
        assert len(command.parameters) <= MOST_OPTIONS, command.qualified_name
        for option in command.parameters:
            where = f"/{command.qualified_name} {option.display_name}"
            assert NAME.match(option.display_name), where
            assert str(option.description).strip("…"), f"{where} has no description"
            assert 3 <= len(str(option.description)) <= 100, where
            assert len(option.choices) <= MOST_CHOICES, where


async def test_no_command_is_bigger_than_discord_takes(bot: Quartermaster) -> None:
    def size(payload: dict) -> int:
        own = len(payload["name"]) + len(payload.get("description", ""))
        own += sum(len(choice["name"]) + len(str(choice["value"])) for choice in payload.get("choices", []))
        return own + sum(size(option) for option in payload.get("options", []))

    for command in bot.tree.get_commands():
        payload = command.to_dict(bot.tree)
        assert size(payload) <= MOST_TEXT, command.name
        assert len(payload.get("options", [])) <= MOST_OPTIONS, command.name


async def test_no_two_commands_have_one_name(bot: Quartermaster) -> None:
    names = [command.qualified_name for command in bot.tree.walk_commands()]
    assert sorted(names) == sorted(set(names))


async def test_every_command_works_in_servers_only(bot: Quartermaster) -> None:
    for command in bot.tree.get_commands():
        payload = command.to_dict(bot.tree)
        assert payload["contexts"] == [0], command.name
        assert payload["integration_types"] == [0], command.name


async def test_numbers_come_as_discords_numbers_and_points_never_as_integers(bot: Quartermaster) -> None:
    amounts = {"amount", "points", "minimum", "increment", "cost"}
    for command in commands(bot):
        for option in command.parameters:
            if option.display_name in amounts:
                assert option.type is discord.AppCommandOptionType.number, f"/{command.qualified_name}"


async def test_every_command_reaches_a_use_case_or_a_read(bot: Quartermaster) -> None:
    for command in commands(bot):
        reached = reaches(command.callback, is_a_door)
        assert reached, f"/{command.qualified_name} checks no capability: call a use case or stage.read"


async def test_a_command_that_asks_nobody_would_be_found() -> None:
    async def callback(self: object, interaction: discord.Interaction) -> None:
        print(self, interaction)

    callback.__module__ = "cogs.raids.cog"
    assert not reaches(callback, is_a_door)


async def test_every_autocomplete_asks_for_a_capability(bot: Quartermaster) -> None:
    for command in commands(bot):
        for option in command._params.values():
            if callable(option.autocomplete):
                where = f"/{command.qualified_name} {option.display_name}"
                assert reaches(option.autocomplete, is_an_offer), f"{where}: offer(capability, look) asks for it"


async def test_every_button_and_select_is_registered_so_that_it_outlives_a_restart(bot: Quartermaster) -> None:
    known = {named(kind) for kind in bot._connection._view_store._dynamic_items.values()}
    for kind in classes_of((Press, Pick)):
        assert named(kind) in known, f"{named(kind)}: name it in bot.add_buttons of its slice's setup"


def named(kind: type) -> str:
    """A slice that is loaded again is other classes of the same names."""
    return f"{kind.__module__}.{kind.__qualname__}"


async def test_every_board_kind_and_due_kind_named_in_the_slices_has_its_handler(bot: Quartermaster) -> None:
    boards, jobs = set(), set()
    for module in modules():
        text = inspect.getsource(module)
        boards |= set(re.findall(r"boards\.place\(\s*session,\s*\"(\w+)\"", text))
        jobs |= set(re.findall(r"due\.schedule\(\s*session,\s*\"([\w.]+)\"", text))
    assert boards <= bot.stage.registry.boards.keys()
    assert jobs <= bot.stage.registry.due.keys()
    assert boards
