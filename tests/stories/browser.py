"""A browser at the demo's page, as the page's own scripts do it: a context, a state asked for again, actions."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

PROTOCOL = 3
POLL_SECONDS = 0.5


class Browser:
    """One open page. `state` is what it shows; only `look` and the actions change it, as in the real page."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._base, self._capability = f"{parts.scheme}://{parts.netloc}", parts.fragment
        self._sequence = 0
        self.state: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(self._base, timeout=aiohttp.ClientTimeout(20))
        self.state = await self._ask("POST", "/api/pages", {})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"X-Simcord-Capability": self._capability}
        if self.state:
            headers["X-Simcord-Context"] = self.state["context"]["id"]
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    # --- looking ----------------------------------------------------------------------------------------------------

    async def look(self) -> str:
        """Ask for the state once, without any action; returns what can be read."""
        self.state = await self._ask("GET", "/api/state")
        return self.text

    @property
    def text(self) -> str:
        """All words on the page, a message a line."""
        return "\n".join(" ".join(_words(self.state["messages"][key])) for key in self.state["timeline"])

    async def sees(self, words: str, *, within: float = 5, after: int = 0) -> str:
        """Wait, looking only, until a message holds these words; returns that message's words."""
        ends = time.perf_counter() + within
        while time.perf_counter() < ends:
            await self.look()
            for key in reversed(self.state["timeline"]):
                said = " ".join(_words(self.state["messages"][key]))
                if words in said and int(key) > after:
                    return said
            await asyncio.sleep(POLL_SECONDS)
        raise AssertionError(f"the page does not show {words!r} within {within} s. It shows:\n{self.text}")

    @property
    def viewers(self) -> dict[str, str]:
        """Names under "Viewing as", with their ids."""
        return {viewer["name"]: viewer["id"] for viewer in self.state["viewers"]}

    # --- acting -----------------------------------------------------------------------------------------------------

    async def act(self, kind: str, **body: Any) -> dict[str, Any]:
        self._sequence += 1
        receipt = await self._ask(
            "POST",
            "/api/action",
            {
                **body,
                "kind": kind,
                "protocol_version": PROTOCOL,
                "sequence": self._sequence,
                "request_id": f"r{self._sequence}",
                "generation": self.state["context"]["generation"],
                "bot_generation": self.state["botGeneration"],
                "published_revision": self.state["publishedRevision"],
            },
        )
        assert not receipt["rejected"], receipt
        assert receipt["settlement"] == "settled", receipt
        await self.look()
        return receipt

    async def view_as(self, name: str) -> None:
        await self.act("viewer", viewer_id=self.viewers[name])

    async def types(self, command: str, **options: Any) -> str:
        """Run a slash command from the message box; returns the words of the answer."""
        catalog = await self._ask("GET", "/api/commands")
        entry = next(entry for entry in catalog["entries"] if entry["invocation"] == command)
        chosen = {key: entry[key] for key in ("path",)}
        receipt = await self.act(
            "run_command",
            command_id=entry["commandId"],
            schema_fingerprint=entry["schemaFingerprint"],
            options=options,
            **chosen,
        )
        return self._answer(receipt)

    async def presses(self, label: str, *, on: str) -> str:
        """Press the button whose label begins so on the newest message with these words; returns the answer's words."""
        for key in reversed(self.state["timeline"]):
            message = self.state["messages"][key]
            if on not in " ".join(_words(message)):
                continue
            for button in _buttons(message):
                if str(button.get("label", "")).startswith(label) and not button.get("disabled"):
                    receipt = await self.act("click", target_id=key, control_key=button["control_key"])
                    return self._answer(receipt)
        raise AssertionError(f"no button {label!r} on a message with {on!r}:\n{self.text}")

    def _answer(self, receipt: dict[str, Any]) -> str:
        keys = [outcome.get("messageId") for outcome in receipt["outcomes"]]
        return "\n".join(" ".join(_words(self.state["messages"][key])) for key in keys if key in self.state["messages"])


def _words(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name in ("content", "label"):
            if isinstance(part.get(name), str):
                yield part[name]
        for name in ("components", "accessory"):
            yield from _words(part.get(name))
    elif isinstance(part, list):
        for inner in part:
            yield from _words(inner)


def _buttons(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == 2 and "control_key" in part:
            yield part
        for inner in part.values():
            yield from _buttons(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _buttons(inner)
