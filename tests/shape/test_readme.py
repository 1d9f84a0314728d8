"""The README says what is true today: commands and their options, the invite link, the settings, the picture."""

import re
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot.app import Quartermaster, slices
from bot.clock import SystemClock
from bot.settings import Settings
from db.scope import Database

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
Options = dict[str, bool]
"""Name, and whether it must be given."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = README.split(f"{heading}\n", 1)[1].splitlines()
    table = []
    for line in below:
        if line.strip().startswith("|"):
            table.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif table:
            break
    return table[2:]


def written() -> dict[str, Options]:
    found: dict[str, Options] = {}
    for names, options, _ in rows("## Commands"):
        group = ""
        said = options.split("·")
        for number, name in enumerate(re.findall(r"`([^`]+)`", names)):
            if name.startswith("/"):
                group = name.strip("/").partition(" ")[0]
            command = name.strip("/") if name.startswith("/") else f"{group} {name}"
            cell = said[number] if number < len(said) else ""
            form = "".join(re.findall(r"`([^`]*)`", cell)) if not re.search(r"\bform\b", cell) else ""
            words = form.split()
            found[command] = {word.strip("[]"): not word.startswith("[") for word in words}
    return found


@pytest.fixture
async def built() -> dict[str, Options]:
    """What the bot would tell Discord."""
    database = Database("postgresql+asyncpg://nobody@127.0.0.1/nothing")
    bot = Quartermaster(database, SystemClock(), shard_count=1)
    for name in slices():
        await bot.load_extension(name)
    await database.close()
    return {
        command.qualified_name: {option.display_name: option.required for option in command.parameters}
        for command in bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    }


async def test_every_command_is_written_down_with_its_options_and_no_other(built: dict[str, Options]) -> None:
    assert written() == built


def test_the_invite_link_asks_for_the_permissions_of_the_table_and_no_other() -> None:
    asked = discord.Permissions(int(re.findall(r"permissions=(\d+)", README)[0]))
    explained = {int(row[1]) for row in rows("3. Invite it with your application's id in place of `APP`:")}
    assert explained == {1 << bit for bit in range(64) if asked.value >> bit & 1}
    assert {name for name, given in asked if given} == {"read_messages", "send_messages", "read_message_history"}


def test_every_setting_is_written_down() -> None:
    named = {name for row in rows("### Settings") for name in re.findall(r"`([A-Z_]+)`", row[0])}
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_pictures_are_there_and_small_enough_to_load() -> None:
    pictures = [ROOT / src for src in re.findall(r'<img src="([^"]+)"', README)]
    assert len(pictures) == 2
    assert sum(picture.stat().st_size for picture in pictures) < 400_000
