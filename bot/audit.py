"""The audit: a row for every change, written in the change's own transaction. Sentences are made on reading."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.log import request_code
from bot.stage import Session
from db.tables import Audit


def record(
    session: Session,
    action: str,
    *,
    target_id: int | None = None,
    about: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Note who did `action` (`auctions.bid.placed`) to what.

    `about` is the member it concerns. `before` and `after` hold plain values; amounts of open holds of others never
    go in beyond what the card shows.
    """
    session.write(
        Audit,
        at=session.now,
        actor_user_id=session.actor.user_id,
        actor_name=session.actor.name,
        action=action,
        target_id=target_id,
        about_member_id=about,
        before=_plain(before),
        after=_plain(after),
        reason=reason,
        request=request_code(),
    )


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {key: _word(value) for key, value in values.items()}


def _word(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
