"""Searching the audit: rows as sentences, newest first.

Secrets stay out twice: writers record no amount of an open hold beyond what the card shows, and here such values are
dropped before a sentence is made.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select

from bot import people, personal
from bot.kit.pickers import rank
from bot.kit.text import safe, when
from bot.refusals import NotFound, Refused
from bot.registry import AuditLine, Choice, Registry
from bot.stage import Session
from bot.typed import name_key, near_names
from db.tables import Audit, Member

LONGEST_DAYS: Final = 3650
SECRETS: Final = frozenset({"held", "spendable", "maximum"})
"""What a person holds, and what follows from it, is theirs alone."""
_log = logging.getLogger(__name__)


class BadDays(Refused):
    code = "audit.days"


@dataclass(frozen=True, slots=True)
class AuditSentence:
    """One change, in words."""

    audit_id: int
    at: datetime
    sentence: str

    def in_words(self) -> str:
        return f"{when(self.at, 'f')} {self.sentence}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search for, resolved: ids and an exact action."""

    member: Member | None = None
    action: str | None = None
    since: datetime | None = None

    def heading(self) -> str:
        parts = ["**Audit**, newest first"]
        if self.member:
            parts.append(f"by or about {safe(self.member.display_name)}")
        if self.action:
            parts.append(f"only “{safe(action_in_words(self.action))}”")
        if self.since:
            parts.append(f"since {when(self.since, 'd')}")
        return " · ".join(parts)


async def read_wanted(session: Session, who: str | None, action: str | None, days: int | None) -> Wanted:
    """What an officer typed, resolved."""
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise BadDays(f"Days go from 1 to {LONGEST_DAYS:,}.")
    return Wanted(
        await people.get_person(session, who) if who else None,
        _get_action(session.stage.registry, action) if action else None,
        session.now - timedelta(days=days) if days else None,
    )


async def search(session: Session, wanted: Wanted, *, before: int | None, most: int) -> Sequence[AuditSentence]:
    """Changes by or about somebody, of one action, since a moment: those older than row `before`."""
    query = (
        select(Audit, Member.display_name)
        .outerjoin(Member, (Member.guild_id == Audit.guild_id) & (Member.member_id == Audit.about_member_id))
        .where(Audit.guild_id == session.guild_id)
        .order_by(Audit.audit_id.desc())
        .limit(most)
    )
    if wanted.member is not None:
        theirs: list[ColumnElement[bool]] = [
            Audit.about_member_id.in_(await people.ids_of(session, wanted.member.member_id))
        ]
        if wanted.member.discord_user_id is not None:  # nobody's id is also that of Quartermaster itself
            theirs.append(Audit.actor_user_id == wanted.member.discord_user_id)
        query = query.where(or_(*theirs))
    if wanted.action is not None:
        query = query.where(Audit.action == wanted.action)
    if wanted.since is not None:
        query = query.where(Audit.at >= wanted.since)
    if before is not None:
        query = query.where(Audit.audit_id < before)
    registry = session.stage.registry
    return [
        AuditSentence(row.audit_id, row.at, sentence_of(registry, row, about))
        for row, about in await session.execute(query)
    ]


def sentence_of(registry: Registry, row: Audit, about: str | None) -> str:
    """A row in words: the slice's own sentence with the reason behind it, else what every row can say."""
    line = AuditLine(
        action=row.action,
        actor=f"**{safe(row.actor_name)}**",
        about=safe(about) if about is not None else None,
        target_id=row.target_id,
        before=_open(row.before),
        after=_open(row.after),
        reason=row.reason,
    )
    sentence = _plain_sentence(line)
    if make := registry.sentences.get(row.action):
        try:
            sentence = make(line)
        except Exception:  # an old row may lack what today's sentence needs; the search must go on
            _log.exception("no sentence for audit row %s (%s)", row.audit_id, row.action)
    sentence = sentence.rstrip(". ")
    reason = safe(row.reason) if row.reason else ""
    return f"{sentence}. Reason: {reason}" if reason and reason not in sentence else f"{sentence}."


def _plain_sentence(line: AuditLine) -> str:
    about = f", about {line.about}" if line.about else ""
    return f"{line.actor}: {safe(action_in_words(line.action))}{about}"


def _open(values: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if name not in SECRETS}


async def export(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """What was written about a person, and what they did, in the words of `/audit search`, oldest first."""
    users = await personal.users_of(session, member_ids)
    query = (
        select(Audit, Member.display_name)
        .outerjoin(Member, (Member.guild_id == Audit.guild_id) & (Member.member_id == Audit.about_member_id))
        .where(
            Audit.guild_id == session.guild_id,
            or_(Audit.about_member_id.in_(member_ids), Audit.actor_user_id.in_(users)),
        )
        .order_by(Audit.audit_id)
    )
    return [
        {"at": row.at, "action": row.action, "says": sentence_of(session.stage.registry, row, about)}
        for row, about in await session.execute(query)
    ]


# --- actions ----------------------------------------------------------------------------------------------------------


def action_in_words(action: str) -> str:
    """auctions.bid.placed -> auctions: bid placed."""
    slice_name, _, rest = action.replace("_", " ").partition(".")
    return f"{slice_name}: {rest.replace('.', ' ')}" if rest else slice_name


async def action_choices(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over every action that the slices told how to say."""
    known = sorted(session.stage.registry.sentences, key=action_in_words)
    return rank(typed, [Choice(action_in_words(action), action) for action in known])


def _get_action(registry: Registry, typed: str) -> str:
    by_key = {name_key(action_in_words(action)): action for action in registry.sentences}
    by_key |= {name_key(action): action for action in registry.sentences}
    if found := by_key.get(name_key(typed)):
        return found
    near = near_names(typed, [action_in_words(action) for action in registry.sentences], 3)
    raise NotFound("Nothing by that name is recorded.", near=near)
