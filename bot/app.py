"""The bot itself: loads the slices it finds, answers what nobody takes, keeps the command list in step."""

import hashlib
import importlib
import importlib.util
import json
import logging
import pkgutil
from typing import Any

import discord
from discord.ext import commands
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot import due, facts, heartbeat, outbox
from bot.clock import Clock
from bot.kit.boards import Boards
from bot.kit.components import Form, Pick, Press, typed_texts
from bot.kit.door import Door, answer_error, guarded
from bot.kit.panels import Panels
from bot.kit.text import storable
from bot.kit.tree import GuardedTree
from bot.registry import Registry
from bot.stage import Stage
from db.scope import Database
from db.tables import CommandSync

_log = logging.getLogger(__name__)
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak in voice: no warning at start
LAPSED = "That question has lapsed. Type the command again; nothing was changed."


def intents() -> discord.Intents:
    """Guilds, members, voice states. Not message content, not presences."""
    return discord.Intents(guilds=True, members=True, voice_states=True)


class Quartermaster(commands.AutoShardedBot):
    """The real bot, in production, in the demo and in tests. It is handed its database and clock from outside."""

    def __init__(self, db: Database, clock: Clock, **options: Any) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents(),
            tree_cls=GuardedTree,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            **options,
        )
        shards = (self.shard_count, list(self.shard_ids)) if self.shard_count and self.shard_ids else None
        self.stage = Stage(db, clock, Registry(), tell=self._tell, redraw=self._redraw, shards=shards)
        self.boards = Boards(self)
        self.panels = Panels()

    async def setup_hook(self) -> None:
        """Load every slice, give back the time of an outage, and send the command list if it changed."""
        for slice_name in slices():
            await self.load_extension(slice_name)
        await heartbeat.come_up(self.stage)
        await self._sync_commands()

    async def work_once(self) -> None:
        """One turn of everything that happens by itself: what the entry points' ticker calls, and tests by hand."""
        await due.run_once(self.stage)
        await outbox.deliver_once(self.stage, self)

    async def on_ready(self) -> None:
        for guild in self.guilds:
            await self.boards.mark_live(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        if self.is_ready():
            await self.boards.mark_live(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.boards.mark_live(guild.id)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        if event_name == "interaction":
            # Stamped on receipt: this runs before any task the interaction starts.
            args[0].extras["received_at"] = self.stage.clock.now()
            args[0].data = storable(args[0].data)
        super().dispatch(event_name, *args, **kwargs)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer what no command, button or form took: its view lapsed or its process restarted."""
        if interaction.extras.get("taken") or interaction.type in (
            discord.InteractionType.application_command,
            discord.InteractionType.autocomplete,
        ):
            return
        try:
            form = Form.revive(interaction) if interaction.type is discord.InteractionType.modal_submit else None
        except Exception as error:
            await answer_error(interaction, error)
            return
        if form is not None:
            await form.take(interaction, typed_texts(interaction))
            return

        async def lapsed(door: Door) -> None:
            typed = "\n".join(filter(None, typed_texts(interaction).values()))
            await door.say(f"{LAPSED} You typed:\n{typed}" if typed else LAPSED)

        await guarded(interaction, lapsed)

    def add_buttons(self, *kinds: type[Press] | type[Pick]) -> None:
        """Called by each slice's `setup` with every button and select it has."""
        self.add_dynamic_items(*kinds)

    def _tell(self, fact: object) -> None:
        self.dispatch(facts.event_name(fact), fact)

    def _redraw(self, guild_id: int, kind: str, subject_id: int) -> None:
        self.boards.mark(guild_id, kind, subject_id)

    async def _sync_commands(self) -> None:
        """Discord counts command updates, so the list is sent only when its fingerprint changed."""
        listed = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        fingerprint = hashlib.sha256(json.dumps(listed, sort_keys=True, default=str).encode()).hexdigest()
        assert self.application_id is not None
        async with self.stage.db.outside() as session:
            known = await session.scalar(
                select(CommandSync.fingerprint).where(CommandSync.application_id == self.application_id)
            )
        if known == fingerprint:
            return
        await self.tree.sync()
        _log.info("sent %s commands to Discord", len(listed))
        row = insert(CommandSync).values(
            application_id=self.application_id, fingerprint=fingerprint, synced_at=self.stage.clock.now()
        )
        async with self.stage.db.outside() as session:
            await session.execute(
                row.on_conflict_do_update(
                    index_elements=[CommandSync.application_id],
                    set_={"fingerprint": row.excluded.fingerprint, "synced_at": row.excluded.synced_at},
                )
            )


def slices() -> list[str]:
    """The importable names of all feature folders: those in `cogs` that define `setup`."""
    package = importlib.util.find_spec("cogs")
    assert package is not None
    found = pkgutil.iter_modules(package.submodule_search_locations, "cogs.")
    return sorted(module.name for module in found if module.ispkg and hasattr(_load(module.name), "setup"))


def _load(name: str) -> Any:
    return importlib.import_module(name)
