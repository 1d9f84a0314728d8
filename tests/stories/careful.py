"""What must hold whatever is typed: one private answer, no defect of ours, nobody pinged; refused: nothing changed."""

import re
from collections.abc import Awaitable, Iterator
from typing import Any

import asyncpg
import simcord

from tests.stories.conftest import Night

LAYOUT_TEXT, LAYOUT_PARTS = 4000, 40
_OURS = frozenset({"interaction_answer", "heartbeat", "outage", "command_sync", "alembic_version"})
"""Tables that tell of requests and processes, not of the guild."""
_LIVE = re.compile(r"@everyone|@here|<@[!&]?\d{1,9}>|\]\(https?:|\|\|")
"""What would ping, link or hide if Discord read it: none of it is ours."""
_UNSEEN = re.compile("[\0\u202a-\u202e\u2066\u2067]")
"""Never shown; U+2068 and U+2069 are what `safe` isolates with."""


class Careful:
    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        self.night, self.owner = night, owner
        self.wrong: list[str] = []
        self._tables: list[str] = []

    async def answered(self, doing: str, act: Awaitable[simcord.InteractionResult]) -> str:
        """The words of the one private answer."""
        requests = self.night.env.http_requests
        start = len(requests)
        result = await act
        bodies = [body for body in map(_body, requests[start:]) if body is not None and _is_answer(body)]
        if len(bodies) != 1 or not result.acknowledged:
            self.wrong.append(f"{doing}: {len(bodies)} answers")
        shown = (result.response, *result.followups)
        if any(not message.ephemeral for message in shown if message is not None):
            self.wrong.append(f"{doing}: answered in public")
        words = "\n".join(text for body in bodies for text in texts_of(body))
        if "broke on our side" in words:
            self.wrong.append(f"{doing}: {words}")
        return words

    async def refused(self, doing: str, act: Awaitable[simcord.InteractionResult]) -> str:
        """One sentence, and every row as it was."""
        before = await self.rows()
        words = await self.answered(doing, act)
        after = await self.rows()
        if changed := [table for table in after if after[table] != before[table]]:
            self.wrong.append(f"{doing}: changed {', '.join(changed)} and said {words!r}")
        if "\n" in words or not re.search(r"[.?!]$", words):
            self.wrong.append(f"{doing}: no sentence, {words!r}")
        return words

    async def rows(self) -> dict[str, str]:
        """A fingerprint of each table. A refused bid is a row too, counted by its auction; neither counts here."""
        if not self._tables:
            names = await self.owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            self._tables = [row["tablename"] for row in names if row["tablename"] not in _OURS]
        each = (
            f"""SELECT '{table}' AS name, md5(string_agg(line, ' ' ORDER BY line)) AS sum FROM (
                  SELECT (to_jsonb(t) - 'last_sequence')::text AS line FROM {table} t
                  {"WHERE status <> 'refused'" if table == "bid" else ""}) lines"""
            for table in self._tables
        )
        return {row["name"]: row["sum"] for row in await self.owner.fetch(" UNION ALL ".join(each))}

    def check(self) -> None:
        """Nothing was wrong, and in nothing that was sent is a mention, a link or a character that hides."""
        for request in self.night.env.http_requests:
            body = _body(request)
            if body is None:
                continue
            what = f"{request.method} {request.path}"
            texts = list(texts_of(body))
            for text in texts:
                bare = re.sub(r"```.*?```|\\.", "", text, flags=re.DOTALL)  # a block shows what it holds
                if found := _LIVE.search(bare):
                    self.wrong.append(f"{what}: {found[0]!r} is live in {text!r}")
            for choice in body.get("choices") or ():
                if not 1 <= len(choice["name"]) <= 100 or not 1 <= len(choice["value"]) <= 100:
                    self.wrong.append(f"{what}: no choice Discord takes, {choice}")
            for text in (*texts, *_labels_of(body)):
                if found := _UNSEEN.search(text):
                    self.wrong.append(f"{what}: {found[0]!r} in {text!r}")
            if texts and request.method == "POST" and body.get("allowed_mentions", {}).get("parse") != []:
                self.wrong.append(f"{what}: may mention {body.get('allowed_mentions')}")
        for channel in self.night.guild.channels.values():
            for message in channel.history():
                self.wrong += too_large(self.night.env.backend.get_message(message.channel.id, message.id).components)
        assert not self.wrong, "\n".join(self.wrong[:20])


def too_large(components: list[dict[str, Any]]) -> list[str]:
    parts = list(_walk(components))
    size = sum(len(part["content"]) for part in parts if part.get("type") == 10)
    wrong = [f"{size} characters in a layout"] if size > LAYOUT_TEXT else []
    return wrong if len(parts) <= LAYOUT_PARTS else [*wrong, f"{len(parts)} parts in a layout"]


def _body(request: Any) -> dict[str, Any] | None:
    """What a request says, of a message or an answer to an interaction; forms give back what was typed as it was."""
    if not isinstance(request.json, dict) or request.json.get("type") == 9:
        return None
    return request.json.get("data", request.json) if request.path.endswith("/callback") else request.json


def _is_answer(body: dict[str, Any]) -> bool:
    """An answer to whoever typed: boards and notices are drawn by `settle`, later."""
    return bool(body.get("content") or body.get("components") or body.get("attachments"))


def texts_of(body: dict[str, Any]) -> Iterator[str]:
    """Every text that Discord reads as Markdown."""
    if body.get("content"):
        yield body["content"]
    for part in _walk(body.get("components") or []):
        if part.get("type") == 10:
            yield part["content"]


def _labels_of(body: dict[str, Any]) -> Iterator[str]:
    for part in _walk(body.get("components") or []):
        for known in (part, *part.get("options", ())):
            yield from (known[key] for key in ("label", "placeholder", "description") if known.get(key))
    yield from (choice["name"] for choice in body.get("choices") or ())


def _walk(components: list[Any]) -> Iterator[dict[str, Any]]:
    for part in components:
        yield part
        yield from _walk(part.get("components") or [])
