"""`/help` names commands that exist, and every command that people can type is in some topic."""

from collections.abc import AsyncIterator

import pytest
from discord import app_commands

from bot.app import Quartermaster, slices
from bot.clock import SystemClock
from bot.kit.text import CHOICE_NAME, MESSAGE_TEXT
from bot.permissions import CAPABILITIES
from cogs.help.rules import TOPICS
from db.scope import Database


@pytest.fixture
async def typed() -> AsyncIterator[set[str]]:
    """Every command of the bot's tree, by its full name."""
    bot = Quartermaster(Database("postgresql+asyncpg://nowhere/nothing"), SystemClock())
    async with bot:
        for name in slices():
            await bot.load_extension(name)
        yield {c.qualified_name for c in bot.tree.walk_commands() if isinstance(c, app_commands.Command)}


async def test_every_command_that_help_names_exists(typed: set[str]) -> None:
    assert {name for topic in TOPICS for name in topic.commands} <= typed


async def test_every_command_is_in_some_topic(typed: set[str]) -> None:
    missing = typed - {name for topic in TOPICS for name in topic.commands}
    assert not missing, f"name these in a topic of cogs/help/rules.py: {sorted(missing)}"


def test_topics_fit_into_discord_and_hang_on_a_capability() -> None:
    wishes = [topic.wish for topic in TOPICS]
    assert len(wishes) == len(set(wishes))
    for topic in TOPICS:
        assert topic.capability in CAPABILITIES
        assert len(topic.wish) <= CHOICE_NAME
        assert topic.wish == topic.wish.casefold(), "typed text is compared with it folded"
        assert len(topic.words) < MESSAGE_TEXT / 3
        assert topic.commands
