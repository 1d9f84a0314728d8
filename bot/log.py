"""Logging: every line carries guild, actor and the request's code, as text or as JSON."""

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

_guild: ContextVar[int | None] = ContextVar("guild", default=None)
_actor: ContextVar[int | None] = ContextVar("actor", default=None)
_request: ContextVar[str | None] = ContextVar("request", default=None)


def new_code() -> str:
    """Four characters a member can read to an officer and an officer can find in the log."""
    return secrets.token_hex(2).upper()


def request_code() -> str | None:
    """The code of the request being served, if any."""
    return _request.get()


@contextmanager
def request(guild_id: int | None, actor_user_id: int | None, code: str | None) -> Iterator[None]:
    """Everything logged inside carries these three."""
    given: list[tuple[ContextVar[Any], Any]] = [(_guild, guild_id), (_actor, actor_user_id), (_request, code)]
    tokens = [(variable, variable.set(value)) for variable, value in given]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


class _Stamp(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.guild, record.actor, record.request = _guild.get(), _actor.get(), _request.get()
        return True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "guild": getattr(record, "guild", None),
            "actor": getattr(record, "actor", None),
            "request": getattr(record, "request", None),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = (("g", "guild"), ("u", "actor"), ("r", "request"))
        record.context = " ".join(f"{k}={getattr(record, a, None) or '-'}" for k, a in parts)
        return super().format(record)


def set_up(level: str = "INFO", form: Literal["text", "json"] = "text") -> None:
    """Send every log line to standard error in one form."""
    handler = logging.StreamHandler()
    handler.addFilter(_Stamp())
    text = _Text("%(asctime)s %(levelname)-7s %(name)s [%(context)s] %(message)s")
    handler.setFormatter(_Json() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("discord.gateway", "discord.client", "discord.http", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of every turn that finds the last one at work
